// SPDX-License-Identifier: GPL-2.0-only
/* Repairs are tried on paper before they are named: what does not make the walk symmetric is none. */
#include <stdio.h>
#include <string.h>
#include "judge.h"

const char *repair_text(enum repair_kind kind)
{
	static const char *const text[] = {
		[REPAIR_SOURCE_NAT] = "source-nat",
		[REPAIR_SCOPING] = "route-scoping",
		[REPAIR_SEPARATE_POOL] = "separate-pool",
	};

	return text[kind];
}

static bool sound(const struct walk *w)
{
	struct judgement j;

	judge(w, &j);
	return j.what == JUDGED_SYMMETRIC;
}

static void forget(struct walk *w)
{
	w->memory_count = 0;
	w->circuit = w->back = NULL;
	memset(&w->question, 0, sizeof(w->question));
	memset(&w->answer, 0, sizeof(w->answer));
}

/* The same question once more, and every answer that may come. */
static bool mended(const struct walk *as_it_is, struct suppose suppose)
{
	const struct paper_circuit *entries[WALK_ENTRIES];
	struct walk w = *as_it_is;
	char why[WALK_WHY];
	size_t count;

	w.suppose = suppose;
	forget(&w);
	walk_question(&w, as_it_is->inbound ? as_it_is->circuit : NULL);
	if (w.question.end != WAY_ARRIVED)
		return false;
	if (w.inbound) {
		walk_answer(&w, NULL);
		return sound(&w);
	}
	count = walk_entries(&w, &w.question.hops[w.question.count - 1].src, entries, why);
	for (size_t i = 0; i < count; i++) {
		memset(&w.answer, 0, sizeof(w.answer));
		walk_answer(&w, entries[i]);
		if (!sound(&w))
			return false;
	}
	return count > 0;
}

/* Words that stand in lines where the plan has no prefix to name: the text says so. */
#define INSIDE "INSIDE-PREFIX"
#define PUBLIC "PUBLIC-PREFIX"
#define INSIDE_SAID "; " INSIDE " stands for one that the inside does not use yet"
#define PUBLIC_SAID "; " PUBLIC " stands for a public one that nothing wears yet"

static void inbound_pool_line(const struct paper_circuit *c, char *line)
{
	const struct config_prefixes *pool = circuit_inbound(c);
	char text[PREFIX_TEXT];

	snprintf(line, REPAIR_TEXT, "circuits: [{name: %s, inbound-pool: [%s]}]", c->name,
		 pool->count ? prefix_text(&pool->at[0].prefix, text) : INSIDE);
}

/* Beside what is advertised already; where that is more than a line holds, without it. */
static void advertise_line(const struct paper_circuit *c, char *line)
{
	const struct config_prefixes *now = circuit_advertised(c);
	char list[REPAIR_TEXT] = "", text[PREFIX_TEXT];
	size_t room = sizeof(list), used = 0;

	for (size_t i = 0; i < now->count && used < room; i++)
		used += (size_t)snprintf(list + used, room - used, ", %s",
					 prefix_text(&now->at[i].prefix, text));
	if (used >= room ||
	    snprintf(line, REPAIR_TEXT, "circuits: [{name: %s, advertise: [" PUBLIC "%s]}]",
		     c->name, list) >= REPAIR_TEXT)
		snprintf(line, REPAIR_TEXT, "circuits: [{name: %s, advertise: [" PUBLIC "]}]",
			 c->name);
}

static bool inbound_nat(const struct walk *w, struct repair *r)
{
	struct place at = w->service->publisher;
	const struct paper_circuit *c = w->circuit;

	if (!c || !mended(w, (struct suppose){ .source_nat = true }))
		return false;
	*r = (struct repair){ .kind = REPAIR_SOURCE_NAT, .at = at };
	snprintf(
		r->text, sizeof(r->text),
		at.kind == PLACE_FIREWALL ?
			"source NAT at %s, or samepath at %s, to addresses that lead back there" INSIDE_SAID :
		circuit_inbound(c)->count ?
			"source NAT at %s, to addresses that lead back there" :
			"source NAT at %s, to addresses that lead back there" INSIDE_SAID,
		place_name(at), c->at->name);
	if (at.kind == PLACE_FIREWALL)
		snprintf(r->lines[0], REPAIR_TEXT,
			 "firewalls: [{name: %s, source-nat: " INSIDE "}]", place_name(at));
	else
		inbound_pool_line(c, r->lines[0]);
	if (at.kind == PLACE_GATEWAY)
		snprintf(r->lines[1], REPAIR_TEXT,
			 "services: [{name: %s, source-nat: inbound-pool}]", w->service->name);
	return true;
}

static bool is_own(const struct paper_segment *g, const struct paper_route *route)
{
	return route >= g->routes.at && route < g->routes.at + g->routes.count;
}

/* Of a way's routes the one without which the flow comes back as it went. */
static bool scoping(const struct walk *w, const struct way *way, struct repair *r)
{
	for (size_t i = 0; i < way->count; i++) {
		const struct paper_route *route = way->hops[i].route;
		struct place at = way->hops[i].at;
		bool first = i && way->hops[i - 1].at.kind == PLACE_SEGMENT;

		if (!route || !mended(w, (struct suppose){ .hidden = route }))
			continue;
		*r = (struct repair){ .kind = REPAIR_SCOPING, .at = at };
		snprintf(r->text, sizeof(r->text), "keep the route of line %d (%s%s) from %s",
			 route->line, route->circuit ? "received on " : "to ",
			 route->circuit ? route->circuit->name : route->next.text,
			 first ? place_name(way->hops[i - 1].at) : place_name(at));
		if (first && route->circuit && !is_own(way->hops[i - 1].at.segment, route))
			snprintf(r->lines[0], REPAIR_TEXT, "segments: [{name: %s, without: [%s]}]",
				 place_name(way->hops[i - 1].at), route->circuit->name);
		return true;
	}
	return false;
}

static bool own_pool(const struct walk *w, const struct judgement *j, struct repair *r)
{
	const struct paper_circuit *c = w->circuit;

	if (!c || !mended(w, (struct suppose){ .own_pool = true }))
		return false;
	*r = (struct repair){ .kind = j->translated ? REPAIR_SEPARATE_POOL : REPAIR_SOURCE_NAT,
			      .at = { .kind = PLACE_GATEWAY, .gateway = c->at } };
	if (j->translated)
		snprintf(
			r->text, sizeof(r->text),
			"a pool that %s alone advertises, or with a longer prefix than others" PUBLIC_SAID,
			c->name);
	else
		snprintf(r->text, sizeof(r->text),
			 "source NAT at %s, to a pool that %s alone advertises" PUBLIC_SAID,
			 c->at->name, c->name);
	snprintf(r->lines[0], REPAIR_TEXT, "circuits: [{name: %s, outbound-pool: [" PUBLIC "]}]",
		 c->name);
	advertise_line(c, r->lines[1]);
	return true;
}

size_t repairs_find(const struct walk *w, const struct judgement *j, struct repair *out)
{
	const struct way *first = w->inbound ? &w->answer : &w->question;
	const struct way *second = w->inbound ? &w->question : &w->answer;
	size_t count = 0;

	if (j->what == JUDGED_SYMMETRIC || j->stated)
		return 0;
	if (w->inbound && w->service->publisher.kind != PLACE_NONE)
		count += inbound_nat(w, &out[count]);
	if (!w->inbound)
		count += own_pool(w, j, &out[count]);
	count += scoping(w, first, &out[count]) || scoping(w, second, &out[count]);
	return count;
}
