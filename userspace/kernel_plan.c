// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what is to what shall be, as steps. The mark KERNEL_PROTOCOL says "made by some samepath",
 * the journal says by which: two gateways may live in one namespace and must not tidy each other
 * away.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"
#include "kernel_step.h"
#include "offload.h"
#include "print.h"
#include "report.h"

struct plan {
	const struct kernel_want *want;
	const char *directory;
	struct steps *before, *after, *last;
	struct journal mine, others;
	struct kernel_rule *rules;
	struct kernel_route *routes;
	size_t rule_count, route_count;
	struct report *report; /* NULL: what is in the way is said at once */
};

bool route_same_hops(const struct kernel_route *a, const struct kernel_route *b)
{
	if (a->kind != b->kind || a->hop_count != b->hop_count)
		return false;
	for (unsigned int i = 0; i < a->hop_count; i++) {
		unsigned int k;

		for (k = 0; k < b->hop_count; k++)
			if (a->hops[i].ifindex == b->hops[k].ifindex &&
			    IN6_ARE_ADDR_EQUAL(&a->hops[i].gateway, &b->hops[k].gateway))
				break;
		if (k == b->hop_count)
			return false;
	}
	return true;
}

static int in_the_way(const struct plan *p, const char *what, bool marked)
{
	const char *whose = marked ? "another samepath gateway" : "somebody else";

	if (p->report)
		report_error(p->report, NULL, 0, "%s: is there already and belongs to %s", what, whose);
	else
		print_error("%s: is there already and belongs to %s", what, whose);
	return -EEXIST;
}

/* My journal goes before those of others: theirs may list what a vanished device took away. */
static bool is_ours(const struct plan *p, unsigned char protocol, const char *line)
{
	return protocol == KERNEL_PROTOCOL &&
	       (journal_has(&p->mine, line) || !journal_has(&p->others, line));
}

static int plan_rule(struct plan *p, const struct kernel_rule *want)
{
	char line[JOURNAL_LINE], other[JOURNAL_LINE];

	rule_line(want, line);
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct kernel_rule *is = &p->rules[i];

		if (is->other || strcmp(rule_line(is, other), line))
			continue;
		if (!is_ours(p, is->protocol, line))
			return in_the_way(p, kernel_rule_text(is, "add", other, sizeof(other)),
					  is->protocol == KERNEL_PROTOCOL);
		return journal_has(&p->mine, line) ? 0 : step_adopt(p->before, p->directory, line);
	}
	return step_rule_add(p->before, p->directory, want);
}

static int plan_route(struct plan *p, const struct kernel_route *want)
{
	char line[JOURNAL_LINE], other[JOURNAL_LINE];

	route_line(want, line);
	for (size_t i = 0; i < p->route_count; i++) {
		const struct kernel_route *is = &p->routes[i];

		if (strcmp(route_line(is, other), line))
			continue;
		if (!is_ours(p, is->protocol, line))
			return in_the_way(p, kernel_route_text(is, "add", other, sizeof(other)),
					  is->protocol == KERNEL_PROTOCOL);
		if (!route_same_hops(is, want))
			return step_route_replace(p->before, p->directory, want, is);
		return journal_has(&p->mine, line) ? 0 : step_adopt(p->before, p->directory, line);
	}
	return step_route_add(p->before, p->directory, want);
}

static bool line_wanted(const struct kernel_want *want, const char *line)
{
	char other[JOURNAL_LINE];

	for (size_t i = 0; i < want->rule_count; i++)
		if (!strcmp(rule_line(&want->rules[i], other), line))
			return true;
	for (size_t i = 0; i < want->route_count; i++)
		if (!strcmp(route_line(&want->routes[i], other), line))
			return true;
	return false;
}

/* Removed: marked, in my journal, not wanted. Rules first: nothing is sent to an empty table. */
static int plan_removals(struct plan *p)
{
	char line[JOURNAL_LINE];
	int err = 0;

	for (size_t i = 0; i < p->rule_count && !err; i++)
		if (p->rules[i].protocol == KERNEL_PROTOCOL && !p->rules[i].other &&
		    journal_has(&p->mine, rule_line(&p->rules[i], line)) &&
		    !line_wanted(p->want, line))
			err = step_rule_delete(p->after, p->directory, &p->rules[i], true);
	for (size_t i = 0; i < p->route_count && !err; i++)
		if (p->routes[i].protocol == KERNEL_PROTOCOL && p->routes[i].kind != ROUTE_OTHER &&
		    journal_has(&p->mine, route_line(&p->routes[i], line)) &&
		    !line_wanted(p->want, line))
			err = step_route_delete(p->after, p->directory, &p->routes[i], true);
	return err;
}

static int plan_sysctl(struct plan *p, const struct kernel_sysctl *want)
{
	char start[128], now[32], former[32] = "", theirs[32];
	const char *mine, *others;
	int err = kernel_sysctl_get(want->path, now, sizeof(now));

	if (err) {
		print_error("sysctl %s: %s", want->path, strerror(-err));
		return err;
	}
	snprintf(start, sizeof(start), "sysctl %s", want->path);
	mine = journal_find(&p->mine, start);
	others = journal_find(&p->others, start);
	if (mine && (sscanf(mine, "%*s %*s %31s %31s", former, theirs) != 2 ||
		     (!strcmp(now, want->value) && !strcmp(theirs, want->value))))
		return 0;
	if (!mine && !others && !strcmp(now, want->value))
		return 0; /* right before we came: not ours to put back */
	/* What another gateway changed is recorded with what stood before it: the last one of us to
	 * leave puts that back. */
	if (!mine && others && !strcmp(now, want->value))
		sscanf(others, "%*s %*s %31s", former);
	else if (!mine)
		snprintf(former, sizeof(former), "%s", now);
	/* what a device hides must be seen before a packet is judged by it */
	return step_sysctl_set(offload_is(want->path) ? p->before : p->last, p->directory, want, mine, former);
}

/* Last changed, first restored: accept_ra goes back behind the forwarding that needs it. */
static int plan_restorations(struct plan *p)
{
	int err = 0;

	for (size_t i = p->mine.count; i-- > 0 && !err;) {
		char path[96], start[128];
		bool wanted = false;

		if (sscanf(p->mine.lines[i], "sysctl %95s", path) != 1)
			continue;
		for (size_t k = 0; k < p->want->sysctl_count; k++)
			wanted |= !strcmp(p->want->sysctls[k].path, path);
		snprintf(start, sizeof(start), "sysctl %s", path);
		if (!wanted)
			err = step_sysctl_restore(p->last, p->directory, p->mine.lines[i],
						  journal_find(&p->others, start));
	}
	return err;
}

static int plan_read(struct plan *p)
{
	int err = journal_read(p->directory, &p->mine);

	err = err ? err : journal_read_others(p->directory, &p->others);
	err = err ? err : kernel_rules(&p->rules, &p->rule_count);
	/* A full Internet table is a million routes, ours are a few: still one dump, for our
	 * tables and main are all that is compared. */
	err = err ? err : kernel_routes(0, &p->routes, &p->route_count);
	if (err)
		print_error("kernel rules and routes of %s: %s", p->directory, strerror(-err));
	return err;
}

static void plan_free(struct plan *p)
{
	free(p->rules);
	free(p->routes);
	journal_free(&p->mine);
	journal_free(&p->others);
}

int kernel_plan(const struct kernel_want *want, const char *run_directory, struct steps *before,
		struct steps *after, struct steps *last)
{
	struct plan p = { .want = want,
			  .directory = run_directory,
			  .before = before,
			  .after = after,
			  .last = last };
	int err = plan_read(&p);

	/* Routes before rules: a rule never points to a table without its unreachable default. */
	for (size_t i = 0; i < want->route_count && !err; i++)
		err = plan_route(&p, &want->routes[i]);
	for (size_t i = 0; i < want->rule_count && !err; i++)
		err = plan_rule(&p, &want->rules[i]);
	err = err ? err : plan_removals(&p);
	for (size_t i = 0; i < want->sysctl_count && !err; i++)
		err = plan_sysctl(&p, &want->sysctls[i]);
	err = err ? err : plan_restorations(&p);
	plan_free(&p);
	return err;
}

int kernel_plan_conflicts(const struct kernel_want *want, const char *run_directory, struct report *report)
{
	struct steps none = { 0 };
	struct plan p = { .want = want, .directory = run_directory, .before = &none, .report = report };
	int err = plan_read(&p);

	for (size_t i = 0; i < want->route_count && (!err || err == -EEXIST); i++)
		err = plan_route(&p, &want->routes[i]);
	for (size_t i = 0; i < want->rule_count && (!err || err == -EEXIST); i++)
		err = plan_rule(&p, &want->rules[i]);
	plan_free(&p);
	steps_free(&none);
	return err == -EEXIST ? 0 : err;
}
