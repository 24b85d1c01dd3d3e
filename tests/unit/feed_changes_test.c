// SPDX-License-Identifier: GPL-2.0-only
/* Changes of the web service: each trap of a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/feed_changes.h"
#include "../../userspace/report.h"

static struct report report;
static const struct feed_rules rules = { .lab = true, .min4 = 8, .min6 = 16 };

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

/* JSON is written with ' here, to be read by people. */
static char *json(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static struct feed_changes *read_changes(const char *text)
{
	char *body = json(text);
	struct feed_changes *c = feed_changes_parse("m365", body, strlen(body), &rules, &report);

	free(body);
	return c;
}

static struct feed_changes *changes_of(const char *text)
{
	struct feed_changes *c = read_changes(text);

	if (!c)
		fail_msg("%s: %s", text, report.lines[0].text);
	return c;
}

static struct feed *sets_of(const char *text)
{
	char *body = json(text);
	struct feed *f = feed_parse("m365", FEED_MICROSOFT365, body, strlen(body), &rules, &report);

	if (!f)
		fail_msg("%s: %s", text, report.lines[0].text);
	free(body);
	return f;
}

#define SET5 \
	"{'id':5,'serviceArea':'Skype','category':'Allow','required':true,'expressRoute':true," \
	"'ips':['198.18.5.0/24'],'udpPorts':'3478'}"
#define BASE \
	"[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,'expressRoute':true," \
	"'ips':['198.18.1.0/24','198.18.2.0/24','2001:db8:e::/48']," \
	"'urls':['mail.example.com','*.mail.example.com'],'tcpPorts':'80,443','udpPorts':'443'}," \
	SET5 "]"
/* The beginning of a record. */
#define CHANGE(id, set, what, version) \
	"{'id':" #id ",'endpointSetId':" #set ",'disposition':'" what "','version':'" version "'"

/* Replays over the base and compares with what a body says. */
static void becomes(const char *changes, const char *after, const char *upto, const char *body)
{
	struct feed_changes *c = changes_of(changes);
	struct feed *f = sets_of(BASE), *want = sets_of(body);
	char why[256] = "";

	assert_int_equal(feed_changes_replay(f, c, after, upto), 0);
	assert_string_equal(f->version, upto);
	if (!feed_equal(f, want, why, sizeof(why)))
		fail_msg("%s: %s", changes, why);
	feed_free(want);
	feed_free(f);
	feed_changes_free(c);
}

static void add_and_remove_of_one_record_are_both_done(void **state)
{
	(void)state;
	becomes("[" CHANGE(1, 1, "change", "2030010100") ",'impact':'AddedIp',"
		"'add':{'effectiveDate':'20300201','ips':['198.18.9.0/24'],'urls':['a.example']},"
		"'remove':{'ips':['198.18.1.0/24','2001:db8:e::/48'],'urls':['mail.example.com']}}]",
		"2030010000", "2030010100",
		"[{'id':1,'serviceArea':'Exchange','category':'Optimize','required':true,"
		"'expressRoute':true,'ips':['198.18.2.0/24','198.18.9.0/24'],"
		"'urls':['a.example','*.mail.example.com'],'tcpPorts':'80,443','udpPorts':'443'},"
		SET5 "]");
}

static void what_a_record_adds_and_removes_is_there(void **state)
{
	(void)state;
	becomes("[" CHANGE(1, 1, "Change", "2030010100") ","
		"'add':{'ips':['198.18.2.0/24']},'remove':{'ips':['198.18.2.0/24']}}]",
		"2030010000", "2030010100", BASE);
}

static void attributes_of_current_are_taken_and_others_stay(void **state)
{
	(void)state;
	becomes("[" CHANGE(1, 1, "CHANGE", "2030010100") ",'impact':'SomethingNew','new':[1],"
		"'previous':{'expressRoute':true,'category':'Optimize','udpPorts':'443','notes':'n'},"
		"'current':{'expressRoute':false,'category':'Default','tcpPorts':'443, 25'}}]",
		"2030010000", "2030010100",
		"[{'id':1,'serviceArea':'Exchange','category':'Default','required':true,"
		"'expressRoute':false,'ips':['198.18.1.0/24','198.18.2.0/24','2001:db8:e::/48'],"
		"'urls':['mail.example.com','*.mail.example.com'],'tcpPorts':'25,443'}," SET5 "]");
}

static void sets_come_and_go(void **state)
{
	(void)state;
	becomes("[" CHANGE(1, 1, "remove", "2030010100") ",'previous':{'category':'Optimize'},"
		"'remove':{'ips':['198.18.1.0/24']}},"
		CHANGE(2, 3, "Add", "2030010100") ",'current':{'serviceArea':'MEM','category':'Allow',"
		"'required':true,'expressRoute':true,'udpPorts':'443'},'add':{'ips':['198.18.3.0/24']}},"
		CHANGE(3, 77, "Change", "2030010100") ",'remove':{'ips':['198.18.77.0/24']}},"
		CHANGE(4, 78, "Remove", "2030010100") "}]",
		"2030010000", "2030010100",
		"[{'id':3,'serviceArea':'MEM','category':'Allow','required':true,'expressRoute':true,"
		"'ips':['198.18.3.0/24'],'udpPorts':'443'}," SET5 "]");
}

/* The records lie out of order: those of a version are done in theirs, versions by their numbers. */
static void only_the_versions_between_are_done_in_their_order(void **state)
{
	static const char changes[] =
		"[" CHANGE(4, 1, "Change", "2030010103") ",'add':{'ips':['198.18.44.0/24']}},"
		CHANGE(3, 1, "Change", "2030010102") ",'add':{'ips':['198.18.2.0/24']}},"
		CHANGE(2, 1, "Change", "2030010101") ",'remove':{'ips':['198.18.2.0/24']}},"
		CHANGE(9, 1, "Change", "2030010101") ",'add':{'ips':['198.18.9.0/24']}},"
		CHANGE(8, 1, "Change", "2030010101") ",'remove':{'ips':['198.18.9.0/24']}},"
		CHANGE(1, 1, "Change", "2030010100") ",'add':{'ips':['198.18.43.0/24']}}]";

	(void)state;
	becomes(changes, "2030010100", "2030010102", BASE);
	becomes(changes, "2030010103", "2030010103", BASE);
}

static void disposition_of_the_future_is_told_and_taken_as_change(void **state)
{
	struct feed_changes *c = read_changes("[" CHANGE(1, 2, "Rename", "2030010100")
					      ",'add':{'ips':['198.18.40.0/24']}}]");

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->at[0].disposition, SET_CHANGED);
	assert_int_equal(c->at[0].add.prefix_count, 1);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.count, 1);
	assert_non_null(strstr(report.lines[0].text, "disposition Rename is not known"));
	report_free(&report);
	feed_changes_free(c);
}

static void record_that_cannot_be_meant_is_refused(void **state)
{
#define REST(rest) "[" CHANGE(1, 2, "Add", "2030010100") "," rest "}]"
	static const char *const bad[][2] = {
		{ "", "empty" },
		{ "{}", "not a list" },
		{ "[1]", "an object (a change)" },
		{ "[{}]", "id: missing" },
		{ "[{'id':0}]", "positive number" },
		{ "[{'id':1}]", "endpointSetId: missing" },
		{ "[{'id':1,'endpointSetId':'7'}]", "positive number" },
		{ "[{'id':1,'endpointSetId':2,'disposition':7}]", "Change, Add or Remove" },
		{ "[" CHANGE(1, 2, "Add", "203001010") "}]", "ten digits" },
		{ "[" CHANGE(1, 2, "Add", "20300101000") "}]", "ten digits" },
		{ "[" CHANGE(1, 2, "Add", "203001010a") "}]", "ten digits" },
		{ REST("'add':[]"), "an object is accepted" },
		{ REST("'add':{'ips':'198.18.0.0/24'}"), "a list" },
		{ REST("'add':{'ips':['198.18.0.1/24']}"), "prefix length" },
		{ REST("'add':{'ips':['0.0.0.0/0']}"), "default route" },
		{ REST("'add':{'ips':['10.0.0.0/8']}"), "private" },
		{ REST("'remove':{'ips':['198.0.0.0/7']}"), "too short" },
		{ REST("'add':{'urls':[7]}"), "a name" },
		{ REST("'add':{'effectiveDate':20300101}"), "YYYYMMDD" },
		{ REST("'add':{'effectiveDate':'20301301'}"), "YYYYMMDD" },
		{ REST("'add':{'effectiveDate':'2030-01-1'}"), "YYYYMMDD" },
		{ REST("'current':{'expressRoute':'true'}"), "true or false" },
		{ REST("'current':{'tcpPorts':443}"), "text such as" },
		{ REST("'current':{'udpPorts':'0'}"), "ports 1 to" },
		{ REST("'current':{'category':1}"), "Optimize" },
		{ REST("'version':'2030010101'"), "stands twice" },
		{ "[" CHANGE(1, 2, "Add", "2030010100") "}", "truncated" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		report_free(&report);
		if (read_changes(bad[i][0]))
			fail_msg("%s was accepted", bad[i][0]);
		assert_int_equal(report.count, 1);
		if (!strstr(report.lines[0].text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], report.lines[0].text);
	}
}

static void documentation_ranges_need_the_lab(void **state)
{
	static const struct feed_rules strict = { .min4 = 8, .min6 = 16 };
	char *body = json(REST("'add':{'ips':['198.18.0.0/24']}"));

	(void)state;
	assert_null(feed_changes_parse("m365", body, strlen(body), &strict, &report));
	assert_non_null(strstr(report.lines[0].text, "lab"));
	free(body);
}

static void every_difference_is_said(void **state)
{
	static const char *const changed[][2] = {
		{ "'current':{'serviceArea':'Common'}",
		  "serviceArea: Exchange in the first, Common" },
		{ "'current':{'category':'Allow'}", "category" },
		{ "'current':{'expressRoute':false}",
		  "expressRoute: true in the first, false" },
		{ "'current':{'required':false}", "required" },
		{ "'current':{'tcpPorts':'443'}", "tcpPorts: 80,443 in the first, 443 in" },
		{ "'previous':{'udpPorts':'443'}", "udpPorts: 443 in the first, none" },
		{ "'add':{'ips':['198.18.0.0/24']}", "198.18.0.0/24 only in the second" },
		{ "'remove':{'ips':['2001:db8:e::/48']}",
		  "2001:db8:e::/48 only in the first" },
		{ "'add':{'urls':['zzz.example']}", "zzz.example only in the second" },
		{ "'remove':{'urls':['mail.example.com']}",
		  "mail.example.com only in the first" },
	};
	char body[300], why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		struct feed *a = sets_of(BASE), *b = sets_of(BASE);
		struct feed_changes *c;

		assert_true(feed_equal(a, b, why, sizeof(why)));
		snprintf(body, sizeof(body), "[" CHANGE(1, 1, "Change", "2030010100") ",%s}]",
			 changed[i][0]);
		c = changes_of(body);
		assert_int_equal(feed_changes_replay(b, c, "0000000000", "9999999999"), 0);
		assert_false(feed_equal(a, b, why, sizeof(why)));
		if (!strstr(why, changed[i][1]) || strncmp(why, "set 1: ", 7))
			fail_msg("%s: %s", changed[i][0], why);
		feed_changes_free(c);
		feed_free(a);
		feed_free(b);
	}
}

static void set_that_only_one_has_is_said(void **state)
{
	struct feed_changes *c = changes_of("[" CHANGE(1, 5, "Remove", "2030010100") "}]");
	struct feed *a = sets_of(BASE), *b = sets_of(BASE);
	char why[256];

	(void)state;
	assert_int_equal(feed_changes_replay(b, c, "0000000000", "9999999999"), 0);
	assert_false(feed_equal(a, b, why, sizeof(why)));
	assert_string_equal(why, "set 5 only in the first");
	assert_false(feed_equal(b, a, why, sizeof(why)));
	assert_string_equal(why, "set 5 only in the second");
	feed_changes_free(c);
	feed_free(a);
	feed_free(b);
}

static void dates_are_those_of_the_last_addition(void **state)
{
	static const char changes[] =
		"[" CHANGE(1, 5, "Change", "2030010100")
		",'add':{'effectiveDate':'20300201','ips':['198.18.3.0/24','198.18.1.0/24']}},"
		CHANGE(2, 1, "Change", "2030020100") ",'add':{'ips':['198.18.2.0/24']}},"
		CHANGE(3, 5, "Change", "2030020100")
		",'add':{'effectiveDate':'20300301','ips':['198.18.3.0/24','2001:db8::/32']}},"
		CHANGE(4, 5, "Change", "2030030100") ",'add':{'ips':['2001:db8::/32']}},"
		CHANGE(5, 1, "Change", "2030030100")
		",'add':{'effectiveDate':'20300101','ips':['198.18.3.0/24']}}]";
	static const char *const want[] = { "1 198.18.3.0/24 20300101 2030030100",
					    "5 198.18.1.0/24 20300201 2030010100",
					    "5 198.18.3.0/24 20300301 2030020100" };
	struct feed_changes *c = changes_of(changes);
	char line[128], text[PREFIX_TEXT];
	struct feed_dated *dated;
	size_t n;

	(void)state;
	assert_int_equal(feed_changes_dated(c, NULL, &dated, &n), 0);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "%d %s %s %s", dated[i].set,
			 prefix_text(&dated[i].prefix, text), dated[i].date, dated[i].version);
		assert_string_equal(line, want[i]);
	}
	free(dated);
	assert_int_equal(feed_changes_dated(c, "2030020100", &dated, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(dated[0].set, 1);
	free(dated);
	feed_changes_free(c);
}

static void no_record_is_no_change(void **state)
{
	(void)state;
	becomes("[]", "2030010100", "2030010200", BASE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(add_and_remove_of_one_record_are_both_done),
		T(what_a_record_adds_and_removes_is_there),
		T(attributes_of_current_are_taken_and_others_stay),
		T(sets_come_and_go),
		T(only_the_versions_between_are_done_in_their_order),
		T(disposition_of_the_future_is_told_and_taken_as_change),
		T(record_that_cannot_be_meant_is_refused),
		T(documentation_ranges_need_the_lab),
		T(every_difference_is_said),
		T(set_that_only_one_has_is_said),
		T(dates_are_those_of_the_last_addition),
		T(no_record_is_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
