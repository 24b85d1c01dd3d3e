/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forward: onto the wire, or, while the next hop has no neighbour yet, to the kernel's own
 * neighbour output: the finished packet is passed with `struct handover` before it, and
 * samepath_resolve on the same interface gives it to bpf_redirect_neigh. No routing, no source
 * check, no second TTL decrement. Metadata lost on the way leaves an ordinary packet with a
 * source that the guard knows and a destination that is routed: the guard has the last word. The same
 * way goes what must be cut for the MTU of its way, for XDP cannot make two packets of one: see cut.h.
 */
#ifndef SAMEPATH_BPF_FORWARD_H
#define SAMEPATH_BPF_FORWARD_H

#include "packet.h"
#include "vlan.h"

#define HANDOVER_MAGIC 0x5a4e7168

struct handover {
	__u32 magic;
	__u32 ifindex;
	__u16 family; /* AF_INET, AF_INET6; 0: the neighbour is known, and this is its frame's header */
	__u16 mtu; /* to cut it to, 0: it fits */
	__u32 unlike; /* random: frames whose metadata differ are not merged (GRO), and each is cut by itself */
	union {
		struct in6_addr next_hop; /* mapped */
		struct {
			__u8 dmac[6];
			__u8 smac[6];
		};
	};
};

static __always_inline enum verdict hand_over(struct xdp_md *ctx, struct pkt *p, __u32 oif,
					      __u8 family, const struct in6_addr *next_hop)
{
	struct handover *handover;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*handover)))
		return V_NO_ANSWER;
	handover = (void *)(long)ctx->data_meta;
	if ((void *)(handover + 1) > (void *)(long)ctx->data)
		return V_NO_ANSWER;
	handover->magic = HANDOVER_MAGIC;
	handover->ifindex = oif;
	handover->family = family == 4 ? AF_INET : AF_INET6;
	handover->mtu = 0;
	handover->unlike = bpf_get_prandom_u32();
	handover->next_hop = *next_hop;
	p->action = XDP_PASS;
	return V_RESOLVING;
}

static __always_inline enum verdict send_on(struct xdp_md *ctx, struct pkt *p, const struct way *way)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return V_TRUNCATED;
	__builtin_memcpy(eth->h_dest, way->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, way->smac, ETH_ALEN);
	if (way->tags[0] && !vlan_wear(ctx, way->tags))
		return V_NO_HEADROOM;
	p->action = bpf_redirect(way->out, 0);
	return V_FORWARDED;
}

#endif
