// SPDX-License-Identifier: GPL-2.0-only
/* The words of `circuit test`, and the packets that it asks by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "../../userspace/circuit_test.h"

/* main.c has them */
const char *option_config = "/nonexistent", *option_gateway;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void targets_are_read(void **state)
{
	static const struct {
		const char *text, *address; /* NULL: refused */
		unsigned int family, port;
	} rows[] = {
		{ "192.0.2.1", "::ffff:192.0.2.1", 4, 0 },
		{ "192.0.2.1:443", "::ffff:192.0.2.1", 4, 443 },
		{ "192.0.2.1:65535", "::ffff:192.0.2.1", 4, 65535 },
		{ "2001:db8::1", "2001:db8::1", 6, 0 },
		{ "[2001:db8::1]", "2001:db8::1", 6, 0 },
		{ "[2001:db8::1]:80", "2001:db8::1", 6, 80 },
		{ "", NULL, 0, 0 },
		{ "[", NULL, 0, 0 },
		{ "[]", NULL, 0, 0 },
		{ "[]:80", NULL, 0, 0 },
		{ "]:80", NULL, 0, 0 },
		{ "[2001:db8::1", NULL, 0, 0 },
		{ "[2001:db8::1]80", NULL, 0, 0 },
		{ "192.0.2.1:0", NULL, 0, 0 },
		{ "192.0.2.1:65536", NULL, 0, 0 },
		{ "192.0.2.1:-1", NULL, 0, 0 },
		{ "192.0.2.1:80x", NULL, 0, 0 },
		{ "192.0.2.1:", NULL, 0, 0 },
		{ "192.0.2", NULL, 0, 0 },
		{ "192.0.2.0/24", NULL, 0, 0 },
		{ "host.example.com", NULL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test_target t = { 0 };
		struct in6_addr address;
		int err = test_target_parse(rows[i].text, &t);

		if (!err != !!rows[i].address)
			fail_msg("'%s': %d", rows[i].text, err);
		if (err)
			continue;
		assert_int_equal(inet_pton(AF_INET6, rows[i].address, &address), 1);
		assert_memory_equal(&t.address, &address, sizeof(address));
		assert_int_equal(t.family, rows[i].family);
		assert_int_equal(t.port, rows[i].port);
	}
}

static int parse(struct test_request *q, const char *line)
{
	static char words[512];
	char *argv[64];
	int argc = 0;

	strcpy(words, line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return test_parse(q, argc, argv);
}

static void lines_are_read(void **state)
{
	static const char *const bad[] = { "", "--trace", "a b", "a --to", "a --to x", "a --from 192.0.2.1:5",
					   "a --count 0", "a --count 21", "a --count", "a --timeout 11",
					   "a --timeout x", "a --nothing 1", "a -", "a --",
					   /* no host, or none elsewhere */
					   "a --to 0.0.0.0", "a --to 0.1.2.3:80", "a --to 127.0.0.1", "a --to 224.0.0.5",
					   "a --to 240.0.0.1", "a --to 255.255.255.255:443", "a --to ::", "a --to ::1",
					   "a --to [::1]:80", "a --to ff02::1", "a --to ::ffff:192.0.2.1" };
	struct test_request q;
	char many[512] = "a";

	(void)state;
	assert_int_equal(parse(&q, "chicago"), 0);
	assert_string_equal(q.circuit, "chicago");
	assert_int_equal(q.count, 3);
	assert_int_equal(q.timeout, 1000);
	assert_int_equal(q.targets, 0);
	assert_int_equal(parse(&q, "--count 20 --to 192.0.2.1 a --trace --to [2001:db8::1]:5 --timeout 2 "
				   "--from 203.0.113.9"), 0);
	assert_int_equal(q.count, 20);
	assert_int_equal(q.timeout, 2000);
	assert_int_equal(q.targets, 2);
	assert_int_equal(q.from_family, 4);
	assert_true(q.trace);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (!parse(&q, bad[i]))
			fail_msg("'%s' was taken", bad[i]);
	for (int i = 0; i < TEST_DESTINATIONS; i++)
		strcat(many, " --to 192.0.2.1");
	assert_int_equal(parse(&q, many), 0);
	assert_int_equal(parse(&q, strcat(many, " --to 192.0.2.1")), -22);
}

static uint16_t sum(const uint8_t *at, size_t size, uint32_t s)
{
	for (size_t i = 0; i < size; i++)
		s += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* Every checksum is right: the far end would keep silent otherwise. */
static void packets_are_whole(void **state)
{
	static const char *const to[] = { "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443" };

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct test_target t;
		struct test_question q = { .to = &t, .port = 40321, .ttl = 3, .serial = 0xfffffff0 + i };
		uint8_t packet[TEST_PACKET], *l4;
		uint32_t size, head;

		assert_int_equal(test_target_parse(to[i % 4], &t), 0);
		inet_pton(AF_INET6, t.family == 4 ? "::ffff:203.0.113.40" : "2001:db8:1::5", &q.from);
		size = test_packet(&q, i > 3, packet);
		head = t.family == 4 ? 20 : 40;
		l4 = packet + head;
		assert_int_equal(packet[t.family == 4 ? 8 : 7], i > 3 ? 64 : 3);
		if (t.family == 4)
			assert_int_equal(sum(packet, 20, 0), 0xffff);
		if (t.family == 4 && !t.port)
			assert_int_equal(sum(l4, size - head, 0), 0xffff);
		else
			assert_int_equal(sum(packet + (t.family == 4 ? 12 : 8), size - (t.family == 4 ? 12 : 8),
					     size - head + test_protocol(&t)), 0xffff);
		if (t.port)
			assert_int_equal(l4[13], i > 3 ? 0x04 : 0x02);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(packets_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
