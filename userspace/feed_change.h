/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of what is in force: how it comes about, and its line of the history. Private to feed_*.c. */
#ifndef SAMEPATH_USERSPACE_FEED_CHANGE_H
#define SAMEPATH_USERSPACE_FEED_CHANGE_H

#include "feed_sync.h"
#include "../maps/event.h"

/* How a version came in force: a word of the history. */
#define HOW_AUTOMATIC "automatic"
#define HOW_FORCED "forced"
#define HOW_APPROVED "approved"
#define HOW_ROLLBACK "rollback"
#define HOW_UNDONE "undone" /* a later step of the same change failed */
#define HOW_HEALED "healed" /* its body was damaged, and fetched again */
#define HOW_DATE "date" /* the version stays; a day has come, or a grace is over */

/*
 * Brings `fresh->in_force` in force: its feed into the maps, then `fresh` as the state, with the
 * history's line. `fresh` is `former` with the changes made in it; on failure `former` is what stays.
 * 0 or -errno; of what failed one line is in `out->why`.
 */
int feed_change(struct feed_gateway *g, size_t at, const struct feed_state *former,
		struct feed_state *fresh, const char *how, struct feed_outcome *out);

/* What the web service told beside a body. */
struct feed_told {
	const char *changes;
	size_t size;
	const char *since; /* the version they begin behind */
	const char *version; /* of the body */
	const struct feed *feed; /* the body, read */
};
/* Notes the days of additions in `s`, and says in `why` where the changes do not give the body, which
 * counts all the same; "" when they do. 0 or -ENOMEM. */
int feed_take_changes(const struct config *c, const struct config_feed *f, struct feed_state *s,
		      const struct feed_told *told, int64_t now, char *why, size_t size);

/* An event to whoever watches the applied gateway. */
void feed_tell(const struct feed_gateway *g, const char *feed, enum event_kind kind, const char *version,
	       uint64_t added, uint64_t removed);

#endif
