// SPDX-License-Identifier: GPL-2.0-only
/* Changes done to a feed, what comes of it compared with another, and the days of additions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_changes.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void feed_urls_order(struct feed_set *set)
{
	size_t kept = 0;

	qsort(set->urls, set->url_count, sizeof(*set->urls), by_text);
	for (size_t i = 0; i < set->url_count; i++) {
		if (kept && !strcmp(set->urls[i], set->urls[kept - 1]))
			free(set->urls[i]);
		else
			set->urls[kept++] = set->urls[i];
	}
	set->url_count = kept;
}

/* What a change lists is sorted, each once. */
static bool is_listed(const struct feed_set *in, const struct prefix *p)
{
	return bsearch(p, in->prefixes, in->prefix_count, sizeof(*p), prefix_compare);
}

static bool is_named(const struct feed_set *in, char *const *url)
{
	return bsearch(url, in->urls, in->url_count, sizeof(*url), by_text);
}

static int replace(char **at, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

static void take_away(struct feed_set *set, const struct feed_set *removed)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->prefix_count; i++)
		if (!is_listed(removed, &set->prefixes[i]))
			set->prefixes[kept++] = set->prefixes[i];
	set->prefix_count = kept;
	kept = 0;
	for (size_t i = 0; i < set->url_count; i++) {
		if (is_named(removed, &set->urls[i]))
			free(set->urls[i]);
		else
			set->urls[kept++] = set->urls[i];
	}
	set->url_count = kept;
}

static int add_prefixes(struct feed_set *set, const struct feed_set *added)
{
	size_t n = set->prefix_count + added->prefix_count;
	struct prefix *grown;

	if (!added->prefix_count)
		return 0;
	grown = realloc(set->prefixes, n * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memcpy(grown + set->prefix_count, added->prefixes, added->prefix_count * sizeof(*grown));
	set->prefixes = grown;
	set->prefix_count = prefixes_order(grown, n);
	return 0;
}

static int add_urls(struct feed_set *set, const struct feed_set *added)
{
	char **grown;

	if (!added->url_count)
		return 0;
	grown = realloc(set->urls, (set->url_count + added->url_count) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	set->urls = grown;
	for (size_t i = 0; i < added->url_count; i++) {
		grown[set->url_count] = strdup(added->urls[i]);
		if (!grown[set->url_count])
			return -ENOMEM;
		set->url_count++;
	}
	feed_urls_order(set);
	return 0;
}

/* What is in both `remove` and `add` of one record is there afterwards. */
static int change_set(struct feed_set *set, const struct feed_change *c)
{
	int err = 0;

	if (c->remove.prefix_count || c->remove.url_count)
		take_away(set, &c->remove);
	err |= add_prefixes(set, &c->add);
	err |= add_urls(set, &c->add);
	if (c->add.area)
		err |= replace(&set->area, c->add.area);
	if (c->says_category)
		set->category = c->add.category;
	if (c->says_expressroute)
		set->expressroute = c->add.expressroute;
	if (c->says_required)
		set->required = c->add.required;
	if (c->says_tcp)
		err |= replace(&set->tcp_ports, c->add.tcp_ports);
	if (c->says_udp)
		err |= replace(&set->udp_ports, c->add.udp_ports);
	return err ? -ENOMEM : 0;
}

/* Where the set is, or where it belongs: sets lie by id. */
static size_t place_of(const struct feed *feed, int id)
{
	size_t first = 0, end = feed->set_count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (feed->sets[middle].id < id)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static int insert_set(struct feed *feed, size_t at, int id)
{
	struct feed_set *grown = realloc(feed->sets, (feed->set_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	feed->sets = grown;
	memmove(grown + at + 1, grown + at, (feed->set_count - at) * sizeof(*grown));
	feed->set_count++;
	grown[at] = (struct feed_set){ .id = id };
	return 0;
}

static void remove_set(struct feed *feed, size_t at)
{
	feed_set_clear(&feed->sets[at]);
	feed->set_count--;
	memmove(feed->sets + at, feed->sets + at + 1, (feed->set_count - at) * sizeof(*feed->sets));
}

static int change_feed(struct feed *feed, const struct feed_change *c)
{
	size_t at = place_of(feed, c->add.id);
	bool there = at < feed->set_count && feed->sets[at].id == c->add.id;
	int err = 0;

	if (c->disposition == SET_REMOVED && there)
		remove_set(feed, at);
	if (c->disposition == SET_REMOVED || (c->disposition == SET_CHANGED && !there))
		return 0;
	if (!there)
		err = insert_set(feed, at, c->add.id);
	return err ? err : change_set(&feed->sets[at], c);
}

int feed_changes_replay(struct feed *feed, const struct feed_changes *c, const char *after,
			const char *upto)
{
	int err = 0;

	for (size_t i = 0; i < c->count && !err; i++)
		if (strcmp(c->at[i].version, after) > 0 && strcmp(c->at[i].version, upto) <= 0)
			err = change_feed(feed, &c->at[i]);
	return err ? err : replace(&feed->version, upto);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

static bool differ_text(char *why, size_t size, int id, const char *what, const char *a,
			const char *b)
{
	if (same_text(a, b))
		return false;
	snprintf(why, size, "set %d: %s: %.80s in the first, %.80s in the second", id, what,
		 a ? a : "none", b ? b : "none");
	return true;
}

static bool differ_attributes(const struct feed_set *a, const struct feed_set *b, char *why,
			      size_t size)
{
	static const char *const truth[] = { "false", "true" };

	return differ_text(why, size, a->id, "serviceArea", a->area, b->area) ||
	       differ_text(why, size, a->id, "category", feed_category_text(a->category),
			   feed_category_text(b->category)) ||
	       differ_text(why, size, a->id, "expressRoute", truth[a->expressroute],
			   truth[b->expressroute]) ||
	       differ_text(why, size, a->id, "required", truth[a->required], truth[b->required]) ||
	       differ_text(why, size, a->id, "tcpPorts", a->tcp_ports, b->tcp_ports) ||
	       differ_text(why, size, a->id, "udpPorts", a->udp_ports, b->udp_ports);
}

static const char *only_in(int order)
{
	return order < 0 ? "first" : "second";
}

/* Both lists are sorted, without duplicates. */
static bool differ_prefixes(const struct feed_set *a, const struct feed_set *b, char *why,
			    size_t size)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < a->prefix_count || i < b->prefix_count; i++) {
		int order = i >= a->prefix_count ? 1 :
			    i >= b->prefix_count ? -1 :
						   prefix_compare(&a->prefixes[i], &b->prefixes[i]);

		if (!order)
			continue;
		snprintf(why, size, "set %d: %s only in the %s", a->id,
			 prefix_text(order < 0 ? &a->prefixes[i] : &b->prefixes[i], text),
			 only_in(order));
		return true;
	}
	return false;
}

/* A sorted copy of the list, each once; the texts stay the set's. */
static char **sorted_urls(const struct feed_set *set, size_t *count)
{
	char **list = calloc(set->url_count + 1, sizeof(*list));
	size_t kept = 0;

	*count = 0;
	if (!list)
		return NULL;
	for (size_t i = 0; i < set->url_count; i++)
		list[i] = set->urls[i];
	qsort(list, set->url_count, sizeof(*list), by_text);
	for (size_t i = 0; i < set->url_count; i++)
		if (!kept || strcmp(list[i], list[kept - 1]))
			list[kept++] = list[i];
	*count = kept;
	return list;
}

static bool differ_urls(const struct feed_set *a, const struct feed_set *b, char *why, size_t size)
{
	size_t n, m;
	char **x = sorted_urls(a, &n), **y = sorted_urls(b, &m);
	bool differ = !x || !y;

	if (differ)
		snprintf(why, size, "out of memory");
	for (size_t i = 0; !differ && (i < n || i < m); i++) {
		int order = i >= n ? 1 : i >= m ? -1 : strcmp(x[i], y[i]);

		differ = order != 0;
		if (differ)
			snprintf(why, size, "set %d: %.100s only in the %s", a->id,
				 order < 0 ? x[i] : y[i], only_in(order));
	}
	free(x);
	free(y);
	return differ;
}

bool feed_equal(const struct feed *a, const struct feed *b, char *why, size_t size)
{
	for (size_t i = 0; i < a->set_count || i < b->set_count; i++) {
		const struct feed_set *x = &a->sets[i], *y = &b->sets[i];
		int order = i >= a->set_count ? 1 :
			    i >= b->set_count ? -1 :
						(x->id > y->id) - (x->id < y->id);

		if (order) {
			snprintf(why, size, "set %d only in the %s", order < 0 ? x->id : y->id,
				 only_in(order));
			return false;
		}
		if (differ_attributes(x, y, why, size) || differ_prefixes(x, y, why, size) ||
		    differ_urls(x, y, why, size))
			return false;
	}
	return true;
}

/* The latest first. */
static int by_addition(const void *a, const void *b)
{
	const struct feed_dated *x = a, *y = b;
	int order = (x->set > y->set) - (x->set < y->set);

	if (!order)
		order = prefix_compare(&x->prefix, &y->prefix);
	if (!order)
		order = strcmp(y->version, x->version);
	return order ? order : strcmp(y->date, x->date);
}

static size_t list_additions(const struct feed_changes *c, const char *after,
			     struct feed_dated *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct feed_change *r = &c->at[i];

		if (after && strcmp(r->version, after) <= 0)
			continue;
		for (size_t j = 0; j < r->add.prefix_count; j++, n++)
			if (out) {
				out[n].set = r->add.id;
				out[n].prefix = r->add.prefixes[j];
				strcpy(out[n].date, r->effective);
				strcpy(out[n].version, r->version);
			}
	}
	return n;
}

int feed_changes_dated(const struct feed_changes *c, const char *after, struct feed_dated **out,
		       size_t *count)
{
	size_t n = list_additions(c, after, NULL), kept = 0;
	struct feed_dated *all = calloc(n + 1, sizeof(*all)), last = { 0 };

	if (!all)
		return -ENOMEM;
	list_additions(c, after, all);
	qsort(all, n, sizeof(*all), by_addition);
	for (size_t i = 0; i < n; i++) {
		bool again =
			i && all[i].set == last.set && prefix_equal(&all[i].prefix, &last.prefix);

		last = all[i];
		if (!again && last.date[0])
			all[kept++] = last;
	}
	*out = all;
	*count = kept;
	return 0;
}
