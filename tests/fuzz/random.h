/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands in for randomness, in the packet path compiled for this machine and in its BPF twin alike. */
#ifndef SAMEPATH_TEST_RANDOM_H
#define SAMEPATH_TEST_RANDOM_H

#include <linux/types.h>

static inline __attribute__((unused)) __u32 random_next(__u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state ^ *state >> 15;
}

#endif
