/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else of the packet path, it makes the twin: every program has one
 * instruction more at each look-up, so the kernel knows it for another program, and it does the
 * same. tests/netns/replace.sh puts one in the place of the other.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define bpf_map_lookup_elem(map, key) \
	({ \
		asm volatile("r0 = 0" ::: "r0"); \
		(bpf_map_lookup_elem)(map, key); \
	})
