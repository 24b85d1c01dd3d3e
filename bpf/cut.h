/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cut: fragments of an IPv4 packet that is too big for its way and may be fragmented (RFC 791 3.2), which
 * is what its sender asked for by leaving DF out. It arrives here translated, in the TC program of the
 * interface it came in on. What is behind its IP header is copied out; then the packet is made the first
 * fragment, a clone of it is sent, it is made the second, and so on: in order, and in one go. A packet that
 * is a fragment itself is cut further. The header goes into each as it is: options that a packet may carry
 * through here are those that every fragment carries, see option.h.
 *
 * While the neighbour is not known a clone cannot be sent, for only the packet itself can be given to
 * bpf_redirect_neigh. It comes in again then, on the same interface, with a mark that says where to. A
 * driver with native XDP does not see it; generic XDP does, and drops it, so there the first datagram is
 * lost and the next finds the neighbour.
 */
#ifndef SAMEPATH_BPF_CUT_H
#define SAMEPATH_BPF_CUT_H

#include <linux/pkt_cls.h>
#include "forward.h"

#define PIECE_MAGIC 0x5a4e7069 /* in cb[0]; cb[1] is the device, cb[2] the next hop */
#define CUT_MAX 16384 /* bytes behind the header of a packet, a power of two */
#define PIECE_MAX 8192 /* and of a fragment */
#define PIECES_MAX 1024

struct cut {
	struct handover way;
	struct iphdr ip; /* of the packet, without options */
	__u32 header; /* bytes of the frame before what is divided */
	__u32 length; /* of that */
	__u32 piece; /* bytes of it in a fragment that is not the last */
	__u32 done;
	__u32 failed;
	__u8 bytes[CUT_MAX + PIECE_MAX];
};

/* One a CPU: far too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cut);
} cuts SEC(".maps");

struct cut_loop {
	struct __sk_buff *skb;
	struct cut *cut;
};

/* What it says, 1 to a power of two, in a form that every verifier follows: see chunk_part(). */
static __always_inline __u32 cut_size(__u32 n, __u32 most)
{
	n--;
	barrier_var(n);
	return (n & (most - 1)) + 1;
}

/* Copies the packet; false: it is none that can be cut. */
static __always_inline bool cut_load(struct __sk_buff *skb, struct cut *c)
{
	__u32 header, total, length;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &c->ip, sizeof(c->ip)) || c->ip.version != 4)
		return false;
	header = c->ip.ihl * 4;
	total = bpf_ntohs(c->ip.tot_len);
	length = total - header;
	if (header < sizeof(c->ip) || length > CUT_MAX || c->way.mtu < header + 8)
		return false;
	c->header = ETH_HLEN + header;
	c->length = length;
	c->piece = (c->way.mtu - header) & ~7U;
	if (c->piece > PIECE_MAX)
		c->piece = PIECE_MAX;
	if (!length || bpf_skb_load_bytes(skb, c->header, c->bytes, cut_size(length, CUT_MAX)))
		return false;
	c->done = 0;
	c->failed = 1;
	return true;
}

/* The header of the fragment that begins at c->done; its sum by what differs from the packet's. */
static __always_inline bool piece_header(struct __sk_buff *skb, const struct cut *c, __u32 size)
{
	struct iphdr ip = c->ip;
	__u32 field = bpf_ntohs(ip.frag_off) + c->done / 8;
	__u64 sum;

	if (c->done + size < c->length)
		field |= 0x2000;
	ip.frag_off = bpf_htons(field);
	ip.tot_len = bpf_htons(c->header - ETH_HLEN + size);
	sum = delta_word(delta_word(0, c->ip.frag_off, ip.frag_off), c->ip.tot_len, ip.tot_len);
	ip.check = checksum_adjust(ip.check, sum_fold(sum));
	return !bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

static __always_inline int piece_send(struct __sk_buff *skb, const struct handover *way)
{
	if (!way->family)
		return bpf_clone_redirect(skb, way->ifindex, 0);
	if (way->family != AF_INET)
		return -1; /* the mark has no room for the address */
	skb->cb[0] = PIECE_MAGIC;
	skb->cb[1] = way->ifindex;
	skb->cb[2] = way->next_hop.s6_addr32[3];
	return bpf_clone_redirect(skb, skb->ifindex, BPF_F_INGRESS);
}

/* The next fragment; 1 ends the loop. What it changes is in the map: see struct server_best. */
static long piece_next(__u32 index, struct cut_loop *loop)
{
	struct __sk_buff *skb = loop->skb;
	struct cut *c = loop->cut;
	__u32 size = c->piece, done = c->done;

	(void)index;
	if (done >= CUT_MAX || done >= c->length)
		return 1;
	if (size > c->length - done)
		size = c->length - done;
	if (!size || size > PIECE_MAX)
		return 1;
	if (skb->len != c->header + size && bpf_skb_change_tail(skb, c->header + size, 0))
		return 1;
	if (bpf_skb_store_bytes(skb, c->header, c->bytes + done, cut_size(size, PIECE_MAX), 0))
		return 1;
	if (!piece_header(skb, c, size) || piece_send(skb, &c->way))
		return 1;
	count(V_CUT_SENT, skb->len);
	c->done = done + size;
	c->failed = c->done < c->length;
	return 0;
}

static __noinline int cut(struct __sk_buff *skb, const struct handover *handover)
{
	struct cut_loop loop = {.skb = skb};
	__u32 zero = 0;

	loop.cut = bpf_map_lookup_elem(&cuts, &zero);
	if (!loop.cut)
		return TC_ACT_SHOT;
	loop.cut->way = *handover;
	loop.cut->failed = 1;
	if (cut_load(skb, loop.cut) &&
	    (loop.cut->way.family || !bpf_skb_store_bytes(skb, 0, loop.cut->way.dmac, 2 * ETH_ALEN, 0)))
		bpf_loop(PIECES_MAX, piece_next, &loop, 0);
	if (loop.cut->failed)
		count(V_CUT_FAILED, skb->len);
	return TC_ACT_STOLEN; /* what was sent are clones */
}

/* A fragment that came in again, to be given to the kernel's neighbour output. */
static __always_inline int piece_leave(struct __sk_buff *skb)
{
	struct bpf_redir_neigh hop = {.nh_family = AF_INET, .ipv4_nh = skb->cb[2]};

	skb->cb[0] = 0;
	return bpf_redirect_neigh(skb->cb[1], &hop, sizeof(hop), 0);
}

#endif
