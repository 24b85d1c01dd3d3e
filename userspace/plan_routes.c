// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told is what the plan advertises, and what of its pools and services that leaves out.
 * What is taken from an ExpressRoute circuit goes by the provider's communities where the plan's
 * destinations are areas of its feed; never by the feed's prefixes, which the provider advises
 * against, for they change before routes do. Beside them what is received for other destinations is
 * taken as it is. Nobody may tell us what is ours.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_routes.h"
#include "print.h"

static const struct {
	const char *area, *community;
} communities[] = {
	{ "Exchange", "12076,5010" },
	{ "SharePoint", "12076,5020" },
	{ "Skype", "12076,5030" },
	{ "Common", "12076,5100" },
};
#define AREAS (sizeof(communities) / sizeof(*communities))

static struct plan_route *add(struct plan_routes *r, const struct paper_circuit *c,
			      enum route_way way, const struct prefix *p, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static struct plan_route *add(struct plan_routes *r, const struct paper_circuit *c,
			      enum route_way way, const struct prefix *p, const char *format, ...)
{
	struct plan_route *grown = realloc(r->at, (r->count + 1) * sizeof(*grown)), *one;
	static struct plan_route spare;
	va_list arguments;

	r->failed |= !grown;
	if (!grown)
		return &spare;
	r->at = grown;
	one = &r->at[r->count++];
	*one = (struct plan_route){ .circuit = c, .way = way };
	if (p)
		one->prefix = *p;
	va_start(arguments, format);
	vsnprintf(one->why, sizeof(one->why), format, arguments);
	va_end(arguments);
	return one;
}

/* What of the circuit is in the prefix: "pool 203.0.113.0/28, service mail". */
static void held(const struct paper *p, const struct paper_circuit *c, const struct prefix *in,
		 char *out, size_t size)
{
	const struct config_prefixes *pools = circuit_outbound(c);
	char text[PREFIX_TEXT];
	size_t used = 0;

	snprintf(out, size, "nothing of the plan is in it");
	for (size_t i = 0; i < pools->count && used < size; i++)
		if (prefix_contains(in, &pools->at[i].prefix))
			used += (size_t)snprintf(out + used, size - used, "%spool %s",
						 used ? ", " : "",
						 prefix_text(&pools->at[i].prefix, text));
	for (size_t i = 0; i < p->service_count; i++)
		for (size_t k = 0; k < p->services[i].public.count && used < size; k++)
			if (words_have(&p->services[i].circuits, c->name) &&
			    prefix_contains(in, &p->services[i].public.at[k].prefix))
				used += (size_t)snprintf(out + used, size - used, "%sservice %s",
							 used ? ", " : "", p->services[i].name);
}

static void advertise(struct plan_routes *r, const struct paper_circuit *c)
{
	const struct config_prefixes *told = circuit_advertised(c), *pools = circuit_outbound(c);
	const struct paper *p = r->plan;
	char why[120];

	for (size_t i = 0; i < told->count; i++) {
		held(p, c, &told->at[i].prefix, why, sizeof(why));
		add(r, c, ROUTE_ADVERTISE, &told->at[i].prefix, "%s", why);
	}
	for (size_t i = 0; i < pools->count; i++)
		if (!longest_of(told, &pools->at[i].prefix))
			add(r, c, ROUTE_ADVERTISE, &pools->at[i].prefix,
			    "pool; `advertise` of the plan leaves it out");
	for (size_t i = 0; i < p->service_count; i++)
		for (size_t k = 0; k < p->services[i].public.count; k++)
			if (words_have(&p->services[i].circuits, c->name) &&
			    !longest_of(told, &p->services[i].public.at[k].prefix))
				add(r, c, ROUTE_ADVERTISE, &p->services[i].public.at[k].prefix,
				    "service %s; `advertise` of the plan leaves it out",
				    p->services[i].name);
}

static void refuse(struct plan_routes *r, const struct paper_circuit *c, const struct prefix *p,
		   const char *what, const char *of)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].circuit == c && r->at[i].way == ROUTE_REFUSE && r->at[i].longer &&
		    prefix_contains(&r->at[i].prefix, p))
			return;
	add(r, c, ROUTE_REFUSE, p, "ours: %s %s", what, of)->longer = true;
}

static void refuse_own(struct plan_routes *r, const struct paper_circuit *c)
{
	const struct paper *p = r->plan;

	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *o = &p->circuits[i];

		for (size_t k = 0; k < circuit_advertised(o)->count; k++)
			refuse(r, c, &circuit_advertised(o)->at[k].prefix, "advertised on",
			       o->name);
		for (size_t k = 0; k < circuit_outbound(o)->count; k++)
			refuse(r, c, &circuit_outbound(o)->at[k].prefix, "pool of", o->name);
		for (size_t k = 0; k < circuit_inbound(o)->count; k++)
			refuse(r, c, &circuit_inbound(o)->at[k].prefix, "inbound pool of", o->name);
	}
	for (size_t i = 0; i < p->service_count; i++)
		for (size_t k = 0; k < p->services[i].public.count; k++)
			refuse(r, c, &p->services[i].public.at[k].prefix, "service",
			       p->services[i].name);
	for (size_t i = 0; i < p->site_count; i++)
		for (size_t k = 0; k < p->sites[i].segment_count; k++) {
			const struct paper_segment *g = &p->sites[i].segments[k];

			for (size_t n = 0; n < g->prefixes.count; n++)
				refuse(r, c, &g->prefixes.at[n].prefix, "segment", g->name);
		}
}

/* A destination that the provider's communities can tell: areas of the worldwide feed. */
static bool by_area(const struct paper *p, const struct paper_destination *d, size_t area)
{
	const struct config_feed *f = NULL;

	for (size_t i = 0; d->class.feed && i < p->feed_count; i++)
		if (!strcmp(p->feeds[i].name, d->class.feed))
			f = &p->feeds[i];
	return f && d->provider && d->class.expressroute != 0 && f->format == FEED_MICROSOFT365 &&
	       (!f->instance || !strcmp(f->instance, "Worldwide")) &&
	       (!d->class.areas.count || words_have(&d->class.areas, communities[area].area));
}

static bool take_areas(struct plan_routes *r, const struct paper_circuit *c)
{
	const struct paper *p = r->plan;
	bool any = false;

	for (size_t a = 0; c->kind == KIND_EXPRESSROUTE && a < AREAS; a++)
		for (size_t i = 0; i < p->destination_count; i++) {
			if (!by_area(p, &p->destinations[i], a))
				continue;
			add(r, c, ROUTE_ACCEPT, NULL, "%s, for destination %s", communities[a].area,
			    p->destinations[i].name)
				->community = communities[a].community;
			any = true;
			break;
		}
	return any;
}

static bool touch(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

/* A destination that a received prefix leads to, and no community; NULL: none. */
static const struct paper_destination *leads_to(const struct paper *p,
						const struct prefix *received)
{
	for (size_t i = 0; i < p->destination_count; i++) {
		const struct paper_destination *d = &p->destinations[i];
		bool area = false;

		for (size_t a = 0; a < AREAS; a++)
			area |= by_area(p, d, a);
		for (size_t k = 0; d->provider && !area && k < d->prefix_count; k++)
			if (touch(received, &d->prefixes[k]))
				return d;
		for (size_t k = 0; d->provider && k < d->class.prefixes.count; k++)
			if (touch(received, &d->class.prefixes.at[k].prefix))
				return d;
	}
	return NULL;
}

static void take_received(struct plan_routes *r, const struct paper_circuit *c, bool areas)
{
	for (size_t i = 0; i < c->received.at.count; i++) {
		const struct prefix *p = &c->received.at.at[i].prefix;
		const struct paper_destination *d = areas ? leads_to(r->plan, p) : NULL;

		/* With what lies in it a default route would be all there is. */
		if ((areas && !d) || (c->kind == KIND_EXPRESSROUTE && !p->length))
			continue;
		add(r, c, ROUTE_ACCEPT, p, "`received` of the plan%s%s",
		    d ? ", for destination " : "", d ? d->name : "")
			->longer = c->kind != KIND_INTERNET;
	}
}

static void take(struct plan_routes *r, const struct paper_circuit *c)
{
	const bool dumped = c->received.bird || c->received.frr || c->received.provider;
	struct prefix all;
	const char *why;

	if (c->kind == KIND_EXPRESSROUTE) {
		if (!prefix_parse("0.0.0.0/0", &all, &why))
			add(r, c, ROUTE_REFUSE, &all,
			    "a default route, which the provider never sends");
		if (!prefix_parse("::/0", &all, &why))
			add(r, c, ROUTE_REFUSE, &all,
			    "a default route, which the provider never sends");
	}
	if (dumped && c->kind == KIND_INTERNET) {
		if (!prefix_parse("0.0.0.0/0", &all, &why))
			add(r, c, ROUTE_ACCEPT, &all, "routes of the internet")->longer = true;
		if (!prefix_parse("::/0", &all, &why))
			add(r, c, ROUTE_ACCEPT, &all, "routes of the internet")->longer = true;
		return;
	}
	take_received(r, c, take_areas(r, c));
}

static bool has_family(const struct plan_routes *r, const struct paper_circuit *c,
		       unsigned char family)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].circuit == c && r->at[i].way != ROUTE_REFUSE && !r->at[i].community &&
		    r->at[i].prefix.family == family)
			return true;
	return false;
}

bool circuit_speaks(const struct plan_routes *r, const struct paper_circuit *c,
		    unsigned char family)
{
	return has_family(r, c, family) || (family == 4 && !has_family(r, c, 6));
}

bool gateway_wanted(const struct plan_routes *r, const struct paper_gateway *g)
{
	return !r->gateway || !strcmp(r->gateway, g->name);
}

bool route_is(const struct plan_routes *r, size_t i, const struct paper_circuit *c,
	      enum route_way way, unsigned char family)
{
	const struct plan_route *one = &r->at[i];

	return one->circuit == c && one->way == way &&
	       (one->community ? circuit_speaks(r, c, family) : one->prefix.family == family);
}

bool routes_any(const struct plan_routes *r, const struct paper_circuit *c, enum route_way way,
		unsigned char family)
{
	for (size_t i = 0; i < r->count; i++)
		if (route_is(r, i, c, way, family))
			return true;
	return false;
}

static void print_rows(const struct plan_routes *r)
{
	static const char *const columns[] = { "gateway", "circuit", "kind", "way",
					       "what",	  "longer",  "why",  NULL };
	static const char *const kinds[] = { "internet", "expressroute", "other" };
	static const char *const ways[] = { "advertise", "refuse", "accept" };
	char text[PREFIX_TEXT];

	print_begin();
	print_value_text("plan", r->plan->name);
	print_table_begin("routes", columns);
	for (size_t i = 0; i < r->count; i++) {
		const struct plan_route *one = &r->at[i];

		if (!gateway_wanted(r, one->circuit->at))
			continue;
		print_cell_text(one->circuit->at->name);
		print_cell_text(one->circuit->name);
		print_cell_text(kinds[one->circuit->kind]);
		print_cell_text(ways[one->way]);
		if (one->community)
			snprintf(text, sizeof(text), "community %d:%s", EXPRESSROUTE_ASN,
				 strchr(one->community, ',') + 1);
		else
			prefix_text(&one->prefix, text);
		print_cell_text(text);
		print_cell_text(one->longer ? "and longer" : NULL);
		print_cell_text(one->why);
		print_row_end();
	}
	print_table_end();
	print_end();
}

/* The gateway that is asked for is one of the plan's. */
static int find_gateway(const struct plan_routes *r)
{
	const struct paper *p = r->plan;
	char known[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < p->gateway_count; i++) {
		if (gateway_wanted(r, &p->gateways[i]))
			return EXIT_DONE;
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 i ? ", " : "", p->gateways[i].name);
	}
	return r->gateway ? print_error("plan prefix-lists: %s: no such gateway in %s; known: %s",
					r->gateway, p->file, known) :
			    EXIT_DONE;
}

int plan_prefix_lists(const struct plan *p)
{
	struct plan_routes r = { .plan = p->paper, .gateway = p->words->gateway };
	int status = EXIT_DONE;

	if (p->words->bird && p->words->frr)
		return print_error("plan prefix-lists: --bird and --frr; one of them is accepted");
	if (print_json && (p->words->bird || p->words->frr))
		return print_error(
			"plan prefix-lists: --bird and --frr are text; rows are JSON without them");
	if (find_gateway(&r))
		return EXIT_TROUBLE;
	for (size_t i = 0; i < p->paper->circuit_count; i++) {
		advertise(&r, &p->paper->circuits[i]);
		refuse_own(&r, &p->paper->circuits[i]);
		take(&r, &p->paper->circuits[i]);
	}
	if (r.failed)
		status = print_error("plan prefix-lists: out of memory");
	else if (p->words->bird)
		plan_bird(&r);
	else if (p->words->frr)
		plan_frr(&r);
	else
		print_rows(&r);
	free(r.at);
	return status;
}
