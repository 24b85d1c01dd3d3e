/* SPDX-License-Identifier: GPL-2.0-only */
/* What is asked of a source, and when: seconds, since 1970 or as a span. */
#ifndef SAMEPATH_USERSPACE_FEED_REQUEST_H
#define SAMEPATH_USERSPACE_FEED_REQUEST_H

#include "feed_state.h"

/* What the answer depends on, besides the source's own changes: equal texts, equal questions. */
void feed_request_text(const struct config_feed *f, char *out, size_t size);

/* When feed_sync has something to do; 1: it never did, what is asked is not what was asked, or the state
 * is of a clock that was put right. */
int64_t feed_due(const struct config_feed *f, const struct feed_state *s, int64_t now);

/* Up to a tenth more: gateways that were started together must not ask together. */
int64_t feed_jittered(int64_t seconds);
/* The pause after so many failures in a row. */
int64_t feed_retry(const struct config_feed *f, uint32_t failures);

#endif
