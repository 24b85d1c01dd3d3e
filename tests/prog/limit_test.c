/* SPDX-License-Identifier: GPL-2.0-only */
/* limits: what is refused for want of room leaves nothing behind, and takes from nobody else. */
#include "rig.c"

static struct outcome knock(int f, uint8_t protocol, enum place from, enum place to, int port)
{
	return hear(LAN, talk(f, protocol, from, to, port, 443), NULL);
}

/* Fills the table with flows that nobody asks for, but for `room` entries. */
static void fill(int family, unsigned int room)
{
	uint8_t key[40] = {0}, value[sizeof(struct flow6)] = {0};
	struct half *half = (void *)value;
	unsigned int i;

	half->last = monotonic();
	for (i = 0; i < FLOWS - room; i++) {
		put16(key, i + 1);
		flow_put(family, key, value);
	}
}

static void full_table_leaves_no_half_and_no_share(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int room, i;
	struct host host;

	EACH_FAMILY(f) for (room = 0; room < 2; room++) for (i = 0; i < 3; i++) {
		struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o;

		rig_reset(state);
		fill(f, room);
		o = hear(LAN, t, NULL);
		verdict_is(o.verdict, V_TABLE_FULL, "full", f);
		told_unreachable(&o, f, true);
		assert_int_equal(halves(f), FLOWS - room);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		assert_true(host_of(t.saddr, &host));
		assert_int_equal(host.flows, 0);
		assert_int_equal(entries(f == 4 ? "mappings4" : "mappings6"), 0);
	}
}

/* An endpoint that has a mapping finds the table full: that is the name, not "ending". */
static void full_table_is_named_under_a_mapping(void **state)
{
	EACH_FAMILY(f) {
		rig_reset(state);
		knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000);
		fill(f, 2);
		verdict_is(knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE_TWO, 4000).verdict, V_TABLE_FULL,
			   "mapped", f);
	}
}

/* RFC 6888 REQ-4 and REQ-5: ten times the quota of one host, and another's first connection comes about. */
static void r32_ten_times_the_quota_takes_from_nobody_else(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	struct settings s = settings_get();
	unsigned int i, k;

	s.flows_per_host = 10;
	EACH_FAMILY(f) for (k = 0; k < 3; k++) {
		rig_reset(state);
		settings_put(&s);
		for (i = 0; i < 100; i++)
			verdict_is(knock(f, protocols[k], PILOT, AT_EXCHANGE, 4000 + i).verdict,
				   i < 10 ? V_FORWARDED : V_HOST_LIMIT, "greedy", f);
		verdict_is(knock(f, protocols[k], PILOT_TWO, AT_EXCHANGE, 4000).verdict, V_FORWARDED,
			   "first of another", f);
		assert_int_equal(halves(f), 22);
	}
}

/* Ten times a rate of 7: as many as the seconds that it took admit, one or two of them. */
static void knock_too_fast(int f, uint8_t protocol)
{
	uint64_t begun = (monotonic() - NANOSECONDS / 50) / NANOSECONDS; /* a packet's clock is behind */
	unsigned int made = 0, i;

	for (i = 0; i < 70; i++) {
		struct outcome o = knock(f, protocol, PILOT, AT_EXCHANGE, 4000 + i);

		if (o.verdict == V_FORWARDED) {
			made++;
			continue;
		}
		verdict_is(o.verdict, V_HOST_RATE, "greedy", f);
		told_unreachable(&o, f, true);
	}
	assert_in_range(made, 7, 7 * (monotonic() / NANOSECONDS - begun + 1));
}

static void r32_ten_times_the_rate_takes_from_nobody_else(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	struct settings s = settings_get();
	struct host host;
	unsigned int k;

	s.host_rate = 7;
	EACH_FAMILY(f) for (k = 0; k < 3; k++) {
		struct tuple old = talk(f, protocols[k], PILOT, AT_EXCHANGE, 3999, 443);

		rig_reset(state);
		settings_put(&s);
		hear(LAN, old, NULL);
		assert_true(host_of(old.saddr, &host));
		host.rate = 0; /* another second's */
		put("hosts", &old.saddr, &host);
		knock_too_fast(f, protocols[k]);
		verdict_is(hear(LAN, old, NULL).verdict, V_FORWARDED, "what it had goes on", f);
		verdict_is(knock(f, protocols[k], PILOT_TWO, AT_EXCHANGE, 4000).verdict, V_FORWARDED,
			   "first of another", f);
		assert_true(host_of(old.saddr, &host));
		assert_int_equal(host.flows, halves(f) / 2 - 1); /* the refused took no share */
		assert_true(host_of(at(PILOT_TWO, f), &host));
		assert_int_equal(host.flows, 1);
	}
}

static void rate_of_a_host_is_of_this_second_alone(void **state)
{
	struct settings s = settings_get();
	struct host host;

	s.host_rate = 2;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		int i;

		rig_reset(state);
		settings_put(&s);
		hear(LAN, t, NULL);
		for (i = 0; i < 5; i++) {
			assert_true(host_of(t.saddr, &host));
			/* the clock of packets is coarse, and may not be in this second yet */
			host.rate = (monotonic() / NANOSECONDS - 2) << RATE_BITS | 2;
			put("hosts", &t.saddr, &host);
			t.sport++;
			verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "a new second", f);
		}
		s.host_rate = 0;
		settings_put(&s);
		for (i = 0; i < 20; i++) {
			t.sport++;
			verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "no limit", f);
		}
		s.host_rate = 2;
	}
}

static void flows_of_a_host_are_limited(void **state)
{
	struct settings s = settings_get();
	struct outcome o;
	int i;

	(void)state;
	s.flows_per_host = 10;
	settings_put(&s);
	EACH_FAMILY(f) {
		for (i = 0; i < 10; i++)
			verdict_is(knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000 + i).verdict,
				   V_FORWARDED, "below", f);
		o = knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4010);
		verdict_is(o.verdict, V_HOST_LIMIT, "above", f);
		told_unreachable(&o, f, true);
		verdict_is(knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 4010).verdict, V_FORWARDED,
			   "another host", f);
		assert_int_equal(halves(f), 22);
	}
}

/* A sweep forgets a host in the moment in which it opens a flow: what it held is nobody's. */
static void host_forgotten_with_a_flow_is_not_shut_out(void **state)
{
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
		struct host host;

		rig_reset(state);
		knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000);
		assert_int_equal(bpf_map_delete_elem(map_of("hosts"), &t.saddr), 0);
		knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4001);
		age(&t, 2000 * NANOSECONDS);
		t.sport++;
		age(&t, 2000 * NANOSECONDS);
		sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
		assert_int_equal(halves(f), 0);
		verdict_is(knock(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4002).verdict, V_FORWARDED,
			   "forgotten", f);
		assert_true(host_of(t.saddr, &host));
		assert_int_equal(host.flows, 1);
		assert_int_equal(host.half_open, 1);
		assert_int_equal(half_open_of(SIDE_INSIDE), 1);
	}
}

static void half_open_of_a_host_is_a_sixteenth(void **state)
{
	struct settings s = settings_get();
	struct outcome o;
	int i;

	s.half_open_max = 160;
	EACH_FAMILY(f) {
		rig_reset(state);
		settings_put(&s);
		for (i = 0; i < 10; i++)
			verdict_is(knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000 + i).verdict,
				   V_FORWARDED, "below", f);
		o = knock(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4010);
		verdict_is(o.verdict, V_HALF_OPEN_LIMIT, "above", f);
		told_unreachable(&o, f, true);
		assert_int_equal(half_open_of(SIDE_INSIDE), 10);
	}
}

static void half_open_of_the_side_is_limited(void **state)
{
	struct settings s = settings_get();
	int i;

	s.half_open_max = 20;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);

		rig_reset(state);
		settings_put(&s);
		for (i = 0; i < 20; i++) {
			t.saddr.s6_addr[15] = 10 + i;
			verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "below", f);
		}
		t.saddr.s6_addr[15] = 99;
		verdict_is(hear(LAN, t, NULL).verdict, V_HALF_OPEN_LIMIT, "above", f);
	}
}

static void refused_for_its_ttl_opens_nothing(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o = hear(LAN, t, &(struct shape){.ttl = 1});

		verdict_is(o.verdict, V_TTL_EXCEEDED, "ttl", f);
		assert_int_equal(l4_of(&o.frame)[0], f == 4 ? 11 : 3);
		assert_true(sums_right(&o.frame));
		assert_int_equal(halves(f), 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(full_table_leaves_no_half_and_no_share),
		CASE(full_table_is_named_under_a_mapping),
		CASE(flows_of_a_host_are_limited),
		CASE(r32_ten_times_the_quota_takes_from_nobody_else),
		CASE(r32_ten_times_the_rate_takes_from_nobody_else),
		CASE(rate_of_a_host_is_of_this_second_alone),
		CASE(host_forgotten_with_a_flow_is_not_shut_out),
		CASE(half_open_of_a_host_is_a_sixteenth),
		CASE(half_open_of_the_side_is_limited),
		CASE(refused_for_its_ttl_opens_nothing),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
