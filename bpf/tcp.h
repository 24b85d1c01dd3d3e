/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP: what a segment may do to its flow. An address and a port are soon forged, a sequence number is not: so
 * only what fits the numbers of both halves counts. Everything else passes, because the host it is for
 * judges for itself and a gateway that saw less than it must not cut it off, but has no effect; and a reset
 * from a circuit that is far off is dropped. A half holds where its data ends (`next`) and how far it
 * acknowledged the other's (`acked`). Nearly every segment is near both of its own half, which is asked
 * first, without a look at the other.
 *
 * The inside is believed when it begins, and what it begins is proven by the answer that acknowledges its
 * number, which a forger does not know: of a flow from inside a SYN-ACK, of one from outside the ACK behind
 * the server's SYN-ACK.
 */
#ifndef SAMEPATH_BPF_TCP_H
#define SAMEPATH_BPF_TCP_H

#include "packet.h"

#define SEGMENT_NEAR WINDOW_LEAST
#define SYN_DATA_MAX 1460 /* that a SYN may carry (RFC 7413) and its answer not acknowledge yet */
#define TCP_OPTIONS_MAX 40

enum segment {
	SEGMENT_COUNTS, /* it is the flow's */
	SEGMENT_KEEPS, /* from inside, and not understood: the flow stays, and learns nothing */
	SEGMENT_AGAIN, /* a reset of the flow's once more: passes, and refreshes nothing */
	SEGMENT_IDLE, /* passes, without effect, for it does not fit */
	SEGMENT_REFUSED,
};

/* What a SYN says of itself. */
struct tcp_options {
	__u16 mss_offset; /* of the value of the MSS, from the TCP header on; 0: there is none */
	__u8 scale; /* of windows, at most FLOW_SCALE_MAX */
	__u8 scaled; /* it was said */
};

/*
 * Reads the options of the TCP header at this offset of the frame. Not static: so the verifier looks at it once,
 * not once a caller.
 */
__noinline int tcp_options(struct xdp_md *ctx, __u32 offset, struct tcp_options *found)
{
	__u8 bytes[64] = {}, header = 0, kind, length;
	__u32 size, last, at = 0;
	int i;

	if (!found)
		return 0;
	*found = (struct tcp_options){};
	if (bpf_xdp_load_bytes(ctx, offset + 12, &header, sizeof(header)))
		return 0;
	size = (header >> 4) * 4 - sizeof(struct tcphdr);
	if (!size || size > TCP_OPTIONS_MAX)
		return 0;
	last = size - 1;
	barrier_var(last); /* Linux 6.1 learns nothing from a comparison with zero */
	if (bpf_xdp_load_bytes(ctx, offset + sizeof(struct tcphdr), bytes, (last & 63) + 1))
		return 0;
	for (i = 0; i < TCP_OPTIONS_MAX && at < size; i++) {
		kind = bytes[at & 63];
		if (!kind)
			break;
		length = kind == 1 ? 1 : bytes[(at + 1) & 63];
		if (!length || at + length > size)
			break;
		if (kind == 2 && length == 4)
			found->mss_offset = sizeof(struct tcphdr) + at + 2;
		if (kind == 3 && length == 3) {
			found->scaled = 1;
			found->scale = bytes[(at + 2) & 63];
			if (found->scale > FLOW_SCALE_MAX)
				found->scale = FLOW_SCALE_MAX;
		}
		at += length;
	}
	return 0;
}

/*
 * What the options of the SYN at this offset say of the windows. Scaling takes two, so an answer without it ends
 * the peer's; a first SYN has no peer.
 */
static __noinline void windows_read(struct xdp_md *ctx, __u32 offset, struct half *half, struct half *peer)
{
	struct tcp_options options = {};

	tcp_options(ctx, offset, &options);
	__sync_fetch_and_and(&half->flags, ~FLOW_WINDOWS);
	__sync_fetch_and_or(&half->flags, (__u32)options.scale << FLOW_SCALE_SHIFT);
	if (peer && !options.scaled)
		__sync_fetch_and_and(&peer->flags, ~FLOW_WINDOWS);
}

/* Behind the last number that the segment takes. */
static __always_inline __u32 segment_end(const struct pkt *p)
{
	return p->seq + p->segment;
}

/* The half advertised more than ever before. When another core changes the flags, the next segment does it. */
static __noinline void window_grow(struct half *half, __u32 window)
{
	__u32 was = half->flags, power = was >> FLOW_WINDOW_SHIFT;

	while (power < FLOW_SCALE_MAX && WINDOW_LEAST << power < window)
		power++;
	__sync_val_compare_and_swap(&half->flags, was,
				    (was & ~(15U << FLOW_WINDOW_SHIFT)) | power << FLOW_WINDOW_SHIFT);
}

static __always_inline void window_learn(const struct pkt *p, struct half *half)
{
	__u32 flags = half->flags, window = (__u32)p->window << half_scale(flags);

	if (window > half_window(flags))
		window_grow(half, window);
}

/* Is the segment ordinary and near what its half said before? Then it counts. */
static __always_inline bool segment_near(const struct pkt *p, struct half *half)
{
	__s32 ahead = segment_end(p) - half->next, acks = p->ack - half->acked;

	if (p->tcp & (TCP_SYN | TCP_RST) || !(half->flags & FLOW_ACK))
		return false;
	if ((__u32)ahead + SEGMENT_NEAR > 2 * SEGMENT_NEAR || (__u32)acks + SEGMENT_NEAR > 2 * SEGMENT_NEAR)
		return false;
	if (ahead > 0)
		half->next += ahead;
	if (acks > 0) {
		half->acked += acks;
		window_learn(p, half);
	}
	return true;
}

/* Does the segment acknowledge what the other half's SYN asked to be? */
static __always_inline bool acknowledges_syn(const struct pkt *p, const struct half *half,
					     const struct half *peer)
{
	const struct half *reply = half->flags & FLOW_REPLY ? half : peer;

	return peer->flags & (FLOW_SYN | FLOW_ACK) && p->ack - reply->expected <= peer->next - reply->expected;
}

/*
 * Is it in the window that the other half left open, and acknowledges nothing that was never sent? Where this
 * gateway did not see the SYNs, what it saw first may be a keepalive, which is one number behind what was
 * acknowledged long ago (RFC 1122 4.2.3.6).
 */
static __always_inline bool window_holds(const struct pkt *p, const struct half *half,
					 const struct half *peer)
{
	__u32 window = half_window(peer->flags);
	__u32 unseen = (half->flags | peer->flags) & FLOW_SYN ? 0 : 1;

	return p->seq - peer->acked + window <= 2 * window &&
	       peer->next + unseen - p->ack <= half_window(half->flags) + unseen;
}

static __always_inline bool from_inside(const struct half *half)
{
	return !(half->flags & FLOW_FROM_CIRCUIT);
}

/* The server began anew, and the remote acknowledges exactly that: the numbers are of the new connection. */
static __always_inline bool ack_renews(const struct pkt *p, struct half *half, struct half *peer)
{
	if (half->flags & FLOW_REPLY || !(half->flags & FLOW_OPENED_OUTSIDE) ||
	    !(peer->flags & FLOW_RENEWS) || p->ack != peer->expected)
		return false;
	__sync_fetch_and_and(&peer->flags, ~(FLOW_RENEWS | FLOW_FIN | FLOW_RST));
	__sync_fetch_and_and(&half->flags, ~(FLOW_ACK | FLOW_FIN | FLOW_RST));
	peer->next = p->ack;
	peer->acked = p->seq;
	half->next = p->seq;
	return true;
}

static __always_inline bool data_fits(const struct pkt *p, struct half *half, struct half *peer)
{
	bool begun = half->flags & FLOW_ACK;

	if (ack_renews(p, half, peer))
		return true;
	if (!(peer->flags & FLOW_ACK))
		return from_inside(half) || acknowledges_syn(p, half, peer);
	/* the first of a half must know the number, not only come near it */
	if (!begun && peer->flags & FLOW_SYN && !from_inside(half))
		return acknowledges_syn(p, half, peer);
	return window_holds(p, half, peer);
}

static __always_inline enum segment data_judge(const struct pkt *p, struct half *half, struct half *peer)
{
	__u32 end = segment_end(p);

	if (!data_fits(p, half, peer))
		return from_inside(half) ? SEGMENT_KEEPS : SEGMENT_IDLE;
	if (!(half->flags & (FLOW_SYN | FLOW_ACK)) || (__s32)(end - half->next) > 0)
		half->next = end;
	if (!(half->flags & FLOW_ACK) || (__s32)(p->ack - half->acked) > 0)
		half->acked = p->ack;
	window_learn(p, half);
	return SEGMENT_COUNTS;
}

/* Does the reset refuse a connection that was just asked for? Then its own number says nothing. */
static __always_inline bool reset_refuses(const struct pkt *p, const struct half *half,
					  const struct half *peer)
{
	if (!(p->tcp & TCP_ACK) || !(half->flags & FLOW_REPLY))
		return false;
	if (half->flags & FLOW_OPENED_OUTSIDE)
		return !(half->flags & FLOW_ACK) && p->ack == peer->next;
	if (half->flags & FLOW_RENEWS && p->ack == half->expected)
		return true;
	return !(half->flags & FLOW_ACK) && acknowledges_syn(p, half, peer);
}

/*
 * RFC 5961 section 3.2, as far as it is a gateway's: the exact number closes. What is only in the window gets a
 * challenge from the host it is for, and if the sender meant it, its next reset is exact. The exact number
 * is where the data of this half ends, or what the other side acknowledged, when it got less of it than
 * this gateway saw. A reset starts the closing timer and refreshes nothing after (RFC 7857 2.2).
 */
static __always_inline enum segment reset_judge(const struct pkt *p, const struct half *half,
						const struct half *peer)
{
	bool known = half->flags & (FLOW_SYN | FLOW_ACK), told = peer->flags & FLOW_ACK, within;

	if ((known && p->seq == half->next) || (told && p->seq == peer->acked) ||
	    reset_refuses(p, half, peer))
		return half->flags & FLOW_RST ? SEGMENT_AGAIN : SEGMENT_COUNTS;
	if (told)
		within = p->seq - peer->acked <= half_window(peer->flags);
	else
		within = known && p->seq - half->next <= SEGMENT_NEAR;
	return within || from_inside(half) ? SEGMENT_IDLE : SEGMENT_REFUSED;
}

#endif
