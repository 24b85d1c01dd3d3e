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

static __always_inline enum verdict parse_rare_transport(struct pkt *p, void *data, void *end,
							 __u32 l4, __be16 *sport, __be16 *dport)
{
	p->l4 = l4;
	if (p->special != GO_ON)
		return GO_ON;
	if (l4 > L4_MAX || l4 > ETH_HLEN + (__u32)p->length)
		return V_BAD_HEADER;
	return parse_transport(p, data + l4, end, ETH_HLEN + p->length - l4, sport, dport);
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
	if (ip->ihl > 5)
		p->special = V_IP_OPTIONS;
	p->fragment.id = bpf_ntohs(ip->id);
	p->fragment.offset = (bpf_ntohs(ip->frag_off) & 0x1fff) * 8;
	p->fragment.more = ip->frag_off & bpf_htons(0x2000) ? 1 : 0;
	if (p->fragment.offset || p->fragment.more)
		p->special = V_FRAGMENT;
	return parse_rare_transport(p, data, end, l4, &key->sport, &key->dport);
}

/* One header of the chain: GO_ON with *l4 and p->protocol at the next, another verdict, or V_MAX + 1: done. */
static __always_inline enum verdict parse_extension(struct pkt *p, void *data, void *end, __u32 *l4)
{
	struct fragment_header *fragment;
	struct extension *head;

	if (p->protocol != IPPROTO_FRAGMENT && !extension_header(p->protocol))
		return V_MAX + 1;
	if (*l4 > L4_MAX)
		return V_EXTENSION_HEADER;
	head = data + *l4;
	if ((void *)head + 8 > end)
		return V_TRUNCATED;
	if (p->protocol == IPPROTO_FRAGMENT) {
		fragment = (void *)head;
		p->fragment.id = bpf_ntohl(fragment->id);
		p->fragment.offset = bpf_ntohs(fragment->offset) & 0xfff8;
		p->fragment.more = bpf_ntohs(fragment->offset) & 1;
		p->fragment.header = *l4;
		p->special = V_FRAGMENT;
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
