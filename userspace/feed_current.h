/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The feed as the maps shall hold it at a moment: the body in force, less what the provider says goes
 * live on a later day (`additions: on-date`), and with what left it a short while ago
 * (`removal-grace`).
 */
#ifndef SAMEPATH_USERSPACE_FEED_CURRENT_H
#define SAMEPATH_USERSPACE_FEED_CURRENT_H

#include "feed_state.h"

/*
 * NULL when there is nothing: never fetched, no seed, or nothing that can be read; then there is a
 * warning in `report`. A damaged body gives way to the one before it, aloud. `now` in seconds since
 * 1970; *wake becomes the time at which the answer changes by itself, 0: never.
 */
struct feed *feed_current(const struct config *c, const struct config_feed *f, struct feed_state *s,
			  int64_t now, int64_t *wake, struct report *report);

/* Midnight (UTC) of a day YYYYMMDD, seconds since 1970. */
int64_t feed_day(const char *date);
struct feed_rules feed_rules(const struct config *c, const struct config_feed *f);
/* Is the source a place on the network? */
bool feed_is_remote(const struct config_feed *f);

#endif
