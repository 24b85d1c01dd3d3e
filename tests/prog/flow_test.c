/* SPDX-License-Identifier: GPL-2.0-only */
/* flow: the reply comes back, the pin holds, dead is final. */
#include "rig.c"

static const struct {
	const char *claim;
	uint8_t protocol;
	struct shape there, back;
} talks[] = {
	{"TCP", IPPROTO_TCP, {.tcp = SYN}, {.tcp = SYN | ACK, .ack = 1}},
	{"UDP", IPPROTO_UDP, {.payload = 11}, {.payload = 30}},
	{"echo", IPPROTO_ICMP, {.payload = 56}, {.answer = true, .payload = 56}},
};

#define EACH_TALK(i) for (unsigned int i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)

static struct outcome open_flow(int family, unsigned int i, struct tuple *t)
{
	struct outcome o;

	*t = talk(family, talks[i].protocol, PILOT, AT_EXCHANGE, 4000 + i, 443);
	o = hear(LAN, *t, &talks[i].there);
	verdict_is(o.verdict, V_FORWARDED, talks[i].claim, family);
	return o;
}

static void reply_is_translated_back(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t), back;

		assert_int_equal(o.action, XDP_REDIRECT);
		back = hear(ER0, reply_of(&o), &talks[i].back);
		verdict_is(back.verdict, V_FORWARDED, talks[i].claim, f);
		assert_true(same_tuple(tuple_of(&back.frame), turned(t)));
		assert_true(sums_right(&o.frame));
		assert_true(sums_right(&back.frame));
	}
}

static void reply_on_other_circuit_is_a_violation(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);
		struct half before, after;
		struct tuple back = reply_of(&o);
		uint64_t count = total("circuit_counters", CHICAGO, sizeof(struct circuit_counter),
				       offsetof(struct circuit_counter, violations));

		assert_true(half_get(&back, &before));
		verdict_is(hear(WAN, back, &talks[i].back).verdict, V_VIOLATION, talks[i].claim, f);
		verdict_is(hear(ER2, back, &talks[i].back).verdict, V_VIOLATION, talks[i].claim, f);
		assert_true(half_get(&back, &after));
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(total("circuit_counters", CHICAGO, sizeof(struct circuit_counter),
				       offsetof(struct circuit_counter, violations)), count + 2);
	}
}

static void monitored_violation_goes_on_and_refreshes_nothing(void **state)
{
	struct circuit c = circuit_get(CHICAGO);

	(void)state;
	c.flags |= CIRCUIT_MONITOR;
	circuit_put(CHICAGO, &c);
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);
		struct half before, after;
		struct tuple back = reply_of(&o);

		assert_true(half_get(&back, &before));
		verdict_is(hear(WAN, back, &talks[i].back).verdict, V_FORWARDED, talks[i].claim, f);
		assert_true(half_get(&back, &after));
		assert_int_equal(before.last, after.last);
		assert_int_equal(before.flags, after.flags);
		assert_int_equal(after.packets, 0);
		assert_int_equal(before.iif, after.iif);
		assert_int_equal(before.circuit, after.circuit);
	}
}

static void inside_tuple_from_a_circuit_is_the_wrong_side(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);

		verdict_is(hear(ER0, t, &talks[i].there).verdict, V_WRONG_SIDE, talks[i].claim, f);
		verdict_is(hear(WAN, t, &talks[i].there).verdict, V_WRONG_SIDE, talks[i].claim, f);
		verdict_is(hear(LAN, reply_of(&o), &talks[i].back).verdict, V_WRONG_SIDE,
			   talks[i].claim, f);
	}
}

static uint64_t timeout_of(unsigned int i)
{
	return (i == 0 ? 240 : i == 1 ? 300 : 60) * NANOSECONDS;
}

static void dead_is_final(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);
		struct tuple back = reply_of(&o);

		age(&t, timeout_of(i) - NANOSECONDS / 2);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_FORWARDED, "still alive", f);
	}
	rig_reset(state);
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);
		struct tuple back = reply_of(&o);

		age(&t, timeout_of(i) + NANOSECONDS / 4);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_UNSOLICITED, talks[i].claim, f);
		verdict_is(hear(LAN, t, &talks[i].there).verdict, V_FLOW_ENDING, talks[i].claim, f);
		assert_int_equal(halves(f), 2 * (i + 1));
	}
}

static void one_half_alive_keeps_the_other(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t, back;
		struct outcome o = open_flow(f, i, &t);
		struct half half;

		back = reply_of(&o);
		half_get(&back, &half);
		half.last -= 100000 * NANOSECONDS;
		half_put(&back, &half);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_FORWARDED, talks[i].claim, f);
	}
}

static void long_dead_flow_gives_way_to_its_successor(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t, again;
		struct outcome o = open_flow(f, i, &t);
		struct half half;

		again = reply_of(&o);
		age(&t, timeout_of(i) + 3 * NANOSECONDS / 2);
		o = hear(LAN, t, &talks[i].there);
		verdict_is(o.verdict, V_FORWARDED, talks[i].claim, f);
		assert_true(same_tuple(reply_of(&o), again));
		assert_int_equal(halves(f), 2 * (i + 1));
		assert_true(half_get(&t, &half));
		assert_int_equal(half.packets, 1);
		assert_int_equal(half_open_of(SIDE_INSIDE), (i + 1) + (f == 6 ? 3 : 0));
	}
}

/*
 * Somebody deletes a flow, forward half first, by key, and a packet comes in between: the port must
 * not be taken by then, or the second deletion would hit the new flow's reply half.
 */
static void flow_that_is_being_deleted_keeps_its_port(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t, back;
		struct outcome o = open_flow(f, i, &t);

		if (talks[i].protocol == IPPROTO_UDP)
			continue; /* held to its port by the mapping */
		back = reply_of(&o);
		age(&t, 20000 * NANOSECONDS);
		half_forget(&t);
		o = hear(LAN, t, &talks[i].there);
		verdict_is(o.verdict, V_FORWARDED, talks[i].claim, f);
		half_forget(&back);
		back = reply_of(&o);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_FORWARDED, talks[i].claim, f);
	}
}

/* Whoever makes the flow may still have to take its reply half back: no packet may be translated by it. */
static void reply_half_is_found_once_its_forward_half_is_in(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t, back;
		struct outcome o = open_flow(f, i, &t);
		struct half before, half;

		back = reply_of(&o);
		assert_true(half_get(&t, &half));
		assert_false(half.flags & FLOW_UNBORN);
		assert_true(half_get(&back, &before));
		assert_false(before.flags & FLOW_UNBORN);
		before.flags |= FLOW_UNBORN;
		half_put(&back, &before);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_UNSOLICITED, talks[i].claim, f);
		assert_true(half_get(&back, &half));
		assert_memory_equal(&half, &before, sizeof(half));
		verdict_is(hear(LAN, t, &talks[i].there).verdict, V_FORWARDED, talks[i].claim, f);
	}
}

/* What its other half knew, that it closes, it cannot know: it must not come back to life for hours. */
static void half_without_the_other_lives_no_longer_than_the_shortest(void **state)
{
	struct settings settings = settings_get();

	(void)state;
	settings.timeout_min = 5 * NANOSECONDS;
	settings_put(&settings);
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t, back;
		struct outcome o = open_flow(f, i, &t);

		back = reply_of(&o);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_FORWARDED, talks[i].claim, f);
		age(&back, 5 * NANOSECONDS + NANOSECONDS / 2);
		half_forget(&t);
		verdict_is(hear(ER0, back, &talks[i].back).verdict, V_UNSOLICITED, talks[i].claim, f);
	}
}

static void half_open_comes_back_to_zero(void **state)
{
	struct host host;

	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t;
		struct outcome o = open_flow(f, i, &t);

		assert_int_equal(half_open_of(SIDE_INSIDE), 1);
		assert_true(host_of(t.saddr, &host));
		assert_int_equal(host.half_open, 1);
		hear(ER0, reply_of(&o), &talks[i].back);
		if (talks[i].protocol == IPPROTO_TCP) {
			assert_int_equal(half_open_of(SIDE_INSIDE), 1);
			hear(LAN, t, &(struct shape){.tcp = ACK});
		}
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		assert_true(host_of(t.saddr, &host));
		assert_int_equal(host.half_open, 0);
		assert_int_equal(host.flows, i + 1);
	}
}

static void established(int family, struct tuple *t, struct tuple *back)
{
	struct outcome o = open_flow(family, 0, t);

	*back = reply_of(&o);
	hear(ER0, *back, &(struct shape){.tcp = SYN | ACK, .ack = 1});
	hear(LAN, *t, &(struct shape){.tcp = ACK});
}

static void reset_shortens_the_life(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t, back;

		established(f, &t, &back);
		age(&t, 1000 * NANOSECONDS);
		verdict_is(hear(ER0, back, &(struct shape){.tcp = RST, .seq = 1}).verdict, V_FORWARDED, "rst", f);
		age(&t, 241 * NANOSECONDS);
		verdict_is(hear(ER0, back, &(struct shape){.tcp = ACK}).verdict, V_UNSOLICITED, "rst",
			   f);
	}
}

static void one_fin_is_not_the_end_two_are(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t, back;

		established(f, &t, &back);
		hear(LAN, t, &(struct shape){.tcp = FIN | ACK});
		age(&t, 1000 * NANOSECONDS);
		verdict_is(hear(ER0, back, &(struct shape){.tcp = FIN | ACK}).verdict, V_FORWARDED,
			   "one FIN", f);
		age(&t, 240 * NANOSECONDS + NANOSECONDS / 2);
		verdict_is(hear(LAN, t, &(struct shape){.tcp = ACK}).verdict, V_FLOW_ENDING,
			   "two FINs", f);
	}
}

static void new_syn_reopens_a_closing_flow_with_its_pin(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t, back;
		struct half half;
		struct outcome o;

		established(f, &t, &back);
		hear(ER0, back, &(struct shape){.tcp = RST, .seq = 1});
		o = hear(LAN, t, &(struct shape){.tcp = SYN});
		verdict_is(o.verdict, V_FORWARDED, "reopen", f);
		assert_true(same_tuple(reply_of(&o), back));
		assert_true(half_get(&t, &half));
		assert_int_equal(half.circuit, CHICAGO);
		assert_int_equal(half.flags & (FLOW_HALF_OPEN | FLOW_SYN | FLOW_RST | FLOW_FIN),
				 FLOW_HALF_OPEN | FLOW_SYN);
		assert_int_equal(half_open_of(SIDE_INSIDE), 1);
		hear(ER0, back, &(struct shape){.tcp = SYN | ACK, .ack = 1});
		hear(LAN, t, &(struct shape){.tcp = ACK});
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		age(&t, 1000 * NANOSECONDS);
		verdict_is(hear(ER0, back, &(struct shape){.tcp = ACK}).verdict, V_FORWARDED,
			   "established again", f);
	}
}

static void pin_outlives_a_change_of_policy(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t, back;

		cell(1, EXCHANGE, RULE_ORDERED, EXCHANGE);
		established(f, &t, &back);
		cell(1, EXCHANGE, RULE_DROP, EXCHANGE);
		verdict_is(hear(LAN, t, &(struct shape){.tcp = ACK}).verdict, V_FORWARDED, "pinned", f);
		verdict_is(hear(ER0, back, &(struct shape){.tcp = ACK}).verdict, V_FORWARDED, "pinned",
			   f);
	}
}

static void outside_opens_nothing(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_TALK(i) {
		struct tuple t = talk(f, talks[i].protocol, AT_LARGE, AT_INTERNET, 4000, 443);

		verdict_is(hear(WAN, t, &talks[i].there).verdict, V_UNSOLICITED, "pool", f);
		t.daddr = at(AT_PARTNER, f);
		verdict_is(hear(WAN, t, &talks[i].there).verdict, V_NOT_FOR_US, "foreign", f);
		t.saddr = at(PILOT, f);
		verdict_is(hear(WAN, t, &talks[i].there).verdict, V_INSIDE_SOURCE, "spoofed", f);
		t.saddr = at(AT_LARGE, f);
		t.daddr = at(AT_GATEWAY, f);
		verdict_is(hear(WAN, t, &talks[i].there).verdict, V_TO_GATEWAY, "gateway", f);
		assert_int_equal(halves(f), 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(reply_is_translated_back),
		CASE(reply_on_other_circuit_is_a_violation),
		CASE(monitored_violation_goes_on_and_refreshes_nothing),
		CASE(inside_tuple_from_a_circuit_is_the_wrong_side),
		CASE(dead_is_final),
		CASE(one_half_alive_keeps_the_other),
		CASE(long_dead_flow_gives_way_to_its_successor),
		CASE(flow_that_is_being_deleted_keeps_its_port),
		CASE(reply_half_is_found_once_its_forward_half_is_in),
		CASE(half_without_the_other_lives_no_longer_than_the_shortest),
		CASE(half_open_comes_back_to_zero),
		CASE(reset_shortens_the_life),
		CASE(one_fin_is_not_the_end_two_are),
		CASE(new_syn_reopens_a_closing_flow_with_its_pin),
		CASE(pin_outlives_a_change_of_policy),
		CASE(outside_opens_nothing),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
