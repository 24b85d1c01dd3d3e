// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watcher of the soak (tests/lib/watch_judge.h): lawful traffic counts nothing, and each of its counters
 * rises, alone, for a frame that it is there for.
 */
#include "watch_help.h"

static void lawful_traffic_counts_nothing(void **state)
{
	struct frame asked, sent;

	(void)state;
	converse(CLIENT, 5000, POOL, 5000, SERVER, ER0);
	converse(CLIENT, 5000, POOL, 5000, SERVER, ER1); /* links of one circuit */
	converse(OTHER, 5000, POOL, 5001, SERVER, ER0);
	converse(CLIENT6, 5000, POOL6, 5000, SERVER6, ER0);
	serve(40000, ER0, INBOUND, TCP_SYN);
	serve(40000, ER0, INBOUND, TCP_ACK);
	serial++;
	asked = udp(CLIENT, 5000, SERVER, 53, 64);
	sent = udp(POOL, 5000, SERVER, 53, 63);
	on(LAN, TOWARD, asked);
	on(ER0, FROM, sent);
	on(ER0, TOWARD, error(SERVER, POOL, &sent));
	on(LAN, FROM, error(SERVER, CLIENT, &asked));
	on(LAN, FROM, error("10.1.20.1", CLIENT, &asked));
	now += 20000; /* longer than anything lives: another may have what it wore */
	converse(OTHER, 5000, POOL, 5000, SERVER, ER0);
	serve(40000, WAN, "192.168.1.9", TCP_SYN);
	risen(COUNT_NONE);
	assert_int_equal(wires[LAN].matched + wires[ER0].matched + wires[ER1].matched + wires[WAN].matched, 17);
}

static void one_print_of_two_connections_teaches_nothing(void **state)
{
	(void)state;
	serial++;
	on(LAN, TOWARD, udp(CLIENT, 5000, SERVER, 53, 64));
	on(LAN, TOWARD, udp(OTHER, 5000, SERVER, 53, 64));
	on(ER0, FROM, udp(POOL, 5000, SERVER, 53, 63));
	on(ER0, FROM, udp(POOL, 5001, SERVER, 53, 63));
	converse(OTHER, 5000, POOL, 5000, SERVER, ER0);
	converse(CLIENT, 5000, POOL, 5001, SERVER, ER0);
	risen(COUNT_NONE);
}

static void source_of_nobody(void **state)
{
	(void)state;
	on(ER0, FROM, udp("198.51.100.77", 5000, SERVER, 53, 63));
	risen(COUNT_SOURCE);
}

static void source_of_another_link(void **state)
{
	(void)state;
	on(ER1, FROM, udp("172.16.0.1", 5000, SERVER, 53, 63));
	risen(COUNT_SOURCE);
}

static void inside_source(void **state)
{
	(void)state;
	on(WAN, FROM, udp(CLIENT, 5000, SERVER, 53, 63));
	risen(COUNT_INSIDE);
}

static void inside_source6(void **state)
{
	(void)state;
	on(WAN, FROM, udp(CLIENT6, 5000, SERVER6, 53, 63));
	risen(COUNT_INSIDE);
}

static void inbound_source(void **state)
{
	(void)state;
	on(ER0, FROM, udp(INBOUND, 5000, SERVER, 53, 63));
	risen(COUNT_INSIDE);
}

static void gateways_inside_address(void **state)
{
	(void)state;
	on(ER0, FROM, udp("10.1.20.1", 5000, SERVER, 53, 63));
	risen(COUNT_INSIDE);
}

static void inside_address_in_a_quote(void **state)
{
	struct frame got = udp(SERVER, 53, OTHER, 5000, 63);

	(void)state;
	on(ER0, FROM, error(POOL, SERVER, &got));
	risen(COUNT_INSIDE);
}

static void inside_address_behind_a_quote(void **state)
{
	struct frame got = udp(SERVER, 53, POOL, 5000, 63), f;

	(void)state;
	got.size += 8;
	inet_pton(AF_INET, CLIENT, got.at + got.size - 7);
	f = error(POOL, SERVER, &got);
	on(ER0, FROM, f);
	risen(COUNT_INSIDE);
}

static void pool_of_another_circuit(void **state)
{
	struct frame f;

	(void)state;
	ip_make(&f, IPPROTO_GRE, POOL, SERVER, 63, 8); /* without ports only addresses are judged */
	on(WAN, FROM, f);
	risen(COUNT_FOREIGN);
}

static void pool_of_another_circuit_in_a_quote(void **state)
{
	struct frame got = udp(SERVER, 53, POOL, 5000, 63);

	(void)state;
	on(WAN, FROM, error("203.0.113.1", SERVER, &got));
	risen(COUNT_FOREIGN);
}

static void service_answers_over_another_circuit(void **state)
{
	(void)state;
	serve(40000, ER0, INBOUND, TCP_ACK);
	serial++;
	on(LAN, TOWARD, tcp(OTHER, 80, INBOUND, 40000, 64, TCP_ACK));
	on(WAN, FROM, tcp(PUBLIC, 80, SERVER, 40000, 63, TCP_ACK));
	risen(COUNT_PIN);
}

static void answer_came_in_elsewhere(void **state)
{
	(void)state;
	converse(CLIENT, 5000, POOL, 5000, SERVER, ER0);
	serial++;
	on(WAN, TOWARD, udp(SERVER, 53, POOL, 5000, 64)); /* which no gateway can help */
	risen(COUNT_NONE);
	on(LAN, FROM, udp(SERVER, 53, CLIENT, 5000, 63));
	risen(COUNT_RETURN);
}

static void nobody_asked(void **state)
{
	(void)state;
	serial++;
	on(ER0, TOWARD, udp(SERVER, 53, POOL, 6000, 64));
	on(LAN, FROM, udp(SERVER, 53, CLIENT, 6000, 63));
	risen(COUNT_UNASKED);
}

static void to_no_inside_address(void **state)
{
	(void)state;
	on(LAN, FROM, udp("10.1.20.1", 53, "198.51.100.77", 5000, 63));
	risen(COUNT_STRAY);
}

static void sends(const char *client, const char *pool, unsigned int port, int wire)
{
	serial++;
	on(LAN, TOWARD, tcp(client, 5000, SERVER, 80, 64, TCP_ACK));
	on(wire, FROM, tcp(pool, port, SERVER, 80, 63, TCP_ACK));
}

static void two_behind_one_tuple(void **state)
{
	(void)state;
	sends(CLIENT, POOL, 5000, ER0);
	now += 18000;
	sends(OTHER, POOL, 5000, ER0);
	risen(COUNT_SHARED);
}

static void two_sockets_behind_one_port(void **state)
{
	(void)state;
	converse(CLIENT, 5000, POOL, 5000, SERVER, ER0);
	converse(OTHER, 5000, POOL, 5000, "198.18.1.11", ER0);
	risen(COUNT_SHARED);
}

static void two_behind_one_of_a_service(void **state)
{
	(void)state;
	serve(40000, ER0, INBOUND, TCP_ACK);
	serial++;
	on(LAN, TOWARD, tcp(CLIENT, 80, "192.168.1.9", 40000, 64, TCP_ACK));
	on(ER0, FROM, tcp(PUBLIC, 80, SERVER, 40000, 63, TCP_ACK));
	risen(COUNT_SHARED);
}

static void another_tuple_than_before(void **state)
{
	(void)state;
	sends(CLIENT, POOL, 5000, ER0);
	now += 18000;
	sends(CLIENT, POOL, 5001, ER1);
	risen(COUNT_CHANGED);
}

static void by_no_circuit_of_its_rule(void **state)
{
	(void)state;
	sends(CLIENT, "203.0.113.1", 5000, WAN);
	risen(COUNT_POLICY);
}

static void out_of_nothing(void **state)
{
	(void)state;
	on(ER0, FROM, tcp(POOL, 5000, SERVER, 80, 63, TCP_ACK));
	risen(COUNT_ORIGIN);
}

static void other_than_it_came(void **state)
{
	(void)state;
	converse(CLIENT, 5000, POOL, 5000, SERVER, ER0);
	on(ER0, TOWARD, udp(SERVER, 53, POOL, 5000, 64));
	serial++; /* another body */
	on(LAN, FROM, udp(SERVER, 53, CLIENT, 5000, 63));
	risen(COUNT_ORIGIN);
}

static void as_many_hops_as_before(void **state)
{
	(void)state;
	serial++;
	on(LAN, TOWARD, udp(CLIENT6, 5000, SERVER6, 53, 64));
	on(ER0, FROM, udp(POOL6, 5000, SERVER6, 53, 64));
	risen(COUNT_TTL);
}

static void wrong_sum(void **state)
{
	static const struct {
		const char *pool, *server;
		size_t at;
	} rows[] = { { POOL, SERVER, 20 + 6 }, { POOL, SERVER, 10 }, { POOL6, SERVER6, 40 + 6 } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f = udp(rows[i].pool, 5000, rows[i].server, 53, 63);

		setup(state);
		on(LAN, TOWARD, udp(i == 2 ? CLIENT6 : CLIENT, 5000, rows[i].server, 53, 64));
		f.at[ETH_HLEN + rows[i].at] ^= 1;
		on(ER0, FROM, f);
		risen(COUNT_CHECKSUM);
	}
}

static void wrong_sum_in_a_quote(void **state)
{
	struct frame asked = udp(CLIENT, 5000, SERVER, 53, 64);

	(void)state;
	asked.at[ETH_HLEN + 10] ^= 1;
	on(LAN, FROM, error(SERVER, CLIENT, &asked));
	risen(COUNT_CHECKSUM);
}

static void quote_that_was_not_put_back(void **state)
{
	struct frame sent = udp(POOL6, 5000, SERVER6, 53, 63);

	(void)state;
	on(LAN, FROM, error(SERVER6, CLIENT6, &sent));
	risen(COUNT_QUOTE);
}

static void error_to_another_host(void **state)
{
	struct frame sent = udp(CLIENT, 5000, SERVER, 53, 64);
	struct frame sent6 = udp(CLIENT6, 5000, SERVER6, 53, 64);

	(void)state;
	on(LAN, FROM, error(SERVER, CLIENT, &sent));
	on(LAN, FROM, error(SERVER6, CLIENT6, &sent6));
	risen(COUNT_NONE);
	on(LAN, FROM, error(SERVER, OTHER, &sent));
	risen(COUNT_QUOTE);
}

static void error_to_another_host_of_ipv6(void **state)
{
	struct frame sent = udp(CLIENT6, 5000, SERVER6, 53, 64);

	(void)state;
	on(LAN, FROM, error(SERVER6, "2001:db8:10:20::3", &sent));
	risen(COUNT_QUOTE);
}

static void longer_than_its_frame(void **state)
{
	struct frame f = udp(POOL, 5000, SERVER, 53, 63);

	(void)state;
	f.size--;
	on(ER0, FROM, f);
	risen(COUNT_MALFORMED);
}

static void of_no_kind(void **state)
{
	struct frame f = udp(POOL, 5000, SERVER, 53, 63);

	(void)state;
	put16(f.at + 12, 0x88cc);
	on(ER0, FROM, f);
	risen(COUNT_MALFORMED);
}

/* Whatever a frame says, reading it stays within it: for the sanitizers. */
static void frames_of_noise(void **state)
{
	struct frame seeds[3], f;
	unsigned int i, random = 1;
	unsigned char *copy;

	(void)state;
	seeds[0] = tcp(POOL, 5000, SERVER, 80, 63, TCP_ACK);
	seeds[1] = udp(POOL6, 5000, SERVER6, 53, 63);
	seeds[2] = error(POOL, SERVER, &seeds[0]);
	for (i = 0; i < 30000; i++) {
		f = seeds[i % 3];
		random = random * 1103515245 + 12345;
		f.at[12 + (random >> 8) % (f.size - 12)] = (unsigned char)(random >> 20);
		f.size -= (random >> 4) % 4 ? 0 : (random >> 16) % f.size;
		copy = malloc(f.size ? f.size : 1);
		memcpy(copy, f.at, f.size);
		judge(&wires[i % 4], i & 4, copy, f.size, now);
		free(copy);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(lawful_traffic_counts_nothing), TEST(one_print_of_two_connections_teaches_nothing),
		TEST(source_of_nobody), TEST(source_of_another_link), TEST(inside_source), TEST(inside_source6),
		TEST(inbound_source), TEST(gateways_inside_address), TEST(inside_address_in_a_quote),
		TEST(inside_address_behind_a_quote), TEST(pool_of_another_circuit),
		TEST(pool_of_another_circuit_in_a_quote), TEST(service_answers_over_another_circuit),
		TEST(answer_came_in_elsewhere), TEST(nobody_asked), TEST(to_no_inside_address),
		TEST(two_behind_one_tuple), TEST(two_sockets_behind_one_port), TEST(two_behind_one_of_a_service),
		TEST(another_tuple_than_before), TEST(by_no_circuit_of_its_rule), TEST(out_of_nothing),
		TEST(other_than_it_came), TEST(as_many_hops_as_before), TEST(wrong_sum),
		TEST(wrong_sum_in_a_quote), TEST(quote_that_was_not_put_back),
		TEST(error_to_another_host), TEST(error_to_another_host_of_ipv6), TEST(longer_than_its_frame),
		TEST(of_no_kind), TEST(frames_of_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
