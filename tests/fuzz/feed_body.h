/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What holds of every reader of bodies, whatever it is fed: a feed, or one line that says why not.
 * A fuzzer of a reader includes its source and this, and names its format.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../userspace/feed.h"
#include "../../userspace/report.h"

/* A message is one line of printable ASCII, however long what it is about. */
static void check_line(const struct report_line *line)
{
	assert(strlen(line->text) < 400);
	for (const char *c = line->text; *c; c++)
		assert(*c >= ' ' && *c <= '~');
}

/* What classes, maps and `feed show` rely on. */
static void check_set(const struct feed_set *s, const struct feed_rules *rules)
{
	char label[FEED_LABEL];

	feed_set_label(s, label, sizeof(label));
	assert(label[0] && s->id >= 0 && !s->leaving);
	for (size_t i = 0; i < s->prefix_count; i++) {
		const struct prefix *p = &s->prefixes[i];
		char text[PREFIX_TEXT];
		struct prefix again;
		const char *why;

		assert(!prefix_parse(prefix_text(p, text), &again, &why)); /* no host bits */
		assert(prefix_equal(p, &again));
		assert(p->length >= (p->family == 4 ? rules->min4 : rules->min6));
		assert(prefix_scope(p) != SCOPE_PRIVATE && prefix_scope(p) != SCOPE_SPECIAL);
		assert(!i || prefix_compare(&s->prefixes[i - 1], p) < 0);
	}
}

static void check_feed(const struct feed *f, const struct feed_rules *rules)
{
	struct feed_entry *entries;
	size_t count;

	assert(!f->version || strspn(f->version, "0123456789abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == strlen(f->version));
	for (size_t i = 0; i < f->set_count; i++)
		check_set(&f->sets[i], rules);
	assert(!feed_entries(f, &entries, &count));
	free(entries);
}

/* The body comes in a block of its own size, so that a byte read behind it is seen. */
static inline int fuzz_body(enum feed_format format, const uint8_t *data, size_t size)
{
	static const struct feed_rules rules = { true, 8, 16 };
	struct report report = { 0 };
	char *body = malloc(size + !size);
	struct feed *f;

	assert(body);
	if (size)
		memcpy(body, data, size);
	f = feed_parse("fuzz", format, body, size, &rules, &report);
	free(body);
	assert(report.errors == (f ? 0 : 1));
	for (size_t i = 0; i < report.count; i++)
		check_line(&report.lines[i]);
	if (f)
		check_feed(f, &rules);
	feed_free(f);
	report_free(&report);
	return 0;
}
