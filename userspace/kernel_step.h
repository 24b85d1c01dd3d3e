/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of kernel_plan: one object each, journal first. Private to kernel_plan.c. */
#ifndef SAMEPATH_USERSPACE_KERNEL_STEP_H
#define SAMEPATH_USERSPACE_KERNEL_STEP_H

#include "kernel.h"

#define JOURNAL_LINE 256

/* The line that stands for the object: what makes it one of its kind, not where it leads. */
const char *route_line(const struct kernel_route *r, char *line);
const char *rule_line(const struct kernel_rule *r, char *line);

/* Do two routes lead to the same place, whatever the order of their hops? */
bool route_same_hops(const struct kernel_route *a, const struct kernel_route *b);

/* 0 or -ENOMEM; the objects are copied. `former` is what a replacement puts back. `journaled`: the
 * line is in the journal already. */
int step_rule_add(struct steps *s, const char *directory, const struct kernel_rule *r);
int step_rule_delete(struct steps *s, const char *directory, const struct kernel_rule *r,
		     bool journaled);
int step_route_add(struct steps *s, const char *directory, const struct kernel_route *r);
int step_route_replace(struct steps *s, const char *directory, const struct kernel_route *r,
		       const struct kernel_route *former);
int step_route_delete(struct steps *s, const char *directory, const struct kernel_route *r,
		      bool journaled);
/* Journals an object that is right already (made by a process that died before it could say so). */
int step_adopt(struct steps *s, const char *directory, const char *line);

/* `line` is the journal's line of this setting, NULL: none yet; `former` is then recorded. */
int step_sysctl_set(struct steps *s, const char *directory, const struct kernel_sysctl *want,
		    const char *line, const char *former);
/* Puts the former value of the journal line back, unless somebody changed it since, or `held` by
 * another instance; then only the line goes. */
int step_sysctl_restore(struct steps *s, const char *directory, const char *line, bool held);

#endif
