// SPDX-License-Identifier: GPL-2.0-only
/* Whose ARP requests and neighbour solicitations are answered, and what is told unasked. */
#include <errno.h>
#include "apply_plan.h"

#define ANNOUNCE_MAX 256 /* addresses a link: enough for pools that share a subnet with a router */

uint32_t host_of(const struct in6_addr *a)
{
	return (uint32_t)a->s6_addr[12] << 24 | (uint32_t)a->s6_addr[13] << 16 |
	       (uint32_t)a->s6_addr[14] << 8 | a->s6_addr[15];
}

void set_host(struct in6_addr *a, uint32_t host)
{
	for (int i = 0; i < 4; i++)
		a->s6_addr[12 + i] = (unsigned char)(host >> (24 - 8 * i));
}

struct prefix subnet_of(const struct kernel_address *a)
{
	struct prefix s = a->address;
	unsigned int bits;

	s.length = a->subnet_length;
	bits = prefix_mapped_length(&s);
	for (unsigned int i = bits; i < 128; i++)
		s.address.s6_addr[i / 8] &= (unsigned char)~(0x80 >> (i % 8));
	return s;
}

struct in6_addr last_of(const struct prefix *p)
{
	struct in6_addr last = p->address;

	for (unsigned int i = prefix_mapped_length(p); i < 128; i++)
		last.s6_addr[i / 8] |= (unsigned char)(0x80 >> (i % 8));
	return last;
}

static bool holds(const struct prefix *p, const struct in6_addr *address)
{
	struct prefix host = { .address = *address, .family = p->family,
			       .length = p->family == 4 ? 32 : 128 };

	return prefix_contains(p, &host);
}

static bool contains_server(const struct config *c, const struct prefix *part)
{
	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].servers.count; k++)
			if (prefix_contains(part, &c->services[i].servers.at[k].prefix))
				return true;
	return false;
}

/* Not answered for: what others own. The kernel's addresses, the next hops, inside the servers, and the
 * two ends of the subnet (of IPv6 the first, RFC 4291 2.6.1). */
static bool contains_foreign(const struct plan *p, const struct prefix *part, const struct prefix *subnet,
			     bool inside)
{
	struct in6_addr last = last_of(subnet);
	bool ends = subnet->length < (subnet->family == 4 ? 31 : 127);

	if (ends && (holds(part, &subnet->address) || (subnet->family == 4 && holds(part, &last))))
		return true;
	for (size_t i = 0; i < p->address_count; i++)
		if (prefix_contains(part, &p->addresses[i].address))
			return true;
	for (size_t i = 0; i < p->config->circuit_count; i++)
		for (size_t k = 0; k < p->config->circuits[i].link_count; k++) {
			const struct config_prefixes *hops = &p->config->circuits[i].links[k].next_hops;

			for (size_t n = 0; n < hops->count; n++)
				if (prefix_contains(part, &hops->at[n].prefix))
					return true;
		}
	return inside && contains_server(p->config, part);
}

/* Halves the prefix around the foreign addresses: each costs at most one entry a bit. */
static int answer_parts(struct plan *p, const struct plan_device *d, struct prefix part,
			const struct prefix *subnet)
{
	unsigned int bit;
	int err;

	if (!contains_foreign(p, &part, subnet, d->role.kind == ROLE_INSIDE))
		return scoped_add(&p->answers, (uint32_t)d->link->ifindex, &part);
	if (part.length == (part.family == 4 ? 32 : 128))
		return 0;
	bit = prefix_mapped_length(&part);
	part.length++;
	err = answer_parts(p, d, part, subnet);
	part.address.s6_addr[bit / 8] |= (unsigned char)(0x80 >> (bit % 8));
	return err ? err : answer_parts(p, d, part, subnet);
}

int plan_answers(struct plan *p, uint32_t circuit, const struct prefix *pool)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count; i++) {
		const struct plan_device *d = &p->devices[i];

		if (d->role.kind != (circuit ? ROLE_LINK : ROLE_INSIDE) || d->role.circuit != circuit)
			continue;
		for (size_t k = 0; k < p->address_count && !err; k++) {
			struct prefix subnet = subnet_of(&p->addresses[k]);

			if (p->addresses[k].ifindex == d->link->ifindex && prefix_overlaps(&subnet, pool))
				err = answer_parts(p, d, subnet.length > pool->length ? subnet : *pool,
						   &subnet);
		}
	}
	return err;
}

void plan_announce(const struct plan *p)
{
	size_t left = ANNOUNCE_MAX * p->device_count;

	for (size_t i = 0; i < p->answers.count; i++) {
		const struct scoped *s = &p->answers.at[i];
		const struct kernel_link *link = plan_link_at(p, (int)s->scope);
		struct in6_addr address = s->prefix.address;
		unsigned int bits = (s->prefix.family == 4 ? 32 : 128) - s->prefix.length;
		uint32_t count = bits < 8 ? 1u << bits : ANNOUNCE_MAX;

		for (uint32_t k = 0; link && link->up && k < count && left; k++, left--) {
			set_host(&address, host_of(&s->prefix.address) + k);
			kernel_announce(link, &address);
		}
	}
}
