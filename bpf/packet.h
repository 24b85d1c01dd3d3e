/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every stage knows of a packet: parsed once, handed on. No later stage looks at
 * the clock, the live slot or a header length again.
 */
#ifndef SAMEPATH_BPF_PACKET_H
#define SAMEPATH_BPF_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
/* linux/if.h brings libc's socket headers in, and nothing that is needed here */
#define _LINUX_IF_H
#define IFNAMSIZ 16
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "../maps/types.h"
#include "../maps/verdict.h"
#include "../maps/settings.h"
#include "../maps/prefix.h"
#include "../maps/circuit.h"
#include "../maps/flow_table.h"
#include "../maps/service.h"
#include "../maps/next_hop.h"
#include "../maps/event.h"
#include "../maps/stage.h"
#include "../maps/fragment.h"
#include "../maps/asked.h"

#ifndef AF_INET
#define AF_INET 2
#define AF_INET6 10
#endif

/* A stage that has no verdict yet lets the packet go on. */
#define GO_ON V_MAX

/* TCP flags as they stand in byte 13 of the header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

/* The ICMP error that a dropped packet is answered with; type 0: none. */
struct answer {
	__u8 type;
	__u8 code;
	__u16 mtu; /* host order, of packet too big */
};

/* Of a fragment; of a whole packet zeros, but for the id of IPv4. Host order. */
struct fragment {
	__u32 id;
	__u16 offset; /* bytes of data before it in the datagram */
	__u16 header; /* IPv6: offset of the fragment header in the frame, 0: none */
	__u8 more; /* others come behind it */
	__u8 pad;
	__u16 length; /* bytes of data in it */
};

/* As it stands in a frame, behind the two addresses and before the EtherType. */
struct vlan_tag {
	__be16 tpid;
	__be16 tci;
};

struct pkt {
	__u64 now; /* ns, CLOCK_MONOTONIC, the only reading of the clock */
	struct settings *settings; /* of the live slot */
	__u32 slot;
	__u32 seq; /* TCP, host order like the three below */
	__u32 ack;
	__u16 window; /* as it stands there, not scaled */
	__u16 segment; /* sequence numbers it takes: data, SYN and FIN */
	__u32 route_age; /* ticks that a half may go on without asking the FIB */
	__u32 ifindex; /* where it came in; of a VLAN device its own */
	__u16 generation; /* low bits */
	__u16 frame; /* bytes of the whole frame, without VLAN tags */
	__u16 length; /* bytes of the IP packet, from its header */
	struct role role;
	__u8 family; /* 4, 6, 0: not IP */
	__u8 protocol;
	__u8 tcp; /* TCP flags */
	__u8 ttl;
	__u8 opens; /* may open a flow */
	__u8 special; /* enum verdict it ends in unless it is for the kernel, or GO_ON */
	__u8 action; /* XDP action of a forwarded packet */
	__u8 whole; /* IPv4: may not be fragmented */
	__u8 idle; /* of a TCP flow, but without effect on it */
	__u8 cut; /* IPv4: too big for its way, goes on in fragments */
	__u8 dead; /* its tuple has a flow that is dead and not deleted yet */
	__u8 bare; /* only its addresses are translated, see bare.h */
	__u8 tags; /* VLAN tags that were taken off the frame, and stand in `tag` */
	struct vlan_tag tag[TAGS_MAX]; /* outer first */
	struct answer answer;
	__u16 l4; /* offset of the transport header in the frame; rare packets only, like the next */
	struct fragment fragment;
};

static __always_inline __u32 pkt_tick(const struct pkt *p)
{
	return p->now >> TICK_SHIFT;
}

static __always_inline void map_address4(struct in6_addr *to, __be32 from)
{
	to->s6_addr32[0] = 0;
	to->s6_addr32[1] = 0;
	to->s6_addr32[2] = bpf_htonl(0xffff);
	to->s6_addr32[3] = from;
}

#endif
