/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dry: the object is loaded twice over the same maps, once to carry packets, and once with this constant set, to
 * say what would become of one: never attached, run by BPF_PROG_RUN (samepath explain). The verifier knows
 * the constant and takes out what the other half of each question would do, so a packet pays two
 * instructions for each, and an explanation cannot change anything: it works on copies of the flows it
 * meets, its counters and events are maps of its own, and what would be inserted is only looked for.
 */
#ifndef SAMEPATH_BPF_DRY_H
#define SAMEPATH_BPF_DRY_H

#include "packet.h"
#include "../maps/trail.h"

SEC(".rodata.dry") const volatile __u8 dry = 0;

/* What the explanation found so far; NULL when packets are carried. */
static __always_inline struct trail *trail_at(void)
{
	__u32 zero = 0;

	return dry ? bpf_map_lookup_elem(&trail, &zero) : NULL;
}

/* Why the circuit under trial leads nowhere. */
static __always_inline void trail_why(enum trail_why why, __u32 detail)
{
	struct trail *t = trail_at();

	if (!t)
		return;
	t->why = why;
	t->detail = detail;
}

/* The same of one link of several: the first that was asked is what the circuit's table chose. */
static __always_inline void trail_why_link(enum trail_why why, __u32 detail)
{
	struct trail *t = trail_at();

	if (t && t->why == WHY_NONE)
		trail_why(why, detail);
}

/* The circuit was tried, and this is what came of it. */
static __always_inline void trail_try(__u32 circuit, enum verdict verdict)
{
	struct trail *t = trail_at();
	__u32 place;

	if (!t)
		return;
	place = t->tries++ % RULE_CIRCUITS;
	t->tried[place].circuit = circuit;
	t->tried[place].verdict = verdict;
	t->tried[place].why = verdict == V_NO_CIRCUIT ? t->why : WHY_NONE;
	t->tried[place].detail = t->detail;
	t->why = WHY_NONE;
	t->detail = 0;
}

static __always_inline void trail_policy(__u32 segments, __u32 classes, __u32 rule, __u32 class)
{
	struct trail *t = trail_at();

	if (!t)
		return;
	t->flags |= TRAIL_POLICY;
	t->segments = segments;
	t->classes = classes;
	t->rule = rule;
	t->class = class;
}

static __always_inline void trail_service(__u32 number)
{
	struct trail *t = trail_at();

	if (t)
		t->service = number;
}

/* The flow that the packet met is dead, and as good as absent. */
static __always_inline void trail_over(void)
{
	struct trail *t = trail_at();

	if (t)
		t->flags |= TRAIL_OVER;
}

/* It is an ICMP error, and the flow is that of the packet it quotes. */
static __always_inline void trail_quoted(void)
{
	struct trail *t = trail_at();

	if (t)
		t->flags |= TRAIL_QUOTED;
}

/* Adds to what is shared, or only looks. Returns what was there before. */
static __always_inline __u32 take_one(__u32 *count)
{
	return dry ? *count : __sync_fetch_and_add(count, 1);
}

static __always_inline __u64 take_one_of(__u64 *count)
{
	return dry ? *count : __sync_fetch_and_add(count, 1);
}

#endif
