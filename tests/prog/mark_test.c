/* SPDX-License-Identifier: GPL-2.0-only */
/* mark: DSCP and ECN go through as they came, unless the circuit that they leave by has a list. */
#include "rig.c"
#include "quote.h"

/* DSCP and ECN of the frame. */
static uint8_t class_of(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? ip[1] : (ip[0] & 15) << 4 | ip[1] >> 4;
}

static struct frame classed(struct tuple t, const struct shape *shape, uint8_t class)
{
	struct frame f = frame_make(&t, shape);
	uint8_t *ip = f.data + ETHER;

	if (t.family == 4) {
		ip[1] = class;
	} else {
		ip[0] = 0x60 | class >> 4;
		ip[1] = class << 4 | 0xa; /* and a flow label */
		put16(ip + 2, 0xbcde);
	}
	sums_set(&f);
	return f;
}

static void label_stays(const struct frame *f)
{
	if (ip_header(f) == 20)
		return;
	assert_int_equal(f->data[ETHER + 1] & 15, 0xa);
	assert_int_equal(get16(f->data + ETHER + 2), 0xbcde);
	assert_int_equal(f->data[ETHER] >> 4, 6);
}

/* The circuit keeps these and gives the rest another. */
static void keep(unsigned int circuit, uint64_t values, uint8_t rest)
{
	struct settings s = settings_get();
	struct circuit c = circuit_get(circuit);

	s.features |= FEATURE_DSCP;
	settings_put(&s);
	c.flags |= CIRCUIT_DSCP;
	c.dscp_keep[0] = values;
	c.dscp_keep[1] = values >> 32;
	c.dscp_rest = rest;
	circuit_put(circuit, &c);
}

#define GUIDE (1ull << 46 | 1ull << 34 | 1ull << 18 | 1ull << 24 | 1ull << 10 | 1)

static void r41_all_classes_go_through_by_default(void **state)
{
	unsigned int class;

	(void)state;
	EACH_FAMILY(f) for (class = 0; class < 256; class++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame out = classed(t, NULL, class), in;
		struct outcome o = run(LAN, &out), back;

		verdict_is(o.verdict, V_FORWARDED, "out", f);
		assert_int_equal(class_of(&o.frame), class);
		label_stays(&o.frame);
		in = classed(reply_of(&o), NULL, class);
		back = run(ER0, &in);
		verdict_is(back.verdict, V_FORWARDED, "in", f);
		assert_int_equal(class_of(&back.frame), class);
		assert_true(sums_right(&o.frame) && sums_right(&back.frame));
	}
}

static void r41_what_is_not_kept_becomes_the_rest(void **state)
{
	static const uint8_t rests[] = {0, 8, 63};
	unsigned int class, i;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		keep(CHICAGO, GUIDE, rests[i]);
		for (class = 0; class < 256; class++) {
			struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
			struct frame out = classed(t, NULL, class), in;
			struct outcome o = run(LAN, &out), back;
			unsigned int dscp = GUIDE >> (class >> 2) & 1 ? class >> 2 : rests[i];

			verdict_is(o.verdict, V_FORWARDED, "out", f);
			assert_int_equal(class_of(&o.frame), dscp << 2 | (class & 3));
			label_stays(&o.frame);
			in = classed(reply_of(&o), &(struct shape){.tcp = SYN | ACK, .ack = 1}, class);
			back = run(ER0, &in);
			verdict_is(back.verdict, V_FORWARDED, "what comes in is untouched", f);
			assert_int_equal(class_of(&back.frame), class);
			assert_true(sums_right(&o.frame) && sums_right(&back.frame));
		}
	}
}

/* A circuit's list is for what leaves by it, not for its neighbours. */
static void r41_each_circuit_has_a_list_of_its_own(void **state)
{
	(void)state;
	keep(CHICAGO, 0, 8);
	EACH_FAMILY(f) {
		struct tuple there = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct tuple large = talk(f, IPPROTO_UDP, PILOT, AT_LARGE, 4000, 443);
		struct frame one = classed(there, NULL, 46 << 2 | 1), other = classed(large, NULL, 46 << 2 | 1);
		struct outcome o = run(LAN, &one), p = run(LAN, &other);

		verdict_is(o.verdict, V_FORWARDED, "chicago", f);
		verdict_is(p.verdict, V_FORWARDED, "internet", f);
		assert_int_equal(class_of(&o.frame), 8 << 2 | 1);
		assert_int_equal(class_of(&p.frame), 46 << 2 | 1);
	}
}

/* What a server answers leaves by the circuit too; what it is asked does not. */
static void r41_the_answers_of_a_service_are_marked(void **state)
{
	(void)state;
	keep(CHICAGO, GUIDE, 0);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_LARGE, AT_PUBLIC, 4000, 443);
		struct frame in = classed(t, NULL, 11 << 2 | 2), out;
		struct outcome o = run(ER0, &in), back;

		verdict_is(o.verdict, V_FORWARDED, "in", f);
		assert_int_equal(class_of(&o.frame), 11 << 2 | 2);
		out = classed(reply_of(&o), &(struct shape){.tcp = SYN | ACK, .ack = 1}, 11 << 2 | 2);
		back = run(LAN, &out);
		verdict_is(back.verdict, V_FORWARDED, "out", f);
		assert_int_equal(class_of(&back.frame), 2);
		assert_true(sums_right(&back.frame));
	}
}

/* An error that a host inside sends leaves by the circuit like its packets; one from outside does not. */
static void r41_errors_are_marked_on_their_way_out(void **state)
{
	(void)state;
	keep(CHICAGO, GUIDE, 0);
	EACH_FAMILY(f) {
		struct speech s[2];
		struct frame in;
		struct error e;
		struct outcome o;
		unsigned int i;

		speak(OUTBOUND, f, IPPROTO_UDP, 4000, s);
		for (i = 0; i < 2; i++) {
			e = error_plain(f, &s[i]);
			in = error_in(&s[i], &e);
			if (f == 4)
				in.data[ETHER + 1] = 48 << 2 | 1;
			else
				put16(in.data + ETHER, 0x6000 | (48 << 2 | 1) << 4);
			sums_set(&in);
			o = run(s[i].at, &in);
			verdict_is(o.verdict, V_FORWARDED, "error", f);
			assert_int_equal(class_of(&o.frame), (s[i].to == ER0 ? 0 : 48 << 2) | 1);
			assert_true(sums_right(&o.frame));
		}
	}
}

/* A list without the setting that announces it is not looked at: what no circuit has, nobody pays for. */
static void without_the_feature_no_circuit_is_asked(void **state)
{
	struct settings s = settings_get();
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = classed(t, NULL, 46 << 2);
	struct outcome o;

	(void)state;
	keep(CHICAGO, 0, 0);
	settings_put(&s);
	o = run(LAN, &f);
	assert_int_equal(class_of(&o.frame), 46 << 2);
}

/* An IPv4 header whose sum was wrong is not mended by the change. */
static void r37_a_wrong_header_sum_stays_wrong(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = classed(t, NULL, 46 << 2);
	struct outcome o;

	(void)state;
	keep(CHICAGO, 0, 8);
	put16(f.data + ETHER + 10, get16(f.data + ETHER + 10) ^ 0x0400);
	o = run(LAN, &f);
	verdict_is(o.verdict, V_FORWARDED, "wrong", 4);
	assert_int_not_equal(get16(o.frame.data + ETHER + 10), ip_sum(&o.frame));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r41_all_classes_go_through_by_default),
		CASE(r41_what_is_not_kept_becomes_the_rest),
		CASE(r41_each_circuit_has_a_list_of_its_own),
		CASE(r41_the_answers_of_a_service_are_marked),
		CASE(r41_errors_are_marked_on_their_way_out),
		CASE(without_the_feature_no_circuit_is_asked),
		CASE(r37_a_wrong_header_sum_stays_wrong),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
