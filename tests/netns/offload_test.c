// SPDX-License-Identifier: GPL-2.0-only
/* rxvlan of a real device: switched off before anything else, journaled, put back; or refused. */
#include "kernel_topology.h"
#include "../../userspace/kernel_card.h"

static const struct kernel_want nothing;

static void is_now(const char *device, const char *value)
{
	char path[64], now[16];

	snprintf(path, sizeof(path), "ethtool/%s/rxvlan", device);
	assert_int_equal(kernel_sysctl_get(path, now, sizeof(now)), 0);
	assert_string_equal(now, value);
}

/* Plans and runs; the steps before the switch of the slot go to `before`. */
static int plan(const struct kernel_want *want, struct steps *before)
{
	struct steps after = { 0 }, last = { 0 };
	int err = kernel_plan(want, run_a, before, &after, &last);

	err = err ? err : steps_run(before);
	err = err ? err : steps_run(&last);
	steps_free(&after);
	steps_free(&last);
	return err;
}

static void trunk_shows_tags_and_hides_them_again(void **state)
{
	struct kernel_sysctl off[] = { { "ethtool/er0/rxvlan", "off" } };
	const struct kernel_want want = { .sysctls = off, .sysctl_count = 1 };
	struct steps before = { 0 }, again = { 0 };

	(void)state;
	is_now("er0", "on");
	assert_int_equal(plan(&want, &before), 0);
	assert_int_equal(before.count, 1);
	assert_string_equal(before.at[0].text, "ethtool -K er0 rxvlan off");
	is_now("er0", "off");
	is_now("er1", "on");
	assert_int_equal(plan(&want, &again), 0);
	assert_int_equal(again.count, 0);
	assert_int_equal(plan(&nothing, &again), 0);
	is_now("er0", "on");
	steps_free(&before);
	steps_free(&again);
}

static void failure_puts_it_back(void **state)
{
	struct kernel_sysctl off[] = { { "ethtool/er0/rxvlan", "off" } };
	const struct kernel_want want = { .sysctls = off, .sysctl_count = 1 };
	struct steps before = { 0 };

	(void)state;
	assert_int_equal(plan(&want, &before), 0);
	steps_undo(&before);
	is_now("er0", "on");
	steps_free(&before);
}

static void what_was_off_stays_off(void **state)
{
	struct kernel_sysctl off[] = { { "ethtool/er1/rxvlan", "off" } };
	const struct kernel_want want = { .sysctls = off, .sysctl_count = 1 };
	struct steps before = { 0 };

	(void)state;
	sh("ethtool -K er1 rxvlan off");
	assert_int_equal(plan(&want, &before), 0);
	assert_int_equal(before.count, 0);
	assert_int_equal(plan(&nothing, &before), 0);
	is_now("er1", "off");
	steps_free(&before);
}

static void device_that_cannot_is_refused(void **state)
{
	(void)state;
	assert_int_equal(kernel_sysctl_set("ethtool/lo/rxvlan", "on"), -EOPNOTSUPP);
	assert_int_equal(kernel_sysctl_set("ethtool/absent0/rxvlan", "off"), -ENODEV);
}

static void what_a_card_does_is_read_as_ethtool_has_it(void **state)
{
	struct card card;

	(void)state;
	assert_int_equal(kernel_card("er0", &card), 0);
	assert_string_equal(card.driver, "veth");
	assert_true(card.virtual);
	assert_true(card.rx >= 1 && card.rx <= card.rx_most);
	assert_int_equal(kernel_card("none0", &card), -ENODEV);
	assert_false(kernel_card_feature("er0", "rx-lro"));
	sh("ethtool -K er0 gro on");
	assert_true(kernel_card_feature("er0", "rx-gro"));
	sh("ethtool -K er0 gro off");
	assert_false(kernel_card_feature("er0", "rx-gro"));
	assert_true(kernel_card_feature("er0", "tx-checksum-ip-generic"));
	assert_false(kernel_card_feature("er0", "no-such-feature"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_card_does_is_read_as_ethtool_has_it),
		cmocka_unit_test(trunk_shows_tags_and_hides_them_again),
		cmocka_unit_test(failure_puts_it_back),
		cmocka_unit_test(what_was_off_stays_off),
		cmocka_unit_test(device_that_cannot_is_refused),
	};

	return cmocka_run_group_tests(tests, topology, clean);
}
