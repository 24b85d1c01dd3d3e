// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans against the real kernel: what is made is compared with what `ip` shows, what is put back is
 * compared byte for byte.
 */
#include "kernel_topology.h"

static char *output(const char *command)
{
	FILE *f = popen(command, "r");
	char *text = calloc(1, 1 << 18);
	size_t size;

	assert_non_null(f);
	size = fread(text, 1, (1 << 18) - 1, f);
	text[size] = '\0';
	pclose(f);
	return text;
}

/* Everything that samepath could have touched. Rules of one priority are disjoint, so that their order
 * says nothing. */
static char *snapshot(void)
{
	return output(
		"ip rule | sort; ip -6 rule | sort; ip -d route show table all; ip -d -6 route show table all;"
		"cd /proc/sys/net; grep -r . ipv4/conf ipv6/conf ipv4/ip_forward 2>/dev/null |"
		" grep -v stable_secret | sort");
}

static void assert_shows(const char *command, const char *text)
{
	char *out = output(command);

	if (!strstr(out, text))
		fail_msg("`%s` shows\n%swithout \"%s\"", command, out, text);
	free(out);
}

/* Line by line, so that a difference can be read. */
static void assert_same(const char *a, const char *b)
{
	for (; *a && *b; a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || memcmp(a, b, n))
			fail_msg("was \"%.*s\", is \"%.*s\"", (int)n, a, (int)m, b);
	}
	assert_int_equal(*a, *b);
}

/* A configuration of two circuits: one with pools, one that only pins. */
struct sample {
	struct config c;
	struct config_word inside[1];
	struct config_segment segment[1];
	struct config_prefix segment_prefixes[2], pools[2], inbound[1], hops0[2], hops1[2];
	struct config_link links[2], pin_links[1];
	struct config_circuit circuits[2];
};

static void sample_fill(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->inside[0].text = "lan0";
	s->segment_prefixes[0].prefix = pfx("10.0.0.0/8");
	s->segment_prefixes[1].prefix = pfx("2001:db8:10::/48");
	s->segment[0].prefixes = (struct config_prefixes){ s->segment_prefixes, 2 };
	s->pools[0].prefix = pfx("203.0.113.32/28");
	s->pools[1].prefix = pfx("2001:db8:1::/64");
	s->inbound[0].prefix = pfx("192.168.1.0/24");
	s->hops0[0].prefix = pfx("172.16.0.2");
	s->hops0[1].prefix = pfx("2001:db8:f:1::2");
	s->hops1[0].prefix = pfx("172.16.0.6");
	s->hops1[1].prefix = pfx("2001:db8:f:2::2");
	s->links[0] = (struct config_link){ .interface = "er0", .next_hops = { s->hops0, 2 } };
	s->links[1] = (struct config_link){ .interface = "er1", .next_hops = { s->hops1, 2 } };
	s->circuits[0] = (struct config_circuit){ .name = "chicago",
						  .table = 101,
						  .links = s->links,
						  .link_count = 2,
						  .translates = true,
						  .outbound_pool = { s->pools, 2 },
						  .inbound_pool = { s->inbound, 1 } };
	s->pin_links[0].interface = "er2";
	s->circuits[1] = (struct config_circuit){
		.name = "pin", .table = 70000, .links = s->pin_links, .link_count = 1
	};
	s->c = (struct config){ .file = "t.yaml",
				.name = "a",
				.interfaces = { s->inside, 1 },
				.segments = s->segment,
				.segment_count = 1,
				.circuits = s->circuits,
				.circuit_count = 2 };
}

static void build(const struct config *c, struct kernel_want *want, struct report *r)
{
	struct kernel_link *links;
	struct kernel_address *addresses;
	size_t l, a;

	assert_int_equal(kernel_links(&links, &l), 0);
	assert_int_equal(kernel_addresses(&addresses, &a), 0);
	assert_int_equal(kernel_want_build(c, links, l, addresses, a, want, r), 0);
	free(links);
	free(addresses);
}

/* Plans and runs; the number of steps, or what failed. */
static int apply(const struct kernel_want *want, const char *directory)
{
	struct steps s = { 0 }, after = { 0 }, last = { 0 };
	int err = kernel_plan(want, directory, &s, &after, &last);
	int count = s.count + after.count + last.count;

	err = err ? err : steps_run(&s);
	err = err ? err : steps_run(&after);
	err = err ? err : steps_run(&last);
	steps_free(&s);
	steps_free(&after);
	steps_free(&last);
	return err ? err : count;
}

static const struct kernel_want nothing;

static void apply_makes_it_and_stop_leaves_nothing(void **state)
{
	char *before = snapshot(), *after;
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	assert_true(apply(&want, run_a) > 0);
	assert_shows("ip route show table 101",
		     "default proto 90 \n\tnexthop via 172.16.0.2 dev er0");
	assert_shows("ip route show table 101", "unreachable default proto 90 metric 4294967295");
	assert_shows("ip -6 route show table 101", "nexthop via 2001:db8:f:2::2 dev er1");
	assert_shows("ip -6 route show table 70000",
		     "unreachable default dev lo proto 90 metric 4294967295");
	assert_shows("ip rule", "1000:\tfrom 203.0.113.32/28 lookup 101 proto 90");
	assert_shows("ip -6 rule",
		     "1025:\tfrom all oif er2 [detached] ipproto ipproto-253 lookup 70000 proto 90");
	assert_shows("ip rule", "1025:\tfrom all oif er1 ipproto ipproto-253 lookup 101 proto 90");
	assert_shows("ip route", "blackhole 192.168.1.0/24 proto 90 metric 4294967295");
	assert_shows("cat /proc/sys/net/ipv6/conf/all/forwarding", "1");
	assert_shows("cat /proc/sys/net/ipv6/conf/er0p/accept_ra", "2");
	assert_shows("cat /proc/sys/net/ipv4/conf/lan0/forwarding", "1");
	assert_shows("cat /proc/sys/net/ipv4/ip_forward", "0");
	assert_shows("cat /proc/sys/net/ipv4/conf/er1/ignore_routes_with_linkdown", "1");
	assert_int_equal(apply(&want, run_a), 0); /* equal already: no step */
	kernel_want_free(&want);
	build(&s.c, &want, &r); /* read again from what is now: still no step */
	assert_int_equal(apply(&want, run_a), 0);
	assert_true(apply(&nothing, run_a) > 0);
	after = snapshot();
	assert_same(before, after);
	free(before);
	free(after);
	kernel_want_free(&want);
	report_free(&r);
}

static void changed_hops_are_replaced(void **state)
{
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	assert_true(apply(&want, run_a) > 0);
	kernel_want_free(&want);
	s.circuits[0].link_count = 1;
	build(&s.c, &want, &r);
	/* two defaults, and the four settings of er1: forwarding is not among those others need */
	assert_true(apply(&want, run_a) > 0);
	assert_shows("ip route show table 101", "default via 172.16.0.2 dev er0 proto 90");
	assert_shows("ip -6 route show table 101", "default via 2001:db8:f:1::2 dev er0 proto 90");
	assert_shows("cat /proc/sys/net/ipv4/conf/er1/forwarding", "0");
	assert_true(apply(&nothing, run_a) > 0);
	kernel_want_free(&want);
	report_free(&r);
}

static int refuse(struct step *s)
{
	(void)s;
	return -ENETUNREACH;
}

static void failure_in_the_middle_puts_all_back(void **state)
{
	struct sample s;
	struct kernel_want want;
	struct report r = { 0 };
	size_t total = 1;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	for (size_t at = 0; at < total; at++) {
		char *before = snapshot(), *after;
		struct steps steps = { 0 };
		struct journal j;

		assert_int_equal(kernel_plan(&want, run_a, &steps, &steps, &steps), 0);
		total = steps.count;
		steps.at[at].run = refuse;
		assert_int_equal(steps_run(&steps), -ENETUNREACH);
		steps_free(&steps);
		after = snapshot();
		assert_same(before, after);
		assert_int_equal(journal_read(run_a, &j), 0);
		assert_int_equal(j.count, 0);
		free(before);
		free(after);
	}
	assert_true(total > 15);
	kernel_want_free(&want);
	report_free(&r);
}

/* A stop that fails must leave the data plane as it ran. */
static void failing_stop_puts_all_back(void **state)
{
	char *before, *after;
	struct steps steps = { 0 };
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	assert_true(apply(&want, run_a) > 0);
	before = snapshot();
	assert_int_equal(kernel_plan(&nothing, run_a, &steps, &steps, &steps), 0);
	steps.at[steps.count - 1].run = refuse;
	assert_int_equal(steps_run(&steps), -ENETUNREACH);
	steps_free(&steps);
	after = snapshot();
	assert_same(before, after);
	assert_int_equal(apply(&want, run_a), 0);
	assert_true(apply(&nothing, run_a) > 0);
	free(before);
	free(after);
	kernel_want_free(&want);
	report_free(&r);
}

static void two_instances_leave_each_other_alone(void **state)
{
	char *empty = snapshot(), *only_b, *after;
	struct kernel_want want_a, want_b;
	struct report r = { 0 };
	struct sample a, b;

	(void)state;
	sample_fill(&a);
	sample_fill(&b);
	b.pools[0].prefix = pfx("203.0.113.64/28");
	b.pools[1].prefix = pfx("2001:db8:2::/64");
	b.inbound[0].prefix = pfx("192.168.2.0/24");
	b.circuits[0].table = 102;
	b.c.circuit_count = 1;
	build(&a.c, &want_a, &r);
	build(&b.c, &want_b, &r);
	assert_true(apply(&want_b, run_b) > 0);
	only_b = snapshot();
	assert_true(apply(&want_a, run_a) > 0);
	assert_int_equal(apply(&want_b, run_b), 0);
	assert_true(apply(&nothing, run_a) > 0);
	after = snapshot();
	assert_same(only_b, after);
	free(after);
	/* b first, then a, b leaves first: what both changed stays until the last of them goes. */
	assert_true(apply(&want_a, run_a) > 0);
	assert_true(apply(&nothing, run_b) > 0);
	assert_shows("cat /proc/sys/net/ipv6/conf/all/forwarding", "1");
	assert_shows("cat /proc/sys/net/ipv4/conf/er0/forwarding", "1");
	assert_true(apply(&nothing, run_a) > 0);
	after = snapshot();
	assert_same(empty, after);
	free(after);
	/* The same table twice is refused, and nothing has changed. */
	assert_true(apply(&want_b, run_b) > 0);
	a.circuits[0].table = 102;
	kernel_want_free(&want_a);
	build(&a.c, &want_a, &r);
	assert_int_equal(apply(&want_a, run_a), -EEXIST);
	assert_true(apply(&nothing, run_a) == 0);
	after = snapshot();
	assert_same(only_b, after);
	assert_true(apply(&nothing, run_b) > 0);
	free(after);
	free(only_b);
	free(empty);
	kernel_want_free(&want_a);
	kernel_want_free(&want_b);
	report_free(&r);
}

static void foreign_object_in_the_way_is_an_error(void **state)
{
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	sh("ip route add default via 172.16.0.2 table 101");
	assert_int_equal(apply(&want, run_a), -EEXIST);
	sh("ip route del default table 101");
	sh("ip rule add from 203.0.113.32/28 lookup 101 priority 1000");
	assert_int_equal(apply(&want, run_a), -EEXIST);
	sh("ip rule del priority 1000");
	kernel_want_free(&want);
	report_free(&r);
}

static void sysctl_changed_by_somebody_is_not_restored(void **state)
{
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	build(&s.c, &want, &r);
	assert_int_equal(kernel_sysctl_set("net/ipv6/conf/er0p/accept_ra", "1"), 0);
	assert_true(apply(&want, run_a) > 0);
	assert_int_equal(kernel_sysctl_set("net/ipv6/conf/er0p/accept_ra", "0"), 0);
	assert_true(apply(&nothing, run_a) > 0);
	assert_shows("cat /proc/sys/net/ipv6/conf/er0p/accept_ra", "0");
	assert_int_equal(kernel_sysctl_set("net/ipv6/conf/er0p/accept_ra", "1"), 0);
	kernel_want_free(&want);
	report_free(&r);
}

static void want_leaves_out_what_would_harm(void **state)
{
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;

	(void)state;
	sample_fill(&s);
	s.pools[0].prefix = pfx("172.16.0.1"); /* the gateway's own address */
	s.inbound[0].prefix = pfx("172.16.0.4/30"); /* holds a next hop */
	s.hops0[0].prefix = pfx("198.51.100.9"); /* in no subnet of er0 */
	s.links[1].interface = "absent";
	build(&s.c, &want, &r);
	for (size_t i = 0; i < want.route_count; i++) {
		const struct kernel_route *w = &want.routes[i];

		assert_false(w->kind == ROUTE_BLACKHOLE && w->to.family == 4);
		if (w->kind == ROUTE_UNICAST)
			assert_int_equal(w->hop_count, 1);
		if (w->kind == ROUTE_UNICAST && w->to.family == 4)
			assert_true(w->hops[0].onlink);
		if (w->kind == ROUTE_UNICAST && w->to.family == 6)
			assert_false(w->hops[0].onlink);
	}
	assert_int_equal(r.count, 1); /* one warning, not one a family */
	assert_true(apply(&want, run_a) > 0);
	assert_shows("ip route show table 101", "default via 198.51.100.9 dev er0 proto 90 onlink");
	assert_true(apply(&nothing, run_a) > 0);
	kernel_want_free(&want);
	report_free(&r);
}

/* A server of the inside may have a public address that a pool contains. */
static void a_pool_with_a_server_is_no_blackhole(void **state)
{
	struct config_prefix server = { .prefix = pfx("203.0.113.35") };
	struct config_service service = { .name = "s", .public = { &server, 1 }, .servers = { &server, 1 } };
	struct kernel_want want;
	struct report r = { 0 };
	struct sample s;
	size_t holes = 0;

	(void)state;
	sample_fill(&s);
	s.c.services = &service;
	s.c.service_count = 1;
	build(&s.c, &want, &r);
	for (size_t i = 0; i < want.route_count; i++) {
		holes += want.routes[i].kind == ROUTE_BLACKHOLE;
		assert_false(want.routes[i].kind == ROUTE_BLACKHOLE &&
			     prefix_equal(&want.routes[i].to, &s.pools[0].prefix));
	}
	assert_int_equal(holes, 2); /* of the other pools */
	kernel_want_free(&want);
	report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apply_makes_it_and_stop_leaves_nothing),
		cmocka_unit_test(changed_hops_are_replaced),
		cmocka_unit_test(failure_in_the_middle_puts_all_back),
		cmocka_unit_test(failing_stop_puts_all_back),
		cmocka_unit_test(two_instances_leave_each_other_alone),
		cmocka_unit_test(foreign_object_in_the_way_is_an_error),
		cmocka_unit_test(sysctl_changed_by_somebody_is_not_restored),
		cmocka_unit_test(want_leaves_out_what_would_harm),
		cmocka_unit_test(a_pool_with_a_server_is_no_blackhole),
	};

	return cmocka_run_group_tests(tests, topology, clean);
}
