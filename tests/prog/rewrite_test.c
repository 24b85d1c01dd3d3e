/* SPDX-License-Identifier: GPL-2.0-only */
/* rewrite: nothing changes but what must, and every sum is what a full computation gives. */
#include "rig.c"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static void sums_of_random_packets_are_right_both_ways(void **state)
{
	unsigned int i;

	srandom(4711);
	EACH_FAMILY(f) for (i = 0; i < 90; i++) {
		struct tuple t = talk(f, protocols[i % 3], PILOT, AT_EXCHANGE,
				      1024 + random() % 60000, 1 + random() % 65535);
		struct shape shape = {.payload = random() % 1400, .ttl = 2 + random() % 250};
		struct outcome o, back;

		if (!(i % 10))
			rig_reset(state);
		if (protocols[i % 3] == IPPROTO_ICMP)
			t.dport = 0;
		memcpy(&t.daddr.s6_addr[15], &(uint8_t){random()}, 1);
		o = hear(LAN, t, &shape);
		verdict_is(o.verdict, V_FORWARDED, "out", f);
		assert_true(sums_right(&o.frame));
		shape.answer = true;
		shape.tcp = SYN | ACK;
		shape.ack = shape.seq + 1 + shape.payload;
		back = hear(ER0, reply_of(&o), &shape);
		verdict_is(back.verdict, V_FORWARDED, "back", f);
		assert_true(sums_right(&back.frame));
	}
}

/* Puts back what may have changed, and finds the packet as it was sent. */
static void only_the_translation_changes(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4000 + i, 443);
		struct frame sent = frame_make(&t, &(struct shape){.payload = 100, .ttl = 9});
		unsigned int header = f == 4 ? 20 : 40, ttl = ETHER + (f == 4 ? 8 : 7);
		struct outcome o;

		sent.data[ETHER + 1] |= f == 4 ? 0xb9 : 0x81; /* DSCP and ECN, flow label */
		sums_set(&sent);
		o = run(LAN, &sent);
		assert_int_equal(o.frame.length, sent.length);
		assert_int_equal(o.frame.data[ttl], 8);
		memcpy(o.frame.data, sent.data, 12);
		o.frame.data[ttl] = 9;
		if (f == 4)
			memcpy(o.frame.data + ETHER + 10, sent.data + ETHER + 10, 10);
		else
			memcpy(o.frame.data + ETHER + 8, sent.data + ETHER + 8, 32);
		memcpy(o.frame.data + ETHER + header, sent.data + ETHER + header, 6);
		put16(l4_of(&o.frame) + sum_at(t.protocol),
		      get16(l4_of(&sent) + sum_at(t.protocol)));
		assert_memory_equal(o.frame.data, sent.data, sent.length);
	}
}

static void wrong_sum_stays_wrong(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4000 + i, 443);
		struct outcome o = hear(LAN, t, &(struct shape){.payload = 9, .bad_sum = true}), back;

		verdict_is(o.verdict, V_FORWARDED, "wrong", f);
		assert_false(sums_right(&o.frame));
		back = hear(ER0, reply_of(&o), &(struct shape){.bad_sum = true, .answer = true,
							       .tcp = SYN | ACK, .ack = 10});
		verdict_is(back.verdict, V_FORWARDED, "wrong, back", f);
		assert_false(sums_right(&back.frame));
	}
}

static void wrong_header_sum_stays_wrong(void **state)
{
	struct tuple t = talk(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = frame_make(&t, NULL);
	struct outcome o;

	(void)state;
	f.data[ETHER + 10] ^= 0x40;
	o = run(LAN, &f);
	verdict_is(o.verdict, V_FORWARDED, "header", 4);
	assert_int_not_equal(get16(o.frame.data + ETHER + 10), ip_sum(&o.frame));
}

static void udp_without_sum_stays_without(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o = hear(LAN, t, &(struct shape){.payload = 9, .no_sum = true});
		struct outcome back = hear(ER0, reply_of(&o), &(struct shape){.no_sum = true});

		assert_int_equal(get16(l4_of(&o.frame) + 6), 0);
		assert_int_equal(get16(l4_of(&back.frame) + 6), 0);
	}
}

/* A payload is chosen so that the translated packet's sum comes out as zero. */
static void udp_sum_that_becomes_zero_is_sent_as_ones(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 2; i++) {
		struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent = frame_make(&t, &(struct shape){.payload = 2});
		uint8_t *payload = sent.data + sent.length - 2;
		struct outcome o;

		put16(payload, 0);
		sums_set(&sent);
		o = run(LAN, &sent);
		put16(payload, get16(l4_of(&o.frame) + sum_at(t.protocol)));
		sums_set(&sent);
		o = run(LAN, &sent);
		assert_int_equal(get16(l4_of(&o.frame) + sum_at(t.protocol)),
				 t.protocol == IPPROTO_UDP ? 0xffff : 0);
		assert_true(sums_right(&o.frame));
	}
}

static void ttl_runs_out_and_is_answered(void **state)
{
	int ttl;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o = hear(LAN, t, &(struct shape){.ttl = 2});

		verdict_is(o.verdict, V_FORWARDED, "ttl 2", f);
		assert_int_equal(o.frame.data[ETHER + (f == 4 ? 8 : 7)], 1);
		for (ttl = 0; ttl < 2; ttl++) {
			struct frame sent = frame_make(&t, NULL);

			sent.data[ETHER + (f == 4 ? 8 : 7)] = ttl;
			sums_set(&sent);
			o = run(LAN, &sent);
			verdict_is(o.verdict, V_TTL_EXCEEDED, "ttl 1 and 0", f);
			assert_int_equal(o.action, XDP_TX);
			assert_int_equal(l4_of(&o.frame)[0], f == 4 ? 11 : 3);
			assert_int_equal(l4_of(&o.frame)[1], 0);
			assert_true(sums_right(&o.frame));
			assert_memory_equal(l4_of(&o.frame) + 8, sent.data + ETHER,
					    (f == 4 ? 20 : 40) + 8);
		}
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(sums_of_random_packets_are_right_both_ways),
		CASE(only_the_translation_changes),
		CASE(wrong_sum_stays_wrong),
		CASE(wrong_header_sum_stays_wrong),
		CASE(udp_without_sum_stays_without),
		CASE(udp_sum_that_becomes_zero_is_sent_as_ones),
		CASE(ttl_runs_out_and_is_answered),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
