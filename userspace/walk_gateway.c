// SPDX-License-Identifier: GPL-2.0-only
/*
 * A gateway: between the inside and circuits. A samepath gives a question a circuit by its policy and
 * holds both ways to it; any other router looks a route up among what its circuits receive, and may
 * translate, but pins nothing.
 */
#include <stdio.h>
#include <string.h>
#include "policy_way.h"
#include "walk.h"

/* An address of the pool, of the kind whose turn it is; counts the kinds. False: it has none of the family. */
static bool pool_address(struct walk *w, const struct paper_hosts *pool, unsigned char family,
			 struct in6_addr *out)
{
	w->wears = 0;
	for (size_t i = 0; i < pool->count; i++)
		if (address_family(&pool->at[i]) == family && w->wears++ == w->wear)
			*out = pool->at[i];
	return w->wears;
}

static bool pool_of(const struct paper_hosts *pool, unsigned char family)
{
	for (size_t i = 0; i < pool->count; i++)
		if (address_family(&pool->at[i]) == family)
			return true;
	return false;
}

static void to_inside(struct trip *t, const char *why)
{
	struct found_route f = { 0 };
	char text[WALK_WHY];

	if (!route_find(t->w, &t->at.gateway->routes, NULL, &t->dst, &f) || f.next.kind != PLACE_SITE)
		f = (struct found_route){ .next = t->at.gateway->inner };
	snprintf(text, sizeof(text), "%s%sto %s", why, why[0] ? ": " : "", place_name(f.next));
	trip_hop(t, "%s", text)->route = f.route;
	trip_send(t, f.next);
}

static void out_of(struct trip *t, const struct paper_circuit *c, const char *why)
{
	if (t->answer)
		t->w->back = c;
	else
		t->w->circuit = c;
	trip_hop(t, "%s", why);
	t->from = t->at;
	t->at = (struct place){ .kind = PLACE_CIRCUIT, .circuit = c };
}

static void lose(struct trip *t, enum way_end end, const char *why)
{
	trip_hop(t, "%s", why);
	trip_end(t, end);
}

/* Would its pools carry this family there? What is not translated needs none. */
static bool carries(const struct paper_circuit *c, unsigned char family, bool translate)
{
	return !translate || !circuit_translates(c) || pool_of(&c->outbound_hosts, family);
}

/* Out of a circuit, in its pool's address. */
static void open_flow(struct trip *t, const struct paper_circuit *c, bool translate, bool hold,
		      const char *why)
{
	const struct in6_addr src = t->src, dst = t->dst;
	unsigned char family = address_family(&dst);

	if (translate && circuit_translates(c))
		pool_address(t->w, &c->outbound_hosts, family, &t->src);
	if (t->w->suppose.own_pool)
		t->src = imaginary(family);
	if (hold || memcmp(&src, &t->src, sizeof(src)))
		trip_remember(t, c, &src, &dst);
	out_of(t, c, why);
}

static bool usable(const struct walk *w, const struct paper_circuit *c, const struct in6_addr *dst,
		   bool translate)
{
	struct prefix by;

	return c && circuit_up(w, c) && circuit_reaches(c, NULL, dst, &by) &&
	       carries(c, address_family(dst), translate);
}

/* The circuit of a rule: the first that is usable; of a rule that spreads hosts, the w->choice-th. */
static const struct paper_circuit *chosen(struct walk *w, const struct config_rule *u,
					  const struct in6_addr *dst)
{
	const struct paper_circuit *first = NULL, *picked = NULL;

	w->choices = 0;
	for (size_t i = 0; i < policy_way_count(u); i++) {
		const struct paper_circuit *c = paper_circuit(w->plan, policy_way_at(u, i));
		bool spread = u->spread_by_host && i < u->circuits.count;

		if (!usable(w, c, dst, u->translate) || (first && !spread))
			continue;
		first = first ? first : c;
		if (w->choices == w->choice)
			picked = c;
		w->choices++;
	}
	return picked ? picked : first;
}

static void by_policy(struct trip *t)
{
	const struct paper_gateway *g = t->at.gateway;
	const struct config_rule *u = rule_find(g, t->w->plan, &t->src, &t->dst);
	const struct paper_circuit *c = u ? chosen(t->w, u, &t->dst) : NULL;
	char why[WALK_WHY];

	t->w->rule = u;
	if (!u) {
		lose(t, WAY_DROPPED, "no rule of its policy for this source and destination");
		return;
	}
	snprintf(why, sizeof(why), "policy line %d: %s", u->line,
		 c ? c->name :
		 u->circuits.count || strcmp(u->otherwise.text, "drop") ?
		     "none of its circuits is usable" :
		     "drop");
	if (c)
		open_flow(t, c, u->translate, true, why);
	else
		lose(t, strcmp(u->otherwise.text, "drop") ? WAY_LOST : WAY_DROPPED, why);
}

/* A plain router: the longest of what its circuits receive; of equal ones, a private circuit. */
static const struct paper_circuit *routed(const struct trip *t, struct prefix *by)
{
	const struct paper *p = t->w->plan;
	const struct paper_circuit *best = NULL;
	struct prefix one;

	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];

		if (c->at != t->at.gateway || !circuit_up(t->w, c) || !circuit_reaches(c, NULL, &t->dst, &one))
			continue;
		if (best && (one.length < by->length ||
			     (one.length == by->length &&
			      (best->kind != KIND_INTERNET || c->kind == KIND_INTERNET))))
			continue;
		best = c;
		*by = one;
	}
	return best;
}

static void by_route(struct trip *t)
{
	struct found_route f = { 0 };
	struct prefix by = { 0 };
	const struct paper_circuit *c = routed(t, &by);
	char text[PREFIX_TEXT], why[WALK_WHY];

	if (route_find(t->w, &t->at.gateway->routes, NULL, &t->dst, &f) &&
	    (!c || f.by.length > by.length)) {
		trip_hop(t, "%s: to %s (line %d)", prefix_text(&f.by, text), place_name(f.next),
			 f.route->line)
			->route = f.route;
		trip_send(t, f.next);
		return;
	}
	if (!c) {
		snprintf(why, sizeof(why), "no circuit that is up receives a route to %s",
			 address_text(&t->dst, text));
		lose(t, WAY_LOST, why);
		return;
	}
	snprintf(why, sizeof(why), "%s, received on %s", prefix_text(&by, text), c->name);
	if (t->answer)
		out_of(t, c, why);
	else
		open_flow(t, c, carries(c, address_family(&t->dst), true), false, why);
}

/* Out of the circuit that the flow is pinned to, or nowhere. */
static void pinned(struct trip *t, const struct memory *m)
{
	char why[WALK_WHY], text[PREFIX_TEXT];
	struct prefix by;

	if (!circuit_up(t->w, m->circuit)) {
		lose(t, WAY_LOST, "holds the flow, and its circuit is down");
		return;
	}
	trip_restore(t, m);
	if (circuit_reaches(m->circuit, NULL, &t->dst, &by)) {
		out_of(t, m->circuit, "holds the flow: out of the circuit it is pinned to");
		return;
	}
	snprintf(why, sizeof(why), "holds the flow, pinned to %s, which receives no route to %s",
		 m->circuit->name, address_text(&t->dst, text));
	lose(t, WAY_LOST, why);
}

static void from_inside(struct trip *t)
{
	const struct memory *m = trip_recall(t);
	bool samepath = gateway_is_samepath(t->at.gateway);

	if (m && m->circuit && samepath) {
		pinned(t, m);
	} else if (m && m->circuit) {
		trip_restore(t, m);
		by_route(t);
	} else if (samepath && t->answer) {
		lose(t, WAY_REFUSED, "samepath, and holds no flow for this answer: drops it");
	} else if (samepath) {
		by_policy(t);
	} else {
		by_route(t);
	}
}

static bool is_pool(const struct trip *t)
{
	const struct prefix host = host_prefix(&t->dst);
	const struct paper *p = t->w->plan;

	for (size_t i = 0; i < p->circuit_count; i++)
		if (longest_of(circuit_outbound(&p->circuits[i]), &host))
			return true;
	return false;
}

/* Publishes: to the server, from an address that leads back here where sources are translated. */
static void publish(struct trip *t, const struct paper_service *s)
{
	const struct in6_addr src = t->src, dst = t->dst;
	unsigned char family = address_family(&dst);
	bool pooled = true;
	char why[WALK_WHY];

	t->dst = t->w->server;
	if (t->w->suppose.source_nat)
		t->src = imaginary(family);
	else if (s->source_nat)
		pooled = pool_address(t->w, &t->circuit->inbound_hosts, family, &t->src);
	if (!pooled) {
		snprintf(why, sizeof(why), "%s has no inbound pool for %s", t->circuit->name, s->name);
		lose(t, WAY_LOST, why);
		return;
	}
	trip_remember(t, t->circuit, &src, &dst);
	snprintf(why, sizeof(why), "publishes %s%s", s->name, s->source_nat ? " with source NAT" : "");
	to_inside(t, why);
}

static void from_outside(struct trip *t)
{
	const struct memory *m = trip_recall(t);
	const struct paper_gateway *g = t->at.gateway;
	const struct paper_service *s = trip_published(t);

	if (m && gateway_is_samepath(g) && m->circuit != t->circuit) {
		lose(t, WAY_REFUSED, "violation: the flow is pinned to another circuit");
	} else if (m) {
		trip_restore(t, m);
		to_inside(t, "holds the flow");
	} else if (t->answer && gateway_is_samepath(g)) {
		lose(t, WAY_REFUSED, "samepath, and holds no flow for this answer: drops it");
	} else if (s) {
		publish(t, s);
	} else if (gateway_is_samepath(g)) {
		lose(t, WAY_LOST, "publishes nothing at this address on this circuit");
	} else if (is_pool(t)) {
		lose(t, t->answer ? WAY_REFUSED : WAY_LOST,
		     "a pool's address, and no flow here wears it");
	} else {
		to_inside(t, "");
	}
}

void trip_at_gateway(struct trip *t)
{
	if (t->from.kind == PLACE_CIRCUIT)
		from_outside(t);
	else
		from_inside(t);
}
