/* SPDX-License-Identifier: GPL-2.0-only */
/* snat: which address and port a new flow wears, and what is left when it gets none. */
#include "rig.c"

static struct outcome knock(int f, uint8_t protocol, enum place from, enum place to, int port)
{
	return hear(LAN, talk(f, protocol, from, to, port, 443), NULL);
}

/* The pool of chicago becomes one address with these ports. */
static void pool_is(unsigned int low, unsigned int high, unsigned int addresses)
{
	struct circuit c = circuit_get(CHICAGO);

	c.port_min = low;
	c.port_max = high;
	c.out4.range[0].count = c.out4.addresses = addresses;
	c.out6.range[0].count = c.out6.addresses = addresses;
	circuit_put(CHICAGO, &c);
}

/* The destination alone is chicago's: exhaustion must not spill. */
static void one_circuit(void)
{
	unsigned int rule = RULE_ORDERED;

	put("rules", &rule, &(struct rule){.circuits = {CHICAGO, INTERNET}, .count = 2});
}

static void snat_keeps_source_port_when_free(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct outcome o = knock(f, protocols[i], PILOT, AT_EXCHANGE, 4321);

		verdict_is(o.verdict, V_FORWARDED, "kept", f);
		assert_int_equal(tuple_of(&o.frame).sport, 4321);
	}
}

static void snat_takes_another_port_on_a_clash(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i;

	(void)state;
	pool_is(1024, 65535, 1);
	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct outcome a = knock(f, protocols[i], PILOT, AT_EXCHANGE, 4321);
		struct outcome b = knock(f, protocols[i], PILOT_TWO, AT_EXCHANGE, 4321), back;

		verdict_is(b.verdict, V_FORWARDED, "clash", f);
		assert_true(same_address(tuple_of(&a.frame).saddr, tuple_of(&b.frame).saddr));
		assert_int_not_equal(tuple_of(&b.frame).sport, 4321);
		assert_in_range(tuple_of(&b.frame).sport, 1024, 65535);
		assert_true(sums_right(&b.frame));
		back = hear(ER0, reply_of(&b), &(struct shape){.answer = true, .tcp = SYN | ACK, .ack = 1});
		verdict_is(back.verdict, V_FORWARDED, "clash, back", f);
		assert_int_equal(tuple_of(&back.frame).dport, 4321);
		assert_true(same_address(tuple_of(&back.frame).daddr, at(PILOT_TWO, f)));
		assert_true(sums_right(&back.frame));
	}
}

/* An ICMP error whose quote is the packet as it was sent (RFC 792, RFC 4443). */
static void refusal_is(struct outcome *o, const struct frame *sent, int family)
{
	unsigned int header = family == 4 ? 20 : 40;
	uint8_t *icmp = l4_of(&o->frame);

	assert_int_equal(o->action, XDP_TX);
	assert_int_equal(o->frame.length, ETHER + header + 8 + ip_length(sent));
	assert_int_equal(icmp[0], family == 4 ? 3 : 1);
	assert_int_equal(icmp[1], family == 4 ? 13 : 1);
	assert_true(sums_right(&o->frame));
	assert_memory_equal(icmp + 8, sent->data + ETHER, ip_length(sent));
	assert_true(same_address(tuple_of(&o->frame).saddr, at(AT_GATEWAY, family)));
	assert_true(same_address(tuple_of(&o->frame).daddr, at(PILOT, family)));
	assert_memory_equal(o->frame.data, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
}

static void exhaustion_at(int f, uint8_t protocol, unsigned int ports)
{
	unsigned int i;

	pool_is(2000, 2000 + ports - 1, 1);
	for (i = 0; i < ports; i++)
		verdict_is(knock(f, protocol, PILOT, AT_EXCHANGE, 2000 + i).verdict, V_FORWARDED,
			   "room for all", f);
	struct tuple t = talk(f, protocol, PILOT, AT_EXCHANGE, 9999, 443);
	struct frame sent = frame_make(&t, NULL);
	struct outcome o = run(LAN, &sent);

	verdict_is(o.verdict, V_POOL_EXHAUSTED, "one too many", f);
	refusal_is(&o, &sent, f);
	assert_int_equal(halves(f), 2 * ports);
	assert_int_equal(half_open_of(SIDE_INSIDE), ports);
}

static void exhausted_pool_refuses_answers_and_never_spills(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		one_circuit();
		exhaustion_at(f, protocols[i], 5);
	}
}

/* One port is left of as many as there are probes, and the client wants one that is taken. */
static void range_of_as_many_ports_as_probes_is_searched_through(void **state)
{
	struct tuple last = talk(4, IPPROTO_ICMP, PILOT_TWO, AT_EXCHANGE, 2000, 0), there, back;
	unsigned int i;
	uint64_t none = 0;

	(void)state;
	one_circuit();
	pool_is(2000, 2063, 1);
	for (i = 0; i < 63; i++)
		verdict_is(knock(4, IPPROTO_ICMP, PILOT, AT_EXCHANGE, 2000 + i).verdict, V_FORWARDED,
			   "fills", 4);
	for (i = 0; i < 400; i++) {
		verdict_is(hear(LAN, last, NULL).verdict, V_FORWARDED, "a port is free", 4);
		assert_true(half_translated(&last, &there));
		back = turned(there);
		half_forget(&last);
		half_forget(&back);
		bpf_map_delete_elem(map_of("hosts"), &last.saddr);
		put("half_open", &(uint32_t){SIDE_INSIDE}, &none);
	}
}

static uint64_t long_searches(void)
{
	return total("circuit_counters", CHICAGO, sizeof(struct circuit_counter),
		     offsetof(struct circuit_counter, long_searches));
}

/* A client that wants a taken port walks on from it: so many steps as ports are taken behind it. */
static void near_exhaustion_is_counted_before_failure(void **state)
{
	(void)state;
	pool_is(50000, 50063, 1);
	EACH_FAMILY(f) {
		uint64_t before = long_searches();
		int port;

		for (port = 50000; port < 50040; port++)
			verdict_is(knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, port).verdict, V_FORWARDED,
				   "fills", f);
		assert_int_equal(long_searches(), before);
		verdict_is(knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 50010).verdict, V_FORWARDED,
			   "31 tries", f);
		assert_int_equal(long_searches(), before);
		verdict_is(knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 50000).verdict, V_FORWARDED,
			   "42 tries", f);
		assert_int_equal(long_searches(), before + 1);
	}
}

static void mappings_tell_for_themselves(void **state)
{
	(void)state;
	pool_is(50000, 50009, 1);
	EACH_FAMILY(f) {
		uint64_t before = long_searches();
		int port;

		for (port = 50000; port < 50009; port++)
			knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, port);
		verdict_is(knock(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, 50000).verdict, V_FORWARDED,
			   "10 tries", f);
		assert_int_equal(long_searches(), before);
	}
}

static void same_port_serves_other_destinations(void **state)
{
	(void)state;
	pool_is(2000, 2000, 1);
	EACH_FAMILY(f) {
		verdict_is(knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 2000).verdict, V_FORWARDED, "a", f);
		verdict_is(knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE_TWO, 2000).verdict, V_FORWARDED,
			   "b", f);
		verdict_is(knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 2000).verdict,
			   V_POOL_EXHAUSTED, "c", f);
	}
}

static void tcp_takes_the_next_address_when_its_own_is_full(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct in6_addr first = {0};

		pool_is(2000, 2001, 3);
		for (i = 0; i < 6; i++) {
			struct outcome o = knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 2000 + i);

			verdict_is(o.verdict, V_FORWARDED, "next address", f);
			if (!i)
				first = tuple_of(&o.frame).saddr;
			assert_int_equal(same_address(first, tuple_of(&o.frame).saddr), i < 2);
		}
		verdict_is(knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 3000).verdict, V_POOL_EXHAUSTED,
			   "all full", f);
	}
}

static void host_stays_on_one_address(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct in6_addr first = {0};

		for (i = 0; i < 20; i++) {
			struct outcome o = knock(f, i & 1 ? IPPROTO_TCP : IPPROTO_UDP, PILOT,
						 i & 2 ? AT_EXCHANGE : AT_EXCHANGE_TWO, 4000 + i);

			if (!i)
				first = tuple_of(&o.frame).saddr;
			assert_true(same_address(first, tuple_of(&o.frame).saddr));
		}
	}
}

static void hosts_of_one_subnet_use_the_whole_pool(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		unsigned int host, used[256] = {0}, count = 0;

		pool_is(1024, 65535, 16);
		for (host = 1; host <= 100; host++) {
			struct tuple t = talk(f, IPPROTO_ICMP, PILOT, AT_EXCHANGE, 4000, 0);
			struct outcome o;

			t.saddr.s6_addr[15] = host;
			o = hear(LAN, t, NULL);
			count += !used[tuple_of(&o.frame).saddr.s6_addr[15]]++;
		}
		if (count < 12)
			fail_msg("IPv%d: 100 hosts use %u of 16 addresses", f, count);
	}
}

static void udp_mapping_is_endpoint_independent(void **state)
{
	(void)state;
	pool_is(1024, 65535, 1);
	EACH_FAMILY(f) {
		struct outcome a, b, c;

		knock(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, 4000);
		a = knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000);
		b = knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE_TWO, 4000);
		assert_int_not_equal(tuple_of(&a.frame).sport, 4000);
		assert_int_equal(tuple_of(&a.frame).sport, tuple_of(&b.frame).sport);
		assert_int_equal(entries(f == 4 ? "mappings4" : "mappings6"), 4);
		/* a mapped port is nobody else's, whatever the destination */
		c = knock(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE_TWO, tuple_of(&a.frame).sport);
		assert_int_not_equal(tuple_of(&c.frame).sport, tuple_of(&a.frame).sport);
	}
}

static void filtering_is_address_and_port_dependent(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000);
		struct tuple back = reply_of(&o);

		back.sport++;
		verdict_is(hear(ER0, back, NULL).verdict, V_UNSOLICITED, "other port", f);
		back.sport--;
		back.saddr = at(AT_EXCHANGE_TWO, f);
		verdict_is(hear(ER0, back, NULL).verdict, V_UNSOLICITED, "other address", f);
	}
}

/* A mapping whose pool entry is gone, as two cores that open at once, or a stopped sweep, leave. */
static void half_a_mapping_does_not_shut_its_endpoint_out(void **state)
{
	struct mapping_key4 key = {.port = htons(4000), .protocol = IPPROTO_UDP,
				   .circuit_side = CHICAGO * 2 + MAPPING_INSIDE};
	struct mapping4 value = {.seen = monotonic(), .port = htons(4000)};
	struct in6_addr pilot = at(PILOT, 4), pool = at(AT_CHICAGO, 4);

	(void)state;
	memcpy(&key.address, &pilot.s6_addr[12], 4);
	memcpy(&value.address, &pool.s6_addr[12], 4);
	put("mappings4", &key, &value);
	verdict_is(knock(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000).verdict, V_FORWARDED, "orphan", 4);
}

/* The same, when the port went to another endpoint meanwhile. */
static void mapping_that_is_another_s_does_not_shut_its_endpoint_out(void **state)
{
	struct mapping_key4 key = {.port = htons(4000), .protocol = IPPROTO_UDP,
				   .circuit_side = CHICAGO * 2 + MAPPING_INSIDE};
	struct mapping4 value = {.seen = monotonic()};
	struct in6_addr pilot = at(PILOT, 4);
	struct outcome other, o;
	struct tuple worn;

	(void)state;
	other = knock(4, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, 4000);
	worn = tuple_of(&other.frame);
	memcpy(&key.address, &pilot.s6_addr[12], 4);
	memcpy(&value.address, &worn.saddr.s6_addr[12], 4);
	value.port = htons(worn.sport);
	put("mappings4", &key, &value);
	o = knock(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000);
	verdict_is(o.verdict, V_FORWARDED, "another's", 4);
	assert_false(same_tuple(tuple_of(&o.frame), worn));
}

static void low_ports_stay_low_and_high_ports_high(void **state)
{
	(void)state;
	pool_is(1, 65535, 1);
	EACH_FAMILY(f) {
		struct outcome o;
		int i;

		o = knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 500);
		assert_int_equal(tuple_of(&o.frame).sport, 500);
		for (i = 0; i < 10; i++) {
			struct tuple t = talk(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 500, 443);

			t.saddr.s6_addr[15] = 50 + i;
			o = hear(LAN, t, NULL);
			assert_in_range(tuple_of(&o.frame).sport, 1, 1023);
			t.saddr.s6_addr[15] = 80 + i;
			t.sport = 5000;
			o = hear(LAN, t, NULL);
			assert_in_range(tuple_of(&o.frame).sport, 1024, 65535);
		}
	}
}

static void own_listening_and_ephemeral_ports_are_never_taken(void **state)
{
	struct circuit c = circuit_get(CHICAGO);
	struct listener listener = {.port = htons(2001), .protocol = IPPROTO_TCP};
	struct in6_addr pool = address("203.0.113.32");
	unsigned int one = 1;
	struct outcome o;

	(void)state;
	one_circuit();
	c.out4.range[0].flags = RANGE_HAS_LOCAL;
	circuit_put(CHICAGO, &c);
	pool_is(2000, 2002, 1);
	put("locals", &pool, &one);
	put("listeners", &listener, &one);
	o = knock(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 2001);
	verdict_is(o.verdict, V_FORWARDED, "another", 4);
	assert_int_not_equal(tuple_of(&o.frame).sport, 2001);
	verdict_is(knock(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 3000).verdict, V_FORWARDED, "other", 4);
	verdict_is(knock(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 3001).verdict, V_POOL_EXHAUSTED, "no", 4);
	pool_is(40000, 40010, 1);
	verdict_is(knock(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 40000).verdict, V_POOL_EXHAUSTED,
		   "ephemeral", 4);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(snat_keeps_source_port_when_free),
		CASE(snat_takes_another_port_on_a_clash),
		CASE(exhausted_pool_refuses_answers_and_never_spills),
		CASE(range_of_as_many_ports_as_probes_is_searched_through),
		CASE(near_exhaustion_is_counted_before_failure),
		CASE(mappings_tell_for_themselves),
		CASE(same_port_serves_other_destinations),
		CASE(tcp_takes_the_next_address_when_its_own_is_full),
		CASE(host_stays_on_one_address),
		CASE(hosts_of_one_subnet_use_the_whole_pool),
		CASE(udp_mapping_is_endpoint_independent),
		CASE(filtering_is_address_and_port_dependent),
		CASE(half_a_mapping_does_not_shut_its_endpoint_out),
		CASE(mapping_that_is_another_s_does_not_shut_its_endpoint_out),
		CASE(low_ports_stay_low_and_high_ports_high),
		CASE(own_listening_and_ephemeral_ports_are_never_taken),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
