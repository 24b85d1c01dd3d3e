// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses of a destination are walked. Every prefix that anything in the plan may tell by lies
 * whole inside, around or beside a prefix of the destination. Of those inside, the beginning and what
 * comes behind the end are looked at: between two such places nothing tells one address from another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "verify.h"

struct points {
	const struct paper *plan;
	const struct paper_destination *of;
	const struct paper_segment *inside; /* whose hosts are looked for; NULL: a destination's */
	bool pool; /* all addresses of it are looked for */
	struct prefix *at; /* host prefixes */
	size_t count, room;
	bool failed;
};

/* What the site itself has: segments, pools, published addresses. */
static bool ours(const struct paper *p, const struct prefix *host)
{
	for (size_t i = 0; i < p->site_count; i++)
		for (size_t k = 0; k < p->sites[i].segment_count; k++)
			if (longest_of(&p->sites[i].segments[k].prefixes, host))
				return true;
	for (size_t i = 0; i < p->circuit_count; i++)
		if (longest_of(circuit_outbound(&p->circuits[i]), host) ||
		    longest_of(circuit_inbound(&p->circuits[i]), host))
			return true;
	for (size_t i = 0; i < p->service_count; i++)
		if (longest_of(&p->services[i].public, host))
			return true;
	return false;
}

/* A destination such as 0.0.0.0/0 does not mean loopback, nor somebody's private network. */
static bool meant(const struct prefix *host, const struct prefix *around)
{
	enum prefix_scope scope = prefix_scope(host);

	return scope != SCOPE_SPECIAL &&
	       (scope != SCOPE_PRIVATE || prefix_scope(around) == SCOPE_PRIVATE);
}

/* The destination with the longest prefix around an address has it. */
static bool belongs(const struct points *s, const struct prefix *host)
{
	const struct paper_destination *best = NULL;
	const struct prefix *around = NULL;
	int longest = -1;

	if (s->pool)
		return true;
	if (s->inside)
		return paper_segment_of(s->plan, host) == s->inside;
	for (size_t i = 0; i < s->plan->destination_count; i++) {
		const struct paper_destination *d = &s->plan->destinations[i];

		for (size_t k = 0; k < d->prefix_count; k++)
			if (prefix_contains(&d->prefixes[k], host) &&
			    (d->prefixes[k].length > longest ||
			     (d->prefixes[k].length == longest && d == s->of))) {
				longest = d->prefixes[k].length;
				around = &d->prefixes[k];
				best = d;
			}
	}
	return best == s->of && meant(host, around) && !ours(s->plan, host);
}

static void add(struct points *s, const struct in6_addr *a)
{
	const struct prefix host = host_prefix(a);
	struct prefix *grown;

	if (s->failed || !belongs(s, &host))
		return;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		grown = realloc(s->at, s->room * sizeof(*grown));
		s->failed = !grown;
		if (!grown)
			return;
		s->at = grown;
	}
	s->at[s->count++] = host;
}

/* The address behind the last one of a prefix; false: there is none. */
static bool behind(const struct prefix *p, struct in6_addr *out)
{
	unsigned int length = prefix_mapped_length(p), bit = length;

	*out = p->address;
	while (bit-- > 0) {
		unsigned char mask = (unsigned char)(0x80u >> (bit % 8));

		out->s6_addr[bit / 8] ^= mask;
		if (out->s6_addr[bit / 8] & mask)
			return true; /* no carry */
	}
	return false;
}

static void inner(struct points *s, const struct prefix *p)
{
	struct in6_addr a = some_host(p);
	struct prefix next;

	for (size_t i = 0; i < s->of->prefix_count; i++) {
		const struct prefix *own = &s->of->prefixes[i];

		if (!prefix_contains(own, p))
			continue;
		add(s, &a);
		if (!behind(p, &next.address))
			continue;
		next = host_prefix(&next.address);
		if (prefix_contains(own, &next))
			add(s, &next.address);
	}
}

static void all_inner(struct points *s, const struct config_prefixes *list)
{
	for (size_t i = 0; i < list->count; i++)
		inner(s, &list->at[i].prefix);
}

static void of_routes(struct points *s, const struct paper_routes *r)
{
	for (size_t i = 0; i < r->count; i++) {
		all_inner(s, &r->at[i].to);
		all_inner(s, &r->at[i].except);
	}
}

static void of_sites(struct points *s, const struct paper *p)
{
	for (size_t i = 0; i < p->site_count; i++) {
		of_routes(s, &p->sites[i].routes);
		for (size_t k = 0; k < p->sites[i].segment_count; k++) {
			all_inner(s, &p->sites[i].segments[k].prefixes);
			of_routes(s, &p->sites[i].segments[k].routes);
		}
	}
}

static void of_gateways(struct points *s, const struct paper *p)
{
	for (size_t i = 0; i < p->gateway_count; i++) {
		const struct paper_gateway *g = &p->gateways[i];

		of_routes(s, &g->routes);
		for (size_t k = 0; g->config && k < g->config->class_count; k++)
			for (size_t n = 0; n < g->classes[k].count; n++)
				inner(s, &g->classes[k].at[n]);
		for (size_t k = 0; g->config && s->inside && k < g->config->segment_count; k++)
			all_inner(s, &g->config->segments[k].prefixes);
	}
}

/* Of a destination as wide as the internet: one that is surely in it. */
static void somewhere(struct points *s)
{
	const char *const text[] = { "1.0.0.0/8", "2600::/12" }, *why;
	struct prefix p;

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		if (!prefix_parse(text[i], &p, &why))
			inner(s, &p);
}

static int take(struct points *s, struct in6_addr **out, size_t *count)
{
	*count = s->failed ? 0 : prefixes_order(s->at, s->count);
	*out = calloc(*count + 1, sizeof(**out));
	for (size_t i = 0; *out && i < *count; i++)
		(*out)[i] = s->at[i].address;
	free(s->at);
	return s->failed || !*out ? -ENOMEM : 0;
}

int verify_hosts(const struct paper *p, const struct paper_segment *g, struct in6_addr **out,
		 size_t *count)
{
	struct paper_destination all = { 0 };
	struct points s = { .plan = p, .of = &all, .inside = g };
	struct prefix own;

	all.prefixes = &own;
	all.prefix_count = 1;
	for (size_t i = 0; i < g->prefixes.count; i++) {
		own = g->prefixes.at[i].prefix;
		inner(&s, &own);
		for (size_t k = 0; k < p->circuit_count; k++)
			all_inner(&s, &p->circuits[k].received.at);
		of_sites(&s, p);
		of_gateways(&s, p);
	}
	return take(&s, out, count);
}

int verify_points(const struct paper *p, const struct paper_destination *d, struct in6_addr **out,
		  size_t *count)
{
	struct points s = { .plan = p, .of = d };

	somewhere(&s);
	for (size_t i = 0; i < p->destination_count; i++)
		for (size_t k = 0; k < p->destinations[i].prefix_count; k++)
			inner(&s, &p->destinations[i].prefixes[k]);
	for (size_t i = 0; i < p->circuit_count; i++)
		all_inner(&s, &p->circuits[i].received.at);
	of_sites(&s, p);
	of_gateways(&s, p);
	return take(&s, out, count);
}

static int pool_hosts(const struct paper *p, struct prefix pool, struct in6_addr **out,
		      size_t *count)
{
	struct paper_destination all = { .prefixes = &pool, .prefix_count = 1 };
	struct points s = { .plan = p, .of = &all, .pool = true };

	inner(&s, &pool);
	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];

		all_inner(&s, circuit_advertised(c));
		all_inner(&s, &c->accepted.at);
		all_inner(&s, circuit_outbound(c));
		all_inner(&s, circuit_inbound(c));
	}
	of_sites(&s, p);
	of_gateways(&s, p);
	return take(&s, out, count);
}

static int kinds_of_pool(const struct paper *p, const struct prefix *pool, struct paper_hosts *out)
{
	struct kinds kinds = { 0 };
	struct in6_addr *at = NULL, *grown;
	size_t count;
	int err = pool_hosts(p, *pool, &at, &count) ?: verify_kinds(p, at, count, &kinds);

	grown = err ? NULL : realloc(out->at, (out->count + kinds.count + 1) * sizeof(*grown));
	if (grown)
		out->at = grown;
	for (size_t i = 0; grown && i < kinds.count; i++)
		grown[out->count++] = kinds.at[i].first;
	free(kinds.at);
	free(at);
	return grown ? 0 : -ENOMEM;
}

static int kinds_of_pools(const struct paper *p, const struct config_prefixes *pools,
			  struct paper_hosts *out)
{
	int err = 0;

	out->count = 0;
	for (size_t i = 0; i < pools->count && !err; i++)
		err = kinds_of_pool(p, &pools->at[i].prefix, out);
	return err;
}

int verify_pools(struct paper *p)
{
	int err = 0;

	for (size_t i = 0; i < p->circuit_count && !err; i++) {
		struct paper_circuit *c = &p->circuits[i];

		err = kinds_of_pools(p, circuit_outbound(c), &c->outbound_hosts) ?:
			      kinds_of_pools(p, circuit_inbound(c), &c->inbound_hosts);
	}
	return err;
}
