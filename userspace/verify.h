/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every flow of a plan, walked: each location to each destination that it uses, each service from each
 * destination that uses it, over each circuit that may be taken, as the plan stands and with each
 * single thing failing.
 *
 * A destination is many prefixes, and routes may part them further; so of each kind of its addresses one
 * is walked for all, and what comes out alike is one row.
 */
#ifndef SAMEPATH_USERSPACE_VERIFY_H
#define SAMEPATH_USERSPACE_VERIFY_H

#include "judge.h"

struct flow_row {
	struct walk walk;
	struct judgement judged;
	const struct paper_location *location; /* NULL: inbound */
	size_t question; /* who asks whom: counted alike under every failure, rows are in its order */
	size_t alike; /* pairs of addresses of this outcome, by each way that they may go */
	struct repair repairs[REPAIRS_MAX];
	size_t repair_count;
};
struct verify {
	struct paper *plan;
	struct failure *failures; /* [0] is none */
	size_t failure_count;
	struct flow_row **rows; /* in the order of failures */
	size_t row_count;
	size_t base_count; /* the first of them, where nothing fails */
};

/* 0 or -ENOMEM. The plan stays the caller's. */
int verify_walk(struct paper *plan, struct verify *v);
void verify_free(struct verify *v);
/* Of a row of another failure: the same question's first row where nothing fails; NULL: none. */
const struct flow_row *verify_base(const struct verify *v, const struct flow_row *row);
int verify_failures(struct verify *v); /* lists them: a part of verify_walk */
const char *failure_text(const struct failure *f, char *out, size_t size);

/* Addresses of a destination: every one that is not walked is treated as one that is. The caller frees
 * *out. 0 or -ENOMEM (verify_points.c). */
int verify_points(const struct paper *plan, const struct paper_destination *d, struct in6_addr **out,
		  size_t *count);

/* Likewise of a segment's hosts: routes and policies may part them. */
int verify_hosts(const struct paper *plan, const struct paper_segment *g, struct in6_addr **out,
		 size_t *count);

/* Of addresses those that nothing in the plan tells apart, by the first of them (verify_kinds.c). The
 * caller frees out->at. 0 or -ENOMEM. */
struct kind {
	struct in6_addr first;
	size_t count;
};
struct kinds {
	struct kind *at;
	size_t count;
};
int verify_kinds(const struct paper *plan, const struct in6_addr *at, size_t count, struct kinds *out);

/* Of what each circuit's pools hold: lists its hosts. 0 or -ENOMEM. */
int verify_pools(struct paper *plan);

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum check_verdict { CHECK_YES, CHECK_NO, CHECK_UNKNOWN };
struct finding {
	unsigned int number; /* of the guide's list */
	const char *name;
	enum check_verdict verdict;
	enum severity severity;
	int line; /* of the plan, 0: of no line */
	char reason[320];
};
struct findings {
	struct finding *at;
	size_t count;
};
/* The guide's checks. 0 or -ENOMEM. */
int verify_checks(const struct verify *v, struct findings *out);
void findings_free(struct findings *f);

/* Tables: flows, their hops, repairs, what failures mean, checks. True: all is sound. */
bool verify_print(const struct verify *v, const struct findings *f, bool paths);

#endif
