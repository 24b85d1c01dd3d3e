// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guide wants to be ready before the window opens, under the numbers of its list: what of
 * it this plan has, what it lacks, what in it is wrong, and what no plan can say.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_catalogue.h"
#include "print.h"

enum state { STATE_READY, STATE_MISSING, STATE_WRONG, STATE_BY_HAND };
static const char *const state_words[] = { "ready", "missing", "wrong", "by hand" };

struct list {
	const struct plan *plan;
	const struct paper *paper;
	unsigned int number; /* of the item that is looked at */
	const char *item;
	bool said;
	size_t open; /* missing or wrong */
};

static void say(struct list *l, enum state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct list *l, enum state state, const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	print_cell_number(l->number);
	print_cell_text(l->item);
	if (state == STATE_WRONG)
		print_cell_alarm(state_words[state]);
	else
		print_cell_text(state_words[state]);
	print_cell_text(text);
	print_row_end();
	l->said = true;
	l->open += state == STATE_MISSING || state == STATE_WRONG;
}

static void forms(struct list *l, const struct catalogue_form *form, const struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; form->keys[k]; k++)
			if (!c->rows[i].cell[k])
				say(l, form->by_hand[k] ? STATE_BY_HAND : STATE_MISSING,
				    "%s %s: %s", form->name, c->rows[i].cell[1], form->titles[k]);
}

static void item_catalogue(struct list *l)
{
	struct catalogue out = { 0 }, in = { 0 };

	catalogue_fill_outbound(l->plan, &out);
	catalogue_fill_inbound(l->plan, &in);
	if (out.failed || in.failed)
		say(l, STATE_MISSING, "out of memory");
	forms(l, &catalogue_outbound, &out);
	forms(l, &catalogue_inbound, &in);
	catalogue_free(&out);
	catalogue_free(&in);
	if (!l->paper->location_count)
		say(l, STATE_MISSING, "no locations: nothing goes out");
	if (!l->paper->service_count)
		say(l, STATE_BY_HAND, "no services: nothing may come in, if that is meant");
}

static void item_diagram(struct list *l)
{
	for (size_t i = 0; i < l->paper->site_count; i++)
		if (!l->paper->sites[i].region)
			say(l, STATE_MISSING, "region of site %s", l->paper->sites[i].name);
	for (size_t i = 0; i < l->paper->circuit_count; i++) {
		const struct paper_circuit *c = &l->paper->circuits[i];

		if (!c->region)
			say(l, STATE_MISSING, "region of circuit %s", c->name);
		if (c->kind == KIND_EXPRESSROUTE && !c->meet_me)
			say(l, STATE_MISSING, "meet-me of circuit %s", c->name);
	}
}

static void nobody(struct list *l)
{
	if (!l->paper->location_count)
		say(l, STATE_MISSING, "locations: the plan places nobody");
}

static void item_latency(struct list *l)
{
	nobody(l);
	for (size_t i = 0; i < l->paper->location_count; i++) {
		const struct paper_location *at = &l->paper->locations[i];

		if (!at->latency_count)
			say(l, STATE_MISSING, "latency of location %s", at->name);
	}
}

static void item_heads(struct list *l)
{
	nobody(l);
	for (size_t i = 0; i < l->paper->location_count; i++)
		if (!l->paper->locations[i].heads)
			say(l, STATE_MISSING, "heads of location %s", l->paper->locations[i].name);
}

static void item_dns(struct list *l)
{
	for (size_t i = 0; i < l->paper->service_count; i++) {
		const char *name = l->paper->services[i].name;
		bool named = false;

		for (size_t k = 0; k < l->paper->dns_count; k++)
			named |= l->paper->dns[k].service.text &&
				 !strcmp(l->paper->dns[k].service.text, name);
		if (!named)
			say(l, STATE_MISSING, "name of service %s in `dns`", name);
	}
	for (size_t k = 0; k < l->paper->dns_count; k++)
		if (!l->paper->dns[k].ttl)
			say(l, STATE_MISSING, "TTL of %s", l->paper->dns[k].name);
	if (!l->paper->dns_count && !l->said)
		say(l, STATE_MISSING, "`dns` of the plan, with who sends mail");
}

static void item_proxy(struct list *l)
{
	if (!l->paper->proxy)
		say(l, STATE_MISSING, "proxy of the plan, for what stays on the internet");
}

static void item_deployment(struct list *l)
{
	for (size_t i = 0; i < l->paper->gateway_count; i++)
		if (gateway_is_samepath(&l->paper->gateways[i]) && !l->paper->gateways[i].file)
			say(l, STATE_MISSING, "config of gateway %s: there is nothing to apply",
			    l->paper->gateways[i].name);
	say(l, STATE_BY_HAND,
	    "order of segments and who reviews it; `apply --dry-run` prints the changes of a gateway");
}

static void item_rollback(struct list *l)
{
	say(l, STATE_BY_HAND,
	    "the configurations as they are now, and who decides to go back to them");
}

static void item_tests(struct list *l)
{
	say(l, STATE_BY_HAND, "each of `tests` below, before and after, and who logs it");
}

static void item_isolated(struct list *l)
{
	say(l, STATE_BY_HAND, "a test segment and tenant, each circuit and link taken down once");
}

static void item_bandwidth(struct list *l)
{
	say(l, STATE_BY_HAND, "20 to 50 %% of each circuit free at the peak, measured");
}

static void item_news(struct list *l)
{
	for (size_t i = 0; i < l->paper->gateway_count; i++) {
		const struct config *c = l->paper->gateways[i].config;

		for (size_t k = 0; c && k < c->feed_count; k++)
			if (!strncmp(c->feeds[k].source, "https://", 8))
				return;
	}
	say(l, STATE_BY_HAND,
	    "who hears of changes of the provider's addresses: no configuration has a feed that is fetched");
}

static void item_verify(struct list *l)
{
	const struct findings *f = &l->plan->findings;

	for (size_t i = 0; i < f->count; i++)
		if (f->at[i].verdict == CHECK_NO && f->at[i].severity == SEVERITY_ERROR)
			say(l, STATE_WRONG, "%u %s, line %d: %s", f->at[i].number, f->at[i].name,
			    f->at[i].line, f->at[i].reason);
}

static void item_facts(struct list *l)
{
	const struct findings *f = &l->plan->findings;

	for (size_t i = 0; i < f->count; i++)
		if (f->at[i].verdict == CHECK_UNKNOWN)
			say(l, STATE_MISSING, "%u %s: %s", f->at[i].number, f->at[i].name,
			    f->at[i].reason);
}

static const struct {
	unsigned int number;
	const char *item;
	void (*look)(struct list *l);
	const char *ready; /* NULL: it always says something */
} items[] = {
	{ 4, "list of services, outbound and inbound", item_catalogue,
	  "`plan catalogue` has every property" },
	{ 8, "latency of each location", item_latency, "measured" },
	{ 28, "diagram of egress and meet-me places", item_diagram,
	  "`plan graph` has all of them" },
	{ 33, "users of each location", item_heads, "counted" },
	{ 36, "updates of DNS and SPF", item_dns, "`plan dns --before OLD` lists them" },
	{ 39, "PAC file and proxy", item_proxy, "`plan pac` makes it" },
	{ 41, "bandwidth", item_bandwidth, NULL },
	{ 68, "paper validation of all flows", item_verify, "`verify` finds no error" },
	{ 68, "facts for the paper validation", item_facts, "nothing is unknown" },
	{ 77, "test on a network segment, with failures", item_isolated, NULL },
	{ 78, "deployment plan", item_deployment, NULL },
	{ 79, "rollback", item_rollback, NULL },
	{ 80, "news of endpoints", item_news, "a feed is fetched" },
	{ 95, "test plan", item_tests, NULL },
};

static void print_items(struct list *l)
{
	static const char *const columns[] = { "number", "item", "state", "what", NULL };

	print_table_begin("checklist", columns);
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		l->number = items[i].number;
		l->item = items[i].item;
		l->said = false;
		items[i].look(l);
		if (!l->said)
			say(l, STATE_READY, "%s", items[i].ready);
	}
	print_table_end();
}

/* The part of a pool that the other side sees the asker in; an address of no pool is itself. */
static const char *seen_text(const struct flow_row *row, char *out)
{
	const struct prefix worn = host_prefix(&row->judged.worn);
	const struct config_prefix *pool = NULL;

	if (!row->judged.translated)
		return NULL;
	if (row->judged.pool)
		pool = longest_of(row->location ? circuit_outbound(row->judged.pool) :
						  circuit_inbound(row->judged.pool),
				  &worn);
	return pool ? prefix_text(&pool->prefix, out) : address_text(&row->judged.worn, out);
}

/* What to try: single hosts outward, each service from outside, and what should be seen. */
static void print_tests(const struct plan *p)
{
	static const char *const columns[] = { "number",  "from",     "to", "over",
					       "seen-as", "expected", NULL };
	char text[PREFIX_TEXT];

	print_table_begin("tests", columns);
	for (size_t i = 0; i < p->v.row_count && plan_base(&p->v, p->v.rows[i]); i++) {
		const struct flow_row *row = p->v.rows[i];

		print_cell_number(row->location ? 89 : 84);
		print_cell_text(row->location ? row->location->name : row->walk.outside->name);
		print_cell_text(row->location ? row->walk.outside->name : row->walk.service->name);
		print_cell_text(row->walk.circuit ? row->walk.circuit->name : NULL);
		print_cell_text(seen_text(row, text));
		print_cell_text(row->judged.stated ? "dropped by rule" :
				row->judged.works  ? "answered" :
						     "no answer");
		print_row_end();
	}
	print_table_end();
}

int plan_checklist(const struct plan *p)
{
	struct list l = { .plan = p, .paper = p->paper };

	print_begin();
	print_value_text("plan", p->paper->name);
	print_items(&l);
	print_tests(p);
	print_line("\n%s: %zu things missing or wrong", p->paper->file, l.open);
	print_end();
	return l.open ? EXIT_NO : EXIT_DONE;
}
