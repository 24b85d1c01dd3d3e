/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SAMEPATH_USERSPACE_FEED_SHOW_H
#define SAMEPATH_USERSPACE_FEED_SHOW_H

#include "feed.h"

/* Prints feeds, sets, prefixes and classes as one document. 0 or -ENOMEM. */
int feed_show(const struct config *c, const struct feeds *feeds);

#endif
