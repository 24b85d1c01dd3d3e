// SPDX-License-Identifier: GPL-2.0-only
/* What changes between two states of a feed, printed. Everything is computed before the first word. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_diff.h"
#include "feed_effect.h"
#include "policy_way.h"
#include "print.h"

/* A list for one cell, grown as it is needed; what could not be had is said once, in the end. */
struct texts {
	char **at;
	size_t count;
	bool failed;
};

/* Takes `text`, which is malloc'ed or NULL. */
static void texts_add(struct texts *t, char *text)
{
	char **at = text ? reallocarray(t->at, t->count + 2, sizeof(*at)) : NULL;

	if (at) {
		t->at = at;
		at[t->count++] = text;
		at[t->count] = NULL;
		return;
	}
	free(text);
	t->failed = true;
}

static void texts_print(struct texts *t)
{
	static const char *const none[] = { NULL };

	print_cell_list(t->count ? (const char *const *)t->at : none);
	for (size_t i = 0; i < t->count; i++)
		free(t->at[i]);
	free(t->at);
	t->at = NULL;
	t->count = 0;
}

static char *set_label(const struct feed_set *set)
{
	char *text;

	return asprintf(&text, "%d", set->id) < 0 ? NULL : text;
}

static void print_sets_of(const struct feed_entry *e, size_t count, struct texts *t)
{
	for (size_t i = 0; i < count; i++)
		texts_add(t, set_label(e[i].set));
	texts_print(t);
}

static void print_prefixes(const struct feed_difference *c, struct texts *t)
{
	static const char *const columns[] = { "prefix", "change", "from-sets", "to-sets", NULL };
	char text[PREFIX_TEXT];

	print_table_begin("prefixes", columns);
	for (size_t i = 0; i < c->prefix_count; i++) {
		const struct feed_change_prefix *p = &c->prefixes[i];

		print_cell_text(prefix_text(&p->prefix, text));
		print_cell_text(!p->from_count ? "added" : !p->to_count ? "removed" : "moved");
		print_sets_of(p->from, p->from_count, t);
		print_sets_of(p->to, p->to_count, t);
		print_row_end();
	}
	print_table_end();
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void attribute(struct texts *t, const char *name, const char *from, const char *to)
{
	char *text;

	if (from && to ? !strcmp(from, to) : from == to)
		return;
	if (asprintf(&text, "%s: %s -> %s", name, from ? from : "none", to ? to : "none") < 0)
		text = NULL;
	texts_add(t, text);
}

static void print_set(const struct feed_change_set *s, struct texts *t)
{
	const struct feed_set *a = s->from, *b = s->to;
	char *label = set_label(b ? b : a);

	print_cell_text(label);
	print_cell_text((b ? b : a)->area);
	print_cell_text(!a ? "added" : !b ? "removed" : "changed");
	if (a && b) {
		attribute(t, "area", a->area, b->area);
		attribute(t, "category", feed_category_text(a->category),
			  feed_category_text(b->category));
		attribute(t, "expressroute", truth(a->expressroute), truth(b->expressroute));
		attribute(t, "required", truth(a->required), truth(b->required));
		attribute(t, "tcp", a->tcp_ports, b->tcp_ports);
		attribute(t, "udp", a->udp_ports, b->udp_ports);
	}
	texts_print(t);
	print_cell_number(s->added);
	print_cell_number(s->removed);
	print_row_end();
	t->failed |= !label;
	free(label);
}

static void print_sets(const struct feed_difference *c, struct texts *t)
{
	static const char *const columns[] = { "set", "area", "change", "attributes", "added", "removed",
					       NULL };

	print_table_begin("sets", columns);
	for (size_t i = 0; i < c->set_count; i++)
		print_set(&c->sets[i], t);
	print_table_end();
}

/* A source that is in two segments at once is "pilot+campus". */
static char *source_text(const struct feed_effect *e, uint32_t source)
{
	const char *between = "";
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < e->config->segment_count; i++)
		if (set_has(&e->from.sources, source, (uint32_t)i)) {
			fprintf(f, "%s%s", between, e->config->segments[i].name);
			between = "+";
		}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_way(const struct feed_effect *e, uint16_t class, uint16_t way, struct texts *t)
{
	const struct config *c = e->config;
	char *text = policy_way_text(class ? &c->classes[class - 1] : NULL,
				     way ? &c->rules[way - 1] : NULL);

	print_cell_text(text);
	t->failed |= !text;
	free(text);
}

static void print_effect(const struct feed_effect *e, bool counted, struct texts *t)
{
	static const char *const columns[] = { "prefix", "segments", "from", "to", "flows", NULL };
	char text[PREFIX_TEXT];

	print_table_begin("effect", columns);
	for (size_t i = 0; i < e->row_count; i++) {
		const struct effect_row *r = &e->rows[i];

		print_cell_text(prefix_text(&r->prefix, text));
		for (uint32_t s = 0; s < r->shift->sources; s++)
			if (effect_same(&r->move, &r->shift->move[s]))
				texts_add(t, source_text(e, s));
		texts_print(t);
		print_way(e, r->move.class_from, r->move.way_from, t);
		print_way(e, r->move.class_to, r->move.way_to, t);
		if (counted)
			print_cell_number(r->flows);
		else
			print_cell_text(NULL);
		print_row_end();
	}
	print_table_end();
}

struct count {
	struct feed_effect *effect;
	const struct observe *o;
	uint64_t now; /* one clock for the whole table */
};

static int count_flow(void *context, const struct flow_record *r)
{
	const struct count *c = context;

	feed_effect_count(c->effect, r, &c->o->settings, c->now);
	return 0;
}

static int print_all(const struct feed_difference *changes, const struct feed_effect *effect,
		     const char *const *labels, bool counted)
{
	struct texts t = { 0 };

	print_begin();
	print_value_text("feed", labels[0]);
	print_value_text("from", labels[1]);
	print_value_text("to", labels[2]);
	print_prefixes(changes, &t);
	print_sets(changes, &t);
	print_effect(effect, counted, &t);
	if (!changes->prefix_count && !changes->set_count)
		print_line("\nnothing differs");
	else if (!effect->row_count)
		print_line("\nno address goes another way than before");
	else
		print_line("\nonly new connections go the new way: live flows stay on their circuit");
	print_end();
	return t.failed ? print_error("out of memory") : EXIT_DONE;
}

static const struct feed *feed_of(const struct config *c, const struct feeds *feeds, const char *name)
{
	for (size_t i = 0; i < c->feed_count && i < feeds->count; i++)
		if (!strcmp(c->feeds[i].name, name))
			return feeds->at[i];
	return NULL;
}

int feed_diff(const struct config *c, const struct feeds *a, const struct feeds *b,
	      const char *feed_name, const char *from, const char *to, struct observe *o)
{
	const char *const labels[] = { feed_name, from, to };
	struct feed_difference changes = { 0 };
	struct feed_effect effect = { 0 };
	struct count count = { &effect, o, observe_now() };
	int err = feed_difference(feed_of(c, a, feed_name), feed_of(c, b, feed_name), &changes);
	int status = EXIT_TROUBLE;

	if (!err)
		err = feed_effect(c, a, b, &effect);
	if (err == -E2BIG)
		print_error("policy: too many combinations of segments and classes; %u are accepted",
			    POLICY_CELLS_MAX);
	else if (err)
		print_error("out of memory");
	else if (!o || !effect.row_count || !observe_walk_flows(o, count_flow, &count))
		status = print_all(&changes, &effect, labels, o != NULL);
	feed_effect_free(&effect);
	feed_difference_free(&changes);
	return status;
}
