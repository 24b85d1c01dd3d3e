// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the policy as a whole. Each row is a policy and the one thing that is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/image.h"
#include "../../userspace/policy.h"
#include "../../userspace/report.h"

#define HEAD \
	"gateway: {name: t, lab: true}\n" \
	"inside:\n" \
	"  interfaces: [lan0]\n" \
	"  segments:\n" \
	"    - {name: pilot, prefixes: [10.1.20.0/24]}\n" \
	"    - {name: campus, prefixes: [10.0.0.0/8]}\n" \
	"    - {name: six, prefixes: [\"2001:db8:10::/48\"]}\n" \
	"circuits:\n" \
	"  - name: net\n" \
	"    kind: internet\n" \
	"    links: [{interface: wan0}]\n" \
	"    outbound-pool: [203.0.113.0/28]\n" \
	"    advertise: [203.0.113.0/28]\n"

#define FEED "feeds:\n  - {name: m365, format: microsoft365, source: \"%s\", instance: Worldwide}\n"

#define CLASSES \
	"classes:\n" \
	"  - {name: exchange, feed: m365, areas: [Exchange]}\n" \
	"  - {name: calls, feed: m365, areas: [Skype]}\n" \
	"  - {name: part, prefixes: [198.19.64.0/24]}\n" \
	"  - {name: half, prefixes: [198.19.128.0/17]}\n" \
	"  - {name: halves, prefixes: [198.19.128.0/18, 198.19.192.0/18]}\n" \
	"policy:\n"

#define ANY "  - {from: [campus, six], to: [any], circuits: [net], otherwise: drop}\n"
#define RULE(from, to) "  - {from: [" from "], to: [" to "], circuits: [net], otherwise: drop}\n"

static struct report report;

static void check_with(const char *source, const char *classes, const char *policy)
{
	char directory[] = "/tmp/samepath-policy-XXXXXX", path[64], here[512], feed[640];
	struct feeds feeds = { 0 };
	struct config *c;
	FILE *f;

	report_free(&report);
	memset(&report, 0, sizeof(report));
	assert_non_null(getcwd(here, sizeof(here)));
	if (!strstr(source, "://"))
		snprintf(feed, sizeof(feed), "%s/%s", here, source);
	else
		snprintf(feed, sizeof(feed), "%s", source);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/t.yaml", directory);
	f = fopen(path, "w");
	fprintf(f, HEAD FEED "%s%s", feed, classes, policy);
	fclose(f);
	c = config_read(path, &report);
	unlink(path);
	rmdir(directory);
	if (!c)
		fail_msg("line %d: %s", report.lines[0].line, report.lines[0].text);
	assert_true(feeds_load(c, NULL, &feeds, &report));
	report_free(&report);
	memset(&report, 0, sizeof(report));
	policy_check(c, &feeds, &report);
	feeds_free(&feeds);
	config_free(c);
}

static void check(const char *policy)
{
	check_with("tests/data/feeds/microsoft365.json", CLASSES, policy);
}

static void sound(const char *policy)
{
	check(policy);
	if (report.count)
		fail_msg("line %d: %s", report.lines[0].line, report.lines[0].text);
}

static void said_once(int line, const char *one, const char *two)
{
	if (report.errors != 1)
		fail_msg("%zu errors: %s", report.errors, report.count ? report.lines[0].text : "");
	if (!strstr(report.lines[0].text, one) || !strstr(report.lines[0].text, two))
		fail_msg("said: %s", report.lines[0].text);
	assert_int_equal(report.lines[0].line, line);
}

static void broken(const char *policy, int line, const char *one, const char *two)
{
	check(policy);
	said_once(line, one, two);
}

#define FIRST 23 /* line of the first rule */

static void sound_policies_pass(void **state)
{
	(void)state;
	sound(ANY);
	sound(RULE("pilot", "exchange, calls") ANY);
	sound(RULE("campus", "part") RULE("campus", "calls") ANY); /* part within calls, first */
	sound(RULE("pilot", "any") ANY);
	sound(RULE("six", "exchange") ANY);
}

static void rule_behind_any_is_unreachable(void **state)
{
	(void)state;
	broken(ANY RULE("campus", "exchange"), FIRST + 1, "no packet can reach", "in line 23");
	/* pilot lies within campus */
	broken(ANY RULE("pilot", "exchange"), FIRST + 1, "no packet can reach", "in line 23");
}

static void rule_behind_a_wider_class_is_unreachable(void **state)
{
	(void)state;
	broken(RULE("campus", "calls") RULE("campus", "part") ANY, FIRST + 1, "no packet", "in line 23");
	broken(RULE("campus", "calls") RULE("pilot", "calls, part") ANY, FIRST + 1, "no packet", "in line 23");
}

static void rule_behind_two_that_share_it_out_is_unreachable(void **state)
{
	(void)state;
	broken(RULE("pilot", "calls") RULE("pilot", "exchange") RULE("pilot", "exchange, part") ANY,
	       FIRST + 2, "and others before it", "line");
}

static void parts_that_make_up_the_whole_hide_it(void **state)
{
	(void)state;
	/* the two /18 are the whole /17: nothing of it is left for the second rule */
	broken(RULE("campus", "halves") RULE("campus", "half") ANY, FIRST + 1, "no packet", "in line 23");
}

static void rule_without_a_common_family_is_unreachable(void **state)
{
	(void)state;
	broken(RULE("six", "calls") ANY, FIRST, "no packet", "family");
}

static void segment_without_any_is_named(void **state)
{
	(void)state;
	broken(RULE("campus", "any") RULE("six", "exchange"), 7, "inside.segments[six]", "any");
	/* campus has one, pilot lies within campus; but not the other way round */
	broken(RULE("pilot, six", "any"), 6, "inside.segments[campus]", "any");
	sound(RULE("campus, six", "any"));
}

static void class_that_selects_nothing_is_named(void **state)
{
	static const char *const classes = "classes:\n"
					   "  - {name: odd, feed: m365, areas: [Exchagne]}\n"
					   "  - {name: bare, feed: m365, areas: [SharePoint]}\n"
					   "policy:\n";

	(void)state;
	check_with("tests/data/feeds/microsoft365.json", classes, RULE("pilot", "odd, bare") ANY);
	assert_int_equal(report.errors, 2);
	assert_non_null(strstr(report.lines[0].text, "classes[odd]"));
	assert_int_equal(report.lines[0].line, 17);
	assert_non_null(strstr(report.lines[1].text, "classes[bare]"));
}

static void feed_that_is_not_at_hand_is_not_judged(void **state)
{
	(void)state;
	check_with("https://endpoints.example.com", CLASSES, RULE("pilot", "exchange, calls") ANY);
	assert_int_equal(report.count, 0);
	/* what can be known is still said */
	check_with("https://endpoints.example.com", CLASSES, ANY RULE("pilot", "part"));
	said_once(FIRST + 1, "no packet", "in line 23");
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;
	const char *why;

	assert_int_equal(prefix_parse(text, &p, &why), 0);
	return p;
}

static void sets_hold_the_covering_members_too(void **state)
{
	struct set_member m[] = {
		{ prefix_of("10.1.1.0/24"), 2 }, { prefix_of("10.0.0.0/8"), 0 },
		{ prefix_of("10.1.0.0/16"), 1 }, { prefix_of("10.1.0.0/16"), 0 }, /* a duplicate */
		{ prefix_of("10.1.1.7"), 0 }, /* nothing new: left out */
		{ prefix_of("0.0.0.0/0"), 3 },
	};
	struct image_trie four, six;
	struct set_table t;

	(void)state;
	assert_int_equal(set_table_init(&t, 4), 0);
	assert_int_equal(sets_compile(&t, m, 6, &four, &six), 0);
	assert_int_equal(four.count, 4);
	assert_int_equal(six.count, 0);
	assert_int_equal(t.count, 5);
	for (size_t i = 0; i < 4; i++) { /* /0, /8, /16, /24 in this order */
		assert_int_equal(set_has(&t, four.at[i].value, 3), 1);
		assert_int_equal(set_has(&t, four.at[i].value, 0), i >= 1);
		assert_int_equal(set_has(&t, four.at[i].value, 1), i >= 2);
		assert_int_equal(set_has(&t, four.at[i].value, 2), i >= 3);
	}
	assert_int_equal(t.families[0], SET_HAS6); /* 0.0.0.0/0 leaves no IPv4 outside */
	free(four.at);
	free(six.at);
	set_table_free(&t);
}

static void nobody_hides_what_lies_within(void **state)
{
	struct set_member m[] = {
		{ prefix_of("10.0.0.0/8"), 0 },
		{ prefix_of("10.5.0.0/16"), MEMBER_NOBODY },
		{ prefix_of("10.5.5.0/24"), 1 },
	};
	struct image_trie four, six;
	struct set_table t;

	(void)state;
	assert_int_equal(set_table_init(&t, 2), 0);
	assert_int_equal(sets_compile(&t, m, 3, &four, &six), 0);
	assert_int_equal(four.count, 2);
	assert_int_equal(four.at[1].value, 0);
	free(four.at);
	free(six.at);
	set_table_free(&t);
}

static void nothing_at_all_is_set_zero(void **state)
{
	struct image_trie four, six;
	struct set_table t;

	(void)state;
	assert_int_equal(set_table_init(&t, 0), 0);
	assert_int_equal(sets_compile(&t, NULL, 0, &four, &six), 0);
	assert_int_equal(four.count + six.count, 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.families[0], SET_HAS4 | SET_HAS6);
	free(four.at);
	free(six.at);
	set_table_free(&t);
}

static int drop_report(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_policies_pass),
		cmocka_unit_test(rule_behind_any_is_unreachable),
		cmocka_unit_test(rule_behind_a_wider_class_is_unreachable),
		cmocka_unit_test(rule_behind_two_that_share_it_out_is_unreachable),
		cmocka_unit_test(parts_that_make_up_the_whole_hide_it),
		cmocka_unit_test(rule_without_a_common_family_is_unreachable),
		cmocka_unit_test(segment_without_any_is_named),
		cmocka_unit_test(class_that_selects_nothing_is_named),
		cmocka_unit_test(feed_that_is_not_at_hand_is_not_judged),
		cmocka_unit_test(sets_hold_the_covering_members_too),
		cmocka_unit_test(nobody_hides_what_lies_within),
		cmocka_unit_test(nothing_at_all_is_set_zero),
	};

	return cmocka_run_group_tests(tests, NULL, drop_report);
}
