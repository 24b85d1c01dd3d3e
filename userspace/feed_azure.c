// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of Azure's service tags, the weekly file and the API's answer alike: {"changeNumber": 1,
 * "values": [{"name": "Storage.WestUS2", "properties": {"region", "systemService",
 * "addressPrefixes": [...]}}]}. The API writes numbers as text. A tag without a region is the worldwide
 * one, and holds what its regional tags hold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_body.h"

static int read_tag(struct feed_reader *r, const json_t *tag, struct feed_set *out)
{
	const json_t *properties, *list = NULL;
	int err = 0;

	if (!json_is_object(tag))
		err = feed_refuse(r, NULL, NULL, "an object (a service tag) is accepted");
	if (!err)
		err = feed_word(r, tag, "name", true, &out->name);
	if (err)
		return err;
	r->label = out->name;
	properties = json_object_get(tag, "properties");
	if (!json_is_object(properties))
		return feed_refuse(r, "properties", properties, "an object is accepted");
	err = feed_word(r, properties, "systemService", false, &out->area);
	if (!err)
		err = feed_word(r, properties, "region", false, &out->region);
	if (!err)
		err = feed_list(r, properties, "addressPrefixes", true, &list);
	if (!err)
		err = feed_prefixes(r, "addressPrefixes", list, out);
	return err;
}

static int name_compare(const void *a, const void *b)
{
	const struct feed_set *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

/* What is one class's and what a hold is about goes by the name, so a name means one tag. */
static int check_tags(struct feed_reader *r, struct feed *feed)
{
	size_t prefixes = 0;

	qsort(feed->sets, feed->set_count, sizeof(*feed->sets), name_compare);
	for (size_t i = 0; i < feed->set_count; i++) {
		prefixes += feed->sets[i].prefix_count;
		if (i && !name_compare(&feed->sets[i - 1], &feed->sets[i]))
			return feed_refuse_text(r, "values", feed->sets[i].name,
						"stands twice; one tag of each name is accepted");
	}
	return prefixes ? 0 :
			  feed_refuse(r, NULL, NULL, "no prefix in it; service tags are accepted");
}

static int read_tags(struct feed_reader *r, struct feed *feed, const json_t *list)
{
	size_t n = json_array_size(list);
	int err = 0;

	feed->sets = calloc(n + 1, sizeof(*feed->sets));
	if (!feed->sets)
		return -ENOMEM;
	while (feed->set_count < n && !err) {
		size_t i = feed->set_count++;

		r->what = "values";
		r->number = (long long)i + 1;
		err = read_tag(r, json_array_get(list, i), &feed->sets[i]);
		r->label = r->what = NULL;
	}
	return err ? err : check_tags(r, feed);
}

int feed_azure(struct feed_reader *r, struct feed *feed, const char *body, size_t size)
{
	return feed_listed(r, feed, body, size, "changeNumber", "values", read_tags);
}
