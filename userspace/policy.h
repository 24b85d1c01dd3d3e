/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy, compiled: which rule and class meet an address of each source set and one of each
 * destination set. Shared by the image and by the checks, so that `check` judges what would run.
 */
#ifndef SAMEPATH_USERSPACE_POLICY_H
#define SAMEPATH_USERSPACE_POLICY_H

#include "policy_sets.h"

#define POLICY_CELLS_MAX (4u << 20)

struct policy {
	const struct config *config;
	struct set_table sources; /* members: segments, in the order of the configuration */
	struct set_table destinations; /* members: classes, likewise */
	struct image_trie segments4, segments6, classes4, classes6;
	uint32_t words; /* of 64 bits, of one bitmap of rules */
	uint64_t *source_rules, *destination_rules; /* rules that a set satisfies, by set */
	bool *class_empty; /* by class: it contains no address */
};

/* Members of the sources are segments, less the inbound pools. 0, -ENOMEM or -E2BIG. */
int policy_compile(const struct config *c, const struct feeds *feeds, struct policy *p);
void policy_free(struct policy *p);

/* Index of the first rule for these sets in the configuration, or -1. */
int policy_rule(const struct policy *p, uint32_t source, uint32_t destination);
bool policy_rule_matches(const struct policy *p, size_t rule, uint32_t source, uint32_t destination);
/* Index of the first class in the rule's `to` that the set is in, or -1: any. */
int policy_class(const struct policy *p, size_t rule, uint32_t destination);

#endif
