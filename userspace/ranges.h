/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of addresses, for comparing tables of prefixes. Where prefixes nest, the longest one decides;
 * laid flat, a table becomes ranges that are sorted, disjoint and cover the whole family, so that two
 * tables are compared by one walk over both, and an address is found by a binary search.
 */
#ifndef SAMEPATH_USERSPACE_RANGES_H
#define SAMEPATH_USERSPACE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image.h"
#include "prefix.h"

/* Host order of the 128 bits, IPv4 as mapped. */
typedef unsigned __int128 range_address;

struct range {
	range_address first, last; /* both within */
	uint32_t value;
};
struct ranges {
	struct range *at;
	size_t count, room;
};

range_address range_of_address(const struct in6_addr *a);
struct range range_of_prefix(const struct prefix *p);

/* Lays prefixes of one family flat; `at` is sorted by prefix_compare, a prefix stands once. What none of
 * them contains gets the value 0; neighbours of the same value are one range. 0 or -ENOMEM. */
int ranges_flatten(const struct image_entry *at, size_t count, unsigned char family,
		   struct ranges *out);
/* Appends; joined to the range before where it adjoins that and has its value. 0 or -ENOMEM. */
int ranges_add(struct ranges *r, range_address first, range_address last, uint32_t value);
/* The range that contains the address, NULL: none. */
const struct range *ranges_find(const struct ranges *r, range_address address);
/* Whether a range of `r` meets `range`. */
bool ranges_meet(const struct ranges *r, const struct range *range);
void ranges_free(struct ranges *r);

/* The largest prefix that begins at *first and ends at `last` or before; *first moves behind it. True
 * when something is left. */
bool range_prefix(unsigned char family, range_address *first, range_address last,
		  struct prefix *out);

/* Of sorted prefixes: drops those that another contains and makes one of two halves, as often as it
 * goes. Exact: the same addresses. Returns how many are left. */
size_t prefixes_aggregate(struct prefix *p, size_t count);

#endif
