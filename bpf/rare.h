/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of the packets that path() in pipeline.h does not go on with: those that open a flow, and those
 * whose headers are not at the usual places. A program of its own, so that the stack and the code of the
 * usual way stay small. Included once a family.
 */

/* A miss. On GO_ON, o->forward is the new flow's forward half, and o->way its way. */
static __always_inline enum verdict F(open)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o)
{
	bool outside = p->role.kind == ROLE_LINK;
	enum verdict verdict = outside ? F(admit)(ctx, p, o, &o->key) : F(leave)(ctx, p, o, &o->key);

	if (verdict == GO_ON)
		verdict = F(limits)(p, &o->way);
	if (verdict != GO_ON)
		return outside ? F(turn_away)(ctx, p, o, &o->key, verdict) : F(refuse)(p, verdict);
	if (p->protocol == IPPROTO_TCP)
		F(handshake_open)(ctx, p, o);
	verdict = F(opening_make)(p, o);
	if (verdict != GO_ON)
		return outside ? F(turn_away)(ctx, p, o, &o->key, verdict) : F(refuse)(p, verdict);
	F(account)(p, &o->forward);
	return GO_ON;
}

/* An ICMP message that is no echo, behind headers that hid it: its program starts over, like this one did. */
static __always_inline enum verdict F(rare_message)(struct xdp_md *ctx, struct pkt *p)
{
	if (!vlan_put_back(ctx, p))
		return V_NO_HEADROOM;
	bpf_tail_call(ctx, &stages, F(STAGE_error));
	return V_NO_STAGE;
}

static __always_inline enum verdict F(rare_path)(struct xdp_md *ctx, struct pkt *p)
{
	__u32 zero = 0;
	struct F(opening) *o = bpf_map_lookup_elem(&F(openings), &zero);
	enum verdict verdict;
	FLOW *f = NULL;

	if (!o)
		return V_NO_CONFIG;
	__builtin_memset(&o->key, 0, sizeof(o->key));
	verdict = F(parse_rare)(ctx, p, &o->key);
	p->settings = bpf_map_lookup_elem(&settings, &p->slot);
	if (verdict != GO_ON || !p->settings)
		return verdict == GO_ON ? V_NO_CONFIG : verdict;
	/* what its headers forbid does not go on in pieces either */
	if (p->fragment.offset && p->special != V_IP_OPTIONS && p->special != V_EXTENSION_HEADER) {
		verdict = F(fragment_path)(ctx, p, o);
		return verdict == V_FRAGMENT ? F(fragment_wait)(ctx, p, o, zero) : verdict;
	}
	if (p->special == V_ICMP_ERROR && !p->fragment.more)
		return F(rare_message)(ctx, p);
	bare_admit(p);
	if (p->special == GO_ON)
		f = F(flow_find)(p, &o->key);
	verdict = f ? F(follow)(ctx, p, &o->key, f, &o->way) : F(open)(ctx, p, o);
	if (verdict == GO_ON && p->fragment.more)
		verdict = F(fragment_begin)(ctx, p, &o->key, f ? f : &o->forward);
	if (verdict != GO_ON)
		return verdict;
	return F(translate)(ctx, p, f ? f : &o->forward, &o->way, p->bare ? L4_NONE : p->l4);
}
