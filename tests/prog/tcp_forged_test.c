/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP: what does not fit the numbers of its flow neither ends it nor keeps it alive. */
#include "rig.c"
#include "connection.h"

#define STORM 10000

/* R20; and of what the inside resets, though nothing is dropped. */
static void reset_closes_only_at_the_exact_number(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) EACH_END(by) {
		struct talk t = connected(f, o, 3000 + o * 2 + by);
		struct picture before = picture_of(&t);
		uint32_t seq = own(&t, by), far = by == outsider(&t) ? V_TCP_WINDOW : V_TCP_IDLE;

		SENDS(V_TCP_IDLE, &t, by, RST, seq + 1, 0, 0);
		SENDS(V_TCP_IDLE, &t, by, RST, seq + 60000, 0, 0);
		SENDS((int)far, &t, by, RST, seq - 1, 0, 0);
		SENDS((int)far, &t, by, RST, seq + 70000, 0, 0);
		SENDS((int)far, &t, by, RST | ACK, seq + 0x80000000, own(&t, !by), 0);
		nothing_changed(&t, &before);
		SENDS(V_FORWARDED, &t, by, RST, seq, 0, 0);
		assert_true(closing(&t));
		before = picture_of(&t);
		SENDS(V_FORWARDED, &t, by, RST, seq, 0, 0); /* the timer runs, and is not wound again */
		nothing_changed(&t, &before);
	}
}

/* The data behind it was lost on the way, and the other side answers for a port that is closed. */
static void reset_closes_at_the_number_that_was_acknowledged(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) EACH_END(by) {
		struct talk t = connected(f, o, 3100 + o * 2 + by);

		SENDS(V_FORWARDED, &t, by, ACK, own(&t, by), own(&t, !by), 1000);
		SENDS(V_TCP_IDLE, &t, by, RST, own(&t, by) + 999, 0, 0);
		SENDS(V_FORWARDED, &t, by, RST, own(&t, by), 0, 0);
		assert_true(closing(&t));
	}
}

/* R19. */
static void mapping_survives_a_reset_for_the_closing_timer(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) EACH_END(by) {
		struct talk t = connected(f, o, 3200 + o * 2 + by);
		enum end inside = !outsider(&t);

		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, by, RST, own(&t, by), 0, 0);
		age(&t.there, 239 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, inside, ACK, own(&t, inside), own(&t, !inside), 50);
		SENDS(V_FORWARDED, &t, !inside, ACK, own(&t, !inside), own(&t, inside) + 50, 50);
		age(&t.there, 241 * NANOSECONDS);
		verdict_is(sends(&t, !inside, ACK, own(&t, !inside), own(&t, inside), 50),
			   o ? V_NO_FLOW : V_UNSOLICITED, "dead", f);
	}
}

/* Runs a frame and asks nothing. */
static void blows(enum device in, const struct frame *frame)
{
	struct xdp_md context = {.data_end = frame->length, .ingress_ifindex = rig.ifindex[in]};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->data, .data_size_in = frame->length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_of("samepath_xdp"), &options), 0);
}

static void storm(struct talk *t, uint8_t flags)
{
	enum end by = outsider(t);
	struct frame frame = segment(t, by, flags, 0, 0, 10);
	uint8_t *tcp = l4_of(&frame);
	int i;

	for (i = 0; i < STORM; i++) {
		put32(tcp + 4, (uint32_t)random() << 1 ^ random());
		put32(tcp + 8, (uint32_t)random() << 1 ^ random());
		put16(tcp + 14, random() & 0xffff);
		blows(by == BY_CLIENT ? t->near : t->far, &frame);
	}
}

/* They cannot close it, nor keep it alive, nor teach it a number. */
static void storms_from_outside_change_nothing(void **state)
{
	static const uint8_t flags[] = {SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK};

	(void)state;
	srandom(4711);
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3300 + o);
		struct picture before;
		unsigned int i;

		age(&t.there, 7000 * NANOSECONDS);
		before = picture_of(&t);
		for (i = 0; i < sizeof(flags); i++) {
			storm(&t, flags[i]);
			nothing_changed(&t, &before);
		}
		speaks(&t, BY_CLIENT, 100);
		speaks(&t, BY_SERVER, 100);
		age(&t.there, 7441 * NANOSECONDS);
		storm(&t, ACK);
		verdict_is(sends(&t, outsider(&t), ACK, own(&t, outsider(&t)), own(&t, !outsider(&t)), 0),
			   o ? V_NO_FLOW : V_UNSOLICITED, "dead", f);
	}
}

/* SYN from the outside over a connection that lives, then a reset: Linux closed on this (bed6e04be8e6). */
static void forged_syn_makes_no_reset_exact(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3400 + o);
		enum end by = outsider(&t);
		struct picture before = picture_of(&t);

		SENDS(V_TCP_IDLE, &t, by, SYN, 0x70000000, 0, 0);
		SENDS(V_TCP_WINDOW, &t, by, RST, 0x70000001, 0, 0);
		SENDS(V_TCP_WINDOW, &t, by, RST, 0x70000000, 0, 0);
		SENDS(V_TCP_IDLE, &t, by, SYN | ACK, 0x70000000, own(&t, !by), 0);
		SENDS(V_TCP_WINDOW, &t, by, RST, 0x70000001, 0, 0);
		nothing_changed(&t, &before);
	}
}

static void refusal_counts_when_it_knows_the_number_of_the_syn(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = talk_of(f, o, 4100 + o);
		int forged = o ? V_TCP_IDLE : V_TCP_WINDOW; /* by an inside host: passes */

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 1, 0, 0);
		SENDS(forged, &t, BY_SERVER, RST, 0, 0, 0);
		SENDS(forged, &t, BY_SERVER, RST | ACK, 0, 1, 0);
		SENDS(forged, &t, BY_SERVER, RST | ACK, 0, 3, 0);
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST | ACK, 0, 2, 0);
		assert_true(closing(&t));
	}
}

/* A host that tries over a connection that only the gateway remembers, and is refused. */
static void refusal_of_a_new_connection_over_an_old_one_counts(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = connected(f, false, 4200);

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 0x30000000, 0, 0);
		SENDS(V_TCP_WINDOW, &t, BY_SERVER, RST | ACK, 0, 0x30000000, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, RST | ACK, 0, 0x30000001, 0);
		assert_true(closing(&t));
	}
}

/* As after a failover: what the inside goes on with is believed, what the outside does is not. */
static void connection_may_be_picked_up_from_inside_only(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = talk_of(f, false, 4500);
		struct frame frame = segment(&t, BY_CLIENT, ACK, t.client, t.server, 100);
		struct outcome o = run(LAN, &frame);

		verdict_is(o.verdict, V_FORWARDED, "from inside", f);
		t.back = reply_of(&o);
		SENDS(V_TCP_WINDOW, &t, BY_SERVER, RST, t.server + 0x40000000, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, RST, t.server + 5, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, ACK, t.server, t.client + 200, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, t.server + 100000, t.client, 1000);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client + 100, t.server, 0);
		assert_false(half_open(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server, 0, 0);
		assert_true(closing(&t));
		t = talk_of(f, true, 4500);
		SENDS(V_NO_FLOW, &t, BY_CLIENT, ACK, 1, 1, 0);
	}
}

/* What is not understood of the inside keeps its connection, and teaches it nothing. */
static void inside_keeps_its_connection_alive(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 4600 + o);
		enum end inside = !outsider(&t);
		struct half before, after;

		before = inside == BY_CLIENT ? forward_of(&t) : reply_half_of(&t);
		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, inside, FIN | ACK, 0x70000000, 0x70000000, 0);
		after = inside == BY_CLIENT ? forward_of(&t) : reply_half_of(&t);
		assert_true(after.last >= before.last);
		assert_int_equal(after.next, before.next);
		assert_int_equal(after.acked, before.acked);
		assert_int_equal(after.flags, before.flags);
		speaks(&t, BY_CLIENT, 100);
	}
}

#define CASE(name) cmocka_unit_test_setup(name, rig_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reset_closes_only_at_the_exact_number),
		CASE(reset_closes_at_the_number_that_was_acknowledged),
		CASE(mapping_survives_a_reset_for_the_closing_timer),
		CASE(storms_from_outside_change_nothing),
		CASE(forged_syn_makes_no_reset_exact),
		CASE(refusal_counts_when_it_knows_the_number_of_the_syn),
		CASE(refusal_of_a_new_connection_over_an_old_one_counts),
		CASE(connection_may_be_picked_up_from_inside_only),
		CASE(inside_keeps_its_connection_alive),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
