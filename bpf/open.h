/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A miss from inside opens a flow: policy, the first usable circuit of the rule, a port of its
 * pool, and both halves. A miss from a circuit opens nothing: it is for the gateway itself, or
 * it is dropped by name. Included once a family.
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
#if FAMILY == 6
	if (destination->s6_addr[0] == 0xfe && (destination->s6_addr[1] & 0xc0) == 0x80)
		return true; /* link-local never leaves the wire it is on */
#endif
	return false;
}

/* A packet from inside that no rule lets out may still be for the gateway. */
static __always_inline enum verdict F(or_local)(const FLOW_KEY *key, enum verdict verdict)
{
	return F(is_local)(&key->daddr) ? V_TO_GATEWAY : verdict;
}

struct F(choice) {
	struct xdp_md *ctx;
	struct pkt *p;
	struct F(opening) *o;
	struct rule *rule;
	__u32 start; /* of the circuits that are spread over */
	enum verdict verdict; /* why none, GO_ON: chosen */
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
		if (!F(pool_address)(pool, o->first, &o->address, &o->own))
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

/* Circuit after circuit of the rule, until one is usable. */
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
		c->verdict = V_NO_CIRCUIT;
		return 0;
	}
	c->o->circuit = number;
	translated = !(circuit->flags & CIRCUIT_PIN_ONLY) && !(rule->flags & RULE_NO_TRANSLATE);
	verdict = F(circuit_try)(c, circuit, translated);
	if (verdict == GO_ON && !translated)
		c->o->forward.half.flags |= FLOW_PIN_ONLY;
	/* "no pool" is the answer only while nothing better is known */
	if (verdict != V_NO_POOL_OF_FAMILY || c->verdict == V_MAX + 1)
		c->verdict = verdict;
	return verdict == GO_ON;
}

static __always_inline enum verdict F(circuit)(struct xdp_md *ctx, struct pkt *p,
					       struct F(opening) *o, struct rule *rule)
{
	struct F(choice) choice = {.ctx = ctx, .p = p, .o = o, .rule = rule, .verdict = V_MAX + 1};

	if (!rule->count)
		return V_POLICY_DROP;
	if (rule->flags & RULE_SPREAD_BY_HOST && rule->spread)
		choice.start = F(hash_address_)(&o->key.saddr) % rule->spread;
	bpf_loop(RULE_CIRCUITS, F(circuit_next), &choice, 0);
	return choice.verdict == V_MAX + 1 ? V_NO_CIRCUIT : choice.verdict;
}

/* What both halves of the new flow have from the start. */
static __always_inline void F(opening_start)(struct pkt *p, struct F(opening) *o,
					     const FLOW_KEY *key, __u16 class)
{
	__builtin_memset(o, 0, offsetof(struct F(opening), key));
	o->key = *key;
	o->reply_key.saddr = key->daddr;
	o->reply_key.sport = key->dport;
	o->reply_key.protocol = key->protocol;
	o->forward.daddr = key->daddr;
	o->forward.half.dport = key->dport;
	o->forward.half.last = p->now;
	o->forward.half.opened = p->now / NANOSECONDS;
	o->forward.half.class = class;
	o->reply.half = o->forward.half;
	o->reply.half.flags = FLOW_REPLY;
	/* the packet that opens the flow is its first */
	o->forward.half.flags = FLOW_HALF_OPEN | FLOW_SEEN | flow_tcp_bits(p->tcp);
	o->forward.half.packets = 1;
	o->forward.half.bytes = p->frame;
	o->forward.half.iif = p->ifindex;
	o->reply.saddr = key->daddr;
	o->reply.half.sport = key->dport;
	o->reply.daddr = key->saddr;
	o->reply.half.dport = key->sport;
	F(map_address_)(&o->host, &key->saddr);
}

/* The reply half of a flow that is only pinned: nothing changes but the way. */
static __always_inline enum verdict F(pin)(struct pkt *p, struct F(opening) *o)
{
	int error;

	o->reply.half.flags |= FLOW_PIN_ONLY;
	F(opening_fill)(o, o->key.sport);
	error = F(reply_insert)(p, o);
	return !error ? GO_ON : error == -EEXIST ? V_FLOW_ENDING : V_TABLE_FULL;
}

static __always_inline void F(opened_event)(struct pkt *p, struct F(opening) *o, __u32 kind)
{
	struct event *event = event_reserve(kind, p->now);

	if (!event)
		return;
	event->family = FAMILY;
	event->protocol = p->protocol;
	event->circuit = o->circuit;
	event->class = o->forward.half.class;
	event->sport = o->key.sport;
	event->dport = o->key.dport;
	event->pool_port = o->forward.half.sport;
	event->ifindex = p->ifindex;
	event->saddr = o->host;
	F(map_address_)(&event->daddr, &o->key.daddr);
	F(map_address_)(&event->pool, &o->address);
	bpf_ringbuf_submit(event, 0);
}

/*
 * The forward half completes the flow. When it cannot go in, the reply half and the mapping made
 * for it are taken out again: nothing has been sent that could have used them.
 */
static __always_inline enum verdict F(opening_finish)(struct pkt *p, struct F(opening) *o)
{
	struct circuit_counter *counter = circuit_counter(o->circuit);
	struct class_counter *class = class_counter(o->forward.half.class);
	FLOW *old;
	int error;

	F(way_keep)(p, &o->forward, &o->way);
	error = bpf_map_update_elem(FLOWS, &o->key, &o->forward, BPF_NOEXIST);
	if (error == -EEXIST) {
		old = bpf_map_lookup_elem(FLOWS, &o->key);
		if (old && !(old->half.flags & FLOW_REPLY) &&
		    F(flow_dead)(old, p->protocol, p->settings, p->now, FLOW_GRACE)) {
			F(flow_remove)(&o->key, old, p->now);
			error = bpf_map_update_elem(FLOWS, &o->key, &o->forward, BPF_NOEXIST);
		}
	}
	if (error) {
		bpf_map_delete_elem(FLOWS, &o->reply_key);
		if (o->reserved) {
			bpf_map_delete_elem(&F(mappings), &o->inside_key);
			bpf_map_delete_elem(&F(mappings), &o->pool_key);
		}
		return error == -EEXIST ? V_FLOW_ENDING : V_TABLE_FULL;
	}
	if (counter)
		counter->opened++;
	if (class)
		class->opened++;
	F(opened_event)(p, o, E_FLOW_OPENED);
	return GO_ON;
}

/* Share, port and halves; the share goes back when anything fails. */
static __always_inline enum verdict F(opening_make)(struct pkt *p, struct F(opening) *o)
{
	struct circuit *circuit = circuit_find(p->slot, o->circuit);
	enum verdict verdict = flow_take(p, &o->host);

	if (verdict != GO_ON)
		return verdict;
	o->forward.half.circuit = o->circuit;
	o->reply.half.circuit = o->circuit;
	if (!circuit)
		verdict = V_NO_CIRCUIT;
	else if (o->forward.half.flags & FLOW_PIN_ONLY)
		verdict = F(pin)(p, o);
	else
		verdict = F(snat)(p, o, circuit);
	if (verdict == GO_ON)
		verdict = F(opening_finish)(p, o);
	if (verdict == GO_ON)
		return GO_ON;
	share_release(&o->host, FLOW_HALF_OPEN);
	if (verdict == V_POOL_EXHAUSTED)
		F(opened_event)(p, o, E_EXHAUSTED);
	return verdict;
}

/*
 * Which refusals the client hears of. What is used up is prohibited (RFC 5508 REQ-8), where no
 * circuit leads is out of reach, so that a client with another address or family tries that. What
 * the policy drops, and what is over in a second, is not answered.
 */
static __always_inline enum verdict F(refuse)(struct pkt *p, enum verdict verdict)
{
	switch (verdict) {
	case V_POOL_EXHAUSTED:
	case V_HALF_OPEN_LIMIT:
	case V_HOST_LIMIT:
	case V_TABLE_FULL:
		answer_unreachable(p, true);
		break;
	case V_NO_CIRCUIT:
	case V_NO_POOL_OF_FAMILY:
		answer_unreachable(p, false);
		break;
	default:
		break;
	}
	return verdict;
}

/* A flow is in the way of its own successor: dead, but not yet for the grace. */
static __always_inline bool F(tuple_ending)(struct pkt *p, const FLOW_KEY *key)
{
	FLOW *old = p->dead ? bpf_map_lookup_elem(FLOWS, key) : NULL;

	return old && !F(flow_dead)(old, p->protocol, p->settings, p->now, FLOW_GRACE);
}

/*
 * A miss from inside. On GO_ON, *f is a copy of the new flow's forward half, for this packet to be
 * translated by, and *way is its way.
 */
static __noinline enum verdict F(open)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
				       FLOW **f, struct way *way)
{
	__u32 zero = 0, source, destination;
	struct F(opening) *o = bpf_map_lookup_elem(&F(openings), &zero);
	struct policy_cell cell;
	struct rule *rule;
	enum verdict verdict;

	if (!o)
		return V_NO_CONFIG;
	source = F(trie_find)(&F(segments), p->slot, &key->saddr);
	if (!source)
		return F(or_local)(key, V_NO_SEGMENT);
	F(map_address_)(&o->host, &key->daddr);
	if (bpf_map_lookup_elem(&locals, &o->host))
		return V_TO_GATEWAY;
	if (F(trie_find)(&F(segments), p->slot, &key->daddr))
		return V_TO_INSIDE;
	if (p->special != GO_ON)
		return F(or_local)(key, p->special);
	F(map_address_)(&o->host, &key->saddr);
	if (bpf_map_lookup_elem(&locals, &o->host))
		return V_MARTIAN; /* our own address from somebody else */
	if (!p->opens)
		return F(or_local)(key, V_NO_FLOW);
	if (F(tuple_ending)(p, key))
		return V_FLOW_ENDING;
	destination = F(trie_find)(&F(classes), p->slot, &key->daddr);
	cell = policy_find(p, source, destination);
	rule = cell.rule ? rule_find(p, cell.rule) : NULL;
	if (!rule)
		return F(or_local)(key, V_NO_POLICY);
	F(opening_start)(p, o, key, cell.class);
	verdict = F(circuit)(ctx, p, o, rule);
	if (verdict != GO_ON)
		return F(or_local)(key, F(refuse)(p, verdict));
	verdict = F(limits)(p, &o->way);
	if (verdict == GO_ON)
		verdict = F(opening_make)(p, o);
	if (verdict != GO_ON)
		return F(refuse)(p, verdict);
	F(account)(p, &o->forward);
	*f = &o->forward;
	*way = o->way;
	return GO_ON;
}

/* A miss from a circuit. */
static __noinline enum verdict F(stranger)(struct pkt *p, const FLOW_KEY *key)
{
	struct in6_addr address;
	struct owner owner;

	if (F(trie_find)(&F(segments), p->slot, &key->saddr))
		return V_INSIDE_SOURCE;
	if (F(is_local)(&key->daddr))
		return V_TO_GATEWAY;
	if (p->special != GO_ON)
		return p->special;
	F(map_address_)(&address, &key->daddr);
	owner = owner_find(p, &address);
	return owner.kind == OWNER_NONE ? V_NOT_FOR_US : V_UNSOLICITED;
}
