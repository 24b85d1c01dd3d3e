// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "feed_record.h"

#define RECORD_VERSION 1

static json_t *prefixes_json(const struct feed_set *s)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->prefix_count; i++)
		json_array_append_new(list, json_string(prefix_text(&s->prefixes[i], text)));
	return list;
}

static json_t *urls_json(const struct feed_set *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->url_count; i++)
		json_array_append_new(list, json_string(s->urls[i]));
	return list;
}

static json_t *set_json(const struct feed_set *s)
{
	return json_pack("{si ss* ss* ss* ss* si sb sb sb ss* ss* so so}", "id", s->id, "name", s->name,
			 "area", s->area, "region", s->region, "group", s->group, "category",
			 (int)s->category, "expressroute", s->expressroute, "required", s->required,
			 "leaving", s->leaving, "tcp", s->tcp_ports, "udp", s->udp_ports, "prefixes",
			 prefixes_json(s), "urls", urls_json(s));
}

/* A path of the system may be no UTF-8, which JSON must be. It is for people. */
static json_t *source_json(const char *source)
{
	json_t *value = json_string(source);
	char *copy = value ? NULL : strdup(source);

	for (char *p = copy; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	if (copy)
		value = json_string(copy);
	free(copy);
	return value;
}

char *feed_record_text(const struct feed *feed, size_t *size)
{
	json_t *sets = json_array(), *root;
	char *text;

	for (size_t i = 0; i < feed->set_count; i++)
		json_array_append_new(sets, set_json(&feed->sets[i]));
	root = json_pack("{si so ss* ss* so}", "record", RECORD_VERSION, "source", source_json(feed->source),
			 "version", feed->version, "odd", feed->odd, "sets", sets);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	*size = text ? strlen(text) : 0;
	return text;
}

static bool take_text(const json_t *o, const char *key, char **out)
{
	const json_t *value = json_object_get(o, key);

	*out = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
	return !value || *out;
}

static bool take_prefixes(const json_t *list, struct feed_set *s)
{
	size_t n = json_array_size(list);
	const char *why;

	s->prefixes = calloc(n + 1, sizeof(*s->prefixes));
	for (; s->prefixes && s->prefix_count < n; s->prefix_count++) {
		const char *text = json_string_value(json_array_get(list, s->prefix_count));

		if (!text || prefix_parse(text, &s->prefixes[s->prefix_count], &why))
			return false;
	}
	return json_is_array(list) && s->prefixes;
}

static bool take_urls(const json_t *list, struct feed_set *s)
{
	size_t n = json_array_size(list);

	s->urls = calloc(n + 1, sizeof(*s->urls));
	for (; s->urls && s->url_count < n; s->url_count++) {
		const char *text = json_string_value(json_array_get(list, s->url_count));

		s->urls[s->url_count] = text ? strdup(text) : NULL;
		if (!s->urls[s->url_count])
			return false;
	}
	return json_is_array(list) && s->urls;
}

static bool take_set(const json_t *o, struct feed_set *s)
{
	const json_t *id = json_object_get(o, "id"), *category = json_object_get(o, "category");
	json_int_t number = json_integer_value(id), mark = json_integer_value(category);

	s->id = (int)number;
	s->category = (enum feed_category)mark;
	s->expressroute = json_is_true(json_object_get(o, "expressroute"));
	s->required = json_is_true(json_object_get(o, "required"));
	s->leaving = json_is_true(json_object_get(o, "leaving"));
	return json_is_integer(id) && number >= 0 && number <= INT_MAX && json_is_integer(category) &&
	       mark >= CATEGORY_DEFAULT && mark <= CATEGORY_OPTIMIZE && take_text(o, "name", &s->name) &&
	       take_text(o, "area", &s->area) && take_text(o, "region", &s->region) &&
	       take_text(o, "group", &s->group) && take_text(o, "tcp", &s->tcp_ports) &&
	       take_text(o, "udp", &s->udp_ports) && take_prefixes(json_object_get(o, "prefixes"), s) &&
	       take_urls(json_object_get(o, "urls"), s);
}

static bool take_feed(const json_t *root, struct feed *feed)
{
	const json_t *sets = json_object_get(root, "sets");
	size_t n = json_array_size(sets);

	if (json_integer_value(json_object_get(root, "record")) != RECORD_VERSION || !json_is_array(sets) ||
	    !take_text(root, "source", &feed->source) || !feed->source ||
	    !take_text(root, "version", &feed->version) || !take_text(root, "odd", &feed->odd))
		return false;
	feed->sets = calloc(n + 1, sizeof(*feed->sets));
	while (feed->sets && feed->set_count < n) {
		size_t i = feed->set_count++;

		if (!take_set(json_array_get(sets, i), &feed->sets[i]))
			return false;
	}
	return feed->sets != NULL;
}

struct feed *feed_record_parse(const char *name, const char *text, size_t size)
{
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	struct feed *feed = root ? calloc(1, sizeof(*feed)) : NULL;

	if (feed)
		feed->name = strdup(name);
	if (feed && (!feed->name || !take_feed(root, feed))) {
		feed_free(feed);
		feed = NULL;
	}
	json_decref(root);
	return feed;
}
