/* SPDX-License-Identifier: GPL-2.0-only */
/* fragment: in any order all of them arrive translated; what is not one datagram does not arrive whole. */
#include <sched.h>
#include "rig.c"
#include "pieces.h"

#define BODY 1000

/* Somebody sends a datagram: where it comes in, and what must come out. */
struct talker {
	const char *claim;
	enum device in;
	struct tuple t;
	bool answer; /* echo reply */
};

static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_TCP};

static struct frame datagram(const struct talker *w)
{
	return frame_make(&w->t, &(struct shape){.payload = BODY, .answer = w->answer, .tcp = ACK,
					     .seq = 1, .ack = 1});
}

static struct talker outward(int family, uint8_t protocol)
{
	return (struct talker){"outward", LAN, talk(family, protocol, PILOT, AT_EXCHANGE, 4000, 443), false};
}

/* The answer to a flow that a packet from inside opened. */
static struct talker homeward(int family, uint8_t protocol)
{
	struct tuple t = talk(family, protocol, PILOT, AT_EXCHANGE, 4000, 443);
	struct outcome o = hear(LAN, t, NULL);

	verdict_is(o.verdict, V_FORWARDED, "opening", family);
	return (struct talker){"homeward", ER0, reply_of(&o), true};
}

static struct talker to_service(int family, uint8_t protocol)
{
	struct talker w = {"to a service", WAN, talk(family, protocol, AT_LARGE, AT_PUBLIC, 4000, 443), false};
	struct outcome o;

	if (protocol != IPPROTO_TCP)
		return w;
	o = hear(WAN, w.t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "opening", family);
	verdict_is(hear(LAN, reply_of(&o), &(struct shape){.tcp = SYN | ACK}).verdict, V_FORWARDED, "answer",
		   family);
	return w;
}

/* Sent on; a segment of TCP may say again what was said, and pass without effect. */
static void passed(const struct outcome *o, const char *claim, const struct tuple *t)
{
	if (t->protocol != IPPROTO_TCP || o->verdict != V_TCP_IDLE)
		verdict_is(o->verdict, V_FORWARDED, claim, t->family);
}

static void all_held_come_back(const struct talker *w, struct frame *out, unsigned int *count)
{
	unsigned int i;

	ring_buffer__consume(held.ring);
	if (!held.wakes)
		return;
	for (i = 0; i < held.count; i++) {
		struct outcome o = put_back(w->in, &held.at[i]);

		passed(&o, "put back", &w->t);
		out[(*count)++] = o.frame;
	}
	held.count = held.wakes = 0;
}

/* The whole packet, sent in this order, arrives as it would have uncut. */
static void arrives(const struct talker *w, uint32_t id, const unsigned int order[PIECES])
{
	struct frame pieces[PIECES], out[PIECES], first = {.length = 0}, whole = datagram(w), got;
	unsigned int i, count = 0;
	bool begun = false;
	struct tuple t;

	cut(&whole, id, pieces);
	for (i = 0; i < PIECES; i++) {
		struct outcome o;

		daemon_is_there(0, 1024); /* what it says holds two seconds, fewer than a slow machine may need for all */
		o = run(w->in, &pieces[order[i]]);
		begun = begun || !order[i];
		if (begun) {
			passed(&o, w->claim, &w->t);
			out[count++] = o.frame;
		} else {
			verdict_is(o.verdict, V_FRAGMENT_HELD, w->claim, w->t.family);
		}
		all_held_come_back(w, out, &count);
	}
	assert_int_equal(count, PIECES);
	assert_int_equal(held.count, 0);
	for (i = 0; i < PIECES; i++)
		if (!offset_of(&out[i]))
			first = out[i];
	for (i = 0; i < PIECES; i++)
		if (!offset_of(&out[i])) {
			out[i] = out[0];
			out[0] = first;
		}
	got = together(out, PIECES);
	assert_int_equal(got.length, whole.length);
	assert_true(sums_right(&got));
	assert_memory_equal(l4_of(&got) + 20, l4_of(&whole) + 20, BODY - 20);
	t = tuple_of(&got);
	assert_false(same_address(t.saddr, w->t.saddr) && same_address(t.daddr, w->t.daddr));
	assert_int_equal(got.data[ETHER + (ip_header(&got) == 20 ? 8 : 7)], 63);
}

static void in_all_orders(void **state, struct talker make(int family, uint8_t protocol))
{
	unsigned int order[PIECES], n, i;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct talker w;

		pieces_reset(state);
		w = make(f, protocols[i]);
		for (n = 0; n < 256; n++) {
			unsigned int seen = 0, k;

			for (k = 0; k < PIECES; k++) {
				order[k] = n >> 2 * k & 3;
				seen |= 1 << order[k];
			}
			if (seen != 15)
				continue;
			rates_forget();
			arrives(&w, 0x4000 + n, order);
		}
	}
}

static void all_24_orders_outward(void **state)
{
	in_all_orders(state, outward);
}

static void all_24_orders_homeward(void **state)
{
	in_all_orders(state, homeward);
}

static void all_24_orders_to_a_service(void **state)
{
	in_all_orders(state, to_service);
}

/* Each counts in the flow, and in nothing else. */
static void each_fragment_counts_once(void **state)
{
	static const unsigned int order[PIECES] = {0, 1, 2, 3};

	(void)state;
	EACH_FAMILY(f) {
		struct talker w = outward(f, IPPROTO_UDP);
		struct half half;

		arrives(&w, 7, order);
		assert_true(half_get(&w.t, &half));
		assert_int_equal(half.packets, PIECES);
		assert_int_equal(halves(f), 2);
	}
}

static void early(const struct talker *w, uint32_t id, int verdict, const char *claim)
{
	struct frame whole = datagram(w), pieces[PIECES];

	cut(&whole, id, pieces);
	verdict_is(run(w->in, &pieces[1]).verdict, verdict, claim, w->t.family);
}

static void without_a_daemon_those_before_their_first_are_lost(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talker w = homeward(f, IPPROTO_UDP);

		daemon_is_there(0, 1024);
		early(&w, 1, V_FRAGMENT_HELD, "a daemon");
		daemon_is_gone();
		early(&w, 2, V_FRAGMENT_LOST, "no daemon");
		daemon_is_there(768, 1024);
		early(&w, 3, V_FRAGMENT_FULL, "no room for the outside");
		w = outward(f, IPPROTO_UDP);
		early(&w, 3, V_FRAGMENT_HELD, "room for the inside");
		daemon_is_there(1024, 1024);
		early(&w, 4, V_FRAGMENT_FULL, "no room");
		daemon_is_there(0, 1024);
		ring_buffer__consume(held.ring);
		verdict_is(put_back(ER0, &held.at[0]).verdict, V_FRAGMENT_LOST, "put back in vain", f);
		held.count = 0;
	}
}

static void one_source_does_not_take_all_room(void **state)
{
	struct tuple other = talk(4, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE, 4000, 443);
	struct talker two = {"another", LAN, other, false}, one = outward(4, IPPROTO_UDP);
	struct frame whole = datagram(&one), pieces[PIECES];
	uint64_t begun = monotonic() / NANOSECONDS;
	unsigned int i, limited = 0;
	struct outcome o;
	cpu_set_t here;

	(void)state;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here); /* the share is a CPU's */
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	for (i = 0; i < 1000; i++) {
		cut(&whole, i, pieces);
		daemon_is_there(0, 1024);
		o = run(LAN, &pieces[1]);
		limited += o.verdict == V_FRAGMENT_LIMIT;
		held.count = 0;
		ring_buffer__consume(held.ring);
	}
	/* as much again in each second that began, and on each CPU that the test was moved to */
	assert_true(limited + (monotonic() / NANOSECONDS - begun + 1) * 128 * rig.cpus >= 1000);
	assert_true(limited || monotonic() / NANOSECONDS - begun > 3); /* on a machine that is too slow for more */
	daemon_is_there(0, 1024);
	early(&two, 1, V_FRAGMENT_HELD, "another source");
	held.count = 0;
}

/* Where nothing could have a flow, nothing waits. */
static void what_has_no_flow_does_not_wait(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct talker w = {"to nobody", WAN, talk(f, IPPROTO_UDP, AT_LARGE, AT_PARTNER, 53, 53), false};

		early(&w, 1, V_NOT_FOR_US, "no address of ours");
		w.t = talk(f, IPPROTO_UDP, PILOT, AT_INTERNET, 53, 53);
		early(&w, 1, V_INSIDE_SOURCE, "inside source");
		w.in = LAN;
		w.t = talk(f, IPPROTO_UDP, NOBODY, AT_EXCHANGE, 53, 53);
		early(&w, 1, V_NO_SEGMENT, "no segment");
		w.t = talk(f, IPPROTO_UDP, PILOT, AT_GATEWAY, 53, 53);
		early(&w, 1, V_TO_GATEWAY, "the gateway's own");
		w.t = talk(f, IPPROTO_UDP, PILOT, SERVER_ONE, 53, 53);
		early(&w, 1, V_TO_INSIDE, "between segments");
		ring_buffer__consume(held.ring);
		assert_int_equal(held.count, 0);
	}
}

/* Hosts that share an address, the same id, the same destination: the ids that leave differ. */
static void the_same_id_of_two_hosts_leaves_as_two(void **state)
{
	static const enum place hosts[] = {PILOT, PILOT_TWO};
	struct circuit c = circuit_get(CHICAGO);
	unsigned int id, i;

	(void)state;
	c.out4.addresses = c.out4.range[0].count = 1;
	c.out6.addresses = c.out6.range[0].count = 1;
	circuit_put(CHICAGO, &c);
	EACH_FAMILY(f) {
		struct in6_addr worn[2];
		static uint32_t left[2][300];

		for (id = 0; id < 300; id++) for (i = 0; i < 2; i++) {
			struct talker w = {"host", LAN, talk(f, IPPROTO_UDP, hosts[i], AT_EXCHANGE, 53, 53), false};
			struct frame whole = datagram(&w), pieces[PIECES];
			struct outcome o;

			cut(&whole, id, pieces);
			o = run(LAN, &pieces[0]);
			verdict_is(o.verdict, V_FORWARDED, "first", f);
			left[i][id] = id_of(&o.frame);
			worn[i] = in6addr_any;
			memcpy(&worn[i], o.frame.data + ETHER + (f == 4 ? 12 : 8), f == 4 ? 4 : 16);
			o = run(LAN, &pieces[1]);
			assert_int_equal(id_of(&o.frame), left[i][id]);
			run(LAN, &pieces[2]);
			run(LAN, &pieces[3]);
		}
		assert_memory_equal(&worn[0], &worn[1], sizeof(worn[0]));
		for (id = 0; id < 600; id++)
			for (i = 0; i < id; i++)
				assert_int_not_equal(left[id & 1][id / 2], left[i & 1][i / 2]);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, pieces_reset)
	const struct CMUnitTest tests[] = {
		CASE(all_24_orders_outward),
		CASE(all_24_orders_homeward),
		CASE(all_24_orders_to_a_service),
		CASE(each_fragment_counts_once),
		CASE(without_a_daemon_those_before_their_first_are_lost),
		CASE(one_source_does_not_take_all_room),
		CASE(what_has_no_flow_does_not_wait),
		CASE(the_same_id_of_two_hosts_leaves_as_two),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
