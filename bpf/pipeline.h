/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet's way, for one family: the table of contents of the data plane. Included once with
 * FAMILY 4 and once with FAMILY 6.
 */
#include "flow.h"
#include "route.h"
#include "snat.h"
#include "account.h"
#include "open.h"
#include "rewrite.h"
#include "forward.h"

/* A packet of a flow that is known: the pin, its way, and what the flow learns from it. */
static __always_inline enum verdict F(follow)(struct xdp_md *ctx, struct pkt *p,
					      const FLOW_KEY *key, FLOW *f, struct way *way)
{
	bool refresh = true;
	enum verdict verdict;

	verdict = F(flow_enforce)(ctx, p, key, f, &refresh);
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
	if (!f && p->role.kind == ROLE_LINK)
		return F(stranger)(p, &key);
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
