// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy_sets.h"

#define STACK_MAX 130 /* one for each length of IPv6, and the bottom */

static uint64_t *set_bits(const struct set_table *t, uint32_t set)
{
	return t->bits + (size_t)set * t->words;
}

bool set_has(const struct set_table *t, uint32_t set, uint32_t member)
{
	return set_bits(t, set)[member / 64] >> (member % 64) & 1;
}

static uint64_t hash_of(const struct set_table *t, const uint64_t *bits)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (uint32_t i = 0; i < t->words; i++) {
		h = (h ^ bits[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

static void index_put(struct set_table *t, uint32_t set)
{
	uint32_t at = (uint32_t)hash_of(t, set_bits(t, set)) & (t->index_size - 1);

	while (t->index[at])
		at = (at + 1) & (t->index_size - 1);
	t->index[at] = set + 1;
}

/* The index is kept at most half full. */
static int table_grow(struct set_table *t)
{
	uint32_t room = t->room ? t->room * 2 : 64;
	uint64_t *bits = reallocarray(t->bits, room, t->words * sizeof(*bits));
	uint8_t *families;
	uint32_t *index;

	if (!bits)
		return -ENOMEM;
	t->bits = bits;
	families = realloc(t->families, room);
	if (!families)
		return -ENOMEM;
	t->families = families;
	index = calloc(room * 2, sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(t->index);
	t->index = index;
	t->index_size = room * 2;
	t->room = room;
	for (uint32_t i = 0; i < t->count; i++)
		index_put(t, i);
	return 0;
}

/* The number of the set with these bits, a new one if need be. */
static int set_number(struct set_table *t, const uint64_t *bits, uint32_t *out)
{
	size_t size = t->words * sizeof(*bits);
	uint32_t at;
	int err;

	if (t->count == t->room) {
		err = table_grow(t);
		if (err)
			return err;
	}
	at = (uint32_t)hash_of(t, bits) & (t->index_size - 1);
	for (; t->index[at]; at = (at + 1) & (t->index_size - 1)) {
		*out = t->index[at] - 1;
		if (!memcmp(set_bits(t, *out), bits, size))
			return 0;
	}
	if (t->count == SETS_MAX)
		return -E2BIG;
	*out = t->count++;
	memcpy(set_bits(t, *out), bits, size);
	t->families[*out] = 0;
	t->index[at] = *out + 1;
	return 0;
}

int set_table_init(struct set_table *t, uint32_t universe)
{
	uint64_t *none;
	uint32_t zero;
	int err;

	memset(t, 0, sizeof(*t));
	t->universe = universe;
	t->words = universe / 64 + 1;
	none = calloc(t->words, sizeof(*none));
	if (!none)
		return -ENOMEM;
	err = set_number(t, none, &zero);
	free(none);
	return err;
}

void set_table_free(struct set_table *t)
{
	free(t->bits);
	free(t->families);
	free(t->index);
	memset(t, 0, sizeof(*t));
}

/* A prefix whose end has not been reached yet. */
struct level {
	struct prefix prefix;
	uint32_t set;
	bool nobody;
	bool parent; /* some prefix lies within */
	unsigned __int128 within; /* addresses of the prefixes right within it */
};

struct nesting {
	struct set_table *table;
	struct level level[STACK_MAX];
	unsigned int depth;
	unsigned char family;
	uint64_t *bits; /* scratch, one set */
	struct image_trie *trie;
};

/* Addresses of a prefix; of ::/0 it wraps to zero, as the sum of a full partition of it does. */
static unsigned __int128 addresses_of(const struct prefix *p)
{
	unsigned int free_bits = (p->family == 4 ? 32 : 128) - p->length;

	return free_bits == 128 ? 0 : (unsigned __int128)1 << free_bits;
}

/* A set exists in this family when the prefixes within do not take up all of it. */
static void level_end(struct nesting *n)
{
	const struct level *l = &n->level[--n->depth];

	if (!l->parent || l->within != addresses_of(&l->prefix))
		n->table->families[l->set] |= n->family == 4 ? SET_HAS4 : SET_HAS6;
}

/* One prefix with all its members, `count` of them. */
static int level_begin(struct nesting *n, const struct set_member *members, size_t count)
{
	const struct prefix *p = &members[0].prefix;
	struct level *around, *l;
	int err;

	while (!prefix_contains(&n->level[n->depth - 1].prefix, p))
		level_end(n);
	around = &n->level[n->depth - 1];
	l = &n->level[n->depth];
	*l = (struct level){ .prefix = *p, .nobody = around->nobody };
	memcpy(n->bits, set_bits(n->table, around->set), n->table->words * sizeof(*n->bits));
	for (size_t i = 0; i < count; i++) {
		if (members[i].member == MEMBER_NOBODY)
			l->nobody = true;
		else
			n->bits[members[i].member / 64] |= (uint64_t)1 << (members[i].member % 64);
	}
	if (l->nobody)
		memset(n->bits, 0, n->table->words * sizeof(*n->bits));
	err = set_number(n->table, n->bits, &l->set);
	if (err)
		return err;
	if (l->set != around->set)
		n->trie->at[n->trie->count++] = (struct image_entry){ *p, l->set };
	if (p->length == 0) { /* the bottom itself */
		*around = *l;
		return 0;
	}
	around->parent = true;
	around->within += addresses_of(p);
	n->depth++;
	return 0;
}

static int family_compile(struct set_table *t, unsigned char family,
			  const struct set_member *members, size_t count, struct image_trie *trie)
{
	struct nesting n = { .table = t, .family = family, .depth = 1, .trie = trie };
	size_t same;
	int err = -ENOMEM;

	n.level[0].prefix.family = family;
	if (family == 4)
		memset(n.level[0].prefix.address.s6_addr + 10, 0xff, 2);
	trie->count = 0;
	trie->at = calloc(count + 1, sizeof(*trie->at));
	n.bits = calloc(t->words, sizeof(*n.bits));
	if (!trie->at || !n.bits)
		goto out;
	err = 0;
	for (size_t i = 0; i < count && !err; i += same) {
		for (same = 1; i + same < count; same++)
			if (!prefix_equal(&members[i].prefix, &members[i + same].prefix))
				break;
		err = level_begin(&n, members + i, same);
	}
	while (n.depth)
		level_end(&n);
out:
	free(n.bits);
	return err;
}

int sets_compile(struct set_table *t, struct set_member *members, size_t count,
		 struct image_trie *trie4, struct image_trie *trie6)
{
	size_t fours = 0;
	int err;

	if (count)
		qsort(members, count, sizeof(*members), prefix_compare);
	while (fours < count && members[fours].prefix.family == 4)
		fours++;
	err = family_compile(t, 4, members, fours, trie4);
	if (!err)
		err = family_compile(t, 6, members + fours, count - fours, trie6);
	return err;
}
