// SPDX-License-Identifier: GPL-2.0-only
/*
 * What feeds and classes hold. Where one prefix stands in several endpoint sets, all of them are named,
 * with the union of their areas and ports and the highest category.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_ports.h"
#include "feed_show.h"
#include "print.h"

size_t feed_of_family(const struct prefix *p, size_t count, unsigned char family)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += p[i].family == family;
	return n;
}

static const char *yes(bool value)
{
	return value ? "yes" : "no";
}

/* What only numbered sets say. */
static const char *said(const struct feed_set *s, const char *text)
{
	return s->id ? text : NULL;
}

static void show_set(const struct feed *f, const struct feed_set *s)
{
	char label[FEED_LABEL];

	feed_set_label(s, label, sizeof(label));
	print_cell_text(f->name);
	print_cell_text(label);
	print_cell_text(s->area);
	print_cell_text(s->region);
	print_cell_text(said(s, feed_category_text(s->category)));
	print_cell_text(said(s, yes(s->expressroute)));
	print_cell_text(said(s, yes(s->required)));
	print_cell_number(feed_of_family(s->prefixes, s->prefix_count, 4));
	print_cell_number(feed_of_family(s->prefixes, s->prefix_count, 6));
	print_cell_text(s->tcp_ports);
	print_cell_text(s->udp_ports);
	print_row_end();
}

static void show_sets(const struct feeds *feeds)
{
	static const char *const columns[] = { "feed",	   "set",	   "area",     "region",
					       "category", "expressroute", "required", "ipv4",
					       "ipv6",	   "tcp",	   "udp",      NULL };

	print_table_begin("sets", columns);
	for (size_t i = 0; i < feeds->count; i++)
		for (size_t j = 0; feeds->at[i] && j < feeds->at[i]->set_count; j++)
			show_set(feeds->at[i], &feeds->at[i]->sets[j]);
	print_table_end();
}

/* Scratch for the lists of one row; a prefix stands in at most as many sets as there are. */
struct lists {
	const char **areas, **sets, **classes;
	char (*labels)[FEED_LABEL];
};

static void add_once(const char **list, const char *text)
{
	for (; text && *list; list++)
		if (!strcmp(*list, text))
			return;
	if (!text)
		return;
	list[0] = text;
	list[1] = NULL;
}

/* What a class with exceptions selects; of the others the sets say it. */
struct selected {
	struct prefix *at; /* sorted, none inside another */
	size_t count;
};

static bool meets(const struct selected *selected, const struct prefix *p)
{
	size_t low = 0, high = selected->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix_compare(&selected->at[middle], p) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < selected->count && prefix_contains(p, &selected->at[low])) ||
	       (low && prefix_contains(&selected->at[low - 1], p));
}

static bool in_class(const struct config_class *class, const struct selected *selected,
		     const struct feed *f, const struct feed_entry *e, size_t n)
{
	if (!class->feed || strcmp(class->feed, f->name))
		return false;
	if (class->except.count && !meets(selected, &e->prefix))
		return false;
	for (size_t i = 0; i < n; i++)
		if (class_takes_set(class, e[i].set))
			return true;
	return false;
}

/* The union of the ports of all sets; NULL where none says any. */
static char *ports_of(const struct feed_entry *e, size_t n, bool tcp)
{
	char *joined = NULL, *longer, *out = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *more = tcp ? e[i].set->tcp_ports : e[i].set->udp_ports;

		if (!more)
			continue;
		if (asprintf(&longer, "%s%s%s", joined ? joined : "", joined ? "," : "", more) < 0)
			break;
		free(joined);
		joined = longer;
	}
	if (joined)
		feed_ports(joined, &out);
	free(joined);
	return out;
}

static void show_prefix(const struct config *c, const struct selected *selected,
			const struct feed *f, const struct feed_entry *e, size_t n, struct lists *l)
{
	char text[PREFIX_TEXT], *tcp = ports_of(e, n, true), *udp = ports_of(e, n, false);
	enum feed_category category = CATEGORY_DEFAULT;
	const struct feed_set *any = e->set; /* one feed numbers all of its sets, or none */
	bool expressroute = false;

	l->areas[0] = l->sets[0] = l->classes[0] = NULL;
	for (size_t i = 0; i < n; i++) {
		feed_set_label(e[i].set, l->labels[i], sizeof(l->labels[i]));
		add_once(l->sets, l->labels[i]);
		add_once(l->areas, e[i].set->area);
		if (e[i].set->category > category)
			category = e[i].set->category;
		expressroute |= e[i].set->expressroute;
	}
	for (size_t i = 0; i < c->class_count; i++)
		if (in_class(&c->classes[i], &selected[i], f, e, n))
			add_once(l->classes, c->classes[i].name);
	print_cell_text(f->name);
	print_cell_text(prefix_text(&e->prefix, text));
	print_cell_list(l->sets);
	print_cell_list(l->areas);
	print_cell_text(said(any, feed_category_text(category)));
	print_cell_text(said(any, yes(expressroute)));
	print_cell_list(l->classes);
	print_cell_text(tcp);
	print_cell_text(udp);
	print_row_end();
	free(tcp);
	free(udp);
}

static int show_prefixes_of(const struct config *c, const struct selected *selected,
			    const struct feed *f)
{
	struct lists l = {
		.areas = calloc(f->set_count + 1, sizeof(*l.areas)),
		.sets = calloc(f->set_count + 1, sizeof(*l.sets)),
		.classes = calloc(c->class_count + 1, sizeof(*l.classes)),
		.labels = calloc(f->set_count + 1, sizeof(*l.labels)),
	};
	struct feed_entry *e = NULL;
	size_t count = 0, n;
	int err = -ENOMEM;

	if (l.areas && l.sets && l.classes && l.labels)
		err = feed_entries(f, &e, &count);
	for (size_t i = 0; i < count; i += n) {
		for (n = 1; i + n < count && prefix_equal(&e[i].prefix, &e[i + n].prefix); n++)
			;
		show_prefix(c, selected, f, e + i, n, &l);
	}
	free(e);
	free(l.areas);
	free(l.sets);
	free(l.classes);
	free(l.labels);
	return err;
}

static int show_prefixes(const struct config *c, const struct feeds *feeds)
{
	static const char *const columns[] = { "feed",	  "prefix",   "sets",
					       "areas",	  "category", "expressroute",
					       "classes", "tcp",      "udp",
					       NULL };
	struct selected *selected = calloc(c->class_count + 1, sizeof(*selected));
	int err = selected ? 0 : -ENOMEM;

	for (size_t i = 0; i < c->class_count && !err; i++)
		if (c->classes[i].except.count)
			err = class_select(c, feeds, &c->classes[i], &selected[i].at,
					   &selected[i].count);
	print_table_begin("prefixes", columns);
	for (size_t i = 0; i < feeds->count && !err; i++)
		if (feeds->at[i])
			err = show_prefixes_of(c, selected, feeds->at[i]);
	print_table_end();
	for (size_t i = 0; selected && i < c->class_count; i++)
		free(selected[i].at);
	free(selected);
	return err;
}

static int show_class(const struct config *c, const struct feeds *feeds,
		      const struct config_class *class)
{
	const struct feed *f = class_feed(c, feeds, class);
	struct prefix *found;
	size_t count, sets = 0;
	int err = class_select(c, feeds, class, &found, &count);

	if (err)
		return err;
	for (size_t i = 0; f && i < f->set_count; i++)
		sets += class_takes_set(class, &f->sets[i]);
	print_cell_text(class->name);
	print_cell_text(class->feed);
	print_cell_number(sets);
	print_cell_number(class->prefixes.count);
	print_cell_number(feed_of_family(found, count, 4));
	print_cell_number(feed_of_family(found, count, 6));
	print_row_end();
	free(found);
	return 0;
}

int feed_show(const struct config *c, const struct instance *i, const struct feeds *feeds, const char *only)
{
	static const char *const columns[] = { "class", "feed", "sets", "literal",
					       "ipv4",	"ipv6", NULL };
	struct feeds shown = { .count = feeds->count, .at = calloc(feeds->count + 1, sizeof(*shown.at)) };
	int err = shown.at ? 0 : -ENOMEM;

	for (size_t k = 0; k < feeds->count && !err; k++)
		shown.at[k] = !only || !strcmp(c->feeds[k].name, only) ? feeds->at[k] : NULL;
	print_begin();
	err = err ? err : feed_show_states(c, i, feeds, only);
	if (!err)
		show_sets(&shown);
	err = err ? err : show_prefixes(c, &shown);
	print_table_begin("classes", columns);
	for (size_t k = 0; k < c->class_count && !err; k++)
		if (!only || (c->classes[k].feed && !strcmp(c->classes[k].feed, only)))
			err = show_class(c, feeds, &c->classes[k]);
	print_table_end();
	print_end();
	free(shown.at);
	return err;
}
