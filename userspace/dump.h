/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What routers and the provider show of their routes and sessions, read for a plan. A dump is foreign
 * bytes: what is not understood is passed over, but a file in which nothing is understood is refused,
 * for it would read as "no routes".
 */
#ifndef SAMEPATH_USERSPACE_DUMP_H
#define SAMEPATH_USERSPACE_DUMP_H

#include <stdint.h>
#include "prefix.h"

#define DUMP_WHY 200
#define DUMP_ROUTES_MOST 100000
#define DUMP_BYTES_MOST (16u << 20)

struct dump_ask {
	const char *peer; /* of BIRD a protocol, of FRR a next hop; NULL: all */
	uint32_t asn; /* of the site; 0: not known. Only the provider's table tells by it */
	bool ours; /* routes whose path has that number, or those whose path has not */
};
struct dump {
	struct prefix *at;
	size_t count, room;
	size_t others; /* routes that were not asked for */
	int line; /* of an error; 0: of no line */
	char why[DUMP_WHY];
};
/* 0, -ENOMEM, or -EINVAL with `line` and `why`; the caller frees what is in `out` with dump_free. */
int dump_bird(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);
int dump_frr(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);
int dump_provider(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);
void dump_free(struct dump *d);

/* Whether the session with `peer` is established, as `birdc show protocols` or FRR's `show bgp summary`
 * say; NULL: the only one that there is. */
int dump_bird_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out);
int dump_frr_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out);

/* Parts, for dump*.c. */
int dump_add(struct dump *d, const struct prefix *p);
int dump_refuse(struct dump *d, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define DUMP_LINE 512
#define DUMP_TOKENS 24
/* One line at a time, cut into words; what is behind DUMP_LINE bytes is not looked at. */
struct dump_lines {
	const char *at, *end;
	int number;
	bool indented; /* it begins with a blank */
	char text[DUMP_LINE];
	char *word[DUMP_TOKENS];
	size_t count;
};
bool dump_line(struct dump_lines *l);
/* A prefix with its length, nothing else. */
bool dump_prefix(const char *word, struct prefix *out);

#endif
