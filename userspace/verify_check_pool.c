// SPDX-License-Identifier: GPL-2.0-only
/* Checks of pools: whose they are, who is told of them, what wears them, whom they suffice for. */
#include <string.h>
#include "check.h"
#include "verify_check.h"

#define EACH_CIRCUIT(r, c)                                        \
	for (const struct paper_circuit *c = (r)->plan->circuits; \
	     c < (r)->plan->circuits + (r)->plan->circuit_count; c++)
#define EACH_POOL(c, p)                                               \
	for (const struct config_prefix *p = circuit_outbound(c)->at; \
	     p && p < circuit_outbound(c)->at + circuit_outbound(c)->count; p++)

/* Of a circuit whose pools its configuration says, the line of the plan is the circuit's own. */
static int pool_line(const struct paper_circuit *c, const struct config_prefix *p)
{
	return c->config ? c->line : p->line;
}

/* Behind a lab's internet another network may translate; its provider is one. */
static bool may_be_worn(const struct check_run *r, const struct paper_circuit *c,
			enum prefix_scope scope)
{
	return scope == SCOPE_PUBLIC || (r->plan->lab && scope != SCOPE_SPECIAL &&
					 (scope != SCOPE_PRIVATE || c->kind == KIND_INTERNET));
}

void check_pools_public(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_CIRCUIT(r, c)
		EACH_POOL(c, p) {
			enum prefix_scope scope = prefix_scope(&p->prefix);

			if (c->kind == KIND_OTHER || may_be_worn(r, c, scope))
				continue;
			check_say(r, CHECK_NO, SEVERITY_ERROR, pool_line(c, p),
				  "%s of %s: %s; a public prefix is accepted",
				  prefix_text(&p->prefix, text), c->name, check_scope(scope));
		}
}

void check_pools_registered(struct check_run *r)
{
	char text[PREFIX_TEXT];

	if (!r->plan->registered) {
		check_say(r, CHECK_UNKNOWN, SEVERITY_NOTE, 0,
			  "the plan names no list of registered prefixes; `plan.registered` is one");
		return;
	}
	EACH_CIRCUIT(r, c)
		EACH_POOL(c, p)
			if (c->kind != KIND_OTHER && !longest_of(&r->plan->registry, &p->prefix))
				check_say(r, CHECK_NO, SEVERITY_ERROR, pool_line(c, p),
					  "%s of %s is not in %s", prefix_text(&p->prefix, text),
					  c->name, r->plan->registered);
}

void check_pools_advertised(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_CIRCUIT(r, c)
		EACH_POOL(c, p)
			if (!longest_of(circuit_advertised(c), &p->prefix))
				check_say(
					r, CHECK_NO, SEVERITY_ERROR, pool_line(c, p),
					"%s does not advertise its pool %s: answers to it do not come back",
					c->name, prefix_text(&p->prefix, text));
}

void check_pools_accepted(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_CIRCUIT(r, c) {
		if (c->kind != KIND_EXPRESSROUTE)
			continue;
		if (!c->accepted.given)
			check_say(
				r, CHECK_UNKNOWN, SEVERITY_NOTE, c->line,
				"what the provider accepted on %s is not given; `accepted` is for its route table",
				c->name);
		EACH_POOL(c, p)
			if (c->accepted.given && !longest_of(&c->accepted.at, &p->prefix))
				check_say(r, CHECK_NO, SEVERITY_ERROR, pool_line(c, p),
					  "the provider has no route to the pool %s on %s",
					  prefix_text(&p->prefix, text), c->name);
	}
}

bool prefixes_have(const struct config_prefixes *list, const struct prefix *p)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_equal(&list->at[i].prefix, p))
			return true;
	return false;
}

/* A prefix that another circuit says at least as precisely draws answers away, whether the plan
 * means to advertise it there or a dump shows that it is. */
static void drawn_away(struct check_run *r, const struct paper_circuit *c, const struct config_prefix *p,
		       const struct paper_circuit *o, bool dumped)
{
	const struct config_prefix *own = longest_of(circuit_advertised(c), &p->prefix);
	const struct config_prefixes *list = dumped ? &o->accepted.at : circuit_advertised(o);
	char pool[PREFIX_TEXT], text[PREFIX_TEXT];

	for (size_t i = 0; i < list->count; i++) {
		const struct prefix *a = &list->at[i].prefix;

		if (!prefix_overlaps(a, &p->prefix) || (own && a->length < own->prefix.length) ||
		    (dumped && prefixes_have(circuit_advertised(o), a)))
			continue;
		check_say(
			r, CHECK_NO, SEVERITY_ERROR, o->line,
			"%s %s %s, which draws answers to the pool %s of %s away; a shorter prefix there is accepted, or none",
			o->name, dumped ? "is seen to advertise" : "advertises", prefix_text(a, text),
			prefix_text(&p->prefix, pool), c->name);
	}
}

static void each_drawn_away(struct check_run *r, const struct paper_circuit *c,
			    const struct paper_circuit *o)
{
	EACH_POOL(c, p) {
		drawn_away(r, c, p, o, false);
		drawn_away(r, c, p, o, true);
	}
}

void check_pools_off_internet(struct check_run *r)
{
	EACH_CIRCUIT(r, c)
		EACH_CIRCUIT(r, o)
			if (o != c && c->kind != KIND_INTERNET && o->kind == KIND_INTERNET)
				each_drawn_away(r, c, o);
}

void check_pools_elsewhere(struct check_run *r)
{
	EACH_CIRCUIT(r, c)
		EACH_CIRCUIT(r, o)
			if (o != c && o->kind != KIND_INTERNET)
				each_drawn_away(r, c, o);
}

static bool base(const struct check_run *r, const struct flow_row *row)
{
	return row->walk.failure == &r->v->failures[0];
}

void check_pools_in_use(struct check_run *r)
{
	for (size_t i = 0; i < r->v->row_count && base(r, r->v->rows[i]); i++) {
		const struct flow_row *row = r->v->rows[i];
		const struct paper_circuit *c = row->walk.circuit;

		if (!row->location || !c)
			continue;
		if (row->judged.pool && row->judged.pool != c)
			check_say(r, CHECK_NO, SEVERITY_ERROR, row->location->line,
				  "%s to %s leaves by %s in a pool of %s", row->location->name,
				  row->walk.outside->name, c->name, row->judged.pool->name);
		if (!row->walk.outside->provider && c->kind == KIND_EXPRESSROUTE)
			check_say(r, CHECK_NO, SEVERITY_ERROR, row->location->line,
				  "%s to %s, which is not the provider's, leaves by %s",
				  row->location->name, row->walk.outside->name, c->name);
	}
}

static void overlaps(struct check_run *r, const struct paper_circuit *c, const struct paper_circuit *o,
		     const struct config_prefixes *a, const struct config_prefixes *b)
{
	char text[PREFIX_TEXT], other[PREFIX_TEXT];

	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (prefix_overlaps(&a->at[i].prefix, &b->at[k].prefix))
				check_say(r, CHECK_NO, SEVERITY_ERROR, o->line,
					  "%s of %s overlaps %s of %s; a pool of its own is accepted",
					  prefix_text(&b->at[k].prefix, other), o->name,
					  prefix_text(&a->at[i].prefix, text), c->name);
}

void check_pools_separate(struct check_run *r)
{
	EACH_CIRCUIT(r, c)
		EACH_CIRCUIT(r, o)
			if (c < o)
				overlaps(r, c, o, circuit_outbound(c), circuit_outbound(o));
}

void check_inbound_pools_separate(struct check_run *r)
{
	EACH_CIRCUIT(r, c)
		EACH_CIRCUIT(r, o)
			if (c < o)
				overlaps(r, c, o, circuit_inbound(c), circuit_inbound(o));
}

/* Heads of the locations that leave by the circuit, in its pool, under one failure. */
static uint64_t heads_on(const struct check_run *r, const struct paper_circuit *c,
			 const struct failure *f)
{
	uint64_t heads = 0;

	for (size_t l = 0; l < r->plan->location_count; l++)
		for (size_t i = 0; i < r->v->row_count; i++) {
			const struct flow_row *row = r->v->rows[i];

			if (row->walk.failure != f || row->location != &r->plan->locations[l] ||
			    row->walk.circuit != c || row->judged.pool != c)
				continue;
			heads += r->plan->locations[l].heads;
			break;
		}
	return heads;
}

static uint64_t addresses(const struct paper_circuit *c)
{
	uint64_t count = 0;

	EACH_POOL(c, p)
		count += p->prefix.family == 4 ? 1ULL << (32 - p->prefix.length) : 0;
	return count;
}

/* Of each address (64,000 ports - restricted) / (ports a device + factor of the peak) devices. */
void check_pool_size(struct check_run *r)
{
	const struct paper *p = r->plan;
	uint64_t each = (64000 - p->restricted) / (p->ports_per_device + p->peak_factor);

	EACH_CIRCUIT(r, c) {
		uint64_t room = addresses(c) * each, most = 0, heads;
		const struct failure *when = NULL;
		char text[96];

		for (size_t f = 0; room && f < r->v->failure_count; f++) {
			heads = heads_on(r, c, &r->v->failures[f]);
			if (heads > most) {
				most = heads;
				when = &r->v->failures[f];
			}
			if (!f && heads > room)
				break;
		}
		if (most > room)
			check_say(
				r, CHECK_NO,
				when->kind == FAIL_NOTHING ? SEVERITY_ERROR : SEVERITY_WARNING, c->line,
				"%s has %llu addresses for %llu devices%s%s: %llu are needed, of %llu devices each",
				c->name, (unsigned long long)addresses(c), (unsigned long long)most,
				when->kind == FAIL_NOTHING ? "" : " without ",
				when->kind == FAIL_NOTHING ? "" : failure_text(when, text, sizeof(text)),
				(unsigned long long)((most + each - 1) / each),
				(unsigned long long)each);
	}
}
