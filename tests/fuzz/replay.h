/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else of the packet path, it makes one whose clock and randomness are a
 * map's: so it does in the kernel what it does compiled for this machine. See
 * tests/prog/datapath_replay_test.c.
 */
#ifndef SAMEPATH_TEST_REPLAY_H
#define SAMEPATH_TEST_REPLAY_H

#include <linux/bpf.h>
#include "random.h"

struct replay {
	__u64 now;
	__u32 random;
	__u32 pad;
};

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct replay);
} replay SEC(".maps");

static __noinline __u64 replay_clock(void)
{
	__u32 zero = 0;
	struct replay *r = bpf_map_lookup_elem(&replay, &zero);

	return r ? r->now : 0;
}

static __noinline __u32 replay_random(void)
{
	__u32 zero = 0;
	struct replay *r = bpf_map_lookup_elem(&replay, &zero);

	return r ? random_next(&r->random) : 0;
}

#define bpf_ktime_get_ns() replay_clock()
#define bpf_ktime_get_coarse_ns() replay_clock()
#define bpf_get_prandom_u32() replay_random()
#endif

#endif
