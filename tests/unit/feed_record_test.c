// SPDX-License-Identifier: GPL-2.0-only
/* What the maps were filled from, written and read back. */
#include "feed_help.h"
#include "../../userspace/feed_record.h"

static void same_text(const char *a, const char *b, const char *what)
{
	if (!a != !b || (a && strcmp(a, b)))
		fail_msg("%s: %s is not %s", what, a ? a : "none", b ? b : "none");
}

static void same_set(const struct feed_set *a, const struct feed_set *b)
{
	assert_int_equal(a->id, b->id);
	same_text(a->name, b->name, "name");
	same_text(a->area, b->area, "area");
	same_text(a->region, b->region, "region");
	same_text(a->group, b->group, "group");
	assert_int_equal(a->category, b->category);
	assert_int_equal(a->expressroute, b->expressroute);
	assert_int_equal(a->required, b->required);
	assert_int_equal(a->leaving, b->leaving);
	same_text(a->tcp_ports, b->tcp_ports, "tcp");
	same_text(a->udp_ports, b->udp_ports, "udp");
	assert_int_equal(a->prefix_count, b->prefix_count);
	for (size_t i = 0; i < a->prefix_count; i++)
		assert_true(prefix_equal(&a->prefixes[i], &b->prefixes[i]));
	assert_int_equal(a->url_count, b->url_count);
	for (size_t i = 0; i < a->url_count; i++)
		same_text(a->urls[i], b->urls[i], "url");
}

static void survives(const struct feed *feed)
{
	size_t size;
	char *text = feed_record_text(feed, &size);
	struct feed *again;

	assert_non_null(text);
	assert_int_equal(size, strlen(text));
	again = feed_record_parse(feed->name, text, size);
	if (!again)
		fail_msg("not read back: %.200s", text);
	same_text(feed->name, again->name, "name");
	same_text(feed->source, again->source, "source");
	same_text(feed->version, again->version, "version");
	assert_int_equal(feed->set_count, again->set_count);
	for (size_t i = 0; i < feed->set_count; i++)
		same_set(&feed->sets[i], &again->sets[i]);
	feed_free(again);
	free(text);
}

/* Every field set, each with a value of its own; and one with none. */
static struct prefix prefixes[2];
static char *urls[2] = { (char *)"mail.example.com", (char *)"*.m\xc3\xbc.example \"quoted\\\"" };
static struct feed_set sets[2];
static struct feed full = { .name = (char *)"m365", .source = (char *)"a/b c.json", .sets = sets, .set_count = 2,
			    .version = (char *)"2024010100.0badcafe" };

static void fill(void)
{
	prefixes[0] = prefix_of("198.18.1.0/24");
	prefixes[1] = prefix_of("2001:db8:1::/48");
	memset(sets, 0, sizeof(sets));
	sets[0] = (struct feed_set){ .id = 2147483647, .name = (char *)"Storage.West", .area = (char *)"Storage",
				     .region = (char *)"west", .group = (char *)"west-1", .category = CATEGORY_ALLOW,
				     .prefixes = prefixes, .prefix_count = 2, .tcp_ports = (char *)"80,443",
				     .udp_ports = (char *)"3478-3481", .urls = urls, .url_count = 2 };
}

static void each_field_is_read_back(void **state)
{
	(void)state;
	fill();
	survives(&full);
	for (int i = 0; i < 24; i++) { /* three categories, and each mark by itself */
		sets[0].category = (enum feed_category)(i % 3);
		sets[0].expressroute = i / 3 & 1;
		sets[0].required = i / 6 & 1;
		sets[0].leaving = i / 12 & 1;
		survives(&full);
	}
	full.version = NULL;
	survives(&full);
	full.set_count = 0;
	survives(&full);
	full.version = (char *)"2024010100.0badcafe";
	full.set_count = 2;
}

static void feeds_of_all_formats_are_read_back(void **state)
{
	static const struct {
		const char *file;
		enum feed_format format;
	} rows[] = {
		{ "microsoft365.json", FEED_MICROSOFT365 },
		{ "azure-service-tags.json", FEED_AZURE_SERVICE_TAGS },
		{ "azure-api.json", FEED_AZURE_SERVICE_TAGS },
		{ "aws-ip-ranges.json", FEED_AWS_IP_RANGES },
		{ "google.json", FEED_GOOGLE },
		{ "google-cloud.json", FEED_GOOGLE },
		{ "cidr-lines.txt", FEED_CIDR_LINES },
	};
	const struct feed_rules rules = { .lab = true, .min4 = 8, .min6 = 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[128];
		struct feed *feed;

		snprintf(path, sizeof(path), "tests/data/feeds/%s", rows[i].file);
		feed = feed_read("x", rows[i].format, path, &rules, &report);
		if (!feed)
			fail_msg("%s: %s", path, report.lines[0].text);
		assert_true(feed->set_count > 0);
		survives(feed);
		feed_free(feed);
	}
}

/* What is read of damage is a feed like any other. */
static void whole_or_nothing(const char *text, size_t size)
{
	char *exact = malloc(size + !size); /* so that a byte read behind it is seen */
	struct feed *feed;

	assert_non_null(exact);
	memcpy(exact, text, size);
	feed = feed_record_parse("m365", exact, size);
	free(exact);
	if (feed)
		survives(feed);
	feed_free(feed);
}

static void record_cut_anywhere_is_nothing(void **state)
{
	size_t size;
	char *text;

	(void)state;
	fill();
	text = feed_record_text(&full, &size);
	assert_non_null(text);
	for (size_t cut = 0; cut < size; cut++)
		assert_null(feed_record_parse("m365", text, cut));
	free(text);
}

static void damage_at_any_byte_never_crashes(void **state)
{
	static const char others[] = { 0, ' ', '"', '}', ']', ',', '0', '9', '-', 'n', '\xff' };
	size_t size;
	char *text;

	(void)state;
	fill();
	text = feed_record_text(&full, &size);
	assert_non_null(text);
	for (size_t i = 0; i < size; i++) {
		char was = text[i];

		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(was ^ 1 << bit);
			whole_or_nothing(text, size);
		}
		for (size_t k = 0; k < sizeof(others); k++) {
			text[i] = others[k];
			whole_or_nothing(text, size);
		}
		text[i] = was;
	}
	free(text);
}

#define SET(fields) "{'record':1,'source':'s','sets':[{" fields "}]}"

static void other_json_is_nothing(void **state)
{
	static const char *const bad[] = {
		"", "null", "1", "[]", "{}", "'record'",
		"{'record':2,'source':'s','sets':[]}", "{'record':'1','source':'s','sets':[]}",
		"{'record':1,'sets':[]}", "{'record':1,'source':1,'sets':[]}",
		"{'record':1,'source':'s'}", "{'record':1,'source':'s','sets':{}}",
		"{'record':1,'source':'s','sets':[],'version':null}",
		"{'record':1,'source':'s','sets':[],'sets':[]}",
		SET(""), SET("'id':1"), "{'record':1,'source':'s','sets':[1]}",
		SET("'id':-1,'category':0,'prefixes':[],'urls':[]"),
		SET("'id':2147483648,'category':0,'prefixes':[],'urls':[]"),
		SET("'id':true,'category':0,'prefixes':[],'urls':[]"),
		SET("'id':1,'category':3,'prefixes':[],'urls':[]"),
		SET("'id':1,'category':-1,'prefixes':[],'urls':[]"),
		SET("'id':1,'category':0,'prefixes':{},'urls':[]"),
		SET("'id':1,'category':0,'prefixes':[1],'urls':[]"),
		SET("'id':1,'category':0,'prefixes':['198.18.1.1/24'],'urls':[]"),
		SET("'id':1,'category':0,'prefixes':['198.18.1.0/24','x'],'urls':[]"),
		SET("'id':1,'category':0,'prefixes':[],'urls':['a',1]"),
		SET("'id':1,'category':0,'prefixes':[]"),
		SET("'id':1,'category':0,'prefixes':[],'urls':[],'area':1"),
		SET("'id':1,'category':0,'prefixes':[],'urls':[],'tcp':[]"),
	};
	char text[256];
	struct feed *feed;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		strcpy(text, bad[i]);
		feed = feed_record_parse("m365", json(text), strlen(text));
		if (feed)
			fail_msg("%s was taken", text);
	}
	strcpy(text, SET("'id':1,'category':0,'prefixes':[],'urls':[]"));
	feed = feed_record_parse("m365", json(text), strlen(text));
	assert_non_null(feed);
	feed_free(feed);
}

static void record_in_the_run_directory_is_found(void **state)
{
	struct feed *feed;
	size_t size;
	char *text;

	(void)state;
	fill();
	assert_null(feed_recorded(&instance, "m365"));
	text = feed_record_text(&full, &size);
	assert_non_null(text);
	assert_int_equal(file_write(instance.run, "feed.m365", text, size), 0);
	feed = feed_recorded(&instance, "m365");
	assert_non_null(feed);
	assert_string_equal(feed->version, "2024010100.0badcafe");
	feed_free(feed);
	assert_null(feed_recorded(&instance, "m36"));
	assert_int_equal(file_write(instance.run, "feed.m365", text, size - 1), 0);
	assert_null(feed_recorded(&instance, "m365"));
	free(text);
}

/* A path of the system is any bytes; the prefixes are what counts. */
static void source_that_is_no_utf8_is_no_hindrance(void **state)
{
	struct feed *again;
	size_t size;
	char *text;

	(void)state;
	fill();
	full.source = (char *)"/srv/\xff/feed.json";
	text = feed_record_text(&full, &size);
	full.source = (char *)"a/b c.json";
	assert_non_null(text);
	again = feed_record_parse("m365", text, size);
	assert_non_null(again);
	assert_int_equal(again->set_count, 2);
	same_set(&full.sets[0], &again->sets[0]);
	feed_free(again);
	free(text);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_field_is_read_back),
		CASE(feeds_of_all_formats_are_read_back),
		CASE(record_cut_anywhere_is_nothing),
		CASE(damage_at_any_byte_never_crashes),
		CASE(other_json_is_nothing),
		CASE(record_in_the_run_directory_is_found),
		CASE(source_that_is_no_utf8_is_no_hindrance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
