/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Retiring: what a configuration lacks but flows still use stays until the last of them ends. Who uses
 * what is asked of the flow tables themselves, and only when something vanishes: a count that a sweep
 * left behind may be old, or of half a sweep.
 */
#ifndef SAMEPATH_USERSPACE_RETIRE_H
#define SAMEPATH_USERSPACE_RETIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../maps/pool.h"
#include "prefix.h"

struct maps;
struct plan;

/* Something that may go. */
enum suspect_kind {
	SUSPECT_SOURCE, /* a prefix that leaves by the circuit */
	SUSPECT_INBOUND, /* a prefix of its inbound pool */
	SUSPECT_LINK, /* of it */
	SUSPECT_CIRCUIT, /* all of it */
	SUSPECT_SERVICE,
	WANTED_SOURCE, /* no suspect: what the inside opened under it needs no other of the circuit */
};
struct suspect {
	enum suspect_kind kind;
	uint32_t number; /* of the circuit or service */
	struct prefix prefix;
	uint32_t ifindex; /* of a link */
	uint64_t flows; /* that use it */
	uint64_t outside; /* of them opened from outside */
};
struct census {
	struct suspect *at;
	size_t count;
	uint64_t circuits[CIRCUITS_MAX], classes[CLASSES_MAX], services[SERVICES_MAX];
	uint64_t flows;
	bool taken;
};

/* Counts the flows under every suspect, and by circuit, class and service. 0 or -errno, said. */
int retire_census(const struct maps *m, struct census *c);
/* Flows under a prefix of a circuit; 0 also for what was no suspect. */
uint64_t retire_uses(const struct census *c, enum suspect_kind kind, uint32_t circuit,
		     const struct prefix *prefix);
void retire_free(struct census *c);

/* Adds to the plan what must stay. After the wishes, before the steps. 0 or -errno, said. */
int retire_plan(struct plan *p);
/* Rules and routes of what stays: added to the plan's kernel_want. */
int retire_kernel(struct plan *p);

/* Has something that retires in the live slot no flow left? Asks the flow tables only when something
 * retires. 0 or -errno. */
int retire_ended(const struct maps *m, bool *ended);
/* Parts that the plan shares. */
int retire_suspect(struct census *c, struct suspect s);
struct prefix retire_prefix(const struct pool_range *r, unsigned char family);
/* After a sweep: when something that retires has no flow left, applies again what is applied, so that it
 * goes. Nothing retiring, nothing done. 0 or -errno, said. */
int retire_finish(const char *gateway);

#endif
