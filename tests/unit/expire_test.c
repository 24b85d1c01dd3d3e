// SPDX-License-Identifier: GPL-2.0-only
/* Expiry: how long a sweep rests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "../../userspace/expire.h"

const char *option_config, *option_gateway; /* of main.c, which is not in the library */

static uint64_t seconds(uint32_t walked4, uint32_t walked6, uint64_t live4, uint64_t live6)
{
	struct sweep s = {.reached = {walked4, walked6},
			  .entries = {[SWEPT_FLOWS4] = live4, [SWEPT_FLOWS6] = live6}};

	return expire_rest(&s) / NANOSECONDS;
}

static void rest_grows_with_what_is_walked_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(seconds(0, 0, 0, 0), 1);
	assert_int_equal(seconds(100000, 0, 0, 0), 1);
	assert_int_equal(seconds(1000000, 500000, 0, 0), 6);
	assert_int_equal(seconds(2000000, 0, 20, 0), 8);
	assert_int_equal(seconds(2000000, 0, 0, 125000), 1); /* a sixteenth is live: nothing is late */
	assert_int_equal(seconds(2000000, 0, 124999, 0), 8);
	assert_int_equal(seconds(UINT32_MAX, UINT32_MAX, 0, 0), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rest_grows_with_what_is_walked_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
