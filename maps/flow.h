/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: the state of one connection, as two entries that exist together.
 *
 * The key of an entry is the tuple of the packets it is for, as they arrive.
 * The forward half is for packets of the side that opened the flow, the reply
 * half for those that come back; each says what its packets become. From either
 * half the key of the other follows: turn the translated tuple around. The
 * reply half goes in first and with NOEXIST; that insert is the reservation of
 * the pool's port toward this destination.
 *
 * ICMP echo: the identifier is the source port of a request and the destination
 * port of a reply; the other port is 0. Of protocols other than TCP, UDP and ICMP
 * both are 0.
 *
 * The circuit is written at creation and never again. Times, counters and the
 * way out of a half are written only by packets of that half, so that two cores
 * never fight over a line; only `flags` is shared, and changed atomically. So are
 * the sequence numbers of TCP, but for a connection that begins anew over the
 * tuple of another. A
 * flow is dead when the latest packet of either half is older than its state's
 * timeout (settings.h): dead is final, no packet revives it, and nobody deletes
 * it before it has been dead for FLOW_GRACE more, because an entry of the table is
 * reused at once and a program may still hold the pointer.
 */
#ifndef SAMEPATH_FLOW_H
#define SAMEPATH_FLOW_H

#include "types.h"

#define FLOW_GRACE NANOSECONDS

/* What stands behind the addresses in a key of either family; `ports` and `kind` are it in words, to hash and compare. */
#define FLOW_KEY_REST                     \
	union {                           \
		struct {                  \
			__be16 sport;     \
			__be16 dport;     \
		};                        \
		__be32 ports;             \
	};                                \
	union {                           \
		struct {                  \
			__u8 protocol;    \
			__u8 zero[3];     \
		};                        \
		__u32 kind;               \
	}

struct flow_key4 {
	__be32 saddr;
	__be32 daddr;
	FLOW_KEY_REST;
};

struct flow_key6 {
	struct in6_addr saddr;
	struct in6_addr daddr;
	FLOW_KEY_REST;
};

enum flow_flag {
	FLOW_REPLY = 1 << 0, /* this is the reply half */
	FLOW_OPENED_OUTSIDE = 1 << 1, /* in both halves, like the two below */
	FLOW_PIN_ONLY = 1 << 2, /* addresses and ports stay */
	FLOW_MAPPED = 1 << 3, /* under an entry of `mappings` */
	FLOW_HALF_OPEN = 1 << 4, /* forward half only: counted as half-open */
	FLOW_SEEN = 1 << 5, /* a packet of this half came by */
	FLOW_KILLED = 1 << 6, /* ended by an operator or a newer flow */
	FLOW_UNBORN = 1 << 7, /* reply half, until its forward half is in: no packet is translated by it */
	FLOW_SYN = 1 << 8, /* what TCP said in this direction */
	FLOW_ACK = 1 << 9,
	FLOW_FIN = 1 << 10,
	FLOW_RST = 1 << 11,
	FLOW_TO_CIRCUIT = 1 << 12, /* packets of this half leave by the circuit, else to the inside */
	FLOW_FROM_CIRCUIT = 1 << 13, /* and come in on it, else from the inside; neither: a hairpin */
	FLOW_SERVICE = 1 << 14, /* in both halves: `class` is the number of the service */
	FLOW_RENEWS = 1 << 15, /* reply half: the inside would begin anew, once `expected` is acknowledged */
};

/*
 * The highest bits of the flags of TCP: the scale of the windows that this half advertises (RFC 7323), and the
 * largest of them so far, as a power of two above 64 KiB.
 */
#define FLOW_SCALE_SHIFT 24
#define FLOW_WINDOW_SHIFT 28
#define FLOW_WINDOWS (0xffU << FLOW_SCALE_SHIFT)
#define FLOW_SCALE_MAX 14
#define WINDOW_LEAST 65536U

/*
 * What does not depend on the family. With the addresses of IPv4 it is one cache line, and the
 * head of the entry with the key before it another: a packet touches no third.
 */
struct half {
	__u64 last; /* ns, latest packet of this half; creation before the first; of a killed flow, its
		     * death */
	__u64 bytes; /* whole frames, 52 bits; above them the high 12 bits of the packets: half_bytes() */
	__u32 packets; /* their low 32 bits: half_packets() */
	__u32 flags; /* enum flow_flag */
	__u32 asked; /* tick (next_hop.h), when the FIB was last asked for this half */
	__u32 iif : 24; /* device of the latest packet of this half */
	__u32 circuit : 8; /* the pin */
	union {
		__u32 opened; /* forward half: seconds of CLOCK_MONOTONIC */
		__u32 expected; /* reply half of TCP: what the latest SYN from inside wants acknowledged */
	};
	__u32 next; /* TCP, host order like the two around it: behind the last byte seen of this half */
	__u32 acked; /* TCP, with FLOW_ACK: the highest number that this half acknowledged */
	__u16 hop; /* index of `next_hops`, 0: the FIB is asked each time */
	__u16 generation; /* of the FIB's answer, low bits of live.generation */
	__u16 l3_delta; /* what the translated addresses add to a sum, ones' complement */
	__u16 class; /* with FLOW_SERVICE the number of the service */
	union {
		struct {
			__be16 sport; /* translated */
			__be16 dport;
		};
		__be32 ports; /* both, as they stand in a header */
	};
};

#define HALF_BYTES_BITS 52

static inline __u64 half_packets(const struct half *half)
{
	return half->bytes >> HALF_BYTES_BITS << 32 | half->packets;
}

static inline __u64 half_bytes(const struct half *half)
{
	return half->bytes & ((1ULL << HALF_BYTES_BITS) - 1);
}

static inline void half_count(struct half *half, __u32 frame)
{
	half->bytes += frame;
	if (!++half->packets)
		half->bytes += 1ULL << HALF_BYTES_BITS;
}

static inline __u32 half_scale(__u32 flags)
{
	return flags >> FLOW_SCALE_SHIFT & 15;
}

static inline __u32 half_window(__u32 flags)
{
	return WINDOW_LEAST << (flags >> FLOW_WINDOW_SHIFT);
}

struct flow4 {
	struct half half;
	__be32 saddr; /* translated */
	__be32 daddr;
};

struct flow6 {
	struct half half;
	struct in6_addr saddr;
	struct in6_addr daddr;
};

/*
 * What an inside host holds; IPv4 as mapped. Counted up by the packet that
 * opens a flow, down by whoever deletes it. An entry without flows is deleted
 * by a sweep two seconds after it was last touched.
 */
struct host {
	__u64 touched; /* ns */
	__u32 flows;
	__u32 half_open;
	__u64 rate; /* of new flows: the second (ns / NANOSECONDS) above, RATE_BITS of count below */
};

/*
 * Index of `half_open`: what each side holds half-open; and of the outside all its flows, established ones
 * too, for the table is one, and what the outside opens must leave room in it.
 */
enum side { SIDE_INSIDE, SIDE_OUTSIDE, OUTSIDE_FLOWS, SIDE_MAX };

/* One record of the flow iterator's output: the forward half with its reply. */
struct flow_record {
	__u8 family; /* 4 or 6; 0: the end, behind this place no flow ever was */
	__u8 has_reply; /* 0: the reply half is gone */
	__u16 pad;
	__u32 oif; /* where the forward half's packets leave, 0: not known now */
	struct flow_key6 key; /* IPv4 as mapped */
	struct in6_addr saddr; /* translated, IPv4 as mapped */
	struct in6_addr daddr;
	struct half forward;
	struct half reply;
};

/* Context of the program kill_flow: ends the flow whose forward key this is. */
struct flow_kill {
	struct flow_key6 key; /* IPv4 as mapped */
	__u32 family; /* 4 or 6 */
	__u32 done; /* out: 1 when there was one */
};

/* The tables that a sweep walks. */
enum swept { SWEPT_FLOWS4, SWEPT_FLOWS6, SWEPT_MAPPINGS4, SWEPT_MAPPINGS6, SWEPT_MAX };

/*
 * What a sweep found and did. The programs count in the entry SWEEP_RUNNING, which the daemon zeroes
 * before each; SWEEP_LAST is the copy of the last whole one, for whoever wants to know how full a
 * table is: counting it costs seconds at a million flows, and a sweep has just done so.
 */
#define SWEEP_RUNNING 0
#define SWEEP_LAST 1
#define SWEEP_ENTRIES 2

struct sweep {
	__u64 ended; /* ns; 0: not yet */
	__u64 live[CIRCUITS_MAX]; /* flows still pinned to the circuit */
	__u64 pin_only[CIRCUITS_MAX]; /* of them untranslated */
	__u64 entries[SWEPT_MAX]; /* walked; those that it deleted are among them */
	__u64 deleted; /* flows */
	__u64 orphans; /* halves without the other, deleted */
	__u64 mappings; /* deleted */
	__u32 reached[2]; /* number of the latest entry of flows4, flows6 that was walked */
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct in6_addr);
	__type(value, struct host);
} hosts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SIDE_MAX);
	__type(key, __u32);
	__type(value, __u64);
} half_open SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SWEEP_ENTRIES);
	__type(key, __u32);
	__type(value, struct sweep);
} sweep SEC(".maps");
#else
_Static_assert(sizeof(struct flow_key4) == 16, "hashed whole");
_Static_assert(sizeof(struct flow_key6) == 40, "hashed whole");
_Static_assert(sizeof(struct half) == 56, "no hidden pad");
_Static_assert(sizeof(struct flow4) == 64, "one cache line");
_Static_assert(sizeof(struct flow6) == 88, "no hidden pad");
#endif

#endif
