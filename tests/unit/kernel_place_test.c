// SPDX-License-Identifier: GPL-2.0-only
/* Where the frames of VLAN devices go by, and what that asks of the device at the bottom. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../maps/circuit.h"
#include "../../userspace/config.h"
#include "../../userspace/kernel.h"
#include "../../userspace/offload.h"
#include "../../userspace/report.h"

/* As `ip` would show them: the order says nothing, and a device may be above one with a higher number. */
static const struct kernel_link links[] = {
	{ .ifindex = 9, .name = "er0.100", .vlan = true, .parent = 3, .tag = 100 },
	{ .ifindex = 3, .name = "er0" },
	{ .ifindex = 4, .name = "er0.7", .vlan = true, .parent = 3, .tag = 7 | TAG_8021AD },
	{ .ifindex = 5, .name = "dallas", .vlan = true, .parent = 4, .tag = 100 },
	{ .ifindex = 6, .name = "deep", .vlan = true, .parent = 5, .tag = 1 },
	{ .ifindex = 7, .name = "priority", .vlan = true, .parent = 3 },
	{ .ifindex = 8, .name = "moved", .vlan = true, .tag = 5 },
	{ .ifindex = 10, .name = "service", .vlan = true, .parent = 7, .tag = 6 },
	{ .ifindex = 11, .name = "lan0" },
};
#define COUNT (sizeof(links) / sizeof(links[0]))

static void place_is_the_bottom_and_the_tags_from_outside(void **state)
{
	static const struct {
		int index, err, trunk;
		uint16_t outer, inner;
	} rows[] = {
		{ 1, 0, 1, 0, 0 },
		{ 8, 0, 8, 0, 0 },
		{ 0, 0, 1, 100, 0 },
		{ 2, 0, 1, 7 | TAG_8021AD, 0 },
		{ 3, 0, 1, 7 | TAG_8021AD, 100 },
		{ 4, -E2BIG, 0, 0, 0 },
		{ 5, -EINVAL, 0, 0, 0 },
		{ 6, -ENODEV, 0, 0, 0 },
		{ 7, -EINVAL, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kernel_place place;

		assert_int_equal(kernel_place(links, COUNT, &links[rows[i].index], &place), rows[i].err);
		if (rows[i].err)
			continue;
		assert_ptr_equal(place.trunk, &links[rows[i].trunk]);
		assert_int_equal(place.tags[0], rows[i].outer);
		assert_int_equal(place.tags[1], rows[i].inner);
	}
}

static size_t count_wants(const struct kernel_want *w, const char *path, const char *value)
{
	size_t found = 0;

	for (size_t i = 0; i < w->sysctl_count; i++)
		found += !strcmp(w->sysctls[i].path, path) && !strcmp(w->sysctls[i].value, value);
	return found;
}

static void tags_are_asked_for_once_and_on_trunks_only(void **state)
{
	static struct config_word inside[] = { { .text = "lan0" }, { .text = "er0.7" } };
	static struct config_link of[] = { { .interface = "er0.100" }, { .interface = "dallas" } };
	static struct config_circuit circuit = { .name = "c", .links = of, .link_count = 2 };
	struct config c = { .file = "t.yaml", .interfaces = { inside, 2 }, .circuits = &circuit,
			    .circuit_count = 1 };
	struct report r = { 0 };
	struct kernel_want want;

	(void)state;
	assert_int_equal(kernel_want_build(&c, links, COUNT, NULL, 0, &want, &r), 0);
	assert_int_equal(count_wants(&want, "ethtool/er0/rxvlan", "off"), 1);
	assert_int_equal(count_wants(&want, "ethtool/lan0/rxvlan", "off"), 0);
	assert_int_equal(count_wants(&want, "net/ipv4/conf/er0.100/forwarding", "1"), 1);
	assert_int_equal(count_wants(&want, "net/ipv4/conf/er0/forwarding", "1"), 0);
	kernel_want_free(&want);
	report_free(&r);
}

static void setting_is_read_as_people_write_it(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(offload_text("ethtool/er0.7/rxvlan", "off", text, sizeof(text)),
			    "ethtool -K er0.7 rxvlan off");
	assert_string_equal(offload_text("net/ipv4/conf/er0.7/forwarding", "1", text, sizeof(text)),
			    "sysctl -w net/ipv4/conf/er0.7/forwarding=1");
	assert_int_equal(kernel_sysctl_get("ethtool/absent0/rxvlan", text, sizeof(text)), -ENOENT);
	assert_int_equal(kernel_sysctl_get("ethtool/lo/rxvlan", text, sizeof(text)), 0);
	assert_string_equal(text, "off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_is_the_bottom_and_the_tags_from_outside),
		cmocka_unit_test(tags_are_asked_for_once_and_on_trunks_only),
		cmocka_unit_test(setting_is_read_as_people_write_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
