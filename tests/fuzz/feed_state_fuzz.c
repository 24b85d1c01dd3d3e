// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/fuzz/seeds/state-*
/* The state of a fetched feed: root's own file, but one that a disk may have damaged. */
#include <assert.h>
#include <stdint.h>
#include "../../userspace/feed_state_file.c"

static void check_text(const char *text, size_t size)
{
	assert(memchr(text, 0, size));
}

/* What the rest relies on without asking. */
static void check_state(const struct feed_state *s)
{
	assert(s->kept_count <= FEED_KEPT_MOST);
	for (size_t i = 0; i < s->kept_count; i++) {
		const struct feed_kept *k = &s->kept[i];

		assert(feed_version_fits(k->version)); /* it is part of a path */
		assert(k->fetched >= 0 && k->left >= 0 && k->left + (int64_t)UINT32_MAX > k->left);
	}
	assert(!s->in_force[0] || feed_version_fits(s->in_force));
	assert(!s->held[0] || feed_version_fits(s->held));
	check_text(s->why_held, sizeof(s->why_held));
	check_text(s->etag, sizeof(s->etag));
	check_text(s->modified, sizeof(s->modified));
	check_text(s->request, sizeof(s->request));
	check_text(s->tried, sizeof(s->tried));
	check_text(s->error, sizeof(s->error));
	assert(s->checked >= 0 && s->changed >= 0 && s->next >= 0 && s->wake >= 0);
	for (size_t i = 0; i < s->dated_count; i++)
		assert(strlen(s->dated[i].date) == 8);
}

/* What was understood is written as it was understood. */
static void check_again(const struct feed_state *s)
{
	struct feed_state again = { 0 };
	size_t size, more;
	char *text = state_text(s, &size), *same;

	assert(text);
	assert(!state_parse(&again, text, size));
	same = state_text(&again, &more);
	assert(same && size == more && !memcmp(text, same, size));
	free(same);
	free(text);
	feed_state_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + !size); /* of its own size, so that a byte read behind it is seen */
	struct feed_state s = { 0 };

	assert(text);
	if (size)
		memcpy(text, data, size);
	if (!state_parse(&s, text, size)) {
		check_state(&s);
		check_again(&s);
	}
	free(text);
	feed_state_free(&s);
	return 0;
}
