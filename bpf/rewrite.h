/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rewrite: TTL, addresses, ports and both checksums. A sum is adjusted, never computed anew
 * (RFC 1624); a UDP sum of zero means "none" and stays (RFC 3022 4.1). Included once a family.
 */
static __always_inline __u16 *F(transport_sum)(struct pkt *p, void *l4, void *end)
{
	__u16 *sum;

	if (p->protocol == IPPROTO_TCP)
		sum = &((struct tcphdr *)l4)->check;
	else if (p->protocol == IPPROTO_UDP)
		sum = &((struct udphdr *)l4)->check;
	else
		sum = &((struct icmphdr *)l4)->checksum;
	return (void *)(sum + 1) > end ? NULL : sum;
}

/* Writes the ports, or the identifier of an echo. Returns what this and the addresses add to the sum. */
static __always_inline __u64 F(rewrite_ports)(struct pkt *p, const FLOW *f, void *l4)
{
	struct icmphdr *icmp = l4;
	__be32 *ports = l4; /* of TCP and UDP alike */
	__u64 sum = f->half.l3_delta;
	__be16 id;

	if (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP) {
		sum = delta_long(sum, *ports, f->half.ports);
		*ports = f->half.ports;
		return sum;
	}
	id = f->half.flags & FLOW_REPLY ? f->half.dport : f->half.sport;
	/* ICMP of IPv4 has no pseudo-header */
	sum = delta_word(FAMILY == 4 ? 0 : sum, icmp->un.echo.id, id);
	icmp->un.echo.id = id;
	return sum;
}

/* The addresses, and one hop less. */
static __always_inline void F(rewrite_network)(void *network, const FLOW *f)
{
#if FAMILY == 4
	struct iphdr *ip = network;

	ip->saddr = f->saddr;
	ip->daddr = f->daddr;
	ip->ttl--;
	/* the TTL is the high byte of its word: one less of it is 0xfeff in ones' complement */
	ip->check = checksum_adjust(ip->check, sum_fold((__u64)f->half.l3_delta + bpf_htons(0xfeff)));
#else
	struct ipv6hdr *ip = network;

	ip->saddr = f->saddr;
	ip->daddr = f->daddr;
	ip->hop_limit--;
#endif
}

/*
 * The transport header is at `offset`, L4_NONE: nothing of it is known. GO_ON, or TRUNCATED when the bounds that
 * parse saw are gone (they cannot be).
 */
static __always_inline enum verdict F(rewrite)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
					       __u32 offset)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *l4 = data + offset;
	__u16 *sum, old;
	__u64 delta;

	if (offset == L4_NONE && data + L4_OFFSET <= end) {
		F(rewrite_network)(data + ETH_HLEN, f);
		return GO_ON;
	}
	if (offset > L4_MAX || data + L4_OFFSET > end || l4 + 8 > end)
		return V_TRUNCATED;
	sum = F(transport_sum)(p, l4, end);
	if (!sum)
		return V_TRUNCATED;
	delta = F(rewrite_ports)(p, f, l4);
	old = *sum;
	if (old || p->protocol != IPPROTO_UDP) {
		old = checksum_adjust(old, delta);
		*sum = !old && p->protocol == IPPROTO_UDP ? 0xffff : old;
	}
	F(rewrite_network)(data + ETH_HLEN, f);
	return GO_ON;
}
