/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SAMEPATH_USERSPACE_FEED_DRIFT_H
#define SAMEPATH_USERSPACE_FEED_DRIFT_H

#include "feed.h"

/* Compares what the policy expects of each circuit with the routes of this network namespace (drift.h)
 * and prints it. Only reads. EXIT_DONE: all that is expected is routed; EXIT_NO: some of it is not, or
 * goes another way; EXIT_TROUBLE, said. Routes that nothing needs do not matter to the status. */
int feed_drift(const struct config *c, const struct feeds *feeds);

#endif
