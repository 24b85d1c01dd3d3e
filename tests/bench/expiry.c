// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many live flows, new ones all the time, and the daemon sweeping out those that fell silent. Live ones
 * are kept by a packet each within KEPT seconds; the new ones say one word and expire. Frames come in
 * TICKS bursts a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define TICKS 5
#define KEPT 5 /* the time-out of the configuration is twice this */
#define SETTLING 30 /* s, until as many flows end as begin, and a sweep has seen it; at most as long as is measured */

struct tally {
	__u64 sent, received, opened, spoilt;
};

/* ns that the daemon has run, all of its threads. */
static __u64 daemon_ran(int pid)
{
	unsigned long long user = 0, kernel = 0;
	char path[64], line[1024] = "", *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	rest = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (rest)
		sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel);
	fclose(file);
	return (user + kernel) * (1000000000ull / (__u64)sysconf(_SC_CLK_TCK));
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000u + (__u64)t.tv_nsec;
}

static void sleep_until(__u64 when)
{
	struct timespec t = { .tv_sec = (time_t)(when / 1000000000u), .tv_nsec = (long)(when % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

static int send_some(const struct bench *b, struct tally *t, __u32 first, __u32 count, bool fresh)
{
	struct cell c = { fresh ? "create" : "out", OUT, first, count, 1, count, fresh, 0, false };
	struct outcome o;
	int err = cell_try(b, &c, &o);

	if (err)
		return err;
	t->sent += o.sent;
	t->received += o.sink.received;
	t->spoilt += o.sink.wrong + o.sink.bad_checksum;
	t->opened += fresh ? count : 0;
	return 0;
}

int expiry_run(const struct bench *b)
{
	__u32 live = b->steps[0], fresh = b->rate / TICKS, part = live / (KEPT * TICKS), next = live;
	unsigned int settling = (b->seconds < SETTLING ? b->seconds : SETTLING) * TICKS;
	unsigned int turns = settling + b->seconds * TICKS;
	struct tally made = {}, counted = {}, *t = &counted;
	__u64 start, began = 0, ran = 0, took;
	int err = send_some(b, &made, 0, live, true);

	start = now();
	for (unsigned int i = 0; i < turns && !err; i++) {
		if (i == settling) {
			counted = (struct tally){};
			began = now();
			ran = daemon_ran(b->daemon);
		}
		err = send_some(b, t, i % (KEPT * TICKS) * part, part, false);
		if (!err)
			err = send_some(b, t, next, fresh, true);
		next += fresh;
		sleep_until(start + (i + 1) * (1000000000ull / TICKS));
	}
	if (err)
		return err;
	took = now() - began;
	ran = daemon_ran(b->daemon) - ran;
	printf("{\"row\": \"%s\", \"round\": %u, \"live\": %u, \"seconds\": %.1f, ", b->row, b->round, live,
	       (double)took / 1e9);
	printf("\"opened\": %llu, \"ran\": %u, \"asked\": %u, \"new_per_second\": %.0f, \"sent\": %llu, \"lost\": %lld, \"spoilt\": %llu, \"share\": %.5f}\n",
	       (__u64)next, turns / TICKS, b->rate, (double)counted.opened / (double)took * 1e9, counted.sent,
	       (long long)(counted.sent - counted.received), counted.spoilt + made.spoilt, (double)ran / (double)took);
	return 0;
}
