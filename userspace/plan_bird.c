// SPDX-License-Identifier: GPL-2.0-only
/* Routes of a plan in the words of BIRD 2: what is ours as static routes, a template for each
 * circuit. */
#include "plan_routes.h"
#include "print.h"

static const unsigned char families[] = { 4, 6 };

static void print_prefixes(const struct plan_routes *r, const struct paper_circuit *c,
			   enum route_way way, unsigned char family, const char *condition,
			   const char *verdict)
{
	char text[PREFIX_TEXT];
	size_t left = 0;

	for (size_t i = 0; i < r->count; i++)
		left += route_is(r, i, c, way, family) && !r->at[i].community;
	if (!left)
		return;
	print_line("\tif %snet ~ [", condition);
	for (size_t i = 0; i < r->count; i++)
		if (route_is(r, i, c, way, family) && !r->at[i].community)
			print_line("\t\t%s%s%s # %s", prefix_text(&r->at[i].prefix, text),
				   r->at[i].longer ? "+" : "", --left ? "," : "", r->at[i].why);
	print_line("\t] then %s;", verdict);
}

static void print_communities(const struct plan_routes *r, const struct paper_circuit *c,
			      unsigned char family)
{
	for (size_t i = 0; i < r->count; i++)
		if (route_is(r, i, c, ROUTE_ACCEPT, family) && r->at[i].community)
			print_line("\tif (%s) ~ bgp_community then accept; # %s",
				   r->at[i].community, r->at[i].why);
}

static void print_filters(const struct plan_routes *r, const struct paper_circuit *c,
			  unsigned char family)
{
	print_line("filter '%s-out%d' {", c->name, family);
	print_prefixes(r, c, ROUTE_ADVERTISE, family, "source = RTS_STATIC && ", "accept");
	print_line("\treject;\n}");
	print_line("filter '%s-in%d' {", c->name, family);
	print_prefixes(r, c, ROUTE_REFUSE, family, "", "reject");
	print_communities(r, c, family);
	print_prefixes(r, c, ROUTE_ACCEPT, family, "", "accept");
	print_line("\treject;\n}");
}

static void print_template(const struct plan_routes *r, const struct paper_circuit *c)
{
	print_line("template bgp '%s-session' {", c->name);
	if (r->plan->asn)
		print_line("\tlocal as %u;", r->plan->asn);
	print_line("\thold time 180;\n\tkeepalive time 60;");
	for (size_t f = 0; f < 2; f++) {
		if (!circuit_speaks(r, c, families[f]))
			continue;
		print_line("\tipv%d {\n\t\timport filter '%s-in%d';\n\t\texport filter '%s-out%d';",
			   families[f], c->name, families[f], c->name, families[f]);
		if (c->kind == KIND_EXPRESSROUTE)
			print_line(
				"\t\texport limit %d action block; # one more, and the provider drops the session",
				EXPRESSROUTE_PREFIXES);
		print_line("\t};");
	}
	print_line("}");
}

/* A prefix that several circuits advertise is one route. */
static bool said_before(const struct plan_routes *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (r->at[k].way == ROUTE_ADVERTISE &&
		    r->at[k].circuit->at == r->at[i].circuit->at &&
		    prefix_equal(&r->at[k].prefix, &r->at[i].prefix))
			return true;
	return false;
}

static void print_static(const struct plan_routes *r, const struct paper_gateway *g,
			 unsigned char family)
{
	char text[PREFIX_TEXT];
	bool any = false;

	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].way != ROUTE_ADVERTISE || r->at[i].circuit->at != g ||
		    r->at[i].prefix.family != family || said_before(r, i))
			continue;
		if (!any)
			print_line("protocol static '%s-own%d' {\n\tipv%d;", g->name, family,
				   family);
		print_line("\troute %s unreachable;", prefix_text(&r->at[i].prefix, text));
		any = true;
	}
	if (any)
		print_line("}");
}

void plan_bird(const struct plan_routes *r)
{
	const struct paper *p = r->plan;
	bool any = false;

	for (size_t g = 0; g < p->gateway_count; g++) {
		if (!gateway_wanted(r, &p->gateways[g]))
			continue;
		print_line(
			"%s# Gateway %s of plan %s. Sessions are `protocol bgp NAME from 'CIRCUIT-session'`.",
			any ? "\n" : "", p->gateways[g].name, p->name);
		any = true;
		print_static(r, &p->gateways[g], 4);
		print_static(r, &p->gateways[g], 6);
		for (size_t i = 0; i < p->circuit_count; i++) {
			const struct paper_circuit *c = &p->circuits[i];

			if (c->at != &p->gateways[g])
				continue;
			print_line("\n# Circuit %s", c->name);
			for (size_t f = 0; f < 2; f++)
				if (circuit_speaks(r, c, families[f]))
					print_filters(r, c, families[f]);
			print_template(r, c);
		}
	}
}
