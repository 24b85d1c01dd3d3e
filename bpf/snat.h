/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snat: an address and port of a pool of the circuit for a new flow, and the inserts that make it.
 * A port is allocated by inserting: the reply half goes in first with NOEXIST, and that insert
 * is the reservation. Under endpoint-independent mapping the pair of entries in `mappings` comes
 * before it. Whatever fails undoes what went before.
 *
 * One inside host starts at the same pool address always (paired pooling); its source port is
 * kept when it is free; otherwise ports are tried at random, PROBES of them on one address.
 * Included once a family.
 */
#ifndef SAMEPATH_BPF_SNAT
#define SAMEPATH_BPF_SNAT
#define PROBES 64 /* on one address; a range not larger is searched through */
/*
 * A search longer than half of what it may take is near exhaustion. With four fifths of the ports
 * toward a destination taken, one in 1,200 is; with half of them, none in a lifetime; and before the
 * first flow is refused there have been some thirty for each that will be.
 */
#define PROBES_MANY(count) (((count) < PROBES ? (count) : PROBES) / 2)
#define NEXT_ADDRESSES 4 /* that a TCP flow may take when its host's address is full */

/* Does the gateway itself use this port of an address that is its own? */
static __always_inline bool port_is_ours(struct pkt *p, __u16 port)
{
	struct listener key = {.port = bpf_htons(port), .protocol = p->protocol};

	if (port >= p->settings->local_port_min && port <= p->settings->local_port_max)
		return true;
	return bpf_map_lookup_elem(&listeners, &key);
}

/* Ports a client may get: a low one only if it had a low one (RFC 4787 REQ-3a). */
static __always_inline void port_span(__u16 min, __u16 max, __u16 port, __u16 *low, __u16 *count)
{
	if (port && port < 1024 && min < 1024)
		max = max < 1023 ? max : 1023;
	else if (min < 1024 && max >= 1024)
		min = 1024;
	*low = min ? min : 1;
	*count = max >= *low ? max - *low + 1 : 0;
}

/*
 * `seen` of a mapping that nobody but its maker has had. Of one tick all packets have the same time, and this one
 * no packet.
 */
static __always_inline __u64 seen_by_maker(const struct pkt *p)
{
	return p->now - 1;
}
#endif

/* All that making a flow needs, too large for the stack; one a CPU. Up to `key` it starts as zeros. */
struct F(opening) {
	FLOW forward;
	FLOW reply;
	FLOW_KEY reply_key;
	struct F(mapping) inside, pool;
	__u32 tried; /* number of the address under trial, from first */
	__u8 mapped; /* endpoint-independent */
	__u8 reserved; /* the mapping was made for this flow */
	__u8 special; /* RANGE_HAS_LOCAL: the address is the gateway's own; RANGE_HAS_SERVICE: perhaps public */
	__u8 inbound; /* the outside opens */
	__u8 proven; /* and its source is what it says */
	__u8 keep_source;
	FLOW_KEY key; /* forward */
	FLOW_KEY old_key; /* of a dead flow in the way */
	struct F(wish) wish;
	struct way way;
	struct in6_addr host; /* inside, that opens */
	__u32 service; /* number, 0: the inside opens */
	struct in6_addr remote, public; /* the outside host, and what it asked for; mapped */
	struct hash_input input;
	struct server_best best;
	struct in6_addr worn; /* pool address of an existing mapping */
	struct F(mapping_key) inside_key, pool_key;
	ADDRESS server;
	ADDRESS address; /* pool address under trial */
	__u32 circuit; /* number */
	__u32 first; /* number of the host's pool address */
	__u32 addresses;
	__u32 result; /* enum verdict, GO_ON: made */
	__u16 low, count; /* host order, ports that may be taken */
	__u16 wanted; /* host order, the client's own */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct F(opening));
} F(openings) SEC(".maps");

/* What connections that the inside opened wear on the circuit. */
static __always_inline struct pool *F(circuit_pool)(struct circuit *c)
{
	return FAMILY == 4 ? &c->out4 : &c->out6;
}

/* What connections that came in on the circuit wear inside. */
static __always_inline struct pool *F(inbound_pool)(struct circuit *c)
{
	return FAMILY == 4 ? &c->in4 : &c->in6;
}

/* The address with this number; retiring ranges do not count. */
static __always_inline bool F(pool_address)(struct pool *pool, __u32 number, ADDRESS *out,
					     __u8 *special)
{
	struct pool_range *range;
	struct in6_addr address;
	int i;

	for (i = 0; i < POOL_RANGES; i++) {
		range = &pool->range[i];
		if (range->flags & RANGE_RETIRING)
			continue;
		if (number >= range->count) {
			number -= range->count;
			continue;
		}
		address = range->first;
		/* a range lies within one prefix, so the low 32 bits do not carry */
		address.s6_addr32[3] = bpf_htonl(bpf_ntohl(address.s6_addr32[3]) + number);
		*special = range->flags & RANGE_HAS_SERVICE;
		if (range->flags & RANGE_HAS_LOCAL && bpf_map_lookup_elem(&locals, &address))
			*special |= RANGE_HAS_LOCAL;
		F(unmap_address_)(out, &address);
		return true;
	}
	return false;
}

/* What the rewrite of the addresses of this tuple into the half's changes in the sums. */
static __always_inline void F(half_delta)(const FLOW_KEY *key, FLOW *f)
{
	__u64 sum = F(delta_address_)(0, &key->saddr, &f->saddr);

	sum = F(delta_address_)(sum, &key->daddr, &f->daddr);
	f->half.l3_delta = sum_fold(sum);
}

/* Both halves for the address and port (network order) under trial. */
static __always_inline void F(opening_fill)(struct F(opening) *o, __be16 port)
{
	o->forward.saddr = o->address;
	o->forward.half.sport = port;
	o->reply_key.daddr = o->address;
	o->reply_key.dport = port;
	F(half_delta)(&o->key, &o->forward);
	F(half_delta)(&o->reply_key, &o->reply);
}

/*
 * Inserts the reply half, which reserves the port. A flow in the way that is dead for longer
 * than the grace is removed here, so that ports come back without a daemon.
 */
static __always_inline int F(reply_insert)(struct pkt *p, struct F(opening) *o)
{
	int error = F(flow_insert)(&o->reply_key, &o->reply);
	__u32 number;
	FLOW *old;

	if (error != -EEXIST)
		return error;
	old = F(flow_at)(&o->reply_key, MET_OLD);
	if (!old || !(old->half.flags & FLOW_REPLY) ||
	    !F(flow_dead)(old, p->protocol, p->settings, p->now, FLOW_GRACE))
		return error;
	F(flow_peer_key)(old, p->protocol, &o->old_key);
	number = F(table_number)(&o->old_key);
	if (!number)
		return error; /* who took it takes the reply half next, or a sweep does */
	F(flow_remove)(&o->old_key, number, p->now);
	return dry ? 0 : F(flow_insert)(&o->reply_key, &o->reply);
}

/* Why a half did not go in; what is over at once is not answered as if the table were full. */
static __always_inline enum verdict F(insert_refused)(int error)
{
	return error == -EEXIST || error == -EAGAIN ? V_FLOW_ENDING : V_TABLE_FULL;
}

static __always_inline void F(mapping_delete)(const struct F(mapping_key) *key)
{
	if (!dry)
		bpf_map_delete_elem(&F(mappings), key);
}

/*
 * Takes out the mapping that this packet made, unless another packet's flow has it by now (false): that one wrote
 * `seen` before it read `state`, see mapping_keep.
 */
static __always_inline bool F(mapping_take_back)(struct pkt *p, struct F(opening) *o)
{
	struct F(mapping) *pool = dry ? NULL : bpf_map_lookup_elem(&F(mappings), &o->pool_key);

	if (!pool)
		return true;
	__sync_val_compare_and_swap(&pool->state, MAPPING_ALIVE, MAPPING_DEAD);
	if (READ_ONCE(pool->seen) != seen_by_maker(p)) {
		__sync_val_compare_and_swap(&pool->state, MAPPING_DEAD, MAPPING_ALIVE);
		return false;
	}
	F(mapping_delete)(&o->inside_key);
	F(mapping_delete)(&o->pool_key);
	return true;
}

/*
 * Reserves the port for the inside endpoint; 0, or a negative error with nothing left behind. What a map's
 * insert answers is kept in an int: before Linux 6.4 (d7ba4cc900bf) it gives one, its upper half is zero, and
 * as a long it would equal no error.
 */
static __always_inline int F(mapping_insert)(struct pkt *p, struct F(opening) *o, __be16 port)
{
	int error;

	o->pool_key.address = o->address;
	o->pool_key.port = port;
	o->pool.seen = seen_by_maker(p);
	o->pool.state = MAPPING_ALIVE;
	o->pool.address = o->key.saddr;
	o->pool.port = o->key.sport;
	if (dry)
		return bpf_map_lookup_elem(&F(mappings), &o->pool_key) ? -EEXIST : 0;
	error = bpf_map_update_elem(&F(mappings), &o->pool_key, &o->pool, BPF_NOEXIST);
	if (error)
		return error;
	o->inside.seen = p->now;
	o->inside.state = MAPPING_ALIVE;
	o->inside.address = o->address;
	o->inside.port = port;
	error = bpf_map_update_elem(&F(mappings), &o->inside_key, &o->inside, BPF_NOEXIST);
	if (error)
		bpf_map_delete_elem(&F(mappings), &o->pool_key);
	return error == -EEXIST ? -EBUSY : error;
}

/* On a stack of its own. */
static __noinline bool F(port_published)(struct pkt *p, const ADDRESS *address, __be16 port)
{
	return F(service_find)(p, address, port);
}

/* Where the address is in the pool, if new flows of the circuit may still wear it. */
static __always_inline struct pool_range *F(pool_range_of)(struct pool *pool,
							   const struct in6_addr *address)
{
	struct pool_range *range;
	__u32 place;
	int i;

	for (i = 0; i < POOL_RANGES; i++) {
		range = &pool->range[i];
		if (range->flags & RANGE_RETIRING || !range->count ||
		    range->first.s6_addr32[0] != address->s6_addr32[0] ||
		    range->first.s6_addr32[1] != address->s6_addr32[1] ||
		    range->first.s6_addr32[2] != address->s6_addr32[2])
			continue;
		place = bpf_ntohl(address->s6_addr32[3]) - bpf_ntohl(range->first.s6_addr32[3]);
		if (place < range->count)
			return range;
	}
	return NULL;
}

/* From here on it stays, unless it is dead or another's already (false). */
static __noinline bool F(mapping_keep)(struct pkt *p, const struct F(opening) *o, struct F(mapping) *pool)
{
	__u64 seen;

	if (READ_ONCE(pool->state) == MAPPING_DEAD)
		return false;
	seen = __sync_lock_test_and_set(&pool->seen, p->now);
	barrier_var(seen); /* asked for, because only then it is written before what follows is read */
	return __sync_val_compare_and_swap(&pool->state, MAPPING_DYING, MAPPING_ALIVE) != MAPPING_DEAD &&
	       bpf_map_lookup_elem(&F(mappings), &o->pool_key) == pool;
}

/* An existing mapping of the inside endpoint is used again, also while its port rests. */
static __always_inline bool F(mapping_reuse)(struct pkt *p, struct F(opening) *o, struct circuit *c)
{
	struct F(mapping) *inside = bpf_map_lookup_elem(&F(mappings), &o->inside_key), *pool;
	struct pool_range *range;
	int error;

	if (!inside)
		return false;
	o->address = inside->address;
	o->pool_key.address = inside->address;
	o->pool_key.port = inside->port;
	pool = bpf_map_lookup_elem(&F(mappings), &o->pool_key);
	F(map_address_)(&o->worn, &inside->address);
	range = F(pool_range_of)(F(circuit_pool)(c), &o->worn);
	if (!pool || !range ||
	    (range->flags & RANGE_HAS_SERVICE && F(port_published)(p, &o->address, inside->port))) {
		/*
		 * The pool's entry goes in first and out last: alone this one is a remnant. And an
		 * address that left the pool, or a port that is a service's by now, is for the flows
		 * that wear it, not for new ones.
		 */
		F(mapping_delete)(&o->inside_key);
		return false;
	}
	if (!F(same_address_)(&pool->address, &o->key.saddr) || pool->port != o->key.sport) {
		/* a remnant too: nobody else would take it out, and no other could go in */
		F(mapping_delete)(&o->inside_key);
		return false;
	}
	if (dry ? pool->state == MAPPING_DEAD : !F(mapping_keep)(p, o, pool))
		return false;
	F(opening_fill)(o, o->pool_key.port);
	error = F(reply_insert)(p, o);
	o->result = !error ? GO_ON : F(insert_refused)(error);
	return true;
}

/* Must nobody wear this port of the address under trial? */
static __always_inline bool F(port_reserved)(struct pkt *p, struct F(opening) *o, __u16 port)
{
	if (o->special & RANGE_HAS_LOCAL && port_is_ours(p, port))
		return true;
	return o->special & RANGE_HAS_SERVICE && F(port_published)(p, &o->address, bpf_htons(port));
}

/* One port: 1 ends the search (result says how), 0 goes on to the next. */
static __always_inline int F(port_try)(struct pkt *p, struct F(opening) *o, struct circuit *c,
				       __u16 port)
{
	__be16 wire = bpf_htons(port);
	int error;

	if (F(port_reserved)(p, o, port))
		return 0;
	if (o->mapped) {
		error = F(mapping_insert)(p, o, wire);
		if (error == -EEXIST)
			return 0;
		if (error == -EBUSY) { /* another core mapped this endpoint just now */
			o->result = F(mapping_reuse)(p, o, c) ? o->result : V_FLOW_ENDING;
			return 1;
		}
		if (error)
			goto refused;
	}
	F(opening_fill)(o, wire);
	error = F(reply_insert)(p, o);
	if (!error) {
		o->reserved = o->mapped;
		o->result = GO_ON;
		return 1;
	}
	/* a mapping that another packet has is this flow's, too: its next packet takes it */
	if ((!o->mapped || F(mapping_take_back)(p, o)) && error == -EEXIST)
		return 0;
refused:
	o->result = F(insert_refused)(error);
	return 1;
}

struct F(search) {
	struct pkt *p;
	struct F(opening) *o;
	struct circuit *circuit;
	__u32 random;
};

static long F(port_search)(__u32 index, struct F(search) *s)
{
	struct F(opening) *o = s->o;
	__u32 probe = index % PROBES, number;
	__u16 port = o->wanted;
	bool wanted;

	if (!probe && index) {
		o->tried++;
		if (o->tried >= o->addresses)
			return 1;
		number = (o->first + o->tried) % o->addresses;
		if (!F(pool_address)(o->inbound ? F(inbound_pool)(s->circuit) : F(circuit_pool)(s->circuit),
				     number, &o->address, &o->special))
			return 1;
	}
	if (!o->count)
		return 1;
	wanted = port >= o->low && port < (__u32)o->low + o->count;
	if (probe || !wanted) {
		/* a small range is walked from the wanted port on, so that none is left out */
		number = o->count > PROBES ? bpf_get_prandom_u32() :
			 probe + (wanted ? port - o->low : s->random % o->count);
		port = o->low + number % o->count;
	}
	return F(port_try)(s->p, o, s->circuit, port);
}

/* Reserves an address and port of the circuit's pool, the reply half with it. */
static __always_inline enum verdict F(snat)(struct pkt *p, struct F(opening) *o, struct circuit *c)
{
	struct F(search) search = {.p = p, .o = o, .circuit = c, .random = bpf_get_prandom_u32()};
	struct circuit_counter *counter;
	/* `port-range` is for what leaves by the circuit in its name */
	bool any = o->inbound || !o->circuit;
	__u32 tries = PROBES, tried;

	o->mapped = !any && c->flags & (p->protocol == IPPROTO_TCP   ? CIRCUIT_TCP_EIM :
					p->protocol == IPPROTO_UDP ? CIRCUIT_UDP_EIM : 0);
	o->forward.half.flags &= ~FLOW_MAPPED;
	o->reply.half.flags &= ~FLOW_MAPPED;
	if (o->mapped) {
		o->forward.half.flags |= FLOW_MAPPED;
		o->reply.half.flags |= FLOW_MAPPED;
		__builtin_memset(&o->inside_key, 0, sizeof(o->inside_key));
		o->inside_key.address = o->key.saddr;
		o->inside_key.port = o->key.sport;
		o->inside_key.protocol = p->protocol;
		o->inside_key.circuit_side = o->circuit * 2 + MAPPING_INSIDE;
		o->pool_key = o->inside_key;
		o->pool_key.circuit_side = o->circuit * 2 + MAPPING_POOL;
		if (F(mapping_reuse)(p, o, c))
			return o->result;
	}
	o->result = V_POOL_EXHAUSTED;
	o->tried = 0;
	o->wanted = bpf_ntohs(o->key.sport);
	port_span(any ? 1 : c->port_min, any ? 65535 : c->port_max,
		  p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP ? o->wanted : 1024, &o->low,
		  &o->count);
	if (p->protocol == IPPROTO_TCP || o->inbound)
		tries = PROBES * NEXT_ADDRESSES;
	tried = bpf_loop(tries, F(port_search), &search, 0);
	counter = circuit_counter(o->circuit);
	/* what maps is told by its mappings, see daemon_pool.c */
	if (o->result == GO_ON && !o->mapped && tried > PROBES_MANY(o->count) && counter)
		counter->long_searches++;
	if (o->result == V_POOL_EXHAUSTED && counter)
		counter->exhausted++;
	if (o->result == GO_ON && o->tried && counter)
		counter->next_address++;
	return o->result;
}
