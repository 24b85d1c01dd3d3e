// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_graph.h"

const char *const node_words[NODE_KINDS] = { "site",	 "segment",	"location",
					     "firewall", "gateway",	"circuit",
					     "meet-me",	 "destination", "service" };

/* Adds a line to a text. */
static void say(struct graph *g, char **text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct graph *g, char **text, const char *format, ...)
{
	char *line = NULL, *grown = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	if (line && asprintf(&grown, "%s%s%s", *text ? *text : "", *text ? "\n" : "", line) < 0)
		grown = NULL;
	free(line);
	g->failed |= !grown;
	if (!grown)
		return;
	free(*text);
	*text = grown;
}

#define SHOWN 4 /* prefixes of a list, where there may be hundreds */

static void say_prefixes(struct graph *g, char **text, const char *what,
			 const struct config_prefixes *list)
{
	const size_t most = g->whole || list->count < SHOWN ? list->count : SHOWN;
	char one[PREFIX_TEXT], *line = NULL;
	size_t size;
	FILE *out = list->count ? open_memstream(&line, &size) : NULL;

	g->failed |= list->count && !out;
	if (!out)
		return;
	for (size_t i = 0; i < most; i++)
		fprintf(out, "%s%s", i ? ", " : "", prefix_text(&list->at[i].prefix, one));
	if (list->count > most)
		fprintf(out, " and %zu more", list->count - most);
	if (fclose(out))
		g->failed = true;
	else
		say(g, text, "%s%s", what, line);
	free(line);
}

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

static char **edge(struct graph *g, size_t from, size_t to, enum edge_kind kind)
{
	struct graph_edge *grown = realloc(g->edges, (g->edge_count + 1) * sizeof(*grown));
	static struct graph_edge spare;

	g->failed |= !grown;
	if (!grown)
		return &spare.text;
	g->edges = grown;
	g->edges[g->edge_count] = (struct graph_edge){ .from = from, .to = to, .kind = kind };
	return &g->edges[g->edge_count++].text;
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
		char **text = edge(g, from, place_node(g, r->hop), EDGE_ROUTE);

		if (r->circuit)
			say(g, text, "what %s receives", r->circuit->name);
		say_prefixes(g, text, "", &r->to);
		say_prefixes(g, text, "without ", &r->except);
	}
}

static void sites(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->site_count; i++) {
		const struct paper_site *s = &p->sites[i];
		struct graph_node *n = node(g, NODE_SITE, s->name);

		if (s->region)
			say(g, &n->detail, "%s", s->region);
		for (size_t k = 0; k < s->segment_count; k++) {
			const struct paper_segment *one = &s->segments[k];

			n = node(g, NODE_SEGMENT, one->name);
			say_prefixes(g, &n->detail, "", &one->prefixes);
			for (size_t w = 0; w < one->without.count; w++)
				say(g, &n->detail, "does not see %s", one->without.at[w].text);
			edge(g, number(g, NODE_SEGMENT, one->name), number(g, NODE_SITE, s->name),
			     EDGE_LINK);
			routes(g, number(g, NODE_SEGMENT, one->name), &one->routes);
		}
		routes(g, number(g, NODE_SITE, s->name), &s->routes);
	}
	for (size_t i = 0; i < p->location_count; i++) {
		const struct paper_location *l = &p->locations[i];

		say(g, &node(g, NODE_LOCATION, l->name)->detail, "%u heads%s%s", l->heads,
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

		say(g, &n->detail, f->stateful ? "stateful" : "not stateful");
		say_prefixes(g, &n->detail, "source NAT ", &f->source_nat);
		edge(g, place_node(g, f->ends[0]), number(g, NODE_FIREWALL, f->name), EDGE_LINK);
		edge(g, number(g, NODE_FIREWALL, f->name), place_node(g, f->ends[1]), EDGE_LINK);
	}
	for (size_t i = 0; i < p->gateway_count; i++) {
		const struct paper_gateway *w = &p->gateways[i];

		say(g, &node(g, NODE_GATEWAY, w->name)->detail, "%s",
		    w->file		   ? w->file :
		    gateway_is_samepath(w) ? "samepath, not configured yet" :
					     "router");
		say(g,
		    edge(g, number(g, NODE_GATEWAY, w->name), place_node(g, w->inner), EDGE_ROUTE),
		    "inside");
		routes(g, number(g, NODE_GATEWAY, w->name), &w->routes);
	}
}

static void circuit_detail(struct graph *g, char **text, const struct paper_circuit *c)
{
	static const char *const kinds[] = { "internet", "expressroute", "other" };

	say(g, text, "%s%s%s", kinds[c->kind], c->region ? ", " : "", c->region ? c->region : "");
	say_prefixes(g, text, "outbound pool ", circuit_outbound(c));
	say_prefixes(g, text, "inbound pool ", circuit_inbound(c));
	say_prefixes(g, text, "advertises ", circuit_advertised(c));
	if (c->accepted.given)
		say_prefixes(g, text, "accepted ", &c->accepted.at);
	say(g, text, "receives %zu prefixes", c->received.at.count);
}

static void circuits(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];
		size_t outer = number(g, NODE_CIRCUIT, c->name);
		char **text;

		circuit_detail(g, &node(g, NODE_CIRCUIT, c->name)->detail, c);
		text = edge(g, number(g, NODE_GATEWAY, c->at->name), outer, EDGE_LINK);
		for (size_t k = 0; k < c->link_count; k++)
			say(g, text, "%s%s", c->links[k].name,
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

		say(g, &node(g, NODE_DESTINATION, d->name)->detail, "%zu prefixes%s%s",
		    d->prefix_count, d->region ? ", " : "", d->region ? d->region : "");
	}
}

static void services(struct graph *g, const struct paper *p)
{
	for (size_t i = 0; i < p->service_count; i++) {
		const struct paper_service *s = &p->services[i];
		struct graph_node *n = node(g, NODE_SERVICE, s->name);

		say_prefixes(g, &n->detail, "", &s->public);
		for (size_t k = 0; k < s->circuits.count; k++)
			say(g, &n->detail, "on %s", s->circuits.at[k].text);
		say(g, &n->detail, "source NAT: %s", s->source_nat ? "inbound pool" : "none here");
		for (size_t k = 0; k < s->servers.count; k++) {
			const struct paper_segment *one =
				paper_segment_of(p, &s->servers.at[k].prefix);
			char text[PREFIX_TEXT];

			say(g,
			    edge(g, number(g, NODE_SERVICE, s->name),
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

		say(g, edge(g, from, to, kind), "%s of flow %zu",
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
	sites(g, p->paper);
	devices(g, p->paper);
	circuits(g, p->paper);
	services(g, p->paper);
	bad_flows(g, &p->v);
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->node_count; i++)
		free(g->nodes[i].detail);
	for (size_t i = 0; i < g->edge_count; i++)
		free(g->edges[i].text);
	free(g->nodes);
	free(g->edges);
	memset(g, 0, sizeof(*g));
}
