/* SPDX-License-Identifier: GPL-2.0-only */
/* onward: the finished packet, marked, leaves by the wire, by the kernel, or to be cut. Included once a family. */

#if FAMILY == 4
static enum verdict fragment_name4(struct xdp_md *ctx, struct pkt *p, const FLOW *f); /* fragment.h */

static __always_inline bool mac_known(const __u8 mac[ETH_ALEN])
{
	return mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5];
}

/*
 * What is too big and may be cut, by a way that was asked for just now: only that knows next hop, device and MAC
 * addresses. A datagram that its host meant to be whole gets an id here: the host's own may be in use by
 * another behind the same address, and their fragments must not be taken for each other's (RFC 6864 5.3).
 */
static __noinline enum verdict hand_over_cut(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
					     const struct way *way)
{
	enum verdict verdict = fragment_name4(ctx, p, f);
	struct handover *handover;

	if (verdict != GO_ON)
		return verdict;
	verdict = hand_over(ctx, p, way->oif, way->family, &way->next_hop);
	handover = (void *)(long)ctx->data_meta;
	if (verdict != V_RESOLVING)
		return verdict;
	if ((void *)(handover + 1) > (void *)(long)ctx->data)
		return V_CUT_FAILED;
	handover->mtu = way->mtu;
	if (mac_known(way->dmac)) {
		handover->family = 0;
		__builtin_memcpy(handover->dmac, way->dmac, ETH_ALEN);
		__builtin_memcpy(handover->smac, way->smac, ETH_ALEN);
	}
	return V_CUT;
}
#endif

static __always_inline enum verdict F(go)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
					  const struct way *way)
{
	if (f->half.flags & FLOW_TO_CIRCUIT)
		F(mark)(ctx, p, f->half.circuit);
#if FAMILY == 4
	if (p->cut)
		return hand_over_cut(ctx, p, f, way);
#endif
	if (!way->resolved)
		return hand_over(ctx, p, way->oif, way->family, &way->next_hop);
	return send_on(ctx, p, way);
}
