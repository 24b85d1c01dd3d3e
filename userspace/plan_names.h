/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of hosts that feeds publish, perhaps with * in them for any text, and the order in which
 * they must be asked for so that for every host the most specific name decides.
 *
 * One name is more specific than another when every host of it is one of the other's, and the other
 * has more. Where two that disagree are not so ordered, which is when they are equal or merely
 * overlap, the one that is an exception decides: the proxy reaches what is on the internet and what
 * is on a circuit alike.
 */
#ifndef SAMEPATH_USERSPACE_PLAN_NAMES_H
#define SAMEPATH_USERSPACE_PLAN_NAMES_H

#include "paper.h"

#define NAME_LONGEST 253 /* of a host in the DNS */
#define NAME_LEVELS 16

struct plan_name {
	char *text; /* lower case */
	const struct feed *feed;
	const struct feed_set *set; /* the first that has it */
	bool direct;
};
struct plan_names {
	struct plan_name *at;
	size_t count;
	/* Levels from the last that is asked to the first: [0] are direct, [1] their exceptions,
	 * and so on. */
	bool *level[NAME_LEVELS]; /* which of the names are in it */
	size_t levels;
};

/* Labels between dots, none of them empty: how many. 0: there is an empty one. */
size_t name_labels(const char *text);
bool name_within(const char *a, const char *b); /* is every host of a one of b? */
bool name_meets(const char *a, const char *b); /* have they a host in common? */
/* Of all feeds of the plan, each name once; direct are those that `direct` says so of, in every
 * set that has them. 0, -ENOMEM, or -EINVAL with one line printed about a name that is none. */
int plan_names_read(const struct paper *p,
		    bool (*direct)(const void *context, const struct config_feed *f,
				   const struct feed_set *s),
		    const void *context, struct plan_names *out);
void plan_names_free(struct plan_names *n);

#endif
