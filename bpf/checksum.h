/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums, changed by what changed (RFC 1624): a sum is never computed anew, so a
 * wrong one stays wrong. A delta is the ones' complement sum of (new - old) of every
 * 16-bit word; it is worked out when a flow is made, and each packet only adds it.
 */
#ifndef SAMEPATH_BPF_CHECKSUM_H
#define SAMEPATH_BPF_CHECKSUM_H

#include <linux/types.h>

static __always_inline __u16 sum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Adds to a running sum that one 16-bit word changed. Network order throughout. */
static __always_inline __u64 delta_word(__u64 sum, __be16 from, __be16 to)
{
	return sum + (__u16)~from + (__u16)to;
}

static __always_inline __u64 delta_long(__u64 sum, __be32 from, __be32 to)
{
	return sum + (__u32)~from + (__u64)(__u32)to;
}

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). */
static __always_inline __u16 checksum_adjust(__u16 checksum, __u64 delta)
{
	return ~sum_fold((__u16)~checksum + delta);
}

#endif
