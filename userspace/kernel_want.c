// SPDX-License-Identifier: GPL-2.0-only
/* What a configuration asks of the kernel. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "kernel.h"
#include "kernel_netlink.h"
#include "offload.h"
#include "report.h"
#include "../maps/circuit.h"

struct build {
	const struct config *c;
	const struct kernel_link *links;
	size_t link_count;
	const struct kernel_address *addresses;
	size_t address_count;
	struct kernel_list rules, routes, sysctls;
	struct report *report;
};

static const struct kernel_link *device(const struct build *b, const char *name)
{
	for (size_t i = 0; i < b->link_count; i++)
		if (!strcmp(b->links[i].name, name))
			return &b->links[i];
	return NULL;
}

static struct prefix any_of(unsigned char family)
{
	struct prefix p = { .family = family };

	if (family == 4)
		p.address.s6_addr[10] = p.address.s6_addr[11] = 0xff;
	return p;
}

static void want_rule(struct build *b, struct kernel_rule rule)
{
	struct kernel_rule *r;

	rule.family = rule.from.family;
	rule.protocol = KERNEL_PROTOCOL;
	for (size_t i = 0; i < b->rules.count; i++) {
		r = (struct kernel_rule *)b->rules.at + i;
		if (r->priority == rule.priority && prefix_equal(&r->from, &rule.from) &&
		    !strcmp(r->oif, rule.oif) && r->table == rule.table)
			return;
	}
	r = kernel_list_add(&b->rules);
	if (r)
		*r = rule;
}

static void want_route(struct build *b, const struct kernel_route *route)
{
	struct kernel_route *r;

	for (size_t i = 0; i < b->routes.count; i++) {
		r = (struct kernel_route *)b->routes.at + i;
		if (r->table == route->table && r->metric == route->metric &&
		    prefix_equal(&r->to, &route->to))
			return;
	}
	r = kernel_list_add(&b->routes);
	if (r) {
		*r = *route;
		r->protocol = KERNEL_PROTOCOL;
	}
}

static void want_sysctl(struct build *b, const char *value, const char *format, const char *name)
{
	struct kernel_sysctl s = { 0 };
	struct kernel_sysctl *at = b->sysctls.at;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(s.path, sizeof(s.path), format, name);
#pragma GCC diagnostic pop
	snprintf(s.value, sizeof(s.value), "%s", value);
	for (size_t i = 0; i < b->sysctls.count; i++)
		if (!strcmp(at[i].path, s.path))
			return;
	at = kernel_list_add(&b->sysctls);
	if (at)
		*at = s;
}

static bool in_subnet(const struct build *b, int ifindex, const struct prefix *host)
{
	for (size_t i = 0; i < b->address_count; i++) {
		struct prefix subnet = b->addresses[i].address;

		/* prefix_contains compares the first `length` bits of the outer one only. */
		subnet.length = b->addresses[i].subnet_length;
		if (b->addresses[i].ifindex == ifindex && prefix_contains(&subnet, host))
			return true;
	}
	return host->family == 6 && IN6_IS_ADDR_LINKLOCAL(&host->address);
}

/* One hop of each family's default route; a device that is away or down has none just now. */
static void want_hops(struct build *b, const struct config_circuit *circuit,
		      const struct config_link *link, struct kernel_route *route)
{
	const struct kernel_link *dev = device(b, link->interface);

	if (link->next_hops.count && (!dev || !dev->up)) {
		if (route->to.family == 4)
			report_warning(b->report, b->c->file, link->line,
				       "circuits[%s]: %s: is %s; its next hops are left out",
				       circuit->name, link->interface, dev ? "down" : "not there");
		return;
	}
	for (size_t i = 0; i < link->next_hops.count; i++) {
		const struct prefix *hop = &link->next_hops.at[i].prefix;

		if (hop->family != route->to.family || route->hop_count == KERNEL_HOPS)
			continue;
		route->hops[route->hop_count++] =
			(struct kernel_hop){ .ifindex = dev->ifindex,
					     .gateway = hop->address,
					     .onlink = !in_subnet(b, dev->ifindex, hop) };
	}
}

/*
 * Table T of a circuit: the default over all next hops that are configured, and behind
 * everything, also behind what a BGP daemon writes, an unreachable default. Without that one a
 * table that lost its routes would fall through to main, which is another circuit.
 */
static void want_table(struct build *b, const struct config_circuit *circuit, unsigned char family)
{
	struct kernel_route route = { .to = any_of(family), .table = circuit->table };

	route.kind = ROUTE_UNREACHABLE;
	route.metric = KERNEL_METRIC_LAST;
	want_route(b, &route);
	route.kind = ROUTE_UNICAST;
	/* What IPv6 makes of no metric; said, for journal and kernel must name one key. */
	route.metric = family == 6 ? 1024 : 0;
	for (size_t i = 0; i < circuit->link_count; i++)
		want_hops(b, circuit, &circuit->links[i], &route);
	if (route.hop_count)
		want_route(b, &route);
}

/*
 * The packet path also asks for one link after the other: of what is not translated no source
 * tells the table, and when the kernel chose a link that does not work, another may. Such a
 * question names the link and QUESTION_PROTOCOL, and both select the rule. A rule by source would
 * not do: for IPv6, bpf_fib_lookup with BPF_FIB_LOOKUP_OUTPUT passes over rules with a source. Nor
 * would the link alone: what the kernel itself sends over a link (a BGP session that is to fill
 * the table, link-local traffic) has its neighbours in main.
 */
static void want_question_rules(struct build *b, const struct config_circuit *circuit,
				unsigned char family)
{
	struct kernel_rule rule = { .from = any_of(family), .table = circuit->table,
				    .priority = KERNEL_PRIORITY_QUESTION,
				    .ip_protocol = QUESTION_PROTOCOL };

	for (size_t i = 0; i < circuit->link_count; i++) {
		snprintf(rule.oif, sizeof(rule.oif), "%.15s", circuit->links[i].interface);
		want_rule(b, rule);
	}
}

/*
 * A probe is bound to its link, and goes the way of the circuit: to a neighbour as main says, which
 * is asked first and without its default routes, and farther as the circuit's table says.
 */
static void want_probe_rules(struct build *b, const struct config_circuit *circuit,
			     unsigned char family)
{
	struct kernel_rule rule = { .from = any_of(family) };

	for (size_t i = 0; i < circuit->link_count; i++) {
		if (!circuit->links[i].check.protocol)
			continue;
		snprintf(rule.oif, sizeof(rule.oif), "%.15s", circuit->links[i].interface);
		rule.table = RT_TABLE_MAIN;
		rule.priority = KERNEL_PRIORITY_CONNECTED;
		rule.suppress_default = true;
		want_rule(b, rule);
		rule.table = circuit->table;
		rule.priority = KERNEL_PRIORITY_LINK;
		rule.suppress_default = false;
		want_rule(b, rule);
	}
}

static void want_circuit(struct build *b, const struct config_circuit *circuit)
{
	if (!circuit->table || circuit->table == RT_TABLE_MAIN)
		return;
	for (int family = 4; family <= 6; family += 2) {
		want_table(b, circuit, family);
		want_question_rules(b, circuit, family);
		want_probe_rules(b, circuit, family);
	}
	for (size_t i = 0; i < circuit->outbound_pool.count; i++)
		want_rule(b, (struct kernel_rule){ .from = circuit->outbound_pool.at[i].prefix,
						   .table = circuit->table,
						   .priority = KERNEL_PRIORITY_POOL });
}

/* Does somebody that the configuration names live at an address of the pool? */
static bool is_neighbour(const struct build *b, const struct prefix *pool)
{
	for (size_t i = 0; i < b->c->circuit_count; i++)
		for (size_t k = 0; k < b->c->circuits[i].link_count; k++) {
			const struct config_prefixes *hops = &b->c->circuits[i].links[k].next_hops;

			for (size_t n = 0; n < hops->count; n++)
				if (prefix_contains(pool, &hops->at[n].prefix))
					return true;
		}
	for (size_t i = 0; i < b->c->service_count; i++)
		for (size_t k = 0; k < b->c->services[i].servers.count; k++)
			if (prefix_contains(pool, &b->c->services[i].servers.at[k].prefix))
				return true;
	return false;
}

/*
 * A blackhole in main for a pool: what comes for an unused address of it must not follow the
 * default route out again and circle, and BGP daemons have something to announce. Where it would
 * do harm:
 * - the pool is one of this machine's own addresses: the local table answers before main is asked,
 *   and the address is the kernel's to route;
 * - the pool contains a next hop, so it is part of a link's subnet, or a server that has a public
 *   address of it, and the blackhole, being the longer prefix, would hide a live neighbour. No loop
 *   is possible there: the subnet is directly connected.
 * Other pools inside a connected subnet, of a link or of the inside, are ours alone: nobody else has
 * an address of them, and what is sent to them is taken before the kernel routes. At equal length
 * the connected route wins by its metric. An own address within the pool stays reachable, for the
 * local table comes first.
 */
static void want_blackhole(struct build *b, const struct prefix *pool)
{
	struct kernel_route route = { .to = *pool,
				      .table = RT_TABLE_MAIN,
				      .kind = ROUTE_BLACKHOLE,
				      .metric = KERNEL_METRIC_LAST };

	for (size_t i = 0; i < b->address_count; i++)
		if (prefix_equal(&b->addresses[i].address, pool))
			return;
	if (!is_neighbour(b, pool))
		want_route(b, &route);
}

static bool any_ipv6(const struct config *c)
{
	bool found = false;

	for (size_t i = 0; i < c->segment_count; i++)
		for (size_t k = 0; k < c->segments[i].prefixes.count; k++)
			found |= c->segments[i].prefixes.at[k].prefix.family == 6;
	for (size_t i = 0; i < c->circuit_count; i++) {
		for (size_t k = 0; k < c->circuits[i].outbound_pool.count; k++)
			found |= c->circuits[i].outbound_pool.at[k].prefix.family == 6;
		for (size_t k = 0; k < c->circuits[i].inbound_pool.count; k++)
			found |= c->circuits[i].inbound_pool.at[k].prefix.family == 6;
	}
	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].public.count; k++)
			found |= c->services[i].public.at[k].prefix.family == 6;
	return found;
}

/*
 * A router does not listen to router advertisements unless accept_ra is 2. Every device that
 * listened before goes on listening, and those that come later as well. A value of 2 is wanted
 * also where it is 2 already: it may be ours from the last time.
 */
static void want_accept_ra(struct build *b, const char *name)
{
	char path[96], value[16];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", name);
	if (!kernel_sysctl_get(path, value, sizeof(value)) && strcmp(value, "0"))
		want_sysctl(b, "2", "net/ipv6/conf/%s/accept_ra", name);
}

/* On a trunk tags must be seen; elsewhere a device may do as it likes. */
static void want_tags(struct build *b, const char *name)
{
	const struct kernel_link *dev = device(b, name);
	struct kernel_place place;

	if (dev && dev->vlan && !kernel_place(b->links, b->link_count, dev, &place))
		want_sysctl(b, "off", OFFLOAD_PATH "%s/rxvlan", place.trunk->name);
}

static void want_device(struct build *b, const char *name, bool is_link)
{
	char path[96], value[16];

	if (!device(b, name))
		return;
	/* bpf_fib_lookup asks the device it is given, and ip_forward that of the packet's
	 * arrival: no need to make a router of every other device. rp_filter is not touched: XDP
	 * and the redirect to the neighbour both pass by it. */
	want_sysctl(b, "1", "net/ipv4/conf/%s/forwarding", name);
	want_tags(b, name);
	if (!is_link)
		return;
	/* A dead wire must make its routes dead: otherwise the look-up still answers with it. */
	want_sysctl(b, "1", "net/ipv4/conf/%s/ignore_routes_with_linkdown", name);
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/ignore_routes_with_linkdown", name);
	if (!kernel_sysctl_get(path, value, sizeof(value)))
		want_sysctl(b, "1", "net/ipv6/conf/%s/ignore_routes_with_linkdown", name);
}

/*
 * A strict rp_filter drops the answer to a probe when main's way to the target is another link, as
 * it is for all but neighbours; 2, loose, lets it in. 2 is wanted also where it is 2 already: it
 * may be ours from the last time. 0 in both places is no filter, and stays.
 */
static void want_loose_filter(struct build *b, const struct config_link *link)
{
	char path[96], all[16] = "0", own[16] = "0";

	if (!link->check.protocol || !device(b, link->interface))
		return;
	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", link->interface);
	kernel_sysctl_get("net/ipv4/conf/all/rp_filter", all, sizeof(all));
	kernel_sysctl_get(path, own, sizeof(own));
	if (strcmp(all, "0") || strcmp(own, "0"))
		want_sysctl(b, "2", "net/ipv4/conf/%s/rp_filter", link->interface);
}

/* In the order in which they are set: forwarding of IPv6 last, for others notice it. */
static void want_sysctls(struct build *b)
{
	char value[16];

	for (size_t i = 0; i < b->c->interfaces.count; i++)
		want_device(b, b->c->interfaces.at[i].text, false);
	for (size_t i = 0; i < b->c->circuit_count; i++)
		for (size_t k = 0; k < b->c->circuits[i].link_count; k++) {
			want_device(b, b->c->circuits[i].links[k].interface, true);
			want_loose_filter(b, &b->c->circuits[i].links[k]);
		}
	if (!any_ipv6(b->c) ||
	    kernel_sysctl_get("net/ipv6/conf/all/forwarding", value, sizeof(value)))
		return;
	for (size_t i = 0; i < b->link_count; i++)
		if (strcmp(b->links[i].name, "lo"))
			want_accept_ra(b, b->links[i].name);
	want_accept_ra(b, "default");
	want_sysctl(b, "1", "net/ipv6/conf/%s/forwarding", "all");
}

int kernel_want_build(const struct config *c, const struct kernel_link *links, size_t link_count,
		      const struct kernel_address *addresses, size_t address_count,
		      struct kernel_want *out, struct report *r)
{
	struct build b = { .c = c,
			   .links = links, .link_count = link_count,
			   .addresses = addresses, .address_count = address_count,
			   .report = r,
			   .rules = { .size = sizeof(struct kernel_rule) },
			   .routes = { .size = sizeof(struct kernel_route) },
			   .sysctls = { .size = sizeof(struct kernel_sysctl) } };

	for (size_t i = 0; i < c->circuit_count; i++) {
		const struct config_circuit *circuit = &c->circuits[i];

		want_circuit(&b, circuit);
		for (size_t k = 0; k < circuit->outbound_pool.count; k++)
			want_blackhole(&b, &circuit->outbound_pool.at[k].prefix);
		for (size_t k = 0; k < circuit->inbound_pool.count; k++)
			want_blackhole(&b, &circuit->inbound_pool.at[k].prefix);
	}
	want_sysctls(&b);
	*out = (struct kernel_want){ .rules = b.rules.at, .rule_count = b.rules.count,
				     .routes = b.routes.at, .route_count = b.routes.count,
				     .sysctls = b.sysctls.at, .sysctl_count = b.sysctls.count };
	if (b.rules.error || b.routes.error || b.sysctls.error) {
		kernel_want_free(out);
		return -ENOMEM;
	}
	return 0;
}

void kernel_want_free(struct kernel_want *want)
{
	free(want->rules);
	free(want->routes);
	free(want->sysctls);
	*want = (struct kernel_want){ 0 };
}
