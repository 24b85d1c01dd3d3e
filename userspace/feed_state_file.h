/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to feed_state*.c: the names in the directory, and the file `state` as text. */
#ifndef SAMEPATH_USERSPACE_FEED_STATE_FILE_H
#define SAMEPATH_USERSPACE_FEED_STATE_FILE_H

#include "feed_state.h"

#define STATE_FILE "state"
#define STATE_HISTORY "history"
#define STATE_BODY "body."
#define STATE_HELD "held."

/* JSON, for the caller to free; NULL: out of memory. */
char *state_text(const struct feed_state *s, size_t *size);
/* Fills all but `directory`. 0, -EINVAL where it is not what was written, -ENOMEM. */
int state_parse(struct feed_state *s, const char *text, size_t size);

#endif
