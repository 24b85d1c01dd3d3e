/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mss: a SYN asks for no larger segments than its flow's circuit says (`mss` of struct circuit), so that TCP
 * fits a way whose errors about its MTU get lost. In both directions, for each side's SYN is about what it
 * receives. Only lowered, never raised; a SYN that asks for nothing stays as it is, for 536 or 1220 bytes
 * (RFC 9293 3.7.1) fit nearly everywhere. Included once a family.
 */

#ifndef SAMEPATH_BPF_MSS
#define SAMEPATH_BPF_MSS
/* Lowers the value at this offset of the frame, and the sum at that one by as much. */
static __always_inline void mss_lower(struct xdp_md *ctx, __u32 at, __u32 sum_at, bool odd, __u16 most)
{
	__be16 old, new = bpf_htons(most);
	__u16 sum;

	if (bpf_xdp_load_bytes(ctx, at, &old, sizeof(old)) || bpf_ntohs(old) <= most ||
	    bpf_xdp_load_bytes(ctx, sum_at, &sum, sizeof(sum)) ||
	    bpf_xdp_store_bytes(ctx, at, &new, sizeof(new)))
		return;
	if (odd) /* its bytes are in two words, and each is the other half of one */
		sum = checksum_adjust(sum, sum_fold(delta_word(0, bpf_ntohs(old), most)));
	else
		sum = checksum_adjust(sum, sum_fold(delta_word(0, old, new)));
	bpf_xdp_store_bytes(ctx, sum_at, &sum, sizeof(sum));
}
#endif

/* What the smaller MTU of the two ways leaves; of the way back it is known, or that of the device is. */
static __always_inline __u32 F(mss_of_ways)(struct pkt *p, const FLOW *f, const struct way *way)
{
	FLOW *peer = F(flow_peer)(f, p->protocol);
	struct next_hop *hop = peer ? next_hop_at(peer->half.hop) : NULL;
	struct link *link = link_find(p->ifindex);
	__u32 mtu = way->mtu, headers = L4_OFFSET - ETH_HLEN + sizeof(struct tcphdr);

	if (hop && hop->mtu < mtu)
		mtu = hop->mtu;
	else if (!hop && link && link->mtu && link->mtu < mtu)
		mtu = link->mtu;
	return mtu > headers ? mtu - headers : 1;
}

/* Of a SYN whose TCP header is at this offset. */
static __noinline int F(mss_clamp)(struct xdp_md *ctx, struct pkt *p, const FLOW *f, const struct way *way,
				   __u32 l4)
{
	struct circuit *circuit = circuit_find(p->slot, f->half.circuit);
	struct tcp_options options = {};
	__u32 most;

	if (!circuit || !circuit->mss)
		return 0;
	most = circuit->mss == MSS_AUTO ? F(mss_of_ways)(p, f, way) : circuit->mss;
	tcp_options(ctx, l4, &options);
	if (options.mss_offset)
		mss_lower(ctx, l4 + options.mss_offset, l4 + offsetof(struct tcphdr, check),
			  options.mss_offset & 1, most);
	return 0;
}
