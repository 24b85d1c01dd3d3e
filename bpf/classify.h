/* SPDX-License-Identifier: GPL-2.0-only */
/* classify: what source and destination are to the policy, and which rule matches. */
#ifndef SAMEPATH_BPF_CLASSIFY_H
#define SAMEPATH_BPF_CLASSIFY_H

#include "packet.h"

static __always_inline __u32 trie_find4(void *by_slot, __u32 slot, const __be32 *address)
{
	struct prefix_key4 key = {.length = 32, .address = *address};
	void *trie = bpf_map_lookup_elem(by_slot, &slot);
	__u32 *set = trie ? bpf_map_lookup_elem(trie, &key) : NULL;

	return set ? *set : 0;
}

static __always_inline __u32 trie_find6(void *by_slot, __u32 slot, const struct in6_addr *address)
{
	struct prefix_key6 key = {.length = 128, .address = *address};
	void *trie = bpf_map_lookup_elem(by_slot, &slot);
	__u32 *set = trie ? bpf_map_lookup_elem(trie, &key) : NULL;

	return set ? *set : 0;
}

/* Whose the address (IPv4 as mapped) is. */
static __always_inline struct owner owner_find(struct pkt *p, const struct in6_addr *address)
{
	union {
		__u32 set;
		struct owner owner;
	} found = {.set = trie_find6(&owners, p->slot, address)};

	return found.owner;
}

static __always_inline struct policy_cell policy_find(struct pkt *p, __u32 source, __u32 destination)
{
	struct policy_cell none = {0}, *cell;
	__u32 index = source * p->settings->destination_sets + destination;
	void *table = bpf_map_lookup_elem(&policy, &p->slot);

	if (!table)
		return none;
	cell = bpf_map_lookup_elem(table, &index);
	return cell ? *cell : none;
}

static __always_inline struct rule *rule_find(struct pkt *p, __u32 number)
{
	__u32 index = p->slot * RULES_MAX + number;

	if (number >= RULES_MAX)
		return NULL;
	return bpf_map_lookup_elem(&rules, &index);
}

#endif
