/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judgement: may a body come in force? What can never be meant is refused by its reader, and here
 * where it holds the site's own addresses. What may well be meant but would hurt if it were not
 * (many prefixes gone or come, a changed ExpressRoute mark, a class left empty) is held until a
 * person approves it.
 */
#ifndef SAMEPATH_USERSPACE_FEED_JUDGE_H
#define SAMEPATH_USERSPACE_FEED_JUDGE_H

#include "feed.h"
#include "report.h"

struct feed_judgement {
	bool held;
	char why[256]; /* all reasons, in one line */
	size_t before, added, removed; /* prefixes, each counted once */
};

/* False, and one line in `report`, when the feed holds or touches addresses of the site: segments,
 * pools, what circuits advertise, services. */
bool feed_is_foreign(const struct config *c, const struct feed *feed, struct report *report);

/* Compares `next` with what is in force: `feeds` by the configuration's order, `at` the feed's place
 * in it. Nothing in force holds nothing up. 0 or -ENOMEM. */
int feed_judge(const struct config *c, size_t at, const struct feeds *feeds, const struct feed *next,
	       struct feed_judgement *out);

/* Prefixes of a feed, sorted, each once, for the caller to free. 0 or -ENOMEM. */
int feed_unique(const struct feed *feed, struct prefix **out, size_t *count);

#endif
