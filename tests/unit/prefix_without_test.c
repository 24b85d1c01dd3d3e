// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set subtraction of prefixes: by example, and random sets against a naive model that asks for single
 * addresses. The model's world is the eight lowest bits of one IPv4 and one IPv6 prefix.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/prefix.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIST 16
#define ROUNDS 20000

static size_t parsed(const char *const *texts, struct prefix *out)
{
	const char *why;
	size_t n;

	for (n = 0; n < LIST && texts[n]; n++)
		if (prefix_parse(texts[n], &out[n], &why))
			fail_msg("%s: %s", texts[n], why);
	return n;
}

static void examples_hold(void **state)
{
	static const struct {
		const char *from[LIST], *away[LIST], *want;
	} rows[] = {
		{ { "198.18.0.0/24" }, { NULL }, "198.18.0.0/24" },
		{ { NULL }, { "198.18.0.0/24" }, "" },
		{ { "198.18.0.0/24" }, { "198.18.0.0/24" }, "" },
		{ { "198.18.0.0/24" }, { "198.18.0.0/16" }, "" },
		{ { "198.18.0.0/24" }, { "198.18.1.0/24", "198.17.255.0/24" }, "198.18.0.0/24" },
		{ { "198.18.0.0/24" }, { "198.18.0.0/25" }, "198.18.0.128/25" },
		{ { "198.18.0.0/29" },
		  { "198.18.0.3" },
		  "198.18.0.0/31 198.18.0.2/32 198.18.0.4/30" },
		{ { "198.18.0.0/30" },
		  { "198.18.0.0", "198.18.0.3" },
		  "198.18.0.1/32 198.18.0.2/32" },
		{ { "198.18.0.0/24", "198.18.0.64/26", "198.18.0.0/24" },
		  { "198.18.0.0/26" },
		  "198.18.0.64/26 198.18.0.128/25" },
		{ { "198.18.2.0/24", "198.18.1.0/24" },
		  { "198.18.0.0/23", "198.18.1.7" },
		  "198.18.2.0/24" },
		{ { "0.0.0.0/0" }, { "128.0.0.0/1" }, "0.0.0.0/1" },
		{ { "::/0" }, { "0.0.0.0/0" }, "::/0" },
		{ { "0.0.0.0/0" }, { "::/0" }, "0.0.0.0/0" },
		{ { "2001:db8::/126" }, { "2001:db8::1" }, "2001:db8::/128 2001:db8::2/127" },
		{ { "2001:db8::/32", "198.18.0.0/31" },
		  { "2001:db8::/33", "198.18.0.1" },
		  "198.18.0.0/32 2001:db8:8000::/33" },
	};
	struct prefix from[LIST], away[LIST], *out;
	char text[512], one[PREFIX_TEXT];
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = parsed(rows[i].from, from), m = parsed(rows[i].away, away);

		assert_int_equal(prefixes_without(from, n, away, m, &out, &count), 0);
		text[0] = '\0';
		for (size_t j = 0; j < count; j++) {
			strcat(text, j ? " " : "");
			strcat(text, prefix_text(&out[j], one));
		}
		free(out);
		assert_string_equal(text, rows[i].want);
	}
}

/* Eight bits of the world: the last byte, of a family. */
static struct prefix small(unsigned char family, unsigned int value, unsigned int length)
{
	struct prefix p;
	const char *why;

	assert_int_equal(prefix_parse(family == 4 ? "198.18.0.0" : "2001:db8::", &p, &why), 0);
	p.length = (unsigned char)(p.length - 8 + length);
	p.address.s6_addr[15] = (unsigned char)(value & ~(0xffu >> length));
	return p;
}

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static size_t some(uint32_t *seed, struct prefix *out)
{
	size_t n = next(seed) % LIST;

	for (size_t i = 0; i < n; i++)
		out[i] = small(next(seed) % 2 ? 4 : 6, next(seed) & 0xff, next(seed) % 9);
	return n;
}

static bool holds(const struct prefix *p, size_t n, const struct prefix *one)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_contains(&p[i], one))
			return true;
	return false;
}

/* Each address is there exactly when it should be; no piece meets another, none could be joined more. */
static void check_round(const struct prefix *from, size_t n, const struct prefix *away, size_t m)
{
	struct prefix *out;
	size_t count;

	assert_int_equal(prefixes_without(from, n, away, m, &out, &count), 0);
	for (unsigned int family = 4; family <= 6; family += 2)
		for (unsigned int value = 0; value < 256; value++) {
			struct prefix one = small((unsigned char)family, value, 8);

			assert_int_equal(holds(out, count, &one),
					 holds(from, n, &one) && !holds(away, m, &one));
		}
	for (size_t i = 0; i < count; i++) {
		assert_true(holds(from, n, &out[i])); /* a piece of one that was there, no join */
		assert_true(!i || prefix_compare(&out[i - 1], &out[i]) < 0);
		assert_false(i && prefix_overlaps(&out[i - 1], &out[i]));
	}
	free(out);
}

static void random_sets_match_a_model_of_single_addresses(void **state)
{
	struct prefix from[LIST], away[LIST];
	uint32_t seed = 0x5a3e9a7;
	size_t n, m;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		n = some(&seed, from);
		m = some(&seed, away);
		check_round(from, n, away, m);
	}
}

/* A wide prefix and as many excepted hosts as a provider publishes. */
static void many_hosts_of_a_wide_prefix(void **state)
{
	size_t n = 50000, count;
	struct prefix wide, *hosts = calloc(n, sizeof(*hosts)), *out;
	const char *why;

	(void)state;
	assert_non_null(hosts);
	assert_int_equal(prefix_parse("198.18.0.0/15", &wide, &why), 0);
	for (size_t i = 0; i < n; i++) {
		hosts[i] = wide;
		hosts[i].length = 32;
		hosts[i].address.s6_addr[13] |= (unsigned char)(2 * i >> 16);
		hosts[i].address.s6_addr[14] = (unsigned char)(2 * i >> 8);
		hosts[i].address.s6_addr[15] = (unsigned char)(2 * i);
	}
	assert_int_equal(prefixes_without(&wide, 1, hosts, n, &out, &count), 0);
	assert_in_range(count, n, n + 15); /* every other host, and what is left behind the last */
	assert_int_equal(out[0].address.s6_addr[15], 1);
	free(out);
	free(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_hold),
		cmocka_unit_test(random_sets_match_a_model_of_single_addresses),
		cmocka_unit_test(many_hosts_of_a_wide_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
