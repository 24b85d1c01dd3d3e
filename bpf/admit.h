/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * admit: a miss from a circuit. What is published there is let in, toward a server and in the name of
 * this circuit's inbound pool, so that the answer comes back here and leaves where the question came in.
 * Everything else is for the gateway itself, or is dropped by name. Included once a family.
 */

/* From a circuit, to nothing that is published. */
static __noinline enum verdict F(stranger)(struct pkt *p, const FLOW_KEY *key)
{
	struct in6_addr address;

	if (F(is_local)(&key->daddr))
		return V_TO_GATEWAY;
	if (p->special != GO_ON)
		return p->special;
	F(map_address_)(&address, &key->daddr);
	switch (owner_find(p, &address).kind) {
	case OWNER_NONE:
		return V_NOT_FOR_US;
	case OWNER_SERVICE:
		return V_NOT_PUBLISHED;
	case OWNER_INBOUND_POOL:
		return V_INBOUND_POOL;
	}
	return V_UNSOLICITED;
}

/* Is the source one that only this gateway may wear, or one that is not to leave its wire? */
static __always_inline bool F(source_is_no_remote)(struct pkt *p, const ADDRESS *source)
{
	struct in6_addr address;

	F(map_address_)(&address, source);
	return F(is_local)(source) || owner_find(p, &address).kind != OWNER_NONE;
}

/* What does not open a flow may be the answer to a challenge. */
static __always_inline enum verdict F(proof_or_not)(struct pkt *p, struct F(opening) *o,
						    const FLOW_KEY *key, __u32 number)
{
	struct service_counter *counter = service_counter(number);
	__u32 minute = challenge_minute(p), said = p->seq, tag;
	struct proof *proof;

	if (p->protocol != IPPROTO_TCP || !(p->tcp & TCP_RST) || p->tcp & TCP_ACK)
		return V_NO_FLOW;
	F(map_address_)(&o->remote, &key->saddr);
	F(map_address_)(&o->public, &key->daddr);
	if (said != challenge_number(&o->input, &o->remote, &o->public, key->sport, key->dport, minute) &&
	    said != challenge_number(&o->input, &o->remote, &o->public, key->sport, key->dport,
				     minute - 1))
		return V_NO_FLOW;
	proof = proof_of(&o->remote, &o->input, &tag);
	if (!proof)
		return V_NO_FLOW;
	if (dry)
		return V_PROVEN;
	proof->tag = tag;
	proof->until = p->now / NANOSECONDS + PROOF_LENGTH;
	if (counter)
		counter->proven++;
	return V_PROVEN;
}

/* Rates; what has proven its source need not queue behind those that may be forged. */
static __always_inline bool F(rates_admit)(struct pkt *p, struct F(opening) *o, struct service *service,
					   __u32 number)
{
	return (o->proven || service_rate_admits(p, service, number)) &&
	       remote_rate_admits(p, service, number, &o->remote, &o->input);
}

/* The server, and the address that the flow wears toward it. GO_ON, or why there is none. */
static __always_inline enum verdict F(admit_to)(struct pkt *p, struct F(opening) *o,
						const FLOW_KEY *key, struct service *service,
						__u32 number)
{
	struct circuit *circuit = circuit_find(p->slot, o->circuit);
	struct pool *pool;

	o->address = key->saddr;
	o->keep_source = service->flags & (SERVICE_KEEP_SOURCE | SERVICE_KEEP_ALL) ? 1 : 0;
	if (!F(server_choose)(p, &o->best, service, number, &key->saddr, &o->server))
		return V_NO_SERVER;
	F(opening_aim)(o, &o->server, F(server_port)(service, key));
	if (service->flags & SERVICE_KEEP_ALL)
		F(opening_flags)(o, FLOW_PIN_ONLY, FLOW_PIN_ONLY);
	if (o->keep_source)
		return GO_ON;
	if (!circuit)
		return V_NO_CIRCUIT;
	pool = F(inbound_pool)(circuit);
	o->addresses = pool->addresses;
	if (!o->addresses)
		return V_NO_POOL_OF_FAMILY;
	o->first = F(hash_address_)(&key->saddr) % o->addresses;
	return F(pool_address)(pool, o->first, &o->address, &o->special) ? GO_ON : V_NO_POOL_OF_FAMILY;
}

static __noinline enum verdict F(admit)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
					const FLOW_KEY *key)
{
	__u32 number = p->special == GO_ON ? F(service_find)(p, &key->daddr, key->dport) : 0;
	struct service *service = service_at(p->slot, number);
	enum verdict verdict;
	int answer;

	if (F(trie_find)(&F(segments), p->slot, &key->saddr))
		return V_INSIDE_SOURCE;
	if (!service)
		return F(stranger)(p, key);
	trail_service(number);
	F(map_address_)(&o->remote, &key->saddr);
	if (F(link_local)(&key->saddr) || F(source_is_no_remote)(p, &key->saddr))
		return V_MARTIAN;
	verdict = circuit_admits(p, service);
	if (verdict != GO_ON)
		return verdict;
	if (!opens_from_outside(p))
		return F(proof_or_not)(p, o, key, number);
	if (F(tuple_ending)(p, key))
		return V_FLOW_ENDING;
	F(opening_start)(p, o, key, number);
	F(opening_flags)(o, FLOW_OPENED_OUTSIDE | FLOW_SERVICE | FLOW_FROM_CIRCUIT,
			 FLOW_OPENED_OUTSIDE | FLOW_SERVICE | FLOW_TO_CIRCUIT);
	o->inbound = 1;
	o->circuit = p->role.circuit;
	o->service = number;
	o->proven = source_proven(p, &o->remote, &o->input);
	if (!F(rates_admit)(p, o, service, number))
		return V_RATE_LIMIT;
	verdict = F(admit_to)(p, o, key, service, number);
	if (verdict != GO_ON)
		return verdict;
	answer = F(way_ask)(ctx, p->ifindex, 0, &o->address, &o->server, p->protocol, &o->way);
	if (!F(way_found)(answer))
		return answer == BPF_FIB_LKUP_RET_FWD_DISABLED ? V_NO_FORWARDING : V_NO_ROUTE;
	return role_look(p->slot, o->way.oif).kind == ROLE_INSIDE ? GO_ON : V_NO_ROUTE;
}

/* Makes of the frame a bare TCP segment back to its sender, numbers in host order. */
static __always_inline bool F(tcp_answer)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
					  __u32 seq, __u32 ack, __u8 flags)
{
	const int length = L4_OFFSET + sizeof(struct tcphdr);
	struct ethhdr *eth, was;
	struct tcphdr *tcp;
	void *data, *end;
	__u64 sum;

	if (bpf_xdp_adjust_tail(ctx, length - (int)p->frame))
		return false;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + length > end)
		return false;
	eth = data;
	was = *eth;
	__builtin_memcpy(eth->h_dest, was.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, was.h_dest, ETH_ALEN);
	tcp = data + L4_OFFSET;
	__builtin_memset(tcp, 0, sizeof(*tcp));
	tcp->source = key->dport;
	tcp->dest = key->sport;
	tcp->seq = bpf_htonl(seq);
	tcp->ack_seq = bpf_htonl(ack);
	tcp->doff = sizeof(*tcp) / 4;
	((__u8 *)tcp)[13] = flags;
#if FAMILY == 4
	struct iphdr *ip = data + ETH_HLEN;

	ip->ihl = sizeof(*ip) / 4; /* options are not repeated */
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->tos = 0;
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = 64;
	ip->check = 0;
	ip->saddr = key->daddr;
	ip->daddr = key->saddr;
	ip->check = ~sum_fold(bpf_csum_diff(NULL, 0, (void *)ip, sizeof(*ip), 0));
	sum = bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 8, 0);
#else
	struct ipv6hdr *ip = data + ETH_HLEN;

	ip->nexthdr = IPPROTO_TCP; /* nor are extension headers */
	ip->payload_len = bpf_htons(sizeof(*tcp));
	ip->hop_limit = 64;
	ip->saddr = key->daddr;
	ip->daddr = key->saddr;
	sum = bpf_csum_diff(NULL, 0, (void *)&ip->saddr, 32, 0);
#endif
	sum += bpf_csum_diff(NULL, 0, (void *)tcp, sizeof(*tcp), 0);
	sum += bpf_htonl(sizeof(*tcp)) + (__u64)bpf_htonl(IPPROTO_TCP);
	tcp->check = ~sum_fold(sum);
	p->action = XDP_TX;
	return true;
}

static __noinline enum verdict F(challenge)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
					    const FLOW_KEY *key, enum verdict verdict)
{
	__u32 number;

	F(map_address_)(&o->public, &key->daddr);
	number = challenge_number(&o->input, &o->remote, &o->public, key->sport, key->dport,
				  challenge_minute(p));
	if (!number)
		return verdict; /* no secret to know it by */
	return F(tcp_answer)(ctx, p, key, 0, number, TCP_ACK) ? V_CHALLENGED : verdict;
}

/* No server: as `all-down` says. */
static __always_inline enum verdict F(all_down)(struct xdp_md *ctx, struct pkt *p,
						struct F(opening) *o, const FLOW_KEY *key)
{
	struct service *service = service_at(p->slot, o->service);

	if (service && service->flags & SERVICE_DOWN_ICMP)
		answer_unreachable(p, false);
	if (service && service->flags & SERVICE_DOWN_RESET && p->protocol == IPPROTO_TCP &&
	    F(tcp_answer)(ctx, p, key, 0, p->seq + 1, TCP_RST | TCP_ACK))
		return V_NO_SERVER_RESET;
	return V_NO_SERVER;
}

/* What a remote host hears that was let in by no flow: mostly nothing. */
static __noinline enum verdict F(turn_away)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
					    const FLOW_KEY *key, enum verdict verdict)
{
	struct service_counter *counter;

	switch (verdict) {
	case V_RATE_LIMIT:
	case V_HALF_OPEN_LIMIT:
		if (p->protocol == IPPROTO_TCP && !o->proven)
			verdict = F(challenge)(ctx, p, o, key, verdict);
		break;
	case V_NO_SERVER:
		verdict = F(all_down)(ctx, p, o, key);
		break;
	case V_TABLE_FULL:
	case V_OUTSIDE_LIMIT:
	case V_POOL_EXHAUSTED:
		break;
	default:
		return p->special == GO_ON && F(asked_note)(p, key, &key->saddr, 0) ? V_ASKED : verdict;
	}
	counter = service_counter(o->service);
	if (counter && verdict == V_CHALLENGED)
		counter->challenged++;
	else if (counter)
		counter->refused++;
	return verdict;
}

/*
 * A SYN of a flow that is no handshake any more would begin a new connection, and that needs what a new flow
 * needs: to be published there, and let in on the circuit. GO_ON: it may, or is no such SYN.
 */
static __noinline enum verdict F(again)(struct pkt *p, const FLOW_KEY *key, const FLOW *f)
{
	__u32 flags = f->half.flags, number = f->half.class;
	struct service *service;

	if (p->protocol != IPPROTO_TCP || !opens_from_outside(p) || !(flags & FLOW_OPENED_OUTSIDE) ||
	    flags & (FLOW_REPLY | FLOW_HALF_OPEN))
		return GO_ON;
	service = service_at(p->slot, number);
	if (!service || F(service_find)(p, &key->daddr, key->dport) != number)
		return V_NOT_PUBLISHED;
	return circuit_admits(p, service);
}

/*
 * Did the remote host begin anew on another circuit? Providers do move, so the SYN of a published service
 * ends a flow that is closing, or whose own circuit leads nowhere now. Its tuple is free a second later,
 * when the SYN comes again.
 */
static __noinline bool F(superseded)(struct xdp_md *ctx, struct pkt *p, FLOW *f)
{
	struct service *service;
	FLOW *peer;
	int answer;

	if (p->role.kind != ROLE_LINK || !(f->half.flags & FLOW_OPENED_OUTSIDE) ||
	    f->half.flags & FLOW_REPLY || p->protocol != IPPROTO_TCP || !opens_from_outside(p))
		return false;
	service = service_at(p->slot, f->half.class);
	peer = F(flow_peer)(f, p->protocol);
	if (!service || !peer || circuit_admits(p, service) != GO_ON)
		return false;
	if (!flow_closing(f->half.flags, peer->half.flags)) {
		struct way way;

		answer = F(route_to_circuit)(ctx, p, peer, &way);
		if (F(way_found)(answer))
			return false;
	}
	F(flow_kill)(f, p->protocol, p->now);
	return true;
}
