/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is answered with an ICMP error, who is not, and how often; and what a hop costs a packet. R41. */
#include "rig.c"
#include "pieces.h"
#include "told.h"

/* RFC 1812 5.3.1: to the host from the address it sees us at, to a circuit from the link's. */
static void r41_last_hop_is_told(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_PROTOCOL(protocol) {
		struct tuple back, t = flow_made(talk(f, protocol, PILOT, AT_EXCHANGE, 4000, 443), &back);
		struct frame sent = packet(&t, 300, (struct shape){.tcp = ACK, .ttl = 1});
		struct outcome o = run(LAN, &sent);

		verdict_is(o.verdict, V_TTL_EXCEEDED, "from inside", f);
		told(&o, &sent, exceeded[f == 6], at(AT_GATEWAY, f));
		sent = packet(&t, 1400, (struct shape){.tcp = ACK, .ttl = 1});
		o = run(LAN, &sent);
		told(&o, &sent, exceeded[f == 6], at(AT_GATEWAY, f));
		sent = packet(&back, 300, (struct shape){.tcp = ACK, .ack = 1, .answer = true, .ttl = 1});
		o = run(ER0, &sent);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "from a circuit", f);
		told(&o, &sent, exceeded[f == 6], link_address(f));
	}
}

static void traffic_class_set(struct frame *f, unsigned int class)
{
	uint8_t *ip = f->data + ETHER;

	if (ip[0] >> 4 == 4) {
		ip[1] = class;
		put16(ip + 10, ip_sum(f));
	} else {
		put16(ip, 0x6000 | class << 4);
	}
}

static unsigned int traffic_class(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? ip[1] : get16(ip) >> 4 & 0xff;
}

/* RFC 2474, RFC 3168: every one of the 256, both ways; and one hop less, no more. */
static void r41_dscp_and_ecn_are_kept_and_the_ttl_loses_one(void **state)
{
	unsigned int class;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple back, t = flow_made(talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), &back);

		for (class = 0; class < 256; class++) {
			struct frame sent = packet(&t, 100, (struct shape){.ttl = 17});
			struct outcome o;

			traffic_class_set(&sent, class);
			o = run(LAN, &sent);
			assert_int_equal(traffic_class(&o.frame), class);
			assert_int_equal(o.frame.data[ETHER + (f == 4 ? 8 : 7)], 16);
			assert_true(sums_right(&o.frame));
			sent = packet(&back, 100, (struct shape){.ttl = 2});
			traffic_class_set(&sent, class);
			o = run(ER0, &sent);
			assert_int_equal(traffic_class(&o.frame), class);
			assert_int_equal(o.frame.data[ETHER + (f == 4 ? 8 : 7)], 1);
			assert_true(sums_right(&o.frame));
		}
	}
}

static uint64_t answers(void)
{
	return total("answers_sent", ANSWER_SENT, sizeof(uint64_t), 0);
}

/* Ends in this verdict, and nothing goes back. */
static void unanswered(enum device in, const struct frame *f, int verdict, const char *claim)
{
	uint64_t before = answers();
	struct outcome o = run(in, f);

	verdict_is(o.verdict, verdict, claim, f->data[ETHER] >> 4);
	assert_int_not_equal(o.action, XDP_TX);
	assert_int_equal(answers(), before);
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e): from addresses that are nobody's, and to those that are a group's. */
static void groups_and_martians_are_not_answered(void **state)
{
	static const char *const martians[2][5] = {
		{"0.0.0.1", "127.0.0.1", "224.0.0.5", "240.0.0.1", "255.255.255.255"},
		{"::1", "ff02::1", "::", "ff0e::5", "::ffff:10.1.20.5"},
	};
	static const char *const group[] = {"224.0.0.5", "ff02::5"};
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent;

		for (i = 0; i < 5; i++) {
			struct tuple from = t;

			from.saddr = address(martians[f == 6][i]);
			sent = frame_make(&from, &(struct shape){.ttl = 1});
			unanswered(LAN, &sent, V_MARTIAN, martians[f == 6][i]);
			unanswered(ER0, &sent, V_MARTIAN, martians[f == 6][i]);
		}
		t.daddr = address(group[f == 6]);
		sent = frame_make(&t, &(struct shape){.ttl = 1});
		unanswered(LAN, &sent, V_MULTICAST, "to a group");
		unanswered(ER0, &sent, V_MULTICAST, "to a group");
	}
}

/* The same: of a datagram the first fragment is answered, a later one is not. */
static void later_fragment_is_not_answered(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = packet(&t, 1000, (struct shape){0});
		struct frame late = packet(&t, 1000, (struct shape){.ttl = 1});
		struct frame first = piece(&whole, 7, 0, 400, true), last;
		unsigned int rest = 1000 - (f == 4 ? 20 : 40) - 400;
		struct outcome o;

		verdict_is(run(LAN, &first).verdict, V_FORWARDED, "first", f);
		last = piece(&late, 7, 400, rest, false);
		unanswered(LAN, &last, V_TTL_EXCEEDED, "last");
		first = piece(&late, 8, 0, 400, true);
		o = run(LAN, &first);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "first", f);
		told(&o, &first, exceeded[f == 6], at(AT_GATEWAY, f));
	}
}

/* An error of a router out there about what went out, of this size. */
static struct frame error_about(struct outcome *went, unsigned int length, struct shape shape)
{
	int f = went->frame.data[ETHER] >> 4;
	unsigned int head = f == 4 ? 20 : 40;
	struct tuple t = {.family = f, .protocol = icmp_of(f), .saddr = at(AT_LARGE, f),
			  .daddr = tuple_of(&went->frame).saddr};
	struct frame error;

	shape.payload = length - head - 8;
	error = frame_make(&t, &shape);
	memset(l4_of(&error), 0, 8);
	l4_of(&error)[0] = f == 4 ? 11 : 3;
	memcpy(l4_of(&error) + 8, went->frame.data + ETHER, ip_length(&went->frame));
	sums_set(&error);
	return error;
}

/* The same: an error is no reason for another, whether it is too old or too big. */
static void error_is_not_answered(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = hear(LAN, talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), NULL);
		struct frame error = error_about(&o, 400, (struct shape){.ttl = 2});

		verdict_is(run(ER0, &error).verdict, V_FORWARDED, "an error", f);
		error = error_about(&o, 400, (struct shape){.ttl = 1});
		unanswered(ER0, &error, V_TTL_EXCEEDED, "an error, too old");
		mtu_set(LAN, 1300);
		error = error_about(&o, 1301, (struct shape){.whole = true});
		unanswered(ER0, &error, V_TOO_BIG, "an error, too big");
		mtu_set(LAN, 1500);
	}
}

/* An answer may cost from one half to three: how many come back says little of who else was answered. */
static void rate_of_answers_is_not_to_be_foretold(void **state)
{
	struct settings s = settings_get();
	struct tuple back, t = flow_made(talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), &back);
	unsigned int counts[21] = {0}, round, i, different = 0, zero = 0;
	void *none = calloc(rig.cpus, sizeof(struct event_budget) + 8);
	cpu_set_t here;

	(void)state;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here); /* the budget is a CPU's */
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	s.answers_per_second = 10;
	settings_put(&s);
	for (round = 0; round < 200; round++) {
		unsigned int sent = 0;
		uint64_t second;

		do { /* all in one second of the clock that the data plane reads */
			put("event_budgets", &zero, none);
			second = (monotonic() - 20000000) / NANOSECONDS; /* jiffies are coarse */
			for (i = 0, sent = 0; i < 25; i++)
				sent += hear(LAN, t, &(struct shape){.ttl = 1}).action == XDP_TX;
		} while ((monotonic() / NANOSECONDS) != second);
		assert_in_range(sent, 7, 20);
		counts[sent]++;
	}
	for (i = 0; i < 21; i++)
		different += counts[i] != 0;
	assert_in_range(different, 3, 14);
	free(none);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r41_last_hop_is_told),
		CASE(r41_dscp_and_ecn_are_kept_and_the_ttl_loses_one),
		CASE(groups_and_martians_are_not_answered),
		CASE(later_fragment_is_not_answered),
		CASE(error_is_not_answered),
		CASE(rate_of_answers_is_not_to_be_foretold),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
