/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Services: what of the inside is published.
 *
 * A service has a number that is given once per name (`names`) and not reused while a flow holds it.
 * `ports` finds the number: (public address, protocol, port) by longest prefix, so that a range of
 * ports is a few entries; one trie a slot. `services` has an entry per slot and number, index
 * slot * SERVICES_MAX + number. The loader writes both; what they lack takes no new flow, and flows
 * that are there need neither.
 *
 * `server_health` has the same index: since when each server of that entry does not answer its check.
 * The daemon writes it; like a link's (circuit.h), a mark ends by itself when it is not renewed, and
 * without knowledge a server is taken to be up. The loader carries it over to the next slot.
 *
 * `service_loads` says what the flows of a service hold now, and is changed atomically by the packets
 * that open and by whoever deletes. `rates` and `proofs` are tables without chains, by a keyed hash
 * (`secret`) of a remote prefix or address: a place holds the latest that came to it, and the
 * worst that a collision does is to count two prefixes as one, or to ask a source once more.
 */
#ifndef SAMEPATH_SERVICE_H
#define SAMEPATH_SERVICE_H

#include "types.h"
#include "circuit.h"

#define SERVICE_SERVERS 32
#define PORTS_MAX 1048576 /* entries of `ports`, a slot */

struct service_key {
	__u32 length; /* bits behind: 144, and as many of the port as the entry has in common */
	struct in6_addr address; /* IPv4 as mapped */
	__u8 protocol;
	__u8 zero;
	__be16 port; /* 0 of ICMP echo */
};

#define SERVICE_KEY_PORTS 144 /* length of a key for every port */

enum service_flag {
	SERVICE_PRESENT = 1 << 0,
	SERVICE_KEEP_SOURCE = 1 << 1, /* source-nat: none */
	SERVICE_KEEP_ALL = 1 << 2, /* the server has the public address itself: pin only */
	SERVICE_DOWN_RESET = 1 << 3, /* all-down: reset, icmp; neither: drop */
	SERVICE_DOWN_ICMP = 1 << 4,
	SERVICE_RETIRING = 1 << 5, /* in no port any more; kept for the flows that have its number */
};

struct server {
	struct in6_addr address; /* IPv4 as mapped */
	__u32 drained; /* 1: takes no new flow */
};

struct service {
	__u64 circuits; /* bit per number of a circuit that it is published on */
	__u32 flags; /* enum service_flag */
	__u32 rate; /* new flows a second, 0: no limit */
	__u32 remote_rate; /* of one remote prefix: an IPv4 /24, an IPv6 /56; at most RATE_MAX */
	__be16 port; /* that servers listen on, 0: the one that was asked */
	__u8 servers4; /* so many of `servers` are IPv4, they come first */
	__u8 servers6;
	struct server servers[SERVICE_SERVERS];
};

struct server_health {
	struct probe servers[SERVICE_SERVERS]; /* in the order of the service's */
};

/* Index: number of the service. */
struct service_load {
	__u32 flows; /* hairpins too */
	__u32 half_open; /* at most a quarter of the outside's share, half with proven sources */
	__u64 rate; /* of new flows: the second (ns / NANOSECONDS) above, RATE_BITS of count below */
};

/* Per CPU, index number of the service. In and out as of circuits. */
struct service_counter {
	__u64 in_packets;
	__u64 in_bytes;
	__u64 out_packets;
	__u64 out_bytes;
	__u64 opened;
	__u64 closed;
	__u64 refused; /* new flows, for want of room, rate or server */
	__u64 challenged; /* SYNs that were asked to prove their source */
	__u64 proven;
};

#define RATES_MAX 65536
#define PROOFS_MAX 65536
#define PROOF_LENGTH 60 /* seconds that a proof holds */

/* Value of `proofs`: who, by another part of the hash, and until when. */
struct proof {
	__u32 tag;
	__u32 until; /* ns / NANOSECONDS */
};

/* Drawn once by the loader; the data plane sends no challenge while it is zero. */
struct secret {
	__u64 key[2];
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_LPM_TRIE);
			__uint(max_entries, PORTS_MAX);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(key_size, sizeof(struct service_key));
			__uint(value_size, sizeof(__u32));
		});
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS * SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct service);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS * SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct server_health);
} server_health SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct service_load);
} service_loads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct service_counter);
} service_counters SEC(".maps");

/* Per service and remote prefix: a 16-bit tag, 24 bits of the second, RATE_BITS of count. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RATES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} rates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROOFS_MAX);
	__type(key, __u32);
	__type(value, struct proof);
} proofs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secret);
} secret SEC(".maps");
#else
_Static_assert(sizeof(struct service_key) == 24, "no hidden pad");
#endif

#endif
