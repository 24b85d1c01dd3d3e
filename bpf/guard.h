/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The egress guard: what the kernel itself sends out of a link. Only sources that the circuit
 * owns may leave, and what a host must say to live on a wire: link-local, the unspecified
 * address, DHCP from 0.0.0.0, ARP with such a sender. It stays when the daemon is gone and when
 * XDP is detached. Packets that XDP redirects do not come by here; their source was chosen from
 * the circuit's pool.
 *
 * An error quotes what it is about, and with its own source may leave by a circuit although it answers
 * the inside: the kernel routes it, and a source that nobody has is where the default route leads. What
 * came in by a circuit was for an address that it owns, and only errors about that leave by it.
 *
 * It sits on the device at the bottom and reads the tags, so it sees whatever the VLAN devices on it
 * send, and what somebody sends past them. There it stops only what leaves by a circuit: frames of the
 * inside, of a trunk without tags, and of VLAN devices that samepath was not told of pass.
 */
#ifndef SAMEPATH_BPF_GUARD_H
#define SAMEPATH_BPF_GUARD_H

#include <linux/pkt_cls.h>
#include "packet.h"
#include "neighbour.h"
#include "vlan.h"

/* Copies out of the frame, linear or not. */
#define LOAD(skb, offset, to) (!bpf_skb_load_bytes(skb, offset, &(to), sizeof(to)))

static __always_inline bool source_owned(__u32 circuit, const struct in6_addr *address)
{
	struct scoped_prefix key = {.length = 160, .scope = circuit, .address = *address};

	return bpf_map_lookup_elem(&sources, &key);
}

/* May the quote leave whose IPv4 header is at `at`? */
static __noinline enum verdict guard_quote4(struct __sk_buff *skb, __u32 circuit, __u32 at)
{
	struct in6_addr address;
	struct iphdr quoted;

	if (!LOAD(skb, at, quoted))
		return V_GUARD_PROTOCOL;
	map_address4(&address, quoted.daddr);
	return source_owned(circuit, &address) ? V_GUARD_PASSED : V_GUARD_QUOTE;
}

/* The same of IPv6, where a neighbour may also have asked for a link-local address or a group. */
static __noinline enum verdict guard_quote6(struct __sk_buff *skb, __u32 circuit, __u32 at)
{
	struct ipv6hdr quoted;
	struct in6_addr *to = &quoted.daddr;

	if (!LOAD(skb, at, quoted))
		return V_GUARD_PROTOCOL;
	if (to->s6_addr[0] == 0xff || link_local6(to))
		return V_GUARD_PASSED;
	return source_owned(circuit, to) ? V_GUARD_PASSED : V_GUARD_QUOTE;
}

/* Does the kernel's message `type` quote a packet? */
static __always_inline bool guard_error4(__u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB || type == ICMP_SOURCE_QUENCH;
}

static __always_inline enum verdict guard_message4(struct __sk_buff *skb, __u32 circuit, __u32 l3,
						   const struct iphdr *ip)
{
	__u32 at = l3 + ip->ihl * 4;
	__u8 type;

	if (ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(0x1fff))
		return V_GUARD_PASSED;
	if (!LOAD(skb, at, type))
		return V_GUARD_PROTOCOL;
	return guard_error4(type) ? guard_quote4(skb, circuit, at + sizeof(struct icmphdr)) : V_GUARD_PASSED;
}

static __always_inline enum verdict guard_message6(struct __sk_buff *skb, __u32 circuit, __u32 l3,
						   const struct ipv6hdr *ip)
{
	__u32 at = l3 + sizeof(*ip);
	__u8 type;

	if (ip->nexthdr != IPPROTO_ICMPV6)
		return V_GUARD_PASSED;
	if (!LOAD(skb, at, type))
		return V_GUARD_PROTOCOL;
	return type & ICMPV6_INFOMSG_MASK ? V_GUARD_PASSED :
					    guard_quote6(skb, circuit, at + sizeof(struct icmp6hdr));
}

static __always_inline enum verdict guard4(struct __sk_buff *skb, __u32 circuit, __u32 l3)
{
	struct in6_addr address;
	struct iphdr ip;
	struct udphdr udp;

	if (!LOAD(skb, l3, ip))
		return V_GUARD_PROTOCOL;
	map_address4(&address, ip.saddr);
	if (source_owned(circuit, &address))
		return guard_message4(skb, circuit, l3, &ip);
	if (!ip.saddr && ip.protocol == IPPROTO_UDP && !(ip.frag_off & bpf_htons(0x1fff)) &&
	    LOAD(skb, l3 + ip.ihl * 4, udp) && udp.dest == bpf_htons(67))
		return V_GUARD_PASSED;
	return V_GUARD_SOURCE;
}

static __always_inline enum verdict guard6(struct __sk_buff *skb, __u32 circuit, __u32 l3)
{
	struct ipv6hdr ip;
	struct in6_addr *s = &ip.saddr;

	if (!LOAD(skb, l3, ip))
		return V_GUARD_PROTOCOL;
	if (link_local6(s))
		return guard_message6(skb, circuit, l3, &ip);
	if (ip.daddr.s6_addr[0] == 0xff && !s->s6_addr32[0] && !s->s6_addr32[1] &&
	    !s->s6_addr32[2] && !s->s6_addr32[3])
		return V_GUARD_PASSED;
	return source_owned(circuit, s) ? guard_message6(skb, circuit, l3, &ip) : V_GUARD_SOURCE;
}

static __always_inline enum verdict guard_arp(struct __sk_buff *skb, __u32 circuit, __u32 l3)
{
	struct in6_addr address;
	struct arp_ipv4 arp;

	if (!LOAD(skb, l3, arp))
		return V_GUARD_PROTOCOL;
	map_address4(&address, arp.sender);
	return !arp.sender || source_owned(circuit, &address) ? V_GUARD_PASSED : V_GUARD_SOURCE;
}

/* Frames without an address in them that a link may need: LLDP, 802.1X, LACP, and 802.3 lengths. */
static __always_inline enum verdict guard_other(__be16 protocol)
{
	switch (bpf_ntohs(protocol)) {
	case 0x88cc:
	case 0x888e:
	case 0x8809:
		return V_GUARD_PASSED;
	}
	return bpf_ntohs(protocol) < 0x0600 ? V_GUARD_PASSED : V_GUARD_PROTOCOL;
}

/* Where the frame belongs, and what is in it behind its tags. */
struct guarded {
	struct link_key key;
	__be16 protocol;
	__u32 l3; /* offset of what `protocol` says */
};

/*
 * The tags: one may be beside the frame, for the device to put in, and the others are in it. The EtherType
 * is read there, for what skb->protocol says is up to whoever opened the socket. False: such tags nobody has.
 */
static __always_inline bool guard_tags(struct __sk_buff *skb, struct guarded *g)
{
	struct vlan_tag tag;
	int count = 0;

	if (!LOAD(skb, VLAN_OFFSET, g->protocol))
		return false;
	if (skb->vlan_present) {
		if (!vlan_key(&g->key, skb->vlan_proto, skb->vlan_tci))
			return false;
		count++;
	}
#pragma unroll
	for (int i = 0; i < TAGS_MAX; i++) {
		if (!vlan_tagged(g->protocol) || count == TAGS_MAX)
			break;
		/* the tag's own TPID is before it, and behind it is the EtherType of the rest */
		if (!LOAD(skb, g->l3 - sizeof(__be16), tag) ||
		    !vlan_key(&g->key, tag.tpid, bpf_ntohs(tag.tci)) ||
		    !LOAD(skb, g->l3 + sizeof(__be16), g->protocol))
			return false;
		g->l3 += sizeof(tag);
		count++;
	}
	return !vlan_tagged(g->protocol);
}

/* GO_ON when the frame leaves by a link of a circuit, which *circuit is then. */
static __always_inline enum verdict guard_place(struct __sk_buff *skb, __u32 slot, struct guarded *g,
						__u32 *circuit)
{
	struct role role = role_look(slot, skb->ifindex);
	struct link *link;

	if (g->key.outer != NO_TAG) {
		link = vlan_find(&g->key, slot);
		if (!link && (role.kind == ROLE_NONE || role.kind == ROLE_LINK || !vlan_alien(g->key, slot)))
			return V_GUARD_PROTOCOL;
		if (!link)
			return V_NOT_GUARDED;
		role = link->role[slot % SLOTS];
	}
	*circuit = role.circuit;
	if (role.kind == ROLE_LINK)
		return GO_ON;
	return role.kind == ROLE_NONE ? V_GUARD_SOURCE : V_NOT_GUARDED;
}

static __always_inline enum verdict guard(struct __sk_buff *skb, __u32 slot)
{
	struct guarded g = {.key = {skb->ifindex, NO_TAG, NO_TAG}, .l3 = ETH_HLEN};
	enum verdict verdict;
	__u32 circuit;

	if (!guard_tags(skb, &g))
		return V_GUARD_PROTOCOL;
	verdict = guard_place(skb, slot, &g, &circuit);
	if (verdict != GO_ON)
		return verdict;
	switch (g.protocol) {
	case bpf_htons(ETH_P_IP):
		return guard4(skb, circuit, g.l3);
	case bpf_htons(ETH_P_IPV6):
		return guard6(skb, circuit, g.l3);
	case bpf_htons(ETH_P_ARP):
		return guard_arp(skb, circuit, g.l3);
	}
	return guard_other(g.protocol);
}

#endif
