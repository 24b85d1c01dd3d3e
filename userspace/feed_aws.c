// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of AWS's ip-ranges.json: {"syncToken": "...", "prefixes": [{"ip_prefix", "region", "service",
 * "network_border_group"}], "ipv6_prefixes": [{"ipv6_prefix", ...}]}. The service AMAZON holds what the
 * others hold and more, so most prefixes stand in two sets.
 */
#include <errno.h>
#include <stdlib.h>

#include "feed_body.h"

static const struct kind {
	const char *list, *prefix;
	int family;
} kinds[] = {
	{ "prefixes", "ip_prefix", 4 },
	{ "ipv6_prefixes", "ipv6_prefix", 6 },
};

static int read_row(const struct feed_reader *r, const struct kind *kind, const json_t *entry,
		    struct feed_row *row)
{
	int err = 0;

	if (!json_is_object(entry))
		err = feed_refuse(r, NULL, NULL, "an object (a prefix and its tags) is accepted");
	if (!err)
		err = feed_prefix_of(r, kind->prefix, json_object_get(entry, kind->prefix),
				     kind->family, &row->prefix);
	if (!err)
		err = feed_tag(r, entry, "service", true, &row->area);
	if (!err)
		err = feed_tag(r, entry, "region", false, &row->region);
	if (!err)
		err = feed_tag(r, entry, "network_border_group", false, &row->group);
	return err;
}

static int read_rows(struct feed_reader *r, struct feed *feed, const json_t *const lists[2])
{
	size_t count = 0;
	struct feed_row *rows =
		calloc(json_array_size(lists[0]) + json_array_size(lists[1]) + 1, sizeof(*rows));
	int err = rows ? 0 : -ENOMEM;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < json_array_size(lists[k]) && !err; i++) {
			r->what = kinds[k].list;
			r->number = (long long)i + 1;
			err = read_row(r, &kinds[k], json_array_get(lists[k], i), &rows[count++]);
		}
	r->what = NULL;
	if (!err && !count)
		err = feed_refuse(r, NULL, NULL, "no prefix in it; prefixes are accepted");
	if (!err)
		err = feed_group(feed, rows, count);
	free(rows);
	return err;
}

int feed_aws(struct feed_reader *r, struct feed *feed, const char *body, size_t size)
{
	json_t *root = feed_json(r, body, size);
	const json_t *lists[2];
	int err = 0;

	if (!root)
		return -EINVAL;
	if (!json_is_object(root))
		err = feed_refuse(r, NULL, NULL,
				  "not an object; one with the list prefixes is accepted");
	if (!err)
		err = feed_version(r, root, "syncToken", &feed->version);
	for (size_t k = 0; k < 2 && !err; k++)
		err = feed_list(r, root, kinds[k].list, k == 0, &lists[k]);
	if (!err)
		err = read_rows(r, feed, lists);
	json_decref(root);
	return err;
}
