// SPDX-License-Identifier: GPL-2.0-only
/* What is wrong with a policy as a whole: judged on the compiled policy, the one that would run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_current.h"
#include "policy.h"
#include "report.h"

/* Families in which a packet from this source set to this destination set exists. */
static unsigned int meeting(const struct policy *p, uint32_t s, uint32_t d)
{
	return p->sources.families[s] & p->destinations.families[d];
}

/* report_error, or report_warning where the configuration is not to blame. */
typedef void (*saying)(struct report *r, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void check_classes(const struct policy *p, const struct feeds *feeds, saying say,
			  struct report *report)
{
	const struct config *c = p->config;

	for (size_t i = 0; i < c->class_count; i++) {
		const struct config_class *k = &c->classes[i];

		/* One whose body is not at hand may select anything: nothing is said of it. */
		if (!p->class_empty[i] || !class_known(c, feeds, k))
			continue;
		say(report, c->file, k->line, "classes[%s]: selects no prefix%s%s%s; %s", k->name,
		    k->feed ? " of feed " : "", k->feed ? k->feed : "",
		    k->feed ? " (`feed show` lists its sets)" : "",
		    "a selection that an endpoint set with addresses meets is accepted");
	}
}

/* True when the rule names only classes that select nothing, or one that is not known: said elsewhere. */
static bool rule_excused(const struct policy *p, const struct feeds *feeds,
			 const struct config_rule *rule)
{
	const struct config *c = p->config;
	size_t empty = 0;

	for (size_t i = 0; i < rule->to.count; i++) {
		const struct config_class *k = config_class(c, rule->to.at[i].text);

		if (!k)
			continue;
		if (!class_known(c, feeds, k))
			return true;
		empty += p->class_empty[k - c->classes];
	}
	return empty == rule->to.count;
}

struct reach {
	bool first; /* some packet takes it */
	bool matches; /* some packet would */
	size_t earlier; /* a rule that takes one of them */
	bool several; /* others take more of them */
};

/* One look at every cell: who takes it, and who would have. */
static void look_at_cell(const struct policy *p, struct reach *reach, uint32_t s, uint32_t d)
{
	const uint64_t *from = p->source_rules + (size_t)s * p->words;
	const uint64_t *to = p->destination_rules + (size_t)d * p->words;
	int first = policy_rule(p, s, d);

	for (uint32_t w = 0; w < p->words; w++)
		for (uint64_t left = from[w] & to[w]; left; left &= left - 1) {
			struct reach *r = &reach[w * 64 + (uint32_t)__builtin_ctzll(left)];

			if (r == &reach[first])
				r->first = true;
			else if (r->matches && r->earlier != (size_t)first)
				r->several = true;
			else
				r->earlier = (size_t)first;
			r->matches = true;
		}
}

static void report_rule(const struct policy *p, const struct reach *r,
			const struct config_rule *rule, saying say, struct report *report)
{
	const struct config *c = p->config;

	if (r->matches)
		say(report, c->file, rule->line,
		    "policy[line %d]: no packet can reach this rule: the rule in line %d%s takes "
		    "all that match it; %s",
		    rule->line, c->rules[r->earlier].line,
		    r->several ? " and others before it" : "",
		    "it is accepted above, for a smaller part");
	else
		say(report, c->file, rule->line,
		    "policy[line %d]: no packet can reach this rule: its `from` and `to` have no "
		    "address left in a common family; %s",
		    rule->line,
		    "segments and classes that both have IPv4 or both IPv6 prefixes are accepted");
}

static bool named(const struct config_words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->at[i].text, text))
			return true;
	return false;
}

/* A rule to `any` before this one that has all of its segments: whatever is published, it takes all. */
static bool behind_any(const struct config *c, const struct config_rule *rule, struct reach *reach)
{
	for (const struct config_rule *r = c->rules; r < rule; r++) {
		size_t have = 0;

		for (size_t i = 0; i < rule->from.count; i++)
			have += named(&r->from, rule->from.at[i].text);
		if (have < rule->from.count || strcmp(r->to.at[0].text, "any"))
			continue;
		*reach = (struct reach){ .matches = true, .earlier = (size_t)(r - c->rules) };
		return true;
	}
	return false;
}

static int check_rules(const struct policy *p, const struct feeds *feeds, saying say,
		       struct report *report)
{
	const struct config *c = p->config;
	struct reach *reach = calloc(c->rule_count + 1, sizeof(*reach));

	if (!reach)
		return -ENOMEM;
	for (uint32_t s = 0; s < p->sources.count; s++)
		for (uint32_t d = 0; d < p->destinations.count; d++)
			if (meeting(p, s, d))
				look_at_cell(p, reach, s, d);
	for (size_t i = 0; i < c->rule_count; i++)
		if (!reach[i].first && (!rule_excused(p, feeds, &c->rules[i]) ||
					behind_any(c, &c->rules[i], &reach[i])))
			report_rule(p, &reach[i], &c->rules[i], say, report);
	free(reach);
	return 0;
}

/* Destination set 0 is in no class, so only a rule for `any` meets it. */
static void check_segments(const struct policy *p, struct report *report)
{
	const struct config *c = p->config;

	for (size_t i = 0; i < c->segment_count; i++)
		for (uint32_t s = 1; s < p->sources.count; s++) {
			if (!p->sources.families[s] || !set_has(&p->sources, s, (uint32_t)i) ||
			    policy_rule(p, s, 0) >= 0)
				continue;
			report_error(
				report, c->file, c->segments[i].line,
				"inside.segments[%s]: no rule for `any`, so what no class contains is "
				"dropped; a rule {from: [%s], to: [any], ...} is accepted, with "
				"otherwise: drop too",
				c->segments[i].name, c->segments[i].name);
			break;
		}
}

static void check_with(const struct config *c, const struct feeds *feeds, saying say,
		       struct report *report)
{
	struct policy p;
	int err = policy_compile(c, feeds, &p);

	if (!err) {
		check_classes(&p, feeds, say, report);
		if (say == report_error)
			check_segments(&p, report);
		err = check_rules(&p, feeds, say, report);
		policy_free(&p);
	}
	if (err == -E2BIG)
		report_error(
			report, c->file, 0,
			"policy: too many combinations of segments and classes; %u are accepted",
			POLICY_CELLS_MAX);
	else if (err)
		report_error(report, c->file, 0, "out of memory");
}

/*
 * What a provider publishes must not keep a gateway from starting: whether the configuration is sound is
 * judged as before the first fetch, and what is wrong only with what was fetched is a warning.
 */
void policy_check(const struct config *c, const struct feeds *feeds, struct report *report)
{
	struct feeds own = { .count = feeds->count,
			     .at = calloc(feeds->count + 1, sizeof(*own.at)) };
	size_t before = report->errors;
	bool fetched = false;

	if (!own.at) {
		report_error(report, c->file, 0, "out of memory");
		return;
	}
	for (size_t i = 0; i < feeds->count; i++) {
		bool remote = feed_is_remote(&c->feeds[i]);

		own.at[i] = remote ? NULL : feeds->at[i];
		fetched |= remote && feeds->at[i];
	}
	check_with(c, &own, report_error, report);
	if (fetched && report->errors == before)
		check_with(c, feeds, report_warning, report);
	free(own.at);
}
