/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changes between two states of one feed: prefixes, endpoint sets, and what follows from it, the
 * addresses that go from one circuit to another. Two states are two bodies, whatever they are: of two
 * files, or the running one and one that waits.
 */
#ifndef SAMEPATH_USERSPACE_FEED_DIFF_H
#define SAMEPATH_USERSPACE_FEED_DIFF_H

#include "feed.h"
#include "observe.h"

/*
 * Prints all of it. `a` and `b` hold every feed of the configuration (NULL: nothing at hand) and
 * differ in `feed_name` alone; `from` and `to` are labels. With `o` the live flows of what moves are
 * counted, in one walk over the table; NULL: no gateway is applied. EXIT_DONE, whether or not something
 * differs; EXIT_TROUBLE, said.
 */
int feed_diff(const struct config *c, const struct feeds *a, const struct feeds *b,
	      const char *feed_name, const char *from, const char *to, struct observe *o);

/* A prefix whose endpoint sets differ: none before means added, none after removed. */
struct feed_change_prefix {
	struct prefix prefix;
	const struct feed_entry *from, *to; /* one entry a set */
	size_t from_count, to_count;
};
/* An endpoint set that differs; NULL: it is not there. */
struct feed_change_set {
	const struct feed_set *from, *to;
	size_t added, removed; /* prefixes */
};
/* Both lists are sorted: by prefix, by set. Lives no longer than the feeds. */
struct feed_difference {
	struct feed_entry *from, *to;
	size_t from_count, to_count;
	struct feed_change_prefix *prefixes;
	size_t prefix_count;
	struct feed_change_set *sets;
	size_t set_count;
};
/* Either may be NULL: a feed without sets. 0 or -ENOMEM. */
int feed_difference(const struct feed *from, const struct feed *to, struct feed_difference *out);
void feed_difference_free(struct feed_difference *c);

#endif
