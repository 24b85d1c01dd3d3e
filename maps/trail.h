/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trail of an explanation (bpf/dry.h): what each stage found about one packet. Userspace zeroes it, runs the
 * packet through the dry programs, and reads it; nobody else writes it. Addresses are mapped
 * (RFC 4291 2.5.5.2), ports in network order, numbers those of the live slot.
 */
#ifndef SAMEPATH_TRAIL_H
#define SAMEPATH_TRAIL_H

#include "types.h"
#include "circuit.h"
#include "flow.h"

enum trail_flag {
	TRAIL_FLOW = 1 << 0, /* the packet met a flow: `key` and `half` are the half it met */
	TRAIL_OPENS = 1 << 1, /* it would open the flow of `key` and `half` */
	TRAIL_POLICY = 1 << 2, /* segments, classes, rule and class are set */
	TRAIL_SEARCHED = 1 << 3, /* a port was looked for: span_low, span_count, addresses */
	TRAIL_MAPPED = 1 << 4, /* under endpoint-independent mapping */
	TRAIL_REUSED = 1 << 5, /* and the host's endpoint has one already */
	TRAIL_KEEPS_SOURCE = 1 << 6, /* only pinned */
	TRAIL_WAY = 1 << 7, /* the way is set */
	TRAIL_PROVEN = 1 << 8, /* the source of the connection from outside has proven itself */
	TRAIL_QUOTED = 1 << 9, /* an ICMP error: `key` is of the packet that it quotes, turned around */
	TRAIL_OVER = 1 << 10, /* the flow of TRAIL_FLOW is dead, and only not yet removed */
};

/* Why a circuit was not usable; more than its verdict says. */
enum trail_why {
	WHY_NONE,
	WHY_RETIRING,
	WHY_DRAINED,
	WHY_NOT_ROUTED, /* `detail` is what the FIB said, BPF_FIB_LKUP_RET_* */
	WHY_ELSEWHERE, /* `detail` is the device, which is no link of the circuit */
	WHY_NOT_WORKING, /* `detail` is the link: its probe is down, or the next hop does not answer */
};

/* A circuit of the rule that was tried, in the order of the trial. */
struct trail_try {
	__u32 circuit;
	__u32 verdict; /* why it was not taken; V_MAX: it was */
	__u32 why; /* enum trail_why */
	__u32 detail;
};

struct trail {
	__u32 verdict;
	__u32 flags; /* enum trail_flag */
	__u32 slot;
	__u32 ifindex; /* where it comes in: of a VLAN device its own */
	struct role role;
	__u32 segments; /* numbers of sets */
	__u32 classes;
	__u32 rule; /* index of the slot's rules, 0: none */
	__u32 class;
	__u32 service; /* 0: none */
	__u32 tries;
	struct trail_try tried[RULE_CIRCUITS];
	__u32 why; /* of the circuit under trial, or of that of the flow */
	__u32 detail;
	__u32 circuit;
	__u32 addresses; /* of the pool */
	__u32 searched; /* ports that were tried before the one that was free */
	__u16 span_low; /* host order: ports that may be taken */
	__u16 span_count;
	__u8 answer_type; /* ICMP error that a drop is answered with, 0: none */
	__u8 answer_code;
	__u16 mtu; /* of the way */
	__u32 oif; /* of the way: device that sends */
	__u16 tags[2]; /* and the VLAN tags that the frame wears, 0: none */
	__u8 dmac[6];
	__u8 smac[6];
	__u8 resolved; /* 0: the kernel still has to find the neighbour `next_hop` */
	__u8 protocol;
	__u8 family; /* 4, 6 */
	__u8 pad[5];
	struct in6_addr next_hop;
	struct flow_key6 key;
	struct in6_addr saddr; /* translated */
	struct in6_addr daddr;
	struct half half;
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trail);
} trail SEC(".maps");
#endif

#endif
