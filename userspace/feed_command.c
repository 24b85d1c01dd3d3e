// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "apply.h"
#include "cmd.h"
#include "daemon.h"
#include "feed_command.h"
#include "feed_current.h"
#include "feed_drift.h"
#include "feed_show.h"
#include "feed_sync.h"
#include "print.h"

static bool is_feed(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->feed_count; i++)
		if (!strcmp(c->feeds[i].name, name))
			return true;
	return false;
}

int feed_command_show(int argc, char **argv)
{
	const char *only = argc ? argv[0] : NULL;
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	struct feed_gateway g;
	int status = EXIT_TROUBLE;

	if (feed_gateway_open(&g))
		return EXIT_TROUBLE;
	if (only && !is_feed(g.config, only))
		print_error("feed %s: no such feed in %s", only, g.config->file);
	else if (feed_gateway_readable(&g) && feeds_applied(g.config, g.instance.name, &feeds, &report))
		status = feed_show(g.config, &g.instance, &feeds, only) ? print_error("out of memory") :
									  EXIT_DONE;
	if (status != EXIT_DONE && report.count)
		report_print(&report);
	feeds_free(&feeds);
	feed_gateway_close(&g);
	report_free(&report);
	return status;
}

int feed_command_drift(int argc, char **argv)
{
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	struct feed_gateway g;
	int status = EXIT_TROUBLE;

	(void)argc;
	(void)argv;
	if (feed_gateway_open(&g))
		return EXIT_TROUBLE;
	if (feeds_applied(g.config, g.instance.name, &feeds, &report))
		status = feed_drift(g.config, &feeds);
	else
		report_print(&report);
	feeds_free(&feeds);
	feed_gateway_close(&g);
	report_free(&report);
	return status;
}

/* The row of one feed; for the daemon a line, when it says something new. */
static void say(const char *feed, const struct feed_outcome *out, bool due)
{
	if (!due) {
		print_cell_text(feed);
		print_cell_text(feed_result_text(out->result));
		print_cell_text(out->version[0] ? out->version : NULL);
		print_cell_text(out->why[0] ? out->why : NULL);
		print_row_end();
	} else if (out->news) {
		daemon_log(out->result == FEED_FAILED ? LOG_WARNING : LOG_NOTICE, "feed %s: %s%s%s%s%s",
			   feed, out->result == FEED_UNCHANGED ? "answers again" : feed_result_text(out->result),
			   out->version[0] ? ": version " : "",
			   out->version, out->why[0] ? ": " : "", out->why);
	}
}

static int worse(int status, enum feed_result result)
{
	int one = result == FEED_FAILED ? EXIT_TROUBLE : result == FEED_HELD ? EXIT_NO : EXIT_DONE;

	return one > status ? one : status;
}

static const char *const outcome_columns[] = { "feed", "result", "version", "detail", NULL };

int feed_command_fetch(int argc, char **argv)
{
	const char *only = NULL;
	bool force = false, due = false;
	struct feed_gateway g;
	int status = EXIT_DONE, at = -1;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--force"))
			force = true;
		else if (!strcmp(argv[i], "--due"))
			due = true;
		else if (argv[i][0] == '-' || only)
			return print_error("feed fetch %s: unknown; --force and the name of a feed are accepted",
					   argv[i]);
		else
			only = argv[i];
	}
	if (apply_environment() || feed_gateway_open(&g))
		return EXIT_TROUBLE;
	if (only)
		at = feed_gateway_find(&g, only);
	if (only && at < 0) {
		feed_gateway_close(&g);
		return EXIT_TROUBLE;
	}
	if (!due) {
		print_begin();
		print_table_begin("feeds", outcome_columns);
	}
	for (size_t i = 0; i < g.config->feed_count; i++) {
		struct feed_outcome out;

		if (!feed_is_remote(&g.config->feeds[i]) || (only && i != (size_t)at))
			continue;
		out = feed_sync(&g, i, due, force);
		say(g.config->feeds[i].name, &out, due);
		status = worse(status, out.result);
	}
	if (!due) {
		print_table_end();
		print_end();
	}
	feed_gateway_close(&g);
	return status;
}

/* [FEED] [VERSION]: one word is a feed where there is one of that name. */
static int split(const struct feed_gateway *g, int argc, char **argv, const char **version)
{
	bool named = argc == 2;

	if (argc == 1)
		named = is_feed(g->config, argv[0]);
	*version = argc > named ? argv[named] : NULL;
	return feed_gateway_find(g, named ? argv[0] : NULL);
}

static int decide(int argc, char **argv,
		  struct feed_outcome (*what)(struct feed_gateway *, size_t, const char *))
{
	struct feed_outcome out;
	struct feed_gateway g;
	const char *version, *name;
	int at, status = EXIT_TROUBLE;

	if (apply_environment() || feed_gateway_open(&g))
		return EXIT_TROUBLE;
	at = split(&g, argc, argv, &version);
	if (at >= 0) {
		name = g.config->feeds[at].name;
		out = what(&g, (size_t)at, version);
		status = worse(EXIT_DONE, out.result);
		if (status == EXIT_TROUBLE) {
			print_error("feed %s: %s%s%s", name, version ? version : "", version ? ": " : "",
				    out.why);
		} else {
			print_begin();
			print_table_begin("feeds", outcome_columns);
			say(name, &out, false);
			print_table_end();
			print_end();
		}
	}
	feed_gateway_close(&g);
	return status;
}

int feed_command_approve(int argc, char **argv)
{
	return decide(argc, argv, feed_approve);
}

int feed_command_rollback(int argc, char **argv)
{
	return decide(argc, argv, feed_rollback);
}
