/* SPDX-License-Identifier: GPL-2.0-only */
/* Circuits as an operator sees and switches them. */
#ifndef SAMEPATH_USERSPACE_OBSERVE_CIRCUIT_H
#define SAMEPATH_USERSPACE_OBSERVE_CIRCUIT_H

#include "observe.h"

#define POOL_FULL_PERCENT 80 /* announced from here on */

/* Usage of one pool address. */
struct pool_usage {
	uint8_t circuit;
	struct in6_addr address;
	uint64_t flows; /* that wear it */
	uint64_t mapped; /* ports of the fuller protocol held by mappings */
	uint64_t ports; /* it has */
};
struct pool_usages {
	struct pool_usage *at; /* sorted by circuit and address */
	size_t count, room;
};

/* Status for the shell. NULL: all circuits, briefly. */
int observe_circuit_show(const struct observe *o, const char *name);
/* Takes no new flows from now on, or takes them again; kept over `apply`. */
int observe_circuit_drain(const struct observe *o, const char *name, bool drain);

/* Ports of pool addresses that mappings hold, walked by batch. `circuit` -1: all. 0 or -errno. */
int pool_usages_mapped(const struct observe *o, const struct circuit *circuits, int circuit,
		       struct pool_usages *out);
/* The entry of an address, made when it is missing; NULL without memory. */
struct pool_usage *pool_usages_entry(struct pool_usages *u, uint8_t circuit,
				     const struct in6_addr *address, uint64_t ports);
void pool_usages_free(struct pool_usages *u);
/* Calls `tell` for each address that is above the mark and was not in `known`, which then becomes those
 * that are: an address is told once, and again only after it was below. 0 or -ENOMEM. */
typedef void (*pool_tell)(void *context, const struct pool_usage *u);
int pool_filling(const struct pool_usages *now, struct pool_usages *known, pool_tell tell,
		 void *context);

#endif
