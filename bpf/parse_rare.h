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
#define CHAIN_ENDS (V_MAX + 1) /* no further header to walk over */

#include "option.h"

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
	verdict = options4(p, data, end, l4);
	if (verdict != GO_ON)
		return verdict;
	p->fragment.id = bpf_ntohs(ip->id);
	p->fragment.offset = (bpf_ntohs(ip->frag_off) & 0x1fff) * 8;
	p->fragment.more = ip->frag_off & bpf_htons(0x2000) ? 1 : 0;
	p->fragment.length = p->length - ip->ihl * 4;
	/* what must not leave at all does not leave in pieces either */
	if (p->special == GO_ON)
		p->special = fragment_kind(p, ip->ihl * 4);
	return parse_rare_transport(p, data, end, l4, &key->sport, &key->dport);
}

/* How far a chain was walked. */
struct walk {
	__u32 l4; /* offset of the next header in the frame */
	__u32 place; /* and the how manieth it is */
	__u32 destinations; /* headers with destination options */
};

/* A chain that is not sent on, and not walked over any further. */
static __always_inline enum verdict extension_refused(struct pkt *p)
{
	p->special = V_EXTENSION_HEADER;
	return CHAIN_ENDS;
}

/* A fragment header. What is behind it in a later fragment is no header, whatever its first one says. */
static __always_inline enum verdict extension_fragment(struct pkt *p, struct fragment_header *head,
						       struct walk *w)
{
	if (p->fragment.header)
		return extension_refused(p);
	p->fragment.id = bpf_ntohl(head->id);
	p->fragment.offset = bpf_ntohs(head->offset) & 0xfff8;
	p->fragment.more = bpf_ntohs(head->offset) & 1;
	p->fragment.header = w->l4;
	p->fragment.length = ETH_HLEN + p->length - w->l4 - sizeof(*head);
	p->special = fragment_kind(p, w->l4 - ETH_HLEN - sizeof(struct ipv6hdr));
	p->protocol = head->next;
	w->l4 += sizeof(*head);
	return p->special == GO_ON ? GO_ON : CHAIN_ENDS;
}

/*
 * What is known of a header's kind by itself. Hop-by-hop options come first or not at all. A routing
 * header is a list of addresses, used up or not, and none of them may leave; type 0 is refused to
 * everybody (RFC 5095). Authentication, mobility and the like cover the addresses, and do not survive a
 * translation.
 */
static __always_inline enum verdict extension_judge(struct pkt *p, const __u8 *head, struct walk *w)
{
	switch (p->protocol) {
	case IPPROTO_HOPOPTS:
		return w->place ? V_EXTENSION_HEADER : GO_ON;
	case IPPROTO_DSTOPTS: /* before a routing header, and last */
		return w->destinations++ < 2 ? GO_ON : V_EXTENSION_HEADER;
	case IPPROTO_ROUTING:
		return head[2] ? V_EXTENSION_HEADER : V_SOURCE_ROUTE;
	}
	return V_EXTENSION_HEADER;
}

/* One header: GO_ON with the walk and p->protocol at the next, CHAIN_ENDS, or why it is a drop. */
static __always_inline enum verdict parse_extension(struct xdp_md *ctx, struct pkt *p, void *data,
						    void *end, struct walk *w)
{
	struct extension *head;
	enum verdict verdict;
	__u32 next;

	if (p->protocol != IPPROTO_FRAGMENT && !extension_header(p->protocol))
		return CHAIN_ENDS;
	if (w->l4 > L4_MAX)
		return extension_refused(p);
	/* the whole chain is in the packet, and of fragments in the first (RFC 7112) */
	if (w->l4 + 8 > ETH_HLEN + (__u32)p->length)
		return V_BAD_HEADER;
	head = data + w->l4;
	if ((void *)head + 8 > end)
		return V_TRUNCATED;
	if (p->protocol == IPPROTO_FRAGMENT)
		return extension_fragment(p, (void *)head, w);
	next = w->l4 + (head->length + 1) * 8;
	verdict = extension_judge(p, (void *)head, w);
	if (verdict == GO_ON && next > ETH_HLEN + (__u32)p->length)
		return V_BAD_HEADER;
	if (verdict == GO_ON && next > L4_MAX)
		return extension_refused(p); /* nobody needs so much */
	if (verdict == GO_ON)
		verdict = options6(ctx, w->l4 + sizeof(*head), next);
	if (verdict != GO_ON)
		return verdict == V_EXTENSION_HEADER ? extension_refused(p) : verdict;
	p->protocol = head->next;
	w->l4 = next;
	return GO_ON;
}

__noinline int parse_rare6(struct xdp_md *ctx, struct pkt *p, struct flow_key6 *key)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct walk w = {.l4 = ETH_HLEN + sizeof(struct ipv6hdr)};
	enum verdict verdict;

	if (!p || !key)
		return V_NO_STAGE;
	verdict = parse_network6(p, data + ETH_HLEN, end, key);
	if (verdict != GO_ON)
		return verdict;
	for (w.place = 0; w.place < EXTENSIONS_MAX; w.place++) {
		verdict = parse_extension(ctx, p, data, end, &w);
		if (verdict == CHAIN_ENDS)
			break;
		if (verdict != GO_ON)
			return verdict;
	}
	if (w.place == EXTENSIONS_MAX)
		p->special = V_EXTENSION_HEADER; /* nobody needs so many */
	key->protocol = p->protocol;
	return parse_rare_transport(p, data, end, w.l4, &key->sport, &key->dport);
}

#endif
