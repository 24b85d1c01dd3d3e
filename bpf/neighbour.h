/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARP requests (RFC 826) and neighbour solicitations (RFC 4861) for addresses the gateway owns
 * but the kernel does not: pools that lie in a subnet of the device. Answered by turning the
 * frame around. Everything else of ARP and neighbour discovery is the kernel's.
 */
#ifndef SAMEPATH_BPF_NEIGHBOUR_H
#define SAMEPATH_BPF_NEIGHBOUR_H

#include "checksum.h"
#include "packet.h"
#include "role.h"

#define ARP_REQUEST 1
#define ARP_REPLY 2

/* RFC 826 over Ethernet. */
struct arp_ipv4 {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__be32 sender;
	__u8 target_mac[ETH_ALEN];
	__be32 target;
} __attribute__((packed));

#define ND_SOLICIT 135
#define ND_ADVERT 136
#define ND_OPTION_TARGET_MAC 2

struct nd_message {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be32 flags;
	struct in6_addr target;
	__u8 option; /* one link-layer address option */
	__u8 option_length; /* in units of 8 bytes */
	__u8 mac[ETH_ALEN];
} __attribute__((packed));

static __always_inline bool answers_for(__u32 ifindex, const struct in6_addr *address)
{
	struct scoped_prefix key = {.length = 160, .scope = ifindex, .address = *address};

	return bpf_map_lookup_elem(&answers, &key);
}

static __noinline enum verdict arp(struct xdp_md *ctx, struct pkt *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct arp_ipv4 *arp = data + ETH_HLEN;
	struct in6_addr target;
	struct link *link;
	__be32 asked;

	if ((void *)(arp + 1) > end || arp->operation != bpf_htons(ARP_REQUEST) ||
	    arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_length != ETH_ALEN ||
	    arp->protocol_length != 4)
		return V_NOT_IP;
	asked = arp->target;
	map_address4(&target, asked);
	if (!answers_for(p->ifindex, &target) || arp->sender == asked)
		return V_NOT_IP;
	link = link_find(p->ifindex);
	if (!link)
		return V_NOT_IP;
	arp->operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, ETH_ALEN);
	arp->target = arp->sender;
	__builtin_memcpy(arp->sender_mac, link->mac, ETH_ALEN);
	arp->sender = asked;
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, link->mac, ETH_ALEN);
	p->action = XDP_TX;
	return V_NEIGHBOUR_ANSWERED;
}

/* Is the frame a solicitation that we answer? Fills the target. */
static __always_inline bool solicited(struct xdp_md *ctx, struct pkt *p, struct in6_addr *target)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = data + ETH_HLEN;
	struct nd_message *nd = (void *)(ip + 1);

	if ((void *)(ip + 1) + 24 > end || ip->version != 6 || bpf_ntohs(ip->payload_len) < 24 ||
	    sizeof(struct ethhdr) + sizeof(*ip) + bpf_ntohs(ip->payload_len) > p->frame || ip->nexthdr != IPPROTO_ICMPV6 || ip->hop_limit != 255 ||
	    nd->type != ND_SOLICIT || nd->code)
		return false;
	*target = nd->target;
	return answers_for(p->ifindex, target);
}

static __always_inline void nd_checksum(struct ipv6hdr *ip, struct nd_message *nd)
{
	__u64 sum;

	nd->checksum = 0;
	sum = bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 32, 0);
	sum += bpf_csum_diff(NULL, 0, (void *)nd, sizeof(*nd), 0);
	sum += bpf_htonl(sizeof(*nd)) + (__u64)bpf_htonl(IPPROTO_ICMPV6);
	nd->checksum = ~sum_fold(sum);
}

/* GO_ON when the packet is no solicitation for us. */
static __noinline enum verdict solicitation(struct xdp_md *ctx, struct pkt *p)
{
	const int size = ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct nd_message);
	struct in6_addr target;
	struct nd_message *nd;
	struct ipv6hdr *ip;
	struct ethhdr *eth;
	struct link *link;
	bool probe;

	if (!solicited(ctx, p, &target))
		return GO_ON;
	link = link_find(p->ifindex);
	if (!link || bpf_xdp_adjust_tail(ctx, size - (int)p->frame))
		return GO_ON;
	eth = (void *)(long)ctx->data;
	ip = (void *)(eth + 1);
	nd = (void *)(ip + 1);
	if ((void *)(nd + 1) > (void *)(long)ctx->data_end)
		return V_TRUNCATED;
	/* duplicate address detection asks from :: and hears the answer on all-nodes */
	probe = !ip->saddr.s6_addr32[0] && !ip->saddr.s6_addr32[3];
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, link->mac, ETH_ALEN);
	ip->daddr = ip->saddr;
	if (probe) {
		__builtin_memset(&ip->daddr, 0, sizeof(ip->daddr));
		ip->daddr.s6_addr32[0] = bpf_htonl(0xff020000);
		ip->daddr.s6_addr32[3] = bpf_htonl(1);
		__builtin_memcpy(eth->h_dest, "\x33\x33\0\0\0\1", ETH_ALEN);
	}
	ip->saddr = target;
	ip->payload_len = bpf_htons(sizeof(*nd));
	nd->type = ND_ADVERT;
	nd->flags = bpf_htonl(probe ? 0xa0000000 : 0xe0000000); /* router, solicited, override */
	nd->option = ND_OPTION_TARGET_MAC;
	nd->option_length = 1;
	__builtin_memcpy(nd->mac, link->mac, ETH_ALEN);
	nd_checksum(ip, nd);
	p->action = XDP_TX;
	return V_NEIGHBOUR_ANSWERED;
}

#endif
