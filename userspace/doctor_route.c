// SPDX-License-Identifier: GPL-2.0-only
/* Rules and routes: what apply made is there, nobody speaks before it, circuits have a way, segments one
 * back. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include "doctor.h"
#include "kernel_step.h"

#define REPAIR 1024 /* sixteen next hops */

static bool has_rule(const struct doctor *d, const struct kernel_rule *want)
{
	char line[JOURNAL_LINE], other[JOURNAL_LINE];

	rule_line(want, line);
	for (size_t i = 0; i < d->rule_count; i++)
		if (!d->rules[i].other && !strcmp(rule_line(&d->rules[i], other), line))
			return true;
	return false;
}

/* With the mark by which apply knows its own. */
static void judge_rule(struct doctor *d, const struct kernel_rule *want)
{
	char text[REPAIR - 64], repair[REPAIR], place[PREFIX_TEXT + 32];
	char from[PREFIX_TEXT];

	if (want->oif[0])
		snprintf(place, sizeof(place), "%s IPv%d table %u", want->oif, want->family,
			 want->table);
	else
		snprintf(place, sizeof(place), "%s table %u", prefix_text(&want->from, from),
			 want->table);
	snprintf(repair, sizeof(repair), "ip %s protocol %d",
		 kernel_rule_text(want, "add", text, sizeof(text)), KERNEL_PROTOCOL);
	if (has_rule(d, want))
		doctor_add(d, "rule", place, DOCTOR_OK, NULL, "priority %u", want->priority);
	else
		doctor_add(d, "rule", place, DOCTOR_FATAL, repair,
			   "the rule is gone: the main table answers for this circuit");
}

static bool touches_pool(const struct config *c, const struct prefix *from)
{
	for (size_t i = 0; i < c->circuit_count; i++)
		for (size_t k = 0; c->circuits[i].table && k < c->circuits[i].outbound_pool.count; k++)
			if (prefix_overlaps(&c->circuits[i].outbound_pool.at[k].prefix, from))
				return true;
	return false;
}

/* Asked before ours, and about an address of a pool: that of the kernel's own table is priority 0. */
static void judge_rival(struct doctor *d, const struct kernel_rule *r, size_t *found)
{
	char text[256], repair[64];

	if (!r->priority || r->priority >= KERNEL_PRIORITY_POOL || r->oif[0] ||
	    r->protocol == KERNEL_PROTOCOL || (r->from.length && !touches_pool(d->config, &r->from)))
		return;
	snprintf(repair, sizeof(repair), "ip %srule del priority %u", r->family == 6 ? "-6 " : "",
		 r->priority);
	doctor_add(d, "rival-rule", "", r->other ? DOCTOR_NOTE : DOCTOR_WARNING, repair,
		   "the rule %s%s is asked before the circuits' own, which begin at %d",
		   strstr(kernel_rule_text(r, "", text, sizeof(text)), "from"),
		   r->other ? " (and more)" : "", KERNEL_PRIORITY_POOL);
	(*found)++;
}

void doctor_rules(struct doctor *d)
{
	size_t rivals = 0;

	for (size_t i = 0; i < d->want->rule_count && d->running; i++)
		judge_rule(d, &d->want->rules[i]);
	for (size_t i = 0; i < d->rule_count; i++)
		judge_rival(d, &d->rules[i], &rivals);
	if (!rivals)
		doctor_add(d, "rival-rule", "", DOCTOR_OK, NULL,
			   "no rule speaks before the circuits' own");
}

static const struct kernel_route *find(const struct doctor *d, const struct kernel_route *want)
{
	char line[JOURNAL_LINE], other[JOURNAL_LINE];

	route_line(want, line);
	for (size_t i = 0; i < d->route_count; i++)
		if (d->routes[i].table == want->table && !strcmp(route_line(&d->routes[i], other), line))
			return &d->routes[i];
	return NULL;
}

static const char *harm(const struct kernel_route *r)
{
	switch (r->kind) {
	case ROUTE_UNREACHABLE:
		return "without it a table that lost its routes falls through to another circuit";
	case ROUTE_BLACKHOLE:
		return "without it what comes for an unused address of the pool may circle";
	default:
		return "it is what the circuit's next hops are reached by";
	}
}

static void judge_route(struct doctor *d, const struct kernel_route *want)
{
	char text[REPAIR - 64], repair[REPAIR], to[PREFIX_TEXT], place[PREFIX_TEXT + 32];
	char verb[32];
	const struct kernel_route *is = find(d, want);

	if (want->to.length)
		snprintf(place, sizeof(place), "%s table %u", prefix_text(&want->to, to), want->table);
	else
		snprintf(place, sizeof(place), "%s IPv%d table %u",
			 want->kind == ROUTE_UNREACHABLE ? "unreachable" : "default", want->to.family,
			 want->table);
	/* the mark first: behind a next hop no other word may come */
	snprintf(verb, sizeof(verb), "%s proto %d", is ? "replace" : "add", KERNEL_PROTOCOL);
	snprintf(repair, sizeof(repair), "ip %s", kernel_route_text(want, verb, text, sizeof(text)));
	if (!is)
		doctor_add(d, "route", place,
			   want->kind == ROUTE_UNREACHABLE ? DOCTOR_FATAL : DOCTOR_WARNING, repair,
			   "the route is gone: %s", harm(want));
	else if (!route_same_hops(is, want))
		doctor_add(d, "route", place, DOCTOR_WARNING, repair,
			   "leads elsewhere than was applied");
	else
		doctor_add(d, "route", place, DOCTOR_OK, NULL, "as applied");
}

static bool by_circuit(const struct doctor *d, const struct kernel_route *r,
		       const struct config_circuit *c)
{
	for (unsigned int i = 0; i < r->hop_count; i++) {
		const struct doctor_device *v = doctor_device_at(d, r->hops[i].ifindex);

		if (v && v->circuit == c)
			return true;
	}
	return false;
}

static bool wears(const struct config_circuit *c, unsigned char family)
{
	for (size_t i = 0; i < c->outbound_pool.count; i++)
		if (c->outbound_pool.at[i].prefix.family == family)
			return true;
	return !c->translates && family == 4;
}

static bool has_next_hop(const struct config_circuit *c, unsigned char family)
{
	for (size_t i = 0; i < c->link_count; i++)
		for (size_t k = 0; k < c->links[i].next_hops.count; k++)
			if (c->links[i].next_hops.at[k].prefix.family == family)
				return true;
	return false;
}

/* A route that leads somewhere else than to the neighbours on the wire. */
static void judge_way(struct doctor *d, const struct config_circuit *c, unsigned char family)
{
	uint32_t table = c->table ? c->table : RT_TABLE_MAIN;
	char place[64];
	size_t routes = 0;

	/* before apply its own default is not there yet */
	if (!wears(c, family) || (!d->running && c->table && has_next_hop(c, family)))
		return;
	for (size_t i = 0; i < d->route_count; i++) {
		const struct kernel_route *r = &d->routes[i];

		if (r->table == table && r->to.family == family && r->kind == ROUTE_UNICAST &&
		    by_circuit(d, r, c) &&
		    (c->table || !r->to.length || !IN6_IS_ADDR_UNSPECIFIED(&r->hops[0].gateway)))
			routes++;
	}
	snprintf(place, sizeof(place), "%s IPv%d", c->name, family);
	if (routes)
		doctor_add(d, "circuit-route", place, DOCTOR_OK, NULL, "%zu routes by its links",
			   routes);
	else
		doctor_add(d, "circuit-route", place, DOCTOR_WARNING, NULL,
			   "table %u has no route by a link of it, so nothing new goes there; %s", table,
			   has_next_hop(c, family) ? "its links are down, or were since `apply`" :
			   c->table		   ? "a BGP session is to fill it" :
						     "it wants a default route");
}

static bool leads_inside(const struct doctor *d, const struct kernel_route *r)
{
	return r->kind == ROUTE_UNICAST && r->hop_count && doctor_device_at(d, r->hops[0].ifindex) &&
	       !doctor_device_at(d, r->hops[0].ifindex)->circuit;
}

/* The longest route that holds the whole segment, or one of the inside within it, for hosts are not
 * everywhere. */
static bool leads_back(const struct doctor *d, const struct prefix *segment)
{
	const struct kernel_route *longest = NULL;

	for (size_t i = 0; i < d->route_count; i++) {
		const struct kernel_route *r = &d->routes[i];

		if (r->table != RT_TABLE_MAIN || r->to.family != segment->family)
			continue;
		if (prefix_contains(segment, &r->to) && leads_inside(d, r))
			return true;
		if (prefix_contains(&r->to, segment) && (!longest || r->to.length > longest->to.length))
			longest = r;
	}
	return longest && leads_inside(d, longest);
}

/* The inside device with an address in the segment, or the first one, by the router that others go by.
 */
static void way_back(const struct doctor *d, const struct prefix *segment, char *out, size_t size)
{
	char to[PREFIX_TEXT], by[PREFIX_TEXT];
	const char *device = "";

	for (size_t i = 0; i < d->address_count; i++) {
		const struct doctor_device *v = doctor_device_at(d, d->addresses[i].ifindex);

		if (v && !v->circuit && prefix_contains(segment, &d->addresses[i].address))
			device = v->link->name;
	}
	snprintf(out, size, "ip route add %s dev %s", prefix_text(segment, to), device);
	for (size_t i = 0; i < d->route_count && !device[0]; i++) {
		const struct kernel_hop *h = &d->routes[i].hops[0];

		if (d->routes[i].to.family != segment->family || !leads_inside(d, &d->routes[i]) ||
		    IN6_IS_ADDR_UNSPECIFIED(&h->gateway))
			continue;
		snprintf(out, size, "ip route add %s via %s dev %s", to, address_text(&h->gateway, by),
			 doctor_device_at(d, h->ifindex)->link->name);
		return;
	}
	if (!device[0])
		out[0] = '\0';
}

static void judge_segment(struct doctor *d, const struct config_segment *s, const struct prefix *p)
{
	char place[PREFIX_TEXT + 40], text[PREFIX_TEXT], repair[256];

	snprintf(place, sizeof(place), "%s %s", s->name, prefix_text(p, text));
	if (leads_back(d, p)) {
		doctor_add(d, "segment-route", place, DOCTOR_OK, NULL,
			   "an inside interface leads there");
		return;
	}
	way_back(d, p, repair, sizeof(repair));
	doctor_add(d, "segment-route", place, DOCTOR_WARNING, repair[0] ? repair : NULL,
		   "no route by an inside interface: what is sent to its hosts is lost");
}

void doctor_routes(struct doctor *d)
{
	const struct config *c = d->config;

	for (size_t i = 0; i < d->want->route_count && d->running; i++)
		judge_route(d, &d->want->routes[i]);
	for (size_t i = 0; i < c->circuit_count; i++)
		for (int family = 4; family <= 6; family += 2)
			judge_way(d, &c->circuits[i], (unsigned char)family);
	for (size_t i = 0; i < c->segment_count; i++)
		for (size_t k = 0; k < c->segments[i].prefixes.count; k++)
			judge_segment(d, &c->segments[i], &c->segments[i].prefixes.at[k].prefix);
}
