/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that a comparison with the kernel's routes is made of; only drift*.c use this. */
#ifndef SAMEPATH_USERSPACE_DRIFT_PART_H
#define SAMEPATH_USERSPACE_DRIFT_PART_H

#include "drift.h"
#include "ranges.h"

/* What becomes of addresses; a prefix may have several. */
#define DRIFT_ROUTED 1u /* by a link, by a route of its own */
#define DRIFT_DEFAULT 2u /* by a link, by the default route */
#define DRIFT_NONE 4u
#define DRIFT_AWAY 8u /* out of another device */
#define DRIFT_DEAD 16u /* unreachable, blackhole or the like */
#define DRIFT_GOOD (DRIFT_ROUTED | DRIFT_DEFAULT)

/* One prefix of a class in the table of one circuit. */
struct drift_seen {
	uint8_t states; /* DRIFT_*, 0: longer prefixes take all of it */
	uint32_t bad; /* route of the first part that is not good + 1, 0: it has none */
	struct prefix part; /* that part */
};

/* A circuit's table of one family. */
struct drift_table {
	struct image_entry *entries; /* best route of each prefix; value: index of the route + 1 */
	size_t count;
	struct ranges flat; /* the same, laid flat */
};

/* The work on one family. */
struct drift_job {
	const struct policy *p;
	const struct drift_kernel *k;
	struct drift *out;
	unsigned char family;
	const struct image_trie *classes;
	struct ranges units; /* index of the prefix in `classes` + 1 */
	uint64_t *rule_circuits; /* by rule: bits of the circuits that carry the family */
	uint64_t *rules; /* by destination set: bits of the rules that some source meets there */
	struct drift_seen *seen; /* by prefix and circuit */
};

int drift_table_read(const struct drift_job *j, size_t circuit, struct drift_table *out);
void drift_table_free(struct drift_table *t);
bool drift_is_link(const struct drift_job *j, size_t circuit, int ifindex);
/* What a route does for a circuit, DRIFT_*. `route` is index + 1, 0: none. */
uint8_t drift_route_state(const struct drift_job *j, size_t circuit, uint32_t route);
/* Is it brought from elsewhere: by a link of the circuit to a next hop, and no default. */
bool drift_route_brought(const struct drift_job *j, size_t circuit, uint32_t route);

const struct drift_seen *drift_seen(const struct drift_job *j, size_t unit, size_t circuit);
/* What a person is told of it, malloc'ed; NULL: out of memory. */
char *drift_detail(const struct drift_job *j, size_t unit, size_t circuit);
/* Sorts the rows and joins those that differ in their prefix alone. */
void drift_join(struct drift *d);

#endif
