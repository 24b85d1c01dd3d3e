// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "flow_table.h"

int flow_table_start(int tables, int family, uint32_t entries)
{
	uint32_t place = FLOW_TABLE(family);
	struct flow_table t;

	if (bpf_map_lookup_elem(tables, &place, &t))
		return -errno;
	if (t.entries)
		return 0;
	if (getrandom(t.seed, sizeof(t.seed), 0) != sizeof(t.seed))
		return -EIO;
	t.entries = entries;
	t.mask = flow_mask(entries);
	t.far_lines = flow_far_lines(entries);
	return bpf_map_update_elem(tables, &place, &t, BPF_ANY) ? -errno : 0;
}

static struct flow_key4 key_of4(const struct flow_key6 *key)
{
	return (struct flow_key4){ .saddr = key->saddr.s6_addr32[3], .daddr = key->daddr.s6_addr32[3],
				   .sport = key->sport, .dport = key->dport, .protocol = key->protocol };
}

static void map_address(struct in6_addr *to, uint32_t address)
{
	*to = (struct in6_addr){ .s6_addr16[5] = 0xffff };
	to->s6_addr32[3] = address;
}

static bool entry_of4(const struct flow_table_maps *m, const struct flow_key6 *key, uint32_t number, struct flow6 *half)
{
	struct flow_key4 key4 = key_of4(key);
	struct flow_entry4 e;

	if (bpf_map_lookup_elem(m->flows, &number, &e) || !(e.state & FLOW_LIVE) || memcmp(&e.key, &key4, sizeof(key4)))
		return false;
	half->half = e.flow.half;
	map_address(&half->saddr, e.flow.saddr);
	map_address(&half->daddr, e.flow.daddr);
	return true;
}

static bool entry_of6(const struct flow_table_maps *m, const struct flow_key6 *key, uint32_t number, struct flow6 *half)
{
	struct flow_entry6 e;

	if (bpf_map_lookup_elem(m->flows, &number, &e) || !(e.state & FLOW_LIVE) || memcmp(&e.key, key, sizeof(*key)))
		return false;
	*half = e.flow;
	return true;
}

static uint32_t line_find(const struct flow_table_maps *m, const struct flow_table *t, const struct flow_line *line,
			  uint64_t hash, const struct flow_key6 *key, struct flow6 *half)
{
	for (int i = 0; i < FLOW_WORDS; i++) {
		uint32_t number = line->word[i] ^ flow_tag(t, hash);

		if (number - 1 >= t->mask)
			continue;
		if (m->family == 4 ? entry_of4(m, key, number, half) : entry_of6(m, key, number, half))
			return number;
	}
	return 0;
}

uint32_t flow_table_find(const struct flow_table_maps *m, const struct flow_key6 *key, struct flow6 *half)
{
	uint32_t place = FLOW_TABLE(m->family), near, far, number;
	struct flow_key4 key4 = key_of4(key);
	struct flow_line line;
	struct flow_table t;
	uint64_t hash;

	if (bpf_map_lookup_elem(m->tables, &place, &t) || !t.entries)
		return 0;
	hash = m->family == 4 ? flow_hash4(&t, &key4) : flow_hash6(&t, key);
	near = flow_near(hash);
	if (bpf_map_lookup_elem(m->near, &near, &line))
		return 0;
	number = line_find(m, &t, &line, hash, key, half);
	if (number || !(line.head & ~FLOW_LINE_LOCK))
		return number;
	far = flow_far(&t, hash);
	return bpf_map_lookup_elem(m->far, &far, &line) ? 0 : line_find(m, &t, &line, hash, key, half);
}
