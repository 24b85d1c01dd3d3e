/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping feeds in step with their sources: asking, judging, bringing a version in force, and going
 * back.
 *
 * A poll asks without any lock. What comes is read and judged under the lock of the gateway's feeds
 * (STATE/feeds/lock), which is taken before that of the instance. It comes in force by an `apply` of
 * the applied configuration with this one feed exchanged: the maps first, then the record in the run
 * directory, then the state. Where no configuration is applied, the next `apply` takes it.
 */
#ifndef SAMEPATH_USERSPACE_FEED_SYNC_H
#define SAMEPATH_USERSPACE_FEED_SYNC_H

#include "feed_state.h"
#include "report.h"

/* A gateway, for commands about its feeds. */
struct feed_gateway {
	struct instance instance;
	struct config *config; /* the applied one, or the file where none is applied */
	bool applied;
	int lock; /* of its feeds, -1: not held */
};
/* 0 or EXIT_TROUBLE, said. */
int feed_gateway_open(struct feed_gateway *g);
/* The applied one of that name, without a word. False: none, or not for our eyes. */
bool feed_gateway_applied(struct feed_gateway *g, const char *gateway);
/* May what is kept of its feeds be read? Else false, said. */
bool feed_gateway_readable(const struct feed_gateway *g);
void feed_gateway_close(struct feed_gateway *g);
/* For whoever changes the state of a feed; waits for a minute. 0 or -errno, -EBUSY. */
int feed_gateway_lock(struct feed_gateway *g);
void feed_gateway_unlock(struct feed_gateway *g);
/* Place of a feed in the configuration: by name, or with NULL the only one that is fetched. -1, said. */
int feed_gateway_find(const struct feed_gateway *g, const char *name);

enum feed_result { FEED_UNCHANGED, FEED_CHANGED, FEED_HELD, FEED_FAILED, FEED_NOT_DUE };
const char *feed_result_text(enum feed_result result);

struct feed_outcome {
	enum feed_result result;
	char version[FEED_VERSION_SIZE]; /* that is in force, or held */
	char why[FEED_TEXT]; /* one line; "": nothing to add */
	bool news; /* not what the last poll said already */
};

/* Asks the source of feed `at` and does what follows from the answer. `due`: only when it is time, and
 * otherwise only what a day or the end of a grace brings; `force`: an older version too. */
struct feed_outcome feed_sync(struct feed_gateway *g, size_t at, bool due, bool force);
/* Brings what is held in force. `version` NULL: whatever it is. */
struct feed_outcome feed_approve(struct feed_gateway *g, size_t at, const char *version);
/* Goes back, to `version` or with NULL to the one before; what was left is held. */
struct feed_outcome feed_rollback(struct feed_gateway *g, size_t at, const char *version);

#endif
