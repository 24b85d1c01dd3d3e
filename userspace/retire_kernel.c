// SPDX-License-Identifier: GPL-2.0-only
/* Rules, routes and settings of what stays; and the end, when nothing uses it any more. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "offload.h"
#include "print.h"

static bool kept_prefix(const struct plan *p, const struct prefix *prefix)
{
	for (size_t i = 0; i < p->census.count; i++) {
		const struct suspect *s = &p->census.at[i];

		if ((s->kind == SUSPECT_SOURCE || s->kind == SUSPECT_INBOUND) && s->flows &&
		    prefix_equal(&s->prefix, prefix))
			return true;
	}
	return false;
}

/* Table of a retiring circuit that no circuit of the configuration writes itself. */
static bool kept_table(const struct plan *p, uint32_t table)
{
	bool kept = false;

	for (int n = 1; n < CIRCUITS_MAX; n++) {
		const struct circuit *c = &p->image->circuits[n];

		if (!table || table == 254 || !(c->flags & CIRCUIT_PRESENT) || c->table != table)
			continue;
		if (!(c->flags & CIRCUIT_RETIRING))
			return false;
		kept = true;
	}
	return kept;
}

/* A retiring link keeps the rules that name it. */
static bool kept_device(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->device_count; i++)
		if (p->devices[i].role.retiring && !strcmp(p->devices[i].link->name, name))
			return true;
	return false;
}

static int keep_rule(struct kernel_want *w, const struct kernel_rule *r)
{
	struct kernel_rule *grown;

	for (size_t i = 0; i < w->rule_count; i++)
		if (w->rules[i].priority == r->priority && prefix_equal(&w->rules[i].from, &r->from) &&
		    !strcmp(w->rules[i].oif, r->oif))
			return 0;
	grown = realloc(w->rules, (w->rule_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->rules = grown;
	grown[w->rule_count++] = *r;
	return 0;
}

static int keep_route(struct kernel_want *w, const struct kernel_route *r)
{
	struct kernel_route *grown;

	for (size_t i = 0; i < w->route_count; i++)
		if (w->routes[i].table == r->table && w->routes[i].metric == r->metric &&
		    prefix_equal(&w->routes[i].to, &r->to))
			return 0;
	grown = realloc(w->routes, (w->route_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->routes = grown;
	grown[w->route_count++] = *r;
	return 0;
}

static int keep_setting(struct kernel_want *w, struct kernel_sysctl s)
{
	struct kernel_sysctl *grown;
	char value[16];

	for (size_t i = 0; i < w->sysctl_count; i++)
		if (!strcmp(w->sysctls[i].path, s.path))
			return 0;
	if (kernel_sysctl_get(s.path, value, sizeof(value)))
		return 0;
	grown = realloc(w->sysctls, (w->sysctl_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->sysctls = grown;
	grown[w->sysctl_count++] = s;
	return 0;
}

static int keep_sysctl(struct kernel_want *w, const char *family, const char *device, const char *what)
{
	struct kernel_sysctl s = { .value = "1" };

	snprintf(s.path, sizeof(s.path), "net/%s/conf/%s/%s", family, device, what);
	return keep_setting(w, s);
}

static int keep_tags(struct kernel_want *w, const char *trunk)
{
	struct kernel_sysctl s = { .value = "off" };

	snprintf(s.path, sizeof(s.path), OFFLOAD_PATH "%s/rxvlan", trunk);
	return keep_setting(w, s);
}

/* Forwarding of a retiring link: without it the look-up of what comes in there answers nothing. */
static int keep_sysctls(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count && !err; i++) {
		const char *name = p->devices[i].link->name;

		if (!p->devices[i].role.retiring)
			continue;
		err = keep_sysctl(&p->want, "ipv4", name, "forwarding");
		err = err ? err : keep_sysctl(&p->want, "ipv4", name, "ignore_routes_with_linkdown");
		err = err ? err : keep_sysctl(&p->want, "ipv6", name, "ignore_routes_with_linkdown");
		if (!err && p->devices[i].link->vlan)
			err = keep_tags(&p->want, p->devices[i].place.trunk->name);
	}
	return err;
}

int retire_kernel(struct plan *p)
{
	struct kernel_rule *rules = NULL;
	struct kernel_route *routes = NULL;
	size_t rule_count = 0, route_count = 0;
	int err;

	if (!p->census.taken || !p->census.flows)
		return 0;
	err = kernel_rules(&rules, &rule_count);
	err = err ? err : kernel_routes(0, &routes, &route_count);
	for (size_t i = 0; i < rule_count && !err; i++)
		if (rules[i].protocol == KERNEL_PROTOCOL && !rules[i].other &&
		    (kept_prefix(p, &rules[i].from) || kept_table(p, rules[i].table) ||
		     kept_device(p, rules[i].oif)))
			err = keep_rule(&p->want, &rules[i]);
	for (size_t i = 0; i < route_count && !err; i++)
		if (routes[i].protocol == KERNEL_PROTOCOL && routes[i].kind != ROUTE_OTHER &&
		    (kept_table(p, routes[i].table) ||
		     (routes[i].kind == ROUTE_BLACKHOLE && kept_prefix(p, &routes[i].to))))
			err = keep_route(&p->want, &routes[i]);
	free(rules);
	free(routes);
	return err ? err : keep_sysctls(p);
}

int retire_finish(const char *gateway)
{
	struct instance i;
	struct maps m;
	char path[PATH_MAX];
	bool ended;
	int err = instance_open(&i, gateway);

	err = err ? err : maps_open(&m, i.pins);
	if (err)
		return err;
	err = retire_ended(&m, &ended);
	maps_close(&m);
	if (err || !ended)
		return err;
	snprintf(path, sizeof(path), "%s/%s", i.run, INSTANCE_APPLIED);
	return apply_reconcile(path, gateway);
}
