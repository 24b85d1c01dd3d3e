/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of segments, or of classes, that contain an address.
 *
 * A longest-prefix match finds one prefix, but an address belongs to every member that contains it.
 * So each prefix of the trie stands for the set of all members whose prefixes contain it: its own and
 * those of every prefix around it. Sorted by address and then length, a prefix follows all that
 * contain it, and a stack of at most one entry a length holds exactly those: one pass, whatever the
 * nesting. Equal sets get one number; number 0 is the empty set.
 */
#ifndef SAMEPATH_USERSPACE_POLICY_SETS_H
#define SAMEPATH_USERSPACE_POLICY_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image.h"
#include "prefix.h"

/* Addresses of this prefix belong to nobody, whatever contains it or lies within. */
#define MEMBER_NOBODY UINT32_MAX

struct set_member {
	struct prefix prefix; /* first, so that prefix_compare sorts members too */
	uint32_t member; /* below `universe`, or MEMBER_NOBODY */
};

/* Families in which an address of this set exists. */
#define SET_HAS4 1u
#define SET_HAS6 2u

struct set_table {
	uint32_t universe; /* number of members */
	uint32_t words; /* of 64 bits, of one set */
	uint32_t count, room;
	uint64_t *bits; /* set i begins at i * words */
	uint8_t *families; /* SET_HAS*, by set */
	uint32_t *index, index_size; /* open addressing, set number + 1 */
};

int set_table_init(struct set_table *t, uint32_t universe);
void set_table_free(struct set_table *t);
bool set_has(const struct set_table *t, uint32_t set, uint32_t member);

/*
 * Sorts `members` in place and compiles them into the tries of both families, whose entries the caller
 * frees. A prefix that says nothing new against the one around it is left out. 0, -ENOMEM, or -E2BIG
 * when there are more than SETS_MAX sets.
 */
int sets_compile(struct set_table *t, struct set_member *members, size_t count,
		 struct image_trie *trie4, struct image_trie *trie6);

#define SETS_MAX 65536

#endif
