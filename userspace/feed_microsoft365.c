// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of the Microsoft 365 endpoint web service, `/endpoints/INSTANCE`: an array of endpoint sets.
 *
 * Keys that are blank are absent: `ips` in most sets, `urls` and the ports in some. Ports come as text
 * with spaces, unordered, perhaps as ranges. What the service adds (keys, areas, categories) is
 * tolerated, as its clients must; what it cannot mean (a wrong type, a prefix with host bits, a range
 * nobody can own) refuses the whole body, because half of a feed is worse than the last good one.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feed_body.h"
#include "feed_ports.h"

/* What the service has that this reader does not know. Its clients must go on; people should hear of it. */
struct m365 {
	struct feed_reader *r;
	char odd[FEED_ODD]; /* "key sla, area MEM, category Gold" */
};

static void odd(struct m365 *m, const char *kind, const char *word)
{
	char shown[FEED_SHOWN], one[FEED_SHOWN + 16];
	size_t used = strlen(m->odd);

	snprintf(one, sizeof(one), "%s %s", kind, feed_shown(word, shown));
	if (!strstr(m->odd, one))
		snprintf(m->odd + used, sizeof(m->odd) - used, "%s%s", used ? ", " : "", one);
}

static void odd_keys(struct m365 *m, const json_t *set)
{
	static const char *const known[] = { "id", "serviceArea", "serviceAreaDisplayName", "urls", "ips",
					     "tcpPorts", "udpPorts", "expressRoute", "category",
					     "required", "notes", NULL };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)set, key, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key))
			i++;
		if (!known[i])
			odd(m, "key", key);
	}
}

static void odd_area(struct m365 *m, const char *area)
{
	static const char *const known[] = { "Common", "Exchange", "SharePoint", "Skype", NULL };

	for (size_t i = 0; known[i]; i++)
		if (!strcasecmp(known[i], area))
			return;
	odd(m, "area", area);
}

static int boolean(const struct feed_reader *r, const json_t *set, const char *key, bool *out)
{
	const json_t *value = json_object_get(set, key);

	if (!value)
		return feed_refuse(r, key, NULL, "missing; true or false is accepted");
	if (!json_is_boolean(value))
		return feed_refuse(r, key, value, "true or false is accepted");
	*out = json_is_true(value);
	return 0;
}

static int category(struct m365 *m, const json_t *set, enum feed_category *out)
{
	const json_t *value = json_object_get(set, "category");
	const char *text = json_string_value(value);

	if (!value)
		return feed_refuse(m->r, "category", NULL, "missing; Optimize, Allow or Default is accepted");
	if (!text)
		return feed_refuse(m->r, "category", value, "Optimize, Allow or Default is accepted");
	*out = CATEGORY_DEFAULT;
	for (int i = CATEGORY_DEFAULT; i <= CATEGORY_OPTIMIZE; i++)
		if (!strcasecmp(text, feed_category_text(i))) {
			*out = i;
			return 0;
		}
	odd(m, "category", text);
	return 0;
}

static int ports(const struct feed_reader *r, const json_t *set, const char *key, char **out)
{
	const json_t *value = json_object_get(set, key);
	const char *text = json_string_value(value);
	int err;

	if (!value)
		return 0;
	if (!text)
		return feed_refuse(r, key, value, "text such as \"80,443\" or \"5000-5010\" is accepted");
	err = feed_ports(text, out);
	if (err == -EINVAL)
		return feed_refuse(r, key, value, "ports 1 to 65535 and ranges, with commas, are accepted");
	return err;
}

static int urls(const struct feed_reader *r, const json_t *set, struct feed_set *out)
{
	const json_t *list = NULL;
	int err = feed_list(r, set, "urls", false, &list);

	return err ? err : feed_urls(r, list, out);
}

static int set_id(struct feed_reader *r, const json_t *set, size_t position, int *out)
{
	const json_t *value = json_is_object(set) ? json_object_get(set, "id") : NULL;
	long long id = json_integer_value(value);

	r->what = "entry";
	r->number = (long long)position + 1;
	if (!json_is_object(set))
		return feed_refuse(r, NULL, NULL, "an object (an endpoint set) is accepted");
	if (!value)
		return feed_refuse(r, "id", NULL, "missing; a positive number is accepted");
	if (!json_is_integer(value) || id <= 0 || id > INT_MAX)
		return feed_refuse(r, "id", value, "a positive number is accepted");
	r->what = "set";
	r->number = id;
	*out = (int)id;
	return 0;
}

static int read_set(struct m365 *m, const json_t *set, size_t position, struct feed_set *out)
{
	struct feed_reader *r = m->r;
	const json_t *ips = NULL;
	int err = set_id(r, set, position, &out->id);

	if (!err)
		err = feed_word(r, set, "serviceArea", true, &out->area);
	if (!err)
		err = category(m, set, &out->category);
	if (!err)
		err = boolean(r, set, "expressRoute", &out->expressroute);
	if (!err)
		err = boolean(r, set, "required", &out->required);
	if (!err)
		err = feed_list(r, set, "ips", false, &ips);
	if (!err)
		err = feed_prefixes(r, "ips", ips, out);
	if (!err)
		err = ports(r, set, "tcpPorts", &out->tcp_ports);
	if (!err)
		err = ports(r, set, "udpPorts", &out->udp_ports);
	if (!err)
		err = urls(r, set, out);
	if (!err) {
		odd_area(m, out->area);
		odd_keys(m, set);
	}
	return err;
}

static int id_compare(const void *a, const void *b)
{
	const struct feed_set *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int read_sets(struct m365 *m, struct feed *feed, const json_t *root)
{
	size_t n = json_array_size(root);
	int err = 0;

	feed->sets = calloc(n + 1, sizeof(*feed->sets));
	if (!feed->sets)
		return -ENOMEM;
	while (feed->set_count < n && !err) {
		size_t i = feed->set_count++;

		err = read_set(m, json_array_get(root, i), i, &feed->sets[i]);
	}
	if (err)
		return err;
	qsort(feed->sets, n, sizeof(*feed->sets), id_compare);
	for (size_t i = 1; i < n; i++)
		if (feed->sets[i].id == feed->sets[i - 1].id) {
			m->r->number = feed->sets[i].id;
			return feed_refuse(m->r, "id", NULL,
					   "stands twice; one set for each id is accepted");
		}
	if (!m->odd[0])
		return 0;
	report_warning(m->r->report, m->r->source, 0, "feed %s: not known, and tolerated: %s", m->r->name,
		       m->odd);
	feed->odd = strdup(m->odd);
	return feed->odd ? 0 : -ENOMEM;
}

int feed_microsoft365(struct feed_reader *r, struct feed *feed, const char *body, size_t size)
{
	struct m365 m = { .r = r };
	json_t *root = feed_json(r, body, size);
	int err;

	if (!root)
		return -EINVAL;
	if (json_array_size(root))
		err = read_sets(&m, feed, root);
	else
		err = feed_refuse(r, NULL, NULL,
				  json_is_array(root) ?
					  "no endpoint set in it; a list of endpoint sets is accepted" :
					  "not a list; a list of endpoint sets is accepted");
	json_decref(root);
	return err;
}
