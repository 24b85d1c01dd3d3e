// SPDX-License-Identifier: GPL-2.0-only
/* Two bodies of one feed, prefix by prefix and set by set. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_diff.h"

/* A set is the same one when its number is. */
static int set_compare(const struct feed_set *a, const struct feed_set *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

static int set_order(const void *a, const void *b)
{
	return set_compare(*(const struct feed_set *const *)a, *(const struct feed_set *const *)b);
}

static size_t same_prefix(const struct feed_entry *e, size_t count)
{
	size_t n = count > 0;

	while (n < count && prefix_equal(&e[0].prefix, &e[n].prefix))
		n++;
	return n;
}

static bool has_set(const struct feed_entry *e, size_t count, const struct feed_set *set)
{
	for (size_t i = 0; i < count; i++)
		if (!set_compare(e[i].set, set))
			return true;
	return false;
}

static bool same_sets(const struct feed_change_prefix *p)
{
	for (size_t i = 0; i < p->from_count; i++)
		if (!has_set(p->to, p->to_count, p->from[i].set))
			return false;
	for (size_t i = 0; i < p->to_count; i++)
		if (!has_set(p->from, p->from_count, p->to[i].set))
			return false;
	return true;
}

static int compare_prefixes(struct feed_difference *c)
{
	size_t a = 0, b = 0;

	c->prefixes = calloc(c->from_count + c->to_count + 1, sizeof(*c->prefixes));
	if (!c->prefixes)
		return -ENOMEM;
	while (a < c->from_count || b < c->to_count) {
		struct feed_change_prefix p = { .from = c->from + a, .to = c->to + b };
		int order = a == c->from_count ? 1 :
			    b == c->to_count ? -1 :
					       prefix_compare(&p.from->prefix, &p.to->prefix);

		p.prefix = order <= 0 ? p.from->prefix : p.to->prefix;
		p.from_count = order <= 0 ? same_prefix(p.from, c->from_count - a) : 0;
		p.to_count = order >= 0 ? same_prefix(p.to, c->to_count - b) : 0;
		a += p.from_count;
		b += p.to_count;
		if (!same_sets(&p))
			c->prefixes[c->prefix_count++] = p;
	}
	return 0;
}

/* A body need not be sorted by set. NULL: out of memory. */
static const struct feed_set **sets_sorted(const struct feed *f)
{
	size_t count = f ? f->set_count : 0;
	const struct feed_set **sets = calloc(count + 1, sizeof(*sets));

	for (size_t i = 0; sets && i < count; i++)
		sets[i] = &f->sets[i];
	if (sets && count)
		qsort(sets, count, sizeof(*sets), set_order);
	return sets;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_set(const struct feed_change_set *s)
{
	const struct feed_set *a = s->from, *b = s->to;

	return a && b && !s->added && !s->removed && same_text(a->area, b->area) &&
	       a->category == b->category && a->expressroute == b->expressroute &&
	       a->required == b->required && same_text(a->tcp_ports, b->tcp_ports) &&
	       same_text(a->udp_ports, b->udp_ports);
}

/* How many prefixes of one set the other has not; the list of the prefixes that changed tells. */
static void count_prefixes(const struct feed_difference *c, struct feed_change_set *s)
{
	for (size_t i = 0; i < c->prefix_count; i++) {
		const struct feed_change_prefix *p = &c->prefixes[i];
		bool was = s->from && has_set(p->from, p->from_count, s->from);
		bool is = s->to && has_set(p->to, p->to_count, s->to);

		s->added += is && !was;
		s->removed += was && !is;
	}
}

static int compare_sets(struct feed_difference *c, const struct feed *from, const struct feed *to)
{
	size_t a = 0, b = 0, as = from ? from->set_count : 0, bs = to ? to->set_count : 0;
	const struct feed_set **x = sets_sorted(from), **y = sets_sorted(to);
	int err = -ENOMEM;

	c->sets = calloc(as + bs + 1, sizeof(*c->sets));
	if (!x || !y || !c->sets)
		goto out;
	err = 0;
	while (a < as || b < bs) {
		struct feed_change_set s = { 0 };
		int order = a == as ? 1 : b == bs ? -1 : set_compare(x[a], y[b]);

		s.from = order <= 0 ? x[a++] : NULL;
		s.to = order >= 0 ? y[b++] : NULL;
		count_prefixes(c, &s);
		if (!same_set(&s))
			c->sets[c->set_count++] = s;
	}
out:
	free(x);
	free(y);
	return err;
}

int feed_difference(const struct feed *from, const struct feed *to, struct feed_difference *out)
{
	int err = 0;

	*out = (struct feed_difference){ 0 };
	if (from)
		err = feed_entries(from, &out->from, &out->from_count);
	if (to && !err)
		err = feed_entries(to, &out->to, &out->to_count);
	if (!err)
		err = compare_prefixes(out);
	if (!err)
		err = compare_sets(out, from, to);
	if (err)
		feed_difference_free(out);
	return err;
}

void feed_difference_free(struct feed_difference *c)
{
	free(c->from);
	free(c->to);
	free(c->prefixes);
	free(c->sets);
	*c = (struct feed_difference){ 0 };
}
