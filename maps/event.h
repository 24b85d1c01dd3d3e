/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what happened, for whoever watches.
 *
 * The data plane and the sweep write records into the ring `events`; one reader
 * takes them out. Each CPU may write so many a second of each kind; what was
 * not written is counted in `events_lost`, so silence is never mistaken for
 * calm. Addresses are the inside tuple's, IPv4 as mapped.
 *
 * What the daemon sees itself, from POOL_FILLING on, it tells through the
 * program `report`. A filling pool: `pool` is the address, `packets` its ports
 * in use and in all; with family 0 it is the circuit as a whole, and `packets`
 * are its long searches and the flows opened meanwhile. Short of ports: `pool`, `protocol`, `daddr` and
 * `dport` are the port space (space.h; no destination where it is for all), `packets` its ports in use and in
 * all, `bytes[0]` the seconds until none is left, 0: it does not grow. A probe: `ifindex` is the link, `protocol`, `daddr` and
 * `dport` are what it asks. A server: `class` is the number of its service, `daddr` its address,
 * `protocol` and `dport` what was asked. A feed: `feed` is its name, `packets` are the prefixes that
 * arrived and left, and `bytes[0]` is its version where that is a number.
 */
#ifndef SAMEPATH_EVENT_H
#define SAMEPATH_EVENT_H

#include "types.h"

#define EVENTS(X) \
	X(FLOW_OPENED, "flow-opened") \
	X(FLOW_CLOSED, "flow-closed") \
	X(VIOLATION, "violation") \
	X(EXHAUSTED, "exhausted") \
	X(POOL_FILLING, "pool-filling") \
	X(PROBE_DOWN, "probe-down") \
	X(PROBE_UP, "probe-up") \
	X(SERVER_DOWN, "server-down") \
	X(SERVER_UP, "server-up") \
	X(FEED_CHANGED, "feed-changed") \
	X(FEED_HELD, "feed-held") \
	X(FEED_FAILED, "feed-failed") \
	X(PORTS_SHORT, "ports-short")

#define EVENT_ENUM(name, text) E_##name,
enum event_kind { EVENTS(EVENT_ENUM) E_MAX };
#undef EVENT_ENUM

struct event {
	__u64 time; /* ns */
	__u8 kind; /* enum event_kind */
	__u8 family; /* 4 or 6 */
	__u8 protocol;
	__u8 circuit; /* the pin */
	__u8 actual; /* circuit the packet came in on, of a violation */
	__u8 mac[6]; /* sender of a violation */
	__u8 service; /* 1: `class` is the number of a service */
	__u16 class; /* or service */
	__be16 sport;
	__be16 dport;
	__be16 pool_port;
	__u32 ifindex; /* where the packet came in */
	union {
		struct {
			struct in6_addr saddr;
			struct in6_addr daddr;
		};
		char feed[32]; /* not ended by a zero byte when it is that long */
	};
	struct in6_addr pool; /* address worn */
	__u64 packets[2]; /* of a closed flow: forward, reply */
	__u64 bytes[2];
};

#define EVENTS_PER_SECOND 1000 /* each CPU, each kind */

struct event_budget {
	__u64 second; /* ns / NANOSECONDS */
	__u32 used[E_MAX];
	__u32 answers; /* halves of the ICMP errors sent in this second, see bpf/answer.h */
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, E_MAX);
	__type(key, __u32);
	__type(value, __u64);
} events_lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_budget);
} event_budgets SEC(".maps");
#endif

#endif
