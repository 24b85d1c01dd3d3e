// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that nothing in a plan tells apart are of one kind, and one of them is walked for all. What a
 * walk asks of an address is written down here as a mark: which segment has it, how long a prefix each
 * neighbour's routes and each circuit have for it, which rules mean it, and whether it is one that a
 * device puts in. Of routes that are written out to one neighbour only the longest counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "verify.h"

struct mark {
	uint32_t *at;
	size_t count, room;
	bool failed;
};
struct marking {
	const struct paper *plan;
	struct prefix host;
	struct mark mark;
	int *longest; /* of a list's written routes, by neighbour; -1: none */
};

static void put(struct marking *m, size_t what, size_t value)
{
	struct mark *k = &m->mark;
	uint32_t *grown;

	if (k->count + 2 > k->room) {
		grown = realloc(k->at, (k->room * 2 + 64) * sizeof(*grown));
		k->failed |= !grown;
		if (!grown)
			return;
		k->at = grown;
		k->room = k->room * 2 + 64;
	}
	k->at[k->count++] = (uint32_t)what;
	k->at[k->count++] = (uint32_t)value;
}

static void put_longest(struct marking *m, size_t what, const struct config_prefixes *list)
{
	const struct config_prefix *p = longest_of(list, &m->host);

	if (p)
		put(m, what, p->prefix.length);
}

static size_t neighbours(const struct paper *p)
{
	return p->site_count + p->gateway_count;
}

static size_t neighbour(const struct paper *p, struct place at)
{
	return at.kind == PLACE_SITE ? (size_t)(at.site - p->sites) :
				       p->site_count + (size_t)(at.gateway - p->gateways);
}

static void put_routes(struct marking *m, const struct paper_routes *r)
{
	const struct config_prefix *p;
	struct prefix by;
	int *longest;

	for (size_t i = 0; i < neighbours(m->plan); i++)
		m->longest[i] = -1;
	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].circuit) {
			if (circuit_reaches(r->at[i].circuit, &r->at[i].except, &m->host.address,
					    &by))
				put(m, neighbours(m->plan) + i, by.length);
			continue;
		}
		p = longest_of(&r->at[i].to, &m->host);
		longest = &m->longest[neighbour(m->plan, r->at[i].hop)];
		if (p && p->prefix.length > *longest)
			*longest = p->prefix.length;
	}
	for (size_t i = 0; i < neighbours(m->plan); i++)
		if (m->longest[i] >= 0)
			put(m, i, (size_t)m->longest[i]);
}

/* A list without routes has a place in the mark all the same where its end is put. */
static void put_end(struct marking *m)
{
	put(m, UINT32_MAX, 0);
}

static void of_sites(struct marking *m)
{
	const struct paper *p = m->plan;

	for (size_t i = 0; i < p->site_count; i++) {
		const struct paper_site *s = &p->sites[i];

		for (size_t k = 0; k < s->segment_count; k++)
			put_longest(m, k, &s->segments[k].prefixes);
		put_end(m);
		put_routes(m, &s->routes);
		put_end(m);
		for (size_t k = 0; k < s->segment_count; k++) {
			if (!s->segments[k].routes.count)
				continue;
			put_routes(m, &s->segments[k].routes);
			put_end(m);
		}
	}
}

static void of_gateways(struct marking *m)
{
	const struct paper *p = m->plan;

	for (size_t i = 0; i < p->gateway_count; i++) {
		const struct paper_gateway *g = &p->gateways[i];
		size_t rules = g->config ? g->config->rule_count : g->rule_count;

		for (size_t k = 0; k < rules; k++)
			put(m, rule_from(g, p, k, &m->host), rule_to(g, p, k, &m->host));
		put_routes(m, &g->routes);
		put_end(m);
	}
}

static void of_circuits(struct marking *m)
{
	const struct paper *p = m->plan;
	struct prefix by;

	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];

		if (circuit_reaches(c, NULL, &m->host.address, &by))
			put(m, 0, by.length);
		put_longest(m, 1, c->accepted.given ? &c->accepted.at : circuit_advertised(c));
		put_longest(m, 2, circuit_outbound(c));
		put_end(m);
	}
}

/* Addresses that devices put into a packet, or look for in it, are a kind of their own each. */
static void put_same(struct marking *m, const struct config_prefixes *list)
{
	struct in6_addr a;

	for (size_t i = 0; i < list->count; i++) {
		a = some_host(&list->at[i].prefix);
		put(m, 3, !memcmp(&a, &m->host.address, sizeof(a)));
	}
}

static void of_devices(struct marking *m)
{
	const struct paper *p = m->plan;

	for (size_t i = 0; i < p->circuit_count; i++) {
		put_same(m, circuit_outbound(&p->circuits[i]));
		put_same(m, circuit_inbound(&p->circuits[i]));
	}
	for (size_t i = 0; i < p->firewall_count; i++)
		put_same(m, &p->firewalls[i].source_nat);
	for (size_t i = 0; i < p->service_count; i++) {
		put_same(m, &p->services[i].public);
		put_same(m, &p->services[i].servers);
	}
}

static void mark_of(struct marking *m, const struct in6_addr *a)
{
	m->host = host_prefix(a);
	m->mark = (struct mark){ 0 };
	put(m, m->host.family, 0);
	of_sites(m);
	of_gateways(m);
	of_circuits(m);
	of_devices(m);
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
	return a->count == b->count && !memcmp(a->at, b->at, a->count * sizeof(*a->at));
}

static void sort_out(struct marking *m, struct mark *marks, struct kinds *k,
		     const struct in6_addr *a)
{
	size_t i = 0;

	mark_of(m, a);
	while (i < k->count && !same_mark(&marks[i], &m->mark))
		i++;
	k->at[i].count++;
	if (i < k->count) {
		free(m->mark.at);
		return;
	}
	marks[k->count] = m->mark;
	k->at[k->count++].first = *a;
}

int verify_kinds(const struct paper *plan, const struct in6_addr *at, size_t count,
		 struct kinds *out)
{
	struct marking m = { .plan = plan };
	struct mark *marks = calloc(count + 1, sizeof(*marks));
	bool failed;

	*out = (struct kinds){ .at = calloc(count + 1, sizeof(*out->at)) };
	m.longest = calloc(neighbours(plan) + 1, sizeof(*m.longest));
	failed = !marks || !out->at || !m.longest;
	for (size_t i = 0; i < count && !failed; i++) {
		sort_out(&m, marks, out, &at[i]);
		failed = m.mark.failed;
	}
	for (size_t i = 0; marks && i < out->count; i++)
		free(marks[i].at);
	free(marks);
	free(m.longest);
	return failed ? -ENOMEM : 0;
}
