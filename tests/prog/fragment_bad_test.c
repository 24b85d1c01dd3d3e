/* SPDX-License-Identifier: GPL-2.0-only */
/* fragments that lie, repeat, overlap, come late or by the wrong way; and what bounds the table. */
#include "rig.c"
#include "pieces.h"

#define BODY 1016 /* with the header of UDP 1024 */

static struct tuple pilot(int family)
{
	return talk(family, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
}

static struct frame body_of(struct tuple t)
{
	return frame_make(&t, &(struct shape){.payload = BODY});
}

static int sends(enum device in, const struct frame *whole, uint32_t id, unsigned int offset,
		 unsigned int length, bool more)
{
	struct frame f = piece(whole, id, offset, length, more);

	daemon_is_there(0, 1024);
	return run(in, &f).verdict;
}

struct step {
	unsigned int offset, length;
	bool more;
	int verdict;
};

/* Each row is a datagram of its own. */
static const struct {
	const char *claim;
	struct step steps[6];
} datagrams[] = {
	{"the same twice", {{0, 256, true, V_FORWARDED}, {256, 256, true, V_FORWARDED},
			    {256, 256, true, V_FRAGMENT_OVERLAP}, {512, 512, false, V_FRAGMENT_POISONED}}},
	{"the first twice", {{0, 256, true, V_FORWARDED}, {0, 256, true, V_FRAGMENT_OVERLAP},
			     {256, 768, false, V_FRAGMENT_POISONED}}},
	{"over the end of the first", {{0, 256, true, V_FORWARDED}, {248, 256, true, V_FRAGMENT_OVERLAP},
				       {256, 768, false, V_FRAGMENT_POISONED}}},
	{"over the header", {{0, 256, true, V_FORWARDED}, {8, 8, true, V_FRAGMENT_OVERLAP}}},
	{"within another", {{0, 64, true, V_FORWARDED}, {256, 256, true, V_FORWARDED},
			    {264, 8, true, V_FRAGMENT_OVERLAP}}},
	{"around another", {{0, 64, true, V_FORWARDED}, {256, 8, true, V_FORWARDED},
			    {128, 256, true, V_FRAGMENT_OVERLAP}}},
	{"behind the end", {{0, 256, true, V_FORWARDED}, {512, 256, false, V_FORWARDED},
			    {768, 256, true, V_FRAGMENT_OVERLAP}, {256, 256, true, V_FRAGMENT_POISONED}}},
	{"a second end", {{0, 256, true, V_FORWARDED}, {512, 256, false, V_FORWARDED},
			  {768, 256, false, V_FRAGMENT_OVERLAP}}},
	{"an end before what was seen", {{0, 256, true, V_FORWARDED}, {512, 256, true, V_FORWARDED},
					 {256, 128, false, V_FRAGMENT_OVERLAP}}},
	{"one that goes on up to the end", {{0, 256, true, V_FORWARDED}, {512, 256, false, V_FORWARDED},
					    {256, 256, true, V_FORWARDED}}},
	{"beyond 65535", {{0, 256, true, V_FORWARDED}, {65528, 64, false, V_FRAGMENT_BAD},
			  {256, 768, false, V_FRAGMENT_POISONED}}},
	{"of no whole length", {{0, 256, true, V_FORWARDED}, {256, 255, true, V_FRAGMENT_BAD},
				{512, 512, false, V_FRAGMENT_POISONED}}},
	{"the last may be of any length", {{0, 256, true, V_FORWARDED}, {256, 255, false, V_FORWARDED}}},
	{"beyond 65535, of nothing known", {{65528, 64, false, V_FRAGMENT_BAD}}},
	{"the first half a header", {{0, 4, true, V_FRAGMENT_BAD}}},
	{"nothing in it", {{8, 0, true, V_FRAGMENT_BAD}}},
};

static void what_is_not_one_datagram_is_dropped(void **state)
{
	unsigned int i, k;

	EACH_FAMILY(f) for (i = 0; i < sizeof(datagrams) / sizeof(datagrams[0]); i++) {
		struct frame whole = body_of(pilot(f));

		pieces_reset(state);
		for (k = 0; k < 6; k++) {
			const struct step *s = &datagrams[i].steps[k];

			if (!s->offset && !s->length)
				break;
			verdict_is(sends(LAN, &whole, i, s->offset, s->length, s->more), s->verdict,
				   datagrams[i].claim, f);
		}
	}
}

static void a_first_without_its_header_is_tiny(void **state)
{
	static const struct {
		uint8_t protocol;
		unsigned int length;
		int verdict;
	} rows[] = {
		{IPPROTO_TCP, 8, V_FRAGMENT_TINY}, {IPPROTO_TCP, 16, V_FRAGMENT_TINY},
		{IPPROTO_TCP, 24, V_FORWARDED}, {IPPROTO_UDP, 8, V_FORWARDED},
		{IPPROTO_ICMP, 8, V_FORWARDED},
	};
	unsigned int i;

	EACH_FAMILY(f) for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tuple t = talk(f, rows[i].protocol, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = frame_make(&t, &(struct shape){.payload = 200});

		pieces_reset(state);
		verdict_is(sends(LAN, &whole, 1, 0, rows[i].length, true), rows[i].verdict, "first", f);
		assert_int_equal(halves(f), rows[i].verdict == V_FORWARDED ? 2 : 0);
	}
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = frame_make(&t, &(struct shape){.payload = 200});

		l4_of(&whole)[12] = 15 << 4; /* a header with options up to byte 60 */
		verdict_is(sends(LAN, &whole, 2, 0, 56, true), V_FRAGMENT_TINY, "options cut", f);
	}
}

/* How many ranges there are, none adjoining another. */
static unsigned int runs(const bool went[128])
{
	unsigned int i, count = 0;

	for (i = 0; i < 128; i++)
		count += went[i] && (!i || !went[i - 1]);
	return count;
}

/* Random pieces against a model that marks each unit of eight bytes. */
static void ranges_agree_with_a_naive_model(void **state)
{
	unsigned int round, n;

	srand(7);
	EACH_FAMILY(f) for (round = 0; round < 60; round++) {
		struct frame whole = body_of(pilot(f));
		bool went[128] = {[0] = true}, poisoned = false;
		unsigned int end = 0, count = 1, k;

		pieces_reset(state);
		verdict_is(sends(LAN, &whole, round, 0, 8, true), V_FORWARDED, "first", f);
		for (n = 0; n < 60; n++) {
			unsigned int from = 1 + rand() % 126, size = 1 + rand() % (round % 5 + 1);
			bool more = rand() % 40, bad = false;
			int wanted;

			if (from + size > 127)
				continue;
			for (k = 0; k < 128; k++)
				bad |= went[k] && ((k >= from && k < from + size) || (!more && k >= from));
			bad |= end && (!more || from + size >= end);
			bad |= runs(went) == FRAGMENT_RANGES && !went[from - 1] && !went[from + size];
			if (bad && !poisoned && round % 3 && n < 50)
				continue; /* what fits only, for a while */
			wanted = poisoned ? V_FRAGMENT_POISONED : bad ? V_FRAGMENT_OVERLAP : V_FORWARDED;
			verdict_is(sends(LAN, &whole, round, from * 8, size * 8, more), wanted, "random", f);
			poisoned |= bad;
			for (k = from; k < from + size; k++)
				count += !went[k], went[k] = true;
			end = more || bad ? end : from + size;
			if (end && count == end)
				break; /* complete: the entry is gone */
		}
	}
}

static void a_complete_datagram_leaves_its_id_free(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct frame whole = body_of(pilot(f)), first = piece(&whole, 9, 0, 512, true);
		uint32_t ids[20];

		for (i = 0; i < 20; i++) {
			struct outcome o = run(LAN, &first);

			verdict_is(o.verdict, V_FORWARDED, "first", f);
			ids[i] = id_of(&o.frame);
			assert_true(!i || ids[i] != ids[i - 1]);
			verdict_is(sends(LAN, &whole, 9, 512, 512, false), V_FORWARDED, "last", f);
		}
		verdict_is(sends(LAN, &whole, 9, 512, 512, false), V_FRAGMENT_HELD, "of the next one", f);
		held.count = 0;
	}
}

/* Makes every entry older. */
static void entries_age(uint64_t ns)
{
	unsigned int set, way;

	for (set = 0; set < FRAGMENT_SETS; set++) {
		struct fragment_set4 four;
		struct fragment_set6 six;

		get("fragments4", &set, &four);
		get("fragments6", &set, &six);
		for (way = 0; way < FRAGMENT_WAYS; way++) {
			four.way[way].datagram.born -= four.way[way].datagram.born ? ns : 0;
			six.way[way].datagram.born -= six.way[way].datagram.born ? ns : 0;
		}
		put("fragments4", &set, &four);
		put("fragments6", &set, &six);
	}
}

static void an_entry_lasts_as_long_as_the_timeout(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct frame whole = body_of(pilot(f));

		verdict_is(sends(LAN, &whole, 1, 0, 256, true), V_FORWARDED, "first", f);
		entries_age(29 * NANOSECONDS);
		verdict_is(sends(LAN, &whole, 1, 256, 256, true), V_FORWARDED, "after 29 s", f);
		entries_age(2 * NANOSECONDS);
		verdict_is(sends(LAN, &whole, 1, 512, 512, false), V_FRAGMENT_HELD, "after 31 s", f);
		verdict_is(sends(LAN, &whole, 2, 0, 256, true), V_FORWARDED, "another", f);
		verdict_is(sends(LAN, &whole, 2, 0, 256, true), V_FRAGMENT_OVERLAP, "at once", f);
		entries_age(2 * NANOSECONDS);
		verdict_is(sends(LAN, &whole, 2, 0, 256, true), V_FORWARDED, "its id again, later", f);
		verdict_is(sends(LAN, &whole, 2, 256, 768, false), V_FORWARDED, "and the rest", f);
		held.count = 0;
	}
}

/* A host fills its share of the table, and no more: another begins as if it were empty. */
static void one_host_has_its_share(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, 4000, 443);
		struct frame one = body_of(pilot(f)), two = body_of(t);
		unsigned int id, refused = 0, let = 0;

		for (id = 0; id < 4000; id++) {
			int verdict = sends(LAN, &one, id, 0, 256, true);

			let += verdict == V_FORWARDED;
			refused += verdict == V_FRAGMENT_TABLE;
		}
		assert_int_equal(let + refused, 4000);
		assert_true(let <= FRAGMENT_SETS * FRAGMENT_SHARE);
		assert_true(refused > 1000);
		for (id = let = 0; id < 100; id++)
			let += sends(LAN, &two, id, 0, 256, true) == V_FORWARDED;
		assert_true(let >= 97); /* chance may put five of them into one set */
	}
}

static void a_later_fragment_obeys_the_pin(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = hear(LAN, pilot(f), NULL);
		struct frame whole = body_of(reply_of(&o));

		verdict_is(sends(ER0, &whole, 1, 0, 256, true), V_FORWARDED, "first", f);
		verdict_is(sends(WAN, &whole, 1, 256, 256, true), V_FRAGMENT_HELD, "by another circuit", f);
		verdict_is(sends(ER0, &whole, 1, 256, 256, true), V_FORWARDED, "by its own", f);
		verdict_is(sends(WAN, &whole, 2, 0, 256, true), V_VIOLATION, "first by another circuit", f);
		verdict_is(sends(WAN, &whole, 2, 256, 256, true), V_FRAGMENT_HELD, "and its next", f);
		held.count = 0;
	}
}

static void a_later_fragment_ends_with_its_flow(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = pilot(f);
		struct frame whole = body_of(t);

		verdict_is(sends(LAN, &whole, 1, 0, 256, true), V_FORWARDED, "first", f);
		age(&t, 400 * NANOSECONDS);
		verdict_is(sends(LAN, &whole, 1, 256, 256, true), V_NO_FLOW, "dead", f);
	}
}

static void no_error_tells_of_a_later_fragment(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = pilot(f);
		struct frame whole = body_of(t), dying, later;
		struct outcome o;

		verdict_is(sends(LAN, &whole, 1, 0, 256, true), V_FORWARDED, "first", f);
		dying = frame_make(&t, &(struct shape){.payload = BODY, .ttl = 1});
		later = piece(&dying, 1, 256, 256, true);
		o = run(LAN, &later);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "later", f);
		assert_int_equal(o.action, XDP_DROP);
		later = piece(&dying, 2, 0, 256, true);
		o = run(LAN, &later);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "first", f);
		assert_int_equal(o.action, XDP_TX);
	}
}

/* A fragment header around a whole packet (RFC 6946): translated, and nothing is kept. */
static void an_atomic_fragment_needs_no_state(void **state)
{
	struct frame whole = body_of(pilot(6)), atomic = piece(&whole, 77, 0, 8 + BODY, false), got;
	struct fragment_set6 set;
	struct outcome o;
	unsigned int i, way;

	(void)state;
	for (i = 0; i < 3; i++) {
		o = run(LAN, &atomic);
		verdict_is(o.verdict, V_FORWARDED, "atomic", 6);
		assert_int_equal(id_of(&o.frame), 77);
		got = together(&o.frame, 1);
		assert_true(sums_right(&got));
	}
	for (i = 0; i < FRAGMENT_SETS; i++) {
		get("fragments6", &i, &set);
		for (way = 0; way < FRAGMENT_WAYS; way++)
			assert_int_equal(set.way[way].datagram.born, 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, pieces_reset)
	const struct CMUnitTest tests[] = {
		CASE(what_is_not_one_datagram_is_dropped),
		CASE(a_first_without_its_header_is_tiny),
		CASE(ranges_agree_with_a_naive_model),
		CASE(a_complete_datagram_leaves_its_id_free),
		CASE(an_entry_lasts_as_long_as_the_timeout),
		CASE(one_host_has_its_share),
		CASE(a_later_fragment_obeys_the_pin),
		CASE(a_later_fragment_ends_with_its_flow),
		CASE(no_error_tells_of_a_later_fragment),
		CASE(an_atomic_fragment_needs_no_state),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
