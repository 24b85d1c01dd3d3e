/* SPDX-License-Identifier: GPL-2.0-only */
/* Events and the budgets that keep them, and answers, from flooding anyone. */
#ifndef SAMEPATH_BPF_EVENT_H
#define SAMEPATH_BPF_EVENT_H

#include "packet.h"

static __always_inline struct event_budget *event_budget(__u64 now)
{
	__u32 zero = 0;
	struct event_budget *budget = bpf_map_lookup_elem(&event_budgets, &zero);

	/* forward only: a sweep's clock is up to a jiffy ahead of that of packets */
	if (budget && budget->second < now / NANOSECONDS) {
		budget->second = now / NANOSECONDS;
		__builtin_memset(budget->used, 0, sizeof(budget->used));
		budget->answers = 0;
	}
	return budget;
}

static __always_inline void event_lose(__u32 kind)
{
	__u64 *lost = bpf_map_lookup_elem(&events_lost, &kind);

	if (lost) /* of a sweep, which a packet may interrupt here */
		__sync_fetch_and_add(lost, 1);
}

/* Room for one event of this kind, zeroed but for time and kind; NULL: lost, and counted. */
static __always_inline struct event *event_reserve(__u32 kind, __u64 now)
{
	struct event_budget *budget = event_budget(now);
	struct event *event;

	if (kind >= E_MAX || !budget || budget->used[kind] >= EVENTS_PER_SECOND)
		goto lost;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		goto lost;
	budget->used[kind]++;
	__builtin_memset(event, 0, sizeof(*event));
	event->time = now;
	event->kind = kind;
	return event;
lost:
	event_lose(kind);
	return NULL;
}

#endif
