// SPDX-License-Identifier: GPL-2.0-only
/* The routing table of a circuit: which route is the kernel's choice, and what it does. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "drift_part.h"

static uint32_t table_of(const struct config_circuit *circuit)
{
	return circuit->table ? circuit->table : RT_TABLE_MAIN;
}

bool drift_is_link(const struct drift_job *j, size_t circuit, int ifindex)
{
	const struct config_circuit *k = &j->p->config->circuits[circuit];
	const char *name = NULL;

	for (size_t i = 0; i < j->k->link_count && !name; i++)
		if (j->k->links[i].ifindex == ifindex)
			name = j->k->links[i].name;
	for (size_t i = 0; name && i < k->link_count; i++)
		if (!strcmp(k->links[i].interface, name))
			return true;
	return false;
}

/* Hops that leave by a link of the circuit. */
static unsigned int hops_by_link(const struct drift_job *j, size_t circuit,
				 const struct kernel_route *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->hop_count; i++)
		n += drift_is_link(j, circuit, r->hops[i].ifindex);
	return n;
}

/*
 * Of what is not translated the packet path asks link by link, and asked so the kernel passes over a
 * route out of another device and looks for a shorter one. A default that ends in nothing says the same
 * as no route: samepath writes one behind everything. Its blackholes for pools are its own too, and lie
 * where no class should.
 */
static bool counts(const struct drift_job *j, size_t circuit, const struct kernel_route *r)
{
	if (r->kind == ROUTE_UNICAST)
		return j->p->config->circuits[circuit].translates || hops_by_link(j, circuit, r);
	return r->to.length && !(r->kind == ROUTE_BLACKHOLE && r->protocol == KERNEL_PROTOCOL);
}

struct candidate {
	struct prefix prefix; /* first, so that prefix_compare sorts candidates too */
	uint32_t metric, route;
};

static int candidate_compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	return order ? order : (x->metric > y->metric) - (x->metric < y->metric);
}

static struct candidate *candidates(const struct drift_job *j, size_t circuit, size_t *count)
{
	uint32_t table = table_of(&j->p->config->circuits[circuit]);
	struct candidate *list = calloc(j->k->route_count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < j->k->route_count; i++) {
		const struct kernel_route *r = &j->k->routes[i];

		if (r->table == table && r->to.family == j->family && counts(j, circuit, r))
			list[n++] = (struct candidate){ r->to, r->metric, (uint32_t)i + 1 };
	}
	if (n)
		qsort(list, n, sizeof(*list), candidate_compare);
	*count = n;
	return list;
}

int drift_table_read(const struct drift_job *j, size_t circuit, struct drift_table *out)
{
	size_t n = 0;
	struct candidate *list = candidates(j, circuit, &n);
	int err = -ENOMEM;

	*out = (struct drift_table){ .entries = calloc(n + 1, sizeof(*out->entries)) };
	for (size_t i = 0; list && out->entries && i < n; i++)
		if (!i || !prefix_equal(&list[i].prefix, &list[i - 1].prefix))
			out->entries[out->count++] =
				(struct image_entry){ list[i].prefix, list[i].route };
	if (list && out->entries)
		err = ranges_flatten(out->entries, out->count, j->family, &out->flat);
	free(list);
	if (err)
		drift_table_free(out);
	return err;
}

void drift_table_free(struct drift_table *t)
{
	free(t->entries);
	ranges_free(&t->flat);
	*t = (struct drift_table){ 0 };
}

/* Of several hops the kernel chooses, and a circuit is passed over when it chose another's device. */
uint8_t drift_route_state(const struct drift_job *j, size_t circuit, uint32_t route)
{
	const struct kernel_route *r = route ? &j->k->routes[route - 1] : NULL;
	unsigned int hops;
	uint8_t good;

	if (!r)
		return DRIFT_NONE;
	if (r->kind != ROUTE_UNICAST)
		return DRIFT_DEAD;
	good = r->to.length ? DRIFT_ROUTED : DRIFT_DEFAULT;
	hops = hops_by_link(j, circuit, r);
	if (!hops)
		return DRIFT_AWAY;
	if (hops < r->hop_count && j->p->config->circuits[circuit].translates)
		return good | DRIFT_AWAY;
	return good;
}

bool drift_route_brought(const struct drift_job *j, size_t circuit, uint32_t route)
{
	static const struct in6_addr none;
	const struct kernel_route *r = &j->k->routes[route - 1];

	if (r->kind != ROUTE_UNICAST || !r->to.length || !hops_by_link(j, circuit, r))
		return false;
	for (unsigned int i = 0; i < r->hop_count; i++)
		if (memcmp(&r->hops[i].gateway, &none, sizeof(none)))
			return true;
	return false; /* connected */
}
