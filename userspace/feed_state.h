/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of a feed that is fetched: STATE/feeds/NAME holds a file `state`, the bodies of the
 * last versions (`body.VERSION`, and `held.VERSION` of one that nobody has approved), and `history`,
 * a line a change.
 *
 * `state` says which version is in force, and says so only after the maps hold it. Every file is
 * written by fsync and rename, the history by appending; so whoever dies in the middle leaves the
 * former state. Where `state` cannot be read, the newest body beside it that was ever in force is
 * taken, and the feed is fetched anew.
 *
 * Whoever changes it holds the lock of the instance.
 */
#ifndef SAMEPATH_USERSPACE_FEED_STATE_H
#define SAMEPATH_USERSPACE_FEED_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "feed.h"
#include "instance.h"

#define FEED_VERSION_SIZE 41 /* with its zero byte */
#define FEED_KEPT_LEAST 12 /* versions that can be gone back to */
#define FEED_KEPT_MOST 64 /* more are kept only while their grace lasts */
#define FEED_TEXT 256 /* a message, a tag of HTTP */

/* A version whose body is kept. Times in seconds since 1970. */
struct feed_kept {
	char version[FEED_VERSION_SIZE];
	bool held; /* not approved, or rolled back from */
	uint64_t digest; /* of its body; 0: not known */
	int64_t fetched;
	int64_t left; /* when an update put it out of force; 0: none did */
};

/* An addition that the provider says goes live on a day. */
struct feed_pending {
	int set; /* number of the endpoint set */
	struct prefix prefix;
	char date[9]; /* YYYYMMDD, UTC */
};

struct feed_state {
	char directory[192];
	struct feed_kept kept[FEED_KEPT_MOST]; /* newest first */
	size_t kept_count;
	char in_force[FEED_VERSION_SIZE]; /* "": none */
	char held[FEED_VERSION_SIZE]; /* waits for `feed approve`; "": none does */
	char why_held[FEED_TEXT];
	uint32_t ipv4, ipv6; /* prefixes in force, each counted once */
	char etag[FEED_TEXT], modified[FEED_TEXT]; /* of the body fetched last */
	char request[FEED_TEXT]; /* what was asked for: after another question the answer is another */
	char tried[FEED_TEXT]; /* what the last poll asked for, answered or not */
	int64_t checked; /* the source answered last */
	int64_t changed; /* another version came in force */
	int64_t next; /* the source may be asked again */
	int64_t wake; /* what is in force changes by itself: a day comes, a grace ends; 0: never */
	uint32_t failures; /* in a row */
	char error[FEED_TEXT]; /* of the last poll; "": none */
	struct feed_pending *dated;
	size_t dated_count;
	char *change; /* the last line of the history, NULL: none */
	bool damaged; /* `state` was there and could not be read */
};

/* Fills in what is kept, or nothing. Damage is no error. 0, -ENOMEM, or -errno where the directory
 * may not be read. */
int feed_state_read(const struct instance *i, const char *feed, struct feed_state *s);
/* Makes the directory; writes `state`, then the history when its last line is not `change`; removes bodies
 * that are not kept. 0 or -errno. */
int feed_state_write(struct feed_state *s);
/* Writes the last line of the history where whoever wrote the state could not any more. Before another
 * line takes its place in there. 0 or -errno. */
int feed_state_mend(const struct feed_state *s);
/* A copy of its own. 0 or -ENOMEM. */
int feed_state_copy(struct feed_state *to, const struct feed_state *from);
void feed_state_free(struct feed_state *s);

/* The entry of a version, NULL: not kept. */
struct feed_kept *feed_state_find(struct feed_state *s, const char *version);
/* Keeps a body, in front; drops what is too old: of more than FEED_KEPT_LEAST what left before
 * `grace` seconds. 0 or -errno. */
int feed_state_keep(struct feed_state *s, const char *version, const char *body, size_t size, bool held,
		    int64_t now, uint32_t grace);
/* Makes the entry held or not, and renames its body. 0 or -errno; -ENOENT: it has none, and is so all the same. */
int feed_state_hold(struct feed_state *s, struct feed_kept *kept, bool held);
/* Forgets a version that did not come in force; its body goes with the next feed_state_write. */
void feed_state_drop(struct feed_state *s, const char *version);
/* The body of a kept version, for the caller to free; NULL: gone or damaged. */
char *feed_state_body(const struct feed_state *s, const struct feed_kept *kept, size_t *size);

/* Is the body of the version there, and the one that was written? */
bool feed_state_whole(struct feed_state *s, const char *version);

/* Is `text` fit for a version: 1 to 40 letters, digits, dots, '_' or '-', the first a letter or digit? */
bool feed_version_fits(const char *text);
/* Below, at or above zero as `a` is older, equal or newer: numbers, and those before a dot, by value,
 * all else by characters. */
int feed_version_compare(const char *a, const char *b);
uint64_t feed_digest(const char *body, size_t size);

#endif
