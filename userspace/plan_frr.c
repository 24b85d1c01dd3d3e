// SPDX-License-Identifier: GPL-2.0-only
/* Routes of a plan in the words of FRR: prefix lists, route maps, a peer group for each circuit. */
#include <stdio.h>
#include <string.h>
#include "plan_routes.h"
#include "print.h"

#define STEP 5 /* between sequence numbers, as FRR gives them itself */

static const char *ip_of(unsigned char family)
{
	return family == 6 ? "ipv6" : "ip";
}

/* True: there is such a list. */
static bool print_list(const struct plan_routes *r, const struct paper_circuit *c,
		       enum route_way way, unsigned char family)
{
	static const char *const names[] = { "out", "refuse", "in" };
	unsigned int most = family == 6 ? 128 : 32, sequence = 0;
	char text[PREFIX_TEXT], longer[16];

	for (size_t i = 0; i < r->count; i++) {
		const struct plan_route *one = &r->at[i];

		if (!route_is(r, i, c, way, family) || one->community)
			continue;
		longer[0] = '\0';
		if (one->longer && one->prefix.length < most)
			snprintf(longer, sizeof(longer), " le %u", most);
		sequence += STEP;
		print_line("! %s\n%s prefix-list %s-%s%d seq %u permit %s%s", one->why,
			   ip_of(family), c->name, names[way], family, sequence,
			   prefix_text(&one->prefix, text), longer);
	}
	return sequence;
}

/* Those of both families are one list. */
static void print_communities(const struct plan_routes *r, const struct paper_circuit *c)
{
	unsigned int sequence = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].circuit == c && r->at[i].community)
			print_line("! %s\nbgp community-list standard %s-in seq %u permit %d:%s",
				   r->at[i].why, c->name, sequence += STEP, EXPRESSROUTE_ASN,
				   strchr(r->at[i].community, ',') + 1);
}

static bool has_community(const struct plan_routes *r, const struct paper_circuit *c)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].circuit == c && r->at[i].community)
			return true;
	return false;
}

/* Without an entry that matches, a route map denies. */
static void print_maps(const struct plan_routes *r, const struct paper_circuit *c,
		       unsigned char family)
{
	const char *ip = ip_of(family);

	if (print_list(r, c, ROUTE_ADVERTISE, family))
		print_line(
			"route-map %s-out%d permit 10\n match %s address prefix-list %s-out%d\nexit",
			c->name, family, ip, c->name, family);
	else
		print_line("route-map %s-out%d deny 10\nexit", c->name, family);
	/* A route map that is not there would be another question; without a match it denies. */
	if (!routes_any(r, c, ROUTE_ACCEPT, family) && !routes_any(r, c, ROUTE_REFUSE, family))
		print_line("route-map %s-in%d deny 10\nexit", c->name, family);
	if (print_list(r, c, ROUTE_REFUSE, family))
		print_line(
			"route-map %s-in%d deny 10\n match %s address prefix-list %s-refuse%d\nexit",
			c->name, family, ip, c->name, family);
	if (has_community(r, c))
		print_line("route-map %s-in%d permit 20\n match community %s-in\nexit", c->name,
			   family, c->name);
	if (print_list(r, c, ROUTE_ACCEPT, family))
		print_line(
			"route-map %s-in%d permit 30\n match %s address prefix-list %s-in%d\nexit",
			c->name, family, ip, c->name, family);
}

static void print_family(const struct plan_routes *r, const struct paper_circuit *c,
			 unsigned char family)
{
	char text[PREFIX_TEXT];

	print_line(" address-family ipv%d unicast", family);
	for (size_t i = 0; i < r->count; i++)
		if (route_is(r, i, c, ROUTE_ADVERTISE, family))
			print_line("  network %s", prefix_text(&r->at[i].prefix, text));
	print_line("  neighbor %s activate\n  neighbor %s route-map %s-in%d in\n"
		   "  neighbor %s route-map %s-out%d out",
		   c->name, c->name, c->name, family, c->name, c->name, family);
	if (c->kind == KIND_EXPRESSROUTE)
		print_line("  neighbor %s maximum-prefix-out %d", c->name, EXPRESSROUTE_PREFIXES);
	print_line(" exit-address-family");
}

static void print_circuit(const struct plan_routes *r, const struct paper_circuit *c)
{
	print_line("!\n! Circuit %s", c->name);
	print_communities(r, c);
	for (unsigned char family = 4; family <= 6; family += 2)
		if (circuit_speaks(r, c, family))
			print_maps(r, c, family);
	if (!r->plan->asn) {
		print_line("! Without plan.asn there is no router here.");
		return;
	}
	/* What is told need not be a route of the kernel's: pools are none. */
	print_line("router bgp %u\n no bgp network import-check\n neighbor %s peer-group",
		   r->plan->asn, c->name);
	if (c->kind == KIND_EXPRESSROUTE)
		print_line(" neighbor %s remote-as %d", c->name, EXPRESSROUTE_ASN);
	print_line(" neighbor %s timers 60 180", c->name);
	/* IPv4 is spoken with everyone who is not told otherwise. */
	if (!circuit_speaks(r, c, 4))
		print_line(" address-family ipv4 unicast\n  no neighbor %s activate\n"
			   " exit-address-family",
			   c->name);
	for (unsigned char family = 4; family <= 6; family += 2)
		if (circuit_speaks(r, c, family))
			print_family(r, c, family);
	print_line("exit");
}

void plan_frr(const struct plan_routes *r)
{
	const struct paper *p = r->plan;

	print_line("! Plan %s. Sessions are `neighbor ADDRESS peer-group CIRCUIT`.", p->name);
	for (size_t g = 0; g < p->gateway_count; g++) {
		if (!gateway_wanted(r, &p->gateways[g]))
			continue;
		print_line("!\n! Gateway %s", p->gateways[g].name);
		for (size_t i = 0; i < p->circuit_count; i++)
			if (p->circuits[i].at == &p->gateways[g])
				print_circuit(r, &p->circuits[i]);
	}
	print_line("!");
}
