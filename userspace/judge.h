/* SPDX-License-Identifier: GPL-2.0-only */
/* What a walk comes to, and what would mend it. */
#ifndef SAMEPATH_USERSPACE_JUDGE_H
#define SAMEPATH_USERSPACE_JUDGE_H

#include "walk.h"

enum judged {
	JUDGED_SYMMETRIC, /* the answer goes back the way its question came */
	JUDGED_ASYMMETRIC, /* by another way, whether or not something there drops it */
	JUDGED_BLACK_HOLED, /* the question or the answer does not arrive */
};
struct judgement {
	enum judged what;
	bool works; /* the answer arrives */
	bool stated; /* it does not, because a rule says so */
	struct place parts; /* where the ways part; PLACE_NONE: they do not */
	struct place ends; /* what drops or loses it; PLACE_NONE: nothing does */
	const struct paper_circuit *pool; /* whose pool is worn; NULL: none, or none of a circuit's */
	bool translated;
	struct in6_addr worn; /* what the other side sees as the asker */
	const char *region, *away; /* hairpinned from the one by the other; NULL: not */
	char why[WALK_WHY + 64];
};
void judge(const struct walk *w, struct judgement *j);
const char *judged_text(enum judged what);

#define REPAIR_TEXT 256
#define REPAIR_LINES 3
enum repair_kind { REPAIR_SOURCE_NAT, REPAIR_SCOPING, REPAIR_SEPARATE_POOL };
struct repair {
	enum repair_kind kind;
	struct place at;
	char text[REPAIR_TEXT];
	char lines[REPAIR_LINES][REPAIR_TEXT]; /* of the configuration, or of the plan; "": none */
};
#define REPAIRS_MAX 3
/* What would make it symmetric, each tried on paper. Returns how many there are. */
size_t repairs_find(const struct walk *w, const struct judgement *j, struct repair *out);
const char *repair_text(enum repair_kind kind);

#endif
