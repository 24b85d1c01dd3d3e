/* SPDX-License-Identifier: GPL-2.0-only */
/* classify: what source and destination are to the policy, and which rule that makes. */
#include "rig.c"

static const struct {
	const char *claim;
	enum place from, to;
	int verdict;
	unsigned int circuit, class;
} rows[] = {
	{"pilot to exchange", PILOT, AT_EXCHANGE, V_FORWARDED, CHICAGO, EXCHANGE},
	{"pilot to anything", PILOT, AT_LARGE, V_FORWARDED, INTERNET, ANY},
	{"pilot to blocked", PILOT, AT_BLOCKED, V_POLICY_DROP, 0, 0},
	{"campus to anything", CAMPUS, AT_LARGE, V_FORWARDED, INTERNET, ANY},
	{"campus to partner, no rule", CAMPUS, AT_PARTNER, V_NO_POLICY, 0, 0},
	{"campus to blocked, no rule", CAMPUS, AT_BLOCKED, V_NO_POLICY, 0, 0},
	{"source in no segment", NOBODY, AT_EXCHANGE, V_NO_SEGMENT, 0, 0},
	{"pool address as source", AT_CHICAGO, AT_EXCHANGE, V_NO_SEGMENT, 0, 0},
	{"between segments", PILOT, CAMPUS, V_TO_INSIDE, 0, 0},
	{"pilot to the gateway", PILOT, AT_GATEWAY, V_TO_GATEWAY, 0, 0},
	{"nobody to the gateway", NOBODY, AT_GATEWAY, V_TO_GATEWAY, 0, 0},
	{"the gateway's own address as source", AT_GATEWAY, AT_EXCHANGE, V_MARTIAN, 0, 0},
};

static uint64_t opened(unsigned int class)
{
	return total("class_counters", class, sizeof(struct class_counter),
		     offsetof(struct class_counter, opened));
}

static void source_and_destination_choose_the_rule(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i, j;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) for (j = 0; j < 3; j++) {
		struct tuple t = talk(f, protocols[j], rows[i].from, rows[i].to, 4000 + i, 443);
		uint64_t before = opened(rows[i].class);
		unsigned int count = halves(f);
		struct outcome o = hear(LAN, t, NULL);
		struct half half;

		verdict_is(o.verdict, rows[i].verdict, rows[i].claim, f);
		if (o.verdict != V_FORWARDED) {
			assert_int_equal(halves(f), count);
			continue;
		}
		assert_true(half_get(&t, &half));
		assert_int_equal(half.circuit, rows[i].circuit);
		assert_int_equal(half.class, rows[i].class);
		assert_int_equal(opened(rows[i].class), before + 1);
	}
}

static void other_slot_is_not_asked(void **state)
{
	struct live now = {.slot = 1, .generation = 1};
	unsigned int zero = 0;
	struct tuple t = talk(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);

	(void)state;
	put("live", &zero, &now);
	verdict_is(hear(LAN, t, NULL).verdict, V_UNMANAGED, "empty slot", 4);
	now.slot = 0;
	put("live", &zero, &now);
	verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "filled slot", 4);
}

static void packets_are_counted_under_circuit_and_class(void **state)
{
	const size_t circuit = sizeof(struct circuit_counter), class = sizeof(struct class_counter);

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame frame = frame_make(&t, &(struct shape){.payload = 50});
		uint64_t out = total("circuit_counters", CHICAGO, circuit,
				     offsetof(struct circuit_counter, out_bytes));
		uint64_t in = total("class_counters", EXCHANGE, class,
				    offsetof(struct class_counter, in_packets));
		struct outcome o = run(LAN, &frame);
		struct half half;

		run(LAN, &frame);
		hear(ER0, reply_of(&o), NULL);
		assert_int_equal(total("circuit_counters", CHICAGO, circuit,
				       offsetof(struct circuit_counter, out_bytes)),
				 out + 2 * frame.length);
		assert_int_equal(total("class_counters", EXCHANGE, class,
				       offsetof(struct class_counter, in_packets)), in + 1);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.packets, 2);
		assert_int_equal(half.bytes, 2 * frame.length);
		assert_int_equal(half.iif, rig.ifindex[LAN]);
	}
}

/* What cannot be translated but is for the gateway itself is the kernel's. */
static void untranslatable_packets_to_the_gateway_pass(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_GATEWAY, 4000, 443);
		struct frame frame = frame_make(&t, NULL);

		frame.data[ETHER + (f == 4 ? 9 : 6)] = 89; /* OSPF */
		verdict_is(run(LAN, &frame).verdict, V_TO_GATEWAY, "OSPF", f);
		if (f == 4)
			frame.data[ETHER + 6] = 0x20;
		else
			frame.data[ETHER + 6] = 44;
		verdict_is(run(LAN, &frame).verdict, V_TO_GATEWAY, "fragment", f);
		t = talk(f, IPPROTO_TCP, AT_LARGE, AT_GATEWAY, 4000, 179);
		frame = frame_make(&t, NULL);
		verdict_is(run(ER0, &frame).verdict, V_TO_GATEWAY, "BGP", f);
	}
}

/* A CPU that hears nothing from the device while the generation moves 65536 times. */
static void role_is_not_remembered_past_a_round_of_generations(void **state)
{
	struct link_key key = {rig.ifindex[LAN], NO_TAG, NO_TAG};
	struct tuple t = talk(4, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
	unsigned int zero = 0;
	cpu_set_t all, one;
	struct live now;
	struct link link;

	(void)state;
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "inside", 4);
	assert_true(get("links", &key, &link));
	link.role[0].kind = ROLE_NONE;
	put("links", &key, &link);
	get("live", &zero, &now);
	now.generation += 65536;
	put("live", &zero, &now);
	verdict_is(hear(LAN, t, NULL).verdict, V_UNMANAGED, "nothing now", 4);
	sched_setaffinity(0, sizeof(all), &all);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(source_and_destination_choose_the_rule),
		CASE(other_slot_is_not_asked),
		CASE(packets_are_counted_under_circuit_and_class),
		CASE(untranslatable_packets_to_the_gateway_pass),
		CASE(role_is_not_remembered_past_a_round_of_generations),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
