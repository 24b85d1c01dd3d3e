// SPDX-License-Identifier: GPL-2.0-only
/* Pools: public where they must be, nobody else's, and reached by the circuit that owns them. */
#include <string.h>
#include "check.h"
#include "image.h"
#include "../maps/circuit.h"

const char *check_scope(enum prefix_scope scope)
{
	static const char *const what[] = {
		[SCOPE_PUBLIC] = "public",
		[SCOPE_PRIVATE] = "private range",
		[SCOPE_DOCUMENTATION] = "documentation range",
		[SCOPE_BENCHMARK] = "benchmarking range",
		[SCOPE_SPECIAL] = "holds special addresses",
	};

	return what[scope];
}

static void public_pool(const struct config *c, const struct config_circuit *k,
			const struct config_prefix *p, struct report *r)
{
	enum prefix_scope scope = prefix_scope(&p->prefix);
	char text[PREFIX_TEXT];

	if (k->kind == KIND_OTHER || scope == SCOPE_PUBLIC || (c->lab && scope != SCOPE_SPECIAL))
		return;
	report_error(r, c->file, p->line, "circuits[%s].outbound-pool: %s: %s; accepted: a public prefix%s",
		     k->name, prefix_text(&p->prefix, text), check_scope(scope),
		     scope == SCOPE_SPECIAL ? "" : ", or any of these under gateway.lab: true");
}

#define OWN "addresses of its own"

/* Says that `p` of a pool of `k` overlaps `other`. */
static void overlap(const struct config *c, const struct config_circuit *k, const char *key,
		    const struct config_prefix *p, const struct config_prefix *other, const char *whose,
		    const char *accepted, struct report *r)
{
	char text[PREFIX_TEXT], second[PREFIX_TEXT];

	report_error(r, c->file, p->line,
		     "circuits[%s].%s: %s: overlaps %s of %s (line %d); accepted: %s", k->name, key,
		     prefix_text(&p->prefix, text), prefix_text(&other->prefix, second), whose, other->line,
		     accepted);
}

/* Against what stands before it in the file, so that a pair is said once. */
static void against_pool(const struct config *c, const struct config_circuit *k, const char *key,
			 const struct config_prefix *p, const struct config_circuit *o,
			 const struct config_prefixes *pool, struct report *r)
{
	size_t i;

	for (i = 0; i < pool->count && &pool->at[i] != p; i++)
		if (prefix_overlaps(&p->prefix, &pool->at[i].prefix))
			overlap(c, k, key, p, &pool->at[i], o->name, OWN, r);
}

static void outbound(const struct config *c, const struct config_circuit *k, const struct config_prefix *p,
		     struct report *r)
{
	const struct config_circuit *o;
	size_t i, j;

	public_pool(c, k, p, r);
	for (o = c->circuits; o <= k; o++)
		against_pool(c, k, "outbound-pool", p, o, &o->outbound_pool, r);
	for (i = 0; i < c->segment_count; i++)
		for (j = 0; j < c->segments[i].prefixes.count; j++)
			if (prefix_overlaps(&p->prefix, &c->segments[i].prefixes.at[j].prefix))
				overlap(c, k, "outbound-pool", p, &c->segments[i].prefixes.at[j],
					c->segments[i].name, OWN, r);
}

/* What servers see as their clients must be nobody that has the address. */
static void not_lived_in(const struct config *c, const struct config_circuit *k,
			 const struct config_prefix *p, const struct config_service *s, const char *what,
			 const struct config_prefixes *list, struct report *r)
{
	char text[PREFIX_TEXT], host[PREFIX_TEXT];

	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&p->prefix, &list->at[i].prefix))
			report_error(r, c->file, p->line,
				     "circuits[%s].inbound-pool: %s: contains %s, a %s of %s (line %d); accepted: addresses that nobody has",
				     k->name, prefix_text(&p->prefix, text),
				     address_text(&list->at[i].prefix.address, host), what, s->name,
				     list->at[i].line);
}

static void inbound(const struct config *c, const struct config_circuit *k, const struct config_prefix *p,
		    struct report *r)
{
	const struct config_circuit *o;
	size_t i, j;

	for (o = c->circuits; o <= k; o++)
		against_pool(c, k, "inbound-pool", p, o, &o->inbound_pool, r);
	for (o = c->circuits; o < c->circuits + c->circuit_count; o++)
		against_pool(c, k, "inbound-pool", p, o, &o->outbound_pool, r);
	/* Inside a segment it takes its addresses out of it; a pool as large would leave nothing. */
	for (i = 0; i < c->segment_count; i++)
		for (j = 0; j < c->segments[i].prefixes.count; j++)
			if (prefix_contains(&p->prefix, &c->segments[i].prefixes.at[j].prefix))
				overlap(c, k, "inbound-pool", p, &c->segments[i].prefixes.at[j],
					c->segments[i].name, "a part of that prefix, or addresses of its own", r);
	for (i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];

		not_lived_in(c, k, p, s, "server", &s->servers, r);
		if (!service_passes_through(s)) /* else a server has it, and that was said */
			not_lived_in(c, k, p, s, "public address", &s->public, r);
	}
}

static int own_length(const struct config_circuit *k, const struct prefix *p)
{
	int longest = -1;
	size_t i;

	for (i = 0; i < k->advertise.count; i++)
		if (prefix_contains(&k->advertise.at[i].prefix, p) &&
		    k->advertise.at[i].prefix.length > longest)
			longest = k->advertise.at[i].prefix.length;
	return longest;
}

/* The longest prefix wins on the way back: what internet says as precisely, internet gets. */
static void not_drawn_away(const struct config *c, const struct config_circuit *k,
			   const struct config_prefix *p, struct report *r)
{
	const char *accepted = "a shorter prefix here than that circuit advertises";
	int own = own_length(k, &p->prefix);
	const struct config_circuit *o;
	char pool[PREFIX_TEXT], text[PREFIX_TEXT];
	size_t i;

	if (own < 0)
		accepted = "that pool in the advertise of its circuit, and a shorter prefix here";
	for (o = c->circuits; o < c->circuits + c->circuit_count; o++) {
		if (o == k || o->kind != KIND_INTERNET)
			continue;
		for (i = 0; i < o->advertise.count; i++) {
			const struct config_prefix *a = &o->advertise.at[i];

			if (!prefix_overlaps(&a->prefix, &p->prefix) || a->prefix.length < own)
				continue;
			report_error(r, c->file, a->line,
				     "circuits[%s].advertise: %s: draws replies to the pool %s of %s (line %d) away; accepted: %s",
				     o->name, prefix_text(&a->prefix, text), prefix_text(&p->prefix, pool),
				     k->name, p->line, accepted);
		}
	}
}

static void range_count(const struct config *c, const struct config_circuit *k, int family,
			struct report *r)
{
	size_t i, count = 0;

	for (i = 0; i < k->outbound_pool.count; i++)
		if (k->outbound_pool.at[i].prefix.family == family && ++count == POOL_RANGES + 1)
			report_error(r, c->file, k->outbound_pool.at[i].line,
				     "circuits[%s].outbound-pool: too many IPv%d prefixes; accepted: at most %d",
				     k->name, family, POOL_RANGES);
}

/* Without .0 and .255 a prefix of IPv4 is as many ranges as it has /24s. */
static void part_count(const struct config *c, const struct config_circuit *k, int family, struct report *r)
{
	char text[PREFIX_TEXT];
	size_t count = 0, before;

	for (size_t i = 0; i < k->inbound_pool.count; i++) {
		const struct config_prefix *p = &k->inbound_pool.at[i];

		before = count;
		count += p->prefix.family == family ? pool_inbound_parts(&p->prefix) : 0;
		if (count > POOL_RANGES && before <= POOL_RANGES)
			report_error(r, c->file, p->line,
				     "circuits[%s].inbound-pool: %s: too many ranges of IPv%d; accepted: at most %d, where a prefix of IPv4 is one for each /24",
				     k->name, prefix_text(&p->prefix, text), family, POOL_RANGES);
	}
}

void check_pools(const struct config *c, struct report *report)
{
	size_t i, j;

	for (i = 0; i < c->circuit_count; i++) {
		const struct config_circuit *k = &c->circuits[i];

		range_count(c, k, 4, report);
		range_count(c, k, 6, report);
		part_count(c, k, 4, report);
		part_count(c, k, 6, report);
		for (j = 0; j < k->outbound_pool.count; j++) {
			outbound(c, k, &k->outbound_pool.at[j], report);
			not_drawn_away(c, k, &k->outbound_pool.at[j], report);
		}
		for (j = 0; j < k->inbound_pool.count; j++)
			inbound(c, k, &k->inbound_pool.at[j], report);
	}
}
