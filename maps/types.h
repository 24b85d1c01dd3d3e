/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types that both sides of the contract share.
 *
 * On the wire means network byte order and a __be type; a plain __u16 or __u32
 * is in host order. An address that may be of either family is a struct
 * in6_addr; IPv4 is then written as the mapped address ::ffff:a.b.c.d
 * (RFC 4291 2.5.5.2), so a prefix of it is 96 bits longer.
 * Times are nanoseconds of CLOCK_MONOTONIC, so a change of the wall clock ends
 * no flow.
 */
#ifndef SAMEPATH_TYPES_H
#define SAMEPATH_TYPES_H

#include <linux/types.h>
#include <linux/in6.h>

/* Changes whenever a map, key, value or meaning in maps/ changes. */
#define CONTRACT_VERSION 7

/* Everything a packet asks of the configuration stands twice. */
#define SLOTS 2

#define CIRCUITS_MAX 64 /* number 0 is the pseudo-circuit `inside` */
#define CLASSES_MAX 1024 /* number 0 is `any` */
#define RULES_MAX 1024 /* number 0 is "no rule" */
#define SERVICES_MAX 1024 /* number 0 is "no service" */

/* A rate is one word: the second above, and RATE_BITS below of what was counted in it. */
#define RATE_BITS 24
#define RATE_MAX ((1u << RATE_BITS) - 1)

#define NANOSECONDS 1000000000ULL

#endif
