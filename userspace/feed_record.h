/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The internal record of a feed as text: what the maps were filled from, kept in the run directory as
 * `feed.NAME`. So an interface that comes back is brought in under what was applied, whatever became
 * of the body, of the days on which something comes or goes, and of the network.
 */
#ifndef SAMEPATH_USERSPACE_FEED_RECORD_H
#define SAMEPATH_USERSPACE_FEED_RECORD_H

#include "feed.h"
#include "instance.h"

#define FEED_RECORD "feed.%s" /* in the run directory */
#define FEED_RECORD_MOST (64u << 20) /* bytes */

/* JSON, for the caller to free; NULL: out of memory. */
char *feed_record_text(const struct feed *feed, size_t *size);
/* NULL when it is not what was written, or out of memory; nothing is said. */
struct feed *feed_record_parse(const char *name, const char *text, size_t size);
/* What the maps were filled from; NULL: nothing, or not by this version. */
struct feed *feed_recorded(const struct instance *i, const char *name);

#endif
