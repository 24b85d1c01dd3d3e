// SPDX-License-Identifier: GPL-2.0-only
/* What a class selects from a feed body, and what it adds of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/feed.h"
#include "../../userspace/report.h"

static struct report report;
static struct config_feed feed_entry = { .name = "m365", .source = "microsoft365.json", .line = 1 };
static struct config config = {
	.file = "tests/data/feeds/x.yaml", .lab = true, .name = "unit", .feeds = &feed_entry, .feed_count = 1,
};
static struct feeds feeds;

static int setup(void **state)
{
	(void)state;
	return feeds_load(&config, NULL, &feeds, &report) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	feeds_free(&feeds);
	report_free(&report);
	return 0;
}

static struct config_class class_of(char *feed)
{
	return (struct config_class){ .name = "k", .feed = feed, .required = -1, .expressroute = -1 };
}

/* The prefixes as one text: a failure shows what was selected. */
static void selects(const struct config_class *class, const char *want)
{
	char text[1024] = "", one[PREFIX_TEXT];
	struct prefix *found;
	size_t count;

	assert_int_equal(class_select(&config, &feeds, class, &found, &count), 0);
	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, prefix_text(&found[i], one));
	}
	free(found);
	assert_string_equal(text, want);
}

static struct config_words words(struct config_word *word, char *text)
{
	word->text = text;
	return (struct config_words){ word, 1 };
}

static void all_sets_without_a_filter(void **state)
{
	struct config_class k = class_of("m365");

	(void)state;
	selects(&k, "198.18.0.0/16 198.18.0.0/20 198.18.16.152/31 198.19.64.0/18 203.0.113.64/27 "
		    "203.0.113.96/28 203.0.113.215/32 2001:db8:100::/40 2001:db8:1ec:4::152/128");
}

static void area_alone(void **state)
{
	struct config_class k = class_of("m365");
	struct config_word word;

	(void)state;
	k.areas = words(&word, "Skype");
	selects(&k, "198.19.64.0/18");
	k.areas = words(&word, "mem");
	selects(&k, "203.0.113.64/27 203.0.113.96/28");
	k.areas = words(&word, "SharePoint");
	selects(&k, "");
	k.areas = words(&word, "Sky");
	selects(&k, "");
}

static void category_and_area_must_both_hold(void **state)
{
	struct config_class k = class_of("m365");
	struct config_word area, category;

	(void)state;
	k.areas = words(&area, "Exchange");
	k.categories = words(&category, "Allow");
	selects(&k, "198.18.0.0/20 2001:db8:100::/40");
	k.categories = words(&category, "Default");
	selects(&k, "");
}

static void ids_required_and_expressroute(void **state)
{
	struct config_class k = class_of("m365");
	int ids[] = { 11, 2, 999 };

	(void)state;
	k.ids = ids;
	k.id_count = 3;
	selects(&k, "198.18.0.0/20 198.19.64.0/18 2001:db8:100::/40");
	k.required = 1;
	selects(&k, "198.19.64.0/18");
	k.required = 0;
	selects(&k, "198.18.0.0/20 2001:db8:100::/40");
	k = class_of("m365");
	k.expressroute = 0;
	selects(&k, "198.18.0.0/16 198.18.0.0/20 203.0.113.64/27 203.0.113.96/28");
}

static void literal_prefixes_are_added_once(void **state)
{
	struct config_prefix literal[2] = { { .line = 1 }, { .line = 1 } };
	struct config_class k = class_of("m365");
	struct config_word word;
	const char *why;

	(void)state;
	assert_int_equal(prefix_parse("198.19.64.0/18", &literal[0].prefix, &why), 0);
	assert_int_equal(prefix_parse("192.0.2.0/24", &literal[1].prefix, &why), 0);
	k.prefixes = (struct config_prefixes){ literal, 2 };
	k.areas = words(&word, "Skype");
	selects(&k, "192.0.2.0/24 198.19.64.0/18");
	k.feed = NULL;
	selects(&k, "192.0.2.0/24 198.19.64.0/18");
	k.prefixes.count = 1;
	selects(&k, "198.19.64.0/18");
}

static void feed_that_is_not_at_hand_selects_nothing(void **state)
{
	struct config_class k = class_of("m365"), other = class_of("other");
	struct feed *kept = feeds.at[0];

	(void)state;
	feeds.at[0] = NULL;
	selects(&k, "");
	assert_null(class_feed(&config, &feeds, &k));
	feeds.at[0] = kept;
	selects(&other, "");
	assert_ptr_equal(class_feed(&config, &feeds, &k), kept);
}

/* Feeds with tags of their own, and classes in their order. */
struct world {
	struct config config;
	struct feeds feeds;
	struct config_feed entries[4];
	struct config_class classes[8];
	struct config_word word[8];
	size_t words;
};

static void world_begin(struct world *w)
{
	static const struct config_feed entries[] = {
		{ .name = "azure", .format = FEED_AZURE_SERVICE_TAGS, .source = "azure-service-tags.json" },
		{ .name = "aws", .format = FEED_AWS_IP_RANGES, .source = "aws-ip-ranges.json" },
		{ .name = "goog", .format = FEED_GOOGLE, .source = "google.json" },
		{ .name = "cloud", .format = FEED_GOOGLE, .source = "google-cloud.json" },
	};

	memset(w, 0, sizeof(*w));
	memcpy(w->entries, entries, sizeof(entries));
	w->config = (struct config){ .file = "tests/data/feeds/x.yaml", .lab = true, .name = "unit", .feeds = w->entries,
				     .feed_count = 4, .classes = w->classes };
	assert_true(feeds_load(&w->config, NULL, &w->feeds, &report));
}

static struct config_class *world_class(struct world *w, char *name, char *feed)
{
	struct config_class *k = &w->classes[w->config.class_count++];

	*k = class_of(feed);
	k->name = name;
	return k;
}

static struct config_words world_word(struct world *w, char *text)
{
	return words(&w->word[w->words++], text);
}

static void world_selects(struct world *w, const struct config_class *class, const char *want)
{
	struct config kept_config = config;
	struct feeds kept = feeds;

	config = w->config;
	feeds = w->feeds;
	selects(class, want);
	config = kept_config;
	feeds = kept;
}

static void tags_of_other_formats_select(void **state)
{
	struct config_class *k;
	struct world w;

	(void)state;
	world_begin(&w);
	k = world_class(&w, "k", "azure");
	k->names = world_word(&w, "storage.westus2");
	world_selects(&w, k, "198.18.48.0/24 203.0.113.8/29");
	k->names = world_word(&w, "Storage*");
	world_selects(&w, k, "198.18.32.0/20 198.18.48.0/24 203.0.113.8/29 2001:db8:a000:40::/64");
	k->names = world_word(&w, "storage.*");
	world_selects(&w, k, "198.18.48.0/24 203.0.113.8/29");
	k->names = world_word(&w, "Storage.West");
	world_selects(&w, k, "");
	*k = class_of("azure");
	k->regions = world_word(&w, "WESTUS2");
	world_selects(&w, k, "198.18.48.0/24 198.18.64.7/32 203.0.113.8/29");
	k->services = world_word(&w, "azuresql");
	world_selects(&w, k, "198.18.64.7/32");
	*k = class_of("aws");
	k->services = world_word(&w, "EC2");
	world_selects(&w, k, "198.18.8.0/24 198.18.9.0/24");
	k->groups = world_word(&w, "us-east-1-bos-1");
	world_selects(&w, k, "198.18.9.0/24");
	feeds_free(&w.feeds);
}

static void set_without_the_tag_is_in_no_list(void **state)
{
	struct config_class *k;
	struct world w;

	(void)state;
	world_begin(&w);
	k = world_class(&w, "k", "goog");
	k->services = world_word(&w, "Google Cloud");
	world_selects(&w, k, "");
	*k = class_of("goog");
	k->names = world_word(&w, "*");
	world_selects(&w, k, "");
	*k = class_of("goog");
	k->areas = world_word(&w, "");
	world_selects(&w, k, "");
	feeds_free(&w.feeds);
}

static void google_services_are_goog_without_cloud(void **state)
{
	struct config_class *k;
	struct world w;

	(void)state;
	world_begin(&w);
	world_class(&w, "cloud", "cloud");
	k = world_class(&w, "services", "goog");
	k->except = world_word(&w, "cloud");
	world_selects(&w, k, "198.18.0.0/22 198.18.8.0/21 198.51.100.64/26 2001:db8::/38");
	feeds_free(&w.feeds);
}

static void excepted_of_the_excepted_comes_back(void **state)
{
	struct config_prefix literal[3] = { 0 };
	struct config_class *k;
	struct world w;
	const char *why;

	(void)state;
	world_begin(&w);
	assert_int_equal(prefix_parse("192.0.2.0/24", &literal[0].prefix, &why), 0);
	assert_int_equal(prefix_parse("192.0.2.0/25", &literal[1].prefix, &why), 0);
	assert_int_equal(prefix_parse("192.0.2.0/26", &literal[2].prefix, &why), 0);
	world_class(&w, "quarter", NULL)->prefixes = (struct config_prefixes){ &literal[2], 1 };
	k = world_class(&w, "half", NULL);
	k->prefixes = (struct config_prefixes){ &literal[1], 1 };
	k->except = world_word(&w, "quarter");
	k = world_class(&w, "whole", NULL);
	k->prefixes = (struct config_prefixes){ &literal[0], 1 };
	k->except = world_word(&w, "half");
	world_selects(&w, k, "192.0.2.0/26 192.0.2.128/25");
	feeds_free(&w.feeds);
}

static void excepted_feed_that_is_not_at_hand_leaves_nothing(void **state)
{
	struct config_prefix literal = { 0 };
	struct config_class *k, *far;
	struct feed *kept;
	struct world w;
	const char *why;

	(void)state;
	world_begin(&w);
	assert_int_equal(prefix_parse("192.0.2.0/24", &literal.prefix, &why), 0);
	world_class(&w, "cloud", "cloud");
	k = world_class(&w, "aws", "aws");
	k->except = world_word(&w, "cloud");
	far = world_class(&w, "far", NULL);
	far->prefixes = (struct config_prefixes){ &literal, 1 };
	far->except = world_word(&w, "aws");
	world_selects(&w, far, "192.0.2.0/24");
	assert_true(class_known(&w.config, &w.feeds, far));
	kept = w.feeds.at[3];
	w.feeds.at[3] = NULL;
	world_selects(&w, k, "");
	world_selects(&w, far, ""); /* through a class that excepts it */
	assert_false(class_known(&w.config, &w.feeds, k));
	assert_false(class_known(&w.config, &w.feeds, far));
	w.feeds.at[3] = kept;
	k->except = world_word(&w, "nowhere");
	world_selects(&w, k, "");
	k->except = world_word(&w, "far"); /* a later one: no cycle is followed */
	world_selects(&w, k, "");
	world_selects(&w, far, "");
	feeds_free(&w.feeds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sets_without_a_filter),
		cmocka_unit_test(area_alone),
		cmocka_unit_test(category_and_area_must_both_hold),
		cmocka_unit_test(ids_required_and_expressroute),
		cmocka_unit_test(literal_prefixes_are_added_once),
		cmocka_unit_test(feed_that_is_not_at_hand_selects_nothing),
		cmocka_unit_test(tags_of_other_formats_select),
		cmocka_unit_test(set_without_the_tag_is_in_no_list),
		cmocka_unit_test(google_services_are_goog_without_cloud),
		cmocka_unit_test(excepted_of_the_excepted_comes_back),
		cmocka_unit_test(excepted_feed_that_is_not_at_hand_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
