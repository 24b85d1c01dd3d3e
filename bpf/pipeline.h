/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet's way, for one family: the table of contents of the data plane. Included once with
 * FAMILY 4 and once with FAMILY 6.
 */
#include "flow.h"
#include "route.h"
#include "snat.h"
#include "open.h"
#include "rewrite.h"

/* Counts a forwarded packet under circuit and class, and in its half. */
static __always_inline void F(account)(struct pkt *p, FLOW *f)
{
	struct circuit_counter *circuit = circuit_counter(f->half.circuit);
	struct class_counter *class = class_counter(f->half.class);
	bool in = f->half.flags & FLOW_REPLY;

	if (circuit && in) {
		circuit->in_packets++;
		circuit->in_bytes += p->frame;
	} else if (circuit) {
		circuit->out_packets++;
		circuit->out_bytes += p->frame;
	}
	if (class && in) {
		class->in_packets++;
		class->in_bytes += p->frame;
	} else if (class) {
		class->out_packets++;
		class->out_bytes += p->frame;
	}
	f->half.packets++;
	f->half.bytes += p->frame;
}

/* What may not pass although its flow is alive: answered, and the flow untouched. */
static __always_inline enum verdict F(limits)(struct pkt *p, const FLOW *f)
{
	if (p->ttl <= 1)
		return F(ttl_exceeded)(p);
	if (f->half.mtu && p->length > f->half.mtu) {
		if (!p->whole)
			return V_TOO_BIG;
		p->answer.type = FAMILY == 4 ? ICMP_DEST_UNREACH : ICMPV6_PKT_TOOBIG;
		p->answer.code = FAMILY == 4 ? ICMP_FRAG_NEEDED : 0;
		p->answer.mtu = f->half.mtu;
		return V_TOO_BIG;
	}
	return GO_ON;
}

static __always_inline enum verdict F(path)(struct xdp_md *ctx, struct pkt *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	enum verdict verdict;
	bool refresh = true;
	FLOW_KEY key = {};
	FLOW *f = NULL;
	struct way way;

	verdict = F(parse)(p, data, end, &key);
	if (verdict != GO_ON)
		return verdict;
	if (p->special == GO_ON)
		f = F(flow_find)(p, &key);
	if (!f && p->role.kind == ROLE_LINK)
		return F(stranger)(p, &key);
	if (!f) {
		verdict = F(open)(ctx, p, &key, &f);
		if (verdict != GO_ON || !f)
			return verdict;
	}
	verdict = F(flow_enforce)(ctx, p, &key, f, &refresh);
	if (verdict != GO_ON)
		return verdict;
	verdict = F(route)(ctx, p, f, &way);
	if (verdict != GO_ON)
		return verdict;
	verdict = F(limits)(p, f);
	if (verdict != GO_ON)
		return verdict;
	if (refresh) {
		if (F(flow_news)(p, f))
			F(flow_advance)(p, &key, f);
		f->half.last = p->now;
		f->half.iif = p->ifindex;
		F(account)(p, f);
	}
	verdict = F(rewrite)(ctx, p, f);
	if (verdict != GO_ON)
		return verdict;
	if (!way.resolved)
		return hand_over(ctx, p, way.oif, way.family, &way.next_hop);
	return send_on(ctx, p, &f->half);
}
