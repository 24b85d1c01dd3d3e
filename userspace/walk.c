// SPDX-License-Identifier: GPL-2.0-only
/* A trip: from place to place until it arrives, is dropped or is lost. Gateways are in walk_gateway.c. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "walk.h"

unsigned char address_family(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) ? 4 : 6;
}

struct prefix host_prefix(const struct in6_addr *a)
{
	struct prefix p = { .address = *a, .family = address_family(a) };

	p.length = p.family == 4 ? 32 : 128;
	return p;
}

struct in6_addr some_host(const struct prefix *p)
{
	struct in6_addr a = p->address;

	if (p->length + 1 < (p->family == 4 ? 32 : 128))
		a.s6_addr[15] |= 1; /* not the network's own */
	return a;
}

struct in6_addr imaginary(unsigned char family)
{
	struct in6_addr a;

	/* RFC 7600's dummy and RFC 6666's discard: nobody has them. */
	inet_pton(AF_INET6, family == 4 ? "::ffff:192.0.0.8" : "100::1", &a);
	return a;
}

static bool same(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct hop *trip_hop(struct trip *t, const char *format, ...)
{
	struct hop *h = &t->way->hops[t->way->count++];
	va_list arguments;

	*h = (struct hop){ .at = t->at, .src = t->src, .dst = t->dst };
	va_start(arguments, format);
	vsnprintf(h->why, sizeof(h->why), format, arguments);
	va_end(arguments);
	if (t->way->count > 1)
		h->changed = !same(&h->src, &h[-1].src) || !same(&h->dst, &h[-1].dst);
	return h;
}

void trip_end(struct trip *t, enum way_end end)
{
	t->way->end = end;
}

const struct memory *trip_recall(const struct trip *t)
{
	for (size_t i = 0; t->answer && i < t->w->memory_count; i++) {
		const struct memory *m = &t->w->memory[i];

		if (place_same(m->at, t->at) && same(&m->src_out, &t->dst) &&
		    same(&m->dst_out, &t->src))
			return m;
	}
	return NULL;
}

void trip_restore(struct trip *t, const struct memory *m)
{
	t->src = m->dst;
	t->dst = m->src;
}

void trip_remember(struct trip *t, const struct paper_circuit *c, const struct in6_addr *src,
		   const struct in6_addr *dst)
{
	if (t->w->memory_count < WALK_HOPS)
		t->w->memory[t->w->memory_count++] = (struct memory){ .at = t->at,
								      .circuit = c,
								      .src = *src,
								      .dst = *dst,
								      .src_out = t->src,
								      .dst_out = t->dst };
}

const struct paper_service *trip_published(const struct trip *t)
{
	const struct paper *p = t->w->plan;

	for (size_t i = 0; i < p->service_count && !t->answer; i++) {
		const struct paper_service *s = &p->services[i];

		if (!place_same(s->publisher, t->at) || !t->circuit ||
		    !words_have(&s->circuits, t->circuit->name))
			continue;
		for (size_t k = 0; k < s->public.count; k++)
			if (same(&s->public.at[k].prefix.address, &t->dst))
				return s;
	}
	return NULL;
}

static void cross_with_question(struct trip *t, const struct paper_firewall *f, bool inward)
{
	const struct in6_addr src = t->src, dst = t->dst;
	const struct paper_service *s = inward ? trip_published(t) : NULL;
	unsigned char family = address_family(&dst);

	if (s)
		t->dst = t->w->server;
	for (size_t i = 0; inward && i < f->source_nat.count; i++)
		if (f->source_nat.at[i].prefix.family == family)
			t->src = some_host(&f->source_nat.at[i].prefix);
	if (s && t->w->suppose.source_nat)
		t->src = imaginary(family);
	if (f->stateful || !same(&src, &t->src) || !same(&dst, &t->dst))
		trip_remember(t, NULL, &src, &dst);
	trip_hop(t, "%s%s%s",
		 f->stateful ? "remembers the question" : "lets it pass, holds no state",
		 s ? ", publishes " : "", s ? s->name : "");
}

static void cross_with_answer(struct trip *t, const struct paper_firewall *f)
{
	const struct memory *m = trip_recall(t);

	if (m) {
		trip_restore(t, m);
		trip_hop(t, "has seen the question");
	} else if (f->stateful) {
		trip_hop(t, "stateful, and has not seen the question: drops the answer");
		trip_end(t, WAY_REFUSED);
	} else {
		trip_hop(t, "holds no state, lets it pass");
	}
}

/* Does it stand between here and next; which way is inward there? */
static bool stands_between(const struct paper_firewall *f, struct place here, struct place next,
			   bool *inward)
{
	*inward = place_same(f->ends[1], here) && place_same(f->ends[0], next);
	return *inward || (place_same(f->ends[0], here) && place_same(f->ends[1], next));
}

/* Of several firewalls in one place the plan lists the innermost first: inward they come in the other
 * order. Which way is inward there, the first of them says. */
void trip_send(struct trip *t, struct place next)
{
	const struct paper *p = t->w->plan;
	struct place here = t->at;
	bool reversed = false, inward;
	size_t first = 0;

	while (first < p->firewall_count &&
	       !stands_between(&p->firewalls[first], here, next, &reversed))
		first++;
	for (size_t i = first; i < p->firewall_count && t->way->end == WAY_UNDER_WAY; i++) {
		const struct paper_firewall *f =
			&p->firewalls[reversed ? first + p->firewall_count - 1 - i : i];

		if (!stands_between(f, here, next, &inward))
			continue;
		if (t->way->count + 2 > WALK_HOPS)
			break;
		t->at = (struct place){ .kind = PLACE_FIREWALL, .firewall = f };
		if (t->answer)
			cross_with_answer(t, f);
		else
			cross_with_question(t, f, inward);
	}
	t->from = here;
	t->at = next;
}

static const struct paper_segment *attached(const struct paper_site *s, const struct in6_addr *a,
					    struct prefix *by)
{
	const struct prefix host = host_prefix(a);
	const struct paper_segment *best = NULL;

	for (size_t i = 0; i < s->segment_count; i++) {
		const struct config_prefix *p = longest_of(&s->segments[i].prefixes, &host);

		if (!p || (best && p->prefix.length <= by->length))
			continue;
		best = &s->segments[i];
		*by = p->prefix;
	}
	return best;
}

/* Toward a pool that is only supposed, an answer goes back as its question came. */
static bool retrace(struct trip *t)
{
	const struct in6_addr pool = imaginary(address_family(&t->dst));
	const struct way *q = &t->w->question;

	if (!t->answer || !same(&t->dst, &pool))
		return false;
	for (size_t i = q->count; i-- > 1;) {
		if (!place_same(q->hops[i].at, t->at))
			continue;
		while (--i > 0 && q->hops[i].at.kind == PLACE_FIREWALL)
			;
		trip_hop(t, "the supposed pool is announced from there");
		trip_send(t, q->hops[i].at);
		return true;
	}
	return false;
}

static void say_route(struct trip *t, const struct found_route *f)
{
	char text[PREFIX_TEXT];

	prefix_text(&f->by, text);
	if (f->route->circuit)
		trip_hop(t, "%s, received on %s: to %s (line %d)", text, f->route->circuit->name,
			 place_name(f->next), f->route->line);
	else
		trip_hop(t, "%s: to %s (line %d)", text, place_name(f->next), f->route->line);
	t->way->hops[t->way->count - 1].route = f->route;
}

static void at_site(struct trip *t)
{
	const struct paper_site *s = t->at.site;
	const struct paper_segment *view = t->view, *local;
	struct found_route f = { 0 };
	struct prefix by = { 0 };
	char text[PREFIX_TEXT];

	t->view = NULL;
	if (retrace(t))
		return;
	local = attached(s, &t->dst, &by);
	if (view)
		route_find(t->w, &view->routes, NULL, &t->dst, &f);
	route_find(t->w, &s->routes, view ? &view->without : NULL, &t->dst, &f);
	if (local && (!f.route || by.length >= f.by.length)) {
		trip_hop(t, "%s is attached: segment %s", prefix_text(&by, text), local->name);
		t->from = t->at;
		t->at = (struct place){ .kind = PLACE_SEGMENT, .segment = local };
	} else if (f.route) {
		say_route(t, &f);
		trip_send(t, f.next);
	} else {
		trip_hop(t, "no route to %s", address_text(&t->dst, text));
		trip_end(t, WAY_LOST);
	}
}

/* Who asked gets an answer only from whom it asked. */
static bool reversed(const struct trip *t)
{
	const struct hop *first = &t->w->question.hops[0];

	return place_same(first->at, t->at) && same(&t->src, &first->dst) &&
	       same(&t->dst, &first->src);
}

static void arrive(struct trip *t)
{
	const struct walk *w = t->w;
	char text[PREFIX_TEXT], other[PREFIX_TEXT];
	bool good = t->answer ? reversed(t) : w->inbound ? same(&t->dst, &w->server) : true;

	if (good)
		trip_hop(t, t->answer ? "the answer is here" : "the question is here");
	else if (t->answer)
		trip_hop(t, "%s did not ask %s: the answer is dropped", address_text(&t->dst, text),
			 address_text(&t->src, other));
	else
		trip_hop(t, "nobody has %s", address_text(&t->dst, text));
	trip_end(t, good ? WAY_ARRIVED : WAY_LOST);
}

static void from_segment(struct trip *t)
{
	char src[PREFIX_TEXT], dst[PREFIX_TEXT];
	const struct paper_segment *s = t->at.segment;

	trip_hop(t, "%s %s %s", address_text(&t->src, src), t->answer ? "answers" : "asks",
		 address_text(&t->dst, dst));
	t->view = s;
	t->from = t->at;
	t->at = (struct place){ .kind = PLACE_SITE, .site = s->site };
}

static void at_circuit(struct trip *t)
{
	trip_hop(t, "carries it to the other side");
	t->from = t->at;
	t->at = (struct place){ .kind = PLACE_DESTINATION, .destination = t->w->outside };
}

static bool passed(const struct trip *t)
{
	for (size_t i = 0; i < t->way->count; i++)
		if (place_same(t->way->hops[i].at, t->at))
			return true;
	return false;
}

static void run(struct trip *t)
{
	while (t->way->end == WAY_UNDER_WAY) {
		if (t->way->count + 2 > WALK_HOPS || passed(t)) {
			t->way->count -= t->way->count == WALK_HOPS;
			trip_hop(t, "was here before: it goes in a circle");
			trip_end(t, WAY_LOST);
		} else if (t->at.kind == PLACE_SITE) {
			at_site(t);
		} else if (t->at.kind == PLACE_GATEWAY) {
			trip_at_gateway(t);
		} else if (t->at.kind == PLACE_CIRCUIT) {
			at_circuit(t);
		} else {
			arrive(t);
		}
	}
}

/* From outside: the address there, the circuit that was taken, then its gateway. */
static void enter(struct trip *t, const struct paper_circuit *entry)
{
	char src[PREFIX_TEXT], dst[PREFIX_TEXT], why[WALK_WHY];
	const struct paper_circuit *other[WALK_ENTRIES];

	t->at = (struct place){ .kind = PLACE_DESTINATION, .destination = t->w->outside };
	trip_hop(t, "%s %s %s", address_text(&t->src, src), t->answer ? "answers" : "asks",
		 address_text(&t->dst, dst));
	walk_entries(t->w, &t->dst, other, why);
	if (!entry) {
		trip_hop(t, "%s", why);
		trip_end(t, WAY_LOST);
		return;
	}
	t->at = (struct place){ .kind = PLACE_CIRCUIT, .circuit = entry };
	trip_hop(t, "%s", why);
	t->circuit = entry;
	t->from = t->at;
	t->at = (struct place){ .kind = PLACE_GATEWAY, .gateway = entry->at };
}

void walk_question(struct walk *w, const struct paper_circuit *entry)
{
	struct trip t = { .w = w, .way = &w->question };

	t.src = w->inbound ? w->remote : w->host;
	t.dst = w->inbound ? w->public : w->remote;
	w->circuit = w->inbound ? entry : NULL;
	if (w->inbound) {
		enter(&t, entry);
	} else {
		t.at = (struct place){ .kind = PLACE_SEGMENT, .segment = w->inside };
		from_segment(&t);
	}
	run(&t);
}

void walk_answer(struct walk *w, const struct paper_circuit *entry)
{
	struct trip t = { .w = w, .way = &w->answer, .answer = true };
	const struct hop *last = &w->question.hops[w->question.count - 1];

	t.src = last->dst;
	t.dst = last->src;
	if (w->inbound) {
		t.at = last->at;
		from_segment(&t);
	} else {
		w->back = entry;
		enter(&t, entry);
	}
	run(&t);
}
