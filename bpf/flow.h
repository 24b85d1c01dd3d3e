/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow: the packet's own tuple finds its translation, either direction. A half that is dead is
 * as good as absent. Included once a family, after flow_table.h.
 */

/* Which of the flows that one packet meets: an explanation has a copy of each. */
#ifndef SAMEPATH_BPF_FLOW
#define SAMEPATH_BPF_FLOW
enum met { MET_OWN, MET_PEER, MET_OLD, MET_MAX };
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MET_MAX);
	__type(key, __u32);
	__type(value, FLOW);
} F(flow_copies) SEC(".maps");

static __always_inline FLOW *F(flow_copied)(const FLOW *f, enum met met)
{
	__u32 place = met;
	FLOW *copy = bpf_map_lookup_elem(&F(flow_copies), &place);

	if (copy)
		*copy = *f;
	return copy;
}

/* The half of this key, NULL when there is none. */
static __always_inline FLOW *F(flow_at)(const FLOW_KEY *key, enum met met)
{
	FLOW *f = F(table_look)(key);

	return dry && f ? F(flow_copied)(f, met) : f;
}

/* The half that the explanation is about. */
static __always_inline void F(trail_half)(struct trail *t, const FLOW_KEY *key, const FLOW *f)
{
	F(map_address_)(&t->key.saddr, &key->saddr);
	F(map_address_)(&t->key.daddr, &key->daddr);
	t->key.sport = key->sport;
	t->key.dport = key->dport;
	t->key.protocol = key->protocol;
	F(map_address_)(&t->saddr, &f->saddr);
	F(map_address_)(&t->daddr, &f->daddr);
	t->half = f->half;
	t->circuit = f->half.circuit;
}

/* Of an explanation: the flow that the packet met, as a copy to work on. */
static __noinline FLOW *F(flow_met)(const FLOW_KEY *key, const FLOW *f)
{
	struct trail *t = trail_at();

	if (!t)
		return NULL;
	t->flags |= TRAIL_FLOW;
	F(trail_half)(t, key, f);
	return F(flow_copied)(f, MET_OWN);
}

/* 0, -EEXIST, or another error. An explanation only looks whether there is one. */
static __always_inline int F(flow_insert)(const FLOW_KEY *key, const FLOW *f)
{
	if (dry)
		return F(table_look)(key) ? -EEXIST : 0;
	return F(table_insert)(key, f);
}

/* The forward half is in: packets may find this reply half. */
static __always_inline void F(flow_born)(const FLOW_KEY *reply_key)
{
	FLOW *reply = dry ? NULL : F(table_look)(reply_key);

	if (reply)
		__sync_fetch_and_and(&reply->half.flags, ~FLOW_UNBORN);
}

/* Takes out the half that was just inserted; its number is another flow's at once, so no packet may have found it. */
static __always_inline void F(flow_take_back)(const FLOW_KEY *key)
{
	if (!dry)
		F(table_drop)(key);
}

/* The key of the other half: the translated tuple turned around. */
static __always_inline void F(flow_peer_key)(const FLOW *f, __u8 protocol, FLOW_KEY *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = f->daddr;
	key->daddr = f->saddr;
	key->sport = f->half.dport;
	key->dport = f->half.sport;
	key->protocol = protocol;
}

static __always_inline FLOW *F(flow_peer)(const FLOW *f, __u8 protocol)
{
	FLOW_KEY key;

	F(flow_peer_key)(f, protocol, &key);
	return F(flow_at)(&key, MET_PEER);
}

/*
 * The whole question, of both halves. One without its other half is being made or being deleted: no flag tells of
 * its state, and it lives no longer than the shortest.
 */
static __noinline bool F(flow_silent)(const FLOW *f, __u8 protocol, struct settings *settings,
				      __u64 now, __u64 grace)
{
	__u32 flags = f->half.flags, other = 0;
	__u64 last = READ_ONCE(f->half.last), timeout = settings->timeout_min, heard;
	FLOW_KEY key;
	FLOW *peer;

	if (flags & FLOW_KILLED)
		return !grace || (__s64)(now - last) >= (__s64)grace;
	if (flags & FLOW_UNBORN && !grace)
		return true;
	F(flow_peer_key)(f, protocol, &key);
	peer = F(flow_at)(&key, MET_PEER);
	if (peer) {
		other = READ_ONCE(peer->half.flags);
		heard = READ_ONCE(peer->half.last);
		last = READ_ONCE(f->half.last); /* after the flags: what shortens the timeout writes the time first */
		if (!dry && !F(entry_still)(peer, &key))
			return true; /* it was deleted, as the dead are */
		if (other & FLOW_KILLED)
			return !grace || (__s64)(now - heard) >= (__s64)grace;
		if ((__s64)(heard - last) > 0)
			last = heard;
		timeout = flow_timeout(settings, protocol, flags, other);
	}
	return (__s64)(now - last) > (__s64)(timeout + grace);
}

/*
 * True when the flow has been dead for `grace` ns. The own half's time answers for nearly every
 * packet; only after a silence longer than the shortest timeout is the other half asked.
 */
static __always_inline bool F(flow_dead)(const FLOW *f, __u8 protocol, struct settings *settings,
					 __u64 now, __u64 grace)
{
	if (!(f->half.flags & (grace ? FLOW_KILLED : FLOW_KILLED | FLOW_UNBORN)) &&
	    (__s64)(now - f->half.last) < (__s64)settings->timeout_min)
		return false;
	return F(flow_silent)(f, protocol, settings, now, grace);
}

/* The half that the packet belongs to, NULL when there is none alive. */
static __always_inline FLOW *F(flow_find)(struct pkt *p, const FLOW_KEY *key)
{
	FLOW *f = F(table_look)(key);

	if (!f)
		return NULL;
	if (dry && !(f = F(flow_met)(key, f)))
		return NULL;
	p->dead = F(flow_dead)(f, p->protocol, p->settings, p->now, 0);
	/* the use that was judged may have been the one before, of the same key */
	if (!p->dead)
		return dry || (F(entry_still)(f, key) && !(READ_ONCE(f->half.flags) & FLOW_UNBORN)) ? f : NULL;
	trail_over();
	return NULL;
}

/* The host that opened the flow of this forward key, IPv4 as mapped, in the room if it needs any. */
static __always_inline const struct in6_addr *F(flow_host)(const FLOW_KEY *key, struct in6_addr *room)
{
#if FAMILY == 4
	map_address4(room, key->saddr);
	return room;
#else
	(void)room;
	return &key->saddr;
#endif
}

/* The service that let the flow in, 0: none. */
static __always_inline __u32 F(flow_service)(const FLOW *f)
{
	return f->half.flags & FLOW_OPENED_OUTSIDE ? f->half.class : 0;
}

/* Ends the flow now: no packet finds it any more, and after the grace it is deleted. */
static __always_inline void F(flow_kill)(FLOW *f, __u8 protocol, __u64 now)
{
	FLOW *peer = F(flow_peer)(f, protocol);

	if (peer) {
		peer->half.last = now;
		__sync_fetch_and_or(&peer->half.flags, FLOW_KILLED);
	}
	f->half.last = now;
	__sync_fetch_and_or(&f->half.flags, FLOW_KILLED);
}

/* Half-open ends once: whoever clears the bit gives the share back. */
static __always_inline void F(flow_open_ended)(const FLOW_KEY *forward_key, FLOW *forward)
{
	struct in6_addr room;
	__u32 was = __sync_fetch_and_and(&forward->half.flags, ~FLOW_HALF_OPEN);

	if (!(was & FLOW_HALF_OPEN))
		return;
	half_open_release(F(flow_host)(forward_key, &room), F(flow_service)(forward));
}

/* What is told of a flow's end. */
static __noinline void F(closed_event)(struct event *event, const FLOW_KEY *key, const FLOW *f, const FLOW *peer)
{
	event->family = FAMILY;
	event->protocol = key->protocol;
	event->circuit = f->half.circuit;
	event->class = f->half.class;
	event->service = f->half.flags & FLOW_SERVICE ? 1 : 0;
	event->sport = key->sport;
	event->dport = key->dport;
	event->pool_port = f->half.sport;
	event->ifindex = f->half.iif;
	F(map_address_)(&event->saddr, &key->saddr);
	F(map_address_)(&event->daddr, &key->daddr);
	F(map_address_)(&event->pool, &f->saddr);
	event->packets[0] = half_packets(&f->half);
	event->bytes[0] = half_bytes(&f->half);
	if (peer) {
		event->packets[1] = half_packets(&peer->half);
		event->bytes[1] = half_bytes(&peer->half);
	}
}

/*
 * Forward half first; false when somebody else was first. The reply half is nobody else's to delete then, and must
 * not find the forward half of a new flow from the same tuple.
 */
static __always_inline bool F(halves_delete)(const FLOW_KEY *key, __u64 use, const FLOW_KEY *peer, __u64 peer_use)
{
	FLOW *reply;

	if (!F(table_delete)(key, use))
		return false;
	reply = F(entry_flow)(peer_use);
	if (reply)
		__sync_fetch_and_or(&reply->half.flags, FLOW_KILLED);
	F(table_delete)(peer, peer_use);
	return true;
}

/* Deletes both halves and tells it; `use` and `f` are of the forward half. */
static __always_inline bool F(flow_delete)(const FLOW_KEY *key, __u64 use, const FLOW *f)
{
	FLOW_KEY peer_key;
	struct event *event;
	__u64 peer;

	F(flow_peer_key)(f, key->protocol, &peer_key);
	/* as long as the forward half is there, this is its reply half */
	peer = F(entry_use)(F(table_number)(&peer_key));
	event = event_reserve(E_FLOW_CLOSED, bpf_ktime_get_ns());
	if (!event)
		return F(halves_delete)(key, use, &peer_key, peer);
	F(closed_event)(event, key, f, F(entry_flow)(peer));
	/* Linux 6.1 takes a second question for NULL for one that may be answered */
	if (!F(halves_delete)(key, use, &peer_key, peer)) {
		bpf_ringbuf_discard(event, 0);
		return false;
	}
	bpf_ringbuf_submit(event, 0);
	return true;
}

/*
 * Deletes a flow that has been dead for the grace, and gives back what it held; `number`: of the entry of its
 * forward half. One use of it is looked at and deleted; false when somebody was faster: then there is none, or it
 * is of another key, or of a flow that was used within the grace.
 */
static __noinline bool F(flow_remove)(const FLOW_KEY *key, __u32 number, __u64 now)
{
	__u64 use = F(entry_use)(number);
	FLOW *f = F(entry_flow)(number);
	struct in6_addr room;
	__u64 held; /* flags, circuit and class, as one word: of the stack nothing is left here */

	if (dry || !use || !f || (__s64)(now - f->half.last) < (__s64)FLOW_GRACE)
		return false;
	held = (__u64)f->half.flags << 32 | f->half.circuit << 16 | f->half.class;
	barrier_var(held);
	if (!F(flow_delete)(key, use, f))
		return false; /* who was first gave back its share */
	flow_release(F(flow_host)(key, &room), held & 0xffff, held >> 16 & 0xff, held >> 32);
	return true;
}

/* The pin: what comes from a circuit comes from the flow's own, everything else from inside. */
static __always_inline bool F(flow_belongs)(struct pkt *p, const FLOW *f)
{
	if (f->half.flags & FLOW_FROM_CIRCUIT)
		return p->role.kind == ROLE_LINK && p->role.circuit == f->half.circuit;
	return p->role.kind == ROLE_INSIDE;
}

/*
 * A packet met a flow of another circuit, or of the other side. With `enforce: monitor` of the pinned
 * circuit it goes on all the same (GO_ON), but refreshes nothing.
 */
static __noinline enum verdict F(flow_violation)(struct xdp_md *ctx, struct pkt *p,
						      const FLOW_KEY *key, FLOW *f)
{
	struct circuit_counter *counter = circuit_counter(f->half.circuit);
	struct circuit *circuit;
	struct event *event;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (counter)
		counter->violations++;
	event = event_reserve(E_VIOLATION, p->now);
	if (event) {
		event->family = FAMILY;
		event->protocol = p->protocol;
		event->circuit = f->half.circuit;
		event->actual = p->role.circuit;
		event->class = f->half.class;
		event->service = f->half.flags & FLOW_SERVICE ? 1 : 0;
		event->sport = key->sport;
		event->dport = key->dport;
		event->ifindex = p->ifindex;
		F(map_address_)(&event->saddr, &key->saddr);
		F(map_address_)(&event->daddr, &key->daddr);
		if (data + ETH_HLEN <= end)
			__builtin_memcpy(event->mac, data + ETH_ALEN, ETH_ALEN);
		bpf_ringbuf_submit(event, 0);
	}
	if (p->role.kind != ROLE_LINK || !(f->half.flags & FLOW_FROM_CIRCUIT))
		return V_WRONG_SIDE;
	circuit = circuit_find(p->slot, f->half.circuit);
	return circuit && circuit->flags & CIRCUIT_MONITOR ? GO_ON : V_VIOLATION;
}

/*
 * Does the opener's packet end the half-open state, now that the other side has answered? Of TCP it must
 * acknowledge. What an outside host acknowledges must be what the server sent to it: whoever forged the
 * source of its SYN does not know that number, and must not make a flow that lasts for hours.
 */
static __always_inline bool F(opener_proves)(struct pkt *p, const FLOW *f, const FLOW *peer)
{
	if (p->protocol != IPPROTO_TCP)
		return peer->half.flags & FLOW_SEEN;
	if ((p->tcp & (TCP_SYN | TCP_ACK)) != TCP_ACK)
		return false;
	if (!(f->half.flags & FLOW_OPENED_OUTSIDE))
		return peer->half.flags & FLOW_SEEN;
	return peer->half.flags & FLOW_SYN && acknowledges_syn(p, &f->half, &peer->half);
}

/* What this packet says of the connection's state. Rare: most packets say nothing new. */
static __noinline void F(flow_advance)(struct pkt *p, const FLOW_KEY *key, FLOW *f)
{
	__u32 said = FLOW_SEEN | flow_tcp_bits(p->tcp), flags = f->half.flags;
	FLOW_KEY peer_key;
	FLOW *peer;

	if (said & ~flags)
		__sync_fetch_and_or(&f->half.flags, said);
	if (flags & FLOW_REPLY) {
		if (flags & FLOW_SEEN || p->protocol == IPPROTO_TCP)
			return;
		F(flow_peer_key)(f, p->protocol, &peer_key);
		peer = F(flow_at)(&peer_key, MET_PEER);
		if (peer)
			F(flow_open_ended)(&peer_key, peer);
		return;
	}
	if (!(flags & FLOW_HALF_OPEN))
		return;
	peer = F(flow_peer)(f, p->protocol);
	if (peer && F(opener_proves)(p, f, peer))
		F(flow_open_ended)(key, f);
}

/* Does the packet say anything that the half does not know yet? */
static __always_inline bool F(flow_news)(struct pkt *p, const FLOW *f)
{
	__u32 said = FLOW_SEEN | flow_tcp_bits(p->tcp);

	return f->half.flags & FLOW_HALF_OPEN || said & ~f->half.flags;
}
