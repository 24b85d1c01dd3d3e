/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A miss opens a flow: leave.h or admit.h say where to and in whose name, and here it gets a port, its
 * share, and both halves. Included once a family.
 */

/* Where the packets of the forward half go to: the answers come from there. */
static __always_inline void F(opening_aim)(struct F(opening) *o, const ADDRESS *address, __be16 port)
{
	o->forward.daddr = *address;
	o->forward.half.dport = port;
	o->reply_key.saddr = *address;
	o->reply_key.sport = port;
}

/* What both halves of the new flow have from the start. */
static __always_inline void F(opening_start)(struct pkt *p, struct F(opening) *o,
					     const FLOW_KEY *key, __u16 class)
{
	__builtin_memset(o, 0, offsetof(struct F(opening), key));
	o->key = *key;
	o->reply_key.protocol = key->protocol;
	F(opening_aim)(o, &key->daddr, key->dport);
	o->forward.half.last = p->now;
	o->forward.half.opened = p->now / NANOSECONDS;
	o->forward.half.class = class;
	o->reply.half = o->forward.half;
	o->reply.half.flags = FLOW_REPLY | FLOW_UNBORN;
	/* the packet that opens the flow is its first */
	o->forward.half.flags = FLOW_HALF_OPEN | FLOW_SEEN | flow_tcp_bits(p->tcp);
	half_count(&o->forward.half, p->frame);
	o->forward.half.iif = p->ifindex;
	o->reply.saddr = key->daddr;
	o->reply.half.sport = key->dport;
	o->reply.daddr = key->saddr;
	o->reply.half.dport = key->sport;
	F(map_address_)(&o->host, &key->saddr);
	o->service = 0;
}

static __always_inline void F(opening_flags)(struct F(opening) *o, __u32 forward, __u32 reply)
{
	o->forward.half.flags |= forward;
	o->reply.half.flags |= reply;
}

/* The reply half of a flow that keeps its source. */
static __always_inline enum verdict F(pin)(struct pkt *p, struct F(opening) *o)
{
	int error;

	o->address = o->key.saddr;
	F(opening_fill)(o, o->key.sport);
	error = F(reply_insert)(p, o);
	return !error ? GO_ON : F(insert_refused)(error);
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
	event->service = o->forward.half.flags & FLOW_SERVICE ? 1 : 0;
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
 * for it are taken out again: no packet was translated by them.
 */
static __always_inline enum verdict F(opening_finish)(struct pkt *p, struct F(opening) *o)
{
	struct circuit_counter *counter;
	struct class_counter *class;
	FLOW *old;
	int error;

	F(way_keep)(p, &o->forward, &o->way);
	error = F(flow_insert)(&o->key, &o->forward);
	if (error == -EEXIST) {
		old = F(flow_at)(&o->key, MET_OLD);
		if (old && !(old->half.flags & FLOW_REPLY) &&
		    F(flow_dead)(old, p->protocol, p->settings, p->now, FLOW_GRACE)) {
			F(flow_remove)(&o->key, F(table_number)(&o->key), p->now);
			error = dry ? 0 : F(flow_insert)(&o->key, &o->forward);
		}
	}
	if (error) {
		F(flow_take_back)(&o->reply_key);
		if (o->reserved)
			F(mapping_take_back)(p, o);
		return F(insert_refused)(error);
	}
	counter = circuit_counter(o->circuit);
	if (counter)
		counter->opened++;
	if (o->forward.half.flags & FLOW_SERVICE) {
		service_enter(o->forward.half.class);
	} else {
		class = class_counter(o->forward.half.class);
		if (class)
			class->opened++;
	}
	F(flow_born)(&o->reply_key);
	F(opened_event)(p, o, E_FLOW_OPENED);
	return GO_ON;
}

/* What an explanation says of the flow that would be made, or for which there was no room. */
static __always_inline void F(trail_opening)(const struct pkt *p, const struct F(opening) *o,
					     enum verdict verdict)
{
	struct trail *t = trail_at();

	if (!t)
		return;
	if (verdict == GO_ON)
		t->flags |= TRAIL_OPENS;
	if (!o->keep_source && !p->bare)
		t->flags |= TRAIL_SEARCHED;
	t->flags |= (o->mapped ? TRAIL_MAPPED : 0) | (o->mapped && !o->reserved ? TRAIL_REUSED : 0) |
		    (o->keep_source ? TRAIL_KEEPS_SOURCE : 0) | (o->proven ? TRAIL_PROVEN : 0);
	t->addresses = o->addresses;
	t->span_low = o->low;
	t->span_count = o->count;
	F(trail_half)(t, &o->key, &o->forward);
}

/* Share, port and halves; the share goes back when anything fails. */
static __noinline enum verdict F(opening_make)(struct pkt *p, struct F(opening) *o)
{
	struct circuit *circuit = circuit_find(p->slot, o->circuit);
	enum verdict verdict = o->inbound ? service_take(p, &o->host, o->service, o->proven) :
					    flow_take(p, &o->host);

	if (verdict != GO_ON)
		return verdict;
	o->forward.half.circuit = o->circuit;
	o->reply.half.circuit = o->circuit;
	if (!circuit)
		verdict = V_NO_CIRCUIT;
	else if (o->keep_source)
		verdict = F(pin)(p, o);
	else if (p->bare)
		verdict = F(bare_snat)(p, o, circuit);
	else
		verdict = F(snat)(p, o, circuit);
	if (verdict == GO_ON)
		verdict = F(opening_finish)(p, o);
	F(trail_opening)(p, o, verdict);
	if (verdict == GO_ON)
		return GO_ON;
	share_release(&o->host, o->service, FLOW_HALF_OPEN);
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
	case V_HOST_RATE:
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
	FLOW *old = p->dead ? F(flow_at)(key, MET_OLD) : NULL;

	return old && !F(flow_dead)(old, p->protocol, p->settings, p->now, FLOW_GRACE);
}
