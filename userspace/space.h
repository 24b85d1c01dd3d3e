/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port spaces: where a new flow looks for a port. That is the ports of one pool address, for one protocol,
 * toward one destination; under endpoint-independent mapping toward all. How full each is, a sweep tells
 * port by port (pool.h), and here the fullest are counted, in bounded memory whatever the number of flows.
 *
 * The table is of SPACES_SETS sets of SPACES_WAYS places, and each set keeps its heaviest (the space saving
 * algorithm of Metwally, Agrawal and El Abbadi, 2005, by set): a newcomer takes the place of the lightest and
 * inherits its weight. A weight is a share of the space's ports, so that a small pool is not lost beside a
 * large one. A space that has more than an eighth of what falls into its set is always there; a sweep later its
 * count is exact, for what was full keeps its weight.
 */
#ifndef SAMEPATH_USERSPACE_SPACE_H
#define SAMEPATH_USERSPACE_SPACE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../maps/circuit.h"

#define SPACES_SETS 512
#define SPACES_WAYS 8
#define SPACE_SHORT_PERCENT 80 /* told from here on */
#define SPACE_SOON_SECONDS 300 /* or when it will be used up within these, */
#define SPACE_SOON_PERCENT 25 /* unless most of it is free: a handful of flows is no trend */

struct space_key {
	struct in6_addr address, destination; /* IPv4 as mapped; no destination: all zeros */
	uint16_t port; /* host order */
	uint8_t protocol, circuit, inbound, zero[3];
};

struct space {
	struct space_key key;
	uint32_t ports; /* that there are; 0: an empty place */
	uint32_t used, before; /* taken in this sweep so far, and in the one before */
	float weight; /* share of its ports, with what it inherited */
	float growth; /* ports a second, smoothed */
	bool unknown; /* it took another's place: it may have been there before */
	bool told;
};

struct spaces {
	struct space set[SPACES_SETS][SPACES_WAYS];
	uint32_t ports[CIRCUITS_MAX]; /* of an address of the circuit's outbound pool */
	uint64_t swept; /* ns, end of the last sweep, 0: none yet */
	bool sweeping;
};

/* Ports of an address for a client whose own port is not a low one. */
uint32_t space_ports(const struct circuit *c);

/* A sweep begins. One that was given up in its middle takes all that was known with it. */
void spaces_begin(struct spaces *s, const struct circuit *circuits);
/* A port of the space is taken. */
void spaces_take(struct spaces *s, const struct space_key *key);
/* Takes the whole records out of what a sweep wrote; how many bytes of it. */
size_t spaces_read(struct spaces *s, const char *buffer, size_t have);
/* The sweep is over, at `now`. */
void spaces_end(struct spaces *s, uint64_t now);

/* Seconds until no port is left, UINT64_MAX: it does not grow. */
uint64_t space_seconds(const struct space *s);
bool space_short(const struct space *s);
/* Calls `tell` for each space that has become short; again only after it was well off. */
typedef void (*space_tell)(void *context, const struct space *s);
void spaces_tell(struct spaces *s, space_tell tell, void *context);

/* The fullest of each circuit, at most `each` of it, by circuit and share, in malloc'ed memory; those that use
 * less than a hundredth of their ports are left out. NULL without memory. */
const struct space **spaces_fullest(const struct spaces *s, size_t each, size_t *count);

#endif
