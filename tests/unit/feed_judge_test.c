// SPDX-License-Identifier: GPL-2.0-only
/* What is held up, and what is refused because it is the site's own. */
#include "feed_help.h"
#include "../../userspace/feed_judge.h"

static struct feed *in_force, *next;
static struct config_class classes[3];
static struct config_word words[3];

static int setup(void **state)
{
	memset(classes, 0, sizeof(classes));
	memset(words, 0, sizeof(words));
	in_force = next = NULL;
	return fresh_place(state);
}

static int teardown(void **state)
{
	feed_free(in_force);
	feed_free(next);
	return remove_place(state);
}

static struct feed *feed_of(const char *text)
{
	const struct feed_rules rules = { .lab = true, .min4 = 8, .min6 = 16 };
	char *body = json(strdup(text));
	struct feed *feed = feed_parse("m365", FEED_MICROSOFT365, body, strlen(body), &rules, &report);

	if (!feed)
		fail_msg("%s: %s", text, report.lines[0].text);
	free(body);
	return feed;
}

/* A feed of `count` host prefixes from `first` on, in one set. */
static struct feed *hosts(int first, int count)
{
	char *text = malloc(64u * (size_t)count + 256);
	struct feed *feed;
	int used;

	assert_non_null(text);
	used = sprintf(text, "[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
			     "'expressRoute':true,'ips':[");
	for (int i = first; i < first + count; i++)
		used += sprintf(text + used, "%s'198.18.%d.%d'", i == first ? "" : ",", i / 256, i % 256);
	sprintf(text + used, "]}]");
	feed = feed_of(text);
	free(text);
	return feed;
}

static struct feed_judgement judge(void)
{
	struct feed *at[] = { in_force };
	const struct feeds feeds = { at, 1 };
	struct feed_judgement j;

	assert_int_equal(feed_judge(&config, 0, &feeds, next, &j), 0);
	assert_int_equal(j.held, j.why[0] != '\0');
	return j;
}

static void shares_are_held_above_the_limit_and_not_at_it(void **state)
{
	static const struct {
		int first, count; /* of what comes beside 50 from 100 on */
		uint32_t share;
		size_t added, removed;
		bool held;
	} rows[] = {
		{ 100, 50, 0, 0, 0, false },
		{ 110, 40, 20, 0, 10, false },	{ 111, 39, 20, 0, 11, true },
		{ 100, 60, 20, 10, 0, false },	{ 100, 61, 20, 11, 0, true },
		{ 110, 50, 20, 10, 10, false }, { 111, 50, 20, 11, 11, true },
		{ 101, 49, 0, 0, 1, true },	{ 100, 51, 0, 1, 0, true },
		{ 101, 49, 1, 0, 1, true },	{ 101, 49, 2, 0, 1, false },
		{ 100, 99, 99, 49, 0, false },	{ 100, 150, 99, 100, 0, true },
		{ 100, 500, 100, 450, 0, false }, { 400, 1, 100, 1, 50, false },
	};

	(void)state;
	in_force = hosts(100, 50);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct feed_judgement j;

		next = hosts(rows[i].first, rows[i].count);
		feed_entry.hold_share = rows[i].share;
		j = judge();
		if (j.added != rows[i].added || j.removed != rows[i].removed || j.before != 50 ||
		    j.held != rows[i].held)
			fail_msg("row %zu: %zu added, %zu removed of %zu, held: %s", i, j.added, j.removed,
				 j.before, j.why);
		feed_free(next);
		next = NULL;
	}
}

static void reasons_are_all_said_in_one_line(void **state)
{
	struct feed_judgement j;

	(void)state;
	in_force = hosts(100, 50);
	next = hosts(111, 50);
	j = judge();
	assert_string_equal(j.why, "11 of 50 prefixes leave, above 20 %; "
				   "11 prefixes arrive beside 50, above 20 %");
}

static void prefix_in_two_sets_counts_once(void **state)
{
	struct feed_judgement j;

	(void)state;
	in_force = feed_of("[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
			   "'expressRoute':true,'ips':['198.18.1.0/24','198.18.2.0/24']},"
			   "{'id':2,'serviceArea':'Common','category':'Optimize','required':true,"
			   "'expressRoute':true,'ips':['198.18.1.0/24','198.18.2.0/24']}]");
	next = feed_of("[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
		       "'expressRoute':true,'ips':['198.18.1.0/24']},"
		       "{'id':2,'serviceArea':'Common','category':'Optimize','required':true,"
		       "'expressRoute':true,'ips':['198.18.1.0/24','2001:db8:2::/48']}]");
	j = judge();
	assert_int_equal(j.before, 2);
	assert_int_equal(j.added, 1);
	assert_int_equal(j.removed, 1);
}

/* What left before and only stays for its grace does not leave once more. */
static void what_is_leaving_already_does_not_count_again(void **state)
{
	struct feed_judgement j;
	struct feed_set *grown;
	struct feed *left = hosts(150, 10);

	(void)state;
	in_force = hosts(100, 50);
	next = hosts(110, 40);
	grown = reallocarray(in_force->sets, 2, sizeof(*grown));
	assert_non_null(grown);
	in_force->sets = grown;
	grown[1] = left->sets[0];
	grown[1].leaving = true;
	in_force->set_count = 2;
	left->set_count = 0;
	feed_free(left);
	j = judge();
	assert_int_equal(j.before, 50);
	assert_int_equal(j.removed, 10);
	assert_false(j.held);
	feed_free(next);
	next = hosts(100, 55); /* and comes back as one that arrives */
	j = judge();
	assert_int_equal(j.added, 5);
}

#define NO_PREFIX \
	"[{'id':4,'serviceArea':'Exchange','category':'Default','required':true,'expressRoute':true," \
	"'urls':['mail.example.com']}]"
#define SET(id, mark, ip) \
	"{'id':" id ",'serviceArea':'Exchange','category':'Optimize','required':true,'expressRoute':" mark \
	",'ips':['" ip "']}"

static void changed_expressroute_mark_is_held_both_ways(void **state)
{
	static const struct {
		const char *was, *is, *why;
	} rows[] = {
		{ "[" SET("7", "true", "198.18.1.0/24") "]", "[" SET("7", "true", "198.18.1.0/24") "]", "" },
		{ "[" SET("7", "true", "198.18.1.0/24") "]", "[" SET("7", "false", "198.18.1.0/24") "]",
		  "set 7: expressRoute true -> false" },
		{ "[" SET("7", "false", "198.18.1.0/24") "]", "[" SET("7", "true", "198.18.1.0/24") "]",
		  "set 7: expressRoute false -> true" },
		/* One that comes or goes has no mark to change; the pair is found behind it. */
		{ "[" SET("5", "true", "198.18.1.0/24") "," SET("7", "true", "198.18.1.0/24") "]",
		  "[" SET("6", "false", "198.18.1.0/24") "," SET("7", "false", "198.18.1.0/24") "]",
		  "set 7: expressRoute true -> false" },
		{ "[" SET("5", "true", "198.18.1.0/24") "," SET("7", "true", "198.18.1.0/24") "]",
		  "[" SET("5", "false", "198.18.1.0/24") "," SET("7", "false", "198.18.1.0/24") "]",
		  "set 5: expressRoute true -> false; set 7: expressRoute true -> false" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct feed_judgement j;

		in_force = feed_of(rows[i].was);
		next = feed_of(rows[i].is);
		j = judge();
		assert_string_equal(j.why, rows[i].why);
		feed_free(in_force);
		feed_free(next);
		in_force = next = NULL;
	}
}

static struct config_class class_of(const char *name, const char *feed)
{
	return (struct config_class){ .name = (char *)name, .feed = (char *)feed, .required = -1,
				      .expressroute = -1 };
}

static void with_classes(size_t count)
{
	config.classes = classes;
	config.class_count = count;
	feed_entry.hold_share = 100;
}

static void class_that_would_be_empty_is_held(void **state)
{
	struct feed_judgement j;
	int id = 2;

	(void)state;
	in_force = feed_of("[" SET("1", "true", "198.18.1.0/24") "," SET("2", "true", "198.18.2.0/24") "]");
	next = feed_of("[" SET("1", "true", "198.18.1.0/24") "," SET("3", "true", "198.18.2.0/24") "]");
	classes[0] = class_of("all", "m365");
	classes[1] = class_of("two", "m365");
	classes[1].ids = &id;
	classes[1].id_count = 1;
	with_classes(2);
	j = judge();
	assert_string_equal(j.why, "class two would be empty");
	id = 9; /* was empty before */
	assert_false(judge().held);
}

/* The class takes nothing from the feed: the feed takes everything away from it. */
static void class_emptied_through_except_is_held(void **state)
{
	struct config_prefix literal = { .prefix = prefix_of("198.18.2.0/24") };
	struct feed_judgement j;

	(void)state;
	in_force = feed_of("[" SET("1", "true", "198.18.1.0/24") "]");
	next = feed_of("[" SET("1", "true", "198.18.0.0/16") "]");
	classes[0] = class_of("m365", "m365");
	classes[1] = class_of("branch", NULL);
	classes[1].prefixes = (struct config_prefixes){ &literal, 1 };
	words[0].text = (char *)"m365";
	classes[1].except = (struct config_words){ words, 1 };
	with_classes(2);
	j = judge();
	assert_string_equal(j.why, "class branch would be empty");
	/* And one that depends on it, in turn, is not. */
	classes[2] = class_of("rest", NULL);
	classes[2].prefixes = classes[1].prefixes;
	words[1].text = (char *)"branch";
	classes[2].except = (struct config_words){ words + 1, 1 };
	with_classes(3);
	j = judge();
	assert_string_equal(j.why, "class branch would be empty");
	/* Of the feed itself, less what another class takes. */
	classes[1] = class_of("less", "m365");
	classes[1].except = (struct config_words){ words, 1 };
	words[0].text = (char *)"literal";
	classes[0] = class_of("literal", NULL);
	literal.prefix = prefix_of("198.18.2.0/23");
	classes[0].prefixes = (struct config_prefixes){ &literal, 1 };
	feed_free(next);
	next = feed_of("[" SET("1", "true", "198.18.3.0/24") "]");
	with_classes(2);
	j = judge();
	assert_string_equal(j.why, "class less would be empty");
}

static void nothing_in_force_holds_nothing_up(void **state)
{
	struct feed_judgement j;

	(void)state;
	next = hosts(0, 300);
	feed_entry.hold_share = 0;
	j = judge();
	assert_false(j.held);
	assert_int_equal(j.added, 0);
	in_force = feed_of(NO_PREFIX); /* in force, and empty: there is no share of it */
	j = judge();
	assert_int_equal(j.added, 300);
	assert_false(j.held);
}

static void why_is_cut_and_not_overrun(void **state)
{
	char names[20][40];
	struct config_class many[20];
	struct feed_judgement j;

	(void)state;
	in_force = feed_of("[" SET("1", "true", "198.18.1.0/24") "]");
	next = feed_of(NO_PREFIX);
	for (size_t i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "class-with-a-long-name-number-%zu", i);
		many[i] = class_of(names[i], "m365");
	}
	config.classes = many;
	config.class_count = 20;
	j = judge();
	assert_true(j.held);
	assert_true(strlen(j.why) == sizeof(j.why) - 1);
}

/* Each kind of own prefix, as the configuration has it. */
static struct config_prefix own;
static struct config_segment segment = { .name = (char *)"branch" };
static struct config_circuit circuit = { .name = (char *)"chicago" };
static struct config_service service = { .name = (char *)"mail" };

static void own_of_kind(int kind, const char *prefix)
{
	const struct config_prefixes list = { &own, 1 };

	own.prefix = prefix_of(prefix);
	segment.prefixes = kind == 0 ? list : (struct config_prefixes){ 0 };
	circuit.outbound_pool = kind == 1 ? list : (struct config_prefixes){ 0 };
	circuit.inbound_pool = kind == 2 ? list : (struct config_prefixes){ 0 };
	circuit.advertise = kind == 3 ? list : (struct config_prefixes){ 0 };
	service.public = kind == 4 ? list : (struct config_prefixes){ 0 };
	config.segments = &segment;
	config.circuits = &circuit;
	config.services = &service;
	config.segment_count = config.circuit_count = config.service_count = 1;
}

static void own_prefixes_are_foreign_to_no_feed(void **state)
{
	static const char *const owners[] = { "branch", "chicago", "chicago", "chicago", "mail" };
	static const struct {
		const char *own, *theirs;
		bool touches;
	} rows[] = {
		{ "198.18.1.0/24", "198.18.1.0/24", true },
		{ "198.18.1.0/24", "198.18.0.0/16", true }, /* holds it */
		{ "198.18.1.0/24", "198.18.1.77/32", true }, /* lies in it */
		{ "198.18.1.0/24", "198.18.2.0/24", false },
		{ "198.18.1.0/24", "198.18.0.0/24", false },
		{ "2001:db8:1::/48", "2001:db8:1::/48", true },
		{ "2001:db8:1::/48", "2001:db8::/32", true },
		{ "2001:db8:1::/48", "2001:db8:1:2::/64", true },
		{ "2001:db8:1::/48", "2001:db8:2::/48", false },
		{ "2001:db8:1::/48", "198.18.1.0/24", false },
		{ "198.18.1.0/24", "2001:db8:1::/48", false },
		{ "0.0.0.0/0", "198.18.1.0/24", false }, /* everything is nobody's own */
		{ "::/0", "2001:db8:1::/48", false },
		{ "::/0", "198.18.1.0/24", false },
	};

	(void)state;
	for (int kind = 0; kind < 5; kind++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			char text[512];

			own_of_kind(kind, rows[i].own);
			snprintf(text, sizeof(text),
				 "[" SET("3", "true", "203.0.113.0/24") "," SET("7", "true", "%s") "]",
				 rows[i].theirs);
			next = feed_of(text);
			if (feed_is_foreign(&config, next, &report) == rows[i].touches)
				fail_msg("kind %d: %s and %s", kind, rows[i].own, rows[i].theirs);
			assert_int_equal(report.errors, rows[i].touches);
			if (rows[i].touches && (!strstr(report.lines[0].text, owners[kind]) ||
						!strstr(report.lines[0].text, rows[i].own) ||
						!strstr(report.lines[0].text, rows[i].theirs) ||
						!strstr(report.lines[0].text, "set 7")))
				fail_msg("said: %s", report.lines[0].text);
			report_free(&report);
			feed_free(next);
			next = NULL;
		}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(shares_are_held_above_the_limit_and_not_at_it),
		CASE(reasons_are_all_said_in_one_line),
		CASE(prefix_in_two_sets_counts_once),
		CASE(what_is_leaving_already_does_not_count_again),
		CASE(changed_expressroute_mark_is_held_both_ways),
		CASE(class_that_would_be_empty_is_held),
		CASE(class_emptied_through_except_is_held),
		CASE(nothing_in_force_holds_nothing_up),
		CASE(why_is_cut_and_not_overrun),
		CASE(own_prefixes_are_foreign_to_no_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
