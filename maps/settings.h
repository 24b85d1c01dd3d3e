/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings: which slot is live, and the scalars of each slot.
 *
 * `live` has one entry. The loader fills the slot that is not live, then
 * writes the entry once; a packet reads it once. `generation` moves whenever
 * routes, neighbours or links may have changed: what a flow remembers of its
 * way is asked again when the two differ. `watch` has one entry: while its time is
 * ahead, the daemon answers for it that no such change goes unnoticed, and a half
 * that asked before need not ask each second. `settings` has one entry a slot.
 * `version` holds CONTRACT_VERSION since the first apply; a program or command
 * of another version refuses to touch the pins. Two entries behind it are the
 * digest of the object whose programs are pinned, zeros while they change: an
 * apply by the same build need not have the kernel verify them again.
 */
#ifndef SAMEPATH_SETTINGS_H
#define SAMEPATH_SETTINGS_H

#include "types.h"

struct live {
	__u32 slot; /* 0 or 1 */
	__u32 generation;
};

/* The daemon writes it again well before it is over, and lets it run out when it is behind. */
struct watch {
	__u64 until; /* ns */
};

#define WATCH_LENGTH NANOSECONDS

/* What a flow is waiting for decides how long it may be silent. */
enum flow_state {
	STATE_TCP_HALF_OPEN, /* not both sides acknowledged yet */
	STATE_TCP_ESTABLISHED,
	STATE_TCP_CLOSING, /* FIN from both sides, or RST */
	STATE_UDP, /* and what has no ports */
	STATE_ICMP,
	STATE_INBOUND_HALF_OPEN, /* opened from outside, not answered yet */
	STATE_MAX
};

/* What some circuit asks for; where none does, no packet pays for it. */
enum feature {
	FEATURE_DSCP = 1 << 0,
};

struct settings {
	__u64 timeout[STATE_MAX]; /* ns of silence after which a flow is dead */
	__u64 timeout_min; /* ns, the smallest of them */
	__u32 half_open_max; /* each side */
	__u32 flows_per_host; /* 0: no limit */
	__u32 host_rate; /* new flows a second that one inside host may open, at most RATE_MAX, 0: no limit */
	__u32 outside_flows; /* that the outside may have open, 0: no limit */
	__u32 destination_sets; /* row length of `policy` */
	__u16 local_port_min; /* host order, the gateway's own ephemeral ports */
	__u16 local_port_max;
	__u32 ready; /* 1 when the slot holds a configuration */
	__u32 answers_per_second; /* ICMP errors, per CPU */
	__u32 features; /* enum feature */
	__u64 fragment_timeout; /* ns, see fragment.h */
};

/* Index of `version`. */
enum version_entry { VERSION_CONTRACT, VERSION_DIGEST_LOW, VERSION_DIGEST_HIGH, VERSION_MAX };

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct live);
} live SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch);
} watch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VERSION_MAX);
	__type(key, __u32);
	__type(value, __u32);
} version SEC(".maps");
#endif

#endif
