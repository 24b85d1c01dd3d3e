// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_judge.h"


/* The first own prefix that a prefix of the feed touches. A segment that is everything says nothing. */
static const struct prefix *touched(const struct prefix *p, const struct config_prefixes *own)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->at[i].prefix.length && prefix_overlaps(p, &own->at[i].prefix))
			return &own->at[i].prefix;
	return NULL;
}

/* Whose it is, for the message; NULL: nobody's here. */
static const char *owner(const struct config *c, const struct prefix *p, const struct prefix **own)
{
	for (size_t i = 0; i < c->segment_count; i++)
		if ((*own = touched(p, &c->segments[i].prefixes)))
			return c->segments[i].name;
	for (size_t i = 0; i < c->circuit_count; i++) {
		const struct config_circuit *k = &c->circuits[i];

		if ((*own = touched(p, &k->outbound_pool)) || (*own = touched(p, &k->inbound_pool)) ||
		    (*own = touched(p, &k->advertise)))
			return k->name;
	}
	for (size_t i = 0; i < c->service_count; i++)
		if ((*own = touched(p, &c->services[i].public)))
			return c->services[i].name;
	return NULL;
}

bool feed_is_foreign(const struct config *c, const struct feed *feed, struct report *report)
{
	char text[PREFIX_TEXT], mine[PREFIX_TEXT], label[96];

	for (size_t i = 0; i < feed->set_count; i++)
		for (size_t k = 0; k < feed->sets[i].prefix_count; k++) {
			const struct prefix *p = &feed->sets[i].prefixes[k], *own = NULL;
			const char *whose = owner(c, p, &own);

			if (!whose)
				continue;
			feed_set_label(&feed->sets[i], label, sizeof(label));
			report_error(report, feed->source, 0,
				     "feed %s: set %s: %s: touches %s of %s, the site's own; prefixes of others are accepted",
				     feed->name, label, prefix_text(p, text), prefix_text(own, mine), whose);
			return false;
		}
	return true;
}

static int unique(const struct feed *feed, bool leaving, struct prefix **out, size_t *count)
{
	struct feed_entry *entries;
	size_t n = 0, kept = 0;
	int err = feed_entries(feed, &entries, &n);

	if (err)
		return err;
	*out = calloc(n + 1, sizeof(**out));
	for (size_t i = 0; *out && i < n; i++)
		if ((leaving || !entries[i].set->leaving) &&
		    (!kept || !prefix_equal(&(*out)[kept - 1], &entries[i].prefix)))
			(*out)[kept++] = entries[i].prefix;
	*count = kept;
	free(entries);
	return *out ? 0 : -ENOMEM;
}

int feed_unique(const struct feed *feed, struct prefix **out, size_t *count)
{
	return unique(feed, true, out, count);
}

static void __attribute__((format(printf, 2, 3))) hold(struct feed_judgement *j, const char *format, ...)
{
	size_t used = strlen(j->why);
	va_list arguments;

	if (used)
		used += (size_t)snprintf(j->why + used, sizeof(j->why) - used, "; ");
	if (used < sizeof(j->why)) {
		va_start(arguments, format);
		vsnprintf(j->why + used, sizeof(j->why) - used, format, arguments);
		va_end(arguments);
	}
	j->held = true;
}

static void count_one(void *judgement, const struct prefix *p, bool arrives)
{
	struct feed_judgement *j = judgement;

	(void)p;
	*(arrives ? &j->added : &j->removed) += 1;
}

/* What left before and stays for its grace was judged when it left. */
static int count_moves(const struct feed *was, const struct feed *next, struct feed_judgement *j)
{
	struct prefix *a = NULL, *b = NULL;
	size_t m = 0, n = 0;
	int err = unique(was, false, &a, &m);

	err = err ? err : unique(next, false, &b, &n);
	if (!err)
		prefixes_differ(a, m, b, n, count_one, j);
	j->before = m;
	free(a);
	free(b);
	return err;
}

static void judge_share(const struct config_feed *f, struct feed_judgement *j)
{
	if (!j->before || f->hold_share >= 100)
		return;
	if (j->removed * 100 > j->before * f->hold_share)
		hold(j, "%zu of %zu prefixes leave, above %u %%", j->removed, j->before, f->hold_share);
	if (j->added * 100 > j->before * f->hold_share)
		hold(j, "%zu prefixes arrive beside %zu, above %u %%", j->added, j->before, f->hold_share);
}

/* Sets are sorted by number, so one walk over both finds the pairs. */
static void judge_marks(const struct feed *was, const struct feed *next, struct feed_judgement *j)
{
	for (size_t i = 0, k = 0; i < was->set_count && k < next->set_count;) {
		const struct feed_set *a = &was->sets[i], *b = &next->sets[k];

		if (a->id && a->id == b->id && !a->leaving && a->expressroute != b->expressroute)
			hold(j, "set %d: expressRoute %s", b->id,
			     b->expressroute ? "false -> true" : "true -> false");
		i += a->id <= b->id;
		k += a->id >= b->id;
	}
}

/* Of all classes, for `except` empties also those that take nothing from this feed. */
static int judge_classes(const struct config *c, size_t at, const struct feeds *feeds,
			 const struct feed *next, struct feed_judgement *j)
{
	struct feeds after = { .count = feeds->count, .at = calloc(feeds->count + 1, sizeof(*after.at)) };
	int err = after.at ? 0 : -ENOMEM;

	if (!err) {
		memcpy(after.at, feeds->at, feeds->count * sizeof(*after.at));
		after.at[at] = (struct feed *)next;
	}
	for (size_t i = 0; i < c->class_count && !err; i++) {
		struct prefix *was = NULL, *is = NULL;
		size_t m = 0, n = 0;

		err = class_select(c, feeds, &c->classes[i], &was, &m);
		err = err ? err : class_select(c, &after, &c->classes[i], &is, &n);
		if (!err && m && !n)
			hold(j, "class %s would be empty", c->classes[i].name);
		free(was);
		free(is);
	}
	free(after.at);
	return err;
}

int feed_judge(const struct config *c, size_t at, const struct feeds *feeds, const struct feed *next,
	       struct feed_judgement *out)
{
	const struct feed *was = feeds->at[at];
	int err;

	*out = (struct feed_judgement){ 0 };
	if (!was)
		return 0;
	err = count_moves(was, next, out);
	if (err)
		return err;
	judge_share(&c->feeds[at], out);
	judge_marks(was, next, out);
	return judge_classes(c, at, feeds, next, out);
}
