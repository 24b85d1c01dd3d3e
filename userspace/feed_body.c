// SPDX-License-Identifier: GPL-2.0-only
/* What all readers of bodies share: JSON, refusals, and the judgement of one prefix or word. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_body.h"

#define WHY_TEXT 64

const char *feed_shown(const char *text, char buffer[FEED_SHOWN])
{
	size_t n = 0;

	for (; text[n] && n < FEED_SHOWN - 4; n++)
		buffer[n] = isprint((unsigned char)text[n]) ? text[n] : '?';
	strcpy(buffer + n, text[n] ? "..." : "");
	return buffer;
}

/* "set 7: " or "tag Storage.WestUS2: ", or nothing. */
static void place(const struct feed_reader *r, char *out, size_t size)
{
	char buffer[FEED_SHOWN];

	out[0] = '\0';
	if (r->what && r->label)
		snprintf(out, size, "%s %s: ", r->what, feed_shown(r->label, buffer));
	else if (r->what)
		snprintf(out, size, "%s %lld: ", r->what, r->number);
}

int feed_refuse_text(const struct feed_reader *r, const char *key, const char *text,
		     const char *why)
{
	char where[FEED_SHOWN + 32], buffer[FEED_SHOWN];

	place(r, where, sizeof(where));
	report_error(r->report, r->source, r->line, "feed %s: %s%s%s%s%s%s", r->name, where,
		     key ? key : "", key ? ": " : "", text ? feed_shown(text, buffer) : "",
		     text ? ": " : "", why);
	return -EINVAL;
}

int feed_refuse(const struct feed_reader *r, const char *key, const json_t *value, const char *why)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	int err = feed_refuse_text(r, key, text ? text : value ? "value" : NULL, why);

	free(text);
	return err;
}

static void refuse_json(const struct feed_reader *r, const json_error_t *error)
{
	int line = error->line > 0 ? error->line : 0;
	char buffer[FEED_SHOWN];

	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		report_error(r->report, r->source, line,
			     "feed %s: not JSON: it ends too early, truncated", r->name);
		break;
	case json_error_stack_overflow:
		report_error(r->report, r->source, line, "feed %s: nested too deeply", r->name);
		break;
	case json_error_duplicate_key:
		report_error(r->report, r->source, line,
			     "feed %s: a key stands twice in one object", r->name);
		break;
	default:
		report_error(r->report, r->source, line, "feed %s: not JSON: %s", r->name,
			     feed_shown(error->text, buffer));
	}
}

json_t *feed_json(const struct feed_reader *r, const char *body, size_t size)
{
	json_error_t error;
	json_t *root;

	if (!size) {
		report_error(r->report, r->source, 0, "feed %s: empty body", r->name);
		return NULL;
	}
	root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		refuse_json(r, &error);
	return root;
}

/* Why no provider can mean this prefix; NULL: it may. `buffer` is of WHY_TEXT bytes. */
static const char *prefix_refused(const struct prefix *p, const struct feed_rules *rules,
				  char *buffer)
{
	unsigned int least = p->family == 4 ? rules->min4 : rules->min6;

	if (p->length == 0)
		return "default route; a published prefix is accepted";
	if (p->length < least) {
		snprintf(buffer, WHY_TEXT, "too short; /%u to /%u is accepted", least,
			 p->family == 4 ? 32u : 128u);
		return buffer;
	}
	switch (prefix_scope(p)) {
	case SCOPE_PUBLIC:
		return NULL;
	case SCOPE_PRIVATE:
		return "private range; a public prefix is accepted";
	case SCOPE_DOCUMENTATION:
		return rules->lab ? NULL :
				    "documentation range; a public prefix is accepted, "
				    "this one with lab: true";
	case SCOPE_BENCHMARK:
		return rules->lab ? NULL :
				    "benchmarking range; a public prefix is accepted, "
				    "this one with lab: true";
	case SCOPE_SPECIAL:
		break;
	}
	return "special range (loopback, link-local, multicast or reserved); a public prefix is accepted";
}

static const char *judged(const char *text, const struct feed_rules *rules, char *buffer,
			  struct prefix *out)
{
	const char *why;

	return prefix_parse(text, out, &why) ? why : prefix_refused(out, rules, buffer);
}

int feed_prefix_text(const struct feed_reader *r, const char *key, const char *text,
		     struct prefix *out)
{
	char buffer[WHY_TEXT];
	const char *why = judged(text, r->rules, buffer, out);

	return why ? feed_refuse_text(r, key, text, why) : 0;
}

int feed_prefix(const struct feed_reader *r, const char *key, const json_t *value,
		struct prefix *out)
{
	const char *text = json_string_value(value);
	const char *why = "a prefix as text is accepted";
	char buffer[WHY_TEXT];

	if (text)
		why = judged(text, r->rules, buffer, out);
	return why ? feed_refuse(r, key, value, why) : 0;
}

int feed_prefix_of(const struct feed_reader *r, const char *key, const json_t *value, int family,
		   struct prefix *out)
{
	int err = feed_prefix(r, key, value, out);

	if (!err && out->family != family)
		err = feed_refuse(r, key, value,
				  family == 4 ? "an IPv4 prefix is accepted" :
						"an IPv6 prefix is accepted");
	return err;
}

int feed_list(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	      const json_t **out)
{
	*out = json_object_get(object, key);
	if (*out ? json_is_array(*out) : !required)
		return 0;
	return feed_refuse(r, key, *out,
			   *out ? "a list is accepted" : "missing; a list is accepted");
}

int feed_prefixes(const struct feed_reader *r, const char *key, const json_t *list,
		  struct feed_set *out)
{
	size_t n = json_array_size(list);
	int err = 0;

	out->prefixes = calloc(n + 1, sizeof(*out->prefixes));
	if (!out->prefixes)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++)
		err = feed_prefix(r, key, json_array_get(list, i), &out->prefixes[i]);
	if (!err)
		out->prefix_count = prefixes_order(out->prefixes, n);
	return err;
}

int feed_tag(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	     const char **out)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	size_t length = text ? strlen(text) : 0;

	*out = NULL;
	if (!required && (!value || json_is_null(value) || (text && !length)))
		return 0;
	if (!value)
		return feed_refuse(r, key, NULL, "missing; a name is accepted");
	if (!length || length > FEED_WORD_MAX)
		return feed_refuse(r, key, value, "a name of 1 to 127 characters is accepted");
	for (size_t i = 0; i < length; i++)
		if (!isprint((unsigned char)text[i]))
			return feed_refuse(r, key, value, "a name of plain characters is accepted");
	*out = text;
	return 0;
}

static int copied(const char *text, char **out)
{
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

int feed_word(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	      char **out)
{
	const char *text;
	int err = feed_tag(r, object, key, required, &text);

	*out = NULL;
	return err || !text ? err : copied(text, out);
}

int feed_version(const struct feed_reader *r, const json_t *object, const char *key, char **out)
{
	static const char why[] = "1 to 40 letters, digits, dots, dashes, underscores are accepted";
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	char number[24];

	*out = NULL;
	if (!value)
		return 0;
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		text = number;
	}
	if (!text || !text[0] || strlen(text) > FEED_VERSION_MAX)
		return feed_refuse(r, key, value, why);
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return feed_refuse(r, key, value, why);
	return copied(text, out);
}

/* Patterns are for people and proxies, not for maps: kept as they are, but never as a control sequence. */
int feed_urls(const struct feed_reader *r, const json_t *list, struct feed_set *out)
{
	size_t n = json_array_size(list);

	out->urls = calloc(n + 1, sizeof(*out->urls));
	if (!out->urls)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(list, i);
		char *url;

		if (!json_is_string(value))
			return feed_refuse(r, "urls", value, "a name as text is accepted");
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

int feed_listed(struct feed_reader *r, struct feed *feed, const char *body, size_t size,
		const char *version, const char *list,
		int (*read)(struct feed_reader *r, struct feed *feed, const json_t *list))
{
	json_t *root = feed_json(r, body, size);
	const json_t *entries = NULL;
	char why[96];
	int err = 0;

	if (!root)
		return -EINVAL;
	snprintf(why, sizeof(why), "not an object; one with the list %s is accepted", list);
	if (!json_is_object(root))
		err = feed_refuse(r, NULL, NULL, why);
	if (!err)
		err = feed_version(r, root, version, &feed->version);
	if (!err)
		err = feed_list(r, root, list, true, &entries);
	if (!err)
		err = read(r, feed, entries);
	json_decref(root);
	return err;
}
