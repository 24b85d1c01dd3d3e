// SPDX-License-Identifier: GPL-2.0-only
/* What needs no privileges: texts, and reading dumps. The rest is tests/netns/kernel_test.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/kernel.h"

static struct prefix pfx(const char *text)
{
	struct prefix p;
	const char *why;

	assert_int_equal(prefix_parse(text, &p, &why), 0);
	return p;
}

static void rule_text_is_what_ip_takes(void **state)
{
	struct kernel_rule pool = {
		.from = pfx("203.0.113.32/28"), .family = 4, .table = 101, .priority = 1000
	};
	struct kernel_rule link = { .from = { .family = 6 },
				    .family = 6,
				    .oif = "er2.100",
				    .table = 254,
				    .priority = 1050,
				    .suppress_default = true };
	char text[192];

	(void)state;
	assert_string_equal(kernel_rule_text(&pool, "add", text, sizeof(text)),
			    "rule add from 203.0.113.32/28 lookup 101 priority 1000");
	assert_string_equal(kernel_rule_text(&link, "del", text, sizeof(text)),
			    "-6 rule del from all oif er2.100 lookup main suppress_prefixlength 0"
			    " priority 1050");
}

static void route_text_is_what_ip_takes(void **state)
{
	struct kernel_route last = {
		.to = { .family = 6 }, .table = 101, .metric = UINT32_MAX, .kind = ROUTE_UNREACHABLE
	};
	struct kernel_route one = { .to = { .family = 4 },
				    .table = 101,
				    .hop_count = 1,
				    .hops = { { .ifindex = 1, .onlink = true } } };
	struct kernel_route hole = { .to = pfx("192.168.1.0/24"),
				     .table = 254,
				     .kind = ROUTE_BLACKHOLE };
	char text[192], small[16];

	(void)state;
	one.hops[0].gateway = pfx("172.16.0.2").address;
	assert_string_equal(kernel_route_text(&last, "add", text, sizeof(text)),
			    "-6 route add unreachable default table 101 metric 4294967295");
	assert_string_equal(kernel_route_text(&one, "add", text, sizeof(text)),
			    "route add default table 101 via 172.16.0.2 dev lo onlink");
	assert_string_equal(kernel_route_text(&hole, "del", text, sizeof(text)),
			    "route del blackhole 192.168.1.0/24");
	assert_string_equal(kernel_route_text(&hole, "del", small, sizeof(small)),
			    "route del black");
}

static void bad_routes_are_refused_before_the_kernel(void **state)
{
	struct kernel_route r = { .to = { .family = 4 }, .table = 101 };
	struct kernel_rule foreign = { .family = 4, .other = true };

	(void)state;
	assert_int_equal(kernel_route_add(&r), -EINVAL); /* unicast without a hop */
	r.hop_count = KERNEL_HOPS + 1;
	assert_int_equal(kernel_route_add(&r), -EINVAL);
	r.kind = ROUTE_OTHER;
	assert_int_equal(kernel_route_delete(&r), -EINVAL);
	assert_int_equal(kernel_rule_delete(&foreign), -EINVAL);
}

static void dumps_work_without_privileges(void **state)
{
	struct kernel_link *links;
	struct kernel_rule *rules;
	size_t n, main_rules = 0, loopbacks = 0;

	(void)state;
	assert_int_equal(kernel_links(&links, &n), 0);
	for (size_t i = 0; i < n; i++)
		loopbacks += !strcmp(links[i].name, "lo") && links[i].ifindex == 1;
	assert_int_equal(loopbacks, 1);
	free(links);
	assert_int_equal(kernel_rules(&rules, &n), 0);
	for (size_t i = 0; i < n; i++)
		main_rules +=
			rules[i].table == 254 && rules[i].priority == 32766 && !rules[i].other;
	assert_true(main_rules > 0);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_text_is_what_ip_takes),
		cmocka_unit_test(route_text_is_what_ip_takes),
		cmocka_unit_test(bad_routes_are_refused_before_the_kernel),
		cmocka_unit_test(dumps_work_without_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
