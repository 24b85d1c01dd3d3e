// SPDX-License-Identifier: GPL-2.0-only
/* Addresses and prefixes: spelling, order, containment against a bit-by-bit model, scopes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/prefix.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct prefix parsed(const char *text)
{
	struct prefix p;
	const char *why;

	if (prefix_parse(text, &p, &why))
		fail_msg("%s: %s", text, why);
	assert_null(why);
	return p;
}

static void prefixes_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *printed;
		int family, length;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", 4, 24 },
		{ "192.0.2.7", "192.0.2.7/32", 4, 32 },
		{ "192.0.2.6/31", "192.0.2.6/31", 4, 31 },
		{ "0.0.0.0/0", "0.0.0.0/0", 4, 0 },
		{ "255.255.255.255", "255.255.255.255/32", 4, 32 },
		{ "2001:db8::/32", "2001:db8::/32", 6, 32 },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1/128", 6, 128 },
		{ "::/0", "::/0", 6, 0 },
		{ "::1", "::1/128", 6, 128 },
		{ "64:ff9b::198.51.100.1", "64:ff9b::c633:6401/128", 6, 128 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 6, 128 },
	};
	char text[PREFIX_TEXT];
	struct prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		p = parsed(rows[i].text);
		assert_string_equal(prefix_text(&p, text), rows[i].printed);
		assert_int_equal(p.family, rows[i].family);
		assert_int_equal(p.length, rows[i].length);
		assert_int_equal(prefix_mapped_length(&p), rows[i].length + (p.family == 4 ? 96 : 0));
	}
}

static void what_is_none_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "not an address" },
		{ "192.168.101", "not an address" },
		{ "192.0.2.256", "not an address" },
		{ "192.0.2.010", "not an address" },
		{ " 192.0.2.1", "not an address" },
		{ "192.0.2.1 ", "not an address" },
		{ "0xc0.0.2.1", "not an address" },
		{ "lan0", "not an address" },
		{ "/24", "not an address" },
		{ "192.0.2.0/", "length is not a number from 0 to 32" },
		{ "192.0.2.0/33", "length is not a number from 0 to 32" },
		{ "192.0.2.0/024", "length is not a number from 0 to 32" },
		{ "192.0.2.0/+24", "length is not a number from 0 to 32" },
		{ "192.0.2.0/-1", "length is not a number from 0 to 32" },
		{ "192.0.2.0/24/8", "length is not a number from 0 to 32" },
		{ "192.0.2.0/4294967320", "length is not a number from 0 to 32" },
		{ "192.0.2.0/255.255.255.0", "length is not a number from 0 to 32" },
		{ "192.0.2.7/24", "bits are set behind the prefix length" },
		{ "0.0.0.1/0", "bits are set behind the prefix length" },
		{ "2001:db8::/129", "length is not a number from 0 to 128" },
		{ "2001:db8::1/127", "bits are set behind the prefix length" },
		{ "2001:db8:::1", "not an IPv6 address" },
		{ "2001:db8::1%lan0", "not an IPv6 address" },
		{ "2001:db8::g", "not an IPv6 address" },
		{ "::ffff:192.0.2.1", "write it as IPv4" },
		{ "::ffff:c000:201", "write it as IPv4" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/1280000000", "not an address or prefix" },
	};
	struct prefix p;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (!prefix_parse(rows[i].text, &p, &why))
			fail_msg("%s: accepted", rows[i].text);
		if (!why || !strstr(why, rows[i].why))
			fail_msg("%s: %s", rows[i].text, why ? why : "no reason");
	}
}

static void an_address_has_no_length(void **state)
{
	char text[PREFIX_TEXT];
	struct prefix p;
	const char *why;

	(void)state;
	assert_int_equal(address_parse("192.0.2.7", &p, &why), 0);
	assert_string_equal(address_text(&p.address, text), "192.0.2.7");
	assert_int_equal(address_parse("2001:db8::7", &p, &why), 0);
	assert_string_equal(address_text(&p.address, text), "2001:db8::7");
	assert_int_equal(address_parse("192.0.2.7/32", &p, &why), -1);
	assert_string_equal(why, "a prefix where one address is meant");
}

/* Naive: the own family's bits, one after the other. */
static bool model_contains(const struct prefix *outer, const struct prefix *inner)
{
	int bit, first = outer->family == 4 ? 96 : 0;

	if (outer->family != inner->family || inner->length < outer->length)
		return false;
	for (bit = first; bit < first + outer->length; bit++)
		if ((outer->address.s6_addr[bit / 8] ^ inner->address.s6_addr[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

/* Of few bits, so that containment is common. */
static struct prefix random_prefix(unsigned int *seed)
{
	struct prefix p = parsed(rand_r(seed) % 2 ? "192.0.2.0/24" : "2001:db8::/32");
	int bit, first = p.family == 4 ? 96 : 0;

	p.length = (unsigned char)(p.length + rand_r(seed) % 7);
	for (bit = first + p.length - 3; bit < first + p.length; bit++)
		if (rand_r(seed) % 2)
			p.address.s6_addr[bit / 8] |= 0x80 >> bit % 8;
	return p;
}

static void containment_agrees_with_the_model(void **state)
{
	unsigned int seed = 1, contained = 0;
	struct prefix a, b;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		a = random_prefix(&seed);
		b = random_prefix(&seed);
		assert_int_equal(prefix_contains(&a, &b), model_contains(&a, &b));
		assert_int_equal(prefix_overlaps(&a, &b), model_contains(&a, &b) || model_contains(&b, &a));
		assert_int_equal(prefix_equal(&a, &b), model_contains(&a, &b) && model_contains(&b, &a));
		assert_int_equal(prefix_equal(&a, &b), !prefix_compare(&a, &b));
		assert_int_equal(prefix_compare(&a, &b) > 0, prefix_compare(&b, &a) < 0);
		contained += prefix_contains(&a, &b);
	}
	assert_true(contained > 500 && contained < 15000);
}

static void families_never_meet(void **state)
{
	struct prefix four = parsed("0.0.0.0/0"), six = parsed("::/0"), one = parsed("192.0.2.1");

	(void)state;
	assert_false(prefix_overlaps(&four, &six));
	assert_false(prefix_contains(&six, &one));
	assert_true(prefix_contains(&four, &one));
}

static void order_is_family_address_length(void **state)
{
	static const char *const sorted[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9",
					      "192.0.2.0/24", "192.0.2.1/32", "::/0", "2001:db8::/32",
					      "2001:db8::/48", "2001:db8:1::/48" };
	struct prefix list[COUNT(sorted)];
	char text[PREFIX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sorted); i++)
		list[(i * 7 + 3) % COUNT(sorted)] = parsed(sorted[i]);
	qsort(list, COUNT(sorted), sizeof(list[0]), prefix_compare);
	for (i = 0; i < COUNT(sorted); i++)
		assert_string_equal(prefix_text(&list[i], text), sorted[i]);
}

/* The address next to a prefix: the one before its first, or the one behind its last. There must be one. */
static struct prefix beside(struct prefix p, bool behind)
{
	int bit, end = (int)prefix_mapped_length(&p), byte = 15;

	p.length = p.family == 4 ? 32 : 128;
	for (bit = end; behind && bit < 128; bit++)
		p.address.s6_addr[bit / 8] |= 0x80 >> bit % 8;
	if (behind)
		while (!++p.address.s6_addr[byte])
			byte--;
	else
		while (!p.address.s6_addr[byte]--)
			byte--;
	return p;
}

static void expect_scope(const struct prefix *p, enum prefix_scope scope)
{
	char text[PREFIX_TEXT];

	if (prefix_scope(p) != scope)
		fail_msg("%s: scope %d", prefix_text(p, text), prefix_scope(p));
}

static void a_special_range_ends_where_the_registry_says(void **state)
{
	static const struct {
		const char *text;
		enum prefix_scope scope;
		bool before, behind; /* public on that side */
	} rows[] = {
		{ "10.0.0.0/8", SCOPE_PRIVATE, true, true },
		{ "172.16.0.0/12", SCOPE_PRIVATE, true, true },
		{ "192.168.0.0/16", SCOPE_PRIVATE, true, true },
		{ "100.64.0.0/10", SCOPE_PRIVATE, true, true },
		{ "192.0.2.0/24", SCOPE_DOCUMENTATION, true, true },
		{ "198.51.100.0/24", SCOPE_DOCUMENTATION, true, true },
		{ "203.0.113.0/24", SCOPE_DOCUMENTATION, true, true },
		{ "198.18.0.0/15", SCOPE_BENCHMARK, true, true },
		{ "0.0.0.0/8", SCOPE_SPECIAL, false, true },
		{ "127.0.0.0/8", SCOPE_SPECIAL, true, true },
		{ "169.254.0.0/16", SCOPE_SPECIAL, true, true },
		{ "224.0.0.0/3", SCOPE_SPECIAL, true, false },
		{ "2001:db8::/32", SCOPE_DOCUMENTATION, true, true },
		{ "3fff::/20", SCOPE_DOCUMENTATION, true, true },
		{ "2001::/23", SCOPE_SPECIAL, true, true },
		{ "::/3", SCOPE_SPECIAL, false, true },
		{ "4000::/2", SCOPE_SPECIAL, true, false },
	};
	struct prefix p, side;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		p = parsed(rows[i].text);
		expect_scope(&p, rows[i].scope);
		if (rows[i].before) {
			side = beside(p, false);
			expect_scope(&side, SCOPE_PUBLIC);
		}
		if (rows[i].behind) {
			side = beside(p, true);
			expect_scope(&side, SCOPE_PUBLIC);
		}
	}
}

static void a_part_has_the_scope_and_a_whole_the_worst(void **state)
{
	static const struct {
		const char *text;
		enum prefix_scope scope;
	} rows[] = {
		{ "10.255.255.255", SCOPE_PRIVATE }, { "192.168.101.0/24", SCOPE_PRIVATE },
		{ "198.51.100.0/28", SCOPE_DOCUMENTATION }, { "198.19.255.255", SCOPE_BENCHMARK },
		{ "127.0.0.1", SCOPE_SPECIAL }, { "255.255.255.255", SCOPE_SPECIAL },
		{ "0.0.0.0/0", SCOPE_SPECIAL }, { "192.0.0.0/8", SCOPE_SPECIAL },
		{ "10.0.0.0/7", SCOPE_PRIVATE }, { "::/0", SCOPE_SPECIAL },
		{ "2001:db8:1::/48", SCOPE_DOCUMENTATION }, { "2001:2::1", SCOPE_BENCHMARK },
		{ "2002::1", SCOPE_SPECIAL }, { "fd12::1", SCOPE_PRIVATE }, { "fe80::1", SCOPE_SPECIAL },
		{ "ff02::1", SCOPE_SPECIAL }, { "::1", SCOPE_SPECIAL },
	};
	struct prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		p = parsed(rows[i].text);
		expect_scope(&p, rows[i].scope);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read_and_printed),
		cmocka_unit_test(what_is_none_is_refused_with_its_reason),
		cmocka_unit_test(an_address_has_no_length),
		cmocka_unit_test(containment_agrees_with_the_model),
		cmocka_unit_test(families_never_meet),
		cmocka_unit_test(order_is_family_address_length),
		cmocka_unit_test(a_special_range_ends_where_the_registry_says),
		cmocka_unit_test(a_part_has_the_scope_and_a_whole_the_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
