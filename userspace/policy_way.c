// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_way.h"

static bool drops(const struct config_rule *rule)
{
	return !strcmp(rule->otherwise.text, "drop");
}

size_t policy_way_count(const struct config_rule *rule)
{
	return rule->circuits.count + !drops(rule);
}

const char *policy_way_at(const struct config_rule *rule, size_t i)
{
	return i < rule->circuits.count ? rule->circuits.at[i].text : rule->otherwise.text;
}

static bool spreads(const struct config_rule *rule)
{
	return rule->spread_by_host && rule->circuits.count > 1;
}

/* Shared out by host are the circuits before `otherwise`; so their number counts as well then. */
bool policy_way_same(const struct config_rule *a, const struct config_rule *b)
{
	if (policy_way_count(a) != policy_way_count(b) || spreads(a) != spreads(b) ||
	    (spreads(a) && a->circuits.count != b->circuits.count))
		return false;
	for (size_t i = 0; i < policy_way_count(a); i++)
		if (strcmp(policy_way_at(a, i), policy_way_at(b, i)))
			return false;
	return true;
}

char *policy_way_text(const struct config_class *class, const struct config_rule *rule)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	if (!rule)
		return strdup("drop");
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	fprintf(f, "%s: ", class ? class->name : "any");
	for (size_t i = 0; i < rule->circuits.count; i++)
		fprintf(f, "%s%s", i ? "," : "", rule->circuits.at[i].text);
	fprintf(f, "%sotherwise %s", rule->circuits.count ? ", " : "", rule->otherwise.text);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

bool policy_way_carries(const struct config_circuit *circuit, const struct config_rule *rule,
			unsigned char family)
{
	if (!circuit->translates || !rule->translate)
		return true;
	for (size_t i = 0; i < circuit->outbound_pool.count; i++)
		if (circuit->outbound_pool.at[i].prefix.family == family)
			return true;
	return false;
}
