/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mark: the class of service that leaves by a circuit. Where the circuit has a list of DSCP values to keep,
 * any other becomes its `rest`; the two bits of ECN belong to the ends and stay (RFC 3168). Without a list,
 * and on what comes in, nothing is touched. Included once a family.
 */
#ifndef SAMEPATH_BPF_MARK
#define SAMEPATH_BPF_MARK
/* What the circuit makes of this DSCP. */
static __always_inline __u8 mark_of(const struct circuit *circuit, __u8 dscp)
{
	if (circuit->dscp_keep[dscp >> 5 & 1] & 1u << (dscp & 31))
		return dscp;
	return circuit->dscp_rest & 63;
}
#endif

static __noinline void F(mark_write)(struct xdp_md *ctx, __u32 slot, __u32 number)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct circuit *circuit = circuit_find(slot, number);
	__be16 *word = data + ETH_HLEN, old;
	__u16 host;
	__u8 dscp;

	if (!circuit || !(circuit->flags & CIRCUIT_DSCP) || data + L4_OFFSET > end)
		return;
	old = *word;
	host = bpf_ntohs(old);
	/* version, header length, then DSCP and ECN; or version, then these, then the flow label */
	dscp = (FAMILY == 4 ? host >> 2 : host >> 6) & 63;
	dscp ^= mark_of(circuit, dscp);
	if (!dscp)
		return;
	*word = bpf_htons(host ^ dscp << (FAMILY == 4 ? 2 : 6));
#if FAMILY == 4
	struct iphdr *ip = data + ETH_HLEN;

	ip->check = checksum_adjust(ip->check, sum_fold(delta_word(0, old, *word)));
#endif
}

/* The packet leaves by the circuit, its sums otherwise done. */
static __always_inline void F(mark)(struct xdp_md *ctx, struct pkt *p, __u32 circuit)
{
	if (p->settings->features & FEATURE_DSCP)
		F(mark_write)(ctx, p->slot, circuit);
}
