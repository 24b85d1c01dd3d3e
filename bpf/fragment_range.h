/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ranges of a datagram went by, and whether another one fits in. All of it runs under the lock of the
 * datagram's set, where no function may be called, a helper neither.
 */
#ifndef SAMEPATH_BPF_FRAGMENT_RANGE_H
#define SAMEPATH_BPF_FRAGMENT_RANGE_H

#include "packet.h"

#define FRAGMENT_NONE 0xffffffff

/*
 * What a search through a set and through a list of ranges asks, and finds. In a map, and read from there at each turn
 * (volatile): what the verifier learnt of it in one turn it forgets before the next, so the turns look alike.
 */
struct fragment_found {
	__u16 from, to; /* of the fragment */
	__u16 last;
	__u16 came_back;
	__u32 way; /* of the datagram, FRAGMENT_NONE: unknown */
	__u32 spare; /* a free one */
	__u32 share; /* ways of this owner */
	__u32 below, above; /* ranges that this one adjoins */
	__u32 overlap;
};

/* What the ranges that went by say of this one. */
static __always_inline void fragment_compare(const volatile struct datagram *d,
						volatile struct fragment_found *found)
{
	__u32 i;

	found->below = found->above = FRAGMENT_NONE;
	/* behind the end is nothing, and there is one end */
	found->overlap = d->end && (found->to >= d->end || found->last);
	for (i = 0; i < FRAGMENT_RANGES; i++) {
		if (i >= d->ranges)
			break;
		if (d->range[i].to > found->from && d->range[i].from < found->to)
			found->overlap = 1;
		if (found->last && d->range[i].to > found->to)
			found->overlap = 1;
		if (d->range[i].to == found->from)
			found->below = i;
		if (d->range[i].from == found->to)
			found->above = i;
	}
}

/* Adds the range to those it adjoins, or as another. False: there are too many. */
static __always_inline bool fragment_add(struct datagram *d, const struct fragment_found *found)
{
	__u16 from = found->from, to = found->to;
	__u32 below = found->below, above = found->above, last = d->ranges - 1;

	if (below < FRAGMENT_RANGES && above < FRAGMENT_RANGES && last < FRAGMENT_RANGES) {
		d->range[below].to = d->range[above].to;
		d->range[above] = d->range[last];
		d->ranges = last;
	} else if (below < FRAGMENT_RANGES) {
		d->range[below].to = to;
	} else if (above < FRAGMENT_RANGES) {
		d->range[above].from = from;
	} else {
		if (++last >= FRAGMENT_RANGES)
			return false;
		d->range[last].from = from;
		d->range[last].to = to;
		d->ranges = last + 1;
	}
	return true;
}

/* A fragment of a known datagram, at its place. GO_ON, or why it may not pass. */
static __always_inline enum verdict fragment_join(struct datagram *d, struct fragment_found *found,
						     const struct pkt *p)
{
	if (d->poisoned)
		return V_FRAGMENT_POISONED;
	if (p->special != V_FRAGMENT) {
		d->poisoned = 1;
		return V_FRAGMENT_BAD;
	}
	found->from = p->fragment.offset;
	found->to = p->fragment.offset + p->fragment.length;
	found->last = !p->fragment.more;
	fragment_compare(d, found);
	barrier();
	if (found->overlap || !fragment_add(d, found)) {
		d->poisoned = 1;
		return V_FRAGMENT_OVERLAP;
	}
	if (found->last)
		d->end = found->to;
	if (d->ranges == 1 && d->range[0].to == d->end)
		d->born = 0; /* complete: whoever has this id next begins anew */
	return GO_ON;
}

#endif
