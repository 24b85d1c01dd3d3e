/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a rule: its circuits in order, and what follows when none of them is usable. */
#ifndef SAMEPATH_USERSPACE_POLICY_WAY_H
#define SAMEPATH_USERSPACE_POLICY_WAY_H

#include "config.h"

/* Circuits in the order in which they are tried, the one of `otherwise` last; "drop" is none. */
size_t policy_way_count(const struct config_rule *rule);
const char *policy_way_at(const struct config_rule *rule, size_t i);
/* Whether an address that goes from one rule to the other stays where it was: the same circuits in the
 * same order, shared out among hosts alike. */
bool policy_way_same(const struct config_rule *a, const struct config_rule *b);
/* "exchange: chicago,dallas, otherwise internet"; no class: "any: ..."; no rule: "drop". The caller
 * frees it; NULL: out of memory. */
char *policy_way_text(const struct config_class *class, const struct config_rule *rule);
/* Can the circuit carry this family for the rule? Only what it translates needs a pool of it. */
bool policy_way_carries(const struct config_circuit *circuit, const struct config_rule *rule,
			unsigned char family);

#endif
