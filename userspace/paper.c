// SPDX-License-Identifier: GPL-2.0-only
/* A plan read, looked things up in, and given back. */
#include <stdlib.h>
#include <string.h>
#include "config_read.h"
#include "paper_read.h"

#define SAME_HEAD(type)                                                                          \
	_Static_assert(offsetof(struct type, name) == offsetof(struct place_head, name) &&       \
			       offsetof(struct type, line) == offsetof(struct place_head, line), \
		       "read as struct place_head")
SAME_HEAD(paper_segment);
SAME_HEAD(paper_site);
SAME_HEAD(paper_firewall);
SAME_HEAD(paper_gateway);
SAME_HEAD(paper_circuit);
SAME_HEAD(paper_destination);

struct paper *paper_read(const char *file, struct report *report)
{
	size_t before = report->errors;
	struct document d = { 0 };
	struct paper *p = document_read(file, &paper_object, &d, report);

	free(d.bytes);
	if (!p)
		return NULL;
	p->file = config_copy(file);
	/* What is not well written is said before what it would mean. */
	if (report->errors == before && paper_names(p, report) && paper_join(p, report) &&
	    paper_dumps(p, report) && report->errors == before)
		return p;
	paper_free(p);
	return NULL;
}

static void free_gateway(struct paper_gateway *g)
{
	for (size_t i = 0; g->classes && i < g->config->class_count; i++)
		free(g->classes[i].at);
	free(g->classes);
	feeds_free(&g->feeds);
	config_free(g->config);
}

void paper_free(struct paper *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->service_count; i++)
		if (p->services[i].borrowed)
			memset(&p->services[i], 0, sizeof(p->services[i]));
	for (size_t i = 0; i < p->gateway_count; i++)
		free_gateway(&p->gateways[i]);
	for (size_t i = 0; i < p->destination_count; i++)
		free(p->destinations[i].prefixes);
	for (size_t i = 0; i < p->circuit_count; i++) {
		free(p->circuits[i].outbound_hosts.at);
		free(p->circuits[i].inbound_hosts.at);
	}
	free(p->registry.at);
	feeds_free(&p->bodies);
	object_free(&paper_object, p);
	free(p->file);
	free(p);
}

#define FIND(found, array, counter)                          \
	do {                                                 \
		for (size_t i = 0; i < p->counter; i++)      \
			if (!strcmp(p->array[i].name, name)) \
				return found;                \
	} while (0)

const struct paper_circuit *paper_circuit(const struct paper *p, const char *name)
{
	FIND(&p->circuits[i], circuits, circuit_count);
	return NULL;
}

const struct paper_destination *paper_destination(const struct paper *p, const char *name)
{
	FIND(&p->destinations[i], destinations, destination_count);
	return NULL;
}

const struct paper_segment *paper_segment(const struct paper *p, const char *name)
{
	for (size_t k = 0; k < p->site_count; k++)
		for (size_t i = 0; i < p->sites[k].segment_count; i++)
			if (!strcmp(p->sites[k].segments[i].name, name))
				return &p->sites[k].segments[i];
	return NULL;
}

const struct paper_segment *paper_segment_of(const struct paper *p, const struct prefix *host)
{
	const struct paper_segment *best = NULL;
	int longest = -1;

	for (size_t i = 0; i < p->site_count; i++)
		for (size_t k = 0; k < p->sites[i].segment_count; k++) {
			const struct paper_segment *s = &p->sites[i].segments[k];
			const struct config_prefix *found = longest_of(&s->prefixes, host);

			if (found && found->prefix.length > longest) {
				longest = found->prefix.length;
				best = s;
			}
		}
	return best;
}

#define PLACED(word, member, element) ((struct place){ .kind = (word), .member = (element) })

struct place paper_place(const struct paper *p, const char *name)
{
	const struct paper_destination *d = paper_destination(p, name);
	const struct paper_circuit *c = paper_circuit(p, name);
	const struct paper_segment *s = paper_segment(p, name);

	if (d)
		return PLACED(PLACE_DESTINATION, destination, d);
	if (c)
		return PLACED(PLACE_CIRCUIT, circuit, c);
	if (s)
		return PLACED(PLACE_SEGMENT, segment, s);
	FIND(PLACED(PLACE_GATEWAY, gateway, &p->gateways[i]), gateways, gateway_count);
	FIND(PLACED(PLACE_FIREWALL, firewall, &p->firewalls[i]), firewalls, firewall_count);
	FIND(PLACED(PLACE_SITE, site, &p->sites[i]), sites, site_count);
	return (struct place){ .kind = PLACE_NONE };
}

bool place_same(struct place a, struct place b)
{
	return a.kind == b.kind && (a.kind == PLACE_NONE || a.head == b.head);
}

const char *place_name(struct place p)
{
	return p.kind == PLACE_NONE ? "nowhere" : p.head->name;
}

const struct config_prefixes *circuit_outbound(const struct paper_circuit *c)
{
	return c->config ? &c->config->outbound_pool : &c->outbound_pool;
}

const struct config_prefixes *circuit_inbound(const struct paper_circuit *c)
{
	return c->config ? &c->config->inbound_pool : &c->inbound_pool;
}

const struct config_prefixes *circuit_advertised(const struct paper_circuit *c)
{
	/* What samepath may say there is what its configuration says; others may say more. */
	return c->config && !c->advertise.count ? &c->config->advertise : &c->advertise;
}

bool circuit_translates(const struct paper_circuit *c)
{
	return c->config ? c->config->translates : c->translates;
}

bool gateway_is_samepath(const struct paper_gateway *g)
{
	return g->config || g->has_policy;
}

bool words_have(const struct config_words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->at[i].text, text))
			return true;
	return false;
}

const struct config_prefix *longest_of(const struct config_prefixes *list, const struct prefix *p)
{
	const struct config_prefix *best = NULL;

	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&list->at[i].prefix, p) &&
		    (!best || list->at[i].prefix.length > best->prefix.length))
			best = &list->at[i];
	return best;
}
