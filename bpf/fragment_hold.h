/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Later fragments that come before their first: into the ring, for the daemon to hold. Only those come here
 * whose source or destination could have a flow; of them each CPU gives the daemon FRAGMENTS_PER_SECOND, and of one
 * source FRAGMENTS_OF_SOURCE, so a storm costs it little, and what others have waiting is not crowded
 * out by one.
 */
#ifndef SAMEPATH_BPF_FRAGMENT_HOLD_H
#define SAMEPATH_BPF_FRAGMENT_HOLD_H

#include "flood.h"
#include "vlan.h"

#define FRAGMENTS_OF_SOURCE 128 /* two datagrams of the largest kind */
#define FRAGMENTS_PER_SECOND 4096
#define FRAGMENT_SOURCES 1024 /* told apart by a hash */

struct fragment_rate {
	__u32 second;
	__u32 used;
};

/* The last entry is that of all together. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FRAGMENT_SOURCES + 1);
	__type(key, __u32);
	__type(value, struct fragment_rate);
} fragment_rates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fragment_note);
} fragment_drafts SEC(".maps");

static __always_inline bool fragment_rate_admits(struct pkt *p, __u32 place, __u32 limit)
{
	struct fragment_rate *rate = bpf_map_lookup_elem(&fragment_rates, &place);
	__u32 second = p->now / NANOSECONDS;

	if (!rate)
		return false;
	if (rate->second != second) {
		rate->second = second;
		rate->used = 0;
	}
	if (rate->used >= limit)
		return false;
	rate->used++;
	return true;
}

/* Did the daemon put this frame back? Then its metadata goes, for it is in the way of a handover. */
static __always_inline bool fragment_came_back(struct xdp_md *ctx)
{
	struct fragment_returned *returned = (void *)(long)ctx->data_meta;

	return (void *)(returned + 1) <= (void *)(long)ctx->data && returned->magic == FRAGMENT_MAGIC &&
	       !bpf_xdp_adjust_meta(ctx, sizeof(*returned));
}

/*
 * The mark says that somebody waits, the table that the first is there. Whoever writes one and then reads the other
 * does so with a full barrier between, so of a first and a later fragment on two CPUs at least one sees the
 * other, and tells the daemon.
 */
static __always_inline void fragment_mark(struct pkt *p, __u64 hash)
{
	__u32 place = hash % FRAGMENT_WAITS;
	__u32 *until = bpf_map_lookup_elem(&fragment_waits, &place);

	if (until)
		__sync_lock_test_and_set(until, pkt_tick(p) + TICKS(1));
}

static __always_inline bool fragment_awaited(struct pkt *p, __u64 hash)
{
	__u32 place = hash % FRAGMENT_WAITS;
	__u32 *until = bpf_map_lookup_elem(&fragment_waits, &place);
	__s32 left = until ? __sync_fetch_and_add(until, 0) - pkt_tick(p) : -1;

	/* an old mark looks ahead of the clock after half its round, and stale words are cheap */
	return left >= 0 && left <= (__s32)TICKS(2);
}

static __always_inline struct fragment_note *fragment_draft(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&fragment_drafts, &zero);
}

/* Tells the daemon that the first fragment of the draft's key is there. */
static __always_inline void fragment_wake(struct fragment_note *draft)
{
	draft->length = 0;
	bpf_ringbuf_output(&fragment_notes, draft, FRAGMENT_NOTE_HEAD, 0);
}

/* Is there a daemon that holds, and has it room? GO_ON: it has. */
static __always_inline enum verdict fragment_holder_room(struct pkt *p)
{
	__u32 zero = 0;
	struct fragment_holder *holder = bpf_map_lookup_elem(&fragment_holder, &zero);
	__u64 limit;

	/* a time too far ahead is none that a daemon of this clock wrote */
	if (!holder || holder->until - p->now > 2 * WATCH_LENGTH)
		return V_FRAGMENT_LOST;
	/* what comes from outside leaves a quarter to the inside */
	limit = holder->limit - (p->role.kind == ROLE_LINK ? holder->limit / 4 : 0);
	return holder->held < limit ? GO_ON : V_FRAGMENT_FULL;
}

/* The key of the draft is filled; `source` and `hash` are hashes of the sender and of the key. */
static __noinline enum verdict fragment_hold(struct xdp_md *ctx, struct pkt *p,
					     struct fragment_note *draft, __u32 source, __u64 hash)
{
	enum verdict verdict = fragment_holder_room(p);
	__u32 length;

	if (verdict != GO_ON)
		return verdict;
	if (!fragment_rate_admits(p, source % FRAGMENT_SOURCES, FRAGMENTS_OF_SOURCE) ||
	    !fragment_rate_admits(p, FRAGMENT_SOURCES, FRAGMENTS_PER_SECOND))
		return V_FRAGMENT_LIMIT;
	/* as it came, for so it is put back */
	length = p->frame + p->tags * sizeof(struct vlan_tag);
	if (!vlan_put_back(ctx, p))
		return V_NO_HEADROOM;
	draft->ifindex = ctx->ingress_ifindex;
	draft->length = length;
	barrier_var(length); /* or the bounds are asked of another copy than the one that is used */
	if (length < ETH_HLEN || length > FRAGMENT_FRAME_MAX ||
	    bpf_xdp_load_bytes(ctx, 0, draft->frame, length))
		return V_FRAGMENT_LOST;
	fragment_mark(p, hash);
	if (bpf_ringbuf_output(&fragment_notes, draft, FRAGMENT_NOTE_HEAD + length, 0))
		return V_FRAGMENT_FULL;
	return V_FRAGMENT_HELD;
}

#endif
