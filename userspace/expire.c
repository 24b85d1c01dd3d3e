// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "expire.h"
#include "print.h"

uint64_t expire_pause(uint64_t took)
{
	return took * 9;
}

/* A second for each quarter of a million entries, which take some ms, up to ten. */
uint64_t expire_rest(const struct sweep *s)
{
	uint64_t walked = (uint64_t)s->reached[0] + s->reached[1];
	uint64_t live = s->entries[SWEPT_FLOWS4] + s->entries[SWEPT_FLOWS6];
	uint64_t rest = walked > 16 * live ? walked * (NANOSECONDS / 250000) : 0;

	return rest < NANOSECONDS ? NANOSECONDS : rest > 10 * NANOSECONDS ? 10 * NANOSECONDS : rest;
}

int expire_iterate(const struct observe *o, const char *program, const char *map)
{
	union bpf_iter_link_info info = {0};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info));
	int code = observe_program(o, program), table = observe_map(o, map), link = -1, fd;

	if (code < 0 || table < 0) {
		fd = code < 0 ? code : table;
		goto out;
	}
	info.map.map_fd = (__u32)table;
	link = bpf_link_create(code, 0, BPF_TRACE_ITER, &options);
	fd = link < 0 ? -errno : bpf_iter_create(link);
	if (link >= 0 && fd < 0)
		fd = -errno;
out:
	if (fd < 0)
		print_error("program %s over map %s: cannot iterate: %s", program, map,
			    strerror(-fd));
	/* The iterator holds the link, the link the map and the program. */
	if (link >= 0)
		close(link);
	if (table >= 0)
		close(table);
	if (code >= 0)
		close(code);
	return fd;
}

/* Whole records are counted, and what is behind the last one is kept for the next read. */
static void count(struct expire *e, const char *buffer, size_t have)
{
	size_t at = e->spaces ? spaces_read(e->spaces, buffer, have) : have;

	e->rest_size = have - at < sizeof(e->rest) ? have - at : 0;
	memcpy(e->rest, buffer + at, e->rest_size);
}

/* Not before the rest of a record that did not fit was read. */
static bool walked_all(struct expire *e)
{
	uint32_t running = SWEEP_RUNNING;
	struct sweep now;

	return e->sum > 0 && !e->rest_size && !bpf_map_lookup_elem(e->sum, &running, &now) &&
	       now.reached[e->stage] >= e->last;
}

/* Reads until the walk ends (1), fails, or has taken its time (0). */
static int drive(struct expire *e, const char *map, uint64_t until)
{
	char buffer[sizeof(e->rest) + EXPIRE_READ];
	ssize_t got;

	/* -EAGAIN is the kernel's word for a million elements without a byte, and means go on. */
	do {
		memcpy(buffer, e->rest, e->rest_size);
		got = read(e->fd, buffer + e->rest_size, EXPIRE_READ);
		if (!got)
			return 1;
		if (got < 0 && errno != EAGAIN && errno != EINTR) {
			int err = -errno;

			print_error("map %s: sweep: %s", map, strerror(-err));
			return err;
		}
		if (got > 0)
			count(e, buffer, e->rest_size + (size_t)got);
		if (walked_all(e))
			return 1;
	} while (observe_now() < until);
	return 0;
}

static bool idle(const struct host *host, uint64_t now)
{
	return !host->flows && now > host->touched && now - host->touched > EXPIRE_HOST_REST;
}

static void forget_idle(int fd, const struct in6_addr *keys, const struct host *hosts,
			uint32_t count, uint64_t now)
{
	struct host host;

	/* The batch is old by the time its last host is looked at, so that one is asked for anew. */
	for (uint32_t i = 0; i < count; i++)
		if (idle(&hosts[i], now) && !bpf_map_lookup_elem(fd, &keys[i], &host) &&
		    idle(&host, now))
			bpf_map_delete_elem(fd, &keys[i]);
}

/* A host without flows for two seconds goes; no packet holds its pointer that long. */
static int sweep_hosts(const struct observe *o)
{
	enum { BATCH = 1024 };
	struct in6_addr keys[BATCH];
	struct host hosts[BATCH];
	uint32_t token = 0, next = 0, count;
	int fd = observe_map(o, "hosts"), err = 0;
	void *from = NULL;

	if (fd < 0)
		return fd;
	while (!err) {
		count = BATCH;
		if (bpf_map_lookup_batch(fd, from, &next, keys, hosts, &count, NULL))
			err = -errno;
		if (!err || err == -ENOENT)
			forget_idle(fd, keys, hosts, count, observe_now());
		token = next;
		from = &token;
	}
	close(fd);
	return err == -ENOENT ? 0 : err;
}

static int sweep_write(const struct observe *o, uint32_t entry, const struct sweep *s)
{
	int fd = observe_map(o, "sweep"), err;

	if (fd < 0)
		return fd;
	err = bpf_map_update_elem(fd, &entry, s, BPF_ANY) ? -errno : 0;
	close(fd);
	return err;
}

static int sweep_read(const struct observe *o, struct sweep *s)
{
	uint32_t entry = SWEEP_RUNNING;
	int fd = observe_map(o, "sweep"), err;

	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &entry, s) ? -errno : 0;
	close(fd);
	return err;
}

static const char *const tables[][2] = {
	{"expire_flows4", "flows4"}, {"expire_flows6", "flows6"},
	{"expire_mappings4", "mappings4"}, {"expire_mappings6", "mappings6"},
};

#define STAGES (sizeof(tables) / sizeof(tables[0]))
#define STAGE_MAPPINGS 2 /* the first of them */

static void table_end(struct expire *e)
{
	if (e->fd > 0)
		close(e->fd);
	if (e->sum > 0)
		close(e->sum);
	e->fd = e->sum = 0;
}

/* 1: this table is done, whatever came of it. */
static int step_table(const struct observe *o, struct expire *e, uint64_t until)
{
	int done;

	/* Mappings that no walk could have touched must not look abandoned. */
	if (e->err && e->stage >= STAGE_MAPPINGS)
		return 1;
	if (!e->fd) {
		if (e->stage < STAGE_MAPPINGS) {
			e->last = observe_flows_begun(o, e->stage ? 6 : 4);
			e->sum = observe_map(o, "sweep");
		}
		e->fd = expire_iterate(o, tables[e->stage][0], tables[e->stage][1]);
	}
	done = e->fd < 0 ? e->fd : drive(e, tables[e->stage][1], until);
	if (!done)
		return 0;
	if (done < 0 && !e->err)
		e->err = done;
	table_end(e);
	e->rest_size = 0;
	return 1;
}

void expire_end(struct expire *e)
{
	table_end(e);
	*e = (struct expire){ .spaces = e->spaces };
}

int expire_step(const struct observe *o, struct expire *e, uint64_t slice)
{
	uint64_t until = observe_now() + slice;
	int err;

	if (!e->running) {
		*e = (struct expire){ .spaces = e->spaces };
		e->err = sweep_write(o, SWEEP_RUNNING, &e->result);
		e->running = true;
	}
	while (e->stage < STAGES) {
		if (!step_table(o, e, until))
			return 0;
		e->stage++;
	}
	err = sweep_hosts(o);
	e->err = e->err ? e->err : err;
	err = sweep_read(o, &e->result);
	e->err = e->err ? e->err : err;
	e->result.ended = observe_now();
	if (!e->err)
		e->err = sweep_write(o, SWEEP_LAST, &e->result);
	e->running = false;
	return 1;
}
