// SPDX-License-Identifier: GPL-2.0-only
/* Services: reachable where they are published, served from inside, and nobody else's port. */
#include <string.h>
#include "check.h"

static bool advertises(const struct config_circuit *k, const struct prefix *p)
{
	size_t i;

	for (i = 0; i < k->advertise.count; i++)
		if (prefix_contains(&k->advertise.at[i].prefix, p))
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

static void published(const struct config *c, const struct config_service *s, struct report *r)
{
	const struct config_circuit *k;
	char text[PREFIX_TEXT];
	size_t i, j;

	for (i = 0; i < s->circuits.count; i++) {
		k = config_circuit(c, s->circuits.at[i].text);
		for (j = 0; k && j < s->public.count; j++)
			if (!advertises(k, &s->public.at[j].prefix))
				report_error(r, c->file, s->circuits.at[i].line,
					     "services[%s].circuits: %s: does not advertise %s; accepted: a circuit whose advertise holds it",
					     s->name, k->name,
					     address_text(&s->public.at[j].prefix.address, text));
	}
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
	size_t i, j;

	for (i = 0; i < a->public.count; i++)
		for (j = 0; j < b->public.count; j++)
			if (prefix_equal(&a->public.at[i].prefix, &b->public.at[j].prefix))
				return true;
	return false;
}

void check_services(const struct config *c, struct report *report)
{
	char text[PREFIX_TEXT];
	size_t i, j;

	for (i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];

		published(c, s, report);
		for (j = 0; j < s->servers.count; j++)
			if (!in_segment(c, &s->servers.at[j].prefix))
				report_error(report, c->file, s->servers.at[j].line,
					     "services[%s].servers: %s: in no segment; accepted: an address of an inside segment",
					     s->name, address_text(&s->servers.at[j].prefix.address, text));
		for (j = 0; j < i; j++)
			if (addresses_meet(s, &c->services[j]) && ports_meet(s, &c->services[j]))
				report_error(report, c->file, s->line,
					     "services[%s]: shares an address and port with %s (line %d); accepted: ports of its own",
					     s->name, c->services[j].name, c->services[j].line);
	}
}
