/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of halves: a hash table of our own, because a half is looked for once a packet. In the kernel's
 * hash map that is a bucket, the element, and every second time another element before it.
 *
 * The entries are numbered places of an array, flows4 or flows6, given out lowest first and the last
 * given back first, so that few flows lie close together. An index finds them: lines of one cache
 * line each, whose words are the number of an entry with as much of its key's hash as fits above it.
 * The near lines are so few that they stay in the cache; what they have no word for is in the far
 * line of its hash, and the near line counts that, so that nobody looks there for nothing.
 *
 * Who changes what: an insert holds its near line's lock, so no key goes in twice. A delete holds
 * none: who makes `state` even owns the entry, takes its word out and gives its number back. A look-up
 * writes nothing. The entry it found may be deleted and filled again only if the flow has been dead for the grace
 * of flow.h, so who judged it alive asks once more whether it is the same (entry_still).
 *
 * How the words are spread is nobody's to choose from outside: the hash is NH (RFC 4418) under a secret of
 * this table, whose sums of two keys are equal with a chance of 2^-32 whoever chose the keys; a mixer spreads them.
 */
#ifndef SAMEPATH_FLOW_TABLE_H
#define SAMEPATH_FLOW_TABLE_H

#include "flow.h"

#ifndef FLOW_NEAR_LINES /* a fuzzer has few, so that its few flows fill them */
#define FLOW_NEAR_LINES 4096
#endif
#define FLOW_WORDS 15
#define FLOW_LINE_LOCK (1U << 31)
#define FLOW_LIVE 1U

struct flow_line {
	__u32 word[FLOW_WORDS]; /* 0: free */
	__u32 head; /* of a near line: FLOW_LINE_LOCK, and how many of its keys are in far lines */
};

/* What packets write stands in cache lines that no other entry has a part in, nor what look-ups read. */
struct flow_entry4 {
	__u32 state; /* odd: FLOW_LIVE; changes with each use of the entry */
	__u32 number; /* own; of a free entry the next free one, 0: none */
	struct flow_key4 key;
	__u32 rest[10];
	struct flow4 flow;
};

struct flow_entry6 {
	__u32 state;
	__u32 number;
	struct flow_key6 key;
	__u32 rest[4];
	struct flow6 flow;
	__u32 more[10];
};

#define FLOW_SEEDS 10 /* 32-bit words of the longer key */

/* Of one family. Written by the loader before the first packet; but for the last line, never again. */
struct flow_table {
	__u32 seed[FLOW_SEEDS]; /* random */
	__u32 entries; /* may be given out: numbers 1 to this; 0: no table yet */
	__u32 mask; /* of a word: the number; above it stands the hash */
	__u32 far_lines;
	__u32 pad[3];
	__u64 free; /* the first free entry, and above 32 bits what each change adds 1 to */
	__u32 fresh; /* entries that were given out at least once, the lowest numbers */
	__u32 rest[13];
};

/* The place of a family's `struct flow_table`. */
#define FLOW_TABLE(family) ((family) == 6)

/* So few words are taken that hardly any line is full: 2.5 of 15 when all entries are; 16 in one have a chance of 1e-8. */
static inline __u32 flow_far_lines(__u32 entries)
{
	return entries / 5 * 2 + 2;
}

static inline __u32 flow_mask(__u32 entries)
{
	__u32 mask = 1;

	while (mask < entries)
		mask = mask << 1 | 1;
	return mask;
}

static inline __u64 flow_hash_pair(const __u32 *seed, __u32 a, __u32 b)
{
	return (__u64)(a + seed[0]) * (b + seed[1]);
}

/* Bijective: every bit of the sum reaches every bit of the hash. */
static inline __u64 flow_hash_mix(__u64 h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

static inline __u64 flow_hash4(const struct flow_table *t, const struct flow_key4 *key)
{
	return flow_hash_mix(flow_hash_pair(t->seed, key->saddr, key->daddr) +
			     flow_hash_pair(t->seed + 2, key->ports, key->kind));
}

static inline __u64 flow_hash6(const struct flow_table *t, const struct flow_key6 *key)
{
	const __u32 *s = key->saddr.s6_addr32, *d = key->daddr.s6_addr32;

	return flow_hash_mix(flow_hash_pair(t->seed, s[0], s[1]) + flow_hash_pair(t->seed + 2, s[2], s[3]) +
			     flow_hash_pair(t->seed + 4, d[0], d[1]) +
			     flow_hash_pair(t->seed + 6, d[2], d[3]) +
			     flow_hash_pair(t->seed + 8, key->ports, key->kind));
}

static inline __u32 flow_near(__u64 hash)
{
	return hash % FLOW_NEAR_LINES;
}

static inline __u32 flow_far(const struct flow_table *t, __u64 hash)
{
	return (hash >> 32) * t->far_lines >> 32;
}

/* What stands above the number in a word of this hash. */
static inline __u32 flow_tag(const struct flow_table *t, __u64 hash)
{
	return (__u32)hash & ~t->mask;
}

/* The word of a line that a key of this hash goes to while it is free, and is looked for first. */
static inline __u32 flow_first(__u64 hash)
{
	return (hash >> 32 & 15) * FLOW_WORDS >> 4; /* bits that neither the tag nor the near line is of */
}

#ifdef __bpf__
/* Aligned as they are mappable. */
#define FLOW_ARRAY(name, type_, count)                \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_ARRAY);     \
		__uint(max_entries, count);           \
		__uint(map_flags, BPF_F_MMAPABLE);    \
		__type(key, __u32);                   \
		__type(value, type_);                 \
	} name SEC(".maps")

FLOW_ARRAY(flow_tables, struct flow_table, 2);
FLOW_ARRAY(flows4, struct flow_entry4, 1); /* this and the three below: sized before load by limits.flows */
FLOW_ARRAY(flows6, struct flow_entry6, 1);
FLOW_ARRAY(flow_far4, struct flow_line, 1);
FLOW_ARRAY(flow_far6, struct flow_line, 1);
FLOW_ARRAY(flow_near4, struct flow_line, FLOW_NEAR_LINES);
FLOW_ARRAY(flow_near6, struct flow_line, FLOW_NEAR_LINES);
#else
_Static_assert(sizeof(struct flow_line) == 64, "one cache line");
_Static_assert(sizeof(struct flow_table) == 128, "what changes in a line of its own");
_Static_assert(sizeof(struct flow_entry4) == 128, "whole cache lines");
_Static_assert(sizeof(struct flow_entry6) == 192, "whole cache lines");
#endif

#endif
