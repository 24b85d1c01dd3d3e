// SPDX-License-Identifier: GPL-2.0-only
/* Who still uses what: the census over the flow tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "maps.h"
#include "print.h"
#include "retire.h"

#define RECORDS 64 /* a read */

static bool holds(const struct prefix *p, const struct in6_addr *address)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(address);
	struct prefix host = { .address = *address, .family = mapped ? 4 : 6,
			       .length = mapped ? 32 : 128 };

	return host.family == p->family && prefix_contains(p, &host);
}

static void count_record(struct census *c, const struct flow_record *r)
{
	c->flows++;
	if (r->forward.circuit < CIRCUITS_MAX)
		c->circuits[r->forward.circuit]++;
	if (r->forward.class < CLASSES_MAX)
		c->classes[r->forward.class]++;
	for (size_t i = 0; i < c->count; i++) {
		struct suspect *s = &c->at[i];

		if (s->circuit != r->forward.circuit)
			continue;
		if (s->ifindex ? r->forward.oif == s->ifindex || r->reply.iif == s->ifindex :
				 holds(&s->prefix, &r->saddr))
			s->flows++;
	}
}

static int count_table(const struct maps *m, enum program_index program, enum map_index map,
		       struct census *c)
{
	struct flow_record records[RECORDS];
	size_t have = 0;
	ssize_t size;
	int fd = maps_iterate(m, program, map);

	if (fd < 0)
		return fd;
	/* A read may end in the middle of a record. */
	while ((size = read(fd, (char *)records + have, sizeof(records) - have)) > 0 ||
	       (size < 0 && (errno == EINTR || errno == EAGAIN))) {
		size_t whole;

		if (size < 0)
			continue;
		have += (size_t)size;
		whole = have / sizeof(*records);
		for (size_t i = 0; i < whole; i++)
			count_record(c, &records[i]);
		have -= whole * sizeof(*records);
		memmove(records, records + whole, have);
	}
	size = size < 0 ? -errno : 0;
	close(fd);
	return (int)size;
}

int retire_census(const struct maps *m, struct census *c)
{
	int err = count_table(m, PROGRAM_list_flows4, MAP_flows4, c);

	err = err ? err : count_table(m, PROGRAM_list_flows6, MAP_flows6, c);
	if (err)
		print_error("cannot list the flows: %s", strerror(-err));
	c->taken = !err;
	return err;
}

uint64_t retire_uses(const struct census *c, uint32_t circuit, const struct prefix *prefix)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->at[i].ifindex && c->at[i].circuit == circuit &&
		    prefix_equal(&c->at[i].prefix, prefix))
			return c->at[i].flows;
	return 0;
}

void retire_free(struct census *c)
{
	free(c->at);
	memset(c, 0, sizeof(*c));
}

bool retire_pending(const struct maps *m)
{
	uint32_t slot = maps_live(m).slot;
	struct link_key key, *at = NULL;
	struct circuit c;
	struct link l;

	for (uint32_t n = 1; n < CIRCUITS_MAX; n++) {
		uint32_t index = slot * CIRCUITS_MAX + n;

		if (maps_get(m, MAP_circuits, &index, &c) || !(c.flags & CIRCUIT_PRESENT))
			continue;
		if (c.flags & CIRCUIT_RETIRING)
			return true;
		for (int i = 0; i < c.ranges4; i++)
			if (c.pool4[i].flags & RANGE_RETIRING)
				return true;
		for (int i = 0; i < c.ranges6; i++)
			if (c.pool6[i].flags & RANGE_RETIRING)
				return true;
	}
	while (!maps_next(m, MAP_links, at, &key)) {
		at = &key;
		if (!maps_get(m, MAP_links, &key, &l) && l.role[slot].retiring)
			return true;
	}
	return false;
}
