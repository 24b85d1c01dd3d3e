/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Next hops: the frames' way out, shared by all flows that take it.
 *
 * An entry is a device with the two MAC addresses and the VLAN tags of a frame, as the FIB answered,
 * and is never changed while it is valid: another answer is another entry. A half holds its index, and
 * `asked` says when the FIB last led some flow here, so a neighbour that moved or died is noticed by every
 * flow within ROUTE_AGE, though only one of them asks in that time. An entry that nobody was led
 * to for NEXT_HOP_REST may be taken for another next hop: no half trusts an index for longer than
 * ROUTE_AGE_WATCHED without asking, which is less. Only the data plane writes these; `state` is
 * changed by compare-and-swap. Index 0 is no next hop; a table that is full makes flows ask the
 * FIB for every packet, and loses none.
 */
#ifndef SAMEPATH_NEXT_HOP_H
#define SAMEPATH_NEXT_HOP_H

#include "types.h"

#define NEXT_HOPS_MAX 65536 /* a half holds 16 bits of index */

/* Ticks are ns >> TICK_SHIFT, about a millisecond, in 32 bits: they wrap after 52 days. */
#define TICK_SHIFT 20
#define TICKS(seconds) ((__u32)(((seconds) * NANOSECONDS) >> TICK_SHIFT))

#define ROUTE_AGE TICKS(1) /* a half asks the FIB again after this */
#define ROUTE_AGE_WATCHED TICKS(60) /* the same while a daemon watches the routes, see struct watch */
#define NEXT_HOP_REST TICKS(180)

enum next_hop_state { NEXT_HOP_FREE, NEXT_HOP_WRITING, NEXT_HOP_VALID };

struct next_hop {
	__u32 state; /* enum next_hop_state */
	__u32 asked; /* tick */
	__u32 oif; /* device that sends; of a VLAN device its trunk */
	__u8 dmac[6];
	__u8 smac[6];
	__u16 tags[2]; /* see TAG_ID in circuit.h; 0: none */
	__u16 mtu; /* of the way, bytes of IP; 0: not known */
	__u8 pad[2];
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NEXT_HOPS_MAX);
	__type(key, __u32);
	__type(value, struct next_hop);
} next_hops SEC(".maps");
#else
_Static_assert(sizeof(struct next_hop) == 32, "half a cache line");
#endif

#endif
