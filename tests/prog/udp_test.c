/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * udp: what RFC 4787 asks of a NAT for UDP, row by row of its requirements, and where it leaves a choice,
 * what is declared: endpoint-independent mapping, address- and port-dependent filtering, inbound packets
 * that match the flow refresh it.
 */
#include "rig.c"

#define UDP_SECONDS 4 /* the timer, scaled */
#define JIFFIES (NANOSECONDS / 20) /* that a packet's clock may be behind */

static struct outcome knock(int f, enum place from, enum place to, int sport, int dport)
{
	return hear(LAN, talk(f, IPPROTO_UDP, from, to, sport, dport), NULL);
}

static void pool_is(unsigned int low, unsigned int high, unsigned int addresses)
{
	struct circuit c = circuit_get(CHICAGO);

	c.port_min = low;
	c.port_max = high;
	c.out4.range[0].count = c.out4.addresses = addresses;
	c.out6.range[0].count = c.out6.addresses = addresses;
	circuit_put(CHICAGO, &c);
}

static void timer_is(uint64_t seconds)
{
	struct settings s = settings_get();

	s.timeout[STATE_UDP] = s.timeout_min = seconds * NANOSECONDS;
	settings_put(&s);
}

/* RFC 4787 REQ-1: one endpoint, one mapping, whatever it talks to. */
static void r01_mapping_is_endpoint_independent(void **state)
{
	static const struct {
		enum place to;
		int port;
	} others[] = {{AT_EXCHANGE, 54}, {AT_EXCHANGE_TWO, 53}, {AT_EXCHANGE_TWO, 54}};

	(void)state;
	pool_is(1024, 65535, 1);
	EACH_FAMILY(f) for (int clash = 0; clash < 2; clash++) {
		int port = 3000 + clash * 1000;
		struct outcome first;

		if (clash) /* the port that it would keep is another's */
			knock(f, PILOT_TWO, AT_EXCHANGE, port, 53);
		first = knock(f, PILOT, AT_EXCHANGE, port, 53);
		assert_int_equal(tuple_of(&first.frame).sport == port, !clash);
		for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			struct outcome o = knock(f, PILOT, others[i].to, port, others[i].port);

			verdict_is(o.verdict, V_FORWARDED, "same endpoint", f);
			assert_int_equal(tuple_of(&o.frame).sport, tuple_of(&first.frame).sport);
			assert_true(same_address(tuple_of(&o.frame).saddr, tuple_of(&first.frame).saddr));
		}
	}
}

/* REQ-2, and the pin: one host wears one address and leaves by one circuit. */
static void r02_host_is_paired_with_one_address_and_one_circuit(void **state)
{
	(void)state;
	pool_is(1024, 65535, 4);
	EACH_FAMILY(f) {
		struct in6_addr worn = {0};
		struct half half = {0};
		uint64_t none = 0;

		for (int i = 0; i < 200; i++) {
			struct tuple t = talk(f, i & 1 ? IPPROTO_TCP : IPPROTO_UDP, PILOT,
					      i & 2 ? AT_EXCHANGE : AT_EXCHANGE_TWO, 4000 + i, 443), back;
			struct outcome o = hear(LAN, t, NULL);

			verdict_is(o.verdict, V_FORWARDED, "one of 200", f);
			if (!i)
				worn = tuple_of(&o.frame).saddr;
			assert_true(same_address(worn, tuple_of(&o.frame).saddr));
			assert_true(half_get(&t, &half));
			assert_int_equal(half.circuit, CHICAGO);
			assert_int_equal(oif_of(&half), rig.ifindex[ER0]);
			back = reply_of(&o);
			half_forget(&t);
			half_forget(&back);
			bpf_map_delete_elem(map_of("hosts"), &t.saddr);
			put("half_open", &(unsigned int){SIDE_INSIDE}, &none);
		}
	}
}

/* REQ-3: two hosts never share a port, and each hears its own answers. */
static void r03_no_port_is_overloaded(void **state)
{
	static const enum place hosts[] = {PILOT, PILOT_TWO}, to[] = {AT_EXCHANGE, AT_EXCHANGE_TWO};

	(void)state;
	pool_is(1024, 65535, 1);
	EACH_FAMILY(f) for (int other = 0; other < 2; other++) {
		struct outcome o[2];

		for (int i = 0; i < 2; i++) {
			o[i] = knock(f, hosts[i], to[i && other], 3000 + other, 53);
			verdict_is(o[i].verdict, V_FORWARDED, "both", f);
		}
		assert_true(same_address(tuple_of(&o[0].frame).saddr, tuple_of(&o[1].frame).saddr));
		assert_int_not_equal(tuple_of(&o[0].frame).sport, tuple_of(&o[1].frame).sport);
		for (int i = 0; i < 2; i++) {
			struct outcome back = hear(ER0, reply_of(&o[i]), NULL);

			verdict_is(back.verdict, V_FORWARDED, "answer", f);
			assert_true(same_address(tuple_of(&back.frame).daddr, at(hosts[i], f)));
			assert_int_equal(tuple_of(&back.frame).dport, 3000 + other);
		}
	}
}

/* REQ-3a, REQ-4: the port is kept where it is free, and its class always; parity is not. */
static void r04_port_is_kept_and_its_class_always(void **state)
{
	(void)state;
	pool_is(1, 65535, 1);
	EACH_FAMILY(f) for (int port = 500; port < 10000; port += 4999) {
		for (int host = 0; host < 8; host++) {
			struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, port, 53);
			struct outcome o;

			t.saddr.s6_addr[15] = 40 + host;
			o = hear(LAN, t, NULL);
			verdict_is(o.verdict, V_FORWARDED, "class", f);
			assert_int_equal(tuple_of(&o.frame).sport == port, !host);
			assert_int_equal(tuple_of(&o.frame).sport < 1024, port < 1024);
			assert_int_not_equal(tuple_of(&o.frame).sport, 0);
		}
	}
}

/* REQ-5, the timer scaled: silence of a second less keeps the flow, of a second more ends it. */
static void r05_udp_timer_ends_the_flow(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (int out = 0; out < 2; out++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 53), back;
		struct outcome o;
		struct half half;

		rig_reset(state);
		timer_is(UDP_SECONDS);
		o = hear(LAN, t, NULL);
		back = reply_of(&o);
		verdict_is(hear(ER0, back, NULL).verdict, V_FORWARDED, "answer", f);
		age(&t, (UDP_SECONDS - 1) * NANOSECONDS);
		verdict_is((out ? hear(LAN, t, NULL) : hear(ER0, back, NULL)).verdict, V_FORWARDED,
			   "at T-1", f);
		age(&t, (UDP_SECONDS + 1) * NANOSECONDS + JIFFIES);
		verdict_is(hear(ER0, back, NULL).verdict, V_UNSOLICITED, "at T+1, from outside", f);
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "at T+1, from inside", f);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.packets, 1); /* it is another flow */
	}
}

/* REQ-6: what the inside sends keeps the flow, for five times the timer and longer. */
static void r05_outbound_packets_refresh(void **state)
{
	(void)state;
	timer_is(UDP_SECONDS);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 53);
		struct outcome o = hear(LAN, t, NULL);

		for (int i = 0; i < 10; i++) {
			age(&t, UDP_SECONDS * NANOSECONDS / 2);
			verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "each T/2", f);
		}
		verdict_is(hear(ER0, reply_of(&o), NULL).verdict, V_FORWARDED, "answer after 5 T", f);
		assert_int_equal(halves(f), 2);
	}
}

/* What the flow knows of the time of its latest packet, of either side. */
static uint64_t latest(struct tuple t, struct tuple back)
{
	struct half one, other;

	assert_true(half_get(&t, &one));
	assert_true(half_get(&back, &other));
	return one.last > other.last ? one.last : other.last;
}

/* REQ-6a, as declared: inbound packets of the flow refresh it, and no others. */
static void r06_only_inbound_packets_of_the_flow_refresh(void **state)
{
	(void)state;
	timer_is(UDP_SECONDS);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 53), back, other;
		struct outcome o = hear(LAN, t, NULL);
		uint64_t before;

		back = reply_of(&o);
		for (int i = 0; i < 10; i++) {
			age(&t, UDP_SECONDS * NANOSECONDS / 2);
			verdict_is(hear(ER0, back, NULL).verdict, V_FORWARDED, "each T/2", f);
		}
		age(&t, UDP_SECONDS * NANOSECONDS / 2);
		before = latest(t, back);
		other = back;
		other.sport = 54;
		hear(ER0, other, NULL);
		other = back;
		other.saddr = at(AT_EXCHANGE_TWO, f);
		hear(ER0, other, NULL);
		hear(WAN, back, NULL); /* a violation */
		hear(ER0, back, &(struct shape){.bad_sum = true, .ttl = 1});
		assert_int_equal(latest(t, back), before);
		verdict_is(hear(ER0, back, NULL).verdict, V_FORWARDED, "still", f);
		assert_true(latest(t, back) > before);
	}
}

/* REQ-8, as declared: who was not asked is not heard, though the mapping is there. */
static void r07_filtering_is_address_and_port_dependent(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = knock(f, PILOT, AT_EXCHANGE, 4000, 53);
		struct tuple back = reply_of(&o), other = back;

		verdict_is(hear(ER0, back, NULL).verdict, V_FORWARDED, "S:53", f);
		other.sport = 54;
		verdict_is(hear(ER0, other, NULL).verdict, V_UNSOLICITED, "S:54", f);
		other.sport = 53;
		other.saddr = at(AT_EXCHANGE_TWO, f);
		verdict_is(hear(ER0, other, NULL).verdict, V_UNSOLICITED, "S2:53", f);
		knock(f, PILOT, AT_EXCHANGE_TWO, 4000, 53);
		verdict_is(hear(ER0, other, NULL).verdict, V_FORWARDED, "S2:53 once asked", f);
	}
}

/* A datagram or segment with these bytes. */
static struct frame saying(struct tuple t, const char *text)
{
	struct frame f = frame_make(&t, &(struct shape){.tcp = ACK, .payload = strlen(text)});

	memcpy(f.data + f.length - strlen(text), text, strlen(text));
	sums_set(&f);
	return f;
}

/* REQ-10, RFC 5382 REQ-6: no address or port in what applications say is ever touched. */
static void r09_no_payload_is_rewritten(void **state)
{
	static const struct {
		uint8_t protocol;
		int port;
		const char *text;
	} talks[] = {
		{IPPROTO_TCP, 21, "PORT 10,1,20,7,15,160\r\n"},
		{IPPROTO_TCP, 21, "EPRT |2|2001:db8:10:20::7|4000|\r\n"},
		{IPPROTO_UDP, 5060, "INVITE sip:b@198.51.100.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.20.7:4000\r\n"
			"Contact: <sip:a@10.1.20.7:4000>\r\n\r\nc=IN IP4 10.1.20.7\r\nm=audio 4000 RTP/AVP 0\r\n"},
	};

	(void)state;
	EACH_FAMILY(f) for (unsigned int i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		struct tuple t = talk(f, talks[i].protocol, PILOT, AT_EXCHANGE, 4000, talks[i].port);
		unsigned int length = strlen(talks[i].text);
		struct outcome o;
		struct frame sent;

		hear(LAN, t, NULL); /* TCP begins with a SYN */
		sent = saying(t, talks[i].text);
		o = run(LAN, &sent);
		verdict_is(o.verdict, V_FORWARDED, talks[i].text, f);
		assert_int_equal(o.frame.length, sent.length);
		assert_memory_equal(o.frame.data + o.frame.length - length, talks[i].text, length);
		assert_true(sums_right(&o.frame));
	}
}

/* REQ-11: the hundredth endpoint is treated as the first was, clash or not. */
static void r10_behaviour_is_the_same_throughout(void **state)
{
	EACH_FAMILY(f) {
		rig_reset(state);
		pool_is(1024, 1024 + 119, 1);
		for (int i = 0; i < 50; i++) {
			struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000 + i, 53);
			struct outcome a = hear(LAN, t, NULL), b;
			struct tuple back = reply_of(&a);

			t.daddr = at(AT_EXCHANGE_TWO, f);
			b = hear(LAN, t, NULL);
			assert_int_equal(tuple_of(&a.frame).sport, tuple_of(&b.frame).sport);
			verdict_is(hear(ER0, back, NULL).verdict, V_FORWARDED, "asked", f);
			back.sport++;
			verdict_is(hear(ER0, back, NULL).verdict, V_UNSOLICITED, "not asked", f);
		}
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r01_mapping_is_endpoint_independent),
		CASE(r02_host_is_paired_with_one_address_and_one_circuit),
		CASE(r03_no_port_is_overloaded),
		CASE(r04_port_is_kept_and_its_class_always),
		CASE(r05_udp_timer_ends_the_flow),
		CASE(r05_outbound_packets_refresh),
		CASE(r06_only_inbound_packets_of_the_flow_refresh),
		CASE(r07_filtering_is_address_and_port_dependent),
		CASE(r09_no_payload_is_rewritten),
		CASE(r10_behaviour_is_the_same_throughout),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
