/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leave: a miss from inside. Policy, and the first usable circuit of the rule; what goes to a service of
 * this gateway turns round and becomes a hairpin. Fills the opening but for its port. Included once a
 * family.
 */

/*
 * Is the address one of this machine's own? The FIB cannot be asked: it answers NOT_FWDED both for
 * a local address and where there is no route at all.
 */
static __always_inline bool F(is_local)(const ADDRESS *destination)
{
	struct in6_addr address;

	F(map_address_)(&address, destination);
	if (bpf_map_lookup_elem(&locals, &address))
		return true;
	/* of IPv6 it is the kernel's business whose they are; each device has one */
	return FAMILY == 6 && F(link_local)(destination);
}

/* A packet from inside that no rule lets out may still be for the gateway. */
static __always_inline enum verdict F(or_local)(const FLOW_KEY *key, enum verdict verdict)
{
	return F(is_local)(&key->daddr) ? V_TO_GATEWAY : verdict;
}

/*
 * What no circuit leads to, for nobody but this gateway has it: an inbound pool's address, which a server
 * still speaks to when its flow is over, and a public address where nothing is published.
 */
static __always_inline enum verdict F(ours_only)(enum owner_kind kind)
{
	switch (kind) {
	case OWNER_INBOUND_POOL:
		return V_INBOUND_POOL;
	case OWNER_SERVICE:
		return V_NOT_PUBLISHED;
	default:
		return GO_ON;
	}
}

struct F(choice) {
	struct xdp_md *ctx;
	struct pkt *p;
	struct F(opening) *o;
	struct rule *rule;
	__u32 start; /* of the circuits that are spread over */
};

/* Is the circuit usable for this packet? Sets the first pool address and the way. */
static __always_inline enum verdict F(circuit_try)(struct F(choice) *c, struct circuit *circuit,
						   bool translated)
{
	struct F(opening) *o = c->o;
	struct pool *pool;
	int answer;

	if (translated) {
		pool = F(circuit_pool)(circuit);
		o->addresses = pool->addresses;
		if (!o->addresses)
			return V_NO_POOL_OF_FAMILY;
		o->first = F(hash_address_)(&o->key.saddr) % o->addresses;
		if (!F(pool_address)(pool, o->first, &o->address, &o->special))
			return V_NO_CIRCUIT;
	} else {
		o->address = o->key.saddr;
	}
	F(wish_fill)(&o->wish, c->p, o->circuit, translated, &o->address, &o->key.daddr);
	answer = F(way_of_circuit)(c->ctx, &o->wish, &o->way);
	if (answer == BPF_FIB_LKUP_RET_SUCCESS || answer == BPF_FIB_LKUP_RET_NO_NEIGH)
		return GO_ON;
	return answer == BPF_FIB_LKUP_RET_FWD_DISABLED ? V_NO_FORWARDING : V_NO_CIRCUIT;
}

/*
 * Circuit after circuit of the rule, until one is usable. Why none is, is in `result`, not on the stack: see
 * struct server_best.
 */
static long F(circuit_next)(__u32 index, struct F(choice) *c)
{
	struct rule *rule = c->rule;
	struct circuit *circuit;
	enum verdict verdict;
	__u32 *drained, number, place = index;
	bool translated;

	if (index >= rule->count)
		return 1;
	if (index < rule->spread)
		place = (c->start + index) % rule->spread;
	number = rule->circuits[place % RULE_CIRCUITS];
	circuit = circuit_find(c->p->slot, number);
	drained = bpf_map_lookup_elem(&drains, &number);
	if (!circuit || circuit->flags & CIRCUIT_RETIRING || !drained || *drained) {
		c->o->result = V_NO_CIRCUIT;
		trail_why(circuit && circuit->flags & CIRCUIT_RETIRING ? WHY_RETIRING : WHY_DRAINED, 0);
		trail_try(number, V_NO_CIRCUIT);
		return 0;
	}
	c->o->circuit = number;
	translated = !(circuit->flags & CIRCUIT_PIN_ONLY) && !(rule->flags & RULE_NO_TRANSLATE);
	verdict = circuit_takes(c->p, circuit) ? F(circuit_try)(c, circuit, translated) :
						 V_OTHER_PROTOCOL;
	trail_try(number, verdict);
	if (verdict == GO_ON && !translated) {
		c->o->keep_source = 1;
		F(opening_flags)(c->o, FLOW_PIN_ONLY, FLOW_PIN_ONLY);
	}
	/* "no pool" and "no such protocol" are the answer only while nothing better is known */
	if ((verdict != V_NO_POOL_OF_FAMILY && verdict != V_OTHER_PROTOCOL) ||
	    c->o->result == V_MAX + 1)
		c->o->result = verdict;
	return verdict == GO_ON;
}

static __always_inline enum verdict F(circuit)(struct xdp_md *ctx, struct pkt *p,
					       struct F(opening) *o, struct rule *rule)
{
	struct F(choice) choice = {.ctx = ctx, .p = p, .o = o, .rule = rule};

	if (!rule->count)
		return V_POLICY_DROP;
	if (rule->flags & RULE_SPREAD_BY_HOST && rule->spread)
		choice.start = F(hash_address_)(&o->key.saddr) % rule->spread;
	o->result = V_MAX + 1;
	bpf_loop(RULE_CIRCUITS, F(circuit_next), &choice, 0);
	return o->result == V_MAX + 1 ? V_NO_CIRCUIT : o->result;
}

/*
 * From inside to a service of this gateway: a server is chosen, and the source becomes the gateway's own
 * address on the interface toward it, so that the answer comes back here and not straight to the client.
 */
static __noinline enum verdict F(hairpin)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
					  const FLOW_KEY *key, __u32 number)
{
	struct service *service = service_at(p->slot, number);
	struct link *link;
	int answer;

	if (!service)
		return V_NOT_PUBLISHED;
	if (service->flags & SERVICE_KEEP_ALL)
		return V_TO_INSIDE; /* its server has the address, and the kernel a route to it */
	trail_service(number);
	F(opening_start)(p, o, key, number);
	if (!F(server_choose)(p, &o->best, service, number, &key->saddr, &o->server))
		return V_NO_SERVER;
	F(opening_aim)(o, &o->server, F(server_port)(service, key));
	answer = F(way_ask)(ctx, p->ifindex, 0, &key->saddr, &o->server, p->protocol, &o->way);
	if (!F(way_found)(answer) || role_look(p->slot, o->way.oif).kind != ROLE_INSIDE)
		return V_NO_ROUTE;
	link = link_find(o->way.oif);
	if (!link)
		return V_NO_ROUTE;
#if FAMILY == 4
	o->address = link->address4;
	if (!o->address)
		return V_NO_ROUTE;
#else
	o->address = link->address6;
	if (!o->address.s6_addr32[0])
		return V_NO_ROUTE;
#endif
	o->special = RANGE_HAS_LOCAL;
	o->addresses = 1;
	o->circuit = 0;
	F(opening_flags)(o, FLOW_SERVICE, FLOW_SERVICE);
	return GO_ON;
}

static __noinline enum verdict F(leave)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
					const FLOW_KEY *key)
{
	__u32 source, destination, number = 0;
	enum owner_kind kind;
	struct policy_cell cell;
	struct rule *rule;
	enum verdict verdict;

	source = F(trie_find)(&F(segments), p->slot, &key->saddr);
	if (!source)
		return F(or_local)(key, V_NO_SEGMENT);
	F(map_address_)(&o->remote, &key->daddr);
	kind = owner_find(p, &o->remote).kind;
	if (kind == OWNER_SERVICE && p->special == GO_ON && p->opens)
		number = F(service_find)(p, &key->daddr, key->dport);
	if (!number && bpf_map_lookup_elem(&locals, &o->remote))
		return V_TO_GATEWAY;
	if (!number && F(trie_find)(&F(segments), p->slot, &key->daddr))
		return V_TO_INSIDE;
	if (p->special != GO_ON)
		return F(or_local)(key, p->special);
	if (F(link_local)(&key->daddr))
		return F(or_local)(key, V_MARTIAN);
	F(map_address_)(&o->host, &key->saddr);
	if (bpf_map_lookup_elem(&locals, &o->host))
		return V_MARTIAN; /* our own address from somebody else */
	if (!p->opens)
		return F(or_local)(key, V_NO_FLOW);
	if (F(tuple_ending)(p, key))
		return V_FLOW_ENDING;
	if (number)
		return F(hairpin)(ctx, p, o, key, number);
	verdict = F(ours_only)(kind);
	if (verdict != GO_ON)
		return verdict;
	destination = F(trie_find)(&F(classes), p->slot, &key->daddr);
	cell = policy_find(p, source, destination);
	rule = cell.rule ? rule_find(p, cell.rule) : NULL;
	if (!rule) {
		trail_policy(source, destination, 0, cell.class);
		return F(or_local)(key, V_NO_POLICY);
	}
	trail_policy(source, destination, cell.rule, cell.class);
	F(opening_start)(p, o, key, cell.class);
	F(opening_flags)(o, FLOW_TO_CIRCUIT, FLOW_FROM_CIRCUIT);
	verdict = F(circuit)(ctx, p, o, rule);
	return verdict == GO_ON ? GO_ON : F(or_local)(key, F(refuse)(p, verdict));
}
