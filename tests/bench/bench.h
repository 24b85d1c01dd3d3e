/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the program that measures share: rig.c attaches, cell.c measures, bench.c decides. */
#ifndef SAMEPATH_BENCH_BENCH_H
#define SAMEPATH_BENCH_BENCH_H

#include <stdbool.h>
#include <bpf/libbpf.h>
#include "frame.h"

#define STEPS_MAX 8
#define ESTABLISHED_STRIDE 2654435761u /* prime: turns far apart, so no prefetcher helps */

enum end { END_IN, END_GIN, END_GOUT, END_OUT, END_MAX };

enum direction { OUT, IN };

/* Who opens. */
struct way {
	const char *name, *prefix; /* of what is measured */
	enum direction opens;
	struct parties parties;
};

struct device {
	int ns; /* of its namespace */
	__u32 ifindex;
	__u8 mac[6];
};

struct bench {
	const char *row, *first_hop, *objects, *prefix;
	struct way way;
	unsigned int round;
	__u32 steps[STEPS_MAX];
	unsigned int step_count;
	__u64 packets;
	__u32 wires; /* to the outside */
	bool bursts;
	__u32 room; /* ports that may be taken: fill the pool, and steps are per cent of this */
	bool count; /* ports that are tried */
	const char *mode; /* cores, expiry, latency, profile, or as plain */
	__u32 rate, seconds; /* new flows of expiry, or load of latency, a second */
	int daemon; /* its process */
	struct device devices[END_MAX][WIRES];
	struct bpf_object *gen, *sink, *fwd;
	int generate, generators, sinks, wire_map;
	const struct record *records; /* by flow */
	__u32 *list;
};

/* What is sent in one go, and measured. */
struct cell {
	const char *what;
	enum direction direction;
	__u32 first, count; /* flows */
	__u32 stride;
	__u64 packets;
	bool record;
	__u32 step; /* 0: 1 */
	bool listed;
};

struct outcome {
	__u64 sent, time, waited; /* ns */
	__u64 started, ended; /* CLOCK_MONOTONIC: first frame made, last seen */
	__u64 generated; /* ns, from the first frame made to the last: what is lost is in it */
	struct sink sink;
};

/* Says what failed, and returns the error. */
int fail(int error, const char *format, ...);

/* Opens the devices, loads and attaches; 0 or -errno, which it has said. */
int rig_setup(struct bench *b);

int cell_try(const struct bench *b, const struct cell *c, struct outcome *o);

/* Prints a line. Established packets that another process disturbed, or some of which were lost, are sent again. */
int cell_run(const struct bench *b, const struct cell *c);

int fill_run(const struct bench *b);
int cores_run(const struct bench *b);
int expiry_run(const struct bench *b);
int profile_run(const struct bench *b);
int latency_run(const struct bench *b);

/* Where the gateway of tests/lib/counted.h counts; or a negative error. */
int counts_open(const struct bench *b);

static inline bool outcome_complete(const struct outcome *o)
{
	return o->sink.received == o->sent;
}

#endif
