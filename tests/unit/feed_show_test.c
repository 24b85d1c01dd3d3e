// SPDX-License-Identifier: GPL-2.0-only
/* What `feed show` says of feeds with and without numbers, tags and exceptions, read back as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define print_error cmocka_print_error /* print.h has one of its own */
#include <cmocka.h>
#undef print_error
#include <jansson.h>
#include "../../userspace/feed.h"
#include "../../userspace/feed_show.h"
#include "../../userspace/print.h"
#include "../../userspace/report.h"

static json_t *shown;

static char *as_text(const struct config *c, const struct feeds *feeds, bool json)
{
	FILE *saved = stdout;
	struct instance instance;
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(instance_open(&instance, "unit"), 0);
	print_json = json;
	stdout = open_memstream(&text, &size);
	assert_non_null(stdout);
	assert_int_equal(feed_show(c, &instance, feeds, NULL), 0);
	fclose(stdout);
	stdout = saved;
	return text;
}

static int setup(void **state)
{
	static struct config_feed entries[] = {
		{ .name = "m365", .format = FEED_MICROSOFT365, .source = "microsoft365.json" },
		{ .name = "aws", .format = FEED_AWS_IP_RANGES, .source = "aws-ip-ranges.json" },
		{ .name = "goog", .format = FEED_GOOGLE, .source = "google.json" },
		{ .name = "cloud", .format = FEED_GOOGLE, .source = "google-cloud.json" },
	};
	static struct config_word cloud = { .text = "cloud" };
	static struct config_class classes[] = {
		{ .name = "cloud", .feed = "cloud", .required = -1, .expressroute = -1 },
		{ .name = "google",
		  .feed = "goog",
		  .required = -1,
		  .expressroute = -1,
		  .except = { &cloud, 1 } },
	};
	struct config c = { .file = "tests/data/feeds/x.yaml",
			    .name = "unit",
			    .lab = true,
			    .feeds = entries,
			    .feed_count = 4,
			    .classes = classes,
			    .class_count = 2 };
	struct report report = { 0 };
	struct feeds feeds;
	char *text;

	(void)state;
	assert_true(feeds_load(&c, NULL, &feeds, &report));
	text = as_text(&c, &feeds, false);
	assert_non_null(strstr(text, "198.18.0.0/20"));
	free(text);
	text = as_text(&c, &feeds, true);
	shown = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	feeds_free(&feeds);
	report_free(&report);
	return shown ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(shown);
	return 0;
}

/* The row of a table where two columns hold these texts, as one line of JSON. */
static void row_is(const char *table, const char *feed, const char *key, const char *value,
		   const char *want)
{
	json_t *row;
	char *text;
	size_t i;

	json_array_foreach(json_object_get(shown, table), i, row) {
		if (strcmp(json_string_value(json_object_get(row, "feed")), feed) ||
		    strcmp(json_string_value(json_object_get(row, key)), value))
			continue;
		text = json_dumps(row, JSON_COMPACT);
		assert_string_equal(text, want);
		free(text);
		return;
	}
	fail_msg("%s: no row %s %s", table, feed, value);
}

static void numbered_sets_say_all(void **state)
{
	(void)state;
	row_is("sets", "m365", "set", "46",
	       "{\"feed\":\"m365\",\"set\":\"46\",\"area\":\"Common\",\"region\":null,\"category\":\"Allow\","
	       "\"expressroute\":\"no\",\"required\":\"yes\",\"ipv4\":2,\"ipv6\":0,"
	       "\"tcp\":\"80,443,5000-5010\",\"udp\":null}");
	row_is("prefixes", "m365", "prefix", "198.18.0.0/20",
	       "{\"feed\":\"m365\",\"prefix\":\"198.18.0.0/20\",\"sets\":[\"1\",\"2\",\"46\"],"
	       "\"areas\":[\"Exchange\",\"Common\"],\"category\":\"Optimize\",\"expressroute\":\"yes\","
	       "\"classes\":[],\"tcp\":\"80,143,443,587,993,995,5000-5010\",\"udp\":\"443\"}");
}

static void sets_without_numbers_say_their_tags_and_nothing_else(void **state)
{
	(void)state;
	row_is("sets", "aws", "set", "S3/eu-west-1/eu-west-1",
	       "{\"feed\":\"aws\",\"set\":\"S3/eu-west-1/eu-west-1\",\"area\":\"S3\","
	       "\"region\":\"eu-west-1\",\"category\":null,\"expressroute\":null,\"required\":null,"
	       "\"ipv4\":1,\"ipv6\":1,\"tcp\":null,\"udp\":null}");
	row_is("prefixes", "goog", "prefix", "198.51.100.64/26",
	       "{\"feed\":\"goog\",\"prefix\":\"198.51.100.64/26\",\"sets\":[\"all\"],\"areas\":[],"
	       "\"category\":null,\"expressroute\":null,\"classes\":[\"google\"],\"tcp\":null,\"udp\":null}");
}

static bool in_google(const char *prefix)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(shown, "prefixes"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "feed")), "goog") &&
		    !strcmp(json_string_value(json_object_get(row, "prefix")), prefix))
			return json_array_size(json_object_get(row, "classes")) == 1;
	fail_msg("no row %s", prefix);
	return false;
}

static void prefix_that_is_excepted_whole_is_in_no_class(void **state)
{
	(void)state;
	assert_false(in_google("203.0.113.0/24"));
	assert_true(in_google("198.18.0.0/20")); /* split: some of it is left */
	assert_true(in_google("198.18.12.0/24")); /* inside a piece of that */
	assert_true(in_google("2001:db8::/36"));
	row_is("classes", "goog", "class", "google",
	       "{\"class\":\"google\",\"feed\":\"goog\",\"sets\":1,\"literal\":0,\"ipv4\":3,\"ipv6\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbered_sets_say_all),
		cmocka_unit_test(sets_without_numbers_say_their_tags_and_nothing_else),
		cmocka_unit_test(prefix_that_is_excepted_whole_is_in_no_class),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
