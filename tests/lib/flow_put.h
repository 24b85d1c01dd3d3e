/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Halves written into a flow table that no packet uses at the moment, and taken out of it. Keys and flows
 * are in the family's own form, struct flow_key4 and struct flow4 or those of IPv6.
 */
#ifndef SAMEPATH_TEST_FLOW_PUT_H
#define SAMEPATH_TEST_FLOW_PUT_H

#include <bpf/bpf.h>
#include <string.h>
#include "userspace/flow_table.h"

/* An entry of either family: what both begin with, and room for the longer rest. */
union flow_place {
	struct flow_entry4 four;
	struct flow_entry6 six;
};

static inline size_t flow_key_size(const struct flow_table_maps *m)
{
	return m->family == 4 ? sizeof(struct flow_key4) : sizeof(struct flow_key6);
}

static inline uint8_t *flow_place_key(const struct flow_table_maps *m, union flow_place *p)
{
	return m->family == 4 ? (uint8_t *)&p->four.key : (uint8_t *)&p->six.key;
}

static inline uint8_t *flow_place_flow(const struct flow_table_maps *m, union flow_place *p)
{
	return m->family == 4 ? (uint8_t *)&p->four.flow : (uint8_t *)&p->six.flow;
}

static inline uint32_t flow_place_find(const struct flow_table_maps *m, const void *key)
{
	struct flow_key6 six = {.saddr.s6_addr16[5] = 0xffff, .daddr.s6_addr16[5] = 0xffff};
	const struct flow_key4 *four = key;
	struct flow6 half;

	if (m->family == 6)
		return flow_table_find(m, key, &half);
	six.saddr.s6_addr32[3] = four->saddr;
	six.daddr.s6_addr32[3] = four->daddr;
	six.ports = four->ports;
	six.kind = four->kind;
	return flow_table_find(m, &six, &half);
}

static inline uint64_t flow_place_hash(const struct flow_table_maps *m, const struct flow_table *t, const void *key)
{
	return m->family == 4 ? flow_hash4(t, key) : flow_hash6(t, key);
}

/*
 * Changes a word of the line that reads `from`, the preferred one first. `counted`: what the line's count of
 * words in far lines changes by when none does.
 */
static inline bool flow_word_change(int lines, uint32_t place, uint32_t first, uint32_t from, uint32_t to, int counted)
{
	struct flow_line line;
	unsigned int i;

	bpf_map_lookup_elem(lines, &place, &line);
	for (i = 0; i < FLOW_WORDS && line.word[(first + i) % FLOW_WORDS] != from; i++)
		;
	if (i < FLOW_WORDS)
		line.word[(first + i) % FLOW_WORDS] = to;
	else
		line.head += counted;
	bpf_map_update_elem(lines, &place, &line, BPF_ANY);
	return i < FLOW_WORDS;
}

static inline bool flow_index_change(const struct flow_table_maps *m, const struct flow_table *t, const void *key,
			      uint32_t number, bool in)
{
	uint64_t hash = flow_place_hash(m, t, key);
	uint32_t word = flow_tag(t, hash) | number;

	return flow_word_change(m->near, flow_near(hash), flow_first(hash), in ? 0 : word, in ? word : 0,
				in ? 1 : -1) ||
	       flow_word_change(m->far, flow_far(t, hash), flow_first(hash), in ? 0 : word, in ? word : 0, 0);
}

/* Writes the half, in place of the one of its key if there is one. False: the table is full. */
static inline bool flow_put_half(const struct flow_table_maps *m, const void *key, const void *flow)
{
	uint32_t place = FLOW_TABLE(m->family), number = flow_place_find(m, key);
	bool there = number;
	union flow_place p;
	struct flow_table t;

	bpf_map_lookup_elem(m->tables, &place, &t);
	if (!there)
		number = (uint32_t)t.free ? (uint32_t)t.free : t.fresh + 1;
	if (number > t.entries)
		return false;
	bpf_map_lookup_elem(m->flows, &number, &p);
	if (!there && (uint32_t)t.free)
		t.free = p.four.number;
	else if (!there)
		t.fresh++;
	p.four.state |= FLOW_LIVE;
	p.four.number = number;
	memcpy(flow_place_key(m, &p), key, flow_key_size(m));
	memcpy(flow_place_flow(m, &p), flow, m->family == 4 ? sizeof(struct flow4) : sizeof(struct flow6));
	bpf_map_update_elem(m->flows, &number, &p, BPF_ANY);
	bpf_map_update_elem(m->tables, &place, &t, BPF_ANY);
	return there || flow_index_change(m, &t, key, number, true);
}

/* False: there is no such half. */
static inline bool flow_take_half(const struct flow_table_maps *m, const void *key)
{
	uint32_t place = FLOW_TABLE(m->family), number = flow_place_find(m, key);
	union flow_place p;
	struct flow_table t;

	if (!number)
		return false;
	bpf_map_lookup_elem(m->tables, &place, &t);
	bpf_map_lookup_elem(m->flows, &number, &p);
	flow_index_change(m, &t, key, number, false);
	p.four.state++;
	p.four.number = t.free;
	t.free = number;
	bpf_map_update_elem(m->flows, &number, &p, BPF_ANY);
	bpf_map_update_elem(m->tables, &place, &t, BPF_ANY);
	return true;
}

/* The first half behind this number; its number, 0: there is none. */
static inline uint32_t flow_next_half(const struct flow_table_maps *m, uint32_t number, union flow_place *p)
{
	uint32_t place = FLOW_TABLE(m->family);
	struct flow_table t;

	bpf_map_lookup_elem(m->tables, &place, &t);
	while (++number <= t.fresh)
		if (!bpf_map_lookup_elem(m->flows, &number, p) && p->four.state & FLOW_LIVE)
			return number;
	return 0;
}

#endif
