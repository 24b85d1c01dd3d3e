/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of fetched feeds: a place of their own, bodies, and a configuration without a file. */
#ifndef SAMEPATH_TESTS_FEED_HELP_H
#define SAMEPATH_TESTS_FEED_HELP_H

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed_current.h"
#include "../../userspace/feed_sync.h"
#include "../../userspace/report.h"

#define NOW 1700000000 /* 2023-11-14, any day */
#define DAY 86400
#define UNUSED __attribute__((unused))

static char help_root[32], help_pins[64], help_runs[64], help_states[64];
static struct instance instance;
static struct report report;
static struct config_feed feed_entry;
static struct config config;

/* Each test has an empty state, and the configuration below to change as it likes. */
static int fresh_place(void **state)
{
	(void)state;
	strcpy(help_root, "/tmp/spfdXXXXXX");
	if (!mkdtemp(help_root))
		return -1;
	snprintf(help_pins, sizeof(help_pins), "%s/pins", help_root);
	snprintf(help_runs, sizeof(help_runs), "%s/run", help_root);
	snprintf(help_states, sizeof(help_states), "%s/state", help_root);
	instance_pin_root = help_pins;
	instance_run_root = help_runs;
	instance_state_root = help_states;
	report = (struct report){ 0 };
	feed_entry = (struct config_feed){ .name = "m365", .source = "https://feed.example/", .line = 3,
					   .ipv6 = true, .min4 = 8, .min6 = 16, .hold_share = 20,
					   .interval = 3600, .timeout = 60 };
	config = (struct config){ .file = "tests/data/feeds/x.yaml", .lab = true, .name = "unit",
				  .feeds = &feed_entry, .feed_count = 1 };
	return instance_open(&instance, "unit") || instance_create(&instance);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static int remove_place(void **state)
{
	(void)state;
	report_free(&report);
	return nftw(help_root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* JSON is written with ' in tests, to be read by people. In place. */
static UNUSED char *json(char *text)
{
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return text;
}

/* A body of the web service: one endpoint set with these prefixes, as "'A','B'". */
static UNUSED const char *body_of(const char *prefixes)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
		 "'expressRoute':true,'ips':[%s]}]",
		 prefixes);
	return json(text);
}

static UNUSED struct feed_state state_now(void)
{
	struct feed_state s;

	assert_int_equal(feed_state_read(&instance, "m365", &s), 0);
	return s;
}

static UNUSED void keep(struct feed_state *s, const char *version, const char *prefixes, bool held)
{
	const char *body = body_of(prefixes);

	assert_int_equal(feed_state_keep(s, version, body, strlen(body), held, NOW, 0), 0);
}

static UNUSED const char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/feeds/m365/%s", instance.state, name);
	return path;
}

static UNUSED bool there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

static UNUSED void put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static UNUSED char *file_of(const char *name)
{
	char *text;
	size_t size;

	if (file_read(path_of(name), 1 << 20, &text, &size))
		fail_msg("no %s", name);
	return text;
}

/* The prefixes of a feed in order, each with '~' before it where it is leaving. Freed by the caller. */
static UNUSED char *prefixes_of(const struct feed *feed)
{
	struct feed_entry *entries;
	char *text = calloc(1, 4096), one[PREFIX_TEXT];
	size_t count;

	assert_non_null(text);
	assert_int_equal(feed_entries(feed, &entries, &count), 0);
	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, entries[i].set->leaving ? "~" : "");
		strcat(text, prefix_text(&entries[i].prefix, one));
	}
	free(entries);
	return text;
}

static UNUSED struct prefix prefix_of(const char *text)
{
	struct prefix p;
	const char *why;

	assert_int_equal(prefix_parse(text, &p, &why), 0);
	return p;
}

#endif
