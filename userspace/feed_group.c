// SPDX-License-Identifier: GPL-2.0-only
/* Prefixes that come each with its tags, gathered into sets: sorted once, cut where a tag changes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_body.h"

static int tag_compare(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int tags_compare(const struct feed_row *a, const struct feed_row *b)
{
	int order = tag_compare(a->area, b->area);

	if (!order)
		order = tag_compare(a->region, b->region);
	return order ? order : tag_compare(a->group, b->group);
}

static int row_compare(const void *a, const void *b)
{
	const struct feed_row *x = a, *y = b;
	int order = tags_compare(x, y);

	return order ? order : prefix_compare(&x->prefix, &y->prefix);
}

static bool copied(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

/* A set of rows with the same tags. */
static int fill_set(struct feed_set *set, const struct feed_row *rows, size_t count)
{
	set->prefixes = calloc(count, sizeof(*set->prefixes));
	if (!set->prefixes || !copied(&set->area, rows->area) ||
	    !copied(&set->region, rows->region) || !copied(&set->group, rows->group))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		set->prefixes[i] = rows[i].prefix;
	set->prefix_count = prefixes_order(set->prefixes, count);
	return 0;
}

int feed_group(struct feed *feed, struct feed_row *rows, size_t count)
{
	size_t sets = 0, n;
	int err = 0;

	qsort(rows, count, sizeof(*rows), row_compare);
	for (size_t i = 0; i < count; i++)
		sets += !i || tags_compare(&rows[i - 1], &rows[i]);
	feed->sets = calloc(sets + 1, sizeof(*feed->sets));
	if (!feed->sets)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i += n) {
		for (n = 1; i + n < count && !tags_compare(&rows[i], &rows[i + n]); n++)
			;
		err = fill_set(&feed->sets[feed->set_count++], rows + i, n);
	}
	return err;
}
