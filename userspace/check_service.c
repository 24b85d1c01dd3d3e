// SPDX-License-Identifier: GPL-2.0-only
/* Services: served from inside, by somebody for whoever may ask, and nobody else's port. */
#include <string.h>
#include "check.h"
#include "image.h"

static bool listed(const struct config_prefixes *list, const struct prefix *p)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_equal(&list->at[i].prefix, p))
			return true;
	return false;
}

static bool in_segment(const struct config *c, const struct prefix *p)
{
	size_t i, j;

	for (i = 0; i < c->segment_count; i++)
		for (j = 0; j < c->segments[i].prefixes.count; j++)
			if (prefix_contains(&c->segments[i].prefixes.at[j].prefix, p))
				return true;
	return false;
}

static bool has_family(const struct config_prefixes *list, unsigned char family)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].prefix.family == family)
			return true;
	return false;
}

static void once(const struct config *c, const struct config_service *s, const char *key,
		 const struct config_prefixes *list, struct report *r)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < list->count; i++) {
		struct config_prefixes before = { list->at, i };

		if (listed(&before, &list->at[i].prefix))
			report_error(r, c->file, list->at[i].line,
				     "services[%s].%s: %s: stands twice; accepted: each address once", s->name,
				     key, address_text(&list->at[i].prefix.address, text));
	}
}

/* A circuit of kind other may lead to a network of private addresses. */
static bool needs_public(const struct config *c, const struct config_service *s)
{
	for (size_t i = 0; i < s->circuits.count; i++) {
		const struct config_circuit *k = config_circuit(c, s->circuits.at[i].text);

		if (k && k->kind != KIND_OTHER)
			return true;
	}
	return false;
}

static void check_public(const struct config *c, const struct config_service *s, struct report *r)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->public.count; i++) {
		const struct config_prefix *p = &s->public.at[i];
		enum prefix_scope scope = prefix_scope(&p->prefix);

		address_text(&p->prefix.address, text);
		if (needs_public(c, s) && scope != SCOPE_PUBLIC && (!c->lab || scope == SCOPE_SPECIAL))
			report_error(r, c->file, p->line,
				     "services[%s].public: %s: %s; accepted: a public address%s", s->name, text,
				     check_scope(scope),
				     scope == SCOPE_SPECIAL ? "" : ", or any of these under gateway.lab: true");
		if (!has_family(&s->servers, p->prefix.family))
			report_error(r, c->file, p->line,
				     "services[%s].public: %s: no server of IPv%d; accepted: with one, for addresses are not translated between families",
				     s->name, text, p->prefix.family);
	}
}

/*
 * A server that has the public address itself is reached without translation, so nobody stands beside
 * it: what would choose another would have to translate.
 */
static void check_pass_through(const struct config *c, const struct config_service *s, struct report *r)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->servers.count; i++) {
		const struct config_prefix *p = &s->servers.at[i];
		struct config_prefixes before = { s->servers.at, i };

		if (!listed(&s->public, &p->prefix) || has_family(&before, p->prefix.family))
			report_error(r, c->file, p->line,
				     "services[%s].servers: %s: beside a server that has the public address itself; accepted: that one alone, or a service of its own",
				     s->name, address_text(&p->prefix.address, text));
	}
	for (size_t i = 0; i < s->public.count; i++)
		if (!listed(&s->servers, &s->public.at[i].prefix))
			report_error(r, c->file, s->public.at[i].line,
				     "services[%s].public: %s: beside one that is its server itself; accepted: as a server too, or in a service of its own",
				     s->name, address_text(&s->public.at[i].prefix.address, text));
	if (s->source_nat)
		report_error(r, c->file, s->line,
			     "services[%s].source-nat: inbound-pool: the server has the public address itself, so nothing is translated; accepted: none",
			     s->name);
	if (s->server_port)
		report_error(r, c->file, s->server_port_line,
			     "services[%s].server-port: %u: the server has the public address itself, so nothing is translated; accepted: without it",
			     s->name, s->server_port);
}

static void check_servers(const struct config *c, const struct config_service *s, struct report *r)
{
	bool through = service_passes_through(s);
	char text[PREFIX_TEXT];

	if (s->servers.count > SERVICE_SERVERS)
		report_error(r, c->file, s->servers.at[SERVICE_SERVERS].line,
			     "services[%s].servers: %zu: too many; accepted: at most %d", s->name,
			     s->servers.count, SERVICE_SERVERS);
	for (size_t i = 0; i < s->servers.count; i++) {
		const struct config_prefix *p = &s->servers.at[i];

		address_text(&p->prefix.address, text);
		if (!through && !in_segment(c, &p->prefix))
			report_error(r, c->file, p->line,
				     "services[%s].servers: %s: in no segment; accepted: an address of an inside segment",
				     s->name, text);
		if (prefix_scope(&p->prefix) == SCOPE_SPECIAL)
			report_error(r, c->file, p->line,
				     "services[%s].servers: %s: %s; accepted: an address that a host can have alone",
				     s->name, text, check_scope(SCOPE_SPECIAL));
		if (!has_family(&s->public, p->prefix.family))
			report_warning(r, c->file, p->line,
				       "services[%s].servers: %s: no public address of IPv%d; it gets no flow",
				       s->name, text, p->prefix.family);
	}
	for (size_t i = 0; i < s->drain.count; i++)
		if (!listed(&s->servers, &s->drain.at[i].prefix))
			report_error(r, c->file, s->drain.at[i].line,
				     "services[%s].drain: %s: no server of this service; accepted: one of servers",
				     s->name, address_text(&s->drain.at[i].prefix.address, text));
	if (through)
		check_pass_through(c, s, r);
}

static void check_ports(const struct config *c, const struct config_service *s, struct report *r)
{
	bool tcp = false, udp = false;

	for (size_t i = 0; i < s->port_count; i++) {
		const struct config_port *p = &s->ports[i];

		tcp |= p->protocol == IPPROTO_TCP;
		udp |= p->protocol == IPPROTO_UDP;
		if (s->server_port && p->first != p->last)
			report_error(r, c->file, s->server_port_line,
				     "services[%s].server-port: %u: would make one port of %u-%u (line %d); accepted: with single ports",
				     s->name, s->server_port, p->first, p->last, p->line);
	}
	if (s->server_port && !tcp && !udp)
		report_error(r, c->file, s->server_port_line,
			     "services[%s].server-port: %u: icmp has no ports; accepted: with a tcp or udp port",
			     s->name, s->server_port);
	if (s->all_down == DOWN_RESET && !tcp)
		report_error(r, c->file, s->line,
			     "services[%s].all-down: reset: no tcp port is published, and nothing else can be reset; accepted: icmp, drop",
			     s->name);
}

static bool ports_meet(const struct config_service *a, const struct config_service *b)
{
	size_t i, j;

	for (i = 0; i < a->port_count; i++)
		for (j = 0; j < b->port_count; j++)
			if (a->ports[i].protocol == b->ports[j].protocol &&
			    a->ports[i].first <= b->ports[j].last && b->ports[j].first <= a->ports[i].last)
				return true;
	return false;
}

static bool addresses_meet(const struct config_service *a, const struct config_service *b)
{
	for (size_t i = 0; i < a->public.count; i++)
		if (listed(&b->public, &a->public.at[i].prefix))
			return true;
	return false;
}

static void check_alone(const struct config *c, const struct config_service *s, struct report *r)
{
	for (const struct config_service *o = c->services; o < s; o++)
		if (addresses_meet(s, o) && ports_meet(s, o))
			report_error(r, c->file, s->line,
				     "services[%s]: shares an address and port with %s (line %d); accepted: ports of its own",
				     s->name, o->name, o->line);
}

void check_services(const struct config *c, struct report *report)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];

		once(c, s, "public", &s->public, report);
		once(c, s, "servers", &s->servers, report);
		once(c, s, "drain", &s->drain, report);
		check_public(c, s, report);
		check_servers(c, s, report);
		check_ports(c, s, report);
		check_alone(c, s, report);
		check_published(c, s, report);
	}
}
