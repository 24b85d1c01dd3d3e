// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real changes of the web service, where the captures are: 23 steps replayed forward, against bodies
 * that tests/lib/feed_history.py made by undoing them backwards from a capture.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed_changes.h"
#include "../../userspace/report.h"

static struct report report;
static const struct feed_rules rules = { .min4 = 8, .min6 = 16 };

static int setup(void **state)
{
	(void)state;
	memset(&report, 0, sizeof(report));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

/* The directory of captures; the test is skipped, aloud, where there is none. */
static const char *captures(void)
{
	const char *directory = getenv("SAMEPATH_FEEDS");

	if (!directory)
		directory = "../shared/feed";
	if (access(directory, R_OK | X_OK)) {
		print_message(
			"SKIPPED: no feed captures at %s; SAMEPATH_FEEDS names another place\n",
			directory);
		skip();
	}
	return directory;
}

static char *read_all(const char *path, size_t *size)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");

	if (!f || !text)
		fail_msg("%s", path);
	*size = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

static struct feed_changes *changes_file(const char *directory, const char *name)
{
	struct feed_changes *c;
	char path[256], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	text = read_all(path, &size);
	c = feed_changes_parse("m365", text, size, &rules, &report);
	if (!c)
		fail_msg("%s: %s", path, report.lines[0].text);
	free(text);
	return c;
}

static struct feed *body_file(const char *directory, const char *name)
{
	char path[256];
	struct feed *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = feed_read("m365", FEED_MICROSOFT365, path, &rules, &report);
	if (!f)
		fail_msg("%s: %s", path, report.lines[0].text);
	return f;
}

static void records_of_the_documentation_are_read(void **state)
{
	struct feed_changes *c = changes_file(captures(), "changes-docs-verbatim.json");
	struct feed_dated *dated;
	size_t n;

	(void)state;
	assert_int_equal(c->count, 4);
	assert_string_equal(c->at[0].version, "2018031301");
	assert_int_equal(c->at[0].add.id, 33);
	assert_int_equal(c->at[0].remove.prefix_count, 6);
	assert_int_equal(c->at[2].id, 424);
	assert_int_equal(c->at[2].remove.url_count, 2);
	assert_int_equal(feed_changes_dated(c, "2018031301", &dated, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(dated[0].set, 31);
	assert_string_equal(dated[0].date, "20180609"); /* before its version 2018062700 */
	free(dated);
	feed_changes_free(c);
}

/* The versions, the oldest first, that the independent tool has made bodies of. */
static size_t history(const char *directory, char versions[][16], size_t most)
{
	const char *from = captures();
	char command[1024];
	size_t n = 0;
	FILE *f;

	snprintf(command, sizeof(command),
		 "/usr/bin/python3 tests/lib/feed_history.py "
		 "%s/endpoints-worldwide-v2020080600.json 2020080600 "
		 "%s/changes-worldwide-reconstructed-2019010700-2020080600.json 2019010700 %s",
		 from, from, directory);
	f = popen(command, "r");
	assert_non_null(f);
	while (n < most && fscanf(f, "%15s", versions[n]) == 1)
		n++;
	assert_int_equal(pclose(f), 0);
	return n;
}

static void step(const char *directory, const struct feed_changes *c, struct feed *f,
		 const char *before, const char *version)
{
	char name[32], why[256] = "";
	struct feed *want;

	snprintf(name, sizeof(name), "%s.json", version);
	want = body_file(directory, name);
	assert_false(feed_equal(f, want, why, sizeof(why))); /* every step changes something */
	assert_int_equal(feed_changes_replay(f, c, before, version), 0);
	if (!feed_equal(f, want, why, sizeof(why)))
		fail_msg("%s: %s", version, why);
	feed_free(want);
}

static void remove_directory(const char *directory)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

static void real_steps_give_what_the_full_bodies_give(void **state)
{
	char directory[] = "/tmp/feed_changes.XXXXXX", versions[32][16], why[256] = "";
	struct feed *f, *genuine, *jump;
	struct feed_changes *c;
	size_t n;

	(void)state;
	captures();
	assert_non_null(mkdtemp(directory));
	n = history(directory, versions, 32);
	assert_int_equal(n, 24);
	c = changes_file(directory, "changes.json");
	assert_int_equal(c->count, 116);
	f = body_file(directory, "2019010700.json");
	jump = body_file(directory, "2019010700.json");
	for (size_t i = 1; i < n; i++) {
		step(directory, c, f, versions[i - 1], versions[i]);
		if (strcmp(versions[i], "2020070800"))
			continue;
		genuine = body_file(captures(), "endpoints-worldwide-v2020070800.json");
		if (!feed_equal(f, genuine, why, sizeof(why)))
			fail_msg("the genuine 2020070800: %s", why);
		feed_free(genuine);
	}
	assert_int_equal(feed_changes_replay(jump, c, "2019010700", "2020080600"), 0);
	if (!feed_equal(f, jump, why, sizeof(why)))
		fail_msg("all at once: %s", why);
	feed_changes_free(c);
	feed_free(jump);
	feed_free(f);
	remove_directory(directory);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_of_the_documentation_are_read),
		T(real_steps_give_what_the_full_bodies_give),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
