// SPDX-License-Identifier: GPL-2.0-only
/* What the web service's changes are good for: the days on which additions go live, and a second
 * opinion on the body. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed_change.h"
#include "feed_changes.h"
#include "feed_current.h"

/* Is the day of the addition still to come? */
static bool future(const struct feed_dated *d, int64_t now)
{
	return feed_day(d->date) > now;
}

static void put_date(struct feed_state *s, const struct feed_dated *d)
{
	struct feed_pending *to = &s->dated[s->dated_count];

	for (size_t i = 0; i < s->dated_count; i++)
		if (s->dated[i].set == d->set && prefix_equal(&s->dated[i].prefix, &d->prefix))
			to = &s->dated[i];
	s->dated_count += to == &s->dated[s->dated_count];
	*to = (struct feed_pending){ .set = d->set, .prefix = d->prefix };
	memcpy(to->date, d->date, sizeof(to->date));
}

static int put_dates(struct feed_state *s, const struct feed_changes *changes, const char *since,
		     int64_t now)
{
	struct feed_pending *grown;
	struct feed_dated *found;
	size_t count;
	int err = feed_changes_dated(changes, since, &found, &count);

	if (err)
		return err;
	grown = reallocarray(s->dated, s->dated_count + count + 1, sizeof(*grown));
	if (grown)
		s->dated = grown;
	for (size_t i = 0; grown && i < count; i++)
		if (future(&found[i], now))
			put_date(s, &found[i]);
	free(found);
	return grown ? 0 : -ENOMEM;
}

/* A choice of areas, a tenant or no IPv6 is in the body, and not in the changes. */
static bool comparable(const struct config_feed *f)
{
	return !f->areas.count && !f->tenant && f->ipv6;
}

/* Replayed over the body they were asked since, they must give the body that came. */
static void second_opinion(const struct config *c, const struct config_feed *f, struct feed_state *s,
			   const struct feed_changes *changes, const char *since, const struct feed *feed,
			   const char *version, char *why, size_t size)
{
	const struct feed_kept *k = feed_state_find(s, since);
	struct feed_rules rules = feed_rules(c, f);
	struct report report = { 0 };
	char differs[FEED_TEXT / 2];
	struct feed *was = NULL;
	size_t length = 0;
	char *body = k ? feed_state_body(s, k, &length) : NULL;

	if (body)
		was = feed_parse(f->name, f->format, body, length, &rules, &report);
	if (was && !feed_changes_replay(was, changes, since, version) &&
	    !feed_equal(was, feed, differs, sizeof(differs)))
		snprintf(why, size, "its /changes give another body: %s", differs);
	feed_free(was);
	free(body);
	report_free(&report);
}

int feed_take_changes(const struct config *c, const struct config_feed *f, struct feed_state *s,
		      const struct feed_told *told, int64_t now, char *why, size_t size)
{
	struct feed_rules rules = feed_rules(c, f);
	struct report report = { 0 };
	struct feed_changes *changes = feed_changes_parse(f->name, told->changes, told->size, &rules, &report);
	int err = 0;

	why[0] = '\0';
	if (report.count)
		snprintf(why, size, "its /changes: %s", report.lines[0].text);
	if (changes) {
		err = put_dates(s, changes, told->since, now);
		if (!err && !why[0] && comparable(f))
			second_opinion(c, f, s, changes, told->since, told->feed, told->version, why, size);
	}
	feed_changes_free(changes);
	report_free(&report);
	return err;
}
