/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers: the ICMP error that tells a sender why its packet was dropped. The dropped frame is
 * reused: it is cut to what is quoted, the error is put before, and it goes back where it came
 * from. So the quote is what the sender sent, untranslated, headers of every length with it; it is
 * as long as RFC 1812 4.3.2.3 and RFC 4443 2.4 (c) allow. Rate-limited per CPU. The source is the
 * gateway's own address on that device, so that the sender can answer it; where there is none,
 * nothing is sent.
 */
#ifndef SAMEPATH_BPF_ANSWER_H
#define SAMEPATH_BPF_ANSWER_H

#include "checksum.h"
#include "event.h"
#include "role.h"

#define ANSWER4_MAX 576 /* bytes of the whole error */
#define ANSWER6_MAX 1280

__noinline __u32 message_sum(struct xdp_md *ctx, __u32 at, __u32 length); /* quote.h */

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

/*
 * An answer costs one, two or three halves: who counts how many come back cannot tell whether others
 * were answered too (RFC 5927 and the side channels that followed). A second never holds more than twice
 * the rate.
 */
static __always_inline bool answer_allowed(struct pkt *p)
{
	struct event_budget *budget = event_budget(p->now);

	if (!budget || budget->answers >= 2 * p->settings->answers_per_second) {
		answer_count(ANSWER_LIMITED);
		return false;
	}
	budget->answers += 1 + bpf_get_prandom_u32() % 3;
	return true;
}

/* How much of the packet is quoted behind `room` bytes, for an error of at most `most`. */
static __always_inline __u32 answer_quote(const struct pkt *p, const struct link *link, __u32 room,
					  __u32 most)
{
	if (link->mtu && link->mtu < most)
		most = link->mtu;
	return p->length < most - room ? p->length : most - room;
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
	__u32 quote = answer_quote(p, link, room, ANSWER4_MAX);
	void *data, *end;
	struct iphdr *ip, *quoted;
	struct icmphdr *icmp;
	__u32 sum;

	if (!link->address4 || !answer_allowed(p) || !answer_room(ctx, p, quote, room))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + room + sizeof(*quoted) > end)
		return XDP_DROP;
	answer_ethernet(data, data + room);
	ip = data + ETH_HLEN;
	icmp = (void *)(ip + 1);
	quoted = (void *)(icmp + 1);
	__builtin_memset(ip, 0, room);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0xc0; /* internetwork control, RFC 1812 4.3.2.5 */
	ip->tot_len = bpf_htons(room + quote);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = link->address4;
	ip->daddr = quoted->saddr;
	ip->check = ~sum_fold(bpf_csum_diff(NULL, 0, (void *)ip, sizeof(*ip), 0));
	icmp->type = p->answer.type;
	icmp->code = p->answer.code;
	icmp->un.frag.mtu = bpf_htons(p->answer.mtu);
	sum = message_sum(ctx, ETH_HLEN + sizeof(*ip), sizeof(*icmp) + quote);
	if (!sum)
		return XDP_DROP;
	icmp->checksum = ~sum_fold(sum);
	answer_count(ANSWER_SENT);
	return XDP_TX;
}

static __always_inline int answer6(struct xdp_md *ctx, struct pkt *p, const struct link *link)
{
	const __u32 room = sizeof(struct ipv6hdr) + sizeof(struct icmp6hdr);
	__u32 quote = answer_quote(p, link, room, ANSWER6_MAX);
	__u32 body = sizeof(struct icmp6hdr) + quote;
	void *data, *end;
	struct ipv6hdr *ip, *quoted;
	struct icmp6hdr *icmp;
	__u64 sum;

	if (!link->address6.s6_addr32[0] || !answer_allowed(p) ||
	    !answer_room(ctx, p, quote, room))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + room + sizeof(*quoted) > end)
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
	sum = message_sum(ctx, ETH_HLEN + sizeof(*ip), body);
	if (!sum)
		return XDP_DROP;
	sum += (__u32)bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 32, 0);
	sum += bpf_htonl(body) + (__u64)bpf_htonl(IPPROTO_ICMPV6);
	icmp->icmp6_cksum = ~sum_fold(sum);
	answer_count(ANSWER_SENT);
	return XDP_TX;
}

/* A later fragment is not answered (RFC 1122 3.2.2); nor is an ICMP error, whose way sets no answer. */
static __noinline int answer(struct xdp_md *ctx, struct pkt *p)
{
	struct link *link = p->answer.type && p->settings ? link_find(p->ifindex) : NULL;

	if (!link || p->fragment.offset)
		return XDP_DROP;
	return p->family == 4 ? answer4(ctx, p, link) : answer6(ctx, p, link);
}

#endif
