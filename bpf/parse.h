/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse: bounds, L3, L4, once. Fills struct pkt and the packet's own tuple. A packet that
 * cannot be translated but may be the kernel's business (a fragment or an ICMP error to the
 * gateway itself) gets its verdict in `special`; later stages see whether it is for the kernel.
 * Lengths come from the IP header, never from the frame.
 */
#ifndef SAMEPATH_BPF_PARSE_H
#define SAMEPATH_BPF_PARSE_H

#include "packet.h"

static __always_inline bool tcp_flags_sound(__u8 flags)
{
	switch (flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) {
	case TCP_SYN:
	case TCP_SYN | TCP_ACK:
	case TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
		return true;
	}
	return false; /* none, SYN+FIN, SYN+RST, FIN alone, FIN+RST, everything */
}

static __always_inline enum verdict parse_tcp(struct pkt *p, struct tcphdr *tcp, void *end,
					      __u16 payload, __be16 *sport, __be16 *dport)
{
	__u8 *bytes = (__u8 *)tcp;
	__u16 header;

	if (payload < sizeof(*tcp))
		return V_BAD_TRANSPORT;
	if ((void *)(tcp + 1) > end)
		return V_TRUNCATED;
	header = (bytes[12] >> 4) * 4;
	if (header < sizeof(*tcp) || header > payload)
		return V_BAD_TRANSPORT;
	p->tcp = bytes[13];
	if (!tcp_flags_sound(p->tcp))
		return V_BAD_FLAGS;
	/* an answer to nothing that is known here is no beginning */
	p->opens = !(p->tcp & TCP_RST) && (p->tcp & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK);
	p->seq = bpf_ntohl(tcp->seq);
	p->ack = bpf_ntohl(tcp->ack_seq);
	p->window = bpf_ntohs(tcp->window);
	p->segment = payload - header + (p->tcp & TCP_FIN) + (p->tcp & TCP_SYN) / TCP_SYN;
	*sport = tcp->source;
	*dport = tcp->dest;
	return *sport && *dport ? GO_ON : V_BAD_TRANSPORT;
}

static __always_inline enum verdict parse_udp(struct pkt *p, struct udphdr *udp, void *end,
					      __u16 payload, __be16 *sport, __be16 *dport)
{
	__u16 length;

	if (payload < sizeof(*udp))
		return V_BAD_TRANSPORT;
	if ((void *)(udp + 1) > end)
		return V_TRUNCATED;
	length = bpf_ntohs(udp->len);
	if (length < sizeof(*udp) || length > payload)
		return V_BAD_TRANSPORT;
	p->opens = 1;
	*sport = udp->source;
	*dport = udp->dest;
	return *sport && *dport ? GO_ON : V_BAD_TRANSPORT;
}

static __always_inline enum verdict parse_echo(struct pkt *p, struct icmphdr *icmp, void *end,
					       __u16 payload, __u8 request, __u8 reply,
					       __be16 *sport, __be16 *dport)
{
	if (payload < sizeof(*icmp))
		return V_BAD_TRANSPORT;
	if ((void *)(icmp + 1) > end)
		return V_TRUNCATED;
	if (icmp->type == request && !icmp->code) {
		p->opens = 1;
		*sport = icmp->un.echo.id;
		*dport = 0;
		return GO_ON;
	}
	if (icmp->type == reply && !icmp->code) {
		*sport = 0;
		*dport = icmp->un.echo.id;
		return GO_ON;
	}
	p->special = V_ICMP_ERROR;
	return GO_ON;
}

static __always_inline bool martian4(__be32 address)
{
	__u32 a = bpf_ntohl(address);

	return (a >> 24) == 0 || (a >> 24) == 127 || (a >> 28) >= 14;
}

static __always_inline bool martian6(const struct in6_addr *a)
{
	if (a->s6_addr[0] == 0xff)
		return true;
	if (a->s6_addr32[0] || a->s6_addr32[1])
		return false;
	/* ::, ::1, and addresses that only stand for IPv4 ones (RFC 4291 2.5.5) */
	return !a->s6_addr32[2] || a->s6_addr32[2] == bpf_htonl(0xffff);
}

/* An address of one wire (RFC 3927, RFC 4291 2.5.6), which no router leads away from it or to it. */
static __always_inline bool link_local4(const __be32 *address)
{
	return (*address & bpf_htonl(0xffff0000)) == bpf_htonl(0xa9fe0000);
}

static __always_inline bool link_local6(const struct in6_addr *address)
{
	return address->s6_addr[0] == 0xfe && (address->s6_addr[1] & 0xc0) == 0x80;
}

static __always_inline bool same_address6(const struct in6_addr *a, const struct in6_addr *b)
{
	return a->s6_addr32[0] == b->s6_addr32[0] && a->s6_addr32[1] == b->s6_addr32[1] &&
	       a->s6_addr32[2] == b->s6_addr32[2] && a->s6_addr32[3] == b->s6_addr32[3];
}

static __always_inline enum verdict parse_transport(struct pkt *p, void *l4, void *end,
						    __u16 payload, __be16 *sport, __be16 *dport)
{
	switch (p->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(p, l4, end, payload, sport, dport);
	case IPPROTO_UDP:
		return parse_udp(p, l4, end, payload, sport, dport);
	case IPPROTO_ICMP:
		if (p->family == 4)
			return parse_echo(p, l4, end, payload, ICMP_ECHO, ICMP_ECHOREPLY, sport,
					  dport);
		break;
	case IPPROTO_ICMPV6:
		if (p->family == 6)
			return parse_echo(p, l4, end, payload, ICMPV6_ECHO_REQUEST,
					  ICMPV6_ECHO_REPLY, sport, dport);
		break;
	}
	p->special = V_OTHER_PROTOCOL;
	return GO_ON;
}

/* What holds of every IPv4 packet, whatever its headers are. Fills the addresses of the key. */
static __always_inline enum verdict parse_network4(struct pkt *p, struct iphdr *ip, void *end,
						   struct flow_key4 *key)
{
	if ((void *)(ip + 1) > end)
		return V_TRUNCATED;
	p->length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || ip->ihl < 5 || p->length < ip->ihl * 4)
		return V_BAD_HEADER;
	if (ETH_HLEN + p->length > p->frame)
		return V_TRUNCATED;
	if (ip->daddr == 0xffffffff || (bpf_ntohl(ip->daddr) >> 28) == 14)
		return V_MULTICAST;
	if (martian4(ip->saddr) || martian4(ip->daddr) || ip->saddr == ip->daddr)
		return V_MARTIAN;
	p->protocol = ip->protocol;
	p->ttl = ip->ttl;
	p->whole = ip->frag_off & bpf_htons(0x4000) ? 1 : 0;
	key->saddr = ip->saddr;
	key->daddr = ip->daddr;
	key->protocol = ip->protocol;
	return GO_ON;
}

static __always_inline enum verdict parse4(struct pkt *p, void *data, void *end,
					   struct flow_key4 *key)
{
	struct iphdr *ip = data + ETH_HLEN;
	enum verdict verdict = parse_network4(p, ip, end, key);

	if (verdict != GO_ON)
		return verdict;
	if (ip->ihl > 5)
		p->special = V_IP_OPTIONS;
	else if (ip->frag_off & bpf_htons(0x3fff))
		p->special = V_FRAGMENT;
	if (p->special != GO_ON)
		return GO_ON;
	return parse_transport(p, ip + 1, end, p->length - sizeof(*ip), &key->sport, &key->dport);
}

static __always_inline bool extension_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == 135 || next == 139 || next == 140;
}

/* What holds of every IPv6 packet, whatever its headers are. Fills the addresses of the key. */
static __always_inline enum verdict parse_network6(struct pkt *p, struct ipv6hdr *ip, void *end,
						   struct flow_key6 *key)
{
	if ((void *)(ip + 1) > end)
		return V_TRUNCATED;
	p->length = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || p->length > 0xffff - sizeof(*ip))
		return V_BAD_HEADER;
	p->length += sizeof(*ip);
	if (ETH_HLEN + p->length > p->frame)
		return V_TRUNCATED;
	if (ip->daddr.s6_addr[0] == 0xff)
		return V_MULTICAST;
	if (martian6(&ip->saddr) || martian6(&ip->daddr) || same_address6(&ip->saddr, &ip->daddr))
		return V_MARTIAN;
	p->protocol = ip->nexthdr;
	p->ttl = ip->hop_limit;
	p->whole = 1;
	key->saddr = ip->saddr;
	key->daddr = ip->daddr;
	key->protocol = ip->nexthdr;
	return GO_ON;
}

static __always_inline enum verdict parse6(struct pkt *p, void *data, void *end,
					   struct flow_key6 *key)
{
	struct ipv6hdr *ip = data + ETH_HLEN;
	enum verdict verdict = parse_network6(p, ip, end, key);

	if (verdict != GO_ON)
		return verdict;
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		p->special = V_FRAGMENT;
	else if (extension_header(ip->nexthdr))
		p->special = V_EXTENSION_HEADER;
	if (p->special != GO_ON)
		return GO_ON;
	return parse_transport(p, ip + 1, end, p->length - sizeof(*ip), &key->sport, &key->dport);
}

#endif
