// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a NAT of two hash map entries a flow can be, and no gateway: no policy, no state, no
 * time-outs, no choice of ports, one clock reading. What samepath costs above this is its own; what
 * this costs above forwarding is what the kernel's hash map and this machine's caches ask.
 */
#include "state.h"

#define ROOM 2000000 /* two entries a flow, as many flows as the other rows */
#define POOL_FIRST 0xc6120001u /* 198.18.0.1, one address an inside host, ports as they are */

struct tuple {
	__be32 saddr, daddr;
	__be16 sport, dport;
};

struct flow {
	struct tuple becomes;
	__u8 dmac[6], smac[6];
	__u32 ifindex;
	__u32 pad;
	__u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROOM);
	__type(key, __u8[16]);
	__type(value, struct flow);
} nat SEC(".maps");

struct key {
	struct tuple tuple;
	__u8 protocol;
	__u8 zero[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

static __always_inline __u32 words(__be32 address)
{
	return (address & 0xffff) + (address >> 16);
}

static __always_inline __u16 adjusted(__u16 sum, __u32 delta)
{
	return ~sum_fold((__u16)~sum + delta);
}

static __always_inline struct flow *open(struct xdp_md *ctx, struct frame *f, const struct key *key)
{
	struct bpf_fib_lookup fib = { .family = 2, .l4_protocol = IPPROTO_UDP, .tot_len = 46,
				      .ipv4_src = key->tuple.saddr, .ipv4_dst = key->tuple.daddr,
				      .ifindex = ctx->ingress_ifindex };
	struct flow there = {}, back = {};
	struct key reply = { .protocol = key->protocol };

	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return NULL;
	there.becomes = key->tuple;
	there.becomes.saddr = bpf_htonl(POOL_FIRST + bpf_ntohl(key->tuple.saddr) % OPENERS);
	there.ifindex = fib.ifindex;
	__builtin_memcpy(there.dmac, fib.dmac, ETH_ALEN);
	__builtin_memcpy(there.smac, fib.smac, ETH_ALEN);
	reply.tuple.saddr = key->tuple.daddr;
	reply.tuple.sport = key->tuple.dport;
	reply.tuple.daddr = there.becomes.saddr;
	reply.tuple.dport = key->tuple.sport;
	back.becomes.saddr = key->tuple.daddr;
	back.becomes.sport = key->tuple.dport;
	back.becomes.daddr = key->tuple.saddr;
	back.becomes.dport = key->tuple.sport;
	back.ifindex = ctx->ingress_ifindex;
	__builtin_memcpy(back.dmac, f->eth.h_source, ETH_ALEN);
	__builtin_memcpy(back.smac, f->eth.h_dest, ETH_ALEN);
	if (bpf_map_update_elem(&nat, &reply, &back, BPF_NOEXIST) ||
	    bpf_map_update_elem(&nat, key, &there, BPF_NOEXIST))
		return NULL;
	return bpf_map_lookup_elem(&nat, key);
}

static __always_inline void rewrite(struct frame *f, const struct tuple *from, const struct tuple *to)
{
	__u32 delta = words(~from->saddr) + words(~from->daddr) + words(to->saddr) + words(to->daddr);
	__u32 more = (__u16)~from->sport + (__u16)~from->dport + to->sport + to->dport;

	f->udp.check = adjusted(f->udp.check, delta + more);
	f->ip.check = adjusted(f->ip.check, delta + bpf_htons(0xfeff)); /* one from the TTL */
	f->ip.ttl--;
	f->ip.saddr = to->saddr;
	f->ip.daddr = to->daddr;
	f->udp.source = to->sport;
	f->udp.dest = to->dport;
}

SEC("xdp")
int translate(struct xdp_md *ctx)
{
	struct frame *f = (void *)(long)ctx->data;
	struct key key = { .protocol = IPPROTO_UDP };
	struct flow *flow;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end || f->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    f->ip.protocol != IPPROTO_UDP || f->ip.ttl <= 1)
		return XDP_PASS;
	key.tuple.saddr = f->ip.saddr;
	key.tuple.daddr = f->ip.daddr;
	key.tuple.sport = f->udp.source;
	key.tuple.dport = f->udp.dest;
	flow = bpf_map_lookup_elem(&nat, &key);
	if (!flow)
		flow = open(ctx, f, &key);
	if (!flow)
		return XDP_DROP;
	flow->last = bpf_ktime_get_ns();
	rewrite(f, &key.tuple, &flow->becomes);
	__builtin_memcpy(f->eth.h_dest, flow->dmac, ETH_ALEN);
	__builtin_memcpy(f->eth.h_source, flow->smac, ETH_ALEN);
	return bpf_redirect_map(&ports, flow->ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
