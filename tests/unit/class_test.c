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
	.file = "tests/data/feeds/x.yaml", .lab = true, .feeds = &feed_entry, .feed_count = 1,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sets_without_a_filter),
		cmocka_unit_test(area_alone),
		cmocka_unit_test(category_and_area_must_both_hold),
		cmocka_unit_test(ids_required_and_expressroute),
		cmocka_unit_test(literal_prefixes_are_added_once),
		cmocka_unit_test(feed_that_is_not_at_hand_selects_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
