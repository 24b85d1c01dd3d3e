/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools: the addresses that a circuit's connections wear: toward the circuit those that the inside
 * opened, toward the inside those that the outside opened.
 *
 * A pool has up to POOL_RANGES ranges. The addresses of its ranges are numbered through, retiring
 * ranges left out, and one host always starts at the same number (paired pooling, RFC 4787 REQ-2).
 *
 * Under endpoint-independent mapping (RFC 4787 REQ-1) a port is reserved by a
 * pair of entries in `mappings`: (circuit, protocol, pool address, port), which
 * goes in first and with NOEXIST, and (circuit, protocol, inside address, port).
 * A sweep that finds a flow under a mapping writes `seen`; a mapping not seen
 * for MAPPING_REST is first marked dying, and deleted by a later sweep unless a
 * packet took it back meanwhile.
 */
#ifndef SAMEPATH_POOL_H
#define SAMEPATH_POOL_H

#include "types.h"

#define POOL_RANGES 8
#define POOL6_USED 65536 /* addresses of an IPv6 prefix that are used */
#define MAPPING_REST (120 * NANOSECONDS) /* RFC 6888 REQ-8 */

#define RANGE_RETIRING 1u /* takes no new flow */
#define RANGE_HAS_LOCAL 2u /* some address is the gateway's own, see `locals` */
#define RANGE_HAS_SERVICE 4u /* some address is a service's, whose ports nobody may wear */

struct pool_range {
	struct in6_addr first; /* first usable address, IPv4 as mapped */
	__u32 count; /* usable addresses from there on */
	__u8 length; /* of the configured prefix, in bits of its own family */
	__u8 flags; /* RANGE_* */
	__u16 pad;
};

struct pool {
	__u32 addresses; /* usable, retiring ranges left out */
	__u32 ranges; /* used entries of `range` */
	struct pool_range range[POOL_RANGES];
};

/* Which side of the mapping the key names. */
#define MAPPING_POOL 0
#define MAPPING_INSIDE 1

struct mapping_key4 {
	__be32 address;
	__be16 port;
	__u8 protocol;
	__u8 circuit_side; /* circuit * 2 + MAPPING_* */
};

struct mapping_key6 {
	struct in6_addr address;
	__be16 port;
	__u8 protocol;
	__u8 circuit_side;
};

enum mapping_state { MAPPING_ALIVE, MAPPING_DYING, MAPPING_DEAD };

/* The other side of the mapping. `seen` and `state` of the MAPPING_POOL entry count. */
struct mapping4 {
	__u64 seen; /* ns */
	__u32 state; /* enum mapping_state, changed by compare-and-swap */
	__be32 address;
	__be16 port;
	__u16 pad[3];
};

struct mapping6 {
	__u64 seen;
	__u32 state;
	__be16 port;
	__u16 pad;
	struct in6_addr address;
};

/*
 * What a sweep writes of each element, for whoever counts how full pools are: a port of a pool address is
 * taken, toward one destination, or of a mapping toward all, and then `daddr` and `dport` are zero. The
 * first byte is the length; an element that takes no port is this byte alone.
 */
#define TAKEN_NONE 1

struct taken4 {
	__u8 length;
	__u8 protocol;
	__u8 circuit;
	__u8 inbound; /* 1: of the inbound pool */
	__be16 dport; /* translated, like the addresses */
	__u16 pad;
	__be32 saddr; /* of the pool */
	__be32 daddr;
};

struct taken6 {
	__u8 length;
	__u8 protocol;
	__u8 circuit;
	__u8 inbound;
	__be16 dport;
	__u16 pad;
	struct in6_addr saddr;
	struct in6_addr daddr;
};

/* A port of the gateway's own addresses that something listens on. */
struct listener {
	__be16 port;
	__u8 protocol;
	__u8 pad;
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* sized by limits.flows before load */
	__type(key, struct mapping_key4);
	__type(value, struct mapping4);
} mappings4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct mapping_key6);
	__type(value, struct mapping6);
} mappings6 SEC(".maps");

/* The kernel's own addresses (IPv4 as mapped), and the ports in use on them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct in6_addr);
	__type(value, __u32);
} locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listener);
	__type(value, __u32);
} listeners SEC(".maps");
#endif

#endif
