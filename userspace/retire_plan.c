// SPDX-License-Identifier: GPL-2.0-only
/* What must stay of the former configuration, put into the plan of the new one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "attach.h"
#include "print.h"

/* Is what has this number now the device that we attached to? Numbers are given again. */
static bool still_ours(const struct plan *p, int ifindex, const struct link *l)
{
	const struct kernel_link *link = plan_link_at(p, ifindex);
	struct kernel_place place;

	return link && !kernel_place(p->links, p->link_count, link, &place) &&
	       place.trunk->ifindex == (l->trunk ? (int)l->trunk : ifindex) &&
	       !memcmp(place.tags, l->tags, sizeof(l->tags)) &&
	       attached_xdp(p->instance.pins, place.trunk->name, place.trunk->ifindex);
}

static int suspect_links(struct plan *p)
{
	struct link_key key, *at = NULL;
	struct link l;
	int err = 0;

	while (!err && !maps_next(&p->maps, MAP_links, at, &key)) {
		at = &key;
		if (key.outer != NO_TAG || maps_get(&p->maps, MAP_links, &key, &l) ||
		    l.role[p->live.slot].kind != ROLE_LINK || plan_has_device(p, (int)key.ifindex) ||
		    !still_ours(p, (int)key.ifindex, &l))
			continue;
		err = retire_suspect(&p->census, (struct suspect){ .kind = SUSPECT_LINK,
								   .number = l.role[p->live.slot].circuit,
								   .ifindex = key.ifindex });
	}
	return err;
}

static int suspect_sources(struct plan *p)
{
	struct scoped_set is = { 0 };
	int err = scoped_read(&p->maps, MAP_sources, &is);

	for (size_t i = 0; i < is.count && !err; i++)
		if (!scoped_find(&p->sources, is.at[i].scope, &is.at[i].prefix))
			err = retire_suspect(&p->census, (struct suspect){ .kind = SUSPECT_SOURCE,
									   .number = is.at[i].scope,
									   .prefix = is.at[i].prefix });
	free(is.at);
	return err;
}

/* Only when there are suspects: these need no census. */
static int wanted_sources(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->sources.count && !err; i++)
		err = retire_suspect(&p->census, (struct suspect){ .kind = WANTED_SOURCE,
								   .number = p->sources.at[i].scope,
								   .prefix = p->sources.at[i].prefix });
	return err;
}

static int suspect_ranges(struct plan *p, uint32_t n, const struct pool *former, const struct pool *now,
			  unsigned char family)
{
	int err = 0;

	for (uint32_t i = 0; i < former->ranges && !err; i++) {
		struct prefix prefix = retire_prefix(&former->range[i], family), other;
		bool stays = false;

		for (uint32_t k = 0; k < now->ranges && !stays; k++) {
			other = retire_prefix(&now->range[k], family);
			stays = prefix_equal(&prefix, &other);
		}
		if (!stays)
			err = retire_suspect(&p->census, (struct suspect){ .kind = SUSPECT_INBOUND,
									   .number = n, .prefix = prefix });
	}
	return err;
}

/* Inbound pools are no sources of their circuit; the live slot knows them. */
static int suspect_inbound(struct plan *p)
{
	int err = 0;

	for (uint32_t n = 1; n < CIRCUITS_MAX && !err; n++) {
		uint32_t index = p->live.slot * CIRCUITS_MAX + n;
		const struct circuit *now = &p->image->circuits[n];
		struct circuit former;

		if (maps_get(&p->maps, MAP_circuits, &index, &former) || !(former.flags & CIRCUIT_PRESENT))
			continue;
		err = suspect_ranges(p, n, &former.in4, &now->in4, 4);
		err = err ? err : suspect_ranges(p, n, &former.in6, &now->in6, 6);
	}
	return err;
}

/* Adds an entry to a trie of the image, unless the prefix is somebody else's by now. */
static int keep_entry(struct image_trie *t, const struct prefix *prefix, uint32_t value)
{
	struct image_entry *grown;

	for (size_t i = 0; i < t->count; i++)
		if (prefix_equal(&t->at[i].prefix, prefix))
			return 0;
	grown = realloc(t->at, (t->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->at = grown;
	grown[t->count++] = (struct image_entry){ .prefix = *prefix, .value = value };
	return 0;
}

static int keep_owner(struct plan *p, enum owner_kind kind, uint32_t circuit, const struct prefix *prefix)
{
	struct owner owner = { .kind = (uint8_t)kind, .circuit = (uint8_t)circuit };
	uint32_t value;

	memcpy(&value, &owner, sizeof(value));
	return keep_entry(&p->image->owners, prefix, value);
}

static int keep_prefix(struct plan *p, enum suspect_kind kind, uint32_t n, const struct prefix *prefix)
{
	int err;

	if (kind == SUSPECT_SOURCE)
		return keep_owner(p, OWNER_OUTBOUND_POOL, n, prefix);
	err = keep_owner(p, OWNER_INBOUND_POOL, n, prefix);
	/* Nobody inside has these addresses yet, whatever segment they fell to. */
	return err ? err : keep_entry(prefix->family == 4 ? &p->image->segments4 : &p->image->segments6,
				      prefix, 0);
}

/* Former ranges that the circuit lost and that flows wear. */
static int keep_ranges(struct plan *p, enum suspect_kind kind, uint32_t n, const struct pool *former,
		       struct pool *now, unsigned char family)
{
	int err = 0;

	for (uint32_t i = 0; i < former->ranges && !err; i++) {
		struct prefix prefix = retire_prefix(&former->range[i], family);

		if (!retire_uses(&p->census, kind, n, &prefix))
			continue;
		if (now->ranges == POOL_RANGES) {
			print_error("circuit %s: %d pool prefixes at most, those that flows still use "
				    "included; flush the flows or wait", p->image->circuit_names[n],
				    POOL_RANGES);
			return -ENOSPC;
		}
		now->range[now->ranges] = former->range[i];
		now->range[now->ranges++].flags |= RANGE_RETIRING;
		err = keep_prefix(p, kind, n, &prefix);
	}
	return err;
}

static struct name *name_of(struct plan *p, enum name_kind kind, uint32_t number)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (p->names[i].key.kind == kind && p->names[i].number == number)
			return &p->names[i];
	return NULL;
}

static int keep_circuit(struct plan *p, uint32_t n)
{
	uint32_t index = p->live.slot * CIRCUITS_MAX + n;
	struct circuit former, *now = &p->image->circuits[n];
	struct name *name = name_of(p, NAME_CIRCUIT, n);
	int err;

	if (maps_get(&p->maps, MAP_circuits, &index, &former) || !(former.flags & CIRCUIT_PRESENT))
		return 0;
	if (!(now->flags & CIRCUIT_PRESENT)) {
		if (!p->census.circuits[n])
			return 0;
		*now = former;
		now->flags |= CIRCUIT_RETIRING;
		p->image->settings.features |= now->flags & CIRCUIT_DSCP ? FEATURE_DSCP : 0;
		now->out4.ranges = now->out6.ranges = now->in4.ranges = now->in6.ranges = 0;
		if (name) {
			name->used = true;
			snprintf(p->image->circuit_names[n], sizeof(p->image->circuit_names[n]), "%s",
				 name->key.name);
		}
	}
	err = keep_ranges(p, SUSPECT_SOURCE, n, &former.out4, &now->out4, 4);
	err = err ? err : keep_ranges(p, SUSPECT_SOURCE, n, &former.out6, &now->out6, 6);
	err = err ? err : keep_ranges(p, SUSPECT_INBOUND, n, &former.in4, &now->in4, 4);
	return err ? err : keep_ranges(p, SUSPECT_INBOUND, n, &former.in6, &now->in6, 6);
}

/* No port leads to it any more; whoever lists flows finds its name, and nobody else gets its number. */
static void keep_service(struct plan *p, uint32_t n)
{
	uint32_t index = p->live.slot * SERVICES_MAX + n;
	struct service former, *now = &p->image->services[n];
	struct name *name = name_of(p, NAME_SERVICE, n);

	if (now->flags || !p->census.services[n] || maps_get(&p->maps, MAP_services, &index, &former) ||
	    !(former.flags & SERVICE_PRESENT))
		return;
	*now = former;
	now->flags |= SERVICE_RETIRING;
	if (name) {
		name->used = true;
		snprintf(p->image->service_names[n], sizeof(p->image->service_names[n]), "%s",
			 name->key.name);
	}
}

static void keep_links(struct plan *p)
{
	for (size_t i = 0; i < p->census.count; i++) {
		const struct suspect *s = &p->census.at[i];
		bool retiring;

		/* A circuit that goes as a whole keeps its links; one that stays, those in use. */
		if (s->kind != SUSPECT_LINK || !(p->image->circuits[s->number].flags & CIRCUIT_PRESENT))
			continue;
		retiring = p->image->circuits[s->number].flags & CIRCUIT_RETIRING;
		if (!s->flows && !retiring)
			continue;
		plan_device_add(p, plan_link_at(p, (int)s->ifindex),
				(struct role){ .kind = ROLE_LINK, .circuit = (uint8_t)s->number,
					       .retiring = 1 });
	}
}

/* A link that stays needs its own addresses too: without them the guard would stop its ARP. */
static int keep_addresses(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count; i++)
		for (size_t k = 0; p->devices[i].role.retiring && k < p->address_count && !err; k++)
			if (p->addresses[k].ifindex == p->devices[i].link->ifindex)
				err = scoped_add(&p->sources, p->devices[i].role.circuit,
						 &p->addresses[k].address);
	return err;
}

static bool name_vanished(const struct plan *p)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (!p->names[i].used)
			return true;
	return false;
}

/* Sources, and who is answered for. One address that the outside asked for was a service's. */
static int keep_suspect(struct plan *p, const struct suspect *s)
{
	bool host = s->prefix.length == (s->prefix.family == 4 ? 32 : 128);
	int err = 0;

	if (!s->flows || (s->kind != SUSPECT_SOURCE && s->kind != SUSPECT_INBOUND))
		return 0;
	if (s->kind == SUSPECT_INBOUND)
		return plan_answers(p, 0, &s->prefix);
	if (s->outside && host)
		err = keep_owner(p, OWNER_SERVICE, 0, &s->prefix);
	err = err ? err : scoped_put(&p->sources, s->number, &s->prefix, SOURCE_RETIRING);
	return err ? err : plan_answers(p, s->number, &s->prefix);
}

int retire_plan(struct plan *p)
{
	int err = suspect_links(p);

	err = err ? err : suspect_sources(p);
	err = err ? err : suspect_inbound(p);
	if (err || (!p->census.count && !name_vanished(p)))
		return err;
	err = wanted_sources(p);
	err = err ? err : retire_census(&p->maps, &p->census);
	/* Circuits and devices first: answers for a kept prefix need them. */
	for (uint32_t n = 1; n < CIRCUITS_MAX && !err; n++)
		err = keep_circuit(p, n);
	for (uint32_t n = 1; n < SERVICES_MAX && !err; n++)
		keep_service(p, n);
	if (!err) {
		keep_links(p);
		err = keep_addresses(p);
	}
	for (size_t i = 0; i < p->census.count && !err; i++)
		err = keep_suspect(p, &p->census.at[i]);
	return err;
}
