/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which addresses go from one circuit to another when the feeds change.
 *
 * Both states are compiled into the policy that would run. Laid flat (ranges.h), the two tries of
 * destinations are walked side by side; for each pair of destination sets that meet, and each source
 * set, the ways of the two rules are compared. So what is said does not depend on which prefix of the
 * feed it follows from: only on what a packet would meet.
 */
#ifndef SAMEPATH_USERSPACE_FEED_EFFECT_H
#define SAMEPATH_USERSPACE_FEED_EFFECT_H

#include "policy.h"
#include "ranges.h"
#include "../maps/flow.h"
#include "../maps/settings.h"

/* From a class by a rule to a class by a rule. */
struct effect_move {
	uint16_t class_from, class_to; /* index in the configuration + 1, 0: any */
	uint16_t way_from, way_to; /* index of the first rule of this way + 1, 0: drop */
};
/* What one part of the destinations does, by source set. */
struct effect_shift {
	uint32_t number, sources;
	struct effect_move move[]; /* equal ways: it stays */
};
struct effect_row {
	struct prefix prefix;
	const struct effect_shift *shift;
	struct effect_move move; /* of all source sets of `shift` that have it */
	uint64_t flows;
};
struct feed_effect {
	const struct config *config;
	struct policy from, to;
	struct effect_row *rows; /* sorted by prefix, which are disjoint or equal */
	size_t row_count, row_room;
	struct ranges blocks4, blocks6; /* of the prefixes: index of the first row + 1 */
	struct ranges sources4, sources6; /* number of the source set */
	void *shifts; /* tree of struct effect_shift */
	struct effect_shift **shift; /* by number - 1 */
	uint32_t shift_count;
};

/* 0, -ENOMEM or -E2BIG. */
int feed_effect(const struct config *c, const struct feeds *from, const struct feeds *to,
		struct feed_effect *out);
void feed_effect_free(struct feed_effect *e);
/* The row that a packet from `source` to `destination` (mapped) is of, NULL: it stays. */
struct effect_row *feed_effect_row(const struct feed_effect *e, const struct in6_addr *source,
				   const struct in6_addr *destination);
/* Counts a live flow in its row; it stays where it is, and only its successor moves. Not what was opened
 * outside: that is a service's, which no feed moves. `now` in ns of CLOCK_MONOTONIC. */
void feed_effect_count(struct feed_effect *e, const struct flow_record *r, const struct settings *s,
		       uint64_t now);
bool effect_same(const struct effect_move *a, const struct effect_move *b);

#endif
