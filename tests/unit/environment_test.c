// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../userspace/apply.h"

static void kernels_from_6_1_on_will_do(void **state)
{
	static const char *const good[] = { "6.1.0-56-cloud-amd64", "6.1", "6.1-rc3", "6.10.3",
					    "6.12.117+deb12-cloud-amd64", "6.18.44", "7.0.0", "10.2" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(apply_kernel_will_do(good[i]));
}

static void older_kernels_and_what_is_no_number_will_not(void **state)
{
	static const char *const bad[] = { "6.0.12", "5.10.0-30-cloud-amd64", "5.15.0-1051-azure",
					   "4.19.0", "2.6.78", "6", "", "six" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(apply_kernel_will_do(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_from_6_1_on_will_do),
		cmocka_unit_test(older_kernels_and_what_is_no_number_will_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
