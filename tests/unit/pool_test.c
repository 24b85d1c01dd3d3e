// SPDX-License-Identifier: GPL-2.0-only
/* Which addresses are above the mark, and when that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/observe_circuit.h"

#define ADDRESSES 300

const char *option_config, *option_gateway; /* of main.c, which is not in the library */

static struct in6_addr numbered(unsigned int n)
{
	struct in6_addr a = {0};

	a.s6_addr[10] = a.s6_addr[11] = 0xff;
	a.s6_addr[12] = 203;
	a.s6_addr[14] = (unsigned char)(n >> 8);
	a.s6_addr[15] = (unsigned char)n;
	return a;
}

static void use(struct pool_usages *now, uint8_t circuit, unsigned int n, uint64_t mapped)
{
	struct in6_addr a = numbered(n);
	struct pool_usage *u = pool_usages_entry(now, circuit, &a, 100);

	assert_non_null(u);
	u->mapped = mapped;
}

struct heard {
	unsigned int times[3][ADDRESSES];
	unsigned int all;
};

static void hear(void *context, const struct pool_usage *u)
{
	struct heard *h = context;

	h->times[u->circuit][u->address.s6_addr[14] << 8 | u->address.s6_addr[15]]++;
	h->all++;
}

/* One round with one address; how often it was told. */
static unsigned int round_of(struct pool_usages *known, uint64_t mapped)
{
	struct pool_usages now = {0};
	struct heard h = {0};

	use(&now, 1, 7, mapped);
	assert_int_equal(pool_filling(&now, known, hear, &h), 0);
	pool_usages_free(&now);
	return h.all;
}

static void told_once_and_again_only_after_it_was_below(void **state)
{
	struct pool_usages known = {0};

	(void)state;
	assert_int_equal(round_of(&known, 80), 0);
	assert_int_equal(known.count, 0);
	assert_int_equal(round_of(&known, 81), 1);
	assert_int_equal(known.count, 1);
	assert_int_equal(round_of(&known, 100), 0);
	assert_int_equal(round_of(&known, 81), 0);
	assert_int_equal(round_of(&known, 80), 0);
	assert_int_equal(round_of(&known, 81), 1);
	pool_usages_free(&known);
}

/* However many are full at once, and in whatever order, each is told for itself. */
static void every_address_is_told_for_itself(void **state)
{
	struct pool_usages known = {0}, now = {0};
	struct heard h = {0};

	(void)state;
	for (unsigned int i = 0; i < ADDRESSES; i++)
		for (uint8_t circuit = 1; circuit < 3; circuit++)
			use(&now, circuit, i * 7 % ADDRESSES, circuit == 1 || i % 2 ? 90 : 10);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pool_filling(&now, &known, hear, &h), 0);
	assert_int_equal(h.all, ADDRESSES + ADDRESSES / 2);
	for (unsigned int i = 0; i < ADDRESSES; i++)
		assert_int_equal(h.times[1][i], 1);
	assert_int_equal(known.count, h.all);
	pool_usages_free(&known);
	pool_usages_free(&now);
}

static void circuit_without_ports_is_not_full(void **state)
{
	struct pool_usages known = {0}, now = {0};
	struct in6_addr a = numbered(1);
	struct heard h = {0};

	(void)state;
	pool_usages_entry(&now, 1, &a, 0)->mapped = 5;
	assert_int_equal(pool_filling(&now, &known, hear, &h), 0);
	assert_int_equal(h.all, 0);
	pool_usages_free(&known);
	pool_usages_free(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_once_and_again_only_after_it_was_below),
		cmocka_unit_test(every_address_is_told_for_itself),
		cmocka_unit_test(circuit_without_ports_is_not_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
