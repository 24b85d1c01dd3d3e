/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handshake: what a SYN may do to its flow, and the judgement of every segment that is not plain. See tcp.h.
 * Included once a family.
 */

static __always_inline __u32 F(tcp_offset)(const struct pkt *p)
{
	return p->l4 ? p->l4 : L4_OFFSET;
}

/* What both halves of a new flow know of its first segment. */
static __always_inline void F(handshake_open)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o)
{
	struct half *forward = &o->forward.half, *reply = &o->reply.half;
	const __u32 unknown = 8U << FLOW_WINDOW_SHIFT;

	forward->next = segment_end(p);
	reply->expected = p->seq + 1;
	if (p->tcp & TCP_SYN) {
		windows_read(ctx, F(tcp_offset)(p), forward, NULL);
		return;
	}
	/* begun before this gateway saw it: what the windows are multiplied by nobody says again */
	forward->acked = p->ack;
	forward->flags |= unknown;
	reply->flags |= unknown;
}

/* Is it the half's own SYN once more? */
static __always_inline bool F(syn_again)(const struct pkt *p, const struct half *half)
{
	return half->flags & FLOW_SYN && segment_end(p) == half->next;
}

/* A new connection over the tuple of one that is closing, or that never was: same pin, state from the start. */
static __always_inline void F(handshake_restart)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
						 FLOW *f, FLOW *peer)
{
	bool reply = f->half.flags & FLOW_REPLY;
	FLOW *forward = reply ? peer : f;
	FLOW_KEY other;
	struct in6_addr room;

	f->half.last = p->now; /* before the timeout gets shorter, else a sweep takes the silence before it for its own */
	__sync_fetch_and_and(&f->half.flags, ~(FLOW_TCP | FLOW_RENEWS));
	f->half.next = segment_end(p);
	windows_read(ctx, F(tcp_offset)(p), &f->half, reply ? &peer->half : NULL);
	if (reply) {
		__sync_fetch_and_and(&peer->half.flags, ~(FLOW_ACK | FLOW_FIN | FLOW_RST));
		f->half.acked = p->ack;
		f->half.expected = p->seq + 1;
		if (peer->half.next - p->ack > SYN_DATA_MAX)
			peer->half.next = p->ack;
	} else {
		__sync_fetch_and_and(&peer->half.flags,
				     ~(FLOW_SEEN | FLOW_TCP | FLOW_RENEWS | FLOW_WINDOWS));
		peer->half.expected = p->seq + 1;
	}
	if (__sync_fetch_and_or(&forward->half.flags, FLOW_HALF_OPEN) & FLOW_HALF_OPEN)
		return;
	if (reply)
		F(flow_peer_key)(f, IPPROTO_TCP, &other);
	else
		other = *key;
	half_open_take(F(flow_host)(&other, &room), F(flow_service)(forward));
}

/* A SYN of the side whose word begins a connection; of a flow from outside that is the server's SYN-ACK. */
static __always_inline enum segment F(syn_begins)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
						  FLOW *f, FLOW *peer)
{
	bool answer = p->tcp & TCP_ACK, again = F(syn_again)(p, &f->half);
	FLOW *reply = answer ? f : peer, *forward = answer ? peer : f;

	if (answer && p->ack != f->half.acked)
		again = false;
	if (flow_closing(f->half.flags, peer->half.flags) ||
	    (forward->half.flags & FLOW_HALF_OPEN && !again)) {
		F(handshake_restart)(ctx, p, key, f, peer);
		return SEGMENT_COUNTS;
	}
	if (again)
		return SEGMENT_COUNTS;
	/* perhaps the host lost its memory and the other has not; nothing is known until that one answers */
	reply->half.expected = p->seq + 1;
	__sync_fetch_and_or(&reply->half.flags, FLOW_RENEWS);
	return SEGMENT_KEEPS;
}

/* The SYN-ACK to a SYN from inside. It may be another than before, until the inside acknowledged one. */
static __always_inline enum segment F(syn_answers)(struct xdp_md *ctx, struct pkt *p, FLOW *f, FLOW *peer)
{
	bool renews = f->half.flags & FLOW_RENEWS && p->ack == f->half.expected;

	if (renews) {
		__sync_fetch_and_and(&f->half.flags, ~(FLOW_RENEWS | FLOW_FIN | FLOW_RST));
		__sync_fetch_and_and(&peer->half.flags, ~(FLOW_ACK | FLOW_FIN | FLOW_RST));
		peer->half.next = p->ack;
	} else if (f->half.flags & peer->half.flags & FLOW_ACK) {
		return window_holds(p, &f->half, &peer->half) ? SEGMENT_COUNTS : SEGMENT_IDLE;
	} else if (!acknowledges_syn(p, &f->half, &peer->half)) {
		return SEGMENT_IDLE;
	} else if (F(syn_again)(p, &f->half)) {
		return SEGMENT_COUNTS;
	}
	f->half.next = segment_end(p);
	f->half.acked = p->ack;
	windows_read(ctx, F(tcp_offset)(p), &f->half, &peer->half);
	return SEGMENT_COUNTS;
}

static __always_inline enum segment F(syn_judge)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
						 FLOW *f, FLOW *peer)
{
	bool outside = f->half.flags & FLOW_OPENED_OUTSIDE, reply = f->half.flags & FLOW_REPLY;
	bool answer = p->tcp & TCP_ACK;

	if (reply == outside && answer == outside)
		return F(syn_begins)(ctx, p, key, f, peer);
	if (reply && answer && !outside)
		return F(syn_answers)(ctx, p, f, peer);
	if (reply == outside) {
		/* both sides opened at once (RFC 9293 3.5): the SYN once more, with the other's acknowledged */
		if (!answer || !F(syn_again)(p, &f->half))
			return SEGMENT_KEEPS;
		f->half.acked = p->ack;
		return SEGMENT_COUNTS;
	}
	/* from the outside's own half-open flow its SYN again; any other SYN from there may be forged */
	return !answer && f->half.flags & FLOW_HALF_OPEN && F(syn_again)(p, &f->half) ? SEGMENT_COUNTS :
											SEGMENT_IDLE;
}

static __noinline enum segment F(segment_judge)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
						FLOW *f)
{
	FLOW *peer = F(flow_peer)(f, IPPROTO_TCP);

	if (!peer)
		return SEGMENT_IDLE;
	if (p->tcp & TCP_RST)
		return reset_judge(p, &f->half, &peer->half);
	if (p->tcp & TCP_SYN)
		return F(syn_judge)(ctx, p, key, f, peer);
	return data_judge(p, &f->half, &peer->half);
}
