/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The egress guard: what the kernel itself sends out of a link. Only sources that the circuit
 * owns may leave, and what a host must say to live on a wire: link-local, the unspecified
 * address, DHCP from 0.0.0.0, ARP with such a sender. It stays when the daemon is gone and when
 * XDP is detached. Packets that XDP redirects do not come by here; their source was chosen from
 * the circuit's pool.
 */
#ifndef SAMEPATH_BPF_GUARD_H
#define SAMEPATH_BPF_GUARD_H

#include <linux/pkt_cls.h>
#include "packet.h"
#include "neighbour.h"

/* Copies out of the frame, linear or not. */
#define LOAD(skb, offset, to) (!bpf_skb_load_bytes(skb, offset, &(to), sizeof(to)))

static __always_inline bool source_owned(__u32 circuit, const struct in6_addr *address)
{
	struct scoped_prefix key = {.length = 160, .scope = circuit, .address = *address};

	return bpf_map_lookup_elem(&sources, &key);
}

static __always_inline enum verdict guard4(struct __sk_buff *skb, __u32 circuit)
{
	struct in6_addr address;
	struct iphdr ip;
	struct udphdr udp;

	if (!LOAD(skb, ETH_HLEN, ip))
		return V_GUARD_PROTOCOL;
	map_address4(&address, ip.saddr);
	if (source_owned(circuit, &address))
		return V_GUARD_PASSED;
	if (!ip.saddr && ip.protocol == IPPROTO_UDP && !(ip.frag_off & bpf_htons(0x1fff)) &&
	    LOAD(skb, ETH_HLEN + ip.ihl * 4, udp) && udp.dest == bpf_htons(67))
		return V_GUARD_PASSED;
	return V_GUARD_SOURCE;
}

static __always_inline enum verdict guard6(struct __sk_buff *skb, __u32 circuit)
{
	struct ipv6hdr ip;
	struct in6_addr *s = &ip.saddr;

	if (!LOAD(skb, ETH_HLEN, ip))
		return V_GUARD_PROTOCOL;
	if (s->s6_addr[0] == 0xfe && (s->s6_addr[1] & 0xc0) == 0x80)
		return V_GUARD_PASSED;
	if (ip.daddr.s6_addr[0] == 0xff && !s->s6_addr32[0] && !s->s6_addr32[1] &&
	    !s->s6_addr32[2] && !s->s6_addr32[3])
		return V_GUARD_PASSED;
	return source_owned(circuit, s) ? V_GUARD_PASSED : V_GUARD_SOURCE;
}

static __always_inline enum verdict guard_arp(struct __sk_buff *skb, __u32 circuit)
{
	struct in6_addr address;
	struct arp_ipv4 arp;

	if (!LOAD(skb, ETH_HLEN, arp))
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

static __always_inline enum verdict guard(struct __sk_buff *skb, struct role role)
{
	if (skb->vlan_present)
		return V_GUARD_PROTOCOL;
	if (role.kind != ROLE_LINK)
		return V_GUARD_SOURCE;
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return guard4(skb, role.circuit);
	case bpf_htons(ETH_P_IPV6):
		return guard6(skb, role.circuit);
	case bpf_htons(ETH_P_ARP):
		return guard_arp(skb, role.circuit);
	}
	return guard_other(skb->protocol);
}

#endif
