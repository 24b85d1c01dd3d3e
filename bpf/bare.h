/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bare: packets of protocols whose ports nobody here knows, or that have none. Where the circuit says
 * `other-protocols: address`, their addresses are translated and nothing else is touched. A flow of them is a
 * flow with both ports 0; it is told from others by the remote address, the pool address and the protocol
 * alone, so that of one pool address one flow leads to a remote, and the next host takes the next address.
 * The insert of the reply half decides, as with ports. Included once a family, after snat.h.
 */
#ifndef SAMEPATH_BPF_BARE
#define SAMEPATH_BPF_BARE
#define BARE_ADDRESSES 256 /* of the pool that one flow may try */

/*
 * Does a translation of the addresses alone leave the packet whole? Not where a checksum covers them
 * (authentication, DCCP, UDP-Lite, PIM and OSPF of IPv6, VRRP, mobility, HIP, shim6), and not what means
 * nothing behind this header: the other family's ICMP, multicast's housekeeping, extension headers, nothing.
 */
static __always_inline bool bare_survives(__u8 protocol)
{
	switch (protocol) {
	case 0: /* hop-by-hop options */
	case IPPROTO_ICMP:
	case IPPROTO_IGMP:
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_ICMPV6:
	case IPPROTO_NONE:
	case IPPROTO_DSTOPTS:
	case 89: /* OSPF */
	case IPPROTO_PIM:
	case 112: /* VRRP */
	case IPPROTO_MH:
	case IPPROTO_UDPLITE:
	case 139: /* HIP */
	case 140: /* shim6 */
	case 255:
		return false;
	}
	return true;
}

/*
 * What parse found no ports in goes on without. Whether such opens a flow, its circuit says; a flow that is there
 * goes on, whatever the configuration says by now.
 */
static __always_inline void bare_admit(struct pkt *p)
{
	if (p->special != V_OTHER_PROTOCOL || !bare_survives(p->protocol))
		return;
	p->bare = 1;
	p->opens = 1;
	p->special = GO_ON;
}

/* Does the circuit take the packet? What has ports, it does. */
static __always_inline bool circuit_takes(const struct pkt *p, const struct circuit *circuit)
{
	return !p->bare || circuit->flags & CIRCUIT_OTHER_PROTOCOLS;
}
#endif

static long F(bare_next)(__u32 index, struct F(search) *s)
{
	struct F(opening) *o = s->o;
	int error;

	if (index >= o->addresses)
		return 1;
	o->tried = index;
	if (!F(pool_address)(F(circuit_pool)(s->circuit), (o->first + index) % o->addresses, &o->address,
			     &o->special))
		return 1;
	/* whether the gateway itself speaks this protocol with the remote, no map says */
	if (o->special & RANGE_HAS_LOCAL)
		return 0;
	F(opening_fill)(o, 0);
	error = F(reply_insert)(s->p, o);
	if (error == -EEXIST)
		return 0;
	o->result = error ? F(insert_refused)(error) : GO_ON;
	return 1;
}

/* Reserves an address of the circuit's pool toward the remote, the host's own first. */
static __always_inline enum verdict F(bare_snat)(struct pkt *p, struct F(opening) *o, struct circuit *c)
{
	struct F(search) search = {.p = p, .o = o, .circuit = c};
	struct circuit_counter *counter;

	o->result = V_POOL_EXHAUSTED;
	bpf_loop(BARE_ADDRESSES, F(bare_next), &search, 0);
	counter = circuit_counter(o->circuit);
	if (o->result == V_POOL_EXHAUSTED && counter)
		counter->exhausted++;
	if (o->result == GO_ON && o->tried && counter)
		counter->next_address++;
	return o->result;
}
