// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed_current.h"
#include "feed_judge.h"
#include "report.h"

bool feed_is_remote(const struct config_feed *f)
{
	return strstr(f->source, "://") != NULL;
}

struct feed_rules feed_rules(const struct config *c, const struct config_feed *f)
{
	return (struct feed_rules){ .lab = c->lab, .min4 = f->min4, .min6 = f->min6 };
}

int64_t feed_day(const char *date)
{
	struct tm day = { 0 };

	sscanf(date, "%4d%2d%2d", &day.tm_year, &day.tm_mon, &day.tm_mday);
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	return timegm(&day);
}

static struct feed *kept_feed(const struct config *c, const struct config_feed *f,
			      const struct feed_state *s, const struct feed_kept *k, struct report *report)
{
	struct feed_rules rules = feed_rules(c, f);
	struct feed *feed = NULL;
	size_t size = 0;
	char *body = feed_state_body(s, k, &size);

	if (body)
		feed = feed_parse(f->name, f->format, body, size, &rules, report);
	free(body);
	if (!feed)
		return NULL;
	/* Not the body's own word: of one version there may be two bodies, for two questions. */
	free(feed->version);
	feed->version = strdup(k->version);
	if (feed->version)
		return feed;
	feed_free(feed);
	return NULL;
}

/* Of what is kept the version in force, and if that is damaged the one before it that was in force. Newer
 * ones, which somebody went back past, come last. What it was read with then may have been looser than the
 * configuration is now: refused bodies are passed over. */
static struct feed *good_feed(const struct config *c, const struct config_feed *f, struct feed_state *s,
			      struct report *report)
{
	struct feed_kept *k = feed_state_find(s, s->in_force);
	struct report why = { 0 };
	struct feed *feed = k ? kept_feed(c, f, s, k, &why) : NULL;
	size_t first = k ? (size_t)(k - s->kept) + 1 : 0;

	for (size_t n = 0; n < s->kept_count && !feed; n++) {
		const struct feed_kept *other = &s->kept[(first + n) % s->kept_count];

		if (!other->held && other != k)
			feed = kept_feed(c, f, s, other, &why);
	}
	if (s->in_force[0] && (!feed || strcmp(feed->version, s->in_force)))
		report_warning(report, s->directory, 0, "feed %s: version %s is damaged: %s%s", f->name,
			       s->in_force, feed ? "in force is version " : "it is fetched anew",
			       feed ? feed->version : "");
	report_free(&why);
	return feed;
}

static struct feed *seed_feed(const struct config *c, const struct config_feed *f, struct report *report)
{
	struct feed_rules rules = feed_rules(c, f);
	char *path = feed_path(c->file, f->seed);
	struct feed *feed = path ? feed_read(f->name, f->format, path, &rules, report) : NULL;

	free(path);
	if (feed && !feed->version)
		feed->version = strdup("seed");
	return feed;
}

static bool drop(struct feed_set *set, const struct prefix *p)
{
	for (size_t i = 0; i < set->prefix_count; i++) {
		if (!prefix_equal(&set->prefixes[i], p))
			continue;
		memmove(&set->prefixes[i], &set->prefixes[i + 1],
			(--set->prefix_count - i) * sizeof(*set->prefixes));
		return true;
	}
	return false;
}

static void earlier(int64_t *wake, int64_t when)
{
	if (!*wake || when < *wake)
		*wake = when;
}

static void without_future(struct feed *feed, const struct feed_state *s, int64_t now, int64_t *wake)
{
	for (size_t i = 0; i < s->dated_count; i++) {
		const struct feed_pending *d = &s->dated[i];
		bool gone = false;

		if (feed_day(d->date) <= now)
			continue;
		for (size_t k = 0; k < feed->set_count; k++)
			if (feed->sets[k].id == d->set && !feed->sets[k].leaving)
				gone |= drop(&feed->sets[k], &d->prefix);
		if (gone)
			earlier(wake, feed_day(d->date));
	}
}

/* Moves a set, with those of its prefixes that are nowhere in the feed any more. */
static int add_leaving(struct feed *feed, struct feed_set *set, const struct prefix *there, size_t count)
{
	struct feed_set *grown;
	size_t kept = 0;

	for (size_t i = 0; i < set->prefix_count; i++)
		if (!bsearch(&set->prefixes[i], there, count, sizeof(*there), prefix_compare))
			set->prefixes[kept++] = set->prefixes[i];
	set->prefix_count = kept;
	if (!kept)
		return 0;
	grown = reallocarray(feed->sets, feed->set_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	feed->sets = grown;
	grown[feed->set_count] = *set;
	grown[feed->set_count++].leaving = true;
	*set = (struct feed_set){ 0 };
	return 1;
}

/* A prefix that another set took over is no loss: grace is for what left the feed as a whole. */
static int with_leaving(struct feed *feed, struct feed *former)
{
	struct prefix *there;
	size_t count;
	int err = feed_unique(feed, &there, &count), added = 0;

	for (size_t i = 0; i < former->set_count && err >= 0; i++) {
		err = add_leaving(feed, &former->sets[i], there, count);
		added |= err > 0;
	}
	free(there);
	return err < 0 ? err : added;
}

static int with_grace(const struct config *c, const struct config_feed *f, struct feed *feed,
		      const struct feed_state *s, int64_t now, int64_t *wake)
{
	int err = 0;

	for (size_t i = 0; i < s->kept_count && err >= 0; i++) {
		const struct feed_kept *k = &s->kept[i];
		struct report why = { 0 };
		struct feed *former;
		int64_t never = 0;

		if (!k->left || k->left + f->removal_grace <= now || !strcmp(k->version, feed->version))
			continue;
		former = kept_feed(c, f, s, k, &why);
		/* What was only announced when the version left was never in force. */
		if (former && f->additions_on_date)
			without_future(former, s, k->left, &never);
		err = former ? with_leaving(feed, former) : 0;
		if (err > 0)
			earlier(wake, k->left + f->removal_grace);
		feed_free(former);
		report_free(&why);
	}
	return err < 0 ? err : 0;
}

struct feed *feed_current(const struct config *c, const struct config_feed *f, struct feed_state *s,
			  int64_t now, int64_t *wake, struct report *report)
{
	struct feed *feed = good_feed(c, f, s, report);

	*wake = 0;
	if (!feed && f->seed)
		return seed_feed(c, f, report);
	if (!feed)
		report_warning(report, c->file, f->line,
			       "feeds[%s].source: %s: not fetched yet: its classes are empty until it is",
			       f->name, f->source);
	if (!feed)
		return NULL;
	if (f->additions_on_date)
		without_future(feed, s, now, wake);
	if (f->removal_grace && with_grace(c, f, feed, s, now, wake)) {
		report_error(report, c->file, f->line, "feed %s: out of memory", f->name);
		feed_free(feed);
		return NULL;
	}
	return feed;
}
