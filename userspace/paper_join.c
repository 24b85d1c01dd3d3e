// SPDX-License-Identifier: GPL-2.0-only
/* What a plan names and does not hold: configurations of its gateways, bodies of feeds, the register. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "config_read.h"
#include "paper_read.h"

#define LINE_LONGEST 256
#define LINES_MOST 1000000

static bool select_classes(struct paper_gateway *g, struct report *r)
{
	g->classes = calloc(g->config->class_count + 1, sizeof(*g->classes));
	for (size_t i = 0; g->classes && i < g->config->class_count; i++)
		if (class_select(g->config, &g->feeds, &g->config->classes[i], &g->classes[i].at,
				 &g->classes[i].count))
			break;
		else if (i + 1 == g->config->class_count)
			return true;
	if (g->classes && !g->config->class_count)
		return true;
	report_error(r, g->config->file, 0, "classes: out of memory");
	return false;
}

/* Its configuration is checked as `check` does; all of that must hold before it is walked. */
static bool read_config(const struct paper *p, struct paper_gateway *g, struct report *r)
{
	char *path = feed_path(p->file, g->file);
	bool good;

	g->config = path ? check_all(path, NULL, &g->feeds, r) : NULL;
	free(path);
	good = g->config && select_classes(g, r);
	if (!good)
		report_error(
			r, p->file, g->file_line,
			"gateways[%s].config: %s: not sound; a configuration that `check` accepts is accepted",
			g->name, g->file);
	return good;
}

/* A circuit of the plan is the one of that name in its gateway's configuration. */
static bool join_circuit(struct paper *p, struct paper_circuit *c, struct report *r)
{
	if (!c->at->config)
		return true;
	c->config = config_circuit(c->at->config, c->name);
	if (!c->config || c->config->kind != c->kind) {
		report_error(r, p->file, c->line,
			     "circuits[%s]: %s; accepted: a circuit of %s by its name and kind", c->name,
			     c->config ? "of another kind in the configuration of its gateway" :
					 "not in the configuration of its gateway",
			     c->at->config->file);
		return false;
	}
	if (!c->outbound_pool.count && !c->inbound_pool.count)
		return true;
	report_error(r, p->file, c->line, "circuits[%s]: pools; accepted: those of %s alone", c->name,
		     c->at->config->file);
	return false;
}

/* Every circuit of the configuration must be in the plan: a rule may choose it. */
static bool all_circuits(struct paper *p, const struct paper_gateway *g, struct report *r)
{
	bool good = true;

	for (size_t i = 0; g->config && i < g->config->circuit_count; i++) {
		const struct paper_circuit *c = paper_circuit(p, g->config->circuits[i].name);

		if (c && c->at == g)
			continue;
		report_error(
			r, p->file, g->file_line,
			"gateways[%s].config: circuit %s of %s is no circuit of this gateway here; accepted: each of them in `circuits`",
			g->name, g->config->circuits[i].name, g->config->file);
		good = false;
	}
	return good;
}

/* A service of a configuration, told as the plan's own are. Its lists stay the configuration's. */
static void borrow(struct paper *p, const struct paper_gateway *g, const struct config_service *s)
{
	struct paper_service *own;

	p->services = config_grow(p->services, &p->service_count, sizeof(*p->services));
	own = &p->services[p->service_count - 1];
	*own = (struct paper_service){
		.name = s->name,
		.line = s->line,
		.public = s->public,
		.servers = s->servers,
		.ports = s->ports,
		.port_count = s->port_count,
		.circuits = s->circuits,
		.source_nat = s->source_nat,
		.borrowed = true,
		.publisher = { .kind = PLACE_GATEWAY, .gateway = g },
	};
}

static void join_services(struct paper *p)
{
	for (size_t i = 0; i < p->gateway_count; i++)
		for (size_t k = 0; p->gateways[i].config && k < p->gateways[i].config->service_count;
		     k++)
			borrow(p, &p->gateways[i], &p->gateways[i].config->services[k]);
}

static bool feed_rows(struct paper *p, struct feeds *feeds, struct report *r)
{
	struct config mini = {
		.file = p->file, .lab = p->lab, .feeds = p->feeds, .feed_count = p->feed_count
	};
	bool good = true;

	feeds->at = calloc(p->feed_count + 1, sizeof(*feeds->at));
	feeds->count = feeds->at ? p->feed_count : 0;
	for (size_t i = 0; i < feeds->count; i++) {
		const struct feed_rules rules = { p->lab, p->feeds[i].min4, p->feeds[i].min6 };
		char *path = feed_path(p->file, p->feeds[i].source);

		feeds->at[i] =
			path ? feed_read(p->feeds[i].name, p->feeds[i].format, path, &rules, r) : NULL;
		good &= feeds->at[i] != NULL;
		free(path);
	}
	for (size_t i = 0; good && i < p->destination_count; i++) {
		struct paper_destination *d = &p->destinations[i];

		good = !class_select(&mini, feeds, &d->class, &d->prefixes, &d->prefix_count);
		if (good && !d->prefix_count)
			report_error(
				r, p->file, d->line,
				"destinations[%s]: selects no prefix of feed %s; a selection that an endpoint set with addresses meets is accepted",
				d->name, d->class.feed);
	}
	return good;
}

/* A prefix a line, as exported from a registry; what is behind a # is for people. */
static bool read_registry(struct paper *p, struct report *r)
{
	char *path = feed_path(p->file, p->registered), line[LINE_LONGEST];
	FILE *in = path ? fopen(path, "re") : NULL;
	struct prefix prefix;
	const char *why;
	bool good = in;

	if (!in)
		report_error(r, p->file, p->registered_line, "plan.registered: %s: cannot be read: %s",
			     p->registered, strerror(errno));
	for (int n = 1; good && n < LINES_MOST && fgets(line, sizeof(line), in); n++) {
		line[strcspn(line, "#\r\n \t")] = '\0';
		if (!line[0])
			continue;
		good = !prefix_parse(line, &prefix, &why);
		if (!good) {
			report_error(r, path, n,
				     "%.60s: %s; accepted: a prefix a line, such as 192.0.2.0/24", line,
				     why);
			break;
		}
		p->registry.at =
			config_grow(p->registry.at, &p->registry.count, sizeof(*p->registry.at));
		p->registry.at[p->registry.count - 1] = (struct config_prefix){ prefix, n };
	}
	if (in)
		fclose(in);
	free(path);
	return good;
}

/* Where no segment has a server, no question could end. */
static bool servers_placed(const struct paper *p, struct report *r)
{
	char text[PREFIX_TEXT];
	bool good = true;

	for (size_t i = 0; i < p->service_count; i++)
		for (size_t k = 0; k < p->services[i].servers.count; k++) {
			const struct paper_service *s = &p->services[i];
			const struct config_prefix *server = &s->servers.at[k];

			if (paper_segment_of(p, &server->prefix))
				continue;
			report_error(
				r, s->borrowed ? s->publisher.gateway->config->file : p->file,
				server->line,
				"services[%s].servers: %s: in no segment of the plan; accepted: an address of one",
				s->name, address_text(&server->prefix.address, text));
			good = false;
		}
	return good;
}

bool paper_join(struct paper *p, struct report *r)
{
	bool good = true;

	for (size_t i = 0; i < p->gateway_count; i++)
		if (p->gateways[i].file)
			good &= read_config(p, &p->gateways[i], r);
	for (size_t i = 0; good && i < p->circuit_count; i++)
		good &= join_circuit(p, &p->circuits[i], r);
	for (size_t i = 0; good && i < p->gateway_count; i++)
		good &= all_circuits(p, &p->gateways[i], r);
	good = feed_rows(p, &p->bodies, r) && good;
	if (good)
		join_services(p);
	good = good && servers_placed(p, r) && paper_dns(p, r);
	return (!p->registered || read_registry(p, r)) && good;
}
