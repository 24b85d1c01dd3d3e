/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of the bench and the numbering of its flows: what generator, sink and the program that
 * drives them agree on.
 *
 * Flow i belongs to one inside host and one of its ports, so under endpoint-independent mapping
 * every flow has a mapping of its own, which is the dear case. Its number travels in the payload,
 * where no translation touches it. The sink writes into `records` what a flow's packets wore when
 * they arrived; the generator of the reply direction sends to exactly that, so it need not know how
 * the gateway chooses.
 */
#ifndef SAMEPATH_BENCH_FRAME_H
#define SAMEPATH_BENCH_FRAME_H

#include <linux/types.h>

#define FLOWS_MAX 1000000
#define INSIDE_HOSTS 64
#define INSIDE_FIRST 0x0a010001u /* 10.1.0.1 */
#define INSIDE_PORT 1024 /* of flow 0; a host's ports go up from there */
#define OUTSIDE_HOSTS 16
#define OUTSIDE_FIRST 0xcb007101u /* 203.0.113.1 */
#define OUTSIDE_PORT 3478

#define FRAME_SIZE 60 /* 64 on the wire, with its check sequence */
#define FRAME_MAGIC 0x53504246u
#define SAMPLE 64 /* the sink looks closely at one frame in so many */

enum direction { OUT, IN };

struct payload {
	__be32 magic;
	__u32 flow; /* host order: both ends are this machine */
	__u8 rest[10];
} __attribute__((packed, aligned(2)));

/* What a packet of the flow wore at the sink; port 0: none came. */
struct record {
	__be32 address;
	__be16 port;
	__u16 pad;
};

struct generator {
	__u64 next; /* frames made */
	__u64 started; /* ns, when the first was made */
	__u32 direction; /* enum direction */
	__u32 ifindex; /* the wire */
	__u32 first; /* flow number */
	__u32 count; /* flows from there on */
	__u32 stride; /* prime to count: the order in which flows take turns */
	__u8 dmac[6];
	__u8 smac[6];
};

struct sink {
	__u64 received;
	__u64 expected;
	__u64 ended; /* ns, when the last expected frame, or a later sample, came */
	__u64 sampled;
	__u64 wrong; /* samples whose tuple is not that of their flow */
	__u64 bad_checksum; /* samples */
	__u32 direction;
	__u32 record; /* 1: write `records` */
};

static inline __u32 flow_inside(__u32 flow)
{
	return INSIDE_FIRST + flow % INSIDE_HOSTS;
}

static inline __u16 flow_inside_port(__u32 flow)
{
	return INSIDE_PORT + flow / INSIDE_HOSTS;
}

static inline __u32 flow_outside(__u32 flow)
{
	return OUTSIDE_FIRST + flow / INSIDE_HOSTS % OUTSIDE_HOSTS;
}

#endif
