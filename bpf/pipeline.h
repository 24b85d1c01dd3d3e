/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a plain packet of a known flow, for one family; that of all others is in rare.h and
 * error.h. The three are the table of contents of the data plane. Included once with FAMILY 4 and once with FAMILY 6.
 */
#include "flow_table.h"
#include "flow.h"
#include "route.h"
#include "service.h"
#include "snat.h"
#include "bare.h"
#include "account.h"
#include "open.h"
#include "handshake.h"
#include "leave.h"
#include "asked.h"
#include "admit.h"
#include "rewrite.h"
#include "mark.h"
#include "forward.h"
#include "onward.h"
#include "mss.h"

/* A packet of a flow that is known: the pin, its way, and what the flow learns from it. */
static __always_inline enum verdict F(follow)(struct xdp_md *ctx, struct pkt *p,
					      const FLOW_KEY *key, FLOW *f, struct way *way)
{
	bool refresh = F(flow_belongs)(p, f);
	enum segment segment = SEGMENT_COUNTS;
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
	if (p->protocol == IPPROTO_TCP && !segment_near(p, &f->half)) {
		segment = F(segment_judge)(ctx, p, key, f);
		if (segment == SEGMENT_REFUSED)
			return V_TCP_WINDOW;
		p->idle = segment == SEGMENT_IDLE;
	}
	if (segment <= SEGMENT_KEEPS) {
		/* first: what a packet says may shorten the timeout, and the silence before it is over */
		f->half.last = p->now;
		if (segment == SEGMENT_COUNTS && F(flow_news)(p, f))
			F(flow_advance)(p, key, f);
		if (f->half.iif != p->ifindex)
			f->half.iif = p->ifindex;
		half_count(&f->half, p->frame);
	}
	F(account)(p, f);
	return GO_ON;
}

/* A packet of a known flow, translated, onto its way; its transport header is at l4, or L4_NONE. */
static __always_inline enum verdict F(translate)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
						 const struct way *way, __u32 l4)
{
	enum verdict verdict = F(rewrite)(ctx, p, f, l4);

	if (verdict != GO_ON)
		return verdict;
	if (p->tcp & TCP_SYN)
		F(mss_clamp)(ctx, p, f, way, l4);
	verdict = F(go)(ctx, p, f, way);
	return p->idle && verdict == V_FORWARDED ? V_TCP_IDLE : verdict;
}

/*
 * The way of nearly every packet: plain, and of a flow that is known. All others go on in a program of
 * their own, which starts over with the packet as it came: see rare.h and error.h.
 */
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
	if (!f) {
		if (!vlan_put_back(ctx, p))
			return V_NO_HEADROOM;
		if (p->special == V_ICMP_ERROR)
			bpf_tail_call(ctx, &stages, F(STAGE_error));
		else
			bpf_tail_call(ctx, &stages, F(STAGE_rare));
		return V_NO_STAGE;
	}
	verdict = F(follow)(ctx, p, &key, f, &way);
	return verdict == GO_ON ? F(translate)(ctx, p, f, &way, L4_OFFSET) : verdict;
}
#include "fragment.h"
#include "rare.h"
#include "quote.h"
#include "error.h"
