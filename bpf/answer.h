/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers: the ICMP error that tells a sender why its packet was dropped. The dropped frame is
 * reused: it is cut to the quoted header and eight bytes behind it, the error is put before, and
 * it goes back where it came from. Rate-limited per CPU. The source is the gateway's own address
 * on that device, so that the sender can answer it; where there is none, nothing is sent.
 */
#ifndef SAMEPATH_BPF_ANSWER_H
#define SAMEPATH_BPF_ANSWER_H

#include "checksum.h"
#include "event.h"
#include "role.h"

#define QUOTE4 (sizeof(struct iphdr) + 8)
#define QUOTE6 (sizeof(struct ipv6hdr) + 8)

/* The sender hears that the other side is out of reach, or that it is not let through. */
static __always_inline void answer_unreachable(struct pkt *p, bool prohibited)
{
	if (p->family == 4) {
		p->answer.type = ICMP_DEST_UNREACH;
		p->answer.code = prohibited ? ICMP_PKT_FILTERED : ICMP_HOST_UNREACH;
	} else {
		p->answer.type = ICMPV6_DEST_UNREACH;
		p->answer.code = prohibited ? ICMPV6_ADM_PROHIBITED : ICMPV6_ADDR_UNREACH;
	}
}

static __always_inline void answer_count(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&answers_sent, &what);

	if (count)
		(*count)++;
}

static __always_inline bool answer_allowed(struct pkt *p)
{
	struct event_budget *budget = event_budget(p->now);

	if (!budget || budget->answers >= p->settings->answers_per_second) {
		answer_count(ANSWER_LIMITED);
		return false;
	}
	budget->answers++;
	return true;
}

/* Cuts the frame to `quote` bytes of IP and makes `room` before it. */
static __always_inline bool answer_room(struct xdp_md *ctx, struct pkt *p, __u32 quote, __u32 room)
{
	return !bpf_xdp_adjust_tail(ctx, (int)(ETH_HLEN + quote) - (int)p->frame) &&
	       !bpf_xdp_adjust_head(ctx, -(int)room);
}

static __always_inline void answer_ethernet(struct ethhdr *eth, const struct ethhdr *old)
{
	struct ethhdr was = *old;

	__builtin_memcpy(eth->h_dest, was.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, was.h_dest, ETH_ALEN);
	eth->h_proto = was.h_proto;
}

static __always_inline int answer4(struct xdp_md *ctx, struct pkt *p, const struct link *link)
{
	const __u32 room = sizeof(struct iphdr) + sizeof(struct icmphdr);
	void *data, *end;
	struct iphdr *ip, *quoted;
	struct icmphdr *icmp;

	if (!link->address4 || !answer_allowed(p) || !answer_room(ctx, p, QUOTE4, room))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + room + QUOTE4 > end)
		return XDP_DROP;
	answer_ethernet(data, data + room);
	ip = data + ETH_HLEN;
	icmp = (void *)(ip + 1);
	quoted = (void *)(icmp + 1);
	__builtin_memset(ip, 0, room);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0xc0; /* internetwork control, RFC 1812 4.3.2.5 */
	ip->tot_len = bpf_htons(room + QUOTE4);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = link->address4;
	ip->daddr = quoted->saddr;
	ip->check = ~sum_fold(bpf_csum_diff(NULL, 0, (void *)ip, sizeof(*ip), 0));
	icmp->type = p->answer.type;
	icmp->code = p->answer.code;
	icmp->un.frag.mtu = bpf_htons(p->answer.mtu);
	icmp->checksum = ~sum_fold(bpf_csum_diff(NULL, 0, (void *)icmp, sizeof(*icmp) + QUOTE4, 0));
	answer_count(ANSWER_SENT);
	return XDP_TX;
}

static __always_inline int answer6(struct xdp_md *ctx, struct pkt *p, const struct link *link)
{
	const __u32 room = sizeof(struct ipv6hdr) + sizeof(struct icmp6hdr);
	const __u32 body = sizeof(struct icmp6hdr) + QUOTE6;
	void *data, *end;
	struct ipv6hdr *ip, *quoted;
	struct icmp6hdr *icmp;
	__u64 sum;

	if (!link->address6.s6_addr32[0] || !answer_allowed(p) ||
	    !answer_room(ctx, p, QUOTE6, room))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + room + QUOTE6 > end)
		return XDP_DROP;
	answer_ethernet(data, data + room);
	ip = data + ETH_HLEN;
	icmp = (void *)(ip + 1);
	quoted = (void *)(icmp + 1);
	__builtin_memset(ip, 0, room);
	ip->version = 6;
	ip->payload_len = bpf_htons(body);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 64;
	ip->saddr = link->address6;
	ip->daddr = quoted->saddr;
	icmp->icmp6_type = p->answer.type;
	icmp->icmp6_code = p->answer.code;
	icmp->icmp6_mtu = bpf_htonl(p->answer.mtu);
	sum = bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 32, 0);
	sum += bpf_csum_diff(NULL, 0, (void *)icmp, body, 0);
	sum += bpf_htonl(body) + (__u64)bpf_htonl(IPPROTO_ICMPV6);
	icmp->icmp6_cksum = ~sum_fold(sum);
	answer_count(ANSWER_SENT);
	return XDP_TX;
}

static __noinline int answer(struct xdp_md *ctx, struct pkt *p)
{
	struct link *link = p->answer.type && p->settings ? link_find(p->ifindex) : NULL;

	if (!link)
		return XDP_DROP;
	return p->family == 4 ? answer4(ctx, p, link) : answer6(ctx, p, link);
}

#endif
