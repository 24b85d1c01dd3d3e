// SPDX-License-Identifier: GPL-2.0-only
/* What must stay of the former configuration, put into the plan of the new one. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "attach.h"
#include "print.h"

/* Is what has this number now the device that we attached to? Numbers are given again. */
static bool still_ours(const struct plan *p, int ifindex)
{
	const struct kernel_link *link = plan_link_at(p, ifindex);

	return link && attached_xdp(p->instance.pins, link->name, ifindex);
}

static int suspect_links(struct plan *p)
{
	struct link_key key, *at = NULL;
	struct link l;
	int err = 0;

	while (!err && !maps_next(&p->maps, MAP_links, at, &key)) {
		at = &key;
		if (maps_get(&p->maps, MAP_links, &key, &l) ||
		    l.role[p->live.slot].kind != ROLE_LINK || plan_has_device(p, (int)key.ifindex) ||
		    !still_ours(p, (int)key.ifindex))
			continue;
		err = retire_suspect(&p->census, (struct suspect){ .circuit = l.role[p->live.slot].circuit,
						   .ifindex = key.ifindex });
	}
	return err;
}

static int suspect_sources(struct plan *p)
{
	struct scoped_set is = { 0 };
	int err = scoped_read(&p->maps, MAP_sources, &is);

	for (size_t i = 0; i < is.count && !err; i++)
		if (!scoped_has(&p->sources, is.at[i].scope, &is.at[i].prefix))
			err = retire_suspect(&p->census, (struct suspect){ .circuit = is.at[i].scope,
							   .prefix = is.at[i].prefix });
	free(is.at);
	return err;
}

static int keep_owner(struct plan *p, uint32_t circuit, const struct prefix *prefix)
{
	struct image_trie *t = &p->image->owners;
	struct owner owner = { .kind = OWNER_OUTBOUND_POOL, .circuit = (uint8_t)circuit };
	struct image_entry *grown;

	for (size_t i = 0; i < t->count; i++)
		if (prefix_equal(&t->at[i].prefix, prefix))
			return 0; /* somebody else's by now */
	grown = realloc(t->at, (t->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->at = grown;
	grown[t->count] = (struct image_entry){ .prefix = *prefix };
	memcpy(&grown[t->count++].value, &owner, sizeof(owner));
	return 0;
}

/* Former ranges that the circuit lost and that flows wear. */
static int keep_ranges(struct plan *p, uint32_t n, const struct pool *former, struct pool *now,
		       unsigned char family)
{
	int err = 0;

	for (uint32_t i = 0; i < former->ranges && !err; i++) {
		struct prefix prefix = retire_prefix(&former->range[i], family);

		if (!retire_uses(&p->census, n, &prefix))
			continue;
		if (now->ranges == POOL_RANGES) {
			print_error("circuit %s: %d pool prefixes at most, those that flows still use "
				    "included; flush the flows or wait", p->image->circuit_names[n],
				    POOL_RANGES);
			return -ENOSPC;
		}
		now->range[now->ranges] = former->range[i];
		now->range[now->ranges++].flags |= RANGE_RETIRING;
		err = keep_owner(p, n, &prefix);
	}
	return err;
}

static struct name *name_of(struct plan *p, enum name_kind kind, uint32_t number)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (p->names[i].key.kind == kind && p->names[i].number == number)
			return &p->names[i];
	return NULL;
}

static int keep_circuit(struct plan *p, uint32_t n)
{
	uint32_t index = p->live.slot * CIRCUITS_MAX + n;
	struct circuit former, *now = &p->image->circuits[n];
	struct name *name = name_of(p, NAME_CIRCUIT, n);
	int err;

	if (maps_get(&p->maps, MAP_circuits, &index, &former) || !(former.flags & CIRCUIT_PRESENT))
		return 0;
	if (!(now->flags & CIRCUIT_PRESENT)) {
		if (!p->census.circuits[n])
			return 0;
		*now = former;
		now->flags |= CIRCUIT_RETIRING;
		now->out4.ranges = now->out6.ranges = 0;
		if (name) {
			name->used = true;
			snprintf(p->image->circuit_names[n], sizeof(p->image->circuit_names[n]), "%s",
				 name->key.name);
		}
	}
	err = keep_ranges(p, n, &former.out4, &now->out4, 4);
	return err ? err : keep_ranges(p, n, &former.out6, &now->out6, 6);
}

static void keep_links(struct plan *p)
{
	for (size_t i = 0; i < p->census.count; i++) {
		const struct suspect *s = &p->census.at[i];
		bool retiring = p->image->circuits[s->circuit].flags & CIRCUIT_RETIRING;

		/* A circuit that goes as a whole keeps its links; one that stays, those in use. */
		if (!s->ifindex || p->device_count == DEVICES_MAX ||
		    !(p->image->circuits[s->circuit].flags & CIRCUIT_PRESENT) || (!s->flows && !retiring))
			continue;
		p->devices[p->device_count++] = (struct plan_device){
			.link = plan_link_at(p, (int)s->ifindex),
			.role = { .kind = ROLE_LINK, .circuit = (uint8_t)s->circuit, .retiring = 1 }
		};
	}
}

/* A link that stays needs its own addresses too: without them the guard would stop its ARP. */
static int keep_addresses(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count; i++)
		for (size_t k = 0; p->devices[i].role.retiring && k < p->address_count && !err; k++)
			if (p->addresses[k].ifindex == p->devices[i].link->ifindex)
				err = scoped_add(&p->sources, p->devices[i].role.circuit,
						 &p->addresses[k].address);
	return err;
}

static bool name_vanished(const struct plan *p)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (!p->names[i].used)
			return true;
	return false;
}

int retire_plan(struct plan *p)
{
	int err = suspect_links(p);

	err = err ? err : suspect_sources(p);
	if (err || (!p->census.count && !name_vanished(p)))
		return err;
	err = retire_census(&p->maps, &p->census);
	/* Circuits and devices first: answers for a kept prefix need them. */
	for (uint32_t n = 1; n < CIRCUITS_MAX && !err; n++)
		err = keep_circuit(p, n);
	if (!err) {
		keep_links(p);
		err = keep_addresses(p);
	}
	for (size_t i = 0; i < p->census.count && !err; i++)
		if (!p->census.at[i].ifindex && p->census.at[i].flows) {
			err = scoped_add(&p->sources, p->census.at[i].circuit, &p->census.at[i].prefix);
			err = err ? err : plan_answers(p, p->census.at[i].circuit, &p->census.at[i].prefix);
		}
	return err;
}

static bool kept_prefix(const struct plan *p, const struct prefix *prefix)
{
	for (size_t i = 0; i < p->census.count; i++)
		if (!p->census.at[i].ifindex && p->census.at[i].flows &&
		    prefix_equal(&p->census.at[i].prefix, prefix))
			return true;
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

static int keep_sysctl(struct kernel_want *w, const char *family, const char *device, const char *what)
{
	struct kernel_sysctl *grown, s = { .value = "1" };
	char value[16];

	snprintf(s.path, sizeof(s.path), "net/%s/conf/%s/%s", family, device, what);
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
