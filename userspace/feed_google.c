// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of Google's goog.json and cloud.json: {"syncToken": "...", "prefixes": [{"ipv4Prefix"} or
 * {"ipv6Prefix"}]}; cloud.json says "service" and "scope" (a region) with each. The addresses of
 * Google's own services are goog without cloud: two feeds, and a class with `except`.
 */
#include <errno.h>
#include <stdlib.h>

#include "feed_body.h"

static const struct {
	const char *key;
	int family;
} kinds[] = { { "ipv4Prefix", 4 }, { "ipv6Prefix", 6 } };

/* An entry is one row, or two when it has both families. */
static int read_entry(const struct feed_reader *r, const json_t *entry, struct feed_row *rows,
		      size_t *count)
{
	struct feed_row tags = { 0 };
	size_t before = *count;
	int err = 0;

	if (!json_is_object(entry))
		err = feed_refuse(r, NULL, NULL, "an object (a prefix and its tags) is accepted");
	if (!err)
		err = feed_tag(r, entry, "service", false, &tags.area);
	if (!err)
		err = feed_tag(r, entry, "scope", false, &tags.region);
	for (size_t k = 0; k < 2 && !err; k++) {
		const json_t *value = json_object_get(entry, kinds[k].key);

		if (!value)
			continue;
		rows[*count] = tags;
		err = feed_prefix_of(r, kinds[k].key, value, kinds[k].family,
				     &rows[(*count)++].prefix);
	}
	if (!err && *count == before)
		err = feed_refuse(r, NULL, NULL, "no prefix; ipv4Prefix or ipv6Prefix is accepted");
	return err;
}

static int read_rows(struct feed_reader *r, struct feed *feed, const json_t *list)
{
	size_t n = json_array_size(list), count = 0;
	struct feed_row *rows = calloc(2 * n + 1, sizeof(*rows));
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		r->what = "prefixes";
		r->number = (long long)i + 1;
		err = read_entry(r, json_array_get(list, i), rows, &count);
	}
	r->what = NULL;
	if (!err && !count)
		err = feed_refuse(r, NULL, NULL, "no prefix in it; prefixes are accepted");
	if (!err)
		err = feed_group(feed, rows, count);
	free(rows);
	return err;
}

int feed_google(struct feed_reader *r, struct feed *feed, const char *body, size_t size)
{
	return feed_listed(r, feed, body, size, "syncToken", "prefixes", read_rows);
}
