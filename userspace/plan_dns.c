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
#include "plan.h"
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
	bool failed; /* out of memory */
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

/* What is under one name in one plan, each prefix once. */
struct held {
	struct {
		struct prefix prefix;
		const char *of; /* service or circuit */
	} * at;
	size_t count;
	bool failed; /* out of memory */
};

static bool holds(const struct held *h, const struct prefix *p)
{
	for (size_t i = 0; i < h->count; i++)
		if (prefix_equal(&h->at[i].prefix, p))
			return true;
	return false;
}

static void hold(struct held *h, const struct config_prefixes *list, const char *of)
{
	for (size_t i = 0; i < list->count; i++) {
		void *grown;

		if (holds(h, &list->at[i].prefix))
			continue;
		grown = realloc(h->at, (h->count + 1) * sizeof(*h->at));
		h->failed |= !grown;
		if (!grown)
			return;
		h->at = grown;
		h->at[h->count].prefix = list->at[i].prefix;
		h->at[h->count++].of = of;
	}
}

/* Is all of a in b? */
static bool within(const struct held *a, const struct held *b)
{
	bool all = true;

	for (size_t i = 0; i < a->count; i++)
		all &= holds(b, &a->at[i].prefix);
	return all;
}

static bool same(const struct held *a, const struct held *b)
{
	return within(a, b) && within(b, a);
}

static void hold_service(struct held *h, const struct paper *p, const char *name)
{
	const struct paper_service *s = paper_service(p, name);

	if (s)
		hold(h, &s->public, s->name);
}

static void hold_pool(struct held *h, const struct paper *p, const char *name)
{
	const struct paper_circuit *c = paper_circuit(p, name);

	if (c)
		hold(h, circuit_outbound(c), c->name);
}

/* What `says`, which may be another plan, puts under the name, as it is in p. */
static void hold_name(struct held *h, const struct paper *p, const struct paper *says,
		      const char *name, bool spf)
{
	for (size_t i = 0; i < says->dns_count; i++) {
		const struct paper_dns *d = &says->dns[i];

		if (strcasecmp(d->name, name))
			continue;
		if (!spf && d->service.text)
			hold_service(h, p, d->service.text);
		for (size_t k = 0; spf && k < d->spf.count; k++) {
			hold_pool(h, p, d->spf.at[k].text);
			if (!paper_circuit(p, d->spf.at[k].text))
				hold_service(h, p, d->spf.at[k].text);
		}
	}
}

/* The longest TTL of the name's records, 0: none is given. */
static uint32_t ttl_of(const struct paper *p, const char *name, bool spf)
{
	uint32_t ttl = 0;

	for (size_t i = 0; i < p->dns_count; i++)
		if (!strcasecmp(p->dns[i].name, name) && p->dns[i].ttl > ttl &&
		    (spf ? p->dns[i].spf.count > 0 : p->dns[i].service.text != NULL))
			ttl = p->dns[i].ttl;
	return ttl;
}

/* A name: what was under it and what will be, of addresses or of senders. */
struct change {
	const char *name;
	struct held old, new;
	uint32_t ttl;
	char wait[64]; /* in words */
};

static const char *type_of(const struct prefix *p)
{
	return p->family == 6 ? "AAAA" : "A";
}

static void addresses(struct todos *t, const struct change *c)
{
	const bool more = !within(&c->new, &c->old), less = !within(&c->old, &c->new);
	const bool lower =
		(more || less) && c->old.count && c->new.count && (!c->ttl || c->ttl > TTL_LOW);
	char what[160], text[PREFIX_TEXT];

	snprintf(what, sizeof(what), "lower the TTL to %d s", TTL_LOW);
	if (lower)
		todo(t, PHASE_BEFORE, c->name, "TTL", what, "earlier than the change by %s",
		     c->wait);
	for (size_t i = 0; i < c->new.count; i++) {
		const struct prefix *p = &c->new.at[i].prefix;

		snprintf(what, sizeof(what), "add %s", address_text(&p->address, text));
		if (!holds(&c->old, p))
			todo(t, PHASE_CHANGE, c->name, type_of(p), what,
			     "service %s answers there; old addresses stay beside it for now",
			     c->new.at[i].of);
	}
	for (size_t i = 0; i < c->old.count; i++) {
		const struct prefix *p = &c->old.at[i].prefix;

		snprintf(what, sizeof(what), "remove %s", address_text(&p->address, text));
		if (!holds(&c->new, p))
			todo(t, PHASE_AFTER, c->name, type_of(p), what,
			     more ? "once the new addresses answer; servers keep the old one for %s" :
				    "no service is there under this name any more; servers keep it for %s",
			     lower ? "300 s" : c->wait);
	}
	if (lower)
		todo(t, PHASE_AFTER, c->name, "TTL", "raise the TTL again",
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

static void senders(struct todos *t, const struct change *c)
{
	char what[160], text[PREFIX_TEXT];

	for (size_t i = 0; i < c->new.count; i++) {
		const struct prefix *p = &c->new.at[i].prefix;

		if (holds(&c->old, p))
			continue;
		mechanism("add", p, what, sizeof(what));
		todo(t, PHASE_BEFORE, c->name, "TXT", what,
		     "earlier than the first mail from there by %s, or receivers refuse it; old mechanisms stay",
		     c->wait);
		snprintf(what, sizeof(what), "give %s a name, which leads back to it",
			 host_text(p, text));
		todo(t, PHASE_BEFORE, c->name, "PTR", what,
		     "receivers ask for it when mail comes from there");
	}
	for (size_t i = 0; i < c->old.count; i++) {
		if (holds(&c->new, &c->old.at[i].prefix))
			continue;
		mechanism("remove", &c->old.at[i].prefix, what, sizeof(what));
		todo(t, PHASE_AFTER, c->name, "TXT", what,
		     "once nothing sends from there any more, and what was sent is delivered");
	}
}

/* The first entry of the name; it has the others with it. */
static const struct paper_dns *find(const struct paper *p, const char *name)
{
	for (size_t i = 0; i < p->dns_count; i++)
		if (!strcasecmp(p->dns[i].name, name))
			return &p->dns[i];
	return NULL;
}

/* Names outlive plans: of a name that one of them does not have, the other says what it stands for. */
static void change(struct todos *t, const struct paper *old, const struct paper *new,
		   const char *name, bool spf)
{
	const struct paper *before = find(old, name) ? old : new,
			   *after = find(new, name) ? new : old;
	struct change c = { .name = name, .ttl = ttl_of(before, name, spf) };

	if (!c.ttl)
		c.ttl = ttl_of(after, name, spf);
	if (c.ttl)
		snprintf(c.wait, sizeof(c.wait), "its TTL of %u s", c.ttl);
	else
		snprintf(c.wait, sizeof(c.wait), "its TTL, which the plan does not give");
	hold_name(&c.old, old, before, name, spf);
	hold_name(&c.new, new, after, name, spf);
	t->failed |= c.old.failed || c.new.failed;
	if (spf)
		senders(t, &c);
	else
		addresses(t, &c);
	free(c.old.at);
	free(c.new.at);
}

static void each_name(struct todos *t, const struct paper *old, const struct paper *new,
		      const struct paper *of)
{
	for (size_t i = 0; i < of->dns_count; i++) {
		const char *name = of->dns[i].name;

		if (find(of, name) != &of->dns[i] || (of == old && find(new, name)))
			continue;
		change(t, old, new, name, false);
		change(t, old, new, name, true);
	}
}

static bool named(const struct paper *p, const char *name, bool spf)
{
	for (size_t i = 0; i < p->dns_count; i++)
		if (spf ? words_have(&p->dns[i].spf, name) :
			  p->dns[i].service.text && !strcmp(p->dns[i].service.text, name))
			return true;
	return false;
}

/* A service, or a circuit's pool, of one plan or of both. */
static void nameless_one(struct todos *t, const struct paper *old, const struct paper *new,
			 const char *name, bool pool)
{
	const bool gone = pool ? !paper_circuit(new, name) : !paper_service(new, name);
	struct held from = { 0 }, to = { 0 };
	char what[160];

	(pool ? hold_pool : hold_service)(&from, old, name);
	(pool ? hold_pool : hold_service)(&to, new, name);
	t->failed |= from.failed || to.failed;
	snprintf(what, sizeof(what), "find %s %s",
		 pool ? "out what sends mail from the pool of" : "the names of service", name);
	if (!same(&from, &to) && !named(old, name, pool) && !named(new, name, pool))
		todo(t, PHASE_BEFORE, NULL, pool ? "TXT" : "A", what,
		     pool ? "%s, and no `spf` of the plan has the circuit" :
			    "%s, and `dns` of the plan has no name for it",
		     gone ? "it is gone" :
		     pool ? "the pool changes" :
			    "its addresses change");
	if (gone && pool && from.count) {
		snprintf(what, sizeof(what), "take back the names of the pool of %s", name);
		todo(t, PHASE_AFTER, NULL, "PTR", what, "the circuit is gone");
	}
	free(from.at);
	free(to.at);
}

/* What changes, and no entry of a plan says a name of: somebody must know. */
static void nameless(struct todos *t, const struct paper *old, const struct paper *new)
{
	for (size_t i = 0; i < new->service_count; i++)
		nameless_one(t, old, new, new->services[i].name, false);
	for (size_t i = 0; i < old->service_count; i++)
		if (!paper_service(new, old->services[i].name))
			nameless_one(t, old, new, old->services[i].name, false);
	for (size_t i = 0; i < new->circuit_count; i++)
		nameless_one(t, old, new, new->circuits[i].name, true);
	for (size_t i = 0; i < old->circuit_count; i++)
		if (!paper_circuit(new, old->circuits[i].name))
			nameless_one(t, old, new, old->circuits[i].name, true);
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
	each_name(&t, old, p->paper, p->paper);
	each_name(&t, old, p->paper, old);
	nameless(&t, old, p->paper);
	if (t.failed)
		status = print_error("plan dns: out of memory");
	else
		print_todos(p, old, &t);
	free(t.at);
	paper_free(old);
	return status;
}
