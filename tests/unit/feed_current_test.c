// SPDX-License-Identifier: GPL-2.0-only
/* The feed as it shall be in the maps at a moment. */
#include "feed_help.h"

#define A "198.18.1.0/24"
#define B "198.18.2.0/24"
#define C "2001:db8:3::/48"

static struct feed_state kept;

static int setup(void **state)
{
	int err = fresh_place(state);

	kept = err ? (struct feed_state){ 0 } : state_now();
	return err;
}

static int teardown(void **state)
{
	feed_state_free(&kept);
	return remove_place(state);
}

/* What is current at `when` is this version with these prefixes, and changes by itself at `wake`. */
static void current_is(int64_t when, const char *version, const char *prefixes, int64_t wake)
{
	int64_t next = -1;
	struct feed *feed = feed_current(&config, &feed_entry, &kept, when, &next, &report);
	char *text = feed ? prefixes_of(feed) : NULL;

	if (!feed)
		fail_msg("nothing: %s", report.count ? report.lines[0].text : "");
	assert_string_equal(text, prefixes);
	assert_string_equal(feed->version, version);
	if (next != wake)
		fail_msg("wakes at %lld", (long long)next - NOW);
	free(text);
	feed_free(feed);
}

static void said(const char *one, const char *two)
{
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.count, 1);
	if (!strstr(report.lines[0].text, one) || !strstr(report.lines[0].text, two))
		fail_msg("said: %s", report.lines[0].text);
	report_free(&report);
}

static void dated(int set, const char *prefix, const char *date)
{
	kept.dated = reallocarray(kept.dated, kept.dated_count + 1, sizeof(*kept.dated));
	assert_non_null(kept.dated);
	kept.dated[kept.dated_count] = (struct feed_pending){ .set = set, .prefix = prefix_of(prefix) };
	strcpy(kept.dated[kept.dated_count++].date, date);
}

static void body_in_force_is_current(void **state)
{
	(void)state;
	keep(&kept, "1", "'" A "'", false);
	keep(&kept, "2", "'" A "','" C "'", false);
	keep(&kept, "3", "'" B "'", true);
	strcpy(kept.in_force, "2");
	current_is(NOW, "2", A " " C, 0);
	strcpy(kept.in_force, "1");
	current_is(NOW, "1", A, 0);
	assert_int_equal(report.count, 0);
}

static void nothing_fetched_is_nothing_and_said(void **state)
{
	int64_t wake = -1;

	(void)state;
	assert_null(feed_current(&config, &feed_entry, &kept, NOW, &wake, &report));
	assert_int_equal(wake, 0);
	said("feeds[m365].source", "not fetched yet");
}

static void seed_stands_in_until_there_is_a_body(void **state)
{
	int64_t wake;
	struct feed *feed;

	(void)state;
	feed_entry.seed = (char *)"microsoft365.json"; /* beside the configuration */
	feed = feed_current(&config, &feed_entry, &kept, NOW, &wake, &report);
	assert_non_null(feed);
	assert_string_equal(feed->version, "seed");
	assert_int_equal(feed->set_count, 7);
	assert_int_equal(report.errors, 0);
	report_free(&report);
	feed_free(feed);
	keep(&kept, "1", "'" A "'", false);
	strcpy(kept.in_force, "1");
	current_is(NOW, "1", A, 0);
	feed_entry.seed = (char *)"no-such-file.json";
	current_is(NOW, "1", A, 0); /* and is not even looked at */
	kept.in_force[0] = '\0';
	kept.kept_count = 0;
	assert_null(feed_current(&config, &feed_entry, &kept, NOW, &wake, &report));
	assert_int_equal(report.errors, 1);
}

static void damaged_body_gives_way_to_the_one_before_it(void **state)
{
	(void)state;
	keep(&kept, "1", "'" A "'", false);
	keep(&kept, "2", "'" B "'", false);
	keep(&kept, "3", "'" C "'", true);
	keep(&kept, "4", "'" A "','" B "'", false);
	keep(&kept, "5", "'" A "','" C "'", false); /* somebody went back from it, past it */
	strcpy(kept.in_force, "4");
	put_file("body.4", "[");
	current_is(NOW, "2", B, 0); /* not 5, which is newer, and not 3, which nobody approved */
	said("version 4 is damaged", "in force is version 2");
	assert_int_equal(unlink(path_of("body.2")), 0);
	current_is(NOW, "1", A, 0);
	report_free(&report);
	put_file("body.1", "");
	current_is(NOW, "5", A " " C, 0); /* better than nothing */
	report_free(&report);
}

static void without_any_good_body_there_is_nothing(void **state)
{
	int64_t wake;

	(void)state;
	keep(&kept, "1", "'" A "'", true);
	keep(&kept, "2", "'" B "'", false);
	strcpy(kept.in_force, "2");
	put_file("body.2", "[]");
	assert_null(feed_current(&config, &feed_entry, &kept, NOW, &wake, &report));
	assert_int_equal(report.count, 2);
	assert_int_equal(report.errors, 0);
	assert_non_null(strstr(report.lines[0].text, "fetched anew"));
}

/* The body says 99; that it is the second body of that version only the state knows. */
static void version_is_what_the_state_calls_it(void **state)
{
	static const char body[] = "{\"changeNumber\":99,\"cloud\":\"Public\",\"values\":[{\"name\":\"Storage\","
				   "\"id\":\"Storage\",\"properties\":{\"changeNumber\":1,\"region\":\"\","
				   "\"systemService\":\"\",\"addressPrefixes\":[\"" A "\"]}}]}";

	(void)state;
	feed_entry.format = FEED_AZURE_SERVICE_TAGS;
	assert_int_equal(feed_state_keep(&kept, "99.deadbeef", body, strlen(body), false, NOW, 0), 0);
	strcpy(kept.in_force, "99.deadbeef");
	current_is(NOW, "99.deadbeef", A, 0);
	assert_int_equal(report.count, 0);
}

static void stricter_rules_than_the_body_was_read_with_refuse_it(void **state)
{
	(void)state;
	keep(&kept, "1", "'198.18.0.0/24'", false);
	keep(&kept, "2", "'198.18.0.0/15'", false);
	strcpy(kept.in_force, "2");
	feed_entry.min4 = 16;
	current_is(NOW, "1", "198.18.0.0/24", 0);
	said("version 2 is damaged", "version 1");
}

static void additions_wait_for_their_day(void **state)
{
	int64_t first = feed_day("20231120"), second = feed_day("20231125");

	(void)state;
	assert_true(first == 1700438400 && second == 1700870400);
	feed_entry.additions_on_date = true;
	keep(&kept, "1", "'" A "','" B "','" C "'", false);
	strcpy(kept.in_force, "1");
	dated(1, C, "20231125");
	dated(1, B, "20231120");
	current_is(first - 1, "1", A, first);
	current_is(first, "1", A " " B, second);
	current_is(second - 1, "1", A " " B, second);
	current_is(second, "1", A " " B " " C, 0);
	current_is(second + DAY, "1", A " " B " " C, 0);
	feed_entry.additions_on_date = false;
	current_is(first - 1, "1", A " " B " " C, 0);
}

static void day_of_something_else_changes_nothing(void **state)
{
	(void)state;
	feed_entry.additions_on_date = true;
	keep(&kept, "1", "'" A "'", false);
	strcpy(kept.in_force, "1");
	dated(2, A, "20231120"); /* another set */
	dated(1, "198.18.1.0/25", "20231121"); /* another prefix */
	current_is(NOW, "1", A, 0);
}

/* Versions 1, 2 and 3, of which 1 and 2 left one after the other. */
static void three_versions(const char *one, const char *two, const char *three)
{
	feed_entry.removal_grace = DAY;
	keep(&kept, "1", one, false);
	keep(&kept, "2", two, false);
	keep(&kept, "3", three, false);
	strcpy(kept.in_force, "3");
	kept.kept[2].left = NOW - 100;
	kept.kept[1].left = NOW;
}

static void what_left_stays_for_its_grace(void **state)
{
	(void)state;
	three_versions("'" A "','" B "'", "'" A "','" C "'", "'" A "'");
	current_is(NOW, "3", A " ~" B " ~" C, NOW - 100 + DAY);
	current_is(NOW - 101 + DAY, "3", A " ~" B " ~" C, NOW - 100 + DAY);
	current_is(NOW - 100 + DAY, "3", A " ~" C, NOW + DAY);
	current_is(NOW + DAY - 1, "3", A " ~" C, NOW + DAY);
	current_is(NOW + DAY, "3", A, 0);
	feed_entry.removal_grace = 0;
	current_is(NOW, "3", A, 0);
}

static void what_two_versions_had_stays_once_and_as_long_as_the_later(void **state)
{
	(void)state;
	three_versions("'" A "','" B "'", "'" A "','" B "'", "'" A "'");
	current_is(NOW, "3", A " ~" B, NOW + DAY);
	current_is(NOW - 100 + DAY, "3", A " ~" B, NOW + DAY);
	current_is(NOW + DAY, "3", A, 0);
}

static void what_was_rolled_back_to_leaves_no_grace(void **state)
{
	(void)state;
	three_versions("'" A "','" B "'", "'" A "'", "'" A "','" C "'");
	kept.kept[1].left = 0;
	strcpy(kept.in_force, "2");
	assert_int_equal(feed_state_hold(&kept, &kept.kept[0], true), 0);
	current_is(NOW, "2", A " ~" B, NOW - 100 + DAY); /* and nothing of 3 */
}

static void prefix_that_moved_to_another_set_does_not_leave(void **state)
{
	static const char moved[] =
		"[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
		"'expressRoute':true,'ips':['" A "']},{'id':2,'serviceArea':'Common','category':'Allow',"
		"'required':true,'expressRoute':false,'ips':['" B "']}]";
	char body[sizeof(moved)];

	(void)state;
	feed_entry.removal_grace = DAY;
	keep(&kept, "1", "'" A "','" B "','" C "'", false);
	kept.kept[0].left = NOW;
	strcpy(body, moved);
	assert_int_equal(feed_state_keep(&kept, "2", json(body), strlen(body), false, NOW, DAY), 0);
	strcpy(kept.in_force, "2");
	current_is(NOW, "2", A " " B " ~" C, NOW + DAY);
}

static void damaged_former_version_leaves_nothing(void **state)
{
	(void)state;
	three_versions("'" A "','" B "'", "'" A "','" C "'", "'" A "'");
	put_file("body.2", "[");
	current_is(NOW, "3", A " ~" B, NOW - 100 + DAY);
	assert_int_equal(report.count, 0);
}

/* An addition that two versions announced is not brought in by the grace of the first. */
static void grace_does_not_bring_what_waits_for_its_day(void **state)
{
	(void)state;
	feed_entry.additions_on_date = true;
	three_versions("'" A "','" B "'", "'" A "','" B "','" C "'", "'" A "','" C "'");
	dated(1, C, "20231120");
	current_is(NOW, "3", A " ~" B, NOW + DAY);
	current_is(feed_day("20231120"), "3", A " " C, 0);
}

/* Nor is one that was withdrawn before its day, also when that day has come. */
static void announced_and_withdrawn_was_never_there(void **state)
{
	(void)state;
	feed_entry.additions_on_date = true;
	three_versions("'" A "'", "'" A "','" C "'", "'" A "'");
	feed_entry.removal_grace = 30 * DAY;
	dated(1, C, "20231120");
	current_is(NOW, "3", A, 0);
	current_is(feed_day("20231120"), "3", A, 0);
	strcpy(kept.dated[0].date, "20231114"); /* had it been in force, it would leave */
	current_is(NOW, "3", A " ~" C, NOW + 30 * DAY);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(body_in_force_is_current),
		CASE(nothing_fetched_is_nothing_and_said),
		CASE(seed_stands_in_until_there_is_a_body),
		CASE(damaged_body_gives_way_to_the_one_before_it),
		CASE(without_any_good_body_there_is_nothing),
		CASE(version_is_what_the_state_calls_it),
		CASE(stricter_rules_than_the_body_was_read_with_refuse_it),
		CASE(additions_wait_for_their_day),
		CASE(day_of_something_else_changes_nothing),
		CASE(what_left_stays_for_its_grace),
		CASE(what_two_versions_had_stays_once_and_as_long_as_the_later),
		CASE(what_was_rolled_back_to_leaves_no_grace),
		CASE(prefix_that_moved_to_another_set_does_not_leave),
		CASE(damaged_former_version_leaves_nothing),
		CASE(grace_does_not_bring_what_waits_for_its_day),
		CASE(announced_and_withdrawn_was_never_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
