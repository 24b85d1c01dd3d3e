// SPDX-License-Identifier: GPL-2.0-only
/* The rule of a samepath for a question from inside, as its configuration or the plan has it. */
#include <string.h>
#include "walk.h"

static bool in_segments(const struct paper_gateway *g, const struct paper *plan,
			const struct config_rule *u, const struct prefix *src)
{
	for (size_t i = 0; i < u->from.count; i++) {
		const char *name = u->from.at[i].text;
		const struct config_segment *s = g->config ? config_segment(g->config, name) : NULL;
		const struct paper_segment *own = g->config ? NULL : paper_segment(plan, name);

		if (s && longest_of(&s->prefixes, src))
			return true;
		if (!g->config && (own ? longest_of(&own->prefixes, src) != NULL : !strcmp(name, "any")))
			return true;
	}
	return false;
}

static bool among(const struct prefix *list, size_t count, const struct prefix *p)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_contains(&list[i], p))
			return true;
	return false;
}

static bool in_classes(const struct paper_gateway *g, const struct paper *plan,
		       const struct config_rule *u, const struct prefix *dst)
{
	for (size_t i = 0; i < u->to.count; i++) {
		const char *name = u->to.at[i].text;
		const struct config_class *class = g->config ? config_class(g->config, name) : NULL;
		const struct paper_destination *d = g->config ? NULL : paper_destination(plan, name);

		if (!strcmp(name, "any") || (d && among(d->prefixes, d->prefix_count, dst)))
			return true;
		if (class && among(g->classes[class - g->config->classes].at,
				   g->classes[class - g->config->classes].count, dst))
			return true;
	}
	return false;
}

static const struct config_rule *rules_of(const struct paper_gateway *g)
{
	return g->config ? g->config->rules : g->rules;
}

bool rule_from(const struct paper_gateway *g, const struct paper *plan, size_t i, const struct prefix *src)
{
	return in_segments(g, plan, &rules_of(g)[i], src);
}

bool rule_to(const struct paper_gateway *g, const struct paper *plan, size_t i, const struct prefix *dst)
{
	return in_classes(g, plan, &rules_of(g)[i], dst);
}

const struct config_rule *rule_find(const struct paper_gateway *g, const struct paper *plan,
				    const struct in6_addr *src, const struct in6_addr *dst)
{
	size_t count = g->config ? g->config->rule_count : g->rule_count;
	const struct prefix from = host_prefix(src), to = host_prefix(dst);

	for (size_t i = 0; i < count; i++)
		if (rule_from(g, plan, i, &from) && rule_to(g, plan, i, &to))
			return &rules_of(g)[i];
	return NULL;
}
