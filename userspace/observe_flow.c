// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of flow records: an iterator program in the kernel walks the table and writes a record
 * for each forward half; here they are taken out in small reads. The kernel stays in the walk for one
 * read, a million places at most.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "expire.h"
#include "observe.h"
#include "print.h"

/* Takes whole records out of `buffer`, leaves the rest at its beginning. `end`: the last one said so. */
static int take(char *buffer, size_t *have, bool *end, observe_each each, void *context)
{
	struct flow_record record;
	size_t at = 0;
	int err = 0;

	for (; !err && !*end && *have - at >= sizeof(record); at += sizeof(record)) {
		memcpy(&record, buffer + at, sizeof(record));
		*end = !record.family;
		err = *end ? 0 : each(context, &record);
	}
	memmove(buffer, buffer + at, *have - at);
	*have -= at;
	return err;
}

static int walk(const struct observe *o, const char *program, const char *map, observe_each each,
		void *context)
{
	char buffer[EXPIRE_READ + sizeof(struct flow_record)];
	int fd = expire_iterate(o, program, map), err = 0;
	size_t have = 0;
	bool end = false;

	if (fd < 0)
		return fd;
	while (!err && !end) {
		ssize_t got = read(fd, buffer + have, EXPIRE_READ);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0) {
			err = -errno;
			print_error("map %s: cannot list: %s", map, strerror(-err));
		}
		if (got <= 0)
			break;
		have += (size_t)got;
		err = take(buffer, &have, &end, each, context);
	}
	close(fd);
	return err;
}

int observe_walk_flows(const struct observe *o, observe_each each, void *context)
{
	int err = walk(o, "list_flows4", "flows4", each, context);

	return err ? err : walk(o, "list_flows6", "flows6", each, context);
}

int observe_flow_table(const struct observe *o, int family, struct flow_table_maps *m)
{
	bool four = family == 4;

	m->family = family;
	m->tables = observe_map(o, "flow_tables");
	m->flows = observe_map(o, four ? "flows4" : "flows6");
	m->near = observe_map(o, four ? "flow_near4" : "flow_near6");
	m->far = observe_map(o, four ? "flow_far4" : "flow_far6");
	return m->tables < 0 ? m->tables : m->flows < 0 ? m->flows : m->near < 0 ? m->near : m->far < 0 ? m->far : 0;
}

void observe_flow_table_close(struct flow_table_maps *m)
{
	int fds[] = { m->tables, m->flows, m->near, m->far };

	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

uint32_t observe_flows_begun(const struct observe *o, int family)
{
	uint32_t place = FLOW_TABLE(family);
	struct flow_table t = { .fresh = UINT32_MAX };
	int fd = observe_map(o, "flow_tables");

	if (fd >= 0) {
		bpf_map_lookup_elem(fd, &place, &t);
		close(fd);
	}
	return t.fresh;
}
