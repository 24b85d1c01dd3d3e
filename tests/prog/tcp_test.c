/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP: what is lost, repeated, begun anew or far ahead keeps its connection. */
#include "rig.c"
#include "connection.h"

/* R16. */
static void both_sides_open_at_once(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = talk_of(f, false, 3500);

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 100, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN, 700, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN | ACK, 100, 701, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, 700, 101, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 101, 701, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, 701, 101, 0);
		assert_false(half_open(&t));
		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, 701, 101, 10);
		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 101, 711, 10);
	}
}

/* R17. */
static void unsolicited_syn_meets_silence(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (int late = 0; late < 2; late++) {
		struct talk t = talk_of(f, false, 3600 + late);
		struct tuple from = talk(f, IPPROTO_TCP, AT_EXCHANGE, AT_CHICAGO, 443, 3600 + late);
		struct outcome o;
		int i;

		for (i = 0; i < 3; i++) {
			o = hear(ER0, from, &(struct shape){.tcp = SYN, .seq = 9});
			verdict_is(o.verdict, V_UNSOLICITED, "SYN", f);
			assert_int_equal(o.action, XDP_DROP);
		}
		assert_int_equal(halves(f), late * 2);
		/* nothing was kept of it, so six seconds make no difference */
		shakes_hands(&t);
		o = hear(ER0, t.back, &(struct shape){.tcp = SYN, .seq = 9});
		assert_int_not_equal(o.action, XDP_TX);
		speaks(&t, BY_SERVER, 10);
	}
}

/* R18, to the closing of both sides and the next connection over the same ports. */
static void lost_and_repeated_segments_of_a_whole_life(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = talk_of(f, o, 3700 + o);
		uint32_t c = t.client, s = t.server;

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, c, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, c, 0, 0); /* the first was lost behind the gateway */
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 500);
		verdict_is(sends(&t, BY_SERVER, SYN | ACK, s, c + 1, 0), V_FORWARDED, "after data", f);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 501, s + 1, 0);
		assert_false(half_open(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, FIN | ACK, s + 1, c + 501, 0);
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, FIN | ACK, s + 1, c + 501, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 501, s + 2, 900); /* it may still speak */
		SENDS(V_FORWARDED, &t, BY_CLIENT, FIN | ACK, c + 1401, s + 2, 0);
		assert_true(closing(&t));
		SENDS(V_FORWARDED, &t, BY_CLIENT, FIN | ACK, c + 1401, s + 2, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, s + 2, c + 1402, 0);
		/* again, with other numbers */
		t.client = c + 0x10000000;
		t.server = s + 0x20000000;
		verdict_is(sends(&t, BY_CLIENT, SYN, t.client, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, t.server, t.client + 1, 0);
		assert_true(half_open(&t));
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client + 1, t.server + 1, 0);
		assert_false(half_open(&t));
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server + 1, 0, 0);
		assert_true(closing(&t));
	}
}

/* A client came up again, its server has not noticed: it says so, is reset, and the SYN begins anew. */
static void half_of_a_connection_is_opened_again(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3800 + o);
		uint32_t c = 0x30000000, s = 0x50000000;

		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, t.server, t.client, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, RST, t.client, 0, 0);
		assert_true(closing(&t));
		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		assert_false(half_open(&t));
		assert_false(closing(&t));
		t.client = c + 1;
		t.server = s + 1;
		speaks(&t, BY_SERVER, 1000);
		speaks(&t, BY_CLIENT, 1000);
	}
}

/* Both ends forgot what the gateway still knows: the answer that knows the SYN's number proves it. */
static void what_both_ends_forgot_is_replaced_by_what_they_prove(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3900 + o);
		uint32_t c = 0x30000000, s = 0x50000000;

		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		if (!o) {
			SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, s, c, 0);
			SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, s, c + 2, 0);
		}
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		if (o) {
			SENDS(V_TCP_IDLE, &t, BY_CLIENT, ACK, c + 1, s, 0);
			SENDS(V_TCP_IDLE, &t, BY_CLIENT, ACK, c + 1, s + 2, 0);
		}
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		t.client = c + 1;
		t.server = s + 1;
		assert_false(closing(&t));
		speaks(&t, BY_SERVER, 1000);
		speaks(&t, BY_CLIENT, 1000);
		assert_int_equal(forward_of(&t).next, t.client);
		assert_int_equal(reply_half_of(&t).next, t.server);
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server, 0, 0);
		assert_true(closing(&t));
	}
}

/* A client that gave up tries again from the same port, with another number. */
static void second_attempt_takes_the_place_of_the_first(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = talk_of(f, false, 4000);

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 1, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 0x40000000, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, 77, 2, 0);
		SENDS(V_TCP_IDLE, &t, BY_CLIENT, RST, 2, 0, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, 99, 0x40000001, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 0x40000001, 100, 0);
		assert_false(half_open(&t));
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
	}
}

/*
 * After a failover the first that is seen of an idle connection is a keepalive, one number behind what the other
 * side has acknowledged long ago (RFC 1122 4.2.3.6), and its answer says so. Both sides are heard then, and the
 * connection is no half-open one.
 */
static void keepalive_picks_up_a_connection(void **state)
{
	(void)state;
	for (int f = 4; f <= 6; f += 2) {
		struct talk t = talk_of(f, false, 40700);
		struct frame first = segment(&t, BY_CLIENT, ACK, t.client - 1, t.server, 0);
		struct outcome o = run(t.near, &first);

		assert_int_equal(o.verdict, V_FORWARDED);
		t.back = reply_of(&o);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, t.server, t.client, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client, t.server, 0);
		assert_false(half_open(&t));
		/* what is far from all that is still nobody's */
		SENDS(V_TCP_IDLE, &t, BY_SERVER, ACK, t.server, t.client + (1U << 30), 0);
	}
}

static void numbers_wrap(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = talk_of(f, o, 4300 + o);
		int i;

		t.client = 0xffffff80;
		t.server = 0xfffffff0;
		shakes_hands(&t);
		for (i = 0; i < 4; i++) {
			speaks(&t, BY_CLIENT, 1000);
			speaks(&t, BY_SERVER, 1000);
		}
		assert_int_equal(forward_of(&t).next, t.client);
		assert_int_equal(forward_of(&t).acked, t.server);
		assert_true(t.client < 10000 && t.server < 10000);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, RST, t.server + 1, 0, 0);
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server, 0, 0);
		assert_true(closing(&t));
	}
}

/* Each kind of header that leads to the window's scale, or does not. */
static const struct {
	const char *claim;
	uint8_t options[2][4]; /* of the SYN, of its answer */
	bool scaled;
} scales[] = {
	{"both", {{1, 3, 3, 7}, {1, 3, 3, 7}}, true},
	{"at the end", {{3, 3, 7, 0}, {3, 3, 7, 0}}, true},
	{"neither", {{1, 1, 1, 1}, {1, 1, 1, 1}}, false},
	{"the SYN only", {{1, 3, 3, 7}, {1, 1, 1, 1}}, false},
	{"behind the end of the list", {{0, 3, 3, 7}, {0, 3, 3, 7}}, false},
	{"of no length", {{3, 0, 7, 7}, {3, 0, 7, 7}}, false},
	{"longer than the header", {{1, 1, 3, 3}, {1, 1, 3, 3}}, false},
	{"after one that is too long", {{8, 10, 3, 3}, {8, 10, 3, 3}}, false},
};

/* A burst of a megabyte was lost before the gateway. */
static void window_is_as_large_as_the_receiver_said(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) for (unsigned int i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct talk t = talk_of(f, o, 4400 + i * 2 + o);
		bool scaled = scales[i].scaled;
		enum end by = outsider(&t);
		struct half half;

		t.options[BY_CLIENT] = scales[i].options[BY_CLIENT];
		t.options[BY_SERVER] = scales[i].options[BY_SERVER];
		shakes_hands(&t);
		speaks(&t, BY_CLIENT, 10);
		speaks(&t, BY_SERVER, 10);
		verdict_is(sends(&t, by, ACK, own(&t, by) + 1000000, own(&t, !by), 1000),
			   scaled ? V_FORWARDED : V_TCP_IDLE, scales[i].claim, f);
		verdict_is(sends(&t, by, RST, own(&t, by) + 2000000, 0, 0), scaled ? V_TCP_IDLE : V_TCP_WINDOW,
			   scales[i].claim, f);
		verdict_is(sends(&t, by, RST, own(&t, by) + 20000000, 0, 0), V_TCP_WINDOW, "far", f);
		half = by == BY_CLIENT ? forward_of(&t) : reply_half_of(&t);
		assert_int_equal(half.next, own(&t, by) + (scaled ? 1001000 : 0));
		if (!scaled)
			continue;
		verdict_is(sends(&t, by, ACK, own(&t, by) + 1001000, own(&t, !by), 1000), V_FORWARDED,
			   "behind the burst", f);
		verdict_is(sends(&t, by, ACK, own(&t, by), own(&t, !by), 1000), V_FORWARDED,
			   "the burst once more", f);
		verdict_is(sends(&t, !by, ACK, own(&t, !by), own(&t, by) + 1002000, 0), V_FORWARDED,
			   "its acknowledgement", f);
	}
}

static void counters_carry(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = connected(f, false, 4700);
		struct half half = forward_of(&t);
		uint64_t bytes = half_bytes(&half);

		half.packets = 0xffffffff;
		half.bytes |= (uint64_t)5 << HALF_BYTES_BITS;
		half_put(&t.there, &half);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client, t.server, 0);
		half = forward_of(&t);
		assert_int_equal(half_packets(&half), (uint64_t)6 << 32);
		assert_int_equal(half_bytes(&half), bytes + ETHER + (f == 4 ? 20 : 40) + 20);
	}
}

#define CASE(name) cmocka_unit_test_setup(name, rig_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_sides_open_at_once),
		CASE(unsolicited_syn_meets_silence),
		CASE(lost_and_repeated_segments_of_a_whole_life),
		CASE(half_of_a_connection_is_opened_again),
		CASE(what_both_ends_forgot_is_replaced_by_what_they_prove),
		CASE(second_attempt_takes_the_place_of_the_first),
		CASE(keepalive_picks_up_a_connection),
		CASE(numbers_wrap),
		CASE(window_is_as_large_as_the_receiver_said),
		CASE(counters_carry),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
