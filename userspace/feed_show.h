/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SAMEPATH_USERSPACE_FEED_SHOW_H
#define SAMEPATH_USERSPACE_FEED_SHOW_H

#include "feed.h"
#include "feed_state.h"

/* Prints feeds, versions, sets, prefixes and classes as one document; `only`: of this feed. 0 or
 * -errno. */
int feed_show(const struct config *c, const struct instance *i, const struct feeds *feeds,
	      const char *only);

/* Its tables of what is in force, what is kept and what is to come. 0 or -errno. */
int feed_show_states(const struct config *c, const struct instance *i, const struct feeds *feeds,
		     const char *only);

/* A row a feed: the first of those tables, and that of `show`. 0 or -errno. */
int feed_show_table(const struct config *c, const struct instance *i, const struct feeds *feeds,
		    const char *only);

size_t feed_of_family(const struct prefix *p, size_t count, unsigned char family);

#endif
