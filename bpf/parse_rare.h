/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse_rare: the same as parse, of packets whose headers are not at the usual places: IPv4 options,
 * IPv6 extension headers, fragments. `l4` of struct pkt is where the transport header is, and stays
 * within L4_MAX; the rest of the walk is for the tests of parse.h.
 */
#ifndef SAMEPATH_BPF_PARSE_RARE_H
#define SAMEPATH_BPF_PARSE_RARE_H

#include "parse.h"

#define L4_MAX 511 /* 14 of Ethernet, 40 of IPv6, and extension headers */
#define EXTENSIONS_MAX 8

/* RFC 8200 4.3 and after: two bytes that all of them begin with, but the fragment header. */
struct extension {
	__u8 next;
	__u8 length; /* in units of 8 bytes, the first left out */
};

struct fragment_header { /* RFC 8200 4.5 */
	__u8 next;
	__u8 reserved;
	__be16 offset; /* in units of 8 bytes in the upper 13 bits; the lowest is "more" */
	__be32 id;
};

/*
 * Of a packet with a fragment header: GO_ON when a transport header is behind it, as in a first fragment and in
 * one that is whole all the same (RFC 6946). `before` is what the datagram has before its fragmented part.
 */
static __always_inline enum verdict fragment_kind(const struct pkt *p, __u16 before)
{
	const struct fragment *f = &p->fragment;

	if (!f->offset && !f->more)
		return GO_ON;
	if (!f->length || (f->more && f->length % 8) || f->offset + f->length > 0xffff - before)
		return V_FRAGMENT_BAD;
	return f->offset ? V_FRAGMENT : GO_ON;
}

/* A first fragment must have the header whole, or what filters by it could be passed by (RFC 1858, 7112). */
static __always_inline bool first_has_header(const struct pkt *p, __u8 *l4, void *end, __u16 payload)
{
	__u16 least = p->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);

	if (payload < least || (void *)l4 + sizeof(struct udphdr) > end)
		return false;
	if (p->protocol != IPPROTO_TCP)
		return true;
	return (void *)l4 + sizeof(struct tcphdr) <= end && (l4[12] >> 4) * 4 <= payload;
}

static __always_inline enum verdict parse_rare_transport(struct pkt *p, void *data, void *end,
							 __u32 l4, __be16 *sport, __be16 *dport)
{
	__u16 payload;
	void *at;

	p->l4 = l4;
	if (p->special != GO_ON)
		return GO_ON;
	if (l4 > L4_MAX || l4 > ETH_HLEN + (__u32)p->length)
		return V_BAD_HEADER;
	payload = ETH_HLEN + p->length - l4;
	at = data + l4;
	barrier_var(at); /* one pointer: what is known of a second sum, the verifier does not know of the first */
	if (p->fragment.more) {
		if (!first_has_header(p, at, end, payload))
			return V_FRAGMENT_TINY;
		if (p->protocol == IPPROTO_UDP)
			payload = 0xffff; /* its length is that of the datagram */
	}
	return parse_transport(p, at, end, payload, sport, dport);
}

/*
 * An enum verdict. Not static, like its sister: so the verifier looks at it once, and what follows does not
 * depend on the way through it. It does not know p->settings any more then.
 */
__noinline int parse_rare4(struct xdp_md *ctx, struct pkt *p, struct flow_key4 *key)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	enum verdict verdict;
	__u32 l4;

	if (!p || !key)
		return V_NO_STAGE;
	verdict = parse_network4(p, ip, end, key);
	if (verdict != GO_ON)
		return verdict;
	l4 = ETH_HLEN + ip->ihl * 4;
	p->fragment.id = bpf_ntohs(ip->id);
	p->fragment.offset = (bpf_ntohs(ip->frag_off) & 0x1fff) * 8;
	p->fragment.more = ip->frag_off & bpf_htons(0x2000) ? 1 : 0;
	p->fragment.length = p->length - ip->ihl * 4;
	p->special = ip->ihl > 5 ? V_IP_OPTIONS : fragment_kind(p, ip->ihl * 4);
	return parse_rare_transport(p, data, end, l4, &key->sport, &key->dport);
}

/* One header of the chain: GO_ON with *l4 and p->protocol at the next, another verdict, or V_MAX + 1: done. */
static __always_inline enum verdict parse_extension(struct pkt *p, void *data, void *end, __u32 *l4)
{
	struct fragment_header *fragment;
	struct extension *head;

	/* behind the header of a later fragment is none */
	if (p->fragment.offset || (p->protocol != IPPROTO_FRAGMENT && !extension_header(p->protocol)))
		return V_MAX + 1;
	if (*l4 > L4_MAX)
		return V_EXTENSION_HEADER;
	head = data + *l4;
	if ((void *)head + 8 > end)
		return V_TRUNCATED;
	if (p->protocol == IPPROTO_FRAGMENT) {
		fragment = (void *)head;
		if (p->fragment.header || *l4 + sizeof(*fragment) > ETH_HLEN + (__u32)p->length)
			return V_BAD_HEADER;
		p->fragment.id = bpf_ntohl(fragment->id);
		p->fragment.offset = bpf_ntohs(fragment->offset) & 0xfff8;
		p->fragment.more = bpf_ntohs(fragment->offset) & 1;
		p->fragment.header = *l4;
		p->fragment.length = ETH_HLEN + p->length - *l4 - sizeof(*fragment);
		if (p->special == GO_ON)
			p->special = fragment_kind(p, *l4 - ETH_HLEN - sizeof(struct ipv6hdr));
		*l4 += sizeof(*fragment);
	} else {
		p->special = V_EXTENSION_HEADER;
		*l4 += (head->length + 1) * 8;
	}
	p->protocol = head->next;
	return GO_ON;
}

__noinline int parse_rare6(struct xdp_md *ctx, struct pkt *p, struct flow_key6 *key)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 l4 = ETH_HLEN + sizeof(struct ipv6hdr);
	enum verdict verdict;
	int i;

	if (!p || !key)
		return V_NO_STAGE;
	verdict = parse_network6(p, data + ETH_HLEN, end, key);
	if (verdict != GO_ON)
		return verdict;
	for (i = 0; i < EXTENSIONS_MAX; i++) {
		verdict = parse_extension(p, data, end, &l4);
		if (verdict == V_MAX + 1)
			break;
		if (verdict != GO_ON)
			return verdict;
	}
	if (i == EXTENSIONS_MAX)
		p->special = V_EXTENSION_HEADER; /* nobody needs so many */
	key->protocol = p->protocol;
	return parse_rare_transport(p, data, end, l4, &key->sport, &key->dport);
}

#endif
