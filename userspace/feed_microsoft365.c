// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of the Microsoft 365 endpoint web service, `/endpoints/INSTANCE`: an array of endpoint sets.
 *
 * Keys that are blank are absent: `ips` in most sets, `urls` and the ports in some. Ports come as text
 * with spaces, unordered, perhaps as ranges. What the service adds (keys, areas, categories) is
 * tolerated, as its clients must; what it cannot mean (a wrong type, a prefix with host bits, a range
 * nobody can own) refuses the whole body, because half of a feed is worse than the last good one.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <jansson.h>

#include "feed.h"
#include "feed_ports.h"
#include "report.h"

#define LENGTH_MIN4 8
#define LENGTH_MIN6 16
#define AREA_MAX 63 /* characters */
#define SHOWN 72 /* bytes of a foreign value in a message */

struct reader {
	const char *source, *name;
	bool lab;
	struct report *report;
	long long id; /* of the set that is being read */
	size_t odd_categories;
};

/* Foreign text for a message: one line, bounded, nothing that a terminal acts on. */
static const char *shown(const char *text, char *buffer)
{
	size_t n = 0;

	for (; text[n] && n < SHOWN - 4; n++)
		buffer[n] = isprint((unsigned char)text[n]) ? text[n] : '?';
	strcpy(buffer + n, text[n] ? "..." : "");
	return buffer;
}

static int refuse(const struct reader *r, const char *key, const json_t *value, const char *why)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	char buffer[SHOWN];

	report_error(r->report, r->source, 0, "feed %s: set %lld: %s: %s%s%s", r->name, r->id, key,
		     text ? shown(text, buffer) : value ? "value" : "", value ? ": " : "", why);
	free(text);
	return -EINVAL;
}

static int boolean(const struct reader *r, const json_t *set, const char *key, bool *out)
{
	const json_t *value = json_object_get(set, key);

	if (!value)
		return refuse(r, key, NULL, "missing; true or false is accepted");
	if (!json_is_boolean(value))
		return refuse(r, key, value, "true or false is accepted");
	*out = json_is_true(value);
	return 0;
}

static int area(const struct reader *r, const json_t *set, char **out)
{
	const json_t *value = json_object_get(set, "serviceArea");
	const char *text = json_string_value(value);
	size_t length = text ? strlen(text) : 0;

	if (!value)
		return refuse(r, "serviceArea", NULL, "missing; a name is accepted");
	if (!length || length > AREA_MAX)
		return refuse(r, "serviceArea", value, "a name of 1 to 63 characters is accepted");
	for (size_t i = 0; i < length; i++)
		if (!isgraph((unsigned char)text[i]))
			return refuse(r, "serviceArea", value, "a name without spaces is accepted");
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

static int category(struct reader *r, const json_t *set, enum feed_category *out)
{
	const json_t *value = json_object_get(set, "category");
	const char *text = json_string_value(value);

	if (!value)
		return refuse(r, "category", NULL, "missing; Optimize, Allow or Default is accepted");
	if (!text)
		return refuse(r, "category", value, "Optimize, Allow or Default is accepted");
	*out = CATEGORY_DEFAULT;
	for (int i = CATEGORY_DEFAULT; i <= CATEGORY_OPTIMIZE; i++)
		if (!strcasecmp(text, feed_category_text(i))) {
			*out = i;
			return 0;
		}
	r->odd_categories++;
	return 0;
}

static int ports(const struct reader *r, const json_t *set, const char *key, char **out)
{
	const json_t *value = json_object_get(set, key);
	const char *text = json_string_value(value);
	int err;

	if (!value)
		return 0;
	if (!text)
		return refuse(r, key, value, "text such as \"80,443\" or \"5000-5010\" is accepted");
	err = feed_ports(text, out);
	if (err == -EINVAL)
		return refuse(r, key, value, "ports 1 to 65535 and ranges, with commas, are accepted");
	return err;
}

static const char *prefix_refused(const struct prefix *p, bool lab)
{
	if (p->length == 0)
		return "default route; a published prefix is accepted";
	if (p->length < (p->family == 4 ? LENGTH_MIN4 : LENGTH_MIN6))
		return p->family == 4 ? "too short; /8 to /32 is accepted" :
					"too short; /16 to /128 is accepted";
	switch (prefix_scope(p)) {
	case SCOPE_PUBLIC:
		return NULL;
	case SCOPE_PRIVATE:
		return "private range; a public prefix is accepted";
	case SCOPE_DOCUMENTATION:
		return lab ? NULL : "documentation range; a public prefix is accepted, "
				    "this one with lab: true";
	case SCOPE_BENCHMARK:
		return lab ? NULL : "benchmarking range; a public prefix is accepted, "
				    "this one with lab: true";
	case SCOPE_SPECIAL:
		break;
	}
	return "special range (loopback, link-local, multicast or reserved); a public prefix is accepted";
}

static int prefixes(const struct reader *r, const json_t *set, struct feed_set *out)
{
	const json_t *list = json_object_get(set, "ips");
	size_t n = json_array_size(list), kept = 0;

	if (list && !json_is_array(list))
		return refuse(r, "ips", list, "a list of prefixes is accepted");
	out->prefixes = calloc(n + 1, sizeof(*out->prefixes));
	if (!out->prefixes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(list, i);
		struct prefix *p = &out->prefixes[i];
		const char *why = "a prefix as text is accepted";

		if (!json_is_string(value) || prefix_parse(json_string_value(value), p, &why))
			return refuse(r, "ips", value, why);
		why = prefix_refused(p, r->lab);
		if (why)
			return refuse(r, "ips", value, why);
	}
	qsort(out->prefixes, n, sizeof(*out->prefixes), prefix_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_equal(&out->prefixes[i], &out->prefixes[kept - 1]))
			out->prefixes[kept++] = out->prefixes[i];
	out->prefix_count = kept;
	return 0;
}

/* Patterns are for people and proxies, not for maps: kept as they are, but never as a control sequence. */
static int urls(const struct reader *r, const json_t *set, struct feed_set *out)
{
	const json_t *list = json_object_get(set, "urls");
	size_t n = json_array_size(list);

	if (list && !json_is_array(list))
		return refuse(r, "urls", list, "a list of names is accepted");
	out->urls = calloc(n + 1, sizeof(*out->urls));
	if (!out->urls)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(list, i);
		char *url;

		if (!json_is_string(value))
			return refuse(r, "urls", value, "a name as text is accepted");
		url = strdup(json_string_value(value));
		if (!url)
			return -ENOMEM;
		out->urls[out->url_count++] = url;
		for (; *url; url++)
			if (!isgraph((unsigned char)*url))
				*url = '?';
	}
	return 0;
}

static int set_id(struct reader *r, const json_t *set, size_t position, int *out)
{
	const json_t *value = json_is_object(set) ? json_object_get(set, "id") : NULL;
	long long id = json_integer_value(value);

	if (json_is_integer(value) && id > 0 && id <= INT_MAX) {
		r->id = id;
		*out = (int)id;
		return 0;
	}
	report_error(r->report, r->source, 0, "feed %s: entry %zu: %s", r->name, position + 1,
		     !json_is_object(set) ? "an object (an endpoint set) is accepted" :
		     !value ? "id: missing; a positive number is accepted" :
			      "id: a positive number is accepted");
	return -EINVAL;
}

static int read_set(struct reader *r, const json_t *set, size_t position, struct feed_set *out)
{
	int err = set_id(r, set, position, &out->id);

	if (!err)
		err = area(r, set, &out->area);
	if (!err)
		err = category(r, set, &out->category);
	if (!err)
		err = boolean(r, set, "expressRoute", &out->expressroute);
	if (!err)
		err = boolean(r, set, "required", &out->required);
	if (!err)
		err = prefixes(r, set, out);
	if (!err)
		err = ports(r, set, "tcpPorts", &out->tcp_ports);
	if (!err)
		err = ports(r, set, "udpPorts", &out->udp_ports);
	if (!err)
		err = urls(r, set, out);
	return err;
}

static int id_compare(const void *a, const void *b)
{
	const struct feed_set *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int read_sets(struct reader *r, struct feed *feed, const json_t *root)
{
	size_t n = json_array_size(root);
	int err = 0;

	feed->sets = calloc(n + 1, sizeof(*feed->sets));
	if (!feed->sets)
		return -ENOMEM;
	while (feed->set_count < n && !err) {
		size_t i = feed->set_count++;

		err = read_set(r, json_array_get(root, i), i, &feed->sets[i]);
	}
	if (err)
		return err;
	qsort(feed->sets, n, sizeof(*feed->sets), id_compare);
	for (size_t i = 1; i < n; i++)
		if (feed->sets[i].id == feed->sets[i - 1].id) {
			r->id = feed->sets[i].id;
			return refuse(r, "id", NULL, "stands twice; one set for each id is accepted");
		}
	if (r->odd_categories)
		report_warning(r->report, r->source, 0,
			       "feed %s: %zu sets of an unknown category, taken as Default", r->name,
			       r->odd_categories);
	return 0;
}

static void refuse_json(const struct reader *r, const json_error_t *error)
{
	int line = error->line > 0 ? error->line : 0;
	char buffer[SHOWN];

	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		report_error(r->report, r->source, line, "feed %s: not JSON: it ends too early, truncated",
			     r->name);
		break;
	case json_error_stack_overflow:
		report_error(r->report, r->source, line, "feed %s: nested too deeply", r->name);
		break;
	case json_error_duplicate_key:
		report_error(r->report, r->source, line, "feed %s: a key stands twice in one object",
			     r->name);
		break;
	default:
		report_error(r->report, r->source, line, "feed %s: not JSON: %s", r->name,
			     shown(error->text, buffer));
	}
}

int feed_microsoft365(struct feed *feed, const char *body, size_t size, bool lab,
		      struct report *report)
{
	struct reader r = {
		.source = feed->source, .name = feed->name, .lab = lab, .report = report,
	};
	json_error_t error;
	json_t *root;
	int err;

	if (!size) {
		report_error(report, feed->source, 0, "feed %s: empty body", feed->name);
		return -EINVAL;
	}
	root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		refuse_json(&r, &error);
		return -EINVAL;
	}
	if (json_array_size(root)) {
		err = read_sets(&r, feed, root);
	} else {
		report_error(report, feed->source, 0,
			     "feed %s: %s; a list of endpoint sets is accepted", feed->name,
			     json_is_array(root) ? "no endpoint set in it" : "not a list");
		err = -EINVAL;
	}
	json_decref(root);
	return err;
}
