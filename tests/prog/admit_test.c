/* SPDX-License-Identifier: GPL-2.0-only */
/* admit: what somebody outside may do to flows of services, and what they may not. */
#include "rig.c"

static struct outcome answer(struct outcome *asked, uint8_t tcp, uint32_t seq)
{
	struct shape shape = {.tcp = tcp, .answer = true, .seq = seq};

	return hear(LAN, reply_of(asked), &shape);
}

static void echo_has_no_server_port(void **state)
{
	struct service s = service_get(1);

	(void)state;
	s.port = htons(8443);
	service_put(1, &s);
	EACH_FAMILY(f) for (enum device d = LAN; d <= ER0; d++) {
		struct tuple t = talk(f, IPPROTO_ICMP, d == LAN ? PILOT : AT_LARGE, AT_PUBLIC, 2000 + d, 0);
		struct outcome o = hear(d, t, NULL);

		verdict_is(o.verdict, V_FORWARDED, "echo", f);
		assert_true(sums_right(&o.frame));
		o = answer(&o, 0, 0);
		verdict_is(o.verdict, V_FORWARDED, "its answer", f);
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		assert_true(sums_right(&o.frame));
	}
}

#define TEST(name) cmocka_unit_test_setup(name, rig_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(echo_has_no_server_port),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
