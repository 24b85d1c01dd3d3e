// SPDX-License-Identifier: GPL-2.0-only
/* What a row of answers means. Asking needs a network: tests/netns/probe.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>
#include "../../userspace/probe.h"

/* Outcomes, + answered and - not, and the states they lead to, U and D. */
static const struct {
	const char *claim, *outcomes, *states;
	unsigned int rise, fall;
	bool up;
} rows[] = {
	{ "three failures take it down", "---", "UUD", 2, 3, true },
	{ "an answer in between begins the count anew", "--+--+--", "UUUUUUUU", 2, 3, true },
	{ "two answers bring it up", "++", "DU", 2, 3, false },
	{ "a failure in between begins the count anew", "+-+-++", "DDDDDU", 2, 3, false },
	{ "one is enough where one is asked for", "-+-+", "DUDU", 1, 1, true },
	{ "the counts of both ways do not mix", "---++--+", "UUDDUUUU", 2, 3, true },
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prober p = { .check = { .rise = rows[i].rise, .fall = rows[i].fall },
					.up = rows[i].up };

		for (size_t k = 0; rows[i].outcomes[k]; k++) {
			bool was = p.up, changed = probe_count(&p, rows[i].outcomes[k] == '+');

			if (p.up != (rows[i].states[k] == 'U') || changed != (was != p.up))
				fail_msg("%s: outcome %zu", rows[i].claim, k);
		}
	}
}

/* The model counts from the last change on, slowly. */
static void random_rows_hold_against_a_model(void **state)
{
	struct prober p = { .check = { .rise = 3, .fall = 4 }, .up = true };
	bool history[2000], up = true;

	(void)state;
	srandom(7);
	for (size_t i = 0; i < 2000; i++) {
		size_t row = 0;

		history[i] = random() % 3 != 0;
		probe_count(&p, history[i]);
		while (row <= i && history[i - row] != up)
			row++;
		up = row >= (up ? 4u : 3u) ? !up : up;
		assert_int_equal(p.up, up);
	}
}

static void target_is_said_as_it_is_written(void **state)
{
	struct prefix four, six;
	const char *why;
	char text[80];

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", &four, &why), 0);
	assert_int_equal(address_parse("2001:db8::1", &six, &why), 0);
	assert_string_equal(probe_target_text(IPPROTO_ICMP, &four.address, 0, text, sizeof(text)),
			    "icmp/192.0.2.1");
	assert_string_equal(probe_target_text(IPPROTO_TCP, &four.address, 443, text, sizeof(text)),
			    "tcp/192.0.2.1:443");
	assert_string_equal(probe_target_text(IPPROTO_ICMP, &six.address, 0, text, sizeof(text)),
			    "icmp/2001:db8::1");
	assert_string_equal(probe_target_text(IPPROTO_TCP, &six.address, 443, text, sizeof(text)),
			    "tcp/[2001:db8::1]:443");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(random_rows_hold_against_a_model),
		cmocka_unit_test(target_is_said_as_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
