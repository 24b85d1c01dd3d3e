// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <string.h>
#include "plan_catalogue.h"

enum {
	DIRECTION,
	SERVICE,
	SOURCE,
	DESTINATION,
	NAMES,
	OTHER,
	INTERNET,
	SYSTEMS,
	ADVERTISED,
	CONTROLS,
	AVAILABILITY,
	SYMMETRY
};

const struct catalogue_form catalogue_inbound = {
	"inbound",
	{ "direction", "service", "source", "destination", "dns-entry", "other-microsoft",
	  "internet-users", "published-systems", "advertisement", "perimeter-controls",
	  "high-availability", "path-symmetry", NULL },
	{ "Network traffic direction", "Service", "Public Office 365 endpoint (source)",
	  "Public on-premises endpoint (destination)", "Public (Internet) DNS entry",
	  "Used by other (non-Office 365) Microsoft services",
	  "Used by users/systems on the internet",
	  "Internal systems published through public endpoints",
	  "IP advertisement of the public endpoint", "Security/perimeter controls",
	  "High availability", "Path symmetry control" },
	{ [OTHER] = true, [INTERNET] = true },
};

static const char *protocol_text(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "icmp";
}

static void endpoint(struct catalogue *c, struct catalogue_row *row, const struct paper *p,
		     const struct paper_service *s)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->used_by.count; i++)
		catalogue_put(c, &row->cell[SOURCE], "%s", s->used_by.at[i].text);
	if (!s->used_by.count)
		catalogue_put(c, &row->cell[SOURCE], "any destination");
	for (size_t i = 0; i < s->public.count; i++)
		catalogue_put(c, &row->cell[DESTINATION], "%s",
			      address_text(&s->public.at[i].prefix.address, text));
	for (size_t i = 0; i < s->port_count; i++)
		if (s->ports[i].first == s->ports[i].last)
			catalogue_put(c, &row->cell[DESTINATION], "%s/%u",
				      protocol_text(s->ports[i].protocol), s->ports[i].first);
		else
			catalogue_put(c, &row->cell[DESTINATION], "%s/%u-%u",
				      protocol_text(s->ports[i].protocol), s->ports[i].first,
				      s->ports[i].last);
	for (size_t i = 0; i < p->dns_count; i++)
		if (p->dns[i].service.text && !strcmp(p->dns[i].service.text, s->name))
			catalogue_put(c, &row->cell[NAMES], "%s", p->dns[i].name);
	/* A configuration has no place to say it. */
	if (!s->borrowed) {
		catalogue_put(c, &row->cell[OTHER], s->other_users ? "yes" : "no");
		catalogue_put(c, &row->cell[INTERNET], s->internet_users ? "yes" : "no");
	}
	for (size_t i = 0; i < s->servers.count; i++)
		catalogue_put(c, &row->cell[SYSTEMS], "%s",
			      address_text(&s->servers.at[i].prefix.address, text));
}

static void symmetry(struct catalogue *c, struct catalogue_row *row, const struct paper_service *s,
		     const struct paper_circuit *circuit)
{
	const struct config_prefixes *pool = NULL;
	char text[PREFIX_TEXT];

	if (s->source_nat)
		pool = circuit_inbound(circuit);
	else if (s->publisher.kind == PLACE_FIREWALL && s->publisher.firewall->source_nat.count)
		pool = &s->publisher.firewall->source_nat;
	for (size_t i = 0; pool && i < pool->count; i++)
		catalogue_put(c, &row->cell[SYMMETRY], "%s: source NAT to %s", circuit->name,
			      prefix_text(&pool->at[i].prefix, text));
	if (!pool)
		catalogue_put(c, &row->cell[SYMMETRY], "%s: no source NAT", circuit->name);
}

static void on_circuits(struct catalogue *c, struct catalogue_row *row, const struct plan *p,
			const struct paper_service *s)
{
	size_t private = 0;
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->circuits.count; i++) {
		const struct paper_circuit *circuit =
			paper_circuit(p->paper, s->circuits.at[i].text);

		private += circuit->kind != KIND_INTERNET;
		for (size_t k = 0; k < s->public.count; k++) {
			const struct config_prefix *by =
				longest_of(circuit_advertised(circuit), &s->public.at[k].prefix);

			catalogue_put(c, &row->cell[ADVERTISED], "%s: %s", circuit->name,
				      by ? prefix_text(&by->prefix, text) : "not advertised");
		}
		symmetry(c, row, s, circuit);
	}
	catalogue_put(c, &row->cell[AVAILABILITY], "%zu private circuits, %zu of the internet",
		      private, s->circuits.count - private);
}

void catalogue_fill_inbound(const struct plan *p, struct catalogue *c)
{
	for (size_t i = 0; i < p->paper->service_count; i++) {
		const struct paper_service *s = &p->paper->services[i];
		struct catalogue_row *row = catalogue_row(c);

		catalogue_put(c, &row->cell[DIRECTION], "Inbound");
		catalogue_put(c, &row->cell[SERVICE], "%s", s->name);
		endpoint(c, row, p->paper, s);
		on_circuits(c, row, p, s);
		for (size_t k = 0; k < p->v.row_count && plan_base(&p->v, p->v.rows[k]); k++) {
			const struct flow_row *f = p->v.rows[k];

			if (f->walk.service != s || !f->walk.circuit)
				continue;
			catalogue_controls(c, &row->cell[CONTROLS], f);
			catalogue_put(c, &row->cell[AVAILABILITY], "%s comes by %s",
				      f->walk.outside->name, f->walk.circuit->name);
			if (f->judged.what != JUDGED_SYMMETRIC)
				catalogue_put(c, &row->cell[SYMMETRY], "%s: %s",
					      f->walk.circuit->name, judged_text(f->judged.what));
		}
	}
}
