/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding the entry of a next hop, or making it. Only a packet that asked the FIB comes here, so
 * the search may be thorough; it is bounded, and finding no place costs time and nothing else.
 *
 * A valid entry never changes, so it is read without a lock. What rested for NEXT_HOP_REST is
 * locked by its state before it is taken for another, and what rested for half of that is locked
 * before it is used again: between the two lies more time than any packet takes.
 */
#ifndef SAMEPATH_BPF_NEXT_HOP_H
#define SAMEPATH_BPF_NEXT_HOP_H

#include "packet.h"

#define NEXT_HOP_PROBES 16

struct next_hop_search {
	struct next_hop want;
	__u32 tick;
	__u16 found; /* 0: nowhere */
};

static __always_inline struct next_hop *next_hop_at(__u32 index)
{
	return index ? bpf_map_lookup_elem(&next_hops, &index) : NULL;
}

/* The 16-bit word of a MAC address; those of struct next_hop are aligned for it. */
static __always_inline __u16 mac_word(const __u8 *mac, int n)
{
	return ((const __u16 *)mac)[n];
}

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	return mac_word(a, 0) == mac_word(b, 0) && mac_word(a, 1) == mac_word(b, 1) &&
	       mac_word(a, 2) == mac_word(b, 2);
}

static __always_inline bool next_hop_equal(const struct next_hop *a, const struct next_hop *b)
{
	return a->oif == b->oif && a->mtu == b->mtu && a->tags[0] == b->tags[0] &&
	       a->tags[1] == b->tags[1] && same_mac(a->dmac, b->dmac) && same_mac(a->smac, b->smac);
}

static __always_inline void next_hop_write(struct next_hop *to, const struct next_hop_search *s)
{
	to->oif = s->want.oif;
	to->mtu = s->want.mtu;
	to->tags[0] = s->want.tags[0];
	to->tags[1] = s->want.tags[1];
	__builtin_memcpy(to->dmac, s->want.dmac, ETH_ALEN);
	__builtin_memcpy(to->smac, s->want.smac, ETH_ALEN);
	to->asked = s->tick;
	/* an exchange is a full barrier: whoever sees the index sees the entry */
	__sync_lock_test_and_set(&to->state, NEXT_HOP_VALID);
}

/* True ends the search. */
static __always_inline bool next_hop_probe(struct next_hop_search *s, __u32 index)
{
	__u32 state, rested;
	struct next_hop *n = next_hop_at(index);

	if (!n)
		return false;
	state = n->state;
	rested = s->tick - n->asked;
	if (state == NEXT_HOP_WRITING)
		return false;
	if (state == NEXT_HOP_VALID && (__s32)rested <= (__s32)NEXT_HOP_REST / 2) {
		if (!next_hop_equal(n, &s->want))
			return false;
		n->asked = s->tick;
		s->found = index;
		return true;
	}
	if (state == NEXT_HOP_VALID && rested <= NEXT_HOP_REST && !next_hop_equal(n, &s->want))
		return false;
	if (__sync_val_compare_and_swap(&n->state, state, NEXT_HOP_WRITING) != state)
		return false;
	if (state == NEXT_HOP_VALID && s->tick - n->asked != rested) {
		/* another core took it, wrote it and left it, since it was looked at */
		__sync_lock_test_and_set(&n->state, NEXT_HOP_VALID);
		return false;
	}
	next_hop_write(n, s);
	s->found = index;
	return true;
}

/*
 * The index of this next hop, with `asked` set to now. 0: there is no room near its place. Not
 * static: so the verifier looks at it once, not once a caller.
 */
__noinline __u32 next_hop_find(struct next_hop_search *s)
{
	const __u8 *mac;
	__u32 h;
	int i;

	if (!s || dry)
		return 0;
	mac = s->want.dmac;
	h = hash_word(s->want.oif, mac_word(mac, 0) | (__u32)mac_word(mac, 1) << 16);
	h = hash_word(h, mac_word(mac, 2) | (__u32)s->want.mtu << 16);
	/* one router may be the next hop on every VLAN of a trunk */
	h = hash_word(h, s->want.tags[0] | (__u32)s->want.tags[1] << 16);
	s->found = 0;
	for (i = 0; i < NEXT_HOP_PROBES; i++)
		if (next_hop_probe(s, (h + i) % NEXT_HOPS_MAX))
			break;
	return s->found;
}

#endif
