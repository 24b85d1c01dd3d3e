// SPDX-License-Identifier: GPL-2.0-only
/* Names of a plan: each once, every reference to a place that can be meant; resolved as they are checked. */
#include <stdio.h>
#include <string.h>
#include "paper_read.h"

struct namer {
	struct paper *plan;
	struct report *report;
	bool sound;
};

#define KINDS(kind) (1u << (kind))
static const char *const kind_words[] = {
	[PLACE_DESTINATION] = "destination", [PLACE_CIRCUIT] = "circuit", [PLACE_GATEWAY] = "gateway",
	[PLACE_FIREWALL] = "firewall",	     [PLACE_SITE] = "site",	  [PLACE_SEGMENT] = "segment",
};

static void kinds_text(unsigned int kinds, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned int k = PLACE_DESTINATION; k <= PLACE_SEGMENT; k++)
		if (kinds & KINDS(k) && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " or " : "",
						 kind_words[k]);
}

static const struct place_head *array_head(const void *array, size_t size, size_t i)
{
	return (const struct place_head *)((const char *)array + i * size);
}

static void names_of(const struct paper *p, unsigned int kinds, char *out, size_t size)
{
	const struct {
		enum place_kind kind;
		const void *at;
		size_t count, size;
	} lists[] = {
		{ PLACE_DESTINATION, p->destinations, p->destination_count, sizeof(*p->destinations) },
		{ PLACE_CIRCUIT, p->circuits, p->circuit_count, sizeof(*p->circuits) },
		{ PLACE_GATEWAY, p->gateways, p->gateway_count, sizeof(*p->gateways) },
		{ PLACE_FIREWALL, p->firewalls, p->firewall_count, sizeof(*p->firewalls) },
		{ PLACE_SITE, p->sites, p->site_count, sizeof(*p->sites) },
	};
	size_t used = 0;

	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		for (size_t i = 0; kinds & KINDS(lists[l].kind) && i < lists[l].count && used < size;
		     i++)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 array_head(lists[l].at, lists[l].size, i)->name);
	for (size_t k = 0; kinds & KINDS(PLACE_SEGMENT) && k < p->site_count; k++)
		for (size_t i = 0; i < p->sites[k].segment_count && used < size; i++)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 p->sites[k].segments[i].name);
	if (!used)
		snprintf(out, size, "none, for the plan has no such");
}

/* The place that a word means, which is of one of these kinds. */
static struct place must_be(struct namer *n, const struct config_word *w, const char *where,
			    unsigned int kinds)
{
	struct place found = paper_place(n->plan, w->text);
	char words[96], known[256];

	if (found.kind != PLACE_NONE && kinds & KINDS(found.kind))
		return found;
	kinds_text(kinds, words, sizeof(words));
	names_of(n->plan, kinds, known, sizeof(known));
	report_error(n->report, n->plan->file, w->line, "%s: %s: no such %s; accepted: %s", where,
		     w->text, words, known);
	n->sound = false;
	return (struct place){ .kind = PLACE_NONE };
}

static void each_must_be(struct namer *n, const struct config_words *w, const char *where,
			 enum place_kind kind)
{
	for (size_t i = 0; i < w->count; i++)
		must_be(n, &w->at[i], where, KINDS(kind));
}

/* All places share one space, so the first of a name is the one that paper_place finds. */
static void once(struct namer *n, enum place_kind kind, const void *array, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const struct place_head *head = array_head(array, size, i);
		struct place found = paper_place(n->plan, head->name);

		if (found.head == head)
			continue;
		report_error(n->report, n->plan->file, head->line,
			     "%ss[%s].name: stands twice (%s, line %d); accepted: another name",
			     kind_words[kind], head->name, kind_words[found.kind], found.head->line);
		n->sound = false;
	}
}

static void routes(struct namer *n, struct paper_routes *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct paper_route *route = &r->at[i];

		route->hop = must_be(n, &route->next, "routes.next",
				     KINDS(PLACE_SITE) | KINDS(PLACE_GATEWAY));
		if (route->from.text)
			route->circuit =
				must_be(n, &route->from, "routes.from", KINDS(PLACE_CIRCUIT)).circuit;
		if (!route->from.text == !route->to.count) {
			report_error(n->report, n->plan->file, route->line,
				     "routes: %s; accepted: prefixes in `to`, or a circuit in `from`",
				     route->to.count ? "both to and from" : "neither to nor from");
			n->sound = false;
		}
	}
}

static void site(struct namer *n, struct paper_site *s)
{
	once(n, PLACE_SEGMENT, s->segments, s->segment_count, sizeof(*s->segments));
	routes(n, &s->routes);
	for (size_t i = 0; i < s->segment_count; i++) {
		s->segments[i].site = s;
		routes(n, &s->segments[i].routes);
		each_must_be(n, &s->segments[i].without, "segments.without", PLACE_CIRCUIT);
	}
}

static void firewall(struct namer *n, struct paper_firewall *f)
{
	if (f->between.count != 2) {
		report_error(n->report, n->plan->file, f->line,
			     "firewalls[%s].between: %zu names; accepted: two, the inner one first",
			     f->name, f->between.count);
		n->sound = false;
		return;
	}
	for (size_t i = 0; i < 2; i++)
		f->ends[i] = must_be(n, &f->between.at[i], "firewalls.between",
				     KINDS(PLACE_SITE) | KINDS(PLACE_GATEWAY));
}

/* Of a configuration's rules `check` has judged the names; a plan's own are of its places. */
static void gateway(struct namer *n, struct paper_gateway *g)
{
	g->inner = must_be(n, &g->inside, "gateways.inside", KINDS(PLACE_SITE));
	routes(n, &g->routes);
	if (g->file && g->has_policy) {
		report_error(n->report, n->plan->file, g->line,
			     "gateways[%s]: both config and policy; accepted: one of them", g->name);
		n->sound = false;
	}
	for (size_t i = 0; i < g->rule_count; i++) {
		const struct config_rule *u = &g->rules[i];

		for (size_t k = 0; k < u->from.count; k++)
			if (strcmp(u->from.at[k].text, "any"))
				must_be(n, &u->from.at[k], "policy.from", KINDS(PLACE_SEGMENT));
		for (size_t k = 0; k < u->to.count; k++)
			if (strcmp(u->to.at[k].text, "any"))
				must_be(n, &u->to.at[k], "policy.to", KINDS(PLACE_DESTINATION));
		each_must_be(n, &u->circuits, "policy.circuits", PLACE_CIRCUIT);
		if (strcmp(u->otherwise.text, "drop"))
			must_be(n, &u->otherwise, "policy.otherwise", KINDS(PLACE_CIRCUIT));
	}
}

static void feed_of(struct namer *n, const struct paper_destination *d)
{
	for (size_t i = 0; i < n->plan->feed_count; i++)
		if (d->class.feed && !strcmp(n->plan->feeds[i].name, d->class.feed))
			return;
	if (!d->class.feed && d->class.prefixes.count)
		return;
	report_error(n->report, n->plan->file, d->class.feed ? d->class.feed_line : d->line,
		     "destinations[%s]%s%s: %s; accepted: prefixes, or the name of a feed of the plan",
		     d->name, d->class.feed ? ".feed: " : "", d->class.feed ? d->class.feed : "",
		     d->class.feed ? "no such feed" : "without addresses");
	n->sound = false;
}

static void location(struct namer *n, struct paper_location *l)
{
	l->at = must_be(n, &l->segment, "locations.segment", KINDS(PLACE_SEGMENT)).segment;
	each_must_be(n, &l->uses, "locations.uses", PLACE_DESTINATION);
	for (size_t i = 0; i < l->latency_count; i++)
		must_be(n, &l->latency[i].circuit, "locations.latency", KINDS(PLACE_CIRCUIT));
}

static void service(struct namer *n, struct paper_service *s)
{
	each_must_be(n, &s->circuits, "services.circuits", PLACE_CIRCUIT);
	each_must_be(n, &s->used_by, "services.used-by", PLACE_DESTINATION);
	if (s->at.text)
		s->publisher =
			must_be(n, &s->at, "services.at", KINDS(PLACE_GATEWAY) | KINDS(PLACE_FIREWALL));
	if (s->source_nat && s->publisher.kind == PLACE_FIREWALL) {
		report_error(
			n->report, n->plan->file, s->line,
			"services[%s].source-nat: inbound-pool: %s is a firewall; accepted: source-nat of that firewall, or a gateway in `at`",
			s->name, s->at.text);
		n->sound = false;
	}
}

bool paper_names(struct paper *p, struct report *report)
{
	struct namer n = { p, report, true };

	once(&n, PLACE_SITE, p->sites, p->site_count, sizeof(*p->sites));
	once(&n, PLACE_FIREWALL, p->firewalls, p->firewall_count, sizeof(*p->firewalls));
	once(&n, PLACE_GATEWAY, p->gateways, p->gateway_count, sizeof(*p->gateways));
	once(&n, PLACE_CIRCUIT, p->circuits, p->circuit_count, sizeof(*p->circuits));
	once(&n, PLACE_DESTINATION, p->destinations, p->destination_count, sizeof(*p->destinations));
	for (size_t i = 0; i < p->site_count; i++)
		site(&n, &p->sites[i]);
	for (size_t i = 0; i < p->firewall_count; i++)
		firewall(&n, &p->firewalls[i]);
	for (size_t i = 0; i < p->gateway_count; i++)
		gateway(&n, &p->gateways[i]);
	for (size_t i = 0; i < p->circuit_count; i++)
		p->circuits[i].at =
			must_be(&n, &p->circuits[i].gateway, "circuits.gateway", KINDS(PLACE_GATEWAY))
				.gateway;
	for (size_t i = 0; i < p->destination_count; i++)
		feed_of(&n, &p->destinations[i]);
	for (size_t i = 0; i < p->location_count; i++)
		location(&n, &p->locations[i]);
	for (size_t i = 0; i < p->service_count; i++)
		service(&n, &p->services[i]);
	return n.sound;
}
