// SPDX-License-Identifier: GPL-2.0-only
/* Classes: which endpoint sets, and so which prefixes, a name stands for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"

const struct feed *class_feed(const struct config *c, const struct feeds *feeds,
			      const struct config_class *class)
{
	if (!class->feed)
		return NULL;
	for (size_t i = 0; i < c->feed_count && i < feeds->count; i++)
		if (!strcmp(c->feeds[i].name, class->feed))
			return feeds->at[i];
	return NULL;
}

/* No list asks for nothing, and what has no such tag is in no list. Providers write area and category
 * in one case, people in any. */
static bool listed(const struct config_words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++)
		if (text && !strcasecmp(words->at[i].text, text))
			return true;
	return words->count == 0;
}

static bool id_listed(const struct config_class *class, int id)
{
	for (size_t i = 0; i < class->id_count; i++)
		if (class->ids[i] == id)
			return true;
	return class->id_count == 0;
}

bool class_takes_set(const struct config_class *class, const struct feed_set *set)
{
	return listed(&class->areas, set->area) &&
	       listed(&class->categories, feed_category_text(set->category)) &&
	       id_listed(class, set->id) &&
	       (class->required < 0 || class->required == (int)set->required) &&
	       (class->expressroute < 0 || class->expressroute == (int)set->expressroute);
}

int class_select(const struct config *c, const struct feeds *feeds, const struct config_class *class,
		 struct prefix **out, size_t *count)
{
	const struct feed *feed = class_feed(c, feeds, class);
	size_t sets = feed ? feed->set_count : 0, n = class->prefixes.count;
	struct prefix *found;

	for (size_t i = 0; i < sets; i++)
		if (class_takes_set(class, &feed->sets[i]))
			n += feed->sets[i].prefix_count;
	found = calloc(n + 1, sizeof(*found));
	if (!found)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < class->prefixes.count; i++)
		found[n++] = class->prefixes.at[i].prefix;
	for (size_t i = 0; i < sets; i++) {
		const struct feed_set *set = &feed->sets[i];

		if (!class_takes_set(class, set) || !set->prefix_count)
			continue;
		memcpy(found + n, set->prefixes, set->prefix_count * sizeof(*found));
		n += set->prefix_count;
	}
	*out = found;
	*count = prefixes_order(found, n);
	return 0;
}
