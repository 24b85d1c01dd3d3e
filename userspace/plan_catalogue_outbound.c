// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "plan_catalogue.h"

enum {
	DIRECTION,
	SERVICE,
	SOURCE,
	DESTINATION,
	NAMES,
	CDN,
	NAT,
	METHOD,
	CONTROLS,
	AVAILABILITY,
	SYMMETRY
};

const struct catalogue_form catalogue_outbound = {
	"outbound",
	{ "direction", "service", "source", "destination", "dns-entry", "cdn-referrals",
	  "advertisement-and-nat", "connectivity-method", "perimeter-controls", "high-availability",
	  "path-symmetry", NULL },
	{ "Network traffic direction", "Service", "On-premises endpoint (source)",
	  "Public Office 365 endpoint (destination)", "Public (Internet) DNS entry",
	  "CDN referrals", "IP advertisement and NAT in use", "Connectivity method",
	  "Security/perimeter controls", "High availability", "Path symmetry control" },
	{ [NAMES] = true, [CDN] = true },
};

static bool takes_area(const struct paper_destination *d, const struct feed_set *s)
{
	return !d->class.areas.count || (s->area && words_have(&d->class.areas, s->area));
}

/* Addresses and names of what the destination selects; and names without addresses beside them. */
static void endpoints(struct catalogue *c, struct catalogue_row *row, const struct paper *p,
		      const struct paper_destination *d)
{
	const struct feed *f = NULL;
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < d->class.prefixes.count; i++)
		catalogue_put(c, &row->cell[DESTINATION], "%s",
			      prefix_text(&d->class.prefixes.at[i].prefix, text));
	for (size_t i = 0; d->class.feed && i < p->feed_count; i++)
		if (!strcmp(p->feeds[i].name, d->class.feed))
			f = p->bodies.at[i];
	if (!d->provider) {
		catalogue_put(c, &row->cell[NAMES], "not of the provider");
		catalogue_put(c, &row->cell[CDN], "not of the provider");
	}
	if (f)
		catalogue_put(c, &row->cell[DESTINATION], "%zu prefixes with feed %s",
			      d->prefix_count, f->name);
	for (size_t i = 0; f && i < f->set_count; i++) {
		const struct feed_set *s = &f->sets[i];
		const bool chosen = class_takes_set(&d->class, s);

		for (size_t u = 0; u < s->url_count; u++)
			if (chosen && s->prefix_count)
				catalogue_put(c, &row->cell[NAMES], "%s", s->urls[u]);
			else if (takes_area(d, s) && !s->prefix_count && !s->expressroute)
				catalogue_put(c, &row->cell[CDN], "%s", s->urls[u]);
	}
}

static void over(struct catalogue *c, struct catalogue_row *row, const struct paper *p,
		 const struct paper_circuit *circuit)
{
	const struct config_prefixes *pools = circuit_outbound(circuit);
	char text[PREFIX_TEXT], told[PREFIX_TEXT];

	for (size_t i = 0; i < pools->count; i++) {
		const struct config_prefix *by =
			longest_of(circuit_advertised(circuit), &pools->at[i].prefix);

		catalogue_put(c, &row->cell[NAT], "%s: source NAT %s, %s%s", circuit->name,
			      prefix_text(&pools->at[i].prefix, text),
			      by ? "advertised by " : "not advertised",
			      by ? prefix_text(&by->prefix, told) : "");
	}
	if (circuit->kind == KIND_INTERNET && p->proxy)
		catalogue_put(c, &row->cell[METHOD], "%s: proxy %s, by PAC file", circuit->name,
			      p->proxy);
	else
		catalogue_put(c, &row->cell[METHOD], "%s: direct routing", circuit->name);
}

static void flow(struct catalogue *c, struct catalogue_row *row, const struct plan *p,
		 const struct flow_row *f)
{
	const struct paper_circuit *by = f->walk.circuit;

	catalogue_put(c, &row->cell[SOURCE], "%s (%u heads in %s)", f->location->name,
		      f->location->heads, f->location->at->name);
	if (!by) {
		catalogue_put(c, &row->cell[AVAILABILITY], "%s: %s", f->location->name,
			      f->judged.why);
		return;
	}
	over(c, row, p->paper, by);
	catalogue_controls(c, &row->cell[CONTROLS], f);
	catalogue_put(c, &row->cell[AVAILABILITY], "%s: %s", f->location->name, by->name);
	if (f->judged.what != JUDGED_SYMMETRIC)
		catalogue_put(c, &row->cell[SYMMETRY], "%s: %s", by->name,
			      judged_text(f->judged.what));
	else
		catalogue_put(c, &row->cell[SYMMETRY], "%s: %s", by->name,
			      circuit_translates(by) ? "source NAT of all connections" :
						       "by routing");
}

/* Where flows go when a circuit that they use has failed. */
static void failed(struct catalogue *c, struct catalogue_row *row, const struct plan *p,
		   const struct flow_row *f)
{
	const struct flow_row *was = verify_base(&p->v, f);
	char text[96];

	if (f->walk.failure->kind != FAIL_CIRCUIT || !was ||
	    was->walk.circuit != f->walk.failure->circuit)
		return;
	catalogue_put(c, &row->cell[AVAILABILITY], "%s without %s: %s", f->location->name,
		      failure_text(f->walk.failure, text, sizeof(text)),
		      f->walk.circuit ? f->walk.circuit->name : "none");
	if (f->walk.circuit)
		over(c, row, p->paper, f->walk.circuit);
}

void catalogue_fill_outbound(const struct plan *p, struct catalogue *c)
{
	for (size_t i = 0; i < p->paper->destination_count; i++) {
		const struct paper_destination *d = &p->paper->destinations[i];
		struct catalogue_row *row = catalogue_row(c);

		catalogue_put(c, &row->cell[DIRECTION], "Outbound");
		catalogue_put(c, &row->cell[SERVICE], "%s", d->name);
		endpoints(c, row, p->paper, d);
		for (size_t k = 0; k < p->v.row_count; k++) {
			const struct flow_row *f = p->v.rows[k];

			if (!f->location || f->walk.outside != d)
				continue;
			if (plan_base(&p->v, f))
				flow(c, row, p, f);
			else
				failed(c, row, p, f);
		}
	}
}
