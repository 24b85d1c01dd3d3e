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
#define WHOLE_CIRCUIT UINT32_MAX /* in place of an ifindex */

static bool holds(const struct prefix *p, const struct in6_addr *address)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(address);
	struct prefix host = { .address = *address, .family = mapped ? 4 : 6,
			       .length = mapped ? 32 : 128 };

	return host.family == p->family && prefix_contains(p, &host);
}

/* A way that is not known now may be this one. */
static bool on_link(const struct flow_record *r, uint32_t ifindex)
{
	return !r->oif || r->oif == ifindex || r->reply.iif == ifindex;
}

static void count_record(struct census *c, const struct flow_record *r)
{
	c->flows++;
	if (r->forward.circuit < CIRCUITS_MAX)
		c->circuits[r->forward.circuit]++;
	if (r->forward.flags & FLOW_SERVICE && r->forward.class < SERVICES_MAX)
		c->services[r->forward.class]++;
	else if (r->forward.class < CLASSES_MAX)
		c->classes[r->forward.class]++;
	for (size_t i = 0; i < c->count; i++) {
		struct suspect *s = &c->at[i];

		if (s->circuit != r->forward.circuit)
			continue;
		if (s->ifindex ? on_link(r, s->ifindex) : holds(&s->prefix, &r->saddr))
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

int retire_suspect(struct census *c, struct suspect s)
{
	struct suspect *grown = realloc(c->at, (c->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->at = grown;
	grown[c->count++] = s;
	return 0;
}

struct prefix retire_prefix(const struct pool_range *r, unsigned char family)
{
	struct prefix p = { .address = r->first, .family = family, .length = r->length };

	for (unsigned int i = prefix_mapped_length(&p); i < 128; i++)
		p.address.s6_addr[i / 8] &= (unsigned char)~(0x80 >> (i % 8));
	return p;
}

static int pending_ranges(struct census *c, uint32_t n, const struct pool_range *r, uint8_t count,
			  unsigned char family)
{
	int err = 0;

	for (uint8_t i = 0; i < count && !err; i++)
		if (r[i].flags & RANGE_RETIRING)
			err = retire_suspect(c, (struct suspect){ .circuit = n,
								  .prefix = retire_prefix(&r[i], family) });
	return err;
}

/* Everything that retires in the live slot. */
static int pending(const struct maps *m, struct census *c)
{
	uint32_t slot = maps_live(m).slot;
	struct link_key key, *at = NULL;
	bool whole[CIRCUITS_MAX] = { false };
	struct circuit circuit;
	struct link l;
	int err = 0;

	for (uint32_t n = 1; n < CIRCUITS_MAX && !err; n++) {
		uint32_t index = slot * CIRCUITS_MAX + n;

		if (maps_get(m, MAP_circuits, &index, &circuit) || !(circuit.flags & CIRCUIT_PRESENT))
			continue;
		whole[n] = circuit.flags & CIRCUIT_RETIRING;
		if (whole[n])
			err = retire_suspect(c, (struct suspect){ .circuit = n, .ifindex = WHOLE_CIRCUIT });
		err = err ? err : pending_ranges(c, n, circuit.out4.range, circuit.out4.ranges, 4);
		err = err ? err : pending_ranges(c, n, circuit.out6.range, circuit.out6.ranges, 6);
	}
	while (!err && !maps_next(m, MAP_links, at, &key)) {
		at = &key;
		/* A circuit that goes as a whole takes its links along. */
		if (!maps_get(m, MAP_links, &key, &l) && l.role[slot].retiring &&
		    !whole[l.role[slot].circuit % CIRCUITS_MAX])
			err = retire_suspect(c, (struct suspect){ .circuit = l.role[slot].circuit,
								  .ifindex = key.ifindex });
	}
	return err;
}

int retire_ended(const struct maps *m, bool *ended)
{
	struct census c = { 0 };
	int err = pending(m, &c);

	*ended = false;
	if (!err && c.count)
		err = retire_census(m, &c);
	for (size_t i = 0; i < c.count && !err; i++)
		*ended |= !(c.at[i].ifindex == WHOLE_CIRCUIT ? c.circuits[c.at[i].circuit] : c.at[i].flows);
	retire_free(&c);
	return err;
}
