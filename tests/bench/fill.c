// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pool that fills up: at each level, what a new flow costs, how many ports it tries, and how many are
 * refused while a port is free. Filling tries again whom the search left out, until the level is
 * reached; only then a sample of flows that nobody knows yet is measured.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "bench.h"

#define ROUNDS_MAX 200
#define AGAIN 16 /* turns of each flow in a further round */
#define SAMPLE_SHARE 256 /* of the room: little enough to leave the level as it is */

static __u32 flows_made(const struct bench *b, __u32 until)
{
	__u32 made = 0;

	for (__u32 i = 0; i < until; i++)
		made += !!b->records[i].port;
	return made;
}

/* Lists those that have no port yet; how many. */
static __u32 flows_missing(const struct bench *b, __u32 from, __u32 until)
{
	__u32 missing = 0;

	for (__u32 i = from; i < until && missing < LIST_MAX; i++)
		if (!b->records[i].port)
			b->list[missing++] = i;
	return missing;
}

static int level_reach(const struct bench *b, __u32 from, __u32 until)
{
	struct cell c = { .what = "fill", .direction = b->way.opens, .stride = 1, .record = true,
			  .listed = true };
	struct outcome o;
	int err = 0;

	for (int i = 0; i < ROUNDS_MAX && !err; i++) {
		c.count = flows_missing(b, from, until);
		if (!c.count)
			break;
		c.packets = (__u64)c.count * (i ? AGAIN : 1);
		err = cell_try(b, &c, &o);
	}
	return err;
}

/* Of the program that is attached: others of the same make may be loaded beside it. */
int counts_open(const struct bench *b)
{
	const struct device *gin = b->devices[END_GIN];
	struct bpf_prog_info program = {};
	struct bpf_map_info info;
	__u32 id = 0, ids[128], size = sizeof(program);
	int fd;

	if (setns(gin->ns, CLONE_NEWNET) || bpf_xdp_query_id((int)gin->ifindex, 0, &id) || !id)
		return fail(-ENOENT, "a gateway that counts");
	fd = bpf_prog_get_fd_by_id(id);
	program.nr_map_ids = sizeof(ids) / sizeof(*ids);
	program.map_ids = (__u64)(unsigned long)ids;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &program, &size))
		return fail(-errno, "program %u", id);
	close(fd);
	for (__u32 i = 0; i < program.nr_map_ids && i < sizeof(ids) / sizeof(*ids); i++) {
		size = sizeof(info);
		memset(&info, 0, sizeof(info));
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "counted"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return fail(-ENOENT, "a gateway that counts");
}

static __u64 probes_made(int counts)
{
	static const char key[64] = "loop F(port_search)";
	__u64 made = 0;

	bpf_map_lookup_elem(counts, key, &made);
	return made;
}

static int level_measure(const struct bench *b, unsigned int level, __u32 first, int counts)
{
	__u32 used = flows_made(b, b->room), sample = b->room / SAMPLE_SHARE;
	struct cell c = { "fill", b->way.opens, first, sample, 1, sample, true, 0, false };
	__u64 before = counts >= 0 ? probes_made(counts) : 0;
	struct outcome o;
	int err;

	err = cell_try(b, &c, &o);
	if (err)
		return err;
	printf("{\"row\": \"%s\", \"round\": %u, \"level\": %u, \"what\": \"fill\", ", b->row, b->round,
	       level);
	printf("\"room\": %u, \"used\": %u, \"sent\": %llu, \"delivered\": %llu, ", b->room, used,
	       o.sent, o.sink.received);
	if (counts >= 0)
		printf("\"probes\": %.3f, ", (double)(probes_made(counts) - before) / (double)o.sent);
	/* the last frame is made, not sent, when the time is taken */
	printf("\"waited\": %.2f, \"ns\": %.2f}\n", (double)o.waited / sample,
	       (double)o.generated / (sample - 1));
	fflush(stdout);
	return 0;
}

int fill_run(const struct bench *b)
{
	int counts = b->count ? counts_open(b) : -1, err = 0;
	__u32 reached = 0;

	if (b->count && counts < 0)
		return counts;
	for (unsigned int i = 0; i < b->step_count && !err; i++) {
		__u32 until = (__u32)((__u64)b->room * b->steps[i] / 100);

		err = level_reach(b, reached, until);
		if (!err)
			err = level_measure(b, b->steps[i], until, counts);
		reached = until;
	}
	return err;
}
