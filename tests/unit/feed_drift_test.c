// SPDX-License-Identifier: GPL-2.0-only
/* The policy against routing tables: each row is a table and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/config.h"
#include "../../userspace/drift.h"
#include "../../userspace/report.h"

#define HEAD \
	"gateway: {name: t, lab: true}\n" \
	"inside:\n" \
	"  interfaces: [lan0]\n" \
	"  segments:\n" \
	"    - {name: pilot, prefixes: [10.1.20.0/24, \"2001:db8:10:20::/64\"]}\n" \
	"    - {name: campus, prefixes: [10.0.0.0/8, \"2001:db8:10::/48\"]}\n" \
	"    - {name: four, prefixes: [172.16.9.0/24]}\n" \
	"circuits:\n" \
	"  - {name: net, kind: internet, links: [{interface: wan0}],\n" \
	"     outbound-pool: [203.0.113.0/28, \"2001:db8:2::/64\"]}\n" \
	"  - {name: chicago, kind: other, table: 101, links: [{interface: er0}, {interface: er1}],\n" \
	"     outbound-pool: [203.0.113.16/28, \"2001:db8:1::/64\"]}\n" \
	"  - {name: dallas, kind: other, table: 102, links: [{interface: er2}],\n" \
	"     outbound-pool: [203.0.113.32/28]}\n" \
	"  - {name: bare, kind: other, table: 103, links: [{interface: er3}]}\n" \
	"classes:\n"

#define LIT(prefixes) "  - {name: lit, prefixes: [" prefixes "]}\npolicy:\n"
#define USUAL \
	"  - {from: [pilot], to: [lit], circuits: [chicago, dallas], otherwise: drop}\n" \
	"  - {from: [campus], to: [any], circuits: [net], otherwise: drop}\n"

enum { WAN0 = 2, ER0, ER1, ER2, ER3, LAN0 };
static const struct kernel_link links[] = {
	{ .ifindex = WAN0, .name = "wan0" }, { .ifindex = ER0, .name = "er0" },
	{ .ifindex = ER1, .name = "er1" },   { .ifindex = ER2, .name = "er2" },
	{ .ifindex = ER3, .name = "er3" },   { .ifindex = LAN0, .name = "lan0" },
};

static struct report report;
static struct config *config;
static struct policy policy;
static struct drift found;
static struct kernel_route routes[128];
static size_t route_count;

static void begin(const char *rest)
{
	char path[] = "/tmp/samepath-drift-XXXXXX";
	struct feeds none = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "%s%s", HEAD, rest);
	close(fd);
	config = config_read(path, &report);
	unlink(path);
	if (!config)
		fail_msg("line %d: %s", report.lines[0].line, report.lines[0].text);
	assert_int_equal(policy_compile(config, &none, &policy), 0);
	route_count = 0;
}

static struct kernel_route *route(uint32_t table, const char *prefix, enum route_kind kind)
{
	struct kernel_route *r = &routes[route_count++];
	const char *why;

	*r = (struct kernel_route){ .table = table, .kind = kind, .protocol = 12 };
	assert_int_equal(prefix_parse(prefix, &r->to, &why), 0);
	return r;
}

static struct kernel_route *via(uint32_t table, const char *prefix, int ifindex)
{
	struct kernel_route *r = route(table, prefix, ROUTE_UNICAST);

	r->hops[r->hop_count++] = (struct kernel_hop){ .ifindex = ifindex, .gateway = { { { 1 } } } };
	return r;
}

/* What samepath itself writes, and main's default: there in every test, and nothing to tell. */
static void usual_routes(void)
{
	via(254, "0.0.0.0/0", WAN0);
	via(254, "::/0", WAN0);
	for (uint32_t t = 101; t <= 103; t++) {
		route(t, "0.0.0.0/0", ROUTE_UNREACHABLE)->metric = KERNEL_METRIC_LAST;
		route(t, "::/0", ROUTE_UNREACHABLE)->metric = KERNEL_METRIC_LAST;
	}
	route(254, "203.0.113.16/28", ROUTE_BLACKHOLE)->protocol = KERNEL_PROTOCOL;
}

static void compare(void)
{
	const struct drift_kernel k = { links, sizeof(links) / sizeof(links[0]), routes, route_count };

	assert_int_equal(drift_compare(&policy, &k, &found), 0);
}

static void end(void)
{
	drift_free(&found);
	policy_free(&policy);
	config_free(config);
}

/* Rows are "circuit prefix finding: detail", NULL-ended. */
static void said(const char *const *rows)
{
	char text[PREFIX_TEXT], line[512];
	size_t i;

	compare();
	for (i = 0; i < found.row_count && rows[i]; i++) {
		const struct drift_row *r = &found.rows[i];

		snprintf(line, sizeof(line), "%s %s %s: %s", config->circuits[r->circuit].name,
			 prefix_text(&r->prefix, text), drift_finding_text(r->finding), r->detail);
		assert_string_equal(line, rows[i]);
	}
	assert_int_equal(i, found.row_count);
	assert_null(rows[i]);
	end();
}
#define SAID(...) said((const char *const[]){ __VA_ARGS__ })

static void prefix_with_a_route_on_each_circuit_is_sound(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "198.18.1.0/24", ER0);
	via(102, "198.18.0.0/15", ER2);
	compare();
	assert_int_equal(found.row_count, 0);
	assert_int_equal(found.circuits[1].routed, 1);
	assert_int_equal(found.circuits[1].by_default, 0);
	assert_int_equal(found.circuits[1].routes, 1);
	assert_int_equal(found.circuits[0].by_default, 1); /* campus, by main's default */
	assert_int_equal(found.circuits[3].expected, 0);
	end();
}

static void default_by_a_link_covers_everything(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "0.0.0.0/0", ER1);
	via(102, "0.0.0.0/0", ER2);
	compare();
	assert_int_equal(found.row_count, 0);
	assert_int_equal(found.circuits[1].by_default, 1);
	assert_int_equal(found.circuits[1].routes, 0);
	end();
}

static void missing_route_names_who_takes_over(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(102, "198.18.1.0/24", ER2);
	SAID("chicago 198.18.1.0/24 not-routed: has no route in table 101; new connections take dallas",
	     NULL);
}

static void missing_route_of_a_later_circuit_waits_for_the_first_to_fail(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "198.18.1.0/24", ER0);
	SAID("dallas 198.18.1.0/24 not-routed: has no route in table 102; "
	     "when chicago fails, new connections are dropped", NULL);
}

static void missing_everywhere_is_a_drop(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	SAID("chicago 198.18.1.0/24 not-routed: has no route in table 101; new connections are dropped",
	     "dallas 198.18.1.0/24 not-routed: has no route in table 102; new connections are dropped",
	     NULL);
}

static void hosts_that_are_shared_out_go_round(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24")
	      "  - {from: [pilot], to: [lit], circuits: [chicago, dallas], otherwise: net,\n"
	      "     spread: by-host}\n");
	usual_routes();
	via(101, "198.18.1.0/24", ER0);
	SAID("dallas 198.18.1.0/24 not-routed: has no route in table 102; new connections take chicago",
	     NULL);
}

static void rules_that_differ_are_all_named(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24")
	      "  - {from: [pilot], to: [lit], circuits: [chicago], otherwise: drop}\n"
	      "  - {from: [campus], to: [lit], circuits: [chicago], otherwise: net}\n");
	usual_routes();
	SAID("chicago 198.18.1.0/24 not-routed: has no route in table 101; new connections are dropped; "
	     "new connections take net", NULL);
}

static void route_out_of_another_device_is_the_wrong_way(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "198.18.1.0/24", ER2);
	via(102, "198.18.1.0/24", ER2);
	via(254, "198.18.0.0/16", LAN0); /* longer than the default that the circuit net lives by */
	SAID("net 198.18.1.0/24 wrong-way: goes out of lan0 in the main table; "
	     "new connections are dropped",
	     "chicago 198.18.1.0/24 wrong-way: goes out of er2 in table 101; "
	     "new connections take dallas",
	     NULL);
}

static void one_hop_of_several_out_of_another_device_is_told(void **state)
{
	struct kernel_route *r;

	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	r = via(101, "198.18.1.0/24", ER0);
	r->hops[r->hop_count++] = (struct kernel_hop){ .ifindex = LAN0 };
	r = via(102, "198.18.1.0/24", ER2);
	r->hops[r->hop_count++] = (struct kernel_hop){ .ifindex = ER2 };
	SAID("chicago 198.18.1.0/24 partly: 198.18.1.0/24 goes out of lan0 as well in table 101; "
	     "new connections take dallas", NULL);
}

static void untranslated_circuit_is_asked_by_link(void **state)
{
	struct kernel_route *r;

	(void)state;
	begin(LIT("198.18.1.0/24, 198.18.9.0/24")
	      "  - {from: [pilot], to: [lit], circuits: [bare], otherwise: drop}\n");
	usual_routes();
	r = via(103, "198.18.1.0/24", ER3);
	r->hops[r->hop_count++] = (struct kernel_hop){ .ifindex = LAN0 };
	via(103, "198.18.1.64/26", LAN0); /* passed over: the shorter one is by a link */
	via(103, "198.18.0.0/16", LAN0);
	SAID("bare 198.18.9.0/24 not-routed: has no route by its links in table 103; "
	     "new connections are dropped", NULL);
}

static void no_part_that_is_routed_is_not_partly(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24")
	      "  - {from: [pilot], to: [lit], circuits: [chicago], otherwise: drop}\n");
	usual_routes();
	via(101, "198.18.1.128/25", LAN0); /* and no route before it */
	SAID("chicago 198.18.1.0/24 wrong-way: 198.18.1.128/25 goes out of lan0 in table 101; "
	     "new connections are dropped", NULL);
}

static void lowest_metric_decides(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "198.18.1.0/24", LAN0)->metric = 200;
	via(101, "198.18.1.0/24", ER0)->metric = 32;
	via(102, "198.18.1.0/24", ER2)->metric = 200;
	route(102, "198.18.1.0/24", ROUTE_UNREACHABLE)->metric = 100;
	SAID("dallas 198.18.1.0/24 not-routed: is unreachable in table 102; "
	     "when chicago fails, new connections are dropped", NULL);
}

static void longer_routes_and_holes_inside_are_found(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24, 198.18.8.0/24, 198.18.16.0/24") USUAL);
	usual_routes();
	via(101, "198.18.0.0/16", ER0);
	via(101, "198.18.1.64/26", LAN0);
	route(101, "198.18.8.200/32", ROUTE_BLACKHOLE);
	via(101, "198.18.16.4/32", ER1); /* another link of the same circuit */
	via(102, "198.18.1.0/24", ER2);
	via(102, "198.18.8.0/24", ER2);
	via(102, "198.18.16.0/25", ER2);
	via(102, "198.18.16.192/26", ER2);
	SAID("chicago 198.18.1.0/24 partly: 198.18.1.64/26 goes out of lan0 in table 101; "
	     "new connections take dallas",
	     "chicago 198.18.8.0/24 partly: 198.18.8.200/32 is a blackhole in table 101; "
	     "new connections take dallas",
	     "dallas 198.18.16.0/24 partly: 198.18.16.128/26 has no route in table 102; "
	     "when chicago fails, new connections are dropped", NULL);
}

static void longer_route_behind_a_covering_default_is_found(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "0.0.0.0/0", ER0);
	via(101, "198.18.1.255/32", WAN0);
	via(102, "0.0.0.0/0", ER2);
	SAID("chicago 198.18.1.0/24 partly: 198.18.1.255/32 goes out of wan0 in table 101; "
	     "new connections take dallas", NULL);
}

static void prefix_of_a_class_inside_another_is_judged_by_itself(void **state)
{
	(void)state;
	begin("  - {name: wide, prefixes: [198.18.0.0/16]}\n"
	      "  - {name: lit, prefixes: [198.18.1.0/24]}\npolicy:\n"
	      "  - {from: [pilot], to: [lit], circuits: [dallas], otherwise: drop}\n"
	      "  - {from: [pilot], to: [wide], circuits: [chicago], otherwise: drop}\n");
	usual_routes();
	via(101, "198.18.0.0/16", ER0);
	via(101, "198.18.1.0/24", LAN0); /* chicago is not asked for it */
	via(102, "198.18.1.0/24", ER2);
	SAID(NULL);
}

static void brothers_of_one_finding_are_joined(void **state)
{
	(void)state;
	begin(LIT("198.18.0.0/24, 198.18.1.0/24, 198.18.2.0/23, 198.18.9.0/24") USUAL);
	usual_routes();
	via(102, "0.0.0.0/0", ER2);
	compare();
	assert_int_equal(found.circuits[1].not_routed, 4); /* as the policy has them */
	assert_int_equal(found.row_count, 2);
	assert_int_equal(found.rows[0].prefix.length, 22);
	end();
}

static void routes_that_no_rule_needs_are_told_and_joined(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24") USUAL);
	usual_routes();
	via(101, "198.18.0.0/16", ER0); /* wider than the class: it is needed */
	via(101, "198.18.1.7/32", ER0);
	via(101, "198.19.0.0/17", ER0);
	via(101, "198.19.128.0/17", ER1);
	via(101, "198.19.3.0/24", ER1);
	via(101, "192.0.2.0/30", ER0)->hops[0].gateway = (struct in6_addr){ 0 }; /* connected */
	via(101, "198.51.100.0/24", LAN0); /* by no link of it */
	via(102, "198.18.1.0/24", ER2);
	via(254, "198.19.0.0/16", WAN0); /* main has its routes for many reasons */
	compare();
	assert_int_equal(found.circuits[1].routes, 5);
	assert_int_equal(found.circuits[1].unexpected, 3);
	drift_free(&found);
	SAID("chicago 198.19.0.0/16 unexpected: routed here, but no rule sends it here", NULL);
}

static void a_rule_for_any_needs_every_route(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24")
	      "  - {from: [pilot], to: [any], circuits: [chicago], otherwise: drop}\n");
	usual_routes();
	via(101, "198.18.1.0/24", ER0);
	via(101, "198.19.0.0/17", ER0);
	SAID(NULL);
}

static void circuit_without_a_pool_of_the_family_is_not_asked(void **state)
{
	(void)state;
	begin(LIT("\"2001:db8:e::/48\"")
	      "  - {from: [pilot], to: [lit], circuits: [chicago, dallas, bare], otherwise: drop}\n");
	usual_routes();
	via(101, "2001:db8:e::/48", ER0);
	/* dallas has IPv4 only; bare translates nothing and carries both */
	SAID("bare 2001:db8:e::/48 not-routed: has no route by its links in table 103; "
	     "when chicago fails, new connections are dropped", NULL);
}

static void untranslated_rule_needs_no_pool(void **state)
{
	(void)state;
	begin(LIT("\"2001:db8:e::/48\"")
	      "  - {from: [pilot], to: [lit], circuits: [dallas], otherwise: drop, translate: false}\n");
	usual_routes();
	SAID("dallas 2001:db8:e::/48 not-routed: has no route in table 102; new connections are dropped",
	     NULL);
}

static void source_of_the_other_family_expects_nothing(void **state)
{
	(void)state;
	begin(LIT("198.18.1.0/24, \"2001:db8:e::/48\"")
	      "  - {from: [four], to: [lit], circuits: [chicago], otherwise: drop}\n");
	usual_routes();
	SAID("chicago 198.18.1.0/24 not-routed: has no route in table 101; new connections are dropped",
	     NULL);
}

/* Against a model that asks, address by address, for the longest route. */
static uint64_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void random_prefix(char *text, size_t size)
{
	unsigned int length = chance(9), host = chance(256) & (0xff00u >> length) & 0xff;

	if (chance(2))
		snprintf(text, size, "2001:db8:5::%x/%u", host, 120 + length);
	else
		snprintf(text, size, "198.18.5.%u/%u", host, 24 + length);
}

static void random_config(void)
{
	char text[1024], one[64];
	size_t used = 0;

	for (int k = 0; k < 3; k++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "  - {name: k%d, prefixes: [", k);
		for (int i = 0; i < 4; i++) {
			random_prefix(one, sizeof(one));
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%s\"",
						 i ? ", " : "", one);
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "]}\n");
	}
	snprintf(text + used, sizeof(text) - used,
		 "policy:\n"
		 "  - {from: [pilot], to: [k0], circuits: [chicago, dallas], otherwise: drop}\n"
		 "  - {from: [campus], to: [k1], circuits: [bare], otherwise: chicago}\n"
		 "  - {from: [pilot], to: [k1, k2], circuits: [dallas], otherwise: bare}\n");
	begin(text);
}

static void random_routes(void)
{
	char one[64];

	for (int i = 0; i < 24; i++) {
		random_prefix(one, sizeof(one));
		if (chance(6) == 0)
			route(101 + chance(3), one, ROUTE_BLACKHOLE)->metric = chance(50);
		else
			via(101 + chance(3), one, ER0 + (int)chance(4))->metric = chance(50);
	}
}

static bool passed_over(size_t circuit, const struct kernel_route *r)
{
	return circuit == 3 && r->kind == ROUTE_UNICAST && r->hops[0].ifindex != ER3;
}

static const struct kernel_route *model_route(size_t circuit, const struct prefix *host)
{
	const struct kernel_route *best = NULL;
	uint32_t table = config->circuits[circuit].table;

	for (size_t i = 0; i < route_count; i++) {
		const struct kernel_route *r = &routes[i];

		if (r->table == table && !passed_over(circuit, r) && prefix_contains(&r->to, host) &&
		    (!best || best->to.length < r->to.length ||
		     (best->to.length == r->to.length && best->metric > r->metric)))
			best = r;
	}
	return best;
}

static const struct image_entry *model_class(const struct image_trie *trie, const struct prefix *host)
{
	const struct image_entry *best = NULL;

	for (size_t i = 0; i < trie->count; i++)
		if (prefix_contains(&trie->at[i].prefix, host) &&
		    (!best || best->prefix.length < trie->at[i].prefix.length))
			best = &trie->at[i];
	return best;
}

static struct prefix host_of(unsigned char family, unsigned int last)
{
	struct prefix p;
	const char *why;

	assert_int_equal(prefix_parse(family == 4 ? "198.18.5.0" : "2001:db8:5::", &p, &why), 0);
	p.address.s6_addr[15] = (uint8_t)last;
	return p;
}

static bool model_good(size_t circuit, const struct prefix *host)
{
	const struct kernel_route *r = model_route(circuit, host);
	int device = r && r->kind == ROUTE_UNICAST ? r->hops[0].ifindex : 0;

	return circuit == 1 ? device == ER0 || device == ER1 : device == (circuit == 2 ? ER2 : ER3);
}

/* Does some source set's rule name the circuit for these classes? */
static bool model_expects(size_t circuit, uint32_t set, unsigned char family)
{
	if (circuit == 2 && family == 6)
		return false;
	for (uint32_t s = 0; s < policy.sources.count; s++) {
		int rule = policy_rule(&policy, s, set);
		const struct config_rule *u = rule < 0 ? NULL : &config->rules[rule];

		for (size_t i = 0; u && i < u->circuits.count; i++)
			if (!strcmp(u->circuits.at[i].text, config->circuits[circuit].name))
				return true;
		if (u && !strcmp(u->otherwise.text, config->circuits[circuit].name))
			return true;
	}
	return false;
}

static void model_family(size_t circuit, unsigned char family, struct drift_summary *sum)
{
	const struct image_trie *trie = family == 4 ? &policy.classes4 : &policy.classes6;

	for (size_t u = 0; u < trie->count; u++) {
		unsigned int good = 0, bad = 0;

		for (unsigned int i = 0; i < 256; i++) {
			struct prefix host = host_of(family, i);

			if (model_class(trie, &host) != &trie->at[u])
				continue;
			good += model_good(circuit, &host);
			bad += !model_good(circuit, &host);
		}
		if (good + bad == 0 || !model_expects(circuit, trie->at[u].value, family))
			continue;
		sum->expected++;
		sum->routed += !bad;
		sum->partly += good && bad;
		sum->not_routed += !good; /* or the wrong way */
	}
}

static void findings_equal_the_naive_model(void **state)
{
	uint64_t bad = 0;

	(void)state;
	for (uint64_t round = 1; round <= 60; round++) {
		seed = round;
		random_config();
		random_routes();
		compare();
		for (size_t i = 1; i < config->circuit_count; i++) {
			const struct drift_summary *s = &found.circuits[i];
			struct drift_summary model = { 0 };

			model_family(i, 4, &model);
			model_family(i, 6, &model);
			assert_int_equal(s->expected, model.expected);
			assert_int_equal(s->routed, model.routed);
			assert_int_equal(s->partly, model.partly);
			assert_int_equal(s->not_routed + s->wrong_way, model.not_routed);
			bad += model.partly;
		}
		end();
	}
	assert_true(bad > 50); /* else the rounds had nothing to compare */
}

static int teardown(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_with_a_route_on_each_circuit_is_sound),
		cmocka_unit_test(default_by_a_link_covers_everything),
		cmocka_unit_test(missing_route_names_who_takes_over),
		cmocka_unit_test(missing_route_of_a_later_circuit_waits_for_the_first_to_fail),
		cmocka_unit_test(missing_everywhere_is_a_drop),
		cmocka_unit_test(hosts_that_are_shared_out_go_round),
		cmocka_unit_test(rules_that_differ_are_all_named),
		cmocka_unit_test(route_out_of_another_device_is_the_wrong_way),
		cmocka_unit_test(one_hop_of_several_out_of_another_device_is_told),
		cmocka_unit_test(untranslated_circuit_is_asked_by_link),
		cmocka_unit_test(no_part_that_is_routed_is_not_partly),
		cmocka_unit_test(lowest_metric_decides),
		cmocka_unit_test(longer_routes_and_holes_inside_are_found),
		cmocka_unit_test(longer_route_behind_a_covering_default_is_found),
		cmocka_unit_test(prefix_of_a_class_inside_another_is_judged_by_itself),
		cmocka_unit_test(brothers_of_one_finding_are_joined),
		cmocka_unit_test(routes_that_no_rule_needs_are_told_and_joined),
		cmocka_unit_test(a_rule_for_any_needs_every_route),
		cmocka_unit_test(circuit_without_a_pool_of_the_family_is_not_asked),
		cmocka_unit_test(untranslated_rule_needs_no_pool),
		cmocka_unit_test(source_of_the_other_family_expects_nothing),
		cmocka_unit_test(findings_equal_the_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
