/* SPDX-License-Identifier: GPL-2.0-only */
/* ports: what happens when there is none left, how long one rests, and that nobody guesses the next. */
#include "rig.c"

#define JIFFIES (NANOSECONDS / 20) /* that a packet's clock may be behind */

static struct outcome knock(int f, uint8_t protocol, enum place from, enum place to, int port)
{
	return hear(LAN, talk(f, protocol, from, to, port, 443), NULL);
}

static void pool_is(unsigned int low, unsigned int high)
{
	unsigned int rule = RULE_ORDERED;
	struct circuit c = circuit_get(CHICAGO);

	c.port_min = low;
	c.port_max = high;
	c.out4.range[0].count = c.out4.addresses = 1;
	c.out6.range[0].count = c.out6.addresses = 1;
	circuit_put(CHICAGO, &c);
	put("rules", &rule, &(struct rule){.circuits = {CHICAGO}, .count = 1});
}

/* RFC 5508 REQ-1 and REQ-2. */
static void r30_echo_identifiers_are_one_host_s(void **state)
{
	(void)state;
	pool_is(1024, 65535);
	EACH_FAMILY(f) {
		struct outcome a = knock(f, IPPROTO_ICMP, PILOT, AT_EXCHANGE, 77), back;
		struct outcome b = knock(f, IPPROTO_ICMP, PILOT_TWO, AT_EXCHANGE, 77);
		struct tuple to_b = reply_of(&b);

		verdict_is(b.verdict, V_FORWARDED, "same identifier", f);
		assert_true(same_address(tuple_of(&a.frame).saddr, tuple_of(&b.frame).saddr));
		assert_int_not_equal(tuple_of(&a.frame).sport, tuple_of(&b.frame).sport);
		back = hear(ER0, to_b, &(struct shape){.answer = true, .payload = 20});
		verdict_is(back.verdict, V_FORWARDED, "reply", f);
		assert_true(same_address(tuple_of(&back.frame).daddr, at(PILOT_TWO, f)));
		assert_int_equal(tuple_of(&back.frame).dport, 77);
		assert_true(sums_right(&back.frame));
		/* a request with that identifier, from the same host outside, is no answer */
		to_b.sport = to_b.dport;
		verdict_is(hear(ER0, to_b, NULL).verdict, V_UNSOLICITED, "request", f);
	}
}

/* The timer of ICMP queries, scaled to four seconds. */
static void r30_icmp_timer_ends_the_flow(void **state)
{
	struct settings s = settings_get();
	const struct shape reply = {.answer = true};

	(void)state;
	s.timeout[STATE_ICMP] = s.timeout_min = 4 * NANOSECONDS;
	settings_put(&s);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_ICMP, PILOT, AT_EXCHANGE, 77, 0), back;
		struct outcome o = hear(LAN, t, NULL);
		struct half half;

		back = reply_of(&o);
		age(&t, 3 * NANOSECONDS);
		verdict_is(hear(ER0, back, &reply).verdict, V_FORWARDED, "at T-1", f);
		age(&t, 5 * NANOSECONDS + JIFFIES);
		verdict_is(hear(ER0, back, &reply).verdict, V_UNSOLICITED, "at T+1", f);
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "at T+1, from inside", f);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.packets, 1);
	}
}

/* How many of so many packets that find no port are answered. */
static unsigned int refusals_told(int f, uint8_t protocol, unsigned int count)
{
	unsigned int told = 0, i;

	for (i = 0; i < count; i++) {
		struct outcome o = knock(f, protocol, PILOT_TWO, AT_EXCHANGE, 5000 + i);

		verdict_is(o.verdict, V_POOL_EXHAUSTED, "third", f);
		if (o.action == XDP_TX) {
			told_unreachable(&o, f, true);
			told++;
		}
	}
	return told;
}

/* The budget of answers is a CPU's: stay on one, and forget what this second's were before. */
static void budget_begins(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	budgets_begin();
}

static void exhaust(int f, uint8_t protocol)
{
	const struct shape answer = {.answer = true, .tcp = SYN | ACK, .ack = 1},
			   data = {.tcp = ACK, .seq = 1, .ack = 1};
	struct settings s = settings_get();
	struct outcome old[2];
	unsigned int told, i;
	uint64_t begun;

	s.answers_per_second = 3;
	settings_put(&s);
	pool_is(2000, 2001);
	for (i = 0; i < 2; i++)
		old[i] = knock(f, protocol, PILOT, AT_EXCHANGE, 2000 + i);
	budget_begins();
	begun = (monotonic() - JIFFIES) / NANOSECONDS;
	told = refusals_told(f, protocol, 30);
	assert_in_range(told, 1, 6 * (monotonic() / NANOSECONDS - begun + 1)); /* twice the rate, see answer.h */
	for (i = 0; i < 2; i++) {
		struct tuple t = talk(f, protocol, PILOT, AT_EXCHANGE, 2000 + i, 443);

		verdict_is(hear(ER0, reply_of(&old[i]), &answer).verdict, V_FORWARDED, "old, in", f);
		verdict_is(hear(LAN, t, &data).verdict, V_FORWARDED, "old, out", f);
	}
	assert_int_equal(halves(f), 4);
}

/* RFC 5508 REQ-8, RFC 6888 REQ-11: the third flow of a pool of two ports. */
static void r31_exhaustion_is_told_and_old_flows_survive(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

	EACH_FAMILY(f) for (unsigned int i = 0; i < 3; i++) {
		rig_reset(state);
		exhaust(f, protocols[i]);
	}
}

static void sweep_all(int f)
{
	sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
	sweep_run(f == 4 ? "expire_mappings4" : "expire_mappings6", mappings_of(f));
}

/* The port that PILOT wears is free again: does PILOT_TWO, who asks for it, get it? */
static bool handed_over(int f, int port)
{
	struct tuple t = talk(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, port, 443), back;
	struct outcome o = hear(LAN, t, NULL);
	bool same = o.verdict == V_FORWARDED && tuple_of(&o.frame).sport == port;

	verdict_is(o.verdict, V_FORWARDED, "another port", f);
	back = reply_of(&o);
	half_forget(&t);
	half_forget(&back);
	return same;
}

/* RFC 6888 REQ-8: a port rests 120 s before another host wears it; its own host has it back at once. */
static void r33_port_rests_before_another_host_wears_it(void **state)
{
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);

		rig_reset(state);
		pool_is(1024, 65535);
		hear(LAN, t, NULL);
		age(&t, 302 * NANOSECONDS);
		sweep_all(f);
		assert_int_equal(halves(f), 0);
		mappings_age(f, 119 * NANOSECONDS);
		sweep_all(f);
		sweep_all(f);
		assert_false(handed_over(f, 4000));
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "its own host", f);
		assert_int_equal(halves(f), 2);
		age(&t, 302 * NANOSECONDS);
		sweep_all(f);
		mappings_age(f, 122 * NANOSECONDS);
		sweep_all(f);
		sweep_all(f);
		assert_true(handed_over(f, 4000));
	}
}

/* Declared: what maps per destination keeps no port from others once its flow is over (RFC 6888 REQ-8 A). */
static void r33_address_dependent_udp_does_not_rest(void **state)
{
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct circuit c;

		rig_reset(state);
		pool_is(1024, 65535);
		c = circuit_get(CHICAGO);
		c.flags &= ~CIRCUIT_UDP_EIM;
		circuit_put(CHICAGO, &c);
		hear(LAN, t, NULL);
		assert_false(handed_over(f, 4000));
		age(&t, 302 * NANOSECONDS);
		assert_true(handed_over(f, 4000));
	}
}

/* A packet from inside without a look at the counters: twenty thousand of them would take minutes. */
static void send_from_inside(const struct frame *frame)
{
	struct xdp_md context = {.data_end = frame->length, .ingress_ifindex = rig.ifindex[LAN]};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->data, .data_size_in = frame->length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_of("samepath_xdp"), &options), 0);
}

#define DRAWS 10000
#define BINS 64

static double chi_square(const unsigned int *bins)
{
	double expected = (double)DRAWS / BINS, sum = 0;

	for (unsigned int i = 0; i < BINS; i++)
		sum += (bins[i] - expected) * (bins[i] - expected) / expected;
	return sum;
}

/*
 * With 63 degrees of freedom a fair draw is outside of these in less than one of a million cases: above, ports
 * are preferred, below, they are dealt out in turn.
 */
#define CHI_LOW 22.0
#define CHI_HIGH 132.0

static void chi_square_is_fair(const unsigned int *bins, const char *what, int f)
{
	double chi = chi_square(bins);

	if (chi < CHI_LOW || chi > CHI_HIGH)
		fail_msg("%s, IPv%d: chi square %.1f", what, f, chi);
}

/* RFC 6056: where the wanted port is taken, the next is neither likelier than others nor follows from the last. */
static void r35_random_ports_pass_a_chi_square_test(void **state)
{
	struct settings s = settings_get();

	s.half_open_max = 1 << 30;
	s.flows_per_host = 0;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443), there, back;
		struct frame syn = frame_make(&t, NULL);
		unsigned int ports[BINS] = {0}, steps[BINS] = {0}, last = 0;
		const unsigned int count = 65536 - 1024;

		rig_reset(state);
		settings_put(&s);
		pool_is(1024, 65535);
		knock(f, IPPROTO_TCP, PILOT_TWO, AT_EXCHANGE, 4000);
		for (unsigned int i = 0; i < DRAWS; i++) {
			unsigned int place;

			send_from_inside(&syn);
			assert_true(half_translated(&t, &there));
			assert_in_range(there.sport, 1024, 65535);
			assert_int_not_equal(there.sport, 4000);
			place = there.sport - 1024;
			ports[place * BINS / count]++;
			steps[(place + count - last) % count * BINS / count]++;
			last = place;
			back = turned(there);
			half_forget(&t);
			half_forget(&back);
		}
		chi_square_is_fair(ports, "ports", f);
		chi_square_is_fair(steps, "steps", f);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r30_echo_identifiers_are_one_host_s),
		CASE(r30_icmp_timer_ends_the_flow),
		CASE(r31_exhaustion_is_told_and_old_flows_survive),
		CASE(r33_port_rests_before_another_host_wears_it),
		CASE(r33_address_dependent_udp_does_not_rest),
		CASE(r35_random_ports_pass_a_chi_square_test),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
