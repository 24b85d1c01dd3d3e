/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where to, from the kernel's own FIB. A half remembers the answer for at most ROUTE_AGE, or
 * until the generation moves, so that a dead daemon cannot leave a stale neighbour behind.
 * Included once a family.
 */
#ifndef SAMEPATH_BPF_WAY
#define SAMEPATH_BPF_WAY
struct way {
	__u32 oif;
	__u16 mtu;
	__u8 dmac[6];
	__u8 smac[6];
	__u8 resolved; /* 0: the next hop has no neighbour yet, `next_hop` says which */
	__u8 family; /* of next_hop */
	struct in6_addr next_hop; /* mapped */
};

/* The question to the FIB, one a CPU: the stack has better uses. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_fib_lookup);
} fib_questions SEC(".maps");

static __always_inline bool neighbour_failed(__u32 ifindex, const struct in6_addr *address)
{
	struct neighbour_key key = {.ifindex = ifindex, .address = *address};

	return bpf_map_lookup_elem(&failed, &key);
}

/* The role of a device without tags in the packet's slot. */
static __always_inline struct role role_of(__u32 slot, __u32 ifindex)
{
	struct link_key key = {.ifindex = ifindex, .outer = NO_TAG, .inner = NO_TAG};
	struct link *link = bpf_map_lookup_elem(&links, &key);
	struct role none = {0};

	if (!link || slot >= SLOTS)
		return none;
	barrier_var(link); /* clang 16 and later reckon the place of the role before they ask for NULL */
	return link->role[slot];
}

/* Can frames be redirected to the device? A driver without native XDP takes them from skbs only. */
static __always_inline bool link_generic(__u32 ifindex)
{
	struct link_key key = {.ifindex = ifindex, .outer = NO_TAG, .inner = NO_TAG};
	struct link *link = bpf_map_lookup_elem(&links, &key);

	return link && link->generic;
}

static __always_inline void way_next_hop(struct way *way, struct bpf_fib_lookup *fib)
{
	way->family = fib->family == AF_INET ? 4 : 6;
	if (fib->family == AF_INET)
		map_address4(&way->next_hop, fib->ipv4_dst);
	else
		__builtin_memcpy(&way->next_hop, fib->ipv6_dst, sizeof(way->next_hop));
}
#endif

/*
 * Asks the FIB. `ifindex` is the device the packet came in on, or with BPF_FIB_LOOKUP_OUTPUT the
 * one it shall leave by. Returns the FIB's answer, BPF_FIB_LKUP_RET_*; the way is filled for
 * SUCCESS and for NO_NEIGH.
 */
static __always_inline int F(way_ask)(struct xdp_md *ctx, __u32 ifindex, __u32 flags,
				      const ADDRESS *source, const ADDRESS *destination,
				      __u8 protocol, struct way *way)
{
	__u32 zero = 0;
	struct bpf_fib_lookup *fib = bpf_map_lookup_elem(&fib_questions, &zero);
	int answer;

	if (!fib)
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ifindex;
	fib->l4_protocol = protocol;
	fib->tot_len = 1; /* asks for the MTU, whatever the packet's length */

#if FAMILY == 4
	fib->family = AF_INET;
	fib->ipv4_src = *source;
	fib->ipv4_dst = *destination;
#else
	fib->family = AF_INET6;
	__builtin_memcpy(fib->ipv6_src, source, sizeof(*source));
	__builtin_memcpy(fib->ipv6_dst, destination, sizeof(*destination));
#endif
	answer = bpf_fib_lookup(ctx, fib, sizeof(*fib), flags);
	if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH)
		return answer;
	way->oif = fib->ifindex;
	way->resolved = answer == BPF_FIB_LKUP_RET_SUCCESS;
	way->mtu = way->resolved ? fib->mtu_result : 0; /* else still our question */
	__builtin_memcpy(way->dmac, fib->dmac, ETH_ALEN);
	__builtin_memcpy(way->smac, fib->smac, ETH_ALEN);
	way_next_hop(way, fib);
	if (link_generic(way->oif)) /* handed over, as if its neighbour were still to be found */
		way->resolved = 0;
	return answer;
}

/*
 * Is this the way of circuit `number`? Its device must be a link of the circuit, and the next
 * hop must not have failed. With `links`, for what is not translated, each link is asked in
 * turn, because without a pool address as source no rule leads to the circuit's table.
 */
static __always_inline int F(way_of_circuit)(struct xdp_md *ctx, struct pkt *p, __u32 number,
					     struct circuit *circuit, bool translated,
					     const ADDRESS *source, const ADDRESS *destination,
					     struct way *way)
{
	int answer, refused = BPF_FIB_LKUP_RET_UNREACHABLE;
	struct role role;
	__u32 i;

	for (i = 0; i < CIRCUIT_LINKS; i++) {
		__u32 ifindex = translated ? p->ifindex : circuit->links[i];

		if (!ifindex)
			return refused;
		answer = F(way_ask)(ctx, ifindex, translated ? 0 : BPF_FIB_LOOKUP_OUTPUT, source,
				    destination, p->protocol, way);
		if (answer == BPF_FIB_LKUP_RET_SUCCESS || answer == BPF_FIB_LKUP_RET_NO_NEIGH) {
			role = role_of(p->slot, way->oif);
			if (role.kind == ROLE_LINK && role.circuit == number &&
			    (way->resolved || !neighbour_failed(way->oif, &way->next_hop)))
				return answer;
			answer = refused;
		}
		if (translated)
			return answer;
		refused = answer;
	}
	return refused;
}

/* Writes the way into the half. */
static __always_inline void F(way_keep)(struct pkt *p, FLOW *f, const struct way *way)
{
	f->half.oif = way->oif;
	f->half.mtu = way->mtu;
	__builtin_memcpy(f->half.dmac, way->dmac, ETH_ALEN);
	__builtin_memcpy(f->half.smac, way->smac, ETH_ALEN);
	f->half.generation = p->generation;
	f->half.routed = way->resolved ? p->now : 0; /* an unresolved way is asked again each time */
}

static __always_inline enum verdict F(way_refused)(struct pkt *p, int answer, bool to_circuit)
{
	if (answer == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return V_NO_FORWARDING;
	if (!to_circuit)
		return V_NO_ROUTE;
	p->answer.type = FAMILY == 4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	p->answer.code = FAMILY == 4 ? ICMP_HOST_UNREACH : ICMPV6_ADDR_UNREACH;
	return V_CIRCUIT_UNUSABLE;
}

/* Asks anew for an existing half. */
static __noinline enum verdict F(route_ask)(struct xdp_md *ctx, struct pkt *p, FLOW *f,
					    struct way *way)
{
	bool to_circuit = !(f->half.flags & FLOW_REPLY);
	struct circuit *circuit;
	int answer;

	if (to_circuit) {
		circuit = circuit_find(p->slot, f->half.circuit);
		if (!circuit)
			return F(way_refused)(p, BPF_FIB_LKUP_RET_UNREACHABLE, true);
		answer = F(way_of_circuit)(ctx, p, f->half.circuit, circuit,
					   !(f->half.flags & FLOW_PIN_ONLY), &f->saddr, &f->daddr, way);
	} else {
		answer = F(way_ask)(ctx, p->ifindex, 0, &f->saddr, &f->daddr, p->protocol, way);
		if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH)
			return F(way_refused)(p, answer, false);
		if (role_of(p->slot, way->oif).kind != ROLE_INSIDE)
			return V_NO_ROUTE; /* never out of a circuit again */
	}
	if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH)
		return F(way_refused)(p, answer, to_circuit);
	F(way_keep)(p, f, way);
	return GO_ON;
}

/* The way of an existing half, from memory or asked again. GO_ON, or why there is none. */
static __always_inline enum verdict F(route)(struct xdp_md *ctx, struct pkt *p, FLOW *f,
					     struct way *way)
{
	way->resolved = 1;
	if (f->half.generation == p->generation && p->now - f->half.routed < ROUTE_AGE)
		return GO_ON;
	return F(route_ask)(ctx, p, f, way);
}
