// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forwarding without translation, as the kernel's own XDP example does it: ask the FIB for every
 * packet, take one from the TTL, write the addresses of the next hop, send through a device map.
 * This is the least that an XDP router costs here, and the yardstick of the established packet.
 */
#include "state.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

static __always_inline void ttl_decrement(struct iphdr *ip)
{
	__u32 check = ip->check;

	check += bpf_htons(0x0100); /* RFC 1141 */
	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

static __always_inline int ask(struct xdp_md *ctx, const struct iphdr *ip,
			       struct bpf_fib_lookup *fib)
{
	fib->family = 2; /* AF_INET */
	fib->tos = ip->tos;
	fib->l4_protocol = ip->protocol;
	fib->tot_len = bpf_ntohs(ip->tot_len);
	fib->ipv4_src = ip->saddr;
	fib->ipv4_dst = ip->daddr;
	fib->ifindex = ctx->ingress_ifindex;
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct bpf_fib_lookup fib = {};

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ttl <= 1)
		return XDP_PASS;
	if (ask(ctx, ip, &fib) != BPF_FIB_LKUP_RET_SUCCESS)
		return XDP_PASS;
	ttl_decrement(ip);
	__builtin_memcpy(eth->h_dest, fib.dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib.smac, ETH_ALEN);
	return bpf_redirect_map(&ports, fib.ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
