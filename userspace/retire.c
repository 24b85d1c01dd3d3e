// SPDX-License-Identifier: GPL-2.0-only
/* Who still uses what: the census over the flow tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

static bool opened_outside(const struct flow_record *r)
{
	return r->forward.flags & FLOW_OPENED_OUTSIDE;
}

/* The device that the next hop is on; what sends may be a trunk of VLAN devices. 0: none that is known. */
static uint32_t device_of(const struct maps *m, const struct next_hop *hop)
{
	struct link_key key = { hop->oif, hop->tags[0], hop->tags[1] ? hop->tags[1] : NO_TAG };
	struct link l;

	if (!hop->tags[0])
		return hop->oif;
	return maps_get(m, MAP_links, &key, &l) ? 0 : l.device;
}

/* The device by which packets of the half leave, 0: not known now. As of the forward half the iterator
 * tells it itself: an entry that the half was led to lately is still the one it was led to. */
static uint32_t way_of(const struct maps *m, const struct half *half)
{
	uint32_t index = half->hop, tick;
	struct next_hop hop;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	tick = (uint32_t)(((uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec) >> TICK_SHIFT);
	if (!index || tick - half->asked >= NEXT_HOP_REST || maps_get(m, MAP_next_hops, &index, &hop))
		return 0;
	return device_of(m, &hop);
}

/* The halves of a flow that the outside opened have changed sides. A way that is not known now may be
 * this one. */
static bool on_link(const struct maps *m, const struct flow_record *r, uint32_t ifindex)
{
	uint32_t in = opened_outside(r) ? r->forward.iif : r->reply.iif, out;

	if (in == ifindex)
		return true;
	out = opened_outside(r) ? way_of(m, &r->reply) : r->oif;
	return !out || out == ifindex;
}

/* An address of a pool that was published too, or of a pool that got another length: new flows go on to
 * wear it, so it would retire for ever. What the outside opened ends. */
static bool wanted(const struct census *c, const struct flow_record *r)
{
	for (size_t i = 0; i < c->count && !opened_outside(r); i++)
		if (c->at[i].kind == WANTED_SOURCE && c->at[i].number == r->forward.circuit &&
		    holds(&c->at[i].prefix, &r->saddr))
			return true;
	return false;
}

/* On its circuit a flow that the outside opened has the address it was sent to. */
static bool uses(const struct maps *m, const struct census *c, const struct flow_record *r,
		 const struct suspect *s)
{
	if (s->kind == SUSPECT_SERVICE)
		return r->forward.flags & FLOW_SERVICE && r->forward.class == s->number;
	if (r->forward.circuit != s->number)
		return false;
	switch (s->kind) {
	case SUSPECT_SOURCE:
		return holds(&s->prefix, opened_outside(r) ? &r->key.daddr : &r->saddr) && !wanted(c, r);
	case SUSPECT_INBOUND:
		return opened_outside(r) && holds(&s->prefix, &r->saddr);
	case SUSPECT_LINK:
		return on_link(m, r, s->ifindex);
	case WANTED_SOURCE:
		return false;
	default:
		return true;
	}
}

static void count_record(const struct maps *m, struct census *c, const struct flow_record *r)
{
	c->flows++;
	if (r->forward.circuit < CIRCUITS_MAX)
		c->circuits[r->forward.circuit]++;
	if (r->forward.flags & FLOW_SERVICE && r->forward.class < SERVICES_MAX)
		c->services[r->forward.class]++;
	else if (r->forward.class < CLASSES_MAX)
		c->classes[r->forward.class]++;
	for (size_t i = 0; i < c->count; i++) {
		if (!uses(m, c, r, &c->at[i]))
			continue;
		c->at[i].flows++;
		c->at[i].outside += opened_outside(r);
	}
}

static int count_table(const struct maps *m, enum program_index program, enum map_index map,
		       struct census *c)
{
	struct flow_record records[RECORDS];
	bool end = false;
	size_t have = 0;
	ssize_t size = 0;
	int fd = maps_iterate(m, program, map);

	if (fd < 0)
		return fd;
	/* A read may end in the middle of a record. */
	while (!end) {
		size_t whole;

		size = read(fd, (char *)records + have, sizeof(records) - have);
		if (size < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (size <= 0)
			break;
		have += (size_t)size;
		whole = have / sizeof(*records);
		for (size_t i = 0; i < whole && !end; i++) {
			end = !records[i].family;
			if (!end)
				count_record(m, c, &records[i]);
		}
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

uint64_t retire_uses(const struct census *c, enum suspect_kind kind, uint32_t circuit,
		     const struct prefix *prefix)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].kind == kind && c->at[i].number == circuit &&
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

static int pending_ranges(struct census *c, enum suspect_kind kind, uint32_t n, const struct pool *pool,
			  unsigned char family)
{
	int err = 0;

	for (uint32_t i = 0; i < pool->ranges && !err; i++)
		if (pool->range[i].flags & RANGE_RETIRING)
			err = retire_suspect(c, (struct suspect){
				.kind = kind, .number = n, .prefix = retire_prefix(&pool->range[i], family) });
	return err;
}

static int pending_circuits(const struct maps *m, uint32_t slot, bool *whole, struct census *c)
{
	struct circuit circuit;
	int err = 0;

	for (uint32_t n = 1; n < CIRCUITS_MAX && !err; n++) {
		uint32_t index = slot * CIRCUITS_MAX + n;

		if (maps_get(m, MAP_circuits, &index, &circuit) || !(circuit.flags & CIRCUIT_PRESENT))
			continue;
		whole[n] = circuit.flags & CIRCUIT_RETIRING;
		if (whole[n])
			err = retire_suspect(c, (struct suspect){ .kind = SUSPECT_CIRCUIT, .number = n });
		err = err ? err : pending_ranges(c, SUSPECT_SOURCE, n, &circuit.out4, 4);
		err = err ? err : pending_ranges(c, SUSPECT_SOURCE, n, &circuit.out6, 6);
		err = err ? err : pending_ranges(c, SUSPECT_INBOUND, n, &circuit.in4, 4);
		err = err ? err : pending_ranges(c, SUSPECT_INBOUND, n, &circuit.in6, 6);
	}
	return err;
}

static int pending_services(const struct maps *m, uint32_t slot, struct census *c)
{
	struct service service;
	int err = 0;

	for (uint32_t n = 1; n < SERVICES_MAX && !err; n++) {
		uint32_t index = slot * SERVICES_MAX + n;

		if (!maps_get(m, MAP_services, &index, &service) && service.flags & SERVICE_RETIRING)
			err = retire_suspect(c, (struct suspect){ .kind = SUSPECT_SERVICE, .number = n });
	}
	return err;
}

/* What is in no slot: public addresses, and inside prefixes that left untranslated. */
static int pending_sources(const struct maps *m, struct census *c)
{
	struct scoped_prefix key, *at = NULL;
	uint32_t value;
	int err = 0;

	while (!err && !maps_next(m, MAP_sources, at, &key)) {
		at = &key;
		if (!maps_get(m, MAP_sources, &key, &value))
			err = retire_suspect(c, (struct suspect){
				.kind = value == SOURCE_RETIRING ? SUSPECT_SOURCE : WANTED_SOURCE,
				.number = key.scope, .prefix = scoped_prefix_of(&key) });
	}
	return err;
}

/* Everything that retires in the live slot. */
static int pending(const struct maps *m, struct census *c)
{
	uint32_t slot = maps_live(m).slot;
	struct link_key key, *at = NULL;
	bool whole[CIRCUITS_MAX] = { false };
	struct link l;
	int err = pending_circuits(m, slot, whole, c);

	err = err ? err : pending_services(m, slot, c);
	err = err ? err : pending_sources(m, c);
	while (!err && !maps_next(m, MAP_links, at, &key)) {
		at = &key;
		/* A circuit that goes as a whole takes its links along. */
		if (key.outer == NO_TAG && !maps_get(m, MAP_links, &key, &l) && l.role[slot].retiring &&
		    !whole[l.role[slot].circuit % CIRCUITS_MAX])
			err = retire_suspect(c, (struct suspect){ .kind = SUSPECT_LINK,
								  .number = l.role[slot].circuit,
								  .ifindex = key.ifindex });
	}
	return err;
}

int retire_ended(const struct maps *m, bool *ended)
{
	struct census c = { 0 };
	int err = pending(m, &c);
	bool any = false;

	*ended = false;
	for (size_t i = 0; i < c.count; i++)
		any |= c.at[i].kind != WANTED_SOURCE;
	if (!err && any)
		err = retire_census(m, &c);
	for (size_t i = 0; i < c.count && any && !err; i++)
		*ended |= c.at[i].kind != WANTED_SOURCE && !c.at[i].flows;
	retire_free(&c);
	return err;
}
