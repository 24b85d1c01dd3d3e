// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "feed_get.h"
#include "feed_request.h"

#define CLOCK_STEP 60 /* seconds that a clock may be put right by, and nobody minds */
#define RETRY_FIRST 60 /* seconds; doubled with each failure, up to the interval */

int64_t feed_jittered(int64_t seconds)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)time(NULL);
	return seconds + (seconds >= 10 ? random % (uint64_t)(seconds / 10) : 0);
}

int64_t feed_retry(const struct config_feed *f, uint32_t failures)
{
	int64_t wait = RETRY_FIRST;

	for (uint32_t i = 1; i < failures && wait < f->interval; i++)
		wait *= 2;
	return feed_jittered(wait < f->interval ? wait : f->interval);
}

void feed_request_text(const struct config_feed *f, char *out, size_t size)
{
	size_t used = 0;
	char *text = NULL;
	FILE *all = open_memstream(&text, &used);

	out[0] = '\0';
	if (!all)
		return;
	fprintf(all, "%d %s %s %s %d", (int)f->format, f->source, f->instance ? f->instance : "-",
		f->tenant ? f->tenant : "-", f->ipv6);
	for (size_t i = 0; i < f->areas.count; i++)
		fprintf(all, " %s", f->areas.at[i].text);
	if (!fclose(all) && used < size)
		snprintf(out, size, "%s", text);
	else if (text) /* a fingerprint does as well */
		snprintf(out, size, "%016" PRIx64, feed_digest(text, used));
	free(text);
}

/* Does the state speak of times that nobody who wrote it by this clock would? */
static bool clock_was_ahead(const struct config_feed *f, const struct feed_state *s, int64_t now)
{
	int64_t most = f->interval > FEED_WAIT_MAX ? f->interval : FEED_WAIT_MAX;

	return s->checked > now + CLOCK_STEP || s->next > now + most + most / 10 + CLOCK_STEP;
}

int64_t feed_due(const struct config_feed *f, const struct feed_state *s, int64_t now)
{
	char asked[FEED_TEXT];

	feed_request_text(f, asked, sizeof(asked));
	if (!s->next || s->damaged || strcmp(asked, s->tried) || clock_was_ahead(f, s, now))
		return 1;
	return s->wake && s->wake < s->next ? s->wake : s->next;
}
