// SPDX-License-Identifier: GPL-2.0-only
/* What a person decides about versions, where no gateway is applied. */
#include <time.h>
#include <jansson.h>
#include "feed_help.h"
#include "../../userspace/cmd.h"

#define A "198.18.1.0/24"
#define B "198.18.2.0/24"
#define C "2001:db8:3::/48"

const char *option_config, *option_gateway; /* of the program, which names the gateway by them */

static struct feed_gateway gateway;

static int setup(void **state)
{
	int err = fresh_place(state);

	gateway = (struct feed_gateway){ .instance = instance, .config = &config, .lock = -1 };
	return err;
}

/* Versions 1, 2, 3 with 3 in force, and 4 that is held. */
static void four_versions(void)
{
	struct feed_state s = state_now();

	keep(&s, "1", "'" A "'", false);
	keep(&s, "2", "'" A "','" B "'", false);
	keep(&s, "3", "'" A "','" C "'", false);
	keep(&s, "4", "'" B "'", true);
	strcpy(s.in_force, "3");
	strcpy(s.held, "4");
	strcpy(s.why_held, "2 of 2 prefixes leave, above 20 %");
	s.kept[3].left = NOW;
	s.kept[2].left = NOW + 1;
	s.changed = NOW;
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
}

static void state_is(const char *in_force, const char *held, const char *files)
{
	static const char *const names[] = { "body.1", "held.1", "body.2", "held.2", "body.3", "held.3",
					     "body.4", "held.4" };
	struct feed_state s = state_now();
	char found[128] = "";

	assert_false(s.damaged);
	assert_string_equal(s.in_force, in_force);
	assert_string_equal(s.held, held);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (there(names[i]))
			strcat(strcat(found, found[0] ? " " : ""), names[i]);
	assert_string_equal(found, files);
	for (size_t i = 0; i < s.kept_count; i++) { /* each under the name that the state says */
		char name[64];

		snprintf(name, sizeof(name), "%s.%s", s.kept[i].held ? "held" : "body", s.kept[i].version);
		assert_true(there(name));
	}
	feed_state_free(&s);
}

static void untouched(void)
{
	state_is("3", "4", "body.1 body.2 body.3 held.4");
	assert_false(there("history"));
}

static int64_t left_of(const char *version)
{
	struct feed_state s = state_now();
	int64_t left = feed_state_find(&s, version)->left;

	feed_state_free(&s);
	return left;
}

/* A line of the history, from 0. */
static void history_says(size_t number, size_t of, const char *how, const char *from, const char *to, int added,
			 int removed)
{
	char *text = file_of("history"), *line = text;
	size_t lines = 0;
	json_t *o;

	for (char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, of);
	for (size_t i = 0; i < number; i++)
		line = strchr(line, '\n') + 1;
	*strchr(line, '\n') = '\0';
	o = json_loads(line, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "feed")), "m365");
	assert_string_equal(json_string_value(json_object_get(o, "how")), how);
	assert_string_equal(json_string_value(json_object_get(o, "from")), from);
	assert_string_equal(json_string_value(json_object_get(o, "version")), to);
	assert_int_equal(json_integer_value(json_object_get(o, "added-count")), added);
	assert_int_equal(json_integer_value(json_object_get(o, "removed-count")), removed);
	assert_int_equal(json_array_size(json_object_get(o, "added")), added);
	assert_int_equal(json_array_size(json_object_get(o, "removed")), removed);
	assert_true(strlen(json_string_value(json_object_get(o, "by"))) > 0);
	json_decref(o);
	free(text);
}

static void outcome(const struct feed_outcome *out, enum feed_result result, const char *version, const char *why)
{
	if (out->result != result || strcmp(out->version, version) || !strstr(out->why, why))
		fail_msg("%s, version %s: %s", feed_result_text(out->result), out->version, out->why);
	assert_int_equal(gateway.lock, -1);
}

static void approve(const char *version, enum feed_result result, const char *now, const char *why)
{
	struct feed_outcome out = feed_approve(&gateway, 0, version);

	outcome(&out, result, now, why);
}

static void roll_back(const char *version, enum feed_result result, const char *now, const char *why)
{
	struct feed_outcome out = feed_rollback(&gateway, 0, version);

	outcome(&out, result, now, why);
}

static void approved_version_is_in_force(void **state)
{
	int64_t before = time(NULL);
	struct feed_state s;

	(void)state;
	four_versions();
	approve("4", FEED_CHANGED, "4", "1 prefixes added, 2 removed");
	state_is("4", "", "body.1 body.2 body.3 body.4");
	history_says(0, 1, "approved", "3", "4", 1, 2);
	assert_true(left_of("3") >= before && left_of("4") == 0 && left_of("2") == NOW + 1);
	s = state_now();
	assert_string_equal(s.why_held, "");
	assert_int_equal(s.ipv4, 1);
	assert_int_equal(s.ipv6, 0);
	assert_true(s.changed >= before);
	feed_state_free(&s);
	approve(NULL, FEED_FAILED, "4", "nothing is held");
}

static void approving_needs_no_version(void **state)
{
	(void)state;
	four_versions();
	approve(NULL, FEED_CHANGED, "4", "");
	state_is("4", "", "body.1 body.2 body.3 body.4");
}

static void approved_version_leaves_the_former_its_grace(void **state)
{
	struct feed_state s;

	(void)state;
	feed_entry.removal_grace = DAY;
	four_versions();
	approve("4", FEED_CHANGED, "4", "1 prefixes added, 0 removed");
	s = state_now();
	assert_true(s.wake == left_of("3") + DAY);
	assert_int_equal(s.ipv4, 2);
	assert_int_equal(s.ipv6, 1);
	feed_state_free(&s);
}

static void approving_what_is_not_held_is_refused(void **state)
{
	struct feed_state s;

	(void)state;
	approve(NULL, FEED_FAILED, "", "nothing is held");
	four_versions();
	approve("2", FEED_FAILED, "3", "no such version is held");
	approve("9", FEED_FAILED, "3", "no such version is held");
	untouched();
	s = state_now();
	feed_state_drop(&s, "4");
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	approve(NULL, FEED_FAILED, "3", "the body that was held is gone");
}

static void rollback_goes_one_back_and_holds_what_it_left(void **state)
{
	struct feed_state s;

	(void)state;
	feed_entry.removal_grace = DAY;
	four_versions();
	roll_back(NULL, FEED_CHANGED, "2", "1 prefixes added, 1 removed");
	state_is("2", "3", "body.1 body.2 held.3 held.4");
	history_says(0, 1, "rollback", "3", "2", 1, 1);
	assert_true(left_of("2") == 0 && left_of("3") == 0);
	s = state_now();
	assert_string_equal(s.why_held, "rolled back from");
	assert_int_equal(s.ipv4, 2);
	assert_int_equal(s.ipv6, 0);
	feed_state_free(&s);
	roll_back(NULL, FEED_CHANGED, "1", "0 prefixes added, 1 removed");
	state_is("1", "2", "body.1 held.2 held.3 held.4");
	history_says(0, 2, "rollback", "3", "2", 1, 1);
	history_says(1, 2, "rollback", "2", "1", 0, 1);
	roll_back(NULL, FEED_FAILED, "1", "no version before it is kept");
	roll_back("2", FEED_FAILED, "1", "this version is held");
	approve(NULL, FEED_CHANGED, "2", "");
	state_is("2", "4", "body.1 body.2 held.3 held.4"); /* what is newer waits on */
}

/* All that lay between is left by a person's word too, so nothing of it stays for a grace. */
static void rollback_past_a_version_leaves_nothing_of_it(void **state)
{
	(void)state;
	feed_entry.removal_grace = 3600 * 24 * 36500u; /* it lasts */
	four_versions();
	roll_back("1", FEED_CHANGED, "1", "0 prefixes added, 2 removed");
	state_is("1", "3", "body.1 body.2 held.3 held.4");
	assert_true(left_of("1") == 0 && left_of("2") == 0 && left_of("3") == 0);
}

static void rollback_to_what_is_not_there_is_refused(void **state)
{
	(void)state;
	roll_back(NULL, FEED_FAILED, "", "no version before it is kept");
	roll_back("1", FEED_FAILED, "", "no such version is kept");
	four_versions();
	roll_back("3", FEED_FAILED, "3", "this version is in force");
	roll_back("9", FEED_FAILED, "3", "no such version is kept");
	roll_back("4", FEED_FAILED, "3", "this version is held");
	untouched();
}

/* What would come in force instead is another version, which nobody asked for. */
static void damaged_body_is_not_brought_in_force(void **state)
{
	(void)state;
	four_versions();
	put_file("body.2", "[");
	roll_back(NULL, FEED_FAILED, "3", "damaged");
	untouched();
	put_file("held.4", "[]");
	approve(NULL, FEED_FAILED, "3", "damaged");
	untouched();
	assert_int_equal(unlink(path_of("body.1")), 0);
	roll_back("1", FEED_FAILED, "3", "gone or damaged");
	assert_int_equal(unlink(path_of("held.4")), 0);
	approve("4", FEED_FAILED, "3", "gone or damaged");
}

static void refused_by_todays_rules_is_not_brought_in_force(void **state)
{
	(void)state;
	four_versions();
	feed_entry.min4 = 25; /* stricter than when version 2 was taken; all of IPv4 is too short now */
	roll_back("2", FEED_FAILED, "3", "the configuration refuses it now");
	untouched();
}

static void state_that_cannot_be_written_changes_nothing(void **state)
{
	(void)state;
	four_versions();
	assert_int_equal(mkdir(path_of(".state.new"), 0700), 0);
	approve(NULL, FEED_FAILED, "3", "cannot come in force");
	untouched();
	roll_back(NULL, FEED_FAILED, "3", "cannot come in force");
	untouched();
	assert_int_equal(rmdir(path_of(".state.new")), 0);
	approve(NULL, FEED_CHANGED, "4", "");
	state_is("4", "", "body.1 body.2 body.3 body.4");
	roll_back(NULL, FEED_CHANGED, "3", "");
	state_is("3", "4", "body.1 body.2 body.3 held.4");
}

/* What is said to have failed has not happened. */
static void history_that_cannot_be_written_changes_nothing(void **state)
{
	(void)state;
	four_versions();
	assert_int_equal(mkdir(path_of("history"), 0700), 0);
	approve(NULL, FEED_FAILED, "3", "cannot come in force");
	state_is("3", "4", "body.1 body.2 body.3 held.4");
	roll_back(NULL, FEED_FAILED, "3", "cannot come in force");
	state_is("3", "4", "body.1 body.2 body.3 held.4");
	assert_int_equal(rmdir(path_of("history")), 0);
	roll_back(NULL, FEED_CHANGED, "2", "");
	history_says(0, 1, "rollback", "3", "2", 1, 1);
}

static void going_back_from_a_body_that_is_gone(void **state)
{
	struct feed_state s;

	(void)state;
	four_versions();
	assert_int_equal(unlink(path_of("body.3")), 0);
	roll_back(NULL, FEED_CHANGED, "2", "");
	s = state_now();
	assert_string_equal(s.held, "3");
	assert_true(feed_state_find(&s, "3")->held);
	feed_state_free(&s);
}

/* Whoever died between the renaming and the state: the same command does the rest. */
static void renamed_by_who_died_is_done_again(void **state)
{
	char from[300];

	(void)state;
	four_versions();
	strcpy(from, path_of("held.4"));
	assert_int_equal(rename(from, path_of("body.4")), 0);
	approve(NULL, FEED_CHANGED, "4", "1 prefixes added, 2 removed");
	state_is("4", "", "body.1 body.2 body.3 body.4");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(approved_version_is_in_force),
		CASE(approving_needs_no_version),
		CASE(approved_version_leaves_the_former_its_grace),
		CASE(approving_what_is_not_held_is_refused),
		CASE(rollback_goes_one_back_and_holds_what_it_left),
		CASE(rollback_past_a_version_leaves_nothing_of_it),
		CASE(rollback_to_what_is_not_there_is_refused),
		CASE(damaged_body_is_not_brought_in_force),
		CASE(refused_by_todays_rules_is_not_brought_in_force),
		CASE(state_that_cannot_be_written_changes_nothing),
		CASE(history_that_cannot_be_written_changes_nothing),
		CASE(going_back_from_a_body_that_is_gone),
		CASE(renamed_by_who_died_is_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
