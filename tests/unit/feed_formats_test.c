// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of Azure, AWS, Google and plain lists: hand-written bodies, every refusal by its words,
 * and the size that a provider may send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "../../userspace/feed.h"
#include "../../userspace/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FEEDS "tests/data/feeds/"

static const struct feed_rules in_lab = { true, 8, 16 }, outside = { false, 8, 16 };
static struct report report;

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

static struct feed *fixture(enum feed_format format, const char *file)
{
	struct feed *f = feed_read("f", format, file, &in_lab, &report);

	if (!f)
		fail_msg("%s", report.lines[0].text);
	assert_int_equal(report.count, 0);
	return f;
}

/* A set as one line: what failed shows what was read. */
static void set_is(const struct feed *f, size_t i, const char *want)
{
	char text[1024], one[PREFIX_TEXT];
	const struct feed_set *s;
	size_t used;

	if (i >= f->set_count)
		fail_msg("set %zu of %zu", i, f->set_count);
	s = &f->sets[i];
	used = (size_t)snprintf(text, sizeof(text), "%d %s|%s|%s|%s:", s->id,
				s->name ? s->name : "-", s->area ? s->area : "-",
				s->region ? s->region : "-", s->group ? s->group : "-");
	for (size_t j = 0; j < s->prefix_count && used < sizeof(text); j++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s",
					 prefix_text(&s->prefixes[j], one));
	assert_string_equal(text, want);
	assert_false(s->leaving || s->expressroute || s->required);
	assert_null(s->tcp_ports);
}

/* Refused with exactly one line, which says each of the words. */
static void refused_sized(enum feed_format format, const char *body, size_t size,
			  const struct feed_rules *rules, const char *one, const char *two)
{
	report_free(&report);
	if (feed_parse("f", format, body, size, rules, &report))
		fail_msg("read: %s", body);
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.count, 1);
	if (!strstr(report.lines[0].text, one) || !strstr(report.lines[0].text, two))
		fail_msg("%s\nsaid: %s", body, report.lines[0].text);
	assert_null(strchr(report.lines[0].text, '\n'));
	assert_true(strlen(report.lines[0].text) < 300);
}

static void refused(enum feed_format format, const char *body, const char *one, const char *two)
{
	refused_sized(format, body, strlen(body), &in_lab, one, two);
}

static void azure_has_one_set_a_tag(void **state)
{
	struct feed *f = fixture(FEED_AZURE_SERVICE_TAGS, FEEDS "azure-service-tags.json");

	(void)state;
	assert_string_equal(f->version, "412");
	assert_int_equal(f->set_count, 5);
	set_is(f, 0, "0 ActionGroup.Nowhere|-|-|-:");
	set_is(f, 1, "0 AzureCloud|-|-|-: 198.18.0.0/16 203.0.113.0/26 2001:db8:a000::/36");
	set_is(f, 2, "0 Sql.WestUS2|AzureSQL|westus2|-: 198.18.64.7/32");
	set_is(f, 3,
	       "0 Storage|AzureStorage|-|-: 198.18.32.0/20 198.18.48.0/24 203.0.113.8/29 "
	       "2001:db8:a000:40::/64");
	set_is(f, 4, "0 Storage.WestUS2|AzureStorage|westus2|-: 198.18.48.0/24 203.0.113.8/29");
	feed_free(f);
}

static void azure_api_writes_numbers_as_text(void **state)
{
	struct feed *f = fixture(FEED_AZURE_SERVICE_TAGS, FEEDS "azure-api.json");

	(void)state;
	assert_string_equal(f->version, "413");
	assert_int_equal(f->set_count, 1);
	set_is(f, 0, "0 Storage|AzureStorage|-|-: 198.18.32.0/20");
	feed_free(f);
}

static void aws_has_one_set_for_each_service_region_and_group(void **state)
{
	struct feed *f = fixture(FEED_AWS_IP_RANGES, FEEDS "aws-ip-ranges.json");

	(void)state;
	assert_string_equal(f->version, "1760000000");
	assert_int_equal(f->set_count, 6);
	set_is(f, 0, "0 -|AMAZON|eu-west-1|eu-west-1: 198.18.0.0/24 198.18.4.0/22");
	set_is(f, 1, "0 -|AMAZON|us-east-1|us-east-1: 203.0.113.128/25");
	set_is(f, 2, "0 -|CLOUDFRONT|GLOBAL|GLOBAL: 198.51.100.0/26 2001:db8:f000:f800::/56");
	set_is(f, 3, "0 -|EC2|us-east-1|us-east-1: 198.18.8.0/24");
	set_is(f, 4, "0 -|EC2|us-east-1|us-east-1-bos-1: 198.18.9.0/24");
	set_is(f, 5, "0 -|S3|eu-west-1|eu-west-1: 198.18.4.0/22 2001:db8:f000::/40");
	feed_free(f);
}

static void aws_before_groups_and_without_ipv6_is_read(void **state)
{
	static const char body[] =
		"{\"prefixes\":[{\"ip_prefix\":\"198.18.0.0/24\",\"service\":\"S3\"}]}";
	struct feed *f = feed_parse("f", FEED_AWS_IP_RANGES, body, strlen(body), &in_lab, &report);

	(void)state;
	assert_non_null(f);
	assert_null(f->version);
	assert_int_equal(f->set_count, 1);
	set_is(f, 0, "0 -|S3|-|-: 198.18.0.0/24");
	feed_free(f);
}

static void google_without_tags_is_one_set(void **state)
{
	struct feed *f = fixture(FEED_GOOGLE, FEEDS "google.json");

	(void)state;
	assert_string_equal(f->version, "1760000000000");
	assert_int_equal(f->set_count, 1);
	set_is(f, 0, "0 -|-|-|-: 198.18.0.0/20 198.18.12.0/24 198.51.100.64/26 203.0.113.0/24 2001:db8::/36");
	feed_free(f);
}

static void google_cloud_has_one_set_a_scope(void **state)
{
	struct feed *f = fixture(FEED_GOOGLE, FEEDS "google-cloud.json");

	(void)state;
	assert_int_equal(f->set_count, 3);
	set_is(f, 0, "0 -|Google Cloud|europe-west1|-: 198.18.4.0/22 2001:db8:400::/38");
	set_is(f, 1, "0 -|Google Cloud|global|-: 203.0.113.0/24");
	set_is(f, 2, "0 -|Google Cloud|us-central1|-: 192.0.2.0/24 2001:db8:800::/37");
	feed_free(f);
}

static void google_entry_may_have_both_families(void **state)
{
	static const char body[] =
		"{\"syncToken\":\"a\",\"prefixes\":[{\"ipv4Prefix\":\"198.18.0.0/24\","
		"\"ipv6Prefix\":\"2001:db8::/32\",\"x\":1}]}";
	struct feed *f = feed_parse("f", FEED_GOOGLE, body, strlen(body), &in_lab, &report);

	(void)state;
	assert_non_null(f);
	set_is(f, 0, "0 -|-|-|-: 198.18.0.0/24 2001:db8::/32");
	feed_free(f);
}

static void lines_are_one_set_whatever_ends_them(void **state)
{
	struct feed *f = fixture(FEED_CIDR_LINES, FEEDS "cidr-lines.txt");

	(void)state;
	assert_null(f->version);
	assert_int_equal(f->set_count, 1);
	set_is(f, 0,
	       "0 -|-|-|-: 198.18.0.0/20 198.51.100.7/32 203.0.113.0/28 2001:db8:40::/44 "
	       "2001:db8:53::53/128");
	feed_free(f);
}

static void lines_that_are_none_are_named(void **state)
{
	static const struct {
		const char *body;
		int line;
		const char *says;
	} rows[] = {
		{ "198.18.0.0/24\n198.18.0.1/24\n", 2, "198.18.0.1/24: bits are set behind" },
		{ "198.18.0.0/24\r\n\r\n# x\r\nhost.example.com\r\n", 4,
		  "host.example.com: not an address" },
		{ "198.18.0.0/24 198.18.1.0/24", 1,
		  "198.18.0.0/24 198.18.1.0/24: one prefix a line" },
		{ "198.18.0.0/24,198.18.1.0/24", 1, "one prefix a line" },
		{ "\n\n0.0.0.0/0", 3, "default route" },
		{ "10.0.0.0/8", 1, "10.0.0.0/8: private" },
		{ "198.0.0.0/7", 1, "too short; /8 to /32" },
		{ "198.18.0.0/24\n\n2000::/12", 3, "too short; /16 to /128" },
		{ "224.0.0.0/8", 1, "special range" },
		{ "198.18.0.0/24\n\x1b[2J", 2, "?[2J: not an address" },
		{ "[\"198.18.0.0/24\"]", 1, "not an address" },
		{ "<html>\n<body>429 Too Many Requests", 0,
		  "a web page, not a list; one prefix a line" },
		{ " \r\n\t<!DOCTYPE html>", 0, "web page" },
		{ "", 0, "no prefix in it; one prefix a line" },
		{ "\n# 198.18.0.0/24\n", 0, "no prefix in it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		refused(FEED_CIDR_LINES, rows[i].body, "feed f: ", rows[i].says);
		if (report.lines[0].line != rows[i].line)
			fail_msg("%s: line %d, not %d", rows[i].says, report.lines[0].line,
				 rows[i].line);
	}
	refused_sized(FEED_CIDR_LINES, "198.18.0.0/24\n198.18.\0.0/24\n", 28, &in_lab, "zero byte",
		      "accepted");
	refused_sized(FEED_CIDR_LINES, "198.18.0.0/24\0", 14, &in_lab, "zero byte", "accepted");
	assert_int_equal(report.lines[0].line, 1);
}

static void long_line_is_one_short_message(void **state)
{
	size_t size = 1u << 20;
	char *body = malloc(size + 1);

	(void)state;
	assert_non_null(body);
	memset(body, '1', size);
	body[size] = 0;
	refused(FEED_CIDR_LINES, body, "11111...", "one prefix a line");
	memcpy(body, "198.18.0.0/24 #", 15); /* a comment may be of any length */
	feed_free(feed_parse("f", FEED_CIDR_LINES, body, size, &in_lab, &report));
	assert_int_equal(report.count, 1);
	free(body);
}

#define AZURE(tail) "{\"changeNumber\":1,\"values\":[{\"name\":\"T\",\"properties\":{" tail "}}]}"
#define AWS(tail) "{\"syncToken\":\"1\",\"prefixes\":[{" tail "}]}"
#define GOOGLE(tail) "{\"syncToken\":\"1\",\"prefixes\":[{" tail "}]}"
#define P4 "\"ip_prefix\":\"198.18.0.0/24\","
#define G4 "\"ipv4Prefix\":\"198.18.0.0/24\","

static void azure_refuses_what_is_no_tag(void **state)
{
	static const char *const bad[][3] = {
		{ "[]", "not an object", "values" },
		{ "{}", "values: missing", "list" },
		{ "{\"values\":{}}", "values: {}: ", "a list is accepted" },
		{ "{\"values\":[]}", "no prefix in it", "service tags" },
		{ "{\"values\":[7]}", "values 1: ", "an object" },
		{ "{\"values\":[{}]}", "values 1: name: missing", "name" },
		{ "{\"values\":[{\"name\":\"\"}]}", "values 1: name: ", "1 to 127" },
		{ "{\"values\":[{\"name\":\"a\\u0007\"}]}",
		  "values 1: name: ", "plain characters" },
		{ "{\"values\":[{\"name\":\"T\"}]}", "values T: properties", "object" },
		{ AZURE(""), "values T: addressPrefixes: missing", "list" },
		{ AZURE("\"addressPrefixes\":[]"), "no prefix in it", "accepted" },
		{ AZURE("\"addressPrefixes\":[1]"), "values T: addressPrefixes: 1", "as text" },
		{ AZURE("\"addressPrefixes\":[\"0.0.0.0/0\"]"), "values T", "default route" },
		{ AZURE("\"addressPrefixes\":[\"198.18.0.1/15\"]"), "values T", "bits are set" },
		{ AZURE("\"addressPrefixes\":[\"169.254.169.254/32\"]"), "values T", "special" },
		{ AZURE("\"systemService\":1"), "values T: systemService: 1", "name" },
		{ AZURE("\"region\":[]"), "values T: region: []", "name" },
		{ "{\"changeNumber\":[]}", "changeNumber: []", "1 to 40" },
		{ "{\"changeNumber\":\"\"}", "changeNumber", "1 to 40" },
		{ "{\"changeNumber\":\"../x\"}", "changeNumber: \"../x\"", "1 to 40" },
		{ "{\"changeNumber\":\"01234567890123456789012345678901234567890\"}",
		  "changeNumber", "1 to 40" },
		{ "{\"changeNumber\":1.5}", "changeNumber: 1.5", "1 to 40" },
		{ "{\"values\":[", "truncated", "not JSON" },
		{ "<html>", "not JSON", "f" },
		{ "", "empty body", "f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(FEED_AZURE_SERVICE_TAGS, bad[i][0], bad[i][1], bad[i][2]);
	refused(FEED_AZURE_SERVICE_TAGS,
		"{\"values\":[{\"name\":\"A\",\"properties\":{\"addressPrefixes\":[]}},"
		"{\"name\":\"a\",\"properties\":{\"addressPrefixes\":[]}}]}",
		"values: ", "stands twice");
}

static void aws_refuses_what_is_no_prefix(void **state)
{
	static const char *const bad[][3] = {
		{ "[]", "not an object", "prefixes" },
		{ "{}", "prefixes: missing", "list" },
		{ "{\"prefixes\":5}", "prefixes: 5", "a list is accepted" },
		{ "{\"prefixes\":[],\"ipv6_prefixes\":{}}", "ipv6_prefixes: {}",
		  "a list is accepted" },
		{ "{\"prefixes\":[],\"ipv6_prefixes\":[]}", "no prefix in it", "accepted" },
		{ "{\"prefixes\":[null]}", "prefixes 1: ", "object" },
		{ AWS("\"service\":\"S3\""), "prefixes 1: ip_prefix: ", "as text" },
		{ AWS("\"ip_prefix\":\"2001:db8::/32\""), "ip_prefix", "IPv4 prefix is accepted" },
		{ AWS("\"ip_prefix\":\"198.18.0.0/40\""), "prefixes 1: ip_prefix", "0 to 32" },
		{ AWS("\"ip_prefix\":\"10.0.0.0/8\""), "10.0.0.0/8", "private" },
		{ AWS(P4 "\"region\":\"x\""), "service: missing", "name" },
		{ AWS(P4 "\"service\":7"), "service: 7", "name" },
		{ AWS(P4 "\"service\":\"S\",\"region\":7"), "region: 7", "name" },
		{ AWS(P4 "\"service\":\"S\",\"network_border_group\":7"), "network_border_group: 7",
		  "name" },
		{ "{\"syncToken\":\"a b\",\"prefixes\":[]}", "syncToken: \"a b\"", "1 to 40" },
		{ "{\"prefixes\":[],\"ipv6_prefixes\":[{\"ipv6_prefix\":\"198.18.0.0/24\"}]}",
		  "ipv6_prefixes 1: ipv6_prefix", "IPv6 prefix is accepted" },
		{ "{\"prefixes\":[],\"prefixes\":[]}", "a key stands twice", "f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(FEED_AWS_IP_RANGES, bad[i][0], bad[i][1], bad[i][2]);
}

static void google_refuses_what_is_no_prefix(void **state)
{
	static const char *const bad[][3] = {
		{ "[1]", "not an object", "prefixes" },
		{ "{}", "prefixes: missing", "list" },
		{ "{\"prefixes\":[]}", "no prefix in it", "accepted" },
		{ "{\"prefixes\":[[]]}", "prefixes 1: ", "object" },
		{ GOOGLE("\"service\":\"x\""), "prefixes 1: no prefix",
		  "ipv4Prefix or ipv6Prefix" },
		{ GOOGLE("\"ipv4Prefix\":\"2001:db8::/32\""), "ipv4Prefix",
		  "IPv4 prefix is accepted" },
		{ GOOGLE("\"ipv6Prefix\":\"198.18.0.0/24\""), "ipv6Prefix",
		  "IPv6 prefix is accepted" },
		{ GOOGLE("\"ipv6Prefix\":\"::/0\""), "ipv6Prefix", "default route" },
		{ GOOGLE("\"ipv4Prefix\":null"), "ipv4Prefix: null", "as text" },
		{ GOOGLE(G4 "\"scope\":1"), "scope: 1", "name" },
		{ GOOGLE(G4 "\"service\":{}"), "service: {}", "name" },
		{ "{\"syncToken\":{},\"prefixes\":[]}", "syncToken: {}", "1 to 40" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(FEED_GOOGLE, bad[i][0], bad[i][1], bad[i][2]);
}

static void documentation_ranges_need_the_lab(void **state)
{
	static const struct {
		enum feed_format format;
		const char *body;
	} rows[] = {
		{ FEED_AZURE_SERVICE_TAGS, AZURE("\"addressPrefixes\":[\"192.0.2.0/24\"]") },
		{ FEED_AWS_IP_RANGES, AWS("\"ip_prefix\":\"192.0.2.0/24\"") },
		{ FEED_GOOGLE, GOOGLE("\"ipv4Prefix\":\"192.0.2.0/24\"") },
		{ FEED_CIDR_LINES, "192.0.2.0/24" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refused_sized(rows[i].format, rows[i].body, strlen(rows[i].body), &outside,
			      "documentation", "lab");
}

/* The largest body that is taken, of the most sets that its prefixes can make. */
static void hundred_thousand_prefixes_take_no_time(void **state)
{
	size_t n = 100000, used;
	char *body = malloc(FEED_BODY_MAX + 256);
	struct timespec from, to;
	struct feed *f;
	double took;

	(void)state;
	assert_non_null(body);
	used = (size_t)sprintf(body, "{\"syncToken\":\"1\",\"prefixes\":[");
	for (size_t i = 0; i < n; i++)
		used += (size_t)sprintf(
			body + used,
			"%s{\"ip_prefix\":\"198.%zu.%zu.%zu/32\",\"service\":\"S%zu\","
			"\"region\":\"%066zu\"}",
			i ? "," : "", 18 + (i >> 16 & 1), i >> 8 & 255, i & 255, i % 1000, i % 7);
	used += (size_t)sprintf(body + used, "]}");
	memset(body + used, ' ', FEED_BODY_MAX - used);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	f = feed_parse("f", FEED_AWS_IP_RANGES, body, FEED_BODY_MAX, &in_lab, &report);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	took = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	free(body);
	if (!f)
		fail_msg("%s", report.lines[0].text);
	assert_int_equal(f->set_count, 7000);
	feed_free(f);
	print_message("%.0f ms\n", took * 1e3);
	assert_true(took <
		    5); /* quadratic would be minutes; the sanitizers and a busy machine are some */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(azure_has_one_set_a_tag),
		T(azure_api_writes_numbers_as_text),
		T(aws_has_one_set_for_each_service_region_and_group),
		T(aws_before_groups_and_without_ipv6_is_read),
		T(google_without_tags_is_one_set),
		T(google_cloud_has_one_set_a_scope),
		T(google_entry_may_have_both_families),
		T(lines_are_one_set_whatever_ends_them),
		T(lines_that_are_none_are_named),
		T(long_line_is_one_short_message),
		T(azure_refuses_what_is_no_tag),
		T(aws_refuses_what_is_no_prefix),
		T(google_refuses_what_is_no_prefix),
		T(documentation_ranges_need_the_lab),
		T(hundred_thousand_prefixes_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
