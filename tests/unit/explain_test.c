// SPDX-License-Identifier: GPL-2.0-only
/* Claims about the words of `explain`, and about the packet that is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../../userspace/explain.h"

const char *option_config, *option_gateway; /* of main.c, which is not in the library */

#define WORDS_MAX 16

static const uint16_t untagged[2];

static int parse(struct explain_request *q, const char *line)
{
	static char copy[256];
	char *words[WORDS_MAX], *at = copy;
	int count = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while (count < WORDS_MAX && (words[count] = strsep(&at, " ")))
		count++;
	return explain_parse(q, count, words);
}

static void words_are_understood(void **state)
{
	static const char *const rows[][2] = {
		{ "tcp 192.0.2.1:1 198.51.100.2:443", "tcp 192.0.2.1:1 > 198.51.100.2:443 SYN" },
		{ "tcp [2001:db8::1]:9 [2001:db8::2]:10 flags fin,ack", "tcp [2001:db8::1]:9 > [2001:db8::2]:10 FIN ACK" },
		{ "udp 192.0.2.1:1 198.51.100.2:53 on er0 ttl 1 size 900", "udp 192.0.2.1:1 > 198.51.100.2:53" },
		{ "icmp 192.0.2.1 198.51.100.2", "icmp 192.0.2.1 > 198.51.100.2" },
		{ "icmp 2001:db8::1 2001:db8::2", "icmp 2001:db8::1 > 2001:db8::2" },
		{ "echo-reply 192.0.2.1 198.51.100.2:77", "icmp reply 192.0.2.1 > 198.51.100.2:77" },
		{ "gre 192.0.2.1 198.51.100.2", "gre 192.0.2.1 > 198.51.100.2" },
		{ "255 192.0.2.1 198.51.100.2", "255 192.0.2.1 > 198.51.100.2" },
		{ "too-big 192.0.2.9 198.51.100.2 about udp 198.51.100.2:5 203.0.113.1:53",
		  "icmp type 3 code 4 192.0.2.9 > 198.51.100.2 about udp 198.51.100.2:5 > 203.0.113.1:53" },
	};
	struct explain_request q;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(&q, rows[i][0]), 0);
		assert_string_equal(explain_text(&q, text, sizeof(text)), rows[i][1]);
	}
}

static void what_is_no_packet_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "tcp", "tcp 192.0.2.1:1", "tcp 192.0.2.1 198.51.100.2:443", "udp 192.0.2.1:0 198.51.100.2:53",
		"tcp 192.0.2.1:99999 198.51.100.2:443", "tcp 192.0.2:1 198.51.100.2:443", "tcp :1 198.51.100.2:443",
		"tcp [2001:db8::1:9 [2001:db8::2]:10", "tcp [2001:db8::1]x9 [2001:db8::2]:10", "tcp [] []",
		"tcp 192.0.2.1:1 [2001:db8::2]:10", "nothing 192.0.2.1 198.51.100.2", "256 192.0.2.1 198.51.100.2",
		"-1 192.0.2.1 198.51.100.2", "tcp 192.0.2.1:1 198.51.100.2:443 on", "tcp 192.0.2.1:1 198.51.100.2:443 off er0",
		"tcp 192.0.2.1:1 198.51.100.2:443 flags up", "tcp 192.0.2.1:1 198.51.100.2:443 ttl 256",
		"tcp 192.0.2.1:1 198.51.100.2:443 size 3499", "tcp 192.0.2.1/24:1 198.51.100.2:443",
		"too-big 192.0.2.9 198.51.100.2", "too-big 192.0.2.9 198.51.100.2 of udp 198.51.100.2:5 203.0.113.1:53",
		"too-big 192.0.2.9 198.51.100.2 about udp 198.51.100.2:5",
		"too-big 192.0.2.9 198.51.100.2 about udp [2001:db8::1]:5 [2001:db8::2]:53",
	};
	struct explain_request q;

	(void)state;
	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(&q, rows[i]) != -22)
			fail_msg("taken: %s", rows[i]);
}

static unsigned int sum(const uint8_t *at, size_t size, unsigned int from)
{
	for (size_t i = 0; i < size; i++)
		from += i & 1 ? at[i] : (unsigned int)at[i] << 8;
	while (from >> 16)
		from = (from & 0xffff) + (from >> 16);
	return from;
}

/* Sums of IP header and transport, as a receiver adds them up. */
static void sums_are_right(const char *line)
{
	uint8_t frame[EXPLAIN_FRAME];
	struct explain_request q;
	int size, network, length;

	assert_int_equal(parse(&q, line), 0);
	size = explain_frame(&q, untagged, frame, sizeof(frame));
	assert_true(size > 14);
	if (q.packet.family == 4) {
		network = 20;
		assert_int_equal(sum(frame + 14, 20, 0), 0xffff);
		assert_int_equal(frame[16] << 8 | frame[17], size - 14);
	} else {
		network = 40;
		assert_int_equal(frame[18] << 8 | frame[19], size - 54);
	}
	length = size - 14 - network;
	if (q.packet.protocol == 1)
		assert_int_equal(sum(frame + 34, (size_t)length, 0), 0xffff);
	else
		assert_int_equal(sum(frame + 14 + network - (network == 20 ? 8 : 32), (size_t)length + (network == 20 ? 8 : 32),
				     q.packet.protocol + (unsigned int)length), 0xffff);
}

static void packets_are_sound(void **state)
{
	static const char *const rows[] = {
		"tcp 192.0.2.1:1 198.51.100.2:443", "tcp [2001:db8::1]:9 [2001:db8::2]:10 size 1201",
		"udp 192.0.2.1:1 198.51.100.2:53 size 3498", "udp [2001:db8::1]:9 [2001:db8::2]:10",
		"icmp 192.0.2.1:8 198.51.100.2", "icmp [2001:db8::1]:8 2001:db8::2",
		"echo-reply 2001:db8::1 [2001:db8::2]:5",
		"too-big 192.0.2.9 198.51.100.2 about tcp 198.51.100.2:5 203.0.113.1:53",
		"unreachable 2001:db8::9 2001:db8::1 about udp [2001:db8::1]:5 [2001:db8::2]:53",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		sums_are_right(rows[i]);
}

static void tags_come_before_the_packet(void **state)
{
	const uint16_t tags[2] = { 0x1000 | 7, 100 };
	const uint8_t want[] = { 0x88, 0xa8, 0, 7, 0x81, 0, 0, 100, 8, 0, 0x45 };
	uint8_t frame[EXPLAIN_FRAME];
	struct explain_request q;

	(void)state;
	assert_int_equal(parse(&q, "udp 192.0.2.1:1 198.51.100.2:53"), 0);
	assert_int_equal(explain_frame(&q, tags, frame, sizeof(frame)), 14 + 8 + 28);
	assert_memory_equal(frame + 12, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_understood),
		cmocka_unit_test(packets_are_sound),
		cmocka_unit_test(tags_come_before_the_packet),
		cmocka_unit_test(what_is_no_packet_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
