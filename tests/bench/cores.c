// SPDX-License-Identifier: GPL-2.0-only
/*
 * One core and two. Each wire receives on as many queues as there are cores, and a redirected frame is
 * received on the core that sent it; so a generator that is bound to a core has its gateway and its sink
 * there, as a card does that spreads flows over its queues.
 *
 *   one     core A sends what is out of every second host, so that a core has as many flows as where there are two
 *   two     A of every second host, B of the others, at once
 *   split   A what is out of every second host, B what is in of the others, at once: no flow is shared
 *   apart   A what is out, B what is in of the same hosts, at once: each flow has a direction on each core
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "bench.h"

struct lane {
	struct cell cell;
	struct outcome outcome;
	int cpu, err;
	bool ready;
};

static void lane_run(const struct bench *b, struct lane *own, const struct lane *other)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned int)own->cpu, &set);
	own->err = sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
	__atomic_store_n(&own->ready, true, __ATOMIC_RELEASE);
	while (other && !__atomic_load_n(&other->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	if (!own->err)
		own->err = cell_try(b, &own->cell, &own->outcome);
}

/* ns a packet: mean of what each core took. Throughput is of the time from the first frame of all to the last. */
static int lanes_run(const struct bench *b, const char *what, struct lane *lanes, int count)
{
	__u64 sent = 0, received = 0, wrong = 0, started = ~0ull, ended = 0;
	double cost = 0;

	for (int i = 0; i < count; i++) {
		lanes[i].ready = false;
		if (!fork()) {
			lane_run(b, &lanes[i], count > 1 ? &lanes[!i] : NULL);
			_exit(0);
		}
	}
	for (int i = 0; i < count; i++)
		wait(NULL);
	for (int i = 0; i < count; i++) {
		const struct outcome *o = &lanes[i].outcome;

		if (lanes[i].err)
			return lanes[i].err;
		sent += o->sent;
		received += o->sink.received;
		wrong += o->sink.wrong + o->sink.bad_checksum;
		started = o->started < started ? o->started : started;
		ended = o->ended > ended ? o->ended : ended;
		cost += o->sink.received ? (double)o->time / (double)o->sink.received / count : 0;
	}
	printf("{\"row\": \"%s\", \"round\": %u, \"what\": \"%s\", \"sent\": %llu, \"delivered\": %llu, ",
	       b->row, b->round, what, sent, received);
	printf("\"wrong\": %llu, \"ns\": %.2f, \"rate\": %.0f}\n", wrong, cost,
	       ended > started ? (double)received / (double)(ended - started) * 1e9 : 0);
	fflush(stdout);
	return 0;
}

static struct cell half(const struct bench *b, enum direction direction, __u32 parity)
{
	return (struct cell){ direction == OUT ? "out" : "in", direction, parity, b->steps[0] / 2,
			      ESTABLISHED_STRIDE, b->packets, false, 2, false };
}

int cores_run(const struct bench *b)
{
	__u32 flows = b->steps[0];
	struct cell create = { "create", OUT, 0, flows, 1, flows, true, 0, false };
	struct cell answer = { "answer", IN, 0, flows, 1, flows, false, 0, false };
	struct lane *lanes = mmap(NULL, 2 * sizeof(*lanes), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct outcome o;
	int err;

	if (lanes == MAP_FAILED)
		return fail(-errno, "lanes");
	lanes[0].cpu = sched_getcpu();
	lanes[1].cpu = lanes[0].cpu ? 0 : 1;
	err = cell_try(b, &create, &o);
	if (!err)
		err = cell_try(b, &answer, &o);
	lanes[0].cell = half(b, OUT, 0);
	if (!err)
		err = lanes_run(b, "one", lanes, 1);
	lanes[1].cell = half(b, OUT, 1);
	if (!err)
		err = lanes_run(b, "two", lanes, 2);
	lanes[1].cell = half(b, IN, 1);
	if (!err)
		err = lanes_run(b, "split", lanes, 2);
	lanes[1].cell = half(b, IN, 0);
	return err ? err : lanes_run(b, "apart", lanes, 2);
}
