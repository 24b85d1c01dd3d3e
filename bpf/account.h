/* SPDX-License-Identifier: GPL-2.0-only */
/* What every forwarded packet must respect, and where it is counted. Included once a family. */

static __always_inline enum verdict F(ttl_exceeded)(struct pkt *p)
{
	p->answer.type = FAMILY == 4 ? ICMP_TIME_EXCEEDED : ICMPV6_TIME_EXCEED;
	p->answer.code = 0;
	return V_TTL_EXCEEDED;
}

/* What may not pass on this way: answered, and the flow untouched. IPv4 that may be cut is, see cut.h. */
static __always_inline enum verdict F(limits)(struct pkt *p, const struct way *way)
{
	if (p->ttl <= 1)
		return F(ttl_exceeded)(p);
	if (p->length <= way->mtu)
		return GO_ON;
	if (FAMILY == 4 && !p->whole) {
		p->cut = 1;
		return GO_ON;
	}
	p->answer.type = FAMILY == 4 ? ICMP_DEST_UNREACH : ICMPV6_PKT_TOOBIG;
	p->answer.code = FAMILY == 4 ? ICMP_FRAG_NEEDED : 0;
	p->answer.mtu = way->mtu;
	return V_TOO_BIG;
}

static __always_inline void F(account_service)(struct pkt *p, const FLOW *f, bool in)
{
	struct service_counter *service = service_counter(f->half.class);

	if (service && in) {
		service->in_packets++;
		service->in_bytes += p->frame;
	} else if (service) {
		service->out_packets++;
		service->out_bytes += p->frame;
	}
}

/*
 * Under circuit, and under class or service; the half counts for itself. In is what comes from the
 * circuit, and of a hairpin the reply.
 */
static __always_inline void F(account)(struct pkt *p, const FLOW *f)
{
	struct circuit_counter *circuit = circuit_counter(f->half.circuit);
	struct class_counter *class = NULL;
	bool in = !(f->half.flags & FLOW_REPLY) == !!(f->half.flags & FLOW_OPENED_OUTSIDE);

	if (circuit && in) {
		circuit->in_packets++;
		circuit->in_bytes += p->frame;
	} else if (circuit) {
		circuit->out_packets++;
		circuit->out_bytes += p->frame;
	}
	if (f->half.flags & FLOW_SERVICE)
		F(account_service)(p, f, in);
	else
		class = class_counter(f->half.class);
	if (class && in) {
		class->in_packets++;
		class->in_bytes += p->frame;
	} else if (class) {
		class->out_packets++;
		class->out_bytes += p->frame;
	}
}
