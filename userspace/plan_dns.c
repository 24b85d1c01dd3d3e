// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of the public DNS when a plan takes the place of an older one. Who is told of an
 * address keeps it for the record's TTL, so what is new is told first and what is old is forgotten
 * last.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_routes.h"
#include "print.h"

#define TTL_LOW 300 /* seconds, while addresses change */
#define GUIDE 36 /* number of the guide's list */

enum phase { PHASE_BEFORE, PHASE_CHANGE, PHASE_AFTER, PHASES };
static const char *const phase_words[] = { "before", "change", "after" };

struct todo {
	enum phase phase;
	const char *name, *type; /* name NULL: the plan names none */
	char what[160], why[240];
};
struct todos {
	struct todo *at;
	size_t count;
	bool failed; /* out of memory, or of room for the prefixes of one name */
};

static void todo(struct todos *t, enum phase phase, const char *name, const char *type,
		 const char *what, const char *why, ...) __attribute__((format(printf, 6, 7)));
static void todo(struct todos *t, enum phase phase, const char *name, const char *type,
		 const char *what, const char *why, ...)
{
	struct todo *grown = realloc(t->at, (t->count + 1) * sizeof(*grown)), *one;
	va_list arguments;

	t->failed |= !grown;
	if (!grown)
		return;
	t->at = grown;
	one = &t->at[t->count++];
	*one = (struct todo){ .phase = phase, .name = name, .type = type };
	snprintf(one->what, sizeof(one->what), "%s", what);
	va_start(arguments, why);
	vsnprintf(one->why, sizeof(one->why), why, arguments);
	va_end(arguments);
}

static void ttl_text(const struct paper_dns *d, char *out, size_t size)
{
	if (d->ttl)
		snprintf(out, size, "its TTL of %u s", d->ttl);
	else
		snprintf(out, size, "its TTL, which the plan does not give");
}

/* Prefixes of services and circuits, those of one plan. */
struct held {
	struct prefix at[EXPRESSROUTE_PREFIXES];
	size_t count;
	bool more;
};

static void hold(struct held *h, const struct config_prefixes *list)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (h->count < EXPRESSROUTE_PREFIXES)
			h->at[h->count++] = list->at[i].prefix;
		else
			h->more = true;
}

static bool holds(const struct held *h, const struct prefix *p)
{
	for (size_t i = 0; i < h->count; i++)
		if (prefix_equal(&h->at[i], p))
			return true;
	return false;
}

static bool same(const struct held *a, const struct held *b)
{
	bool all = a->count == b->count;

	for (size_t i = 0; i < a->count; i++)
		all &= holds(b, &a->at[i]);
	return all;
}

static void hold_service(struct held *h, const struct paper *p, const char *name)
{
	const struct paper_service *s = paper_service(p, name);

	hold(h, s ? &s->public : NULL);
}

static void hold_senders(struct held *h, const struct paper *p, const struct paper_dns *d)
{
	for (size_t i = 0; i < d->spf.count; i++) {
		const struct paper_circuit *c = paper_circuit(p, d->spf.at[i].text);

		if (c)
			hold(h, circuit_outbound(c));
		else
			hold_service(h, p, d->spf.at[i].text);
	}
}

/* The addresses of a service under one name. */
static void addresses(struct todos *t, const struct paper_dns *d, const struct held *old,
		      const struct held *new)
{
	const bool lower =
		!same(old, new) && old->count && new->count && (!d->ttl || d->ttl > TTL_LOW);
	char what[160], text[PREFIX_TEXT], ttl[64];

	ttl_text(d, ttl, sizeof(ttl));
	if (lower) {
		snprintf(what, sizeof(what), "lower the TTL to %d s", TTL_LOW);
		todo(t, PHASE_BEFORE, d->name, "TTL", what, "earlier than the change by %s", ttl);
	}
	for (size_t i = 0; i < new->count; i++) {
		snprintf(what, sizeof(what), "add %s", address_text(&new->at[i].address, text));
		if (!holds(old, &new->at[i]))
			todo(t, PHASE_CHANGE, d->name, new->at[i].family == 6 ? "AAAA" : "A", what,
			     "service %s answers there; old addresses stay beside it for now",
			     d->service.text);
	}
	for (size_t i = 0; i < old->count; i++) {
		snprintf(what, sizeof(what), "remove %s", address_text(&old->at[i].address, text));
		if (!holds(new, &old->at[i]))
			todo(t, PHASE_AFTER, d->name, old->at[i].family == 6 ? "AAAA" : "A", what,
			     new->count ?
				     "once the new addresses answer; servers keep the old one for another %s" :
				     "the service is gone; servers keep the address for another %s",
			     lower ? "300 s" : ttl);
	}
	if (lower)
		todo(t, PHASE_AFTER, d->name, "TTL", "raise the TTL again",
		     "once the old addresses are gone");
}

/* "192.0.2.1" of one host, "192.0.2.0/28" of more. */
static const char *host_text(const struct prefix *p, char *out)
{
	return p->length == (p->family == 6 ? 128 : 32) ? address_text(&p->address, out) :
							  prefix_text(p, out);
}

static void mechanism(const char *verb, const struct prefix *p, char *out, size_t size)
{
	char text[PREFIX_TEXT];

	snprintf(out, size, "%s ip%d:%s", verb, p->family, host_text(p, text));
}

static void senders(struct todos *t, const struct paper_dns *d, const struct held *old,
		    const struct held *new)
{
	char what[160], ttl[64], text[PREFIX_TEXT];

	ttl_text(d, ttl, sizeof(ttl));
	for (size_t i = 0; i < new->count; i++) {
		if (holds(old, &new->at[i]))
			continue;
		mechanism("add", &new->at[i], what, sizeof(what));
		todo(t, PHASE_BEFORE, d->name, "TXT", what,
		     "earlier than the first mail from there by %s, or receivers refuse it; old mechanisms stay",
		     ttl);
		snprintf(what, sizeof(what), "give %s a name, which leads back to it",
			 host_text(&new->at[i], text));
		todo(t, PHASE_BEFORE, d->name, "PTR", what,
		     "receivers ask for it when mail comes from there");
	}
	for (size_t i = 0; i < old->count; i++) {
		if (holds(new, &old->at[i]))
			continue;
		mechanism("remove", &old->at[i], what, sizeof(what));
		todo(t, PHASE_AFTER, d->name, "TXT", what,
		     "once nothing sends from there any more, and what was sent is delivered");
	}
}

static const struct paper_dns *find(const struct paper *p, const struct paper_dns *like)
{
	for (size_t i = 0; i < p->dns_count; i++) {
		const struct paper_dns *d = &p->dns[i];

		if (!strcasecmp(d->name, like->name) && !d->service.text == !like->service.text &&
		    (!d->service.text || !strcmp(d->service.text, like->service.text)))
			return d;
	}
	return NULL;
}

/* An entry of one plan or of both. Names outlive plans: what one of them does not say of a name,
 * the other does. */
static void entry(struct todos *t, const struct paper *old, const struct paper *new,
		  const struct paper_dns *d)
{
	const struct paper_dns *was = find(old, d);
	struct held from = { 0 }, to = { 0 };

	if (d->service.text) {
		hold_service(&from, old, d->service.text);
		hold_service(&to, new, d->service.text);
		addresses(t, d, &from, &to);
	}
	t->failed |= from.more || to.more;
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	hold_senders(&from, old, was ? was : d);
	hold_senders(&to, new, d);
	t->failed |= from.more || to.more;
	senders(t, d, &from, &to);
}

static bool named(const struct paper *p, const char *name, bool spf)
{
	for (size_t i = 0; i < p->dns_count; i++)
		if (spf ? words_have(&p->dns[i].spf, name) :
			  p->dns[i].service.text && !strcmp(p->dns[i].service.text, name))
			return true;
	return false;
}

/* What changes, and no entry of the plan says a name of: somebody must know. */
static void nameless(struct todos *t, const struct paper *old, const struct paper *new)
{
	char what[160];

	for (size_t i = 0; i < new->service_count; i++) {
		const struct paper_service *s = &new->services[i];
		struct held from = { 0 }, to = { 0 };

		hold_service(&from, old, s->name);
		hold(&to, &s->public);
		snprintf(what, sizeof(what), "find the names of service %s", s->name);
		if (!same(&from, &to) && !named(new, s->name, false))
			todo(t, PHASE_BEFORE, NULL, "A", what,
			     "its addresses change, and `dns` of the plan has no name for it");
	}
	for (size_t i = 0; i < new->circuit_count; i++) {
		const struct paper_circuit *c = &new->circuits[i],
					   *was = paper_circuit(old, c->name);
		struct held from = { 0 }, to = { 0 };

		hold(&from, was ? circuit_outbound(was) : NULL);
		hold(&to, circuit_outbound(c));
		snprintf(what, sizeof(what), "find out what sends mail from the pool of %s",
			 c->name);
		if (!same(&from, &to) && !named(new, c->name, true))
			todo(t, PHASE_BEFORE, NULL, "TXT", what,
			     "the pool changes, and no `spf` of the plan has the circuit");
	}
}

static void print_todos(const struct plan *p, const struct paper *old, const struct todos *t)
{
	static const char *const columns[] = { "number", "when", "name", "record",
					       "what",	 "why",	 NULL };

	print_begin();
	print_value_text("plan", p->paper->name);
	print_value_text("before", old->name);
	print_table_begin("to-do", columns);
	for (int phase = 0; phase < PHASES; phase++)
		for (size_t i = 0; i < t->count; i++) {
			if (t->at[i].phase != (enum phase)phase)
				continue;
			print_cell_number(GUIDE);
			print_cell_text(phase_words[phase]);
			print_cell_text(t->at[i].name);
			print_cell_text(t->at[i].type);
			print_cell_text(t->at[i].what);
			print_cell_text(t->at[i].why);
			print_row_end();
		}
	print_table_end();
	print_line(
		"\n%s",
		t->count ?
			"Steps of a kind are in order: all of `before`, the change, then `after`." :
			"No address changes: nothing is to be done in the DNS.");
	print_end();
}

int plan_dns(const struct plan *p)
{
	struct report report = { 0 };
	struct todos t = { 0 };
	struct paper *old;
	int status = EXIT_DONE;

	if (!p->words->before)
		return print_error("plan dns: no older plan; --before PLAN is accepted");
	old = paper_read(p->words->before, &report);
	if (!old)
		report_print(&report);
	report_free(&report);
	if (!old)
		return EXIT_TROUBLE;
	for (size_t i = 0; i < p->paper->dns_count; i++)
		entry(&t, old, p->paper, &p->paper->dns[i]);
	for (size_t i = 0; i < old->dns_count; i++)
		if (!find(p->paper, &old->dns[i]))
			entry(&t, old, p->paper, &old->dns[i]);
	nameless(&t, old, p->paper);
	if (t.failed)
		status = print_error(
			"plan dns: out of memory, or more than %d prefixes under one name",
			EXPRESSROUTE_PREFIXES);
	else
		print_todos(p, old, &t);
	free(t.at);
	paper_free(old);
	return status;
}
