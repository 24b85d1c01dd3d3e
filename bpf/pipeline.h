/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet's way, for one family: the table of contents of the data plane. Included once with
 * FAMILY 4 and once with FAMILY 6.
 */
#include "flow.h"
#include "route.h"
#include "service.h"
#include "snat.h"
#include "account.h"
#include "open.h"
#include "leave.h"
#include "admit.h"
#include "rewrite.h"
#include "forward.h"

/* A packet of a flow that is known: the pin, its way, and what the flow learns from it. */
static __always_inline enum verdict F(follow)(struct xdp_md *ctx, struct pkt *p,
					      const FLOW_KEY *key, FLOW *f, struct way *way)
{
	bool refresh = F(flow_belongs)(p, f);
	enum verdict verdict;

	if (!refresh) {
		if (F(superseded)(ctx, p, f))
			return V_FLOW_ENDING;
		verdict = F(flow_violation)(ctx, p, key, f);
		if (verdict != GO_ON)
			return verdict;
	}
	verdict = p->tcp & TCP_SYN ? F(again)(p, key, f) : GO_ON;
	if (verdict != GO_ON)
		return verdict;
	verdict = F(route)(ctx, p, f, way);
	if (verdict != GO_ON)
		return verdict;
	verdict = F(limits)(p, way);
	if (verdict != GO_ON || !refresh)
		return verdict;
	/* first: what a packet says may shorten the timeout, and the silence before it is over */
	f->half.last = p->now;
	if (F(flow_news)(p, f))
		F(flow_advance)(p, key, f);
	f->half.iif = p->ifindex;
	f->half.packets++;
	f->half.bytes += p->frame;
	F(account)(p, f);
	return GO_ON;
}

/*
 * A miss. On GO_ON, *f is a copy of the new flow's forward half, for this packet to be translated by, and
 * *way is its way.
 */
static __always_inline enum verdict F(open)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
				       FLOW **f, struct way *way)
{
	bool outside = p->role.kind == ROLE_LINK;
	__u32 zero = 0;
	struct F(opening) *o = bpf_map_lookup_elem(&F(openings), &zero);
	enum verdict verdict;

	if (!o)
		return V_NO_CONFIG;
	verdict = outside ? F(admit)(ctx, p, o, key) : F(leave)(ctx, p, o, key);
	if (verdict == GO_ON)
		verdict = F(limits)(p, &o->way);
	if (verdict == GO_ON)
		verdict = F(opening_make)(p, o);
	if (verdict != GO_ON)
		return outside ? F(turn_away)(ctx, p, o, key, verdict) : F(refuse)(p, verdict);
	F(account)(p, &o->forward);
	*f = &o->forward;
	*way = o->way;
	return GO_ON;
}

static __always_inline enum verdict F(path)(struct xdp_md *ctx, struct pkt *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	enum verdict verdict;
	FLOW_KEY key = {};
	FLOW *f = NULL;
	struct way way;

	verdict = F(parse)(p, data, end, &key);
	if (verdict != GO_ON)
		return verdict;
	if (p->special == GO_ON)
		f = F(flow_find)(p, &key);
	verdict = f ? F(follow)(ctx, p, &key, f, &way) : F(open)(ctx, p, &key, &f, &way);
	if (verdict != GO_ON || !f)
		return verdict;
	verdict = F(rewrite)(ctx, p, f);
	if (verdict != GO_ON)
		return verdict;
	if (!way.resolved)
		return hand_over(ctx, p, way.oif, way.family, &way.next_hop);
	return send_on(ctx, p, &way);
}
