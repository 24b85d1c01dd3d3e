/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of the image share: numbers for names, and a longest match that walks everything. */
#ifndef SAMEPATH_TESTS_IMAGE_HELP_H
#define SAMEPATH_TESTS_IMAGE_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../userspace/image.h"

/* Numbers that are not the order, so that a mix-up of index and number shows. */
struct numbers {
	char names[NAME_SERVICE + 1][CLASSES_MAX][64];
	int step;
};

static int number(void *context, enum name_kind kind, const char *name)
{
	struct numbers *n = context;
	int max = kind == NAME_CIRCUIT ? CIRCUITS_MAX : CLASSES_MAX;

	for (int i = 1; i < max; i++)
		if (!strcmp(n->names[kind][i], name))
			return i;
	for (int i = n->step; i < max; i++)
		if (!n->names[kind][i][0]) {
			snprintf(n->names[kind][i], 64, "%s", name);
			return i;
		}
	return -1;
}

static struct numbers *counted(int step)
{
	struct numbers *n = calloc(1, sizeof(*n));

	n->step = step;
	return n;
}

static uint32_t longest_match(const struct image_trie *trie, const struct prefix *host)
{
	const struct image_entry *best = NULL;

	for (size_t i = 0; i < trie->count; i++)
		if (prefix_contains(&trie->at[i].prefix, host) &&
		    (!best || best->prefix.length < trie->at[i].prefix.length))
			best = &trie->at[i];
	return best ? best->value : 0;
}

#endif
