/* SPDX-License-Identifier: GPL-2.0-only */
/* A plan as nodes and edges: all that is in it, and the ways of flows that do not come back as
 * they went. */
#ifndef SAMEPATH_USERSPACE_PLAN_GRAPH_H
#define SAMEPATH_USERSPACE_PLAN_GRAPH_H

#include "plan.h"

enum node_kind {
	NODE_SITE,
	NODE_SEGMENT,
	NODE_LOCATION,
	NODE_FIREWALL,
	NODE_GATEWAY,
	NODE_CIRCUIT,
	NODE_MEET_ME,
	NODE_DESTINATION,
	NODE_SERVICE,
	NODE_KINDS
};
struct graph_node {
	enum node_kind kind;
	const char *name; /* of all of its kind, this one's; it belongs to the plan */
	char *detail; /* lines that end in \n but for the last, NULL: none */
	bool bad; /* flows end there that should not */
};
enum edge_kind { EDGE_LINK, EDGE_ROUTE, EDGE_QUESTION, EDGE_ANSWER };
struct graph_edge {
	size_t from, to; /* nodes */
	enum edge_kind
		kind; /* a link has no direction; questions and answers are those of bad flows */
	char *text; /* as a detail */
};
struct graph {
	struct graph_node *nodes;
	size_t node_count;
	struct graph_edge *edges;
	size_t edge_count;
	bool whole; /* every prefix, in place of the first few of each list */
	bool failed; /* out of memory */
};

extern const char *const node_words[NODE_KINDS];
/* Adds to a graph that is empty but for `whole`. graph_free gives it back, also after failures. */
void plan_graph_build(const struct plan *p, struct graph *g);
void graph_free(struct graph *g);
/* In the language of Graphviz; NULL: out of memory. The caller frees it. */
char *plan_dot(const struct graph *g, const char *name);

#endif
