// SPDX-License-Identifier: GPL-2.0-only
/* What a service publishes, read back from pieces; and the one word for its state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "../../userspace/observe_service.h"

/* Of main.c: what reads maps stands in the same file, and is not called here. */
const char *option_config, *option_gateway;

#define NOW (1000 * NANOSECONDS)
#define PORTS 65536

static struct service_key key(uint8_t protocol, uint16_t port, uint32_t bits)
{
	struct service_key k = { .length = SERVICE_KEY_PORTS + bits, .protocol = protocol,
				 .port = htons(port) };

	k.address.s6_addr[10] = k.address.s6_addr[11] = 0xff;
	memcpy(&k.address.s6_addr[12], "\xc6\x33\x64\x05", 4);
	return k;
}

static void an_entry_is_a_range_of_ports(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t port;
		uint32_t bits;
		const char *text;
	} rows[] = {
		{ IPPROTO_TCP, 443, 16, "tcp/443" },
		{ IPPROTO_UDP, 5000, 13, "udp/5000-5007" },
		{ IPPROTO_TCP, 0, 0, "tcp/0-65535" },
		{ IPPROTO_TCP, 65535, 16, "tcp/65535" },
		{ IPPROTO_ICMP, 0, 16, "icmp" },
		{ IPPROTO_ICMPV6, 0, 16, "icmp" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service_key k = key(rows[i].protocol, rows[i].port, rows[i].bits);
		struct published p = published_of(&k, 7);
		char text[32];

		assert_int_equal(p.service, 7);
		assert_string_equal(published_text(&p, text, sizeof(text)), rows[i].text);
	}
}

static void only_what_is_alike_is_joined(void **state)
{
	struct service_key keys[] = { key(IPPROTO_TCP, 5003, 16), key(IPPROTO_TCP, 5001, 16),
				      key(IPPROTO_TCP, 5000, 16), key(IPPROTO_UDP, 5004, 16),
				      key(IPPROTO_UDP, 5005, 16), key(IPPROTO_UDP, 5006, 16) };
	struct published at[6];

	(void)state;
	keys[4].address.s6_addr[15]++;
	keys[5].address.s6_addr[15]++;
	for (size_t i = 0; i < 6; i++)
		at[i] = published_of(&keys[i], i < 5 ? 1 : 2);
	assert_int_equal(published_join(at, 6), 5);
	assert_int_equal(at[0].first, 5000);
	assert_int_equal(at[0].last, 5001);
	assert_int_equal(published_join(NULL, 0), 0);
}

/* Cuts a range as a trie must have it: always the largest block that is aligned. */
static size_t cut(struct published *at, uint32_t first, uint32_t last)
{
	size_t count = 0;

	while (first <= last) {
		uint32_t bits = 0;
		struct service_key k;

		while (first & ((PORTS >> bits) - 1) || first + (PORTS >> bits) - 1 > last)
			bits++;
		k = key(IPPROTO_TCP, (uint16_t)first, bits);
		at[count++] = published_of(&k, 1);
		first += PORTS >> bits;
	}
	return count;
}

static void shuffle(struct published *at, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		size_t k = (size_t)random() % (i + 1);
		struct published p = at[i];

		at[i] = at[k];
		at[k] = p;
	}
}

/* The model is a port a bit: its runs are the ranges. */
static void pieces_become_ranges_again(void **state)
{
	static struct published at[1024];
	static bool model[PORTS + 1];

	(void)state;
	srandom(3);
	for (int round = 0; round < 200; round++) {
		size_t count = 0, run = 0;

		memset(model, 0, sizeof(model));
		for (int i = 0; i < 8; i++) {
			uint32_t first = (uint32_t)random() % PORTS, last = first;

			last += (uint32_t)random() % (i % 2 ? 3 : PORTS - first);
			last = last < PORTS ? last : PORTS - 1;
			count += cut(at + count, first, last);
			memset(model + first, 1, last - first + 1);
		}
		shuffle(at, count);
		count = published_join(at, count);
		for (uint32_t port = 0; port < PORTS; port++) {
			if (!model[port] || (port && model[port - 1]))
				continue;
			assert_true(run < count);
			assert_int_equal(at[run].first, port);
			assert_true(model[at[run].last] && !model[at[run].last + 1]);
			run++;
		}
		assert_int_equal(run, count);
	}
}

static void state_counts_the_servers_that_take_flows(void **state)
{
	/* u up, d down, D drained, X drained and down, e an end of the mark that passed */
	static const struct {
		const char *servers, *text;
		uint32_t flags;
	} rows[] = {
		{ "uuu", "ready", SERVICE_PRESENT },	 { "udu", "2 of 3 up", SERVICE_PRESENT },
		{ "ddd", "down", SERVICE_PRESENT },	 { "uDu", "ready", SERVICE_PRESENT },
		{ "DDX", "draining", SERVICE_PRESENT },	 { "dDd", "down", SERVICE_PRESENT },
		{ "udDX", "1 of 2 up", SERVICE_PRESENT }, { "ee", "ready", SERVICE_PRESENT },
		{ "ud", "retiring", 0 },		 { "", "retiring", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service s = { .flags = rows[i].flags };
		struct server_health h = { 0 };
		size_t count = strlen(rows[i].servers);
		char text[32];

		s.servers6 = count > 1;
		s.servers4 = (uint8_t)(count - s.servers6);
		for (size_t k = 0; k < count; k++) {
			s.servers[k].drained = strchr("DX", rows[i].servers[k]) != NULL;
			h.servers[k].down_until = strchr("dX", rows[i].servers[k]) ? NOW + 1 :
						  rows[i].servers[k] == 'e' ? NOW : 0;
		}
		if (strcmp(service_state(&s, &h, NOW, text, sizeof(text)), rows[i].text))
			fail_msg("%s: %s instead of %s", rows[i].servers, text, rows[i].text);
	}
}

static void a_server_nobody_asks_is_not_said_to_be_up(void **state)
{
	static const struct {
		struct probe probe;
		bool daemon;
		uint32_t drained;
		const char *text;
	} rows[] = {
		{ { 0, 0 }, true, 0, "unchecked" },	{ { 0, 5 }, true, 0, "up" },
		{ { 0, 5 }, false, 0, "unknown" },	{ { NOW + 1, 5 }, true, 0, "down" },
		{ { NOW + 1, 5 }, false, 0, "down" },	{ { NOW, 5 }, true, 0, "unknown" },
		{ { 0, 5 }, true, 1, "up,drained" },	{ { NOW + 1, 5 }, true, 1, "down,drained" },
		{ { 0, 0 }, true, 1, "unchecked,drained" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server s = { .drained = rows[i].drained };
		char text[32];

		assert_string_equal(server_state(&s, &rows[i].probe, NOW, rows[i].daemon, text,
						 sizeof(text)), rows[i].text);
	}
}

static void no_more_servers_than_an_entry_has_room_for(void **state)
{
	struct service s = { .servers4 = 200, .servers6 = 100 };

	(void)state;
	assert_int_equal(service_servers(&s), SERVICE_SERVERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_a_range_of_ports),
		cmocka_unit_test(only_what_is_alike_is_joined),
		cmocka_unit_test(pieces_become_ranges_again),
		cmocka_unit_test(state_counts_the_servers_that_take_flows),
		cmocka_unit_test(a_server_nobody_asks_is_not_said_to_be_up),
		cmocka_unit_test(no_more_servers_than_an_entry_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
