/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes of both families, as the configuration and feeds write them. */
#ifndef SAMEPATH_USERSPACE_PREFIX_H
#define SAMEPATH_USERSPACE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <netinet/in.h>

#define PREFIX_TEXT 64

/* Host bits are zero. IPv4 is stored mapped (::ffff:a.b.c.d); length counts the own family's bits. */
struct prefix {
	struct in6_addr address;
	unsigned char family; /* 4 or 6 */
	unsigned char length; /* 0..32 or 0..128 */
};

/* Parses "a.b.c.d/n", "x::/n"; an address alone is a host prefix. Host bits that are set
 * are refused. Returns 0, or -1 with *why a constant sentence of what is wrong. */
int prefix_parse(const char *text, struct prefix *out, const char **why);
/* Same, an address alone (no slash). */
int address_parse(const char *text, struct prefix *out, const char **why);
/* Writes at most PREFIX_TEXT bytes; returns `buffer`. prefix_text always has the length. */
const char *prefix_text(const struct prefix *p, char *buffer);
const char *address_text(const struct in6_addr *a, char *buffer); /* mapped prints as IPv4 */
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
/* Walks two lists sorted by prefix_compare, each without duplicates, and calls `each` for what is in one of
 * them alone: `arrives` when that is the second. */
void prefixes_differ(const struct prefix *a, size_t m, const struct prefix *b, size_t n,
		     void (*each)(void *context, const struct prefix *p, bool arrives), void *context);
int prefix_compare(const void *a, const void *b); /* for qsort: family, address, length */
/* Sorts, and drops what stands twice; returns how many are left. */
size_t prefixes_order(struct prefix *p, size_t count);
/* What lies in `from` and not in `away`, as few prefixes as hold it: one that an excepted prefix lies
 * in is split. Neither needs an order; *out is in order, none inside another. The caller frees *out.
 * 0 or -ENOMEM. */
int prefixes_without(const struct prefix *from, size_t count, const struct prefix *away,
		     size_t away_count, struct prefix **out, size_t *out_count);
unsigned int prefix_mapped_length(const struct prefix *p); /* length + 96 for IPv4 */

/* What a public address must not be (RFC 6890 and its registries). */
enum prefix_scope {
	SCOPE_PUBLIC,
	SCOPE_PRIVATE, /* RFC 1918, RFC 6598, fc00::/7 */
	SCOPE_DOCUMENTATION, /* RFC 5737, RFC 3849, RFC 9637 */
	SCOPE_BENCHMARK, /* RFC 2544, RFC 5180 */
	SCOPE_SPECIAL, /* loopback, link-local, multicast, 0/8, 240/4, default route, ... */
};
/* The scope of the prefix, or of a special range inside or around it. */
enum prefix_scope prefix_scope(const struct prefix *p);

#endif
