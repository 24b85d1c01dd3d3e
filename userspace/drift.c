// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "drift_part.h"
#include "policy_way.h"
#include "../maps/types.h"

const char *drift_finding_text(enum drift_finding finding)
{
	static const char *const text[] = {
		[DRIFT_NOT_ROUTED] = "not-routed",
		[DRIFT_WRONG_WAY] = "wrong-way",
		[DRIFT_PARTLY] = "partly",
		[DRIFT_UNEXPECTED] = "unexpected",
	};

	return text[finding];
}

const struct drift_seen *drift_seen(const struct drift_job *j, size_t unit, size_t circuit)
{
	return &j->seen[unit * j->p->config->circuit_count + circuit];
}

/* Bits of the circuits that rules send this destination set to. */
static uint64_t drift_circuits(const struct drift_job *j, uint32_t destination)
{
	const uint64_t *rules = j->rules + (size_t)destination * j->p->words;
	uint64_t circuits = 0;

	for (uint32_t w = 0; w < j->p->words; w++)
		for (uint64_t left = rules[w]; left; left &= left - 1)
			circuits |= j->rule_circuits[w * 64 + (uint32_t)__builtin_ctzll(left)];
	return circuits;
}

static void rule_circuits(struct drift_job *j)
{
	const struct config *c = j->p->config;

	for (size_t r = 0; r < c->rule_count; r++)
		for (size_t i = 0; i < policy_way_count(&c->rules[r]); i++) {
			const struct config_circuit *k =
				config_circuit(c, policy_way_at(&c->rules[r], i));

			if (k && policy_way_carries(k, &c->rules[r], j->family))
				j->rule_circuits[r] |= (uint64_t)1 << (k - c->circuits);
		}
}

/* A rule counts where it is the first one for some source, of the same family. */
static void rules_met(struct drift_job *j)
{
	const struct policy *p = j->p;
	uint8_t has = j->family == 4 ? SET_HAS4 : SET_HAS6;

	for (uint32_t d = 0; d < p->destinations.count; d++)
		for (uint32_t s = 0; s < p->sources.count; s++) {
			int rule = p->sources.families[s] & has ? policy_rule(p, s, d) : -1;

			if (rule >= 0)
				j->rules[(size_t)d * p->words + (size_t)rule / 64] |=
					(uint64_t)1 << (rule % 64);
		}
}

static int add_row(struct drift *d, size_t circuit, enum drift_finding finding,
		   const struct prefix *p, char *detail)
{
	if (detail && d->row_count == d->row_room) {
		size_t room = d->row_room ? d->row_room * 2 : 64;
		struct drift_row *rows = reallocarray(d->rows, room, sizeof(*rows));

		if (!rows) {
			free(detail);
			return -ENOMEM;
		}
		d->rows = rows;
		d->row_room = room;
	}
	if (!detail)
		return -ENOMEM;
	d->rows[d->row_count++] = (struct drift_row){ circuit, finding, *p, detail };
	return 0;
}

/* Of the parts that are not good the first is remembered, but one that goes astray before others. */
static void look(struct drift_job *j, struct drift_seen *seen, uint8_t state, uint32_t route,
		 range_address first, range_address last)
{
	bool first_bad = state & ~DRIFT_GOOD && !(seen->states & ~DRIFT_GOOD);

	if (first_bad || (state & DRIFT_AWAY && !(seen->states & DRIFT_AWAY))) {
		seen->bad = route;
		range_prefix(j->family, &first, last, &seen->part);
	}
	seen->states |= state;
}

/* Prefixes of classes and routes side by side; both lists cover the family. */
static void look_at_table(struct drift_job *j, size_t circuit, const struct drift_table *t)
{
	size_t a = 0, b = 0;

	while (a < j->units.count && b < t->flat.count) {
		const struct range *x = &j->units.at[a], *y = &t->flat.at[b];
		size_t unit = (size_t)x->value - 1;

		if (x->value)
			look(j, &j->seen[unit * j->p->config->circuit_count + circuit],
			     drift_route_state(j, circuit, y->value), y->value,
			     x->first > y->first ? x->first : y->first,
			     x->last < y->last ? x->last : y->last);
		a += x->last <= y->last;
		b += y->last <= x->last;
	}
}

/* What rules send to the circuit, of any class or of none. */
static int needed(const struct drift_job *j, size_t circuit, struct ranges *out)
{
	int err = 0;

	for (size_t i = 0; i < j->units.count && !err; i++) {
		const struct range *r = &j->units.at[i];
		uint32_t set = r->value ? j->classes->at[r->value - 1].value : 0;

		if (drift_circuits(j, set) >> circuit & 1)
			err = ranges_add(out, r->first, r->last, 0);
	}
	return err;
}

static int find_unexpected(struct drift_job *j, size_t circuit, const struct drift_table *t)
{
	struct drift_summary *sum = &j->out->circuits[circuit];
	struct ranges need = { 0 };
	int err = needed(j, circuit, &need);

	for (size_t i = 0; i < t->count && !err; i++) {
		struct range r = range_of_prefix(&t->entries[i].prefix);

		if (!drift_route_brought(j, circuit, t->entries[i].value))
			continue;
		sum->routes++;
		if (ranges_meet(&need, &r))
			continue;
		sum->unexpected++;
		err = add_row(j->out, circuit, DRIFT_UNEXPECTED, &t->entries[i].prefix,
			      strdup("routed here, but no rule sends it here"));
	}
	ranges_free(&need);
	return err;
}

/* The main table has its routes for many reasons; only a circuit's own is there for the circuit. */
static int look_at_circuit(struct drift_job *j, size_t circuit)
{
	const struct config_circuit *k = &j->p->config->circuits[circuit];
	struct drift_table t;
	int err = drift_table_read(j, circuit, &t);

	if (err)
		return err;
	look_at_table(j, circuit, &t);
	if (k->table && k->table != RT_TABLE_MAIN)
		err = find_unexpected(j, circuit, &t);
	drift_table_free(&t);
	return err;
}

static int judge(struct drift_job *j, size_t unit, size_t circuit)
{
	const struct drift_seen *seen = drift_seen(j, unit, circuit);
	struct drift_summary *sum = &j->out->circuits[circuit];
	enum drift_finding finding = DRIFT_NOT_ROUTED;

	if (!seen->states)
		return 0;
	sum->expected++;
	if (!(seen->states & ~DRIFT_GOOD)) {
		sum->routed++;
		sum->by_default += seen->states == DRIFT_DEFAULT;
		return 0;
	}
	if (seen->states & DRIFT_GOOD)
		finding = DRIFT_PARTLY;
	else if (seen->states & DRIFT_AWAY)
		finding = DRIFT_WRONG_WAY;
	sum->not_routed += finding == DRIFT_NOT_ROUTED;
	sum->wrong_way += finding == DRIFT_WRONG_WAY;
	sum->partly += finding == DRIFT_PARTLY;
	return add_row(j->out, circuit, finding, &j->classes->at[unit].prefix,
		       drift_detail(j, unit, circuit));
}

static int judge_all(struct drift_job *j)
{
	int err = 0;

	for (size_t u = 0; u < j->classes->count && !err; u++) {
		uint64_t left = drift_circuits(j, j->classes->at[u].value);

		for (; left && !err; left &= left - 1)
			err = judge(j, u, (size_t)__builtin_ctzll(left));
	}
	return err;
}

/* The classes laid flat, each prefix as itself: what the compiled trie says of its set can wait. */
static int lay_units(struct drift_job *j)
{
	struct image_entry *at = calloc(j->classes->count + 1, sizeof(*at));
	int err = -ENOMEM;

	for (size_t i = 0; at && i < j->classes->count; i++)
		at[i] = (struct image_entry){ j->classes->at[i].prefix, (uint32_t)i + 1 };
	if (at)
		err = ranges_flatten(at, j->classes->count, j->family, &j->units);
	free(at);
	return err;
}

static int family_compare(struct drift_job *j)
{
	const struct config *c = j->p->config;
	int err = -ENOMEM;

	j->classes = j->family == 4 ? &j->p->classes4 : &j->p->classes6;
	j->rule_circuits = calloc(c->rule_count + 1, sizeof(*j->rule_circuits));
	j->rules = calloc((size_t)j->p->destinations.count * j->p->words, sizeof(*j->rules));
	j->seen = calloc(j->classes->count * c->circuit_count + 1, sizeof(*j->seen));
	if (j->rule_circuits && j->rules && j->seen)
		err = lay_units(j);
	if (!err) {
		rule_circuits(j);
		rules_met(j);
	}
	for (size_t i = 0; i < c->circuit_count && !err; i++)
		err = look_at_circuit(j, i);
	if (!err)
		err = judge_all(j);
	free(j->rule_circuits);
	free(j->rules);
	free(j->seen);
	ranges_free(&j->units);
	return err;
}

int drift_compare(const struct policy *p, const struct drift_kernel *k, struct drift *out)
{
	struct drift_job j = { .p = p, .k = k, .out = out };
	int err = -ENOMEM;

	*out = (struct drift){ 0 };
	if (p->config->circuit_count >= CIRCUITS_MAX) /* a bit each; more do not run either */
		return -E2BIG;
	out->circuits = calloc(p->config->circuit_count + 1, sizeof(*out->circuits));
	if (out->circuits) {
		j.family = 4;
		err = family_compare(&j);
		j.family = 6;
		if (!err)
			err = family_compare(&j);
	}
	if (err)
		drift_free(out);
	else
		drift_join(out);
	return err;
}

void drift_free(struct drift *d)
{
	for (size_t i = 0; i < d->row_count; i++)
		free(d->rows[i].detail);
	free(d->rows);
	free(d->circuits);
	*d = (struct drift){ 0 };
}
