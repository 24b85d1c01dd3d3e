// SPDX-License-Identifier: GPL-2.0-only
/* Checks of circuits: their sessions, what they tell and are told, how far they are. */
#include <string.h>
#include "verify_check.h"

#define PREFIXES_MOST 200 /* of one session; one more, and the provider drops it */
#define ROUTES_USUAL 500 /* of the provider, says the guide: more than so many */

static void sessions(struct check_run *r, const struct paper_circuit *c)
{
	size_t down = 0, unknown = 0;

	for (size_t i = 0; i < c->link_count; i++) {
		down += c->links[i].session.down;
		unknown += !c->links[i].session_given;
	}
	if (!c->link_count || unknown)
		check_say(r, CHECK_UNKNOWN, SEVERITY_NOTE, c->line,
			  "%s: how its sessions are is not given; `links` with `session` say so",
			  c->name);
	if (c->link_count == 1)
		check_say(r, CHECK_NO, SEVERITY_WARNING, c->line,
			  "%s has one link; the provider's SLA wants two", c->name);
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].session.down)
			check_say(r, CHECK_NO, down == c->link_count ? SEVERITY_ERROR : SEVERITY_WARNING,
				  c->links[i].line, "the session of %s on %s is down%s",
				  c->links[i].name, c->name,
				  down == c->link_count ? ", as are all" : "");
}

void check_sessions(struct check_run *r)
{
	EACH_PRIVATE(r, c)
		sessions(r, c);
}

void check_prefix_count(struct check_run *r)
{
	EACH_PRIVATE(r, c)
		if (circuit_advertised(c)->count > PREFIXES_MOST)
			check_say(
				r, CHECK_NO, SEVERITY_ERROR, c->line,
				"%s advertises %zu prefixes; the provider drops a session with more than %d",
				c->name, circuit_advertised(c)->count, PREFIXES_MOST);
}

/* Where the internet says a part of it as precisely, that part goes there. */
static void broader(struct check_run *r, const struct paper_circuit *c, const struct config_prefix *p)
{
	char text[PREFIX_TEXT], other[PREFIX_TEXT];

	if (!p->prefix.length)
		check_say(r, CHECK_NO, SEVERITY_ERROR, c->line, "%s receives a default route", c->name);
	for (size_t i = 0; i < r->plan->circuit_count; i++) {
		const struct paper_circuit *o = &r->plan->circuits[i];

		for (size_t k = 0; o->kind == KIND_INTERNET && k < o->received.at.count; k++) {
			const struct prefix *q = &o->received.at.at[k].prefix;

			if (p->prefix.length && prefix_contains(&p->prefix, q))
				check_say(r, CHECK_NO, SEVERITY_WARNING, c->line,
					  "%s receives %s, and %s receives %s, which is as precise",
					  c->name, prefix_text(&p->prefix, text), o->name,
					  prefix_text(q, other));
		}
	}
}

void check_more_specific(struct check_run *r)
{
	EACH_PRIVATE(r, c)
		for (size_t i = 0; i < c->received.at.count; i++)
			broader(r, c, &c->received.at.at[i]);
}

void check_received(struct check_run *r)
{
	EACH_PRIVATE(r, c) {
		bool dumped = c->received.bird || c->received.frr || c->received.provider;

		if (!c->received.at.count)
			check_say(r, CHECK_NO, SEVERITY_WARNING, c->line,
				  "%s receives no routes: nothing goes there", c->name);
		else if (dumped && c->received.at.count < ROUTES_USUAL)
			check_say(
				r, CHECK_NO, SEVERITY_NOTE, c->line,
				"%s receives %zu routes; without a route filter the provider sends more than %d",
				c->name, c->received.at.count, ROUTES_USUAL);
	}
}

void check_planned(struct check_run *r)
{
	char text[PREFIX_TEXT];

	for (size_t k = 0; k < r->plan->circuit_count; k++) {
		const struct paper_circuit *c = &r->plan->circuits[k];

		for (size_t i = 0; i < c->accepted.at.count; i++)
			if (!longest_of(circuit_advertised(c), &c->accepted.at.at[i].prefix))
				check_say(r, CHECK_NO, SEVERITY_WARNING, c->line,
					  "%s has %s from %s, and the plan does not advertise it",
					  c->kind == KIND_INTERNET ? "the internet" : "the provider",
					  prefix_text(&c->accepted.at.at[i].prefix, text), c->name);
	}
}

static bool needed(const struct check_run *r, const struct paper_circuit *c, const struct prefix *p)
{
	const struct config_prefixes *pools = circuit_outbound(c);
	bool found = !pools->count; /* hosts wear their own addresses there */

	for (size_t i = 0; i < pools->count; i++)
		found |= prefix_overlaps(&pools->at[i].prefix, p);
	for (size_t i = 0; i < r->plan->service_count; i++)
		for (size_t k = 0; k < r->plan->services[i].public.count; k++)
			found |= words_have(&r->plan->services[i].circuits, c->name) &&
				 prefix_contains(p, &r->plan->services[i].public.at[k].prefix);
	return found;
}

/* Whatever is advertised there draws all that the provider sends to it. */
void check_needed(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_PRIVATE(r, c)
		for (size_t i = 0; i < circuit_advertised(c)->count; i++) {
			const struct prefix *p = &circuit_advertised(c)->at[i].prefix;

			if (!needed(r, c, p))
				check_say(r, CHECK_NO, SEVERITY_WARNING, c->line,
					  "%s advertises %s, where no pool and no service of it lies",
					  c->name, prefix_text(p, text));
		}
}

static const struct paper_latency *latency(const struct paper_location *l, const struct paper_circuit *c)
{
	for (size_t i = 0; i < l->latency_count; i++)
		if (!strcmp(l->latency[i].circuit.text, c->name))
			return &l->latency[i];
	return NULL;
}

/* The least that the location has over a circuit of the internet. */
static const struct paper_latency *internet_latency(const struct paper *p,
						    const struct paper_location *l)
{
	const struct paper_latency *best = NULL, *one;

	for (size_t i = 0; i < p->circuit_count; i++) {
		one = p->circuits[i].kind == KIND_INTERNET ? latency(l, &p->circuits[i]) : NULL;
		if (one && (!best || one->ms < best->ms))
			best = one;
	}
	return best;
}

static bool said_before(const struct check_run *r, size_t i)
{
	const struct flow_row *row = r->v->rows[i];

	for (size_t k = 0; k < i; k++)
		if (r->v->rows[k]->location == row->location &&
		    r->v->rows[k]->walk.circuit == row->walk.circuit)
			return true;
	return false;
}

void check_latency(struct check_run *r)
{
	for (size_t i = 0; i < r->v->row_count && r->v->rows[i]->walk.failure == &r->v->failures[0];
	     i++) {
		const struct flow_row *row = r->v->rows[i];
		const struct paper_circuit *c = row->walk.circuit;
		const struct paper_latency *own, *other;

		if (!row->location || !c || c->kind == KIND_INTERNET || said_before(r, i))
			continue;
		own = latency(row->location, c);
		other = internet_latency(r->plan, row->location);
		if (!own || !other)
			check_say(r, CHECK_UNKNOWN, SEVERITY_NOTE, row->location->line,
				  "%s: how far %s is is not given; `latency` says it of both", row->location->name,
				  own ? "the internet" : c->name);
		else if (own->ms > other->ms)
			check_say(r, CHECK_NO, SEVERITY_WARNING, own->line,
				  "%s: %u ms over %s, and %u ms over %s; the nearer one is recommended",
				  row->location->name, own->ms, c->name, other->ms, other->circuit.text);
	}
}

void check_hairpins(struct check_run *r)
{
	for (size_t i = 0; i < r->v->row_count && r->v->rows[i]->walk.failure == &r->v->failures[0];
	     i++) {
		const struct flow_row *row = r->v->rows[i];

		if (row->judged.region)
			check_say(
				r, CHECK_NO, SEVERITY_WARNING,
				row->location ? row->location->line : service_line(row->walk.service),
				"%s to %s goes from %s by %s, in %s; a circuit of its own region is recommended, or the internet",
				row->location ? row->location->name : row->walk.outside->name,
				row->location ? row->walk.outside->name : row->walk.service->name,
				row->judged.region, row->walk.circuit->name, row->judged.away);
	}
}
