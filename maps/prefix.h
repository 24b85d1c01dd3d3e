/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prefixes: what an address means to the policy.
 *
 * A source belongs to every segment that contains it, a destination to every
 * class that contains it. The loader numbers the *sets* of segments and of
 * classes that occur: the value of the longest matching prefix is the number of
 * the set, and `policy` says for (source set, destination set) which rule
 * matches first and which of its classes did. So a packet asks three questions,
 * however many rules there are. Source set 0 is "no segment", destination set 0
 * is "no class but any".
 *
 * Each trie, and the table, is the inner map of one slot: the loader builds a
 * new one for the slot that is not live. `owners` says whose an address is
 * (of a pool, of a service), again per slot.
 */
#ifndef SAMEPATH_PREFIX_H
#define SAMEPATH_PREFIX_H

#include "types.h"

struct prefix_key4 {
	__u32 length; /* bits, 0 to 32 */
	__be32 address;
};

struct prefix_key6 {
	__u32 length; /* bits, 0 to 128 */
	struct in6_addr address;
};

/* Cell of `policy`, index source_set * settings.destination_sets + destination_set. */
struct policy_cell {
	__u16 rule; /* index into `rules`, 0: no rule */
	__u16 class; /* number of the class that matched, 0: any */
};

enum owner_kind {
	OWNER_NONE,
	OWNER_OUTBOUND_POOL,
	OWNER_INBOUND_POOL,
	OWNER_SERVICE,
};

/* Value of `owners`; its key is a prefix_key6, IPv4 as mapped. */
struct owner {
	__u8 kind; /* enum owner_kind */
	__u8 circuit;
	__u8 local; /* 1: the kernel has this address too */
	__u8 pad;
};

#ifdef __bpf__
#define TRIE_INNER(key_type) \
	struct { \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE); \
		__uint(max_entries, 1048576); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(key_size, sizeof(key_type)); \
		__uint(value_size, sizeof(__u32)); \
	}

#define TRIES_BY_SLOT(key_type) \
	struct { \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
		__uint(max_entries, SLOTS); \
		__uint(key_size, sizeof(__u32)); \
		__uint(value_size, sizeof(__u32)); \
		__array(values, TRIE_INNER(key_type)); \
	}

TRIES_BY_SLOT(struct prefix_key4) segments4 SEC(".maps");
TRIES_BY_SLOT(struct prefix_key6) segments6 SEC(".maps");
TRIES_BY_SLOT(struct prefix_key4) classes4 SEC(".maps");
TRIES_BY_SLOT(struct prefix_key6) classes6 SEC(".maps");
TRIES_BY_SLOT(struct prefix_key6) owners SEC(".maps");

struct policy_table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct policy_cell));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct policy_table);
} policy SEC(".maps");
#endif

#endif
