// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

/* A growing list of members. */
struct members {
	struct set_member *at;
	size_t count, room;
};

static int members_add(struct members *m, const struct prefix *p, uint32_t member)
{
	struct set_member *at;

	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 256;
		at = reallocarray(m->at, m->room, sizeof(*at));
		if (!at)
			return -ENOMEM;
		m->at = at;
	}
	m->at[m->count++] = (struct set_member){ *p, member };
	return 0;
}

static int members_add_all(struct members *m, const struct config_prefixes *list, uint32_t member)
{
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++)
		err = members_add(m, &list->at[i].prefix, member);
	return err;
}

/* An address of an inbound pool is the gateway's, even where a segment contains it. */
static int compile_sources(const struct config *c, struct policy *p)
{
	struct members m = { 0 };
	int err = set_table_init(&p->sources, (uint32_t)c->segment_count);

	for (size_t i = 0; i < c->segment_count && !err; i++)
		err = members_add_all(&m, &c->segments[i].prefixes, (uint32_t)i);
	for (size_t i = 0; i < c->circuit_count && !err; i++)
		err = members_add_all(&m, &c->circuits[i].inbound_pool, MEMBER_NOBODY);
	if (!err)
		err = sets_compile(&p->sources, m.at, m.count, &p->segments4, &p->segments6);
	free(m.at);
	return err;
}

static int compile_destinations(const struct config *c, const struct feeds *feeds, struct policy *p)
{
	struct members m = { 0 };
	int err = set_table_init(&p->destinations, (uint32_t)c->class_count);

	for (size_t i = 0; i < c->class_count && !err; i++) {
		struct prefix *found = NULL;
		size_t n = 0;

		err = class_select(c, feeds, &c->classes[i], &found, &n);
		p->class_empty[i] = n == 0;
		for (size_t j = 0; j < n && !err; j++)
			err = members_add(&m, &found[j], (uint32_t)i);
		free(found);
	}
	if (!err)
		err = sets_compile(&p->destinations, m.at, m.count, &p->classes4, &p->classes6);
	free(m.at);
	return err;
}

static bool rule_from(const struct policy *p, const struct config_rule *rule, uint32_t set)
{
	const struct config *c = p->config;

	for (size_t i = 0; i < rule->from.count; i++) {
		const struct config_segment *s = config_segment(c, rule->from.at[i].text);

		if (s && set_has(&p->sources, set, (uint32_t)(s - c->segments)))
			return true;
	}
	return false;
}

static bool is_any(const struct config_words *to)
{
	return to->count == 1 && !strcmp(to->at[0].text, "any");
}

int policy_class(const struct policy *p, size_t rule, uint32_t destination)
{
	const struct config *c = p->config;
	const struct config_words *to = &c->rules[rule].to;

	for (size_t i = 0; i < to->count; i++) {
		const struct config_class *k = config_class(c, to->at[i].text);

		if (k && set_has(&p->destinations, destination, (uint32_t)(k - c->classes)))
			return (int)(k - c->classes);
	}
	return -1;
}

static int compile_rules(const struct config *c, struct policy *p)
{
	p->words = (uint32_t)(c->rule_count / 64 + 1);
	p->source_rules = calloc((size_t)p->sources.count * p->words, sizeof(uint64_t));
	p->destination_rules = calloc((size_t)p->destinations.count * p->words, sizeof(uint64_t));
	if (!p->source_rules || !p->destination_rules)
		return -ENOMEM;
	for (size_t r = 0; r < c->rule_count; r++) {
		uint64_t bit = (uint64_t)1 << (r % 64);
		bool any = is_any(&c->rules[r].to);

		for (uint32_t s = 0; s < p->sources.count; s++)
			if (rule_from(p, &c->rules[r], s))
				p->source_rules[(size_t)s * p->words + r / 64] |= bit;
		for (uint32_t d = 0; d < p->destinations.count; d++)
			if (any || policy_class(p, r, d) >= 0)
				p->destination_rules[(size_t)d * p->words + r / 64] |= bit;
	}
	return 0;
}

int policy_compile(const struct config *c, const struct feeds *feeds, struct policy *p)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->config = c;
	p->class_empty = calloc(c->class_count + 1, sizeof(*p->class_empty));
	err = p->class_empty ? 0 : -ENOMEM;
	if (!err)
		err = compile_sources(c, p);
	if (!err)
		err = compile_destinations(c, feeds, p);
	if (!err && (uint64_t)p->sources.count * p->destinations.count > POLICY_CELLS_MAX)
		err = -E2BIG;
	if (!err)
		err = compile_rules(c, p);
	if (err)
		policy_free(p);
	return err;
}

void policy_free(struct policy *p)
{
	set_table_free(&p->sources);
	set_table_free(&p->destinations);
	free(p->segments4.at);
	free(p->segments6.at);
	free(p->classes4.at);
	free(p->classes6.at);
	free(p->source_rules);
	free(p->destination_rules);
	free(p->class_empty);
	memset(p, 0, sizeof(*p));
}

int policy_rule(const struct policy *p, uint32_t source, uint32_t destination)
{
	const uint64_t *s = p->source_rules + (size_t)source * p->words;
	const uint64_t *d = p->destination_rules + (size_t)destination * p->words;

	for (uint32_t w = 0; w < p->words; w++)
		if (s[w] & d[w])
			return (int)(w * 64 + (uint32_t)__builtin_ctzll(s[w] & d[w]));
	return -1;
}

bool policy_rule_matches(const struct policy *p, size_t rule, uint32_t source, uint32_t destination)
{
	return p->source_rules[(size_t)source * p->words + rule / 64] &
	       p->destination_rules[(size_t)destination * p->words + rule / 64] &
	       (uint64_t)1 << (rule % 64);
}
