// SPDX-License-Identifier: GPL-2.0-only
/* Claims about filters and phases; no map, no privilege. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>
#include "../../userspace/flow_filter.h"

#define NOW (1000 * NANOSECONDS)

int observe_circuit_number(const struct observe *o, const char *name)
{
	(void)o;
	return strcmp(name, "chicago") ? -1 : 1;
}

int observe_class_number(const struct observe *o, const char *name)
{
	(void)o;
	return strcmp(name, "exchange") ? -1 : 2;
}

int observe_service_number(const struct observe *o, const char *name)
{
	(void)o;
	return strcmp(name, "hybrid") ? -1 : 2; /* the number of a class too */
}

static struct settings settings;

static void mapped(struct in6_addr *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	inet_pton(AF_INET, text, &out->s6_addr[12]);
}

static struct flow_record record(uint8_t protocol, uint32_t forward, uint32_t reply)
{
	struct flow_record r = {.family = 4, .has_reply = 1, .reply = {.flags = reply}};

	for (int i = 0; i < STATE_MAX; i++)
		settings.timeout[i] = 100 * NANOSECONDS;
	settings.timeout[STATE_INBOUND_HALF_OPEN] = 20 * NANOSECONDS;
	mapped(&r.key.saddr, "10.1.20.5");
	mapped(&r.key.daddr, "198.51.100.7");
	mapped(&r.saddr, "203.0.113.33");
	r.key.sport = htons(40000);
	r.key.dport = htons(443);
	r.key.protocol = protocol;
	r.forward.flags = forward;
	r.forward.circuit = 1;
	r.forward.class = 2;
	r.forward.last = r.reply.last = NOW - 50 * NANOSECONDS;
	return r;
}

/* A flow of a service: from outside through its public address to a server. */
static struct flow_record inbound(void)
{
	struct flow_record r = record(IPPROTO_TCP, FLOW_OPENED_OUTSIDE | FLOW_FROM_CIRCUIT | FLOW_SERVICE,
				      FLOW_REPLY | FLOW_OPENED_OUTSIDE | FLOW_TO_CIRCUIT | FLOW_SERVICE);

	mapped(&r.key.saddr, "198.18.5.9");
	mapped(&r.saddr, "192.168.1.7");
	mapped(&r.daddr, "192.168.0.101");
	return r;
}

static int match(const struct flow_record *r, const char *words)
{
	char text[128], *argv[16], *save = NULL;
	struct flow_filter f;
	int argc = 0;

	strcpy(text, words);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	if (flow_filter_parse(&f, argc, argv, NULL))
		return -1;
	return flow_filter_match(&f, r, &settings, NOW);
}

static void filter_takes_every_word(void **state)
{
	static const char *const yes[] = {
		"", "src 10.1.0.0/16", "dst 198.51.100.7", "address 10.0.0.0/8",
		"address 198.51.100.0/24", "pool 203.0.113.33", "sport 40000", "dport 443",
		"port 443", "port 40000", "proto tcp", "proto 6", "circuit chicago", "class exchange",
		"state established", "src 10.1.0.0/16 dport 443 proto tcp", "opened inside"};
	static const char *const no[] = {
		"src 10.2.0.0/16", "dst 10.1.20.5", "address 203.0.113.0/24", "pool 203.0.113.34",
		"sport 443", "dport 40000", "port 80", "proto udp", "state dead", "src 2001:db8::/32",
		"src 10.1.0.0/16 dport 444", "opened outside", "opened hairpin", "service hybrid",
		"server 198.51.100.7"};
	struct flow_record r = record(IPPROTO_TCP, FLOW_TO_CIRCUIT, FLOW_FROM_CIRCUIT);

	(void)state;
	mapped(&r.daddr, "198.51.100.7");
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (match(&r, yes[i]) != 1)
			fail_msg("should match: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (match(&r, no[i]) != 0)
			fail_msg("should not match: %s", no[i]);
}

static void filter_knows_a_flow_of_a_service(void **state)
{
	static const char *const yes[] = {
		"service hybrid", "server 192.168.0.101", "opened outside", "pool 192.168.1.7",
		"src 198.18.5.9", "dst 198.51.100.7", "service hybrid circuit chicago"};
	static const char *const no[] = {
		"class exchange", "server 198.51.100.7", "server 192.168.0.102", "opened inside",
		"opened hairpin", "address 192.168.0.101"};
	struct flow_record r = inbound();

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (match(&r, yes[i]) != 1)
			fail_msg("should match: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (match(&r, no[i]) != 0)
			fail_msg("should not match: %s", no[i]);
}

static void hairpin_touches_no_circuit(void **state)
{
	struct flow_record r = inbound();

	(void)state;
	assert_string_equal(flow_opening_text(flow_opening(&r)), "outside");
	r.forward.flags = FLOW_SERVICE;
	assert_string_equal(flow_opening_text(flow_opening(&r)), "hairpin");
	assert_int_equal(match(&r, "opened hairpin service hybrid"), 1);
	assert_int_equal(match(&r, "opened inside"), 0);
	r.forward.flags = FLOW_TO_CIRCUIT;
	assert_string_equal(flow_opening_text(flow_opening(&r)), "inside");
}

static void filter_refuses_what_it_does_not_know(void **state)
{
	static const char *const bad[] = {
		"src", "src 10.1.20.5/8", "pool 203.0.113.0/24", "port 65536", "port -1", "port 4x",
		"proto 256", "state open", "circuit nowhere", "class nothing", "colour red",
		"service nothing", "server 192.168.0.0/24", "opened", "opened sideways"};
	struct flow_record r = record(IPPROTO_TCP, 0, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (match(&r, bad[i]) != -1)
			fail_msg("should be refused: %s", bad[i]);
}

static void phase_follows_flags_of_both_halves(void **state)
{
	static const struct {
		uint8_t protocol;
		uint32_t forward, reply;
		enum flow_phase phase;
	} rows[] = {
		{IPPROTO_TCP, FLOW_HALF_OPEN, 0, PHASE_HALF_OPEN},
		{IPPROTO_TCP, 0, 0, PHASE_ESTABLISHED},
		{IPPROTO_TCP, FLOW_FIN, 0, PHASE_ESTABLISHED},
		{IPPROTO_TCP, 0, FLOW_FIN, PHASE_ESTABLISHED},
		{IPPROTO_TCP, FLOW_FIN, FLOW_FIN, PHASE_CLOSING},
		{IPPROTO_TCP, FLOW_RST, 0, PHASE_CLOSING},
		{IPPROTO_TCP, 0, FLOW_RST, PHASE_CLOSING},
		{IPPROTO_UDP, 0, 0, PHASE_UDP},
		{IPPROTO_UDP, FLOW_HALF_OPEN, 0, PHASE_HALF_OPEN},
		{IPPROTO_ICMPV6, 0, 0, PHASE_ICMP},
		{IPPROTO_GRE, 0, 0, PHASE_OTHER},
		{253, FLOW_HALF_OPEN, 0, PHASE_HALF_OPEN},
		{IPPROTO_TCP, FLOW_KILLED, 0, PHASE_DEAD},
		/* 50 s silent, where 20 s are allowed */
		{IPPROTO_TCP, FLOW_HALF_OPEN | FLOW_OPENED_OUTSIDE, 0, PHASE_DEAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_record r = record(rows[i].protocol, rows[i].forward, rows[i].reply);

		if (flow_phase(&r, &settings, NOW) != rows[i].phase)
			fail_msg("row %zu", i);
	}
}

static void latest_packet_of_either_half_keeps_a_flow(void **state)
{
	struct flow_record r = record(IPPROTO_TCP, 0, 0);

	(void)state;
	r.forward.last = NOW - 101 * NANOSECONDS;
	assert_int_equal(flow_phase(&r, &settings, NOW), PHASE_ESTABLISHED);
	r.reply.last = r.forward.last;
	assert_int_equal(flow_phase(&r, &settings, NOW), PHASE_DEAD);
	r.reply.last = NOW - 100 * NANOSECONDS;
	assert_int_equal(flow_phase(&r, &settings, NOW), PHASE_ESTABLISHED);
	r.reply.last = NOW + NANOSECONDS; /* another CPU's clock read after ours */
	assert_int_equal(flow_phase(&r, &settings, NOW), PHASE_ESTABLISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_takes_every_word),
		cmocka_unit_test(filter_knows_a_flow_of_a_service),
		cmocka_unit_test(hairpin_touches_no_circuit),
		cmocka_unit_test(filter_refuses_what_it_does_not_know),
		cmocka_unit_test(phase_follows_flags_of_both_halves),
		cmocka_unit_test(latest_packet_of_either_half_keeps_a_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
