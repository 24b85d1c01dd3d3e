// SPDX-License-Identifier: GPL-2.0-only
/* Checks of published services: where they are advertised, to whom, and what is left of them. */
#include <netinet/in.h>
#include <string.h>
#include "check.h"
#include "verify_check.h"

#define SMTP 25

#define EACH_SERVICE(r, s)                                        \
	for (const struct paper_service *s = (r)->plan->services; \
	     s && s < (r)->plan->services + (r)->plan->service_count; s++)

/* The i-th of its circuits, when that is a private one. */
static const struct paper_circuit *private_circuit(const struct check_run *r,
						   const struct paper_service *s, size_t i)
{
	const struct paper_circuit *c = paper_circuit(r->plan, s->circuits.at[i].text);

	return c->kind == KIND_INTERNET ? NULL : c;
}

static const struct paper_circuit *first_private(const struct check_run *r,
						 const struct paper_service *s)
{
	const struct paper_circuit *c = NULL;

	for (size_t i = 0; i < s->circuits.count && !c; i++)
		c = private_circuit(r, s, i);
	return c;
}

static bool translates_source(const struct paper_service *s)
{
	return s->source_nat ||
	       (s->publisher.kind == PLACE_FIREWALL && s->publisher.firewall->source_nat.count);
}

void check_services_public(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_SERVICE(r, s)
		for (size_t i = 0; i < s->public.count; i++) {
			enum prefix_scope scope = prefix_scope(&s->public.at[i].prefix);

			if (scope != SCOPE_PUBLIC &&
			    (!r->plan->lab || scope == SCOPE_SPECIAL || scope == SCOPE_PRIVATE))
				check_say(r, CHECK_NO, SEVERITY_ERROR, service_line(s),
					  "%s is published at %s: %s", s->name,
					  address_text(&s->public.at[i].prefix.address, text),
					  check_scope(scope));
		}
}

void check_services_advertised(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_SERVICE(r, s)
		for (size_t i = 0; i < s->circuits.count; i++) {
			const struct paper_circuit *c = paper_circuit(r->plan, s->circuits.at[i].text);

			for (size_t k = 0; k < s->public.count; k++) {
				const struct config_prefix *p =
					longest_of(circuit_advertised(c), &s->public.at[k].prefix);
				bool taken = p && (!c->accepted.given ||
						   longest_of(&c->accepted.at, &p->prefix));

				if (!taken)
					check_say(
						r, CHECK_NO, SEVERITY_ERROR, service_line(s),
						"%s is listed on %s, which %s %s", s->name, c->name,
						p ? "advertises it, but the provider has not accepted" :
						    "does not advertise",
						address_text(&s->public.at[k].prefix.address, text));
			}
		}
}

static void more_specific(struct check_run *r, const struct paper_service *s,
			  const struct prefix *public, const struct paper_circuit *c)
{
	const struct config_prefix *own = longest_of(circuit_advertised(c), public), *other;
	char text[PREFIX_TEXT];

	for (size_t i = 0; own && i < r->plan->circuit_count; i++) {
		const struct paper_circuit *o = &r->plan->circuits[i];

		other = o->kind == KIND_INTERNET ? longest_of(circuit_advertised(o), public) : NULL;
		if (other && other->prefix.length >= own->prefix.length)
			check_say(r, CHECK_NO, SEVERITY_ERROR, service_line(s),
				  "%s: %s advertises %s, which is not shorter than what %s advertises",
				  s->name, o->name, prefix_text(&other->prefix, text), c->name);
	}
}

void check_services_more_specific(struct check_run *r)
{
	EACH_SERVICE(r, s)
		for (size_t i = 0; i < s->circuits.count; i++)
			for (size_t k = 0; private_circuit(r, s, i) && k < s->public.count; k++)
				more_specific(r, s, &s->public.at[k].prefix, private_circuit(r, s, i));
}

/* Whatever is advertised there draws every service of the provider, not only the one that is meant. */
void check_services_audience(struct check_run *r)
{
	EACH_SERVICE(r, s) {
		const struct paper_circuit *c = first_private(r, s);

		if (c && s->other_users)
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, service_line(s),
				"%s has users beside Office 365, and is on %s: theirs will come there too",
				s->name, c->name);
		for (size_t i = 0; c && i < s->used_by.count; i++) {
			const struct paper_destination *d =
				paper_destination(r->plan, s->used_by.at[i].text);

			if (d->other && d->provider)
				check_say(r, CHECK_NO, SEVERITY_WARNING, service_line(s),
					  "%s is used by %s, which is not of Office 365, and is on %s",
					  s->name, d->name, c->name);
		}
	}
}

void check_services_dual(struct check_run *r)
{
	EACH_SERVICE(r, s)
		if (s->internet_users && first_private(r, s))
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, service_line(s),
				"%s is for users of the internet and of %s alike; names for one audience are recommended",
				s->name, first_private(r, s)->name);
}

void check_smtp(struct check_run *r)
{
	EACH_SERVICE(r, s)
		for (size_t i = 0; first_private(r, s) && i < s->port_count; i++)
			if (s->ports[i].protocol == IPPROTO_TCP && s->ports[i].first <= SMTP &&
			    s->ports[i].last >= SMTP)
				check_say(
					r, CHECK_NO, SEVERITY_WARNING, service_line(s),
					"%s publishes SMTP on %s: mail of other services of the provider comes there as well, and breaks where they are not expected",
					s->name, first_private(r, s)->name);
}

void check_internet_first(struct check_run *r)
{
	EACH_SERVICE(r, s)
		if (first_private(r, s))
			check_say(r, CHECK_NO, SEVERITY_NOTE, service_line(s),
				  "%s is on %s; to begin with, everything inbound stays on the internet",
				  s->name, first_private(r, s)->name);
}

void check_inbound_nat(struct check_run *r)
{
	EACH_SERVICE(r, s)
		if (first_private(r, s) && !translates_source(s))
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, service_line(s),
				"%s is on %s without source NAT: its answers go by whatever route its servers have",
				s->name, first_private(r, s)->name);
}

/* A circuit on which it is listed, and nobody who uses it comes. */
void check_services_entered(struct check_run *r)
{
	const struct verify *v = r->v;

	EACH_SERVICE(r, s)
		for (size_t k = 0; k < s->circuits.count; k++) {
			const struct paper_circuit *c = paper_circuit(r->plan, s->circuits.at[k].text);
			bool entered = false;

			for (size_t i = 0;
			     i < v->row_count && v->rows[i]->walk.failure == &v->failures[0]; i++)
				entered |=
					v->rows[i]->walk.service == s && v->rows[i]->walk.circuit == c;
			if (!entered)
				check_say(
					r, CHECK_NO, SEVERITY_NOTE, service_line(s),
					"%s is listed on %s, and while nothing fails nobody who uses it comes there: others advertise it longer",
					s->name, c->name);
		}
}

static bool sees(const struct paper_segment *g, const struct paper_routes *routes, const char **circuit)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct paper_circuit *c = routes->at[i].circuit;

		if (!c || c->kind == KIND_INTERNET || words_have(&g->without, c->name))
			continue;
		*circuit = c->name;
		return true;
	}
	return false;
}

void check_flat_network(struct check_run *r)
{
	const char *circuit;

	EACH_SERVICE(r, s) {
		const struct paper_segment *g = paper_segment_of(r->plan, &s->servers.at[0].prefix);

		if (!translates_source(s) && g &&
		    (sees(g, &g->routes, &circuit) || sees(g, &g->site->routes, &circuit)))
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, service_line(s),
				"%s has no source NAT, and its servers' segment %s sees the routes of %s",
				s->name, g->name, circuit);
	}
}

void check_nat_every_path(struct check_run *r)
{
	EACH_SERVICE(r, s)
		EACH_SERVICE(r, o)
			if (s < o && prefix_equal(&s->public.at[0].prefix, &o->public.at[0].prefix) &&
			    translates_source(s) != translates_source(o))
				check_say(
					r, CHECK_NO, SEVERITY_WARNING, service_line(o),
					"%s and %s are one address, with source NAT on one path and not on the other",
					s->name, o->name);
}

/* What is lost while something has failed, and was not before. */
static void check_survives(struct check_run *r, bool inbound)
{
	const struct verify *v = r->v;
	char text[96];

	for (size_t i = 0; i < v->row_count; i++) {
		const struct flow_row *row = v->rows[i], *was = verify_base(v, row);

		if (row->walk.failure == &v->failures[0] || !row->location != inbound ||
		    row->judged.what != JUDGED_BLACK_HOLED ||
		    (was && was->judged.what == JUDGED_BLACK_HOLED))
			continue;
		check_say(r, CHECK_NO, row->judged.stated ? SEVERITY_NOTE : SEVERITY_WARNING,
			  inbound ? service_line(row->walk.service) : row->location->line,
			  "without %s, %s does not reach %s: %s",
			  failure_text(row->walk.failure, text, sizeof(text)),
			  inbound ? row->walk.outside->name : row->location->name,
			  inbound ? row->walk.service->name : row->walk.outside->name, row->judged.why);
	}
}

void check_services_survive(struct check_run *r)
{
	check_survives(r, true);
}

void check_locations_survive(struct check_run *r)
{
	check_survives(r, false);
}
