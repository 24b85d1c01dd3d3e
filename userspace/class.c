// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classes: which endpoint sets, and so which prefixes, a name stands for. What a class excepts stands
 * before it in the file, so the classes it depends on are found by one walk backward and selected by
 * one walk forward, each once, however they except each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"

/* What a class needs of an earlier one. */
struct needed {
	bool needed;
	struct prefix *at;
	size_t count;
};

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

/* "Storage.*" is every name that begins so. */
static bool name_listed(const struct config_words *words, const char *name)
{
	for (size_t i = 0; i < words->count && name; i++) {
		const char *text = words->at[i].text;
		size_t length = strlen(text);

		if (length && text[length - 1] == '*' ? !strncasecmp(text, name, length - 1) :
							!strcasecmp(text, name))
			return true;
	}
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
	return listed(&class->areas, set->area) && listed(&class->services, set->area) &&
	       listed(&class->regions, set->region) && listed(&class->groups, set->group) &&
	       listed(&class->categories, feed_category_text(set->category)) &&
	       name_listed(&class->names, set->name) && id_listed(class, set->id) &&
	       (class->required < 0 || class->required == (int)set->required) &&
	       (class->expressroute < 0 || class->expressroute == (int)set->expressroute);
}

static size_t position(const struct config *c, const struct config_class *class)
{
	size_t i = 0;

	while (i < c->class_count && &c->classes[i] != class)
		i++;
	return i;
}

/* Marks what `class`, at position `before`, excepts; false when one is not there or not earlier. */
static bool mark(const struct config *c, const struct config_class *class, size_t before,
		 struct needed *needed)
{
	for (size_t i = 0; i < class->except.count; i++) {
		const struct config_class *other = config_class(c, class->except.at[i].text);

		if (!other || position(c, other) >= before)
			return false;
		needed[position(c, other)].needed = true;
	}
	return true;
}

/* Marks all that `class` depends on; false when a feed of those is not at hand. */
static bool mark_all(const struct config *c, const struct feeds *feeds,
		     const struct config_class *class, struct needed *needed)
{
	size_t i = position(c, class);
	bool whole = mark(c, class, i, needed);

	while (i--)
		if (needed[i].needed)
			whole &= (!c->classes[i].feed || class_feed(c, feeds, &c->classes[i])) &&
				 mark(c, &c->classes[i], i, needed);
	return whole;
}

bool class_known(const struct config *c, const struct feeds *feeds,
		 const struct config_class *class)
{
	struct needed *needed = calloc(c->class_count + 1, sizeof(*needed));
	bool known = needed && mark_all(c, feeds, class, needed);

	free(needed);
	return known && (!class->feed || class_feed(c, feeds, class));
}

/* What the class takes by itself: of its feed, and literally. */
static int select_own(const struct config *c, const struct feeds *feeds,
		      const struct config_class *class, struct prefix **out, size_t *count)
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

/* Takes away, one after the other, what the excepted classes hold; those have been selected. */
static int select_one(const struct config *c, const struct feeds *feeds,
		      const struct config_class *class, const struct needed *earlier,
		      struct prefix **out, size_t *count)
{
	int err = select_own(c, feeds, class, out, count);

	for (size_t i = 0; i < class->except.count && !err; i++) {
		size_t other = position(c, config_class(c, class->except.at[i].text));
		struct prefix *whole = *out;

		err = prefixes_without(whole, *count, earlier[other].at, earlier[other].count, out,
				       count);
		free(whole);
	}
	return err;
}

int class_select(const struct config *c, const struct feeds *feeds,
		 const struct config_class *class, struct prefix **out, size_t *count)
{
	struct needed *needed = calloc(c->class_count + 1, sizeof(*needed));
	int err = needed ? 0 : -ENOMEM;

	if (!err && !mark_all(c, feeds, class, needed)) {
		*count = 0;
		*out = calloc(1, sizeof(**out));
		err = *out ? 0 : -ENOMEM;
	} else {
		for (size_t i = 0; i < c->class_count && !err; i++)
			if (needed[i].needed)
				err = select_one(c, feeds, &c->classes[i], needed, &needed[i].at,
						 &needed[i].count);
		if (!err)
			err = select_one(c, feeds, class, needed, out, count);
	}
	for (size_t i = 0; needed && i < c->class_count; i++)
		free(needed[i].at);
	free(needed);
	return err;
}
