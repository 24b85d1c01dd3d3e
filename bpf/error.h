/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * error: ICMP errors, both ways (RFC 5508). What an error quotes says which flow it speaks of; it is held to
 * that flow's circuit like any packet, and goes the way of the flow's own packets in its direction. It is no
 * packet of the flow: it opens, refreshes, changes and ends none. Included once a family.
 */

/*
 * May the error come from there? Any router on the way may send one, so its source is nobody's in particular:
 * from a circuit no address of the inside or of the gateway, from inside one of a segment.
 */
static __noinline enum verdict F(error_source)(struct pkt *p, const struct F(error) *e)
{
	bool inside = F(trie_find)(&F(segments), p->slot, &e->outer.saddr);

	if (p->role.kind == ROLE_LINK) {
		if (inside)
			return V_INSIDE_SOURCE;
		return F(source_is_no_remote)(p, &e->outer.saddr) ? V_MARTIAN : GO_ON;
	}
	if (F(same_address_)(&e->outer.saddr, &e->key.saddr))
		return GO_ON;
	if (!inside)
		return V_NO_SEGMENT;
	return F(is_local)(&e->outer.saddr) ? V_MARTIAN : GO_ON;
}

/* Is it about what a server said from a public address that is its own? Hosts inside reach it by the kernel. */
static __always_inline bool F(error_to_server)(struct pkt *p, const struct F(error) *e)
{
	__u32 number = F(service_find)(p, &e->key.daddr, e->key.dport);
	struct service *service = service_at(p->slot, number);

	return service && service->flags & SERVICE_KEEP_ALL;
}

/* Of no flow: the kernel's, as far as it is to the gateway itself or stays inside, else it ends here. */
static __noinline enum verdict F(error_stray)(struct pkt *p, const struct F(error) *e, enum verdict verdict)
{
	bool inside = F(trie_find)(&F(segments), p->slot, &e->outer.saddr);

	if (p->role.kind == ROLE_LINK && verdict == V_ERROR_NO_FLOW &&
	    F(asked_note)(p, &e->key, &e->outer.saddr, ASKED_ERROR(e->message)))
		return V_ASKED;
	if (p->role.kind == ROLE_LINK && inside)
		return V_INSIDE_SOURCE;
	if (F(is_local)(&e->outer.daddr))
		return V_TO_GATEWAY;
	if (p->role.kind == ROLE_LINK)
		return verdict;
	if (!inside)
		return V_NO_SEGMENT;
	if (F(trie_find)(&F(segments), p->slot, &e->outer.daddr))
		return V_TO_INSIDE;
	return verdict == V_ERROR_NO_FLOW && F(error_to_server)(p, e) ? V_TO_INSIDE : verdict;
}

/* Is the error's own checksum right? A card cannot be asked here, and a wrong one must not become right. */
static __always_inline bool F(error_sound)(struct xdp_md *ctx, struct pkt *p)
{
	__u32 length = message_length(p);
	__u64 sum = message_sum(ctx, p->l4, length);

	if (!sum)
		return false;
#if FAMILY == 6
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > end)
		return false;
	sum += (__u32)bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 32, 0);
	sum += bpf_htonl(length) + (__u64)bpf_htonl(IPPROTO_ICMPV6);
#endif
	return sum_fold(sum) == 0xffff;
}

/*
 * The source that the error goes on with. From a circuit a router keeps its own, so that it can be seen on the
 * way; toward one, and from a flow's very end, it is what the flow's packets wear: no inside address leaves.
 */
static __always_inline bool F(error_keeps_source)(struct pkt *p, const struct F(error) *e)
{
	return p->role.kind == ROLE_LINK && !F(same_address_)(&e->outer.saddr, &e->key.saddr);
}

/* The IP header; adds to the sum what ICMPv6 covers of it. */
static __always_inline __u64 F(error_outer)(struct pkt *p, const FLOW *f, const struct F(error) *e,
					    void *header, __u64 sum)
{
	const ADDRESS *source = F(error_keeps_source)(p, e) ? &e->outer.saddr : &f->saddr;
	__u64 delta = F(delta_address_)(0, &e->outer.saddr, source);
#if FAMILY == 4
	struct iphdr *ip = header;

	delta = F(delta_address_)(delta, &e->outer.daddr, &f->daddr);
	ip->check = checksum_adjust(ip->check, sum_fold(delta + bpf_htons(0xfeff))); /* see rewrite.h */
	ip->ttl--;
#else
	struct ipv6hdr *ip = header;

	delta = F(delta_address_)(delta, &e->outer.daddr, &f->daddr);
	sum += delta;
	ip->hop_limit--;
#endif
	ip->saddr = *source;
	ip->daddr = f->daddr;
	return sum;
}

/* The quote as it was sent, both headers of the error, and its checksum by what all that changed. */
static __always_inline enum verdict F(error_rewrite)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
						     struct F(error) *e)
{
	void *data, *end;
	struct icmphdr *icmp = (void *)e->message;
	__u64 sum;

	sum = (__u32)~bpf_csum_diff(NULL, 0, (void *)e->message, sizeof(e->message), 0);
	F(quote_restore)(f, e);
	sum += (__u32)bpf_csum_diff(NULL, 0, (void *)e->message, sizeof(e->message), 0);
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + L4_OFFSET > end)
		return V_TRUNCATED;
	sum = F(error_outer)(p, f, e, data + ETH_HLEN, sum);
	icmp->checksum = checksum_adjust(icmp->checksum, sum_fold(sum));
	if (bpf_xdp_store_bytes(ctx, p->l4, e->message, chunk_part(e->kept)))
		return V_TRUNCATED;
	return GO_ON;
}

/* Extensions (RFC 4884) may hold addresses of the router that sent them (RFC 5837): none of the inside's leaves. */
static __always_inline bool F(error_tells)(struct pkt *p, const FLOW *f, const struct F(error) *e)
{
	return f->half.flags & FLOW_TO_CIRCUIT && message_length(p) > ICMP_HEAD + e->ends;
}

/* An error of a flow that is known: its pin, its way. Nothing of the flow changes. */
static __always_inline enum verdict F(error_follow)(struct xdp_md *ctx, struct pkt *p, FLOW *f,
						    struct F(error) *e)
{
	enum verdict verdict;

	if (!F(error_sound)(ctx, p))
		return V_ERROR_SUM;
	verdict = F(flow_belongs)(p, f) ? GO_ON : F(flow_violation)(ctx, p, &e->key, f);
	if (verdict == GO_ON && F(error_tells)(p, f, e))
		verdict = V_ERROR_EXTENSION;
	if (verdict == GO_ON)
		verdict = F(error_source)(p, e);
	if (verdict == GO_ON)
		verdict = F(route)(ctx, p, f, &e->way);
	if (verdict == GO_ON)
		verdict = F(limits)(p, &e->way);
	p->answer.type = 0; /* no error is answered with another (RFC 1122 3.2.2) */
	return verdict;
}

static __always_inline enum verdict F(error_path)(struct xdp_md *ctx, struct pkt *p)
{
	__u32 zero = 0;
	struct F(error) *e = bpf_map_lookup_elem(&F(errors), &zero);
	enum verdict verdict;
	FLOW *f = NULL;

	if (!e)
		return V_NO_CONFIG;
	__builtin_memset(&e->outer, 0, sizeof(e->outer));
	verdict = F(parse_rare)(ctx, p, &e->outer);
	p->settings = bpf_map_lookup_elem(&settings, &p->slot);
	if (verdict != GO_ON || !p->settings)
		return verdict == GO_ON ? V_NO_CONFIG : verdict;
	verdict = F(quote_load)(ctx, p, e);
	if (verdict == GO_ON)
		verdict = F(quote_read)(e);
	if (verdict == GO_ON) {
		p->protocol = e->key.protocol; /* from here on it is the flow that is asked about */
		f = F(flow_find)(p, &e->key);
	}
	if (!f)
		return F(error_stray)(p, e, verdict == GO_ON ? V_ERROR_NO_FLOW : verdict);
	trail_quoted();
	verdict = F(error_follow)(ctx, p, f, e);
	if (verdict == GO_ON)
		verdict = F(error_rewrite)(ctx, p, f, e);
	if (verdict != GO_ON)
		return verdict;
	F(account)(p, f);
	p->protocol = e->outer.protocol; /* of what leaves: should it be cut, its id is among the ids of ICMP */
	return F(go)(ctx, p, f, &e->way);
}
