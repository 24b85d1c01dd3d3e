/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP: what fits the numbers of its flow has effect, what is forged has none. */
#include "rig.c"

#define CLIENT 1000u /* the numbers of their SYNs */
#define SERVER 5000000u
#define STORM 10000

/* A connection, seen from both of its ends. */
struct talk {
	int family;
	bool outside; /* opened from there */
	enum device near, far; /* where the client's segments come in, and the server's */
	struct tuple there, back; /* keys of the two halves */
	uint32_t client, server; /* the next number of each */
	uint16_t window;
	const uint8_t *options[2]; /* of the SYNs, 4 bytes; NULL: none */
};

enum end { BY_CLIENT, BY_SERVER };

static struct talk talk_of(int family, bool outside, int port)
{
	struct talk t = {.family = family, .outside = outside, .near = outside ? ER0 : LAN,
			 .far = outside ? LAN : ER0, .client = CLIENT, .server = SERVER, .window = 60000};

	t.there = outside ? talk(family, IPPROTO_TCP, AT_LARGE, AT_PUBLIC, port, 443) :
			    talk(family, IPPROTO_TCP, PILOT, AT_EXCHANGE, port, 443);
	return t;
}

static struct frame segment(const struct talk *t, enum end by, uint8_t flags, uint32_t seq, uint32_t ack,
			    unsigned int payload)
{
	struct shape s = {.tcp = flags, .seq = seq, .ack = ack, .payload = payload, .window = t->window};

	if (flags & SYN && t->options[by]) {
		s.options = t->options[by];
		s.options_length = 4;
	}
	return frame_make(by == BY_CLIENT ? &t->there : &t->back, &s);
}

/* What becomes of it. */
static int sends(struct talk *t, enum end by, uint8_t flags, uint32_t seq, uint32_t ack, unsigned int payload)
{
	struct frame f = segment(t, by, flags, seq, ack, payload);
	struct outcome o = run(by == BY_CLIENT ? t->near : t->far, &f);

	if (flags == SYN && by == BY_CLIENT && o.verdict == V_FORWARDED)
		t->back = reply_of(&o);
	return o.verdict;
}

#define SENDS(verdict, t, ...) verdict_is(sends(t, __VA_ARGS__), verdict, #__VA_ARGS__, (t)->family)

/* Ordinary data, that goes through and is acknowledged. */
static void speaks(struct talk *t, enum end by, unsigned int payload)
{
	uint32_t *own = by == BY_CLIENT ? &t->client : &t->server;
	uint32_t other = by == BY_CLIENT ? t->server : t->client;

	SENDS(V_FORWARDED, t, by, ACK, *own, other, payload);
	*own += payload;
	SENDS(V_FORWARDED, t, !by, ACK, other, *own, 0);
}

static void shakes_hands(struct talk *t)
{
	SENDS(V_FORWARDED, t, BY_CLIENT, SYN, t->client, 0, 0);
	SENDS(V_FORWARDED, t, BY_SERVER, SYN | ACK, t->server, t->client + 1, 0);
	t->client++;
	t->server++;
	SENDS(V_FORWARDED, t, BY_CLIENT, ACK, t->client, t->server, 0);
}

static struct talk connected(int family, bool outside, int port)
{
	struct talk t = talk_of(family, outside, port);

	shakes_hands(&t);
	speaks(&t, BY_CLIENT, 100);
	speaks(&t, BY_SERVER, 1400);
	return t;
}

static struct half forward_of(const struct talk *t)
{
	struct half half = {0};

	assert_true(half_get(&t->there, &half));
	return half;
}

static struct half reply_half_of(const struct talk *t)
{
	struct half half = {0};

	assert_true(half_get(&t->back, &half));
	return half;
}

static bool closing(const struct talk *t)
{
	uint32_t one = forward_of(t).flags, other = reply_half_of(t).flags;

	return (one | other) & FLOW_RST || one & other & FLOW_FIN;
}

static bool half_open(const struct talk *t)
{
	return forward_of(t).flags & FLOW_HALF_OPEN;
}

/* Who is outside of this connection. */
static enum end outsider(const struct talk *t)
{
	return t->outside ? BY_CLIENT : BY_SERVER;
}

static uint32_t own(const struct talk *t, enum end by)
{
	return by == BY_CLIENT ? t->client : t->server;
}

/* Both halves, but for when the kernel was asked for the way: nothing else may have changed. */
struct picture {
	struct half half[2];
};

static struct picture picture_of(const struct talk *t)
{
	struct picture p = {{forward_of(t), reply_half_of(t)}};

	for (int i = 0; i < 2; i++)
		p.half[i].asked = p.half[i].hop = p.half[i].generation = 0;
	return p;
}

static void nothing_changed(const struct talk *t, const struct picture *before)
{
	struct picture after = picture_of(t);

	assert_memory_equal(before, &after, sizeof(after));
}

#define EACH_OPENING(o) for (int o = 0; o < 2; o++)
#define EACH_END(e) for (enum end e = BY_CLIENT; e <= BY_SERVER; e++)

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

/* R16. */
static void both_sides_open_at_once(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = talk_of(f, false, 3500);

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 100, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN, 700, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN | ACK, 100, 701, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, 700, 101, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 101, 701, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, 701, 101, 0);
		assert_false(half_open(&t));
		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, 701, 101, 10);
		age(&t.there, 7000 * NANOSECONDS);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 101, 711, 10);
	}
}

/* R17. */
static void unsolicited_syn_meets_silence(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (int late = 0; late < 2; late++) {
		struct talk t = talk_of(f, false, 3600 + late);
		struct tuple from = talk(f, IPPROTO_TCP, AT_EXCHANGE, AT_CHICAGO, 443, 3600 + late);
		struct outcome o;
		int i;

		for (i = 0; i < 3; i++) {
			o = hear(ER0, from, &(struct shape){.tcp = SYN, .seq = 9});
			verdict_is(o.verdict, V_UNSOLICITED, "SYN", f);
			assert_int_equal(o.action, XDP_DROP);
		}
		assert_int_equal(halves(f), late * 2);
		/* nothing was kept of it, so six seconds make no difference */
		shakes_hands(&t);
		o = hear(ER0, t.back, &(struct shape){.tcp = SYN, .seq = 9});
		assert_int_not_equal(o.action, XDP_TX);
		speaks(&t, BY_SERVER, 10);
	}
}

/* R18, to the closing of both sides and the next connection over the same ports. */
static void lost_and_repeated_segments_of_a_whole_life(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = talk_of(f, o, 3700 + o);
		uint32_t c = t.client, s = t.server;

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, c, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, c, 0, 0); /* the first was lost behind the gateway */
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 500);
		verdict_is(sends(&t, BY_SERVER, SYN | ACK, s, c + 1, 0), V_FORWARDED, "after data", f);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 501, s + 1, 0);
		assert_false(half_open(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, FIN | ACK, s + 1, c + 501, 0);
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, FIN | ACK, s + 1, c + 501, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 501, s + 2, 900); /* it may still speak */
		SENDS(V_FORWARDED, &t, BY_CLIENT, FIN | ACK, c + 1401, s + 2, 0);
		assert_true(closing(&t));
		SENDS(V_FORWARDED, &t, BY_CLIENT, FIN | ACK, c + 1401, s + 2, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, s + 2, c + 1402, 0);
		/* again, with other numbers */
		t.client = c + 0x10000000;
		t.server = s + 0x20000000;
		verdict_is(sends(&t, BY_CLIENT, SYN, t.client, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, t.server, t.client + 1, 0);
		assert_true(half_open(&t));
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client + 1, t.server + 1, 0);
		assert_false(half_open(&t));
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server + 1, 0, 0);
		assert_true(closing(&t));
	}
}

/* A client came up again, its server has not noticed: it says so, is reset, and the SYN begins anew. */
static void half_of_a_connection_is_opened_again(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3800 + o);
		uint32_t c = 0x30000000, s = 0x50000000;

		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, ACK, t.server, t.client, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, RST, t.client, 0, 0);
		assert_true(closing(&t));
		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		assert_false(half_open(&t));
		assert_false(closing(&t));
		t.client = c + 1;
		t.server = s + 1;
		speaks(&t, BY_SERVER, 1000);
		speaks(&t, BY_CLIENT, 1000);
	}
}

/* Both ends forgot what the gateway still knows: the answer that knows the SYN's number proves it. */
static void what_both_ends_forgot_is_replaced_by_what_they_prove(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = connected(f, o, 3900 + o);
		uint32_t c = 0x30000000, s = 0x50000000;

		verdict_is(sends(&t, BY_CLIENT, SYN, c, 0, 0), o ? V_TCP_IDLE : V_FORWARDED, "SYN", f);
		if (!o) {
			SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, s, c, 0);
			SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, s, c + 2, 0);
		}
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, s, c + 1, 0);
		if (o) {
			SENDS(V_TCP_IDLE, &t, BY_CLIENT, ACK, c + 1, s, 0);
			SENDS(V_TCP_IDLE, &t, BY_CLIENT, ACK, c + 1, s + 2, 0);
		}
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, c + 1, s + 1, 0);
		t.client = c + 1;
		t.server = s + 1;
		assert_false(closing(&t));
		speaks(&t, BY_SERVER, 1000);
		speaks(&t, BY_CLIENT, 1000);
		assert_int_equal(forward_of(&t).next, t.client);
		assert_int_equal(reply_half_of(&t).next, t.server);
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server, 0, 0);
		assert_true(closing(&t));
	}
}

/* A client that gave up tries again from the same port, with another number. */
static void second_attempt_takes_the_place_of_the_first(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = talk_of(f, false, 4000);

		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 1, 0, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, SYN, 0x40000000, 0, 0);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, SYN | ACK, 77, 2, 0);
		SENDS(V_TCP_IDLE, &t, BY_CLIENT, RST, 2, 0, 0);
		SENDS(V_FORWARDED, &t, BY_SERVER, SYN | ACK, 99, 0x40000001, 0);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, 0x40000001, 100, 0);
		assert_false(half_open(&t));
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
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

static void numbers_wrap(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) {
		struct talk t = talk_of(f, o, 4300 + o);
		int i;

		t.client = 0xffffff80;
		t.server = 0xfffffff0;
		shakes_hands(&t);
		for (i = 0; i < 4; i++) {
			speaks(&t, BY_CLIENT, 1000);
			speaks(&t, BY_SERVER, 1000);
		}
		assert_int_equal(forward_of(&t).next, t.client);
		assert_int_equal(forward_of(&t).acked, t.server);
		assert_true(t.client < 10000 && t.server < 10000);
		SENDS(V_TCP_IDLE, &t, BY_SERVER, RST, t.server + 1, 0, 0);
		assert_false(closing(&t));
		SENDS(V_FORWARDED, &t, BY_SERVER, RST, t.server, 0, 0);
		assert_true(closing(&t));
	}
}

/* Each kind of header that leads to the window's scale, or does not. */
static const struct {
	const char *claim;
	uint8_t options[2][4]; /* of the SYN, of its answer */
	bool scaled;
} scales[] = {
	{"both", {{1, 3, 3, 7}, {1, 3, 3, 7}}, true},
	{"at the end", {{3, 3, 7, 0}, {3, 3, 7, 0}}, true},
	{"neither", {{1, 1, 1, 1}, {1, 1, 1, 1}}, false},
	{"the SYN only", {{1, 3, 3, 7}, {1, 1, 1, 1}}, false},
	{"behind the end of the list", {{0, 3, 3, 7}, {0, 3, 3, 7}}, false},
	{"of no length", {{3, 0, 7, 7}, {3, 0, 7, 7}}, false},
	{"longer than the header", {{1, 1, 3, 3}, {1, 1, 3, 3}}, false},
	{"after one that is too long", {{8, 10, 3, 3}, {8, 10, 3, 3}}, false},
};

/* A burst of a megabyte was lost before the gateway. */
static void window_is_as_large_as_the_receiver_said(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_OPENING(o) for (unsigned int i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct talk t = talk_of(f, o, 4400 + i * 2 + o);
		bool scaled = scales[i].scaled;
		enum end by = outsider(&t);
		struct half half;

		t.options[BY_CLIENT] = scales[i].options[BY_CLIENT];
		t.options[BY_SERVER] = scales[i].options[BY_SERVER];
		shakes_hands(&t);
		speaks(&t, BY_CLIENT, 10);
		speaks(&t, BY_SERVER, 10);
		verdict_is(sends(&t, by, ACK, own(&t, by) + 1000000, own(&t, !by), 1000),
			   scaled ? V_FORWARDED : V_TCP_IDLE, scales[i].claim, f);
		verdict_is(sends(&t, by, RST, own(&t, by) + 2000000, 0, 0), scaled ? V_TCP_IDLE : V_TCP_WINDOW,
			   scales[i].claim, f);
		verdict_is(sends(&t, by, RST, own(&t, by) + 20000000, 0, 0), V_TCP_WINDOW, "far", f);
		half = by == BY_CLIENT ? forward_of(&t) : reply_half_of(&t);
		assert_int_equal(half.next, own(&t, by) + (scaled ? 1001000 : 0));
		if (!scaled)
			continue;
		verdict_is(sends(&t, by, ACK, own(&t, by) + 1001000, own(&t, !by), 1000), V_FORWARDED,
			   "behind the burst", f);
		verdict_is(sends(&t, by, ACK, own(&t, by), own(&t, !by), 1000), V_FORWARDED,
			   "the burst once more", f);
		verdict_is(sends(&t, !by, ACK, own(&t, !by), own(&t, by) + 1002000, 0), V_FORWARDED,
			   "its acknowledgement", f);
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

static void counters_carry(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talk t = connected(f, false, 4700);
		struct half half = forward_of(&t);
		uint64_t bytes = half_bytes(&half);

		half.packets = 0xffffffff;
		half.bytes |= (uint64_t)5 << HALF_BYTES_BITS;
		half_put(&t.there, &half);
		SENDS(V_FORWARDED, &t, BY_CLIENT, ACK, t.client, t.server, 0);
		half = forward_of(&t);
		assert_int_equal(half_packets(&half), (uint64_t)6 << 32);
		assert_int_equal(half_bytes(&half), bytes + ETHER + (f == 4 ? 20 : 40) + 20);
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
		CASE(both_sides_open_at_once),
		CASE(unsolicited_syn_meets_silence),
		CASE(lost_and_repeated_segments_of_a_whole_life),
		CASE(half_of_a_connection_is_opened_again),
		CASE(what_both_ends_forgot_is_replaced_by_what_they_prove),
		CASE(second_attempt_takes_the_place_of_the_first),
		CASE(refusal_counts_when_it_knows_the_number_of_the_syn),
		CASE(refusal_of_a_new_connection_over_an_old_one_counts),
		CASE(numbers_wrap),
		CASE(window_is_as_large_as_the_receiver_said),
		CASE(connection_may_be_picked_up_from_inside_only),
		CASE(inside_keeps_its_connection_alive),
		CASE(counters_carry),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
