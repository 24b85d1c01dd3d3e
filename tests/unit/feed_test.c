// SPDX-License-Identifier: GPL-2.0-only
/* Reader of the endpoint web service: hand-written bodies, one for each trap. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed.h"
#include "../../userspace/feed_ports.h"
#include "../../userspace/report.h"

#define SET_HEAD "{\"id\":7,\"serviceArea\":\"Common\",\"category\":\"Allow\",\"required\":true," \
		 "\"expressRoute\":true"

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

static struct feed *parse(const char *body, bool lab)
{
	return feed_parse("m365", FEED_MICROSOFT365, body, strlen(body), lab ? &in_lab : &outside, &report);
}

/* A body is refused with exactly one line, which says each of the words. */
static void refused_saying(const char *body, const char *one, const char *two)
{
	report_free(&report);
	assert_null(parse(body, true));
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.count, 1);
	if (!strstr(report.lines[0].text, one) || !strstr(report.lines[0].text, two))
		fail_msg("said: %s", report.lines[0].text);
	assert_null(strchr(report.lines[0].text, '\n'));
	assert_true(strlen(report.lines[0].text) < 300);
}

static struct feed *fixture(void)
{
	struct feed *f = feed_read("m365", FEED_MICROSOFT365, "tests/data/feeds/microsoft365.json", &in_lab,
				   &report);

	if (!f && report.count)
		fail_msg("%s", report.lines[0].text);
	return f;
}

static const struct feed_set *set_of(const struct feed *f, int id)
{
	for (size_t i = 0; i < f->set_count; i++)
		if (f->sets[i].id == id)
			return &f->sets[i];
	fail_msg("no set %d", id);
	return NULL;
}

static void fixture_is_read_with_all_its_traps(void **state)
{
	struct feed *f = fixture();

	(void)state;
	assert_int_equal(f->set_count, 7);
	assert_int_equal(set_of(f, 1)->prefix_count, 5);
	assert_string_equal(set_of(f, 1)->tcp_ports, "80,443");
	assert_int_equal(set_of(f, 1)->category, CATEGORY_OPTIMIZE);
	assert_int_equal(set_of(f, 1)->url_count, 2);
	assert_string_equal(set_of(f, 2)->tcp_ports, "143,587,993,995");
	assert_false(set_of(f, 2)->required);
	assert_null(set_of(f, 2)->udp_ports);
	assert_true(set_of(f, 4)->expressroute);
	assert_int_equal(set_of(f, 4)->prefix_count, 0);
	assert_string_equal(set_of(f, 4)->tcp_ports, "80,443");
	assert_int_equal(set_of(f, 11)->url_count, 0);
	assert_null(set_of(f, 11)->tcp_ports);
	assert_string_equal(set_of(f, 46)->tcp_ports, "80,443,5000-5010");
	assert_string_equal(set_of(f, 163)->area, "MEM");
	feed_free(f);
}

static void documentation_ranges_need_the_lab(void **state)
{
	(void)state;
	assert_null(feed_read("m365", FEED_MICROSOFT365, "tests/data/feeds/microsoft365.json", &outside,
			      &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.lines[0].text, "set 1"));
	assert_non_null(strstr(report.lines[0].text, "lab"));
}

static void ports_are_put_in_order(void **state)
{
	static const char *const good[][2] = {
		{ "443", "443" },
		{ "443,80", "80,443" },
		{ " 143, 587 ,993,995 ", "143,587,993,995" },
		{ "50000-50059,3478 - 3481", "3478-3481,50000-50059" },
		{ "80,80", "80" },
		{ "10-20,15-30,25", "10-30" },
		{ "1,65535", "1,65535" },
	};
	static const char *const bad[] = { "0", "65536", "80,", ",80", "80 443", "a", "20-10", "1-", "-1",
					   "80;443", "99999999999999999999", "1-2-3" };
	char *out;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(feed_ports(good[i][0], &out), 0);
		assert_string_equal(out, good[i][1]);
		free(out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (feed_ports(bad[i], &out) != -EINVAL)
			fail_msg("%s was accepted", bad[i]);
	assert_int_equal(feed_ports("  ", &out), 0);
	assert_null(out);
}

static void prefix_that_no_feed_may_name_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "0.0.0.0/0", "default route" },	{ "::/0", "default route" },
		{ "198.0.0.0/7", "too short" },		{ "2000::/15", "too short" },
		{ "10.1.0.0/16", "private" },		{ "172.16.0.0/12", "private" },
		{ "192.168.1.1/32", "private" },	{ "100.64.0.0/10", "private" },
		{ "fd00::/16", "private" },		{ "127.0.0.0/8", "special" },
		{ "169.254.0.0/16", "special" },	{ "224.0.0.0/8", "special" },
		{ "fe80::/64", "special" },		{ "ff00::/16", "special" },
		{ "198.18.0.1/24", "prefix length" },	{ "198.18.0.0/33", "0 to 32" },
		{ "198.18.0", "not" },			{ "2001:db8::/129", "0 to 128" },
		{ "", "not" },
	};
	char body[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(body, sizeof(body), "[" SET_HEAD ",\"ips\":[\"%s\"]}]", bad[i][0]);
		refused_saying(body, "set 7", bad[i][1]);
		assert_non_null(strstr(report.lines[0].text, bad[i][0]));
	}
}

static void shortest_prefix_is_what_the_rules_say(void **state)
{
	static const char body[] = "[" SET_HEAD ",\"ips\":[\"198.18.0.0/15\",\"2001:db8::/32\"]}]";
	static const struct {
		struct feed_rules rules;
		const char *says; /* NULL: it is read */
	} rows[] = {
		{ { true, 15, 32 }, NULL },
		{ { true, 0, 0 }, NULL },
		{ { true, 16, 32 }, "198.18.0.0/15\": too short; /16 to /32 is accepted" },
		{ { true, 15, 33 }, "2001:db8::/32\": too short; /33 to /128 is accepted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed *f = feed_parse("m365", FEED_MICROSOFT365, body, strlen(body), &rows[i].rules,
					    &report);

		assert_int_equal(f == NULL, rows[i].says != NULL);
		if (rows[i].says)
			assert_non_null(strstr(report.lines[report.count - 1].text, rows[i].says));
		feed_free(f);
	}
}

static void label_is_the_most_telling_tag(void **state)
{
	static const struct {
		struct feed_set set;
		const char *label;
	} rows[] = {
		{ { .id = 7, .area = "Common" }, "7" },
		{ { .name = "Storage.WestUS2", .area = "AzureStorage", .region = "westus2" }, "Storage.WestUS2" },
		{ { .area = "S3", .region = "eu-west-1", .group = "eu-west-1" }, "S3/eu-west-1/eu-west-1" },
		{ { .region = "europe-west1" }, "europe-west1" },
		{ { 0 }, "all" },
	};
	char text[FEED_LABEL], small[6];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		feed_set_label(&rows[i].set, text, sizeof(text));
		assert_string_equal(text, rows[i].label);
	}
	feed_set_label(&rows[2].set, small, sizeof(small));
	assert_string_equal(small, "S3/eu");
}

static void wrong_types_name_the_set(void **state)
{
	static const char *const tails[][2] = {
		{ ",\"ips\":\"198.18.0.0/24\"", "ips" }, { ",\"ips\":[5]", "5" },
		{ ",\"ips\":[null]", "null" },		 { ",\"tcpPorts\":443", "tcpPorts" },
		{ ",\"udpPorts\":[\"443\"]", "udpPorts" }, { ",\"tcpPorts\":\"443,x\"", "443,x" },
		{ ",\"urls\":{}", "urls" },		 { ",\"urls\":[1]", "urls" },
	};
	char body[256];

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(body, sizeof(body), "[" SET_HEAD "%s}]", tails[i][0]);
		refused_saying(body, "set 7", tails[i][1]);
	}
	refused_saying("[{\"id\":3}]", "set 3", "serviceArea");
	refused_saying("[{\"id\":3,\"serviceArea\":\"A\",\"category\":\"Allow\",\"required\":true}]",
		       "set 3", "expressRoute");
	refused_saying("[{\"id\":3,\"serviceArea\":\"A\",\"category\":1}]", "set 3", "category");
	refused_saying("[{\"id\":3,\"serviceArea\":\"A\\u001b[2J\"}]", "set 3", "serviceArea");
	refused_saying("[{\"id\":\"3\"}]", "entry 1", "id");
	refused_saying("[{\"serviceArea\":\"A\"}]", "entry 1", "missing");
	refused_saying("[5]", "entry 1", "object");
	refused_saying("[" SET_HEAD "}," SET_HEAD "}]", "set 7", "twice");
}

static void what_is_no_feed_is_refused(void **state)
{
	(void)state;
	refused_saying("", "m365", "empty");
	refused_saying("<html>", "m365", "not JSON");
	refused_saying("[", "m365", "truncated");
	refused_saying("[{\"id\":1", "m365", "truncated");
	refused_saying("[]", "m365", "no endpoint set");
	refused_saying("{\"error\":\"busy\"}", "m365", "list");
	refused_saying("[{\"id\":1,\"id\":1}]", "m365", "twice");
	refused_saying("[{\"id\":1}] x", "m365", "not JSON");
	refused_saying("[\"\xff\xfe\"]", "m365", "");
}

static void ten_megabytes_of_nesting_are_one_line(void **state)
{
	size_t size = 10u << 20;
	char *body = malloc(size + 1);

	(void)state;
	assert_non_null(body);
	memset(body, '[', size);
	body[size] = 0;
	refused_saying(body, "m365", "nested too deeply");
	for (size_t i = 0; i + 5 <= size; i += 5)
		memcpy(body + i, "{\"a\":", 5);
	refused_saying(body, "m365", "nested too deeply");
	free(body);
}

static void unknown_keys_areas_and_categories_pass(void **state)
{
	struct feed *f = parse("[{\"id\":5,\"serviceArea\":\"New\",\"category\":\"Prefer\",\"required\":false,"
			       "\"expressRoute\":false,\"x\":{\"y\":[]},\"ips\":[\"198.18.0.0/24\","
			       "\"198.18.0.0/24\"]}]", true);

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->sets[0].category, CATEGORY_DEFAULT);
	assert_int_equal(f->sets[0].prefix_count, 1);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.count, 1);
	assert_string_equal(f->odd, "category Prefer, area New, key x");
	feed_free(f);
}

static void file_that_cannot_be_a_body_is_refused(void **state)
{
	char directory[] = "/tmp/samepath-feed-XXXXXX", path[64];
	FILE *big;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_null(feed_read("m365", FEED_MICROSOFT365, directory, &in_lab, &report));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(feed_read("m365", FEED_MICROSOFT365, path, &in_lab, &report));
	unlink(path);
	assert_null(feed_read("m365", FEED_MICROSOFT365, path, &in_lab, &report));
	big = fopen(path, "w");
	assert_non_null(big);
	assert_int_equal(ftruncate(fileno(big), FEED_BODY_MAX + 1), 0);
	fclose(big);
	assert_null(feed_read("m365", FEED_MICROSOFT365, path, &in_lab, &report));
	unlink(path);
	rmdir(directory);
	assert_int_equal(report.errors, 4);
	assert_non_null(strstr(report.lines[0].text, "regular"));
	assert_non_null(strstr(report.lines[1].text, "regular"));
	assert_non_null(strstr(report.lines[2].text, "No such file"));
	assert_non_null(strstr(report.lines[3].text, "larger"));
}

static void broken_fixtures_are_refused(void **state)
{
	static const char *const files[] = { "truncated", "default-route", "private" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "tests/data/feeds/%s.json", files[i]);
		assert_null(feed_read("m365", FEED_MICROSOFT365, path, &in_lab, &report));
		assert_int_equal(report.errors, i + 1);
	}
}

static void source_is_relative_to_the_configuration(void **state)
{
	struct config_feed entries[] = {
		{ .name = "file", .source = "data/feeds/microsoft365.json", .line = 3 },
		{ .name = "far", .source = "https://endpoints.example.com", .line = 4 },
	};
	struct config c = { .file = "tests/x.yaml", .name = "unit", .lab = true, .feeds = entries, .feed_count = 2 };
	struct feeds feeds;

	(void)state;
	assert_true(feeds_load(&c, NULL, &feeds, &report));
	assert_non_null(feeds.at[0]);
	assert_null(feeds.at[1]);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.count, 2);
	assert_non_null(strstr(report.lines[0].text, "not known, and tolerated: "));
	assert_int_equal(report.lines[1].line, 4);
	assert_non_null(strstr(report.lines[1].text, "not fetched"));
	feeds_free(&feeds);
	c.lab = false;
	assert_false(feeds_load(&c, NULL, &feeds, &report));
	feeds_free(&feeds);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fixture_is_read_with_all_its_traps),
		T(documentation_ranges_need_the_lab),
		T(ports_are_put_in_order),
		T(prefix_that_no_feed_may_name_is_refused),
		T(shortest_prefix_is_what_the_rules_say),
		T(label_is_the_most_telling_tag),
		T(wrong_types_name_the_set),
		T(what_is_no_feed_is_refused),
		T(ten_megabytes_of_nesting_are_one_line),
		T(unknown_keys_areas_and_categories_pass),
		T(file_that_cannot_be_a_body_is_refused),
		T(broken_fixtures_are_refused),
		T(source_is_relative_to_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
