/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors pass both ways, and a flow never notices. What becomes of their bytes: error_quote_test.c. */
#include "rig.c"
#include "quote.h"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static struct half half_of(const struct tuple *t)
{
	struct half half;

	assert_true(half_get(t, &half));
	half.hop = half.generation = half.asked = 0; /* the way is the half's, whoever asked for it */
	return half;
}

/* Both halves as they were. */
static void untouched(const struct speech s[2], const struct half was[2])
{
	unsigned int j;

	for (j = 0; j < 2; j++) {
		struct half now = half_of(&s[j].sent);

		assert_memory_equal(&now, &was[j], sizeof(now));
	}
}

static void talks_on(const struct speech s[2], int f)
{
	unsigned int j;

	for (j = 0; j < 2; j++) {
		struct shape shape = {.answer = s[j].answer, .tcp = ACK, .seq = 1, .ack = 1};

		/* who hears what [0] says is who says [1] */
		verdict_is(hear(s[!j].at, s[j].sent, &shape).verdict, V_FORWARDED, "talks on", f);
	}
}

static void r11_errors_neither_kill_nor_refresh(void **state)
{
	unsigned int i, j, k, code;
	struct speech s[2];
	struct half was[2];

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		talks_on(s, f);
		for (j = 0; j < 2; j++)
			was[j] = half_of(&s[j].sent);
		EACH_KIND(f, k) for (code = 0; code < kinds[k].codes; code++)
			for (j = 0; j < 2; j++) {
				struct error e = error_plain(f, &s[j]);

				e.type = kinds[k].type;
				e.code = code;
				error_passes(&s[j], &e, "type and code");
			}
		untouched(s, was);
		talks_on(s, f);
		assert_int_equal(halves(f), 2);
	}
}

/* What is dead stays dead, and opens nothing. */
static void r11_errors_alone_keep_nothing_alive(void **state)
{
	struct speech s[2];
	struct frame in;
	unsigned int j, minute;

	EACH_FAMILY(f) for (j = 0; j < 2; j++) {
		struct error e;

		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		talks_on(s, f);
		e = error_plain(f, &s[j]);
		in = error_in(&s[j], &e);
		for (minute = 0; minute < 5; minute++) {
			verdict_is(run(s[j].at, &in).verdict, V_FORWARDED, "alive", f);
			age(&s[0].sent, 60 * NANOSECONDS);
		}
		age(&s[0].sent, NANOSECONDS / 10);
		dropped(run(s[j].at, &in), V_ERROR_NO_FLOW, "dead", f);
		assert_int_equal(halves(f), 2);
	}
}

static void r21_errors_from_outside_keep_their_source(void **state)
{
	unsigned int i, k, code;
	struct speech s[2];

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		EACH_KIND(f, k) for (code = 0; code < kinds[k].codes; code++) {
			struct error e = error_plain(f, &s[0]);
			struct frame in, out;

			e.type = kinds[k].type;
			e.code = code;
			e.source = router_of(&s[0]);
			error_both(&s[0], &e, &in, &out);
			assert_true(same_address(tuple_of(&out).saddr, router_of(&s[0])));
			assert_true(same_address(tuple_of(&out).daddr, at(PILOT, f)));
			error_passes(&s[0], &e, "from a router outside");
		}
	}
}

/* Of the inside, nothing is seen but what the flow wears, whoever complains; and who is not inside may not. */
static void r28_errors_from_inside_wear_the_pool(void **state)
{
	static const enum kind outward[] = {OUTBOUND, PINNED, SERVED, KEPT};
	unsigned int i, k;
	struct speech s[2];

	EACH_FAMILY(f) for (k = 0; k < 4; k++) for (i = 0; i < 3; i++) {
		const struct speech *from;
		struct error e;
		struct frame in, out;

		rig_reset(state);
		speak(outward[k], f, protocols[i], 4321, s);
		from = &s[s[0].at != LAN];
		e = error_plain(f, from);
		e.source = router_of(from);
		error_both(from, &e, &in, &out);
		assert_true(same_address(tuple_of(&out).saddr, from->sent.daddr));
		error_passes(from, &e, "from a router inside");
		e.source = at(NOBODY, f);
		in = error_in(from, &e);
		dropped(run(LAN, &in), V_NO_SEGMENT, "from no segment", f);
		e.source = at(AT_GATEWAY, f);
		in = error_in(from, &e);
		dropped(run(LAN, &in), V_MARTIAN, "in the gateway's name", f);
	}
}

static void r29_hairpinned_errors_come_from_the_public_address(void **state)
{
	unsigned int i, j;
	struct speech s[2];

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(HAIRPIN, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++) {
			struct error e = error_plain(f, &s[j]);
			struct frame in, out;

			error_both(&s[j], &e, &in, &out);
			assert_true(same_address(tuple_of(&out).saddr, j ? at(AT_GATEWAY, f) : at(AT_PUBLIC, f)));
			error_passes(&s[j], &e, "from a host");
			e.source = router_of(&s[j]);
			error_passes(&s[j], &e, "from a router");
		}
	}
}

static void r39_sizes_are_passed_on_as_they_are(void **state)
{
	static const uint32_t sizes[] = {0, 1, 67, 68, 576, 1279, 1280, 1428, 65535, 0xffffffff};
	unsigned int i, j;
	struct speech s[2];

	EACH_FAMILY(f) {
		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_TCP, 4321, s);
		for (j = 0; j < 2; j++) for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct error e = error_plain(f, &s[j]);

			e.type = f == 4 ? 3 : 2;
			e.code = f == 4 ? 4 : 0;
			put32(e.rest, f == 4 ? sizes[i] & 0xffff : sizes[i]);
			error_passes(&s[j], &e, "size");
		}
	}
}

static uint64_t violations(void)
{
	return total("circuit_counters", CHICAGO, sizeof(struct circuit_counter),
		     offsetof(struct circuit_counter, violations));
}

static void r43_errors_obey_the_pin(void **state)
{
	struct circuit c;
	struct speech s[2], there;
	struct half was[2];

	EACH_FAMILY(f) {
		struct error e;
		struct frame in;
		uint64_t before = violations();

		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		talks_on(s, f);
		was[0] = half_of(&s[0].sent);
		was[1] = half_of(&s[1].sent);
		e = error_plain(f, &s[0]);
		in = error_in(&s[0], &e);
		dropped(run(WAN, &in), V_VIOLATION, "on another circuit", f);
		dropped(run(LAN, &in), V_WRONG_SIDE, "from inside", f);
		e = error_plain(f, &s[1]);
		in = error_in(&s[1], &e);
		dropped(run(ER0, &in), V_WRONG_SIDE, "from the circuit", f);
		assert_int_equal(violations() - before, 3);
		c = circuit_get(CHICAGO);
		c.flags |= CIRCUIT_MONITOR;
		circuit_put(CHICAGO, &c);
		there = s[0];
		there.at = WAN;
		e = error_plain(f, &there);
		error_passes(&there, &e, "on another circuit, watched");
		assert_int_equal(violations() - before, 4);
		untouched(s, was);
	}
}

/* An error that may be cut and must be, goes on to that finished; its id is the gateway's. */
static void r13_errors_too_big_are_cut(void **state)
{
	struct speech s[2];
	unsigned int j;

	(void)state;
	speak(OUTBOUND, 4, IPPROTO_UDP, 4321, s);
	for (j = 0; j < 2; j++) {
		struct error e = error_plain(4, &s[j]);
		struct frame in, out;
		struct outcome o;

		e.quoted.payload = 1480;
		e.transport = 1480;
		error_both(&s[j], &e, &in, &out);
		o = run(s[j].at, &in);
		verdict_is(o.verdict, V_CUT, "too big", 4);
		memcpy(out.data + ETHER + 4, o.frame.data + ETHER + 4, 2);
		sums_set(&out);
		assert_memory_equal(o.frame.data + 12, out.data + 12, out.length - 12);
	}
}

/* A host that has no neighbour entry: the finished error is the kernel's to deliver. */
static void unresolved_hosts_get_theirs_by_the_kernel(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4321, 443);
		struct speech s = {.at = ER0, .to = LAN};
		struct error e;
		struct frame in, out;
		struct outcome o;

		t.saddr.s6_addr[15] = 99;
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "opens", f);
		s.sent = t;
		assert_true(half_translated(&t, &s.seen));
		e = error_plain(f, &s);
		error_both(&s, &e, &in, &out);
		o = run(ER0, &in);
		verdict_is(o.verdict, V_RESOLVING, "unresolved", f);
		assert_int_equal(o.action, XDP_PASS);
		assert_memory_equal(o.frame.data + 12, out.data + 12, out.length - 12);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r11_errors_neither_kill_nor_refresh),
		CASE(r11_errors_alone_keep_nothing_alive),
		CASE(r21_errors_from_outside_keep_their_source),
		CASE(r28_errors_from_inside_wear_the_pool),
		CASE(r29_hairpinned_errors_come_from_the_public_address),
		CASE(r39_sizes_are_passed_on_as_they_are),
		CASE(r43_errors_obey_the_pin),
		CASE(r13_errors_too_big_are_cut),
		CASE(unresolved_hosts_get_theirs_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
