// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/fuzz/seeds/record-*
/* The record of what was applied: root's own file, but one that a disk may have damaged. */
#include <assert.h>
#include <stdint.h>
#include "../../userspace/feed_record.c"

static void check_set(const struct feed_set *s)
{
	char label[FEED_LABEL];

	feed_set_label(s, label, sizeof(label));
	assert(s->id >= 0 && feed_category_text(s->category));
	for (size_t i = 0; i < s->prefix_count; i++) {
		char text[PREFIX_TEXT];
		struct prefix again;
		const char *why;

		assert(!prefix_parse(prefix_text(&s->prefixes[i], text), &again, &why));
		assert(prefix_equal(&s->prefixes[i], &again));
	}
	for (size_t i = 0; i < s->url_count; i++)
		assert(s->urls[i]);
}

/* What was understood is written as it was understood. */
static void check_again(const struct feed *feed)
{
	size_t size, more;
	char *text = feed_record_text(feed, &size), *same;
	struct feed *again;

	assert(text);
	again = feed_record_parse("fuzz", text, size);
	assert(again);
	same = feed_record_text(again, &more);
	assert(same && size == more && !memcmp(text, same, size));
	feed_free(again);
	free(same);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + !size); /* of its own size, so that a byte read behind it is seen */
	struct feed_entry *entries;
	struct feed *feed;
	size_t count;

	assert(text);
	if (size)
		memcpy(text, data, size);
	feed = feed_record_parse("fuzz", text, size);
	free(text);
	if (!feed)
		return 0;
	assert(feed->name && feed->source);
	for (size_t i = 0; i < feed->set_count; i++)
		check_set(&feed->sets[i]);
	assert(!feed_entries(feed, &entries, &count));
	free(entries);
	check_again(feed);
	feed_free(feed);
	return 0;
}
