// SPDX-License-Identifier: GPL-2.0-only
/* What is in force of each feed, since when, and what is to come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed_current.h"
#include "feed_judge.h"
#include "feed_show.h"
#include "print.h"

static void time_cell(int64_t seconds)
{
	time_t when = seconds;
	char text[32];
	struct tm day;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &day));
	print_cell_text(seconds ? text : NULL);
}

/* "empty" is an alarm. */
static const char *feed_state_word(const struct config_feed *f, const struct feed *feed,
			    const struct feed_state *s)
{
	if (!feed)
		return "empty";
	if (!feed_is_remote(f))
		return "file";
	return s->in_force[0] ? "in-force" : "seed";
}

static const char *odd_text(const struct feed *feed, char *buffer, size_t size)
{
	if (!feed || !feed->odd)
		return NULL;
	snprintf(buffer, size, "not known, and tolerated: %s", feed->odd);
	return buffer;
}

static int show_feed(const struct config_feed *f, const struct feed *feed, const struct feed_state *s)
{
	char odd[FEED_ODD + 32];
	struct prefix *unique = NULL;
	size_t count = 0;
	int err = feed ? feed_unique(feed, &unique, &count) : 0;

	if (err)
		return err;
	print_cell_text(f->name);
	print_cell_text(f->source);
	if (feed)
		print_cell_text(feed_state_word(f, feed, s));
	else
		print_cell_alarm(feed_state_word(f, feed, s));
	print_cell_text(feed ? feed->version : NULL);
	print_cell_number(feed ? feed->set_count : 0);
	print_cell_number(feed_of_family(unique, count, 4));
	print_cell_number(feed_of_family(unique, count, 6));
	time_cell(s->changed);
	time_cell(s->checked);
	if (s->held[0])
		print_cell_alarm(s->held);
	else
		print_cell_text(NULL);
	print_cell_number(s->failures);
	if (s->error[0] || s->held[0])
		print_cell_alarm(s->error[0] ? s->error : s->why_held);
	else
		print_cell_text(odd_text(feed, odd, sizeof(odd)));
	print_row_end();
	free(unique);
	return 0;
}

typedef int (*each_state)(const struct config_feed *f, const struct feed *feed, struct feed_state *s);

static int walk(const struct config *c, const struct instance *i, const struct feeds *feeds,
		const char *only, each_state each)
{
	int err = 0;

	for (size_t k = 0; k < c->feed_count && !err; k++) {
		struct feed_state s = { 0 };

		if (only && strcmp(c->feeds[k].name, only))
			continue;
		if (feed_is_remote(&c->feeds[k]))
			err = feed_state_read(i, c->feeds[k].name, &s);
		if (err == -EACCES) /* others see what is applied, not what is kept */
			err = 0;
		err = err ? err : each(&c->feeds[k], feeds->at[k], &s);
		feed_state_free(&s);
	}
	return err;
}

static int feed_row(const struct config_feed *f, const struct feed *feed, struct feed_state *s)
{
	return show_feed(f, feed, s);
}

int feed_show_table(const struct config *c, const struct instance *i, const struct feeds *feeds,
		    const char *only)
{
	static const char *const columns[] = { "feed", "source", "state", "version", "sets", "ipv4", "ipv6",
					       "changed", "checked", "held", "failures", "detail", NULL };
	int err;

	print_table_begin("feeds", columns);
	err = walk(c, i, feeds, only, feed_row);
	print_table_end();
	return err;
}

static int version_rows(const struct config_feed *f, const struct feed *feed, struct feed_state *s)
{
	(void)feed;
	for (size_t i = 0; i < s->kept_count; i++) {
		const struct feed_kept *k = &s->kept[i];

		print_cell_text(f->name);
		print_cell_text(k->version);
		print_cell_text(!strcmp(k->version, s->in_force) ? "in-force" : k->held ? "held" : "kept");
		time_cell(k->fetched);
		print_row_end();
	}
	return 0;
}

static void pending_row(const char *feed, const struct prefix *p, int set, const char *what, int64_t when)
{
	char text[PREFIX_TEXT];

	print_cell_text(feed);
	print_cell_text(prefix_text(p, text));
	print_cell_number((uint64_t)set);
	print_cell_text(what);
	time_cell(when);
	print_row_end();
}

/* When the last version that had the prefix was put out of force. */
static int64_t left(const struct feed_state *s)
{
	int64_t latest = 0;

	for (size_t i = 0; i < s->kept_count; i++)
		if (s->kept[i].left > latest)
			latest = s->kept[i].left;
	return latest;
}

static int pending_rows(const struct config_feed *f, const struct feed *feed, struct feed_state *s)
{
	int64_t now = time(NULL);

	for (size_t i = 0; i < s->dated_count; i++)
		if (feed_day(s->dated[i].date) > now)
			pending_row(f->name, &s->dated[i].prefix, s->dated[i].set,
				    f->additions_on_date ? "arrives" : "goes live",
				    feed_day(s->dated[i].date));
	for (size_t i = 0; feed && i < feed->set_count; i++)
		for (size_t k = 0; feed->sets[i].leaving && k < feed->sets[i].prefix_count; k++)
			pending_row(f->name, &feed->sets[i].prefixes[k], feed->sets[i].id, "leaves",
				    left(s) + f->removal_grace);
	return 0;
}

int feed_show_states(const struct config *c, const struct instance *i, const struct feeds *feeds,
		     const char *only)
{
	static const char *const versions[] = { "feed", "version", "state", "fetched", NULL };
	static const char *const pending[] = { "feed", "prefix", "set", "what", "when", NULL };
	int err = feed_show_table(c, i, feeds, only);

	print_table_begin("versions", versions);
	err = err ? err : walk(c, i, feeds, only, version_rows);
	print_table_end();
	print_table_begin("pending", pending);
	err = err ? err : walk(c, i, feeds, only, pending_rows);
	print_table_end();
	return err;
}
