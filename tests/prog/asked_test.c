/* SPDX-License-Identifier: GPL-2.0-only */
/* asked: the first answer to a test is noted, on whatever circuit it comes, and dropped all the same. */
#include "rig.c"
#include "quote.h"
#include "maps/asked.h"

#define PORT 40321
#define EXPECTED 0x80000001 /* what the answer acknowledges */

/* From a pool address of chicago to somebody there. */
static struct tuple question(int family, uint8_t protocol)
{
	return talk(family, protocol, AT_CHICAGO, AT_EXCHANGE, PORT, 443);
}

static struct flow_key6 key_of(struct tuple t)
{
	return (struct flow_key6){ .saddr = t.saddr, .daddr = t.daddr, .sport = htons(t.sport),
				   .dport = htons(t.dport), .protocol = t.protocol };
}

/* The tuple of the answer, asked for until then. */
static struct tuple ask(int family, uint8_t protocol, uint64_t until)
{
	struct tuple answer = turned(question(family, protocol));
	struct flow_key6 key = key_of(answer);
	struct asked asked = { .until = until, .expected = EXPECTED };

	put("asked", &key, &asked);
	return answer;
}

static uint64_t soon(void)
{
	return monotonic() + 100 * NANOSECONDS;
}

static struct asked noted(struct tuple answer)
{
	struct flow_key6 key = key_of(answer);
	struct asked asked;

	assert_true(get("asked", &key, &asked));
	return asked;
}

static int says(enum device in, struct tuple t)
{
	struct shape shape = { .tcp = SYN | ACK, .answer = true, .ttl = 53, .ack = EXPECTED };
	struct outcome o = hear(in, t, &shape);

	assert_int_equal(o.action, XDP_DROP);
	assert_int_equal(halves(t.family), 0);
	return o.verdict;
}

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_ICMP };
static const struct {
	enum device in;
	enum circuit_number circuit;
} wires[] = { { ER0, CHICAGO }, { ER2, DALLAS }, { WAN, INTERNET } };

#define EACH(f, i) EACH_FAMILY(f) for (i = 0; i < 2; i++)

static void answers_are_noted_with_their_circuit(void **state)
{
	unsigned int i, w;

	EACH(f, i) for (w = 0; w < 3; w++)
	{
		uint64_t before = monotonic();
		struct tuple answer = ask(f, protocols[i], soon());
		struct asked a;

		(void)state;
		verdict_is(says(wires[w].in, answer), V_ASKED, "answer", f);
		a = noted(answer);
		assert_int_equal(a.state, ASKED_ANSWERED);
		assert_int_equal(a.circuit, wires[w].circuit);
		assert_int_equal(a.ifindex, rig.ifindex[wires[w].in]);
		assert_true(a.time >= before && a.time <= monotonic());
		assert_true(same_address(a.source, at(AT_EXCHANGE, f)));
		assert_int_equal(a.dport, htons(PORT));
		assert_int_equal(a.ttl, 53);
		assert_int_equal(a.error, 0);
		assert_int_equal(a.type, protocols[i] == IPPROTO_TCP ? SYN | ACK : 0);
		assert_int_equal(a.length, (f == 4 ? 20 : 40) + (protocols[i] == IPPROTO_TCP ? 20 : 8));
	}
}

static void the_first_answer_is_the_one(void **state)
{
	unsigned int i;

	(void)state;
	EACH(f, i)
	{
		struct tuple answer = ask(f, protocols[i], soon());
		struct asked first, second;

		verdict_is(says(WAN, answer), V_ASKED, "first", f);
		first = noted(answer);
		verdict_is(says(ER0, answer), V_ASKED, "second", f);
		second = noted(answer);
		assert_memory_equal(&first, &second, sizeof(first));
	}
}

static int says_tcp(struct tuple t, uint8_t flags, uint32_t ack)
{
	struct shape shape = { .tcp = flags, .ack = ack };

	return hear(ER0, t, &shape).verdict;
}

/* A far end that forgot the port, a rest of another conversation, somebody who guesses: none of them was asked. */
static void only_what_acknowledges_the_question_answers_it(void **state)
{
	static const uint8_t never[] = { SYN, ACK, RST, ACK | FIN }, answers[] = { SYN | ACK, RST | ACK };
	unsigned int i;

	(void)state;
	EACH_FAMILY(f)
	{
		struct tuple answer = ask(f, IPPROTO_TCP, soon());

		for (i = 0; i < sizeof(never); i++)
			verdict_is(says_tcp(answer, never[i], EXPECTED), V_UNSOLICITED, "no answer", f);
		for (i = 0; i < sizeof(answers); i++) {
			verdict_is(says_tcp(answer, answers[i], EXPECTED - 1), V_UNSOLICITED, "before", f);
			verdict_is(says_tcp(answer, answers[i], EXPECTED + 1), V_UNSOLICITED, "behind", f);
		}
		assert_int_equal(noted(answer).state, ASKED_WAITS);
		for (i = 0; i < sizeof(answers); i++) {
			ask(f, IPPROTO_TCP, soon());
			verdict_is(says_tcp(answer, answers[i], EXPECTED), V_ASKED, "answer", f);
			assert_int_equal(noted(answer).type, answers[i]);
		}
	}
}

static void nothing_is_noted_too_late(void **state)
{
	unsigned int i;

	(void)state;
	EACH(f, i)
	{
		struct tuple answer = ask(f, protocols[i], monotonic() - NANOSECONDS);

		verdict_is(says(ER0, answer), V_UNSOLICITED, "too late", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
	}
}

static void strangers_end_as_before(void **state)
{
	unsigned int i;

	(void)state;
	EACH(f, i)
	{
		struct tuple answer = ask(f, protocols[i], soon()), other = answer;

		other.dport++;
		verdict_is(says(ER0, other), V_UNSOLICITED, "another port", f);
		other = answer;
		other.saddr = at(AT_LARGE, f);
		verdict_is(says(ER0, other), V_UNSOLICITED, "another host", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
		verdict_is(says(LAN, answer), V_NO_SEGMENT, "from inside", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
	}
}

/* Whatever is asked: a packet of a flow is the flow's. */
static void a_flow_goes_before(void **state)
{
	struct shape shape = { .tcp = SYN | ACK, .answer = true, .ack = 1 };
	unsigned int i;

	EACH(f, i)
	{
		struct outcome o;
		struct tuple answer;
		struct asked asked = { .until = soon() };
		struct flow_key6 key;

		rig_reset(state);
		o = hear(LAN, talk(f, protocols[i], PILOT, AT_EXCHANGE, PORT, 443), NULL);
		verdict_is(o.verdict, V_FORWARDED, "opens", f);
		answer = reply_of(&o);
		key = key_of(answer);
		put("asked", &key, &asked);
		verdict_is(hear(ER0, answer, &shape).verdict, V_FORWARDED, "answer", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
	}
}

static struct error exceeded(int f, const struct speech *s)
{
	struct error e = error_plain(f, s);

	e.type = f == 4 ? 11 : 3;
	e.code = 1;
	e.ttl = 61;
	e.source = at(AT_LARGE, f);
	return e;
}

static void errors_about_a_question_are_noted(void **state)
{
	unsigned int i, w;

	(void)state;
	EACH(f, i) for (w = 0; w < 3; w++)
	{
		struct tuple answer = ask(f, protocols[i], soon());
		/* the error goes to who asked, so `sent` is what comes back */
		struct speech s = { .sent = answer,
				    .seen = question(f, protocols[i]),
				    .at = wires[w].in };
		struct error e = exceeded(f, &s);
		struct frame in = error_in(&s, &e);
		struct asked a;

		dropped(run(wires[w].in, &in), V_ASKED, "error", f);
		a = noted(answer);
		assert_int_equal(a.state, ASKED_ANSWERED);
		assert_int_equal(a.circuit, wires[w].circuit);
		assert_int_equal(a.ifindex, rig.ifindex[wires[w].in]);
		assert_true(same_address(a.source, at(AT_LARGE, f)));
		assert_int_equal(a.error, 1);
		assert_int_equal(a.type, f == 4 ? 11 : 3);
		assert_int_equal(a.code, 1);
		assert_int_equal(a.ttl, 61);
		assert_int_equal(a.dport, htons(PORT));
	}
}

static void errors_of_strangers_end_as_before(void **state)
{
	unsigned int i;

	(void)state;
	EACH(f, i)
	{
		struct tuple answer = ask(f, protocols[i], soon());
		struct speech s = { .sent = answer, .seen = question(f, protocols[i]), .at = ER0 },
			      other = s;
		struct error e = exceeded(f, &s);
		struct frame in;

		other.seen.sport++;
		in = error_in(&other, &e);
		dropped(run(ER0, &in), V_ERROR_NO_FLOW, "of another", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
		ask(f, protocols[i], monotonic() - NANOSECONDS);
		in = error_in(&s, &e);
		dropped(run(ER0, &in), V_ERROR_NO_FLOW, "too late", f);
		assert_int_equal(noted(answer).state, ASKED_WAITS);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(answers_are_noted_with_their_circuit),
		CASE(the_first_answer_is_the_one),
		CASE(only_what_acknowledges_the_question_answers_it),
		CASE(nothing_is_noted_too_late),
		CASE(strangers_end_as_before),
		CASE(a_flow_goes_before),
		CASE(errors_about_a_question_are_noted),
		CASE(errors_of_strangers_end_as_before),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
