/* SPDX-License-Identifier: GPL-2.0-only */
/* What each circuit of a plan should tell its neighbours and take from them: rows, and words of
 * two routers. */
#ifndef SAMEPATH_USERSPACE_PLAN_ROUTES_H
#define SAMEPATH_USERSPACE_PLAN_ROUTES_H

#include "plan.h"

enum route_way {
	ROUTE_ADVERTISE,
	ROUTE_REFUSE, /* whatever else says it is accepted */
	ROUTE_ACCEPT, /* and nothing but these */
	ROUTE_WAYS
};
struct plan_route {
	const struct paper_circuit *circuit;
	enum route_way way;
	const char *community; /* "12076,5010"; NULL: the prefix counts */
	struct prefix prefix;
	bool longer; /* what lies in it as well */
	char why[160];
};
struct plan_routes {
	const struct paper *plan;
	const char *gateway; /* whose alone are printed, NULL: all */
	struct plan_route *at;
	size_t count;
	bool failed; /* out of memory */
};
#define EXPRESSROUTE_ASN 12076
#define EXPRESSROUTE_PREFIXES 200 /* that the provider takes over one session */

/* Does the circuit's session carry routes of that family: those of its prefixes, told or taken? One
 * that has none of either family listens with IPv4 all the same. */
bool circuit_speaks(const struct plan_routes *r, const struct paper_circuit *c,
		    unsigned char family);
/* Is the row of that circuit, way and family? Communities are of each family that it speaks. */
bool route_is(const struct plan_routes *r, size_t i, const struct paper_circuit *c,
	      enum route_way way, unsigned char family);
bool routes_any(const struct plan_routes *r, const struct paper_circuit *c, enum route_way way,
		unsigned char family);
bool gateway_wanted(const struct plan_routes *r, const struct paper_gateway *g);
void plan_bird(const struct plan_routes *r);
void plan_frr(const struct plan_routes *r);

#endif
