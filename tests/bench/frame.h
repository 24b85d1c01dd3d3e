/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of the bench and the numbering of its flows: what generator, sink and the program that
 * drives them agree on.
 *
 * Flow i is opened by one host from one of its ports, so under endpoint-independent mapping every
 * flow has a mapping of its own, which is the dear case. Its number travels in the payload, where no
 * translation touches it. The sink writes into `records` what a flow's packets wore when they
 * arrived; the generator of the replies sends to exactly that, so it need not know how the gateway
 * chooses.
 */
#ifndef SAMEPATH_BENCH_FRAME_H
#define SAMEPATH_BENCH_FRAME_H

#include <linux/types.h>

#define FLOWS_MAX 4000000
#define OPENERS 64 /* hosts that open flows */
#define BATCH 32 /* frames between two runs of the receivers; a veth queues 256 */
#define LANES 64 /* cores that may generate at a time */
#define LIST_MAX 300000 /* flows that can be sent in an order of their own */
#define WIRES 64 /* to the outside */
#define OPENER_PORT 1024 /* of flow 0; a host's ports go up from there */
#define INSIDE_FIRST 0x0a010001u /* 10.1.0.1 */
#define OUTSIDE_HOSTS 16
#define OUTSIDE_FIRST 0xcb007101u /* 203.0.113.1 */
#define PUBLIC 0xc6336405u /* 198.51.100.5, of the service; its server is the first inside host */
#define ASKED_PORT 3478

#define FRAME_SIZE 60 /* 64 on the wire, with its check sequence */
#define FRAME_MAGIC 0x53504246u
#define SAMPLE 64 /* the sink looks closely at one frame in so many */

/*
 * Between whom flows are, as addresses in host order. `more` and `ports` are powers of two less one. A
 * host's flows take turns in whom they ask; with `column` each host begins elsewhere, so that the hosts
 * together reach more.
 */
struct parties {
	__u32 opener; /* the first of OPENERS */
	__u32 opener_step;
	__u32 asked; /* the first that openers send to */
	__u32 served; /* and what it is at the sink: not the same where the gateway translates it */
	__u32 asked_step;
	__u32 more; /* asked beside the first */
	__u32 column;
	__u32 ports; /* asked beside ASKED_PORT, and the next ones up */
};

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
	__u64 expected;
	__u64 ended; /* ns, when the last expected one was made */
	struct parties parties;
	__u32 reply; /* 1: toward the openers */
	__u32 wire; /* number of the first */
	__u32 wires; /* from there on; the host chooses */
	__u32 first; /* flow number */
	__u32 count; /* flows */
	__u32 step; /* from one flow to the next */
	__u32 stride; /* prime to count: the order in which flows take turns */
	__u32 bursts; /* 1: a batch is of one host, and goes over one wire; count is a multiple of 2,048 */
	__u32 listed; /* 1: the flows are the first `count` of `list` */
} __attribute__((aligned(64))); /* no two cores write into one cache line */

struct wire {
	__u32 ifindex;
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
	struct parties parties;
	__u32 reply;
	__u32 record; /* 1: write `records` */
} __attribute__((aligned(64)));

static inline __u32 flow_opener(const struct parties *p, __u32 flow)
{
	return p->opener + flow % OPENERS * p->opener_step;
}

static inline __u16 flow_opener_port(__u32 flow)
{
	return OPENER_PORT + flow / OPENERS;
}

static inline __u32 flow_other(const struct parties *p, __u32 flow)
{
	return ((flow / OPENERS + flow % OPENERS * p->column) & p->more) * p->asked_step;
}

static inline __u32 flow_asked(const struct parties *p, __u32 flow)
{
	return p->asked + flow_other(p, flow);
}

static inline __u32 flow_served(const struct parties *p, __u32 flow)
{
	return p->served + flow_other(p, flow);
}

static inline __u16 flow_asked_port(const struct parties *p, __u32 flow)
{
	return ASKED_PORT + (flow / OPENERS & p->ports);
}

#endif
