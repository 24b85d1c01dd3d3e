/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `samepath circuit test` asks from a pool address, and the first answer to each question.
 *
 * The key is the tuple of the answer as it comes in (IPv4 as mapped, ports in network order), of no flow.
 * Userspace inserts it before it asks and deletes it behind; after `until` an entry means nothing, so one that a
 * test left behind does no harm. The data plane notes, once an entry, what it is about to drop, by TCP only what
 * acknowledges the question, as any answer to a SYN does, or an error that quotes it: whoever moves `state` away
 * from ASKED_WAITS may write the rest. An element of a hash map is reused at once when it is
 * deleted, so an answer says which question it is of, and userspace takes none of another.
 */
#ifndef SAMEPATH_ASKED_H
#define SAMEPATH_ASKED_H

#include "types.h"
#include "flow.h"

#define ASKED_MAX 256

enum asked_state { ASKED_WAITS, ASKED_CLAIMED, ASKED_ANSWERED };

struct asked {
	__u64 until; /* ns */
	__u64 time; /* ns, when the answer came */
	struct in6_addr source; /* who sent it, IPv4 as mapped */
	__u32 state; /* enum asked_state */
	__u32 ifindex; /* where it came in; of a VLAN device its own */
	__be16 dport; /* of the question that it answers */
	__u16 length; /* bytes of its IP packet */
	__u8 circuit; /* of the link it came in on */
	__u8 ttl;
	__u8 error; /* 1: an ICMP error that quotes the question */
	__u8 type; /* of an error its type, of TCP the flags */
	__u8 code;
	__u8 pad[3];
	__u32 expected; /* host order, what an answer by TCP acknowledges; written with `until` */
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ASKED_MAX);
	__type(key, struct flow_key6);
	__type(value, struct asked);
} asked SEC(".maps");
#else
_Static_assert(sizeof(struct asked) == 56, "asked");
#endif

#endif
