// SPDX-License-Identifier: GPL-2.0-only
/* Reader of the changes of the Microsoft 365 endpoint web service. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feed_body.h"
#include "feed_changes.h"
#include "feed_ports.h"

void feed_changes_free(struct feed_changes *changes)
{
	if (!changes)
		return;
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->at[i].impact);
		feed_set_clear(&changes->at[i].add);
		feed_set_clear(&changes->at[i].remove);
	}
	free(changes->at);
	free(changes);
}

static int number(const struct feed_reader *r, const json_t *record, const char *key, int *out)
{
	const json_t *value = json_object_get(record, key);
	long long n = json_integer_value(value);

	if (!json_is_integer(value) || n <= 0 || n > INT_MAX)
		return feed_refuse(r, key, value,
				   value ? "a positive number is accepted" :
					   "missing; a positive number is accepted");
	*out = (int)n;
	return 0;
}

/* One that is not known is taken as a change: what counts is what the record adds and removes. */
static int disposition(struct feed_reader *r, const json_t *record, enum feed_disposition *out)
{
	static const char *const words[] = { "Change", "Add", "Remove" };
	const json_t *value = json_object_get(record, "disposition");
	const char *text = json_string_value(value);
	char shown[FEED_SHOWN];

	*out = SET_CHANGED;
	if (!text)
		return feed_refuse(r, "disposition", value, "Change, Add or Remove is accepted");
	for (int i = SET_CHANGED; i <= SET_REMOVED; i++)
		if (!strcasecmp(text, words[i])) {
			*out = i;
			return 0;
		}
	report_warning(r->report, r->source, 0, "record %lld: disposition %s is not known, taken as Change",
		       r->number, feed_shown(text, shown));
	return 0;
}

static int version(const struct feed_reader *r, const json_t *record, char *out)
{
	const json_t *value = json_object_get(record, "version");
	const char *text = json_string_value(value);

	if (!feed_version_valid(text))
		return feed_refuse(r, "version", value, "ten digits, YYYYMMDDNN, are accepted");
	strcpy(out, text);
	return 0;
}

static bool is_date(const char *text)
{
	int month, day;

	if (strlen(text) != 8 || strspn(text, "0123456789") != 8)
		return false;
	month = (text[4] - '0') * 10 + text[5] - '0';
	day = (text[6] - '0') * 10 + text[7] - '0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int date(const struct feed_reader *r, const json_t *add, char *out)
{
	const json_t *value = json_object_get(add, "effectiveDate");
	const char *text = json_string_value(value);

	if (!value || json_is_null(value))
		return 0;
	if (!text || !is_date(text))
		return feed_refuse(r, "add: effectiveDate", value, "a day, YYYYMMDD, is accepted");
	strcpy(out, text);
	return 0;
}

/* The object at `key`; NULL where it is not. */
static int object(const struct feed_reader *r, const json_t *record, const char *key,
		  const json_t **out)
{
	*out = json_object_get(record, key);
	if (!*out || json_is_object(*out))
		return 0;
	return feed_refuse(r, key, *out, "an object is accepted");
}

/* `add` or `remove`. */
static int what(const struct feed_reader *r, const json_t *record, const char *key,
		struct feed_set *out, char *effective)
{
	const json_t *o, *ips = NULL, *names = NULL;
	int err = object(r, record, key, &o);

	if (!err)
		err = feed_list(r, o, "ips", false, &ips);
	if (!err)
		err = feed_prefixes(r, "ips", ips, out);
	if (!err)
		err = feed_list(r, o, "urls", false, &names);
	if (!err)
		err = feed_urls(r, names, out);
	if (!err)
		feed_urls_order(out);
	return err || !effective ? err : date(r, o, effective);
}

/* Ports that only `previous` has are gone: a blank key is an absent key. */
static int ports(const struct feed_reader *r, const json_t *previous, const json_t *current,
		 const char *key, bool *said, char **out)
{
	const json_t *value = json_object_get(current, key);
	const char *text = json_string_value(value);
	int err;

	*said = value || json_object_get(previous, key);
	if (!value)
		return 0;
	if (!text)
		return feed_refuse(r, key, value,
				   "text such as \"80,443\" or \"5000-5010\" is accepted");
	err = feed_ports(text, out);
	if (err == -EINVAL)
		return feed_refuse(r, key, value,
				   "ports 1 to 65535 and ranges, with commas, are accepted");
	return err;
}

static int boolean(const struct feed_reader *r, const json_t *current, const char *key, bool *said,
		   bool *out)
{
	const json_t *value = json_object_get(current, key);

	*said = value != NULL;
	*out = json_is_true(value);
	if (value && !json_is_boolean(value))
		return feed_refuse(r, key, value, "true or false is accepted");
	return 0;
}

/* Unknown ones count as Default, as in a body. */
static int category(const struct feed_reader *r, const json_t *current, struct feed_change *out)
{
	const json_t *value = json_object_get(current, "category");
	const char *text = json_string_value(value);

	out->says_category = value != NULL;
	out->add.category = CATEGORY_DEFAULT;
	if (value && !text)
		return feed_refuse(r, "category", value, "Optimize, Allow or Default is accepted");
	for (int i = CATEGORY_DEFAULT; text && i <= CATEGORY_OPTIMIZE; i++)
		if (!strcasecmp(text, feed_category_text(i)))
			out->add.category = i;
	return 0;
}

static int attributes(const struct feed_reader *r, const json_t *record, struct feed_change *out)
{
	const json_t *previous, *current;
	struct feed_set *set = &out->add;
	int err = object(r, record, "previous", &previous);

	if (!err)
		err = object(r, record, "current", &current);
	if (!err)
		err = feed_word(r, current, "serviceArea", false, &set->area);
	if (!err)
		err = category(r, current, out);
	if (!err)
		err = boolean(r, current, "expressRoute", &out->says_expressroute,
			      &set->expressroute);
	if (!err)
		err = boolean(r, current, "required", &out->says_required, &set->required);
	if (!err)
		err = ports(r, previous, current, "tcpPorts", &out->says_tcp, &set->tcp_ports);
	if (!err)
		err = ports(r, previous, current, "udpPorts", &out->says_udp, &set->udp_ports);
	return err;
}

static int read_change(struct feed_reader *r, const json_t *record, size_t position,
		       struct feed_change *out)
{
	int err;

	r->what = "entry";
	r->number = (long long)position + 1;
	if (!json_is_object(record))
		return feed_refuse(r, NULL, NULL, "an object (a change) is accepted");
	err = number(r, record, "id", &out->id);
	if (err)
		return err;
	r->what = "change";
	r->number = out->id;
	err = number(r, record, "endpointSetId", &out->add.id);
	if (!err)
		err = disposition(r, record, &out->disposition);
	if (!err)
		err = version(r, record, out->version);
	if (!err)
		err = feed_word(r, record, "impact", false, &out->impact);
	if (!err)
		err = attributes(r, record, out);
	if (!err)
		err = what(r, record, "add", &out->add, out->effective);
	if (!err)
		err = what(r, record, "remove", &out->remove, NULL);
	out->remove.id = out->add.id;
	return err;
}

static int by_version(const void *a, const void *b)
{
	const struct feed_change *x = a, *y = b;
	int order = strcmp(x->version, y->version);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int read_changes(struct feed_reader *r, struct feed_changes *out, const json_t *root)
{
	size_t n = json_array_size(root);
	int err = 0;

	if (!json_is_array(root))
		return feed_refuse(r, NULL, NULL, "not a list; a list of changes is accepted");
	out->at = calloc(n + 1, sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	while (out->count < n && !err) {
		size_t i = out->count++;

		out->at[i].order = i;
		err = read_change(r, json_array_get(root, i), i, &out->at[i]);
	}
	if (!err)
		qsort(out->at, n, sizeof(*out->at), by_version);
	return err;
}

struct feed_changes *feed_changes_parse(const char *name, const char *body, size_t size,
					const struct feed_rules *rules, struct report *report)
{
	struct feed_reader r = { .source = name, .name = name, .rules = rules, .report = report };
	json_t *root = feed_json(&r, body, size);
	struct feed_changes *out;
	int err = -ENOMEM;

	if (!root)
		return NULL;
	out = calloc(1, sizeof(*out));
	if (out)
		err = read_changes(&r, out, root);
	if (err == -ENOMEM)
		report_error(report, name, 0, "feed %s: out of memory", name);
	json_decref(root);
	if (!err)
		return out;
	feed_changes_free(out);
	return NULL;
}
