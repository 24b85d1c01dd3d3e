// SPDX-License-Identifier: GPL-2.0-only
/* Checks of flows: each comes back on its way, what stays on the internet does, and all were walked. */
#include <stdio.h>
#include "verify_check.h"

/* A flow that does not come back on its way. What a rule drops was meant so. */
static void flow_sound(struct check_run *r, const struct flow_row *row, const char *when)
{
	const struct judgement *j = &row->judged;
	const char *from = row->location ? row->location->name : row->walk.outside->name;
	const char *to = row->location ? row->walk.outside->name : row->walk.service->name;

	check_say(r, CHECK_NO, j->works ? SEVERITY_WARNING : SEVERITY_ERROR,
		  row->location ? row->location->line : service_line(row->walk.service),
		  "%s%s to %s%s%s: %s: %s", when, from, to, row->walk.circuit ? " over " : "",
		  row->walk.circuit ? row->walk.circuit->name : "", judged_text(j->what), j->why);
}

static void flows(struct check_run *r, bool inbound)
{
	const struct verify *v = r->v;

	for (size_t i = 0; i < v->row_count && v->rows[i]->walk.failure == &v->failures[0]; i++) {
		const struct flow_row *row = v->rows[i];

		if (!row->location == inbound && row->judged.what != JUDGED_SYMMETRIC &&
		    !row->judged.stated)
			flow_sound(r, row, "");
	}
}

void check_inbound_symmetric(struct check_run *r)
{
	flows(r, true);
}

void check_outbound_symmetric(struct check_run *r)
{
	flows(r, false);
}

/* What is lost then is said elsewhere; what goes wrong by another way is a defect of the plan. */
void check_failures_symmetric(struct check_run *r)
{
	const struct verify *v = r->v;
	char text[96], when[128];

	for (size_t i = 0; i < v->row_count; i++) {
		const struct flow_row *row = v->rows[i], *was = verify_base(v, row);

		if (row->walk.failure == &v->failures[0] || row->judged.what != JUDGED_ASYMMETRIC ||
		    (was && was->judged.what == JUDGED_ASYMMETRIC))
			continue;
		snprintf(when, sizeof(when), "without %s, ",
			 failure_text(row->walk.failure, text, sizeof(text)));
		flow_sound(r, row, when);
	}
}

/* A route there may be all the same; that what is asked there works is not promised. */
void check_flag(struct check_run *r)
{
	const struct verify *v = r->v;

	for (size_t i = 0; i < v->base_count; i++) {
		const struct flow_row *row = v->rows[i];
		const struct walk *w = &row->walk;

		if (row->location && w->circuit && w->circuit->kind == KIND_EXPRESSROUTE &&
		    w->outside->class.feed && !w->outside->class.expressroute)
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, row->location->line,
				"%s to %s leaves by %s, and the feed says that it is not for ExpressRoute; a rule to the internet before it is accepted",
				row->location->name, w->outside->name, w->circuit->name);
	}
}

static bool walked(const struct verify *v, const struct paper_location *l,
		   const struct paper_service *s, const struct paper_destination *d)
{
	for (size_t i = 0; i < v->base_count; i++)
		if (v->rows[i]->location == l && v->rows[i]->walk.service == s &&
		    v->rows[i]->walk.outside == d)
			return true;
	return false;
}

static void locations_walked(struct check_run *r)
{
	const struct paper *p = r->plan;

	for (size_t i = 0; i < p->location_count; i++)
		for (size_t k = 0; k < p->destination_count; k++) {
			const struct paper_location *l = &p->locations[i];
			const struct paper_destination *d = &p->destinations[k];

			if ((l->uses.count && !words_have(&l->uses, d->name)) ||
			    walked(r->v, l, NULL, d))
				continue;
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, l->line,
				"%s to %s was not walked: they have no address of one family, or it has none that the site and other destinations leave it",
				l->name, d->name);
		}
}

static bool family_served(const struct paper_service *s, unsigned char family)
{
	for (size_t i = 0; i < s->servers.count; i++)
		if (s->servers.at[i].prefix.family == family)
			return true;
	return false;
}

static void service_walked(struct check_run *r, const struct paper_service *s)
{
	const struct paper *p = r->plan;
	char text[PREFIX_TEXT];

	for (size_t k = 0; k < s->public.count; k++)
		if (!family_served(s, s->public.at[k].prefix.family))
			check_say(
				r, CHECK_NO, SEVERITY_ERROR, service_line(s),
				"%s at %s was not walked: no server of it has an address of that family",
				s->name, address_text(&s->public.at[k].prefix.address, text));
	for (size_t k = 0; k < p->destination_count; k++) {
		const struct paper_destination *d = &p->destinations[k];

		if (s->used_by.count && words_have(&s->used_by, d->name) &&
		    !walked(r->v, NULL, s, d))
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, service_line(s),
				"%s to %s was not walked: they have no address of one family, or it has none that the site and other destinations leave it",
				d->name, s->name);
	}
}

void check_walked(struct check_run *r)
{
	locations_walked(r);
	for (size_t i = 0; i < r->plan->service_count; i++)
		service_walked(r, &r->plan->services[i]);
}
