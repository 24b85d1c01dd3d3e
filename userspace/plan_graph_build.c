// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_graph.h"

const char *const node_words[NODE_KINDS] = { "site",	 "segment",	"location",
					     "firewall", "gateway",	"circuit",
					     "meet-me",	 "destination", "service" };

/* Adds a line to a text that is bounded; what does not fit ends it. */
static void say(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	if (used && used + 1 < GRAPH_TEXT) {
		text[used++] = '\n';
		text[used] = '\0';
	}
	va_start(arguments, format);
	vsnprintf(text + used, GRAPH_TEXT - used, format, arguments);
	va_end(arguments);
}

static void say_prefixes(char *text, const char *what, const struct config_prefixes *list,
			 size_t most)
{
	char line[GRAPH_TEXT] = "", one[PREFIX_TEXT];
	size_t used = 0;

	for (size_t i = 0; i < list->count && i < most && used < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? ", " : "",
					 prefix_text(&list->at[i].prefix, one));
	if (list->count > most)
		say(text, "%s%s and %zu more", what, line, list->count - most);
	else if (list->count)
		say(text, "%s%s", what, line);
}
#define SHOWN 4 /* prefixes of a list, where there may be hundreds */

static struct graph_node *node(struct graph *g, enum node_kind kind, const char *name)
{
	static struct graph_node spare;
	struct graph_node *grown;

	for (size_t i = 0; i < g->node_count; i++)
		if (g->nodes[i].kind == kind && !strcmp(g->nodes[i].name, name))
			return &g->nodes[i];
	grown = realloc(g->nodes, (g->node_count + 1) * sizeof(*grown));
	g->failed |= !grown;
	if (!grown)
		return &spare;
	g->nodes = grown;
	g->nodes[g->node_count] = (struct graph_node){ .kind = kind, .name = name };
	return &g->nodes[g->node_count++];
}

static size_t number(struct graph *g, enum node_kind kind, const char *name)
{
	struct graph_node *n = node(g, kind, name);

	return g->failed ? 0 : (size_t)(n - g->nodes);
}

static char *edge(struct graph *g, size_t from, size_t to, enum edge_kind kind)
{
	struct graph_edge *grown = realloc(g->edges, (g->edge_count + 1) * sizeof(*grown));
	static struct graph_edge spare;

	g->failed |= !grown;
	if (!grown)
		return spare.text;
	g->edges = grown;
	g->edges[g->edge_count] = (struct graph_edge){ .from = from, .to = to, .kind = kind };
	return g->edges[g->edge_count++].text;
}

static size_t place_node(struct graph *g, struct place at)
{
	static const enum node_kind kinds[] = {
		[PLACE_DESTINATION] = NODE_DESTINATION,
		[PLACE_CIRCUIT] = NODE_CIRCUIT,
		[PLACE_GATEWAY] = NODE_GATEWAY,
		[PLACE_FIREWALL] = NODE_FIREWALL,
		[PLACE_SITE] = NODE_SITE,
		[PLACE_SEGMENT] = NODE_SEGMENT,
	};

	return number(g, kinds[at.kind], at.head->name);
}

static void routes(struct graph *g, size_t from, const struct paper_routes *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct paper_route *r = &list->at[i];
		char *text = edge(g, from, place_node(g, r->hop), EDGE_ROUTE);

		if (r->circuit)
			say(text, "what %s receives", r->circuit->name);
		say_prefixes(text, "", &r->to, SHOWN);
		say_prefixes(text, "without ", &r->except, SHOWN);
	}
}

static void sites(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->site_count; i++) {
		const struct paper_site *s = &p->sites[i];
		struct graph_node *n = node(g, NODE_SITE, s->name);

		if (s->region)
			say(n->detail, "%s", s->region);
		for (size_t k = 0; k < s->segment_count; k++) {
			const struct paper_segment *one = &s->segments[k];

			n = node(g, NODE_SEGMENT, one->name);
			say_prefixes(n->detail, "", &one->prefixes, SHOWN);
			for (size_t w = 0; w < one->without.count; w++)
				say(n->detail, "does not see %s", one->without.at[w].text);
			edge(g, number(g, NODE_SEGMENT, one->name), number(g, NODE_SITE, s->name),
			     EDGE_LINK);
			routes(g, number(g, NODE_SEGMENT, one->name), &one->routes);
		}
		routes(g, number(g, NODE_SITE, s->name), &s->routes);
	}
	for (size_t i = 0; i < p->location_count; i++) {
		const struct paper_location *l = &p->locations[i];

		say(node(g, NODE_LOCATION, l->name)->detail, "%u heads%s%s", l->heads,
		    l->region ? ", " : "", l->region ? l->region : "");
		edge(g, number(g, NODE_LOCATION, l->name), number(g, NODE_SEGMENT, l->at->name),
		     EDGE_LINK);
	}
}

static void devices(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->firewall_count; i++) {
		const struct paper_firewall *f = &p->firewalls[i];
		struct graph_node *n = node(g, NODE_FIREWALL, f->name);

		say(n->detail, f->stateful ? "stateful" : "not stateful");
		say_prefixes(n->detail, "source NAT ", &f->source_nat, SHOWN);
		edge(g, place_node(g, f->ends[0]), number(g, NODE_FIREWALL, f->name), EDGE_LINK);
		edge(g, number(g, NODE_FIREWALL, f->name), place_node(g, f->ends[1]), EDGE_LINK);
	}
	for (size_t i = 0; i < p->gateway_count; i++) {
		const struct paper_gateway *w = &p->gateways[i];

		say(node(g, NODE_GATEWAY, w->name)->detail, "%s",
		    w->file		   ? w->file :
		    gateway_is_samepath(w) ? "samepath, not configured yet" :
					     "router");
		say(edge(g, number(g, NODE_GATEWAY, w->name), place_node(g, w->inner), EDGE_ROUTE),
		    "inside");
		routes(g, number(g, NODE_GATEWAY, w->name), &w->routes);
	}
}

static void circuit_detail(char *text, const struct paper_circuit *c)
{
	static const char *const kinds[] = { "internet", "expressroute", "other" };

	say(text, "%s%s%s", kinds[c->kind], c->region ? ", " : "", c->region ? c->region : "");
	say_prefixes(text, "outbound pool ", circuit_outbound(c), SHOWN);
	say_prefixes(text, "inbound pool ", circuit_inbound(c), SHOWN);
	say_prefixes(text, "advertises ", circuit_advertised(c), SHOWN);
	if (c->accepted.given)
		say_prefixes(text, "accepted ", &c->accepted.at, SHOWN);
	say(text, "receives %zu prefixes", c->received.at.count);
}

static void circuits(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];
		size_t outer = number(g, NODE_CIRCUIT, c->name);
		char *text;

		circuit_detail(node(g, NODE_CIRCUIT, c->name)->detail, c);
		text = edge(g, number(g, NODE_GATEWAY, c->at->name), outer, EDGE_LINK);
		for (size_t k = 0; k < c->link_count; k++)
			say(text, "%s%s", c->links[k].name,
			    !c->links[k].session_given ? "" :
			    c->links[k].session.down   ? ", session down" :
							 ", session up");
		if (c->meet_me) {
			size_t meet = number(g, NODE_MEET_ME, c->meet_me);

			edge(g, outer, meet, EDGE_LINK);
			outer = meet;
		}
		for (size_t k = 0; k < p->destination_count; k++)
			if (c->kind == KIND_INTERNET || p->destinations[k].provider)
				edge(g, outer, number(g, NODE_DESTINATION, p->destinations[k].name),
				     EDGE_LINK);
	}
	for (size_t k = 0; k < p->destination_count; k++) {
		const struct paper_destination *d = &p->destinations[k];

		say(node(g, NODE_DESTINATION, d->name)->detail, "%zu prefixes%s%s", d->prefix_count,
		    d->region ? ", " : "", d->region ? d->region : "");
	}
}

static void services(struct graph *g, const struct paper *p)
{
	char line[GRAPH_TEXT] = "";

	for (size_t i = 0; i < p->service_count; i++) {
		const struct paper_service *s = &p->services[i];
		struct graph_node *n = node(g, NODE_SERVICE, s->name);
		size_t used = 0;

		say_prefixes(n->detail, "", &s->public, SHOWN);
		for (size_t k = 0; k < s->circuits.count && used < sizeof(line); k++)
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
						 k ? ", " : "on ", s->circuits.at[k].text);
		say(n->detail, "%s", line);
		say(n->detail, "source NAT: %s", s->source_nat ? "inbound pool" : "none here");
		for (size_t k = 0; k < s->servers.count; k++) {
			const struct paper_segment *one =
				paper_segment_of(p, &s->servers.at[k].prefix);
			char text[PREFIX_TEXT];

			say(edge(g, number(g, NODE_SERVICE, s->name),
				 number(g, NODE_SEGMENT, one->name), EDGE_LINK),
			    "%s", address_text(&s->servers.at[k].prefix.address, text));
		}
		if (s->publisher.kind != PLACE_NONE)
			edge(g, place_node(g, s->publisher), number(g, NODE_SERVICE, s->name),
			     EDGE_LINK);
	}
}

/* The hops of one way. It ends where it is lost, or with who asked or is asked. */
static void way(struct graph *g, const struct way *w, enum edge_kind kind, size_t flow)
{
	for (size_t i = 1; i < w->count; i++) {
		size_t from = place_node(g, w->hops[i - 1].at), to = place_node(g, w->hops[i].at);

		say(edge(g, from, to, kind), "%s of flow %zu",
		    kind == EDGE_QUESTION ? "question" : "answer", flow);
	}
}

static void bad_flows(struct graph *g, const struct verify *v)
{
	for (size_t i = 0; i < v->row_count && plan_base(v, v->rows[i]); i++) {
		const struct flow_row *row = v->rows[i];

		if (row->judged.what == JUDGED_SYMMETRIC || row->judged.stated)
			continue;
		way(g, &row->walk.question, EDGE_QUESTION, i + 1);
		way(g, &row->walk.answer, EDGE_ANSWER, i + 1);
		if (row->judged.ends.kind != PLACE_NONE && !g->failed)
			g->nodes[place_node(g, row->judged.ends)].bad = true;
	}
}

void plan_graph_build(const struct plan *p, struct graph *g)
{
	memset(g, 0, sizeof(*g));
	sites(g, p->paper);
	devices(g, p->paper);
	circuits(g, p->paper);
	services(g, p->paper);
	bad_flows(g, &p->v);
}
