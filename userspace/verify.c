// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "verify.h"

/* Kinds of addresses are kept from one failure to the next. */
struct run {
	struct verify *v;
	struct kinds *points; /* by destination */
	struct kinds *hosts; /* by location */
	const struct failure *failure;
	const struct paper_location *location;
	size_t question; /* who asks whom, counted */
	size_t first; /* its first row */
	size_t addresses; /* that the walk stands for */
	bool failed;
};

static bool same_way(const struct way *a, const struct way *b)
{
	if (a->count != b->count || a->end != b->end)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!place_same(a->hops[i].at, b->hops[i].at))
			return false;
	return true;
}

static bool alike(const struct flow_row *row, const struct walk *w)
{
	return row->walk.inside == w->inside && same_way(&row->walk.question, &w->question) &&
	       same_way(&row->walk.answer, &w->answer);
}

/* The first row of the question, or of one behind it. */
static size_t first_of(const struct verify *v, size_t question)
{
	size_t low = 0, high = v->base_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (v->rows[middle]->question < question)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct flow_row *verify_base(const struct verify *v, const struct flow_row *row)
{
	const struct flow_row *found = NULL;

	for (size_t i = first_of(v, row->question);
	     i < v->base_count && v->rows[i]->question == row->question; i++) {
		const struct flow_row *base = v->rows[i];

		if (base->walk.inside == row->walk.inside &&
		    (!found || (base->walk.circuit == row->walk.circuit &&
				found->walk.circuit != row->walk.circuit)))
			found = base;
	}
	return found;
}

static void next_question(struct run *r)
{
	r->question++;
	r->first = r->v->row_count;
}

static void keep(struct run *r, const struct walk *w)
{
	struct verify *v = r->v;
	struct flow_row *row, **grown;

	for (size_t i = r->first; i < v->row_count; i++)
		if (alike(v->rows[i], w)) {
			v->rows[i]->alike += r->addresses;
			return;
		}
	row = calloc(1, sizeof(*row));
	grown = row ? realloc(v->rows, (v->row_count + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(row);
		r->failed = true;
		return;
	}
	v->rows = grown;
	v->rows[v->row_count++] = row;
	row->walk = *w;
	row->location = r->location;
	row->question = r->question;
	row->alike = r->addresses;
	judge(&row->walk, &row->judged);
	row->repair_count = repairs_find(&row->walk, &row->judged, row->repairs);
}

/* The answers that may come to one question from inside. */
static void answers(struct run *r, struct walk *w)
{
	const struct paper_circuit *entries[WALK_ENTRIES];
	char why[WALK_WHY];
	size_t count;

	if (w->question.end != WAY_ARRIVED) {
		keep(r, w);
		return;
	}
	count = walk_entries(w, &w->question.hops[w->question.count - 1].src, entries, why);
	for (size_t i = 0; i < count || !i; i++) {
		memset(&w->answer, 0, sizeof(w->answer));
		walk_answer(w, count ? entries[i] : NULL);
		keep(r, w);
	}
}

/* Every circuit that a rule may give it, every kind of address that it may wear there. */
static void outbound(struct run *r, const struct paper_destination *d, const struct kind *host,
		     const struct kind *remote)
{
	size_t choices = 1, choice = 0, wear = 0;

	r->addresses = host->count * remote->count;
	while (choice < choices && !r->failed) {
		struct walk w = { .plan = r->v->plan,
				  .failure = r->failure,
				  .inside = r->location->at,
				  .outside = d,
				  .host = host->first,
				  .remote = remote->first,
				  .choice = choice,
				  .wear = wear };

		walk_question(&w, NULL);
		choices = w.choices > choices ? w.choices : choices;
		answers(r, &w);
		wear = wear + 1 < w.wears ? wear + 1 : 0;
		choice += !wear;
	}
}

static void location(struct run *r, const struct paper_destination *d)
{
	const struct kinds *p = &r->points[d - r->v->plan->destinations];
	const struct kinds *h = &r->hosts[r->location - r->v->plan->locations];

	next_question(r);
	for (size_t k = 0; k < h->count; k++)
		for (size_t i = 0; i < p->count; i++)
			if (address_family(&p->at[i].first) == address_family(&h->at[k].first))
				outbound(r, d, &h->at[k], &p->at[i]);
}

/* Of two services of one address the one that is published on the circuit is asked. */
static bool another_has(const struct paper *p, const struct paper_service *s,
			const struct in6_addr *public, const struct paper_circuit *c)
{
	for (size_t i = 0; i < p->service_count && !words_have(&s->circuits, c->name); i++)
		for (size_t k = 0; k < p->services[i].public.count; k++)
			if (words_have(&p->services[i].circuits, c->name) &&
			    !memcmp(&p->services[i].public.at[k].prefix.address, public,
				    sizeof(*public)))
				return true;
	return false;
}

/* In every kind of address that it may wear inside. */
static void inbound_over(struct run *r, const struct walk *w, const struct paper_circuit *entry)
{
	struct walk one;
	size_t wear = 0;

	do {
		one = *w;
		one.wear = wear;
		walk_question(&one, entry);
		if (one.question.end == WAY_ARRIVED) {
			one.inside = one.question.hops[one.question.count - 1].at.segment;
			walk_answer(&one, NULL);
		}
		keep(r, &one);
	} while (++wear < one.wears && !r->failed);
}

static void inbound(struct run *r, struct walk w, const struct paper_service *s)
{
	const struct paper_circuit *entries[WALK_ENTRIES];
	char why[WALK_WHY];
	size_t count = walk_entries(&w, &w.public, entries, why);

	for (size_t i = 0; i < count || !i; i++)
		for (size_t k = 0; k < s->servers.count; k++) {
			if (s->servers.at[k].prefix.family != address_family(&w.public) ||
			    (count && another_has(r->v->plan, s, &w.public, entries[i])))
				continue;
			w.server = s->servers.at[k].prefix.address;
			inbound_over(r, &w, count ? entries[i] : NULL);
		}
}

static void service(struct run *r, const struct paper_service *s, const struct paper_destination *d)
{
	const struct paper *plan = r->v->plan;
	const struct kinds *p = &r->points[d - plan->destinations];

	r->location = NULL;
	next_question(r);
	for (size_t k = 0; k < s->public.count; k++)
		for (size_t i = 0; i < p->count && !r->failed; i++) {
			struct walk w = { .plan = plan,
					  .failure = r->failure,
					  .inbound = true,
					  .outside = d,
					  .remote = p->at[i].first,
					  .service = s,
					  .public = s->public.at[k].prefix.address };

			r->addresses = p->at[i].count;
			w.inside = paper_segment_of(plan, &s->servers.at[0].prefix);
			if (w.inside && address_family(&w.remote) == address_family(&w.public))
				inbound(r, w, s);
		}
}

static void everything(struct run *r)
{
	const struct paper *p = r->v->plan;

	r->question = 0;
	for (size_t i = 0; i < p->location_count; i++)
		for (size_t k = 0; k < p->destination_count; k++) {
			const struct paper_destination *d = &p->destinations[k];

			r->location = &p->locations[i];
			if (!r->location->uses.count || words_have(&r->location->uses, d->name))
				location(r, d);
		}
	for (size_t i = 0; i < p->service_count; i++)
		for (size_t k = 0; k < p->destination_count; k++)
			if (!p->services[i].used_by.count ||
			    words_have(&p->services[i].used_by, p->destinations[k].name))
				service(r, &p->services[i], &p->destinations[k]);
}

static int list_kinds(const struct paper *p, struct kinds *points, struct kinds *hosts)
{
	struct in6_addr *at = NULL;
	size_t count;
	int err = 0;

	for (size_t i = 0; i < p->destination_count && !err; i++) {
		err = verify_points(p, &p->destinations[i], &at, &count) ?:
			      verify_kinds(p, at, count, &points[i]);
		free(at);
	}
	for (size_t i = 0; i < p->location_count && !err; i++) {
		err = verify_hosts(p, p->locations[i].at, &at, &count) ?:
			      verify_kinds(p, at, count, &hosts[i]);
		free(at);
	}
	return err;
}

/* What circuits receive is asked at every hop (circuit_reaches). */
static void sort_received(struct paper *p)
{
	for (size_t i = 0; i < p->circuit_count; i++) {
		struct config_prefixes *list = &p->circuits[i].received.at;

		if (list->count)
			qsort(list->at, list->count, sizeof(*list->at), prefix_compare);
	}
}

int verify_walk(struct paper *plan, struct verify *v)
{
	struct run r = { .v = v };
	int err;

	memset(v, 0, sizeof(*v));
	v->plan = plan;
	sort_received(plan);
	r.points = calloc(plan->destination_count + 1, sizeof(*r.points));
	r.hosts = calloc(plan->location_count + 1, sizeof(*r.hosts));
	err = r.points && r.hosts ? verify_pools(plan) ?: list_kinds(plan, r.points, r.hosts) :
				    -ENOMEM;
	if (!err)
		err = verify_failures(v);
	for (size_t i = 0; i < v->failure_count && !err; i++) {
		r.failure = &v->failures[i];
		everything(&r);
		err = r.failed ? -ENOMEM : 0;
		v->base_count = i ? v->base_count : v->row_count;
	}
	for (size_t i = 0; r.points && i < plan->destination_count; i++)
		free(r.points[i].at);
	for (size_t i = 0; r.hosts && i < plan->location_count; i++)
		free(r.hosts[i].at);
	free(r.points);
	free(r.hosts);
	return err;
}

void verify_free(struct verify *v)
{
	for (size_t i = 0; i < v->row_count; i++)
		free(v->rows[i]);
	free(v->rows);
	free(v->failures);
	memset(v, 0, sizeof(*v));
}
