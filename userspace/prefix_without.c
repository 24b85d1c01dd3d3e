// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set subtraction of prefixes. Two prefixes are apart or one holds the other, so once what lies inside
 * another is dropped, sorted lists are of disjoint ranges in order and one walk over both finds what
 * meets what. A prefix that holds excepted ones is halved until its pieces hold all of one or none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prefix.h"

struct pieces {
	struct prefix *at;
	size_t count, room;
};

static int add(struct pieces *out, const struct prefix *p)
{
	size_t room = out->room ? out->room * 2 : 64;
	struct prefix *grown;

	if (out->count == out->room) {
		grown = realloc(out->at, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		out->at = grown;
		out->room = room;
	}
	out->at[out->count++] = *p;
	return 0;
}

/* A sorted copy without what lies inside another. */
static struct prefix *outermost(const struct prefix *p, size_t *count)
{
	struct prefix *copy = calloc(*count + 1, sizeof(*copy));
	size_t kept = 0, n;

	if (!copy)
		return NULL;
	if (*count)
		memcpy(copy, p, *count * sizeof(*copy));
	n = prefixes_order(copy, *count);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_contains(&copy[kept - 1], &copy[i]))
			copy[kept++] = copy[i];
	*count = kept;
	return copy;
}

static struct prefix half(const struct prefix *p, unsigned int which)
{
	unsigned int bit = prefix_mapped_length(p);
	struct prefix h = *p;

	h.length++;
	h.address.s6_addr[bit / 8] |= (unsigned char)(which << (7 - bit % 8));
	return h;
}

/* `away` are those that meet p: one around it, or those within. No deeper than an address is long. */
static int cut(const struct prefix *p, const struct prefix *away, size_t count, struct pieces *out)
{
	struct prefix low, high;
	size_t below = 0;
	int err;

	if (!count)
		return add(out, p);
	if (prefix_contains(&away[0], p))
		return 0;
	low = half(p, 0);
	high = half(p, 1);
	while (below < count && prefix_contains(&low, &away[below]))
		below++;
	err = cut(&low, away, below, out);
	return err ? err : cut(&high, away + below, count - below, out);
}

int prefixes_without(const struct prefix *from, size_t count, const struct prefix *away,
		     size_t away_count, struct prefix **out, size_t *out_count)
{
	struct prefix *keep = outermost(from, &count), *drop = outermost(away, &away_count);
	struct pieces pieces = { .at = calloc(1, sizeof(*pieces.at)), .room = 1 };
	int err = keep && drop && pieces.at ? 0 : -ENOMEM;
	size_t j = 0, n;

	for (size_t i = 0; i < count && !err; i++) {
		while (j < away_count && !prefix_overlaps(&drop[j], &keep[i]) &&
		       prefix_compare(&drop[j], &keep[i]) < 0)
			j++;
		for (n = 0; j + n < away_count && prefix_overlaps(&drop[j + n], &keep[i]); n++)
			;
		err = cut(&keep[i], drop + j, n, &pieces);
	}
	free(keep);
	free(drop);
	if (err) {
		free(pieces.at);
		return err;
	}
	*out = pieces.at;
	*out_count = pieces.count;
	return 0;
}
