// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "feed_effect.h"
#include "flow_filter.h"
#include "policy_way.h"

static bool effect_moves(const struct effect_move *m)
{
	return m->way_from != m->way_to;
}

bool effect_same(const struct effect_move *a, const struct effect_move *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* A pair of destination sets, and the shift that it comes to. */
struct pair {
	uint32_t from, to;
	uint32_t shift; /* number, 0: all stay */
};
/* The work on one family. */
struct job {
	struct feed_effect *e;
	unsigned char family;
	const uint16_t *way; /* by rule */
	struct effect_shift *scratch;
	void *pairs; /* tree */
	struct ranges shifts; /* what the destinations do */
};

static int pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static int shift_compare(const void *a, const void *b)
{
	const struct effect_shift *x = a, *y = b;

	return memcmp(x->move, y->move, x->sources * sizeof(*x->move));
}

/* The first rule of the same way stands for all of them; nowhere to go is a way too. */
static uint16_t *ways(const struct config *c)
{
	uint16_t *way = calloc(c->rule_count + 1, sizeof(*way));

	for (size_t i = 0; way && i < c->rule_count; i++) {
		size_t first = 0;

		if (!policy_way_count(&c->rules[i]))
			continue;
		while (!policy_way_same(&c->rules[first], &c->rules[i]))
			first++;
		way[i] = (uint16_t)(first + 1);
	}
	return way;
}

static uint16_t way_of(const struct job *j, const struct policy *p, uint32_t source,
		       uint32_t destination, uint16_t *class)
{
	int rule = policy_rule(p, source, destination);

	*class = 0;
	if (rule < 0 || !j->way[rule])
		return 0;
	*class = (uint16_t)(policy_class(p, (size_t)rule, destination) + 1);
	return j->way[rule];
}

/* Fills the scratch; false when all stay. */
static bool judge(struct job *j, uint32_t from, uint32_t to)
{
	const struct set_table *sources = &j->e->from.sources;
	uint8_t has = j->family == 4 ? SET_HAS4 : SET_HAS6;
	bool any = false;

	for (uint32_t s = 0; s < sources->count; s++) {
		struct effect_move m = { 0 };

		if (sources->families[s] & has) {
			m.way_from = way_of(j, &j->e->from, s, from, &m.class_from);
			m.way_to = way_of(j, &j->e->to, s, to, &m.class_to);
		}
		if (!effect_moves(&m))
			m = (struct effect_move){ 0 };
		j->scratch->move[s] = m;
		any |= effect_moves(&m);
	}
	return any;
}

/* The number of the shift that equals the scratch, a new one if need be. */
static int shift_number(struct job *j, uint32_t *out)
{
	struct feed_effect *e = j->e;
	size_t size = sizeof(*j->scratch) + j->scratch->sources * sizeof(*j->scratch->move);
	struct effect_shift **found = tfind(j->scratch, &e->shifts, shift_compare), **list, *shift;

	if (found) {
		*out = (*found)->number;
		return 0;
	}
	list = reallocarray(e->shift, e->shift_count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	e->shift = list;
	shift = malloc(size);
	if (!shift)
		return -ENOMEM;
	memcpy(shift, j->scratch, size);
	if (!tsearch(shift, &e->shifts, shift_compare)) {
		free(shift);
		return -ENOMEM;
	}
	e->shift[e->shift_count] = shift;
	*out = shift->number = ++e->shift_count;
	return 0;
}

static int pair_shift(struct job *j, uint32_t from, uint32_t to, uint32_t *out)
{
	struct pair wanted = { .from = from, .to = to }, *pair;
	struct pair **found = tfind(&wanted, &j->pairs, pair_compare);
	int err = 0;

	if (found) {
		*out = (*found)->shift;
		return 0;
	}
	if (judge(j, from, to))
		err = shift_number(j, &wanted.shift);
	if (err)
		return err;
	pair = malloc(sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	*pair = wanted;
	if (!tsearch(pair, &j->pairs, pair_compare)) {
		free(pair);
		return -ENOMEM;
	}
	*out = pair->shift;
	return 0;
}

/* Both lists cover the family, so one ends where the other does. */
static int walk(struct job *j, const struct ranges *from, const struct ranges *to)
{
	size_t a = 0, b = 0;
	int err = 0;

	while (a < from->count && b < to->count && !err) {
		const struct range *x = &from->at[a], *y = &to->at[b];
		range_address first = x->first > y->first ? x->first : y->first;
		range_address last = x->last < y->last ? x->last : y->last;
		uint32_t shift = 0;

		err = pair_shift(j, x->value, y->value, &shift);
		if (!err)
			err = ranges_add(&j->shifts, first, last, shift);
		a += x->last == last;
		b += y->last == last;
	}
	return err;
}

static int add_row(struct feed_effect *e, const struct effect_row *row)
{
	if (e->row_count == e->row_room) {
		size_t room = e->row_room ? e->row_room * 2 : 64;
		struct effect_row *rows = reallocarray(e->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		e->rows = rows;
		e->row_room = room;
	}
	e->rows[e->row_count++] = *row;
	return 0;
}

/* A row for each move that the shift has. */
static int add_block(struct job *j, const struct prefix *p, const struct effect_shift *shift)
{
	struct feed_effect *e = j->e;
	struct range r = range_of_prefix(p);
	size_t first = e->row_count;
	int err = ranges_add(j->family == 4 ? &e->blocks4 : &e->blocks6, r.first, r.last,
			     (uint32_t)first + 1);

	for (uint32_t s = 0; s < shift->sources && !err; s++) {
		struct effect_row row = { .prefix = *p, .shift = shift, .move = shift->move[s] };
		size_t i = first;

		while (i < e->row_count && !effect_same(&e->rows[i].move, &row.move))
			i++;
		if (effect_moves(&row.move) && i == e->row_count)
			err = add_row(e, &row);
	}
	return err;
}

static int add_rows(struct job *j)
{
	int err = 0;

	for (size_t i = 0; i < j->shifts.count && !err; i++) {
		range_address first = j->shifts.at[i].first;
		uint32_t shift = j->shifts.at[i].value;
		struct prefix p;
		bool more = shift != 0;

		while (more && !err) {
			more = range_prefix(j->family, &first, j->shifts.at[i].last, &p);
			err = add_block(j, &p, j->e->shift[shift - 1]);
		}
	}
	return err;
}

static int family_effect(struct job *j)
{
	struct feed_effect *e = j->e;
	bool four = j->family == 4;
	const struct image_trie *from = four ? &e->from.classes4 : &e->from.classes6;
	const struct image_trie *to = four ? &e->to.classes4 : &e->to.classes6;
	const struct image_trie *sources = four ? &e->from.segments4 : &e->from.segments6;
	struct ranges a = { 0 }, b = { 0 };
	int err = ranges_flatten(from->at, from->count, j->family, &a);

	if (!err)
		err = ranges_flatten(to->at, to->count, j->family, &b);
	if (!err)
		err = ranges_flatten(sources->at, sources->count, j->family,
				     four ? &e->sources4 : &e->sources6);
	if (!err)
		err = walk(j, &a, &b);
	if (!err)
		err = add_rows(j);
	ranges_free(&a);
	ranges_free(&b);
	ranges_free(&j->shifts);
	tdestroy(j->pairs, free);
	j->pairs = NULL;
	return err;
}

static int both_families(struct feed_effect *e)
{
	struct job j = { .e = e };
	uint32_t sources = e->from.sources.count;
	uint16_t *way = ways(e->config);
	int err = -ENOMEM;

	j.way = way;
	j.scratch = calloc(1, sizeof(*j.scratch) + sources * sizeof(*j.scratch->move));
	if (way && j.scratch) {
		j.scratch->sources = sources;
		j.family = 4;
		err = family_effect(&j);
		j.family = 6;
		if (!err)
			err = family_effect(&j);
	}
	free(j.scratch);
	free(way);
	return err;
}

int feed_effect(const struct config *c, const struct feeds *from, const struct feeds *to,
		struct feed_effect *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	out->config = c;
	err = policy_compile(c, from, &out->from);
	if (!err)
		err = policy_compile(c, to, &out->to);
	if (!err)
		err = both_families(out);
	if (err)
		feed_effect_free(out);
	return err;
}

void feed_effect_free(struct feed_effect *e)
{
	policy_free(&e->from);
	policy_free(&e->to);
	free(e->rows);
	ranges_free(&e->blocks4);
	ranges_free(&e->blocks6);
	ranges_free(&e->sources4);
	ranges_free(&e->sources6);
	tdestroy(e->shifts, free);
	free(e->shift);
	memset(e, 0, sizeof(*e));
}

struct effect_row *feed_effect_row(const struct feed_effect *e, const struct in6_addr *source,
				   const struct in6_addr *destination)
{
	bool four = IN6_IS_ADDR_V4MAPPED(destination);
	const struct range *to = ranges_find(four ? &e->blocks4 : &e->blocks6,
					     range_of_address(destination));
	const struct range *from = ranges_find(four ? &e->sources4 : &e->sources6,
					       range_of_address(source));
	const struct effect_move *m;

	if (!to || !from)
		return NULL;
	for (size_t i = to->value - 1; i < e->row_count; i++) {
		m = &e->rows[i].shift->move[from->value];
		if (!prefix_equal(&e->rows[i].prefix, &e->rows[to->value - 1].prefix))
			break;
		if (effect_same(&e->rows[i].move, m))
			return &e->rows[i];
	}
	return NULL;
}

void feed_effect_count(struct feed_effect *e, const struct flow_record *r, const struct settings *s,
		       uint64_t now)
{
	struct effect_row *row;

	if (flow_opening(r) != OPENED_INSIDE)
		return;
	row = feed_effect_row(e, &r->key.saddr, &r->key.daddr);
	if (row && flow_phase(r, s, now) != PHASE_DEAD)
		row->flows++;
}
