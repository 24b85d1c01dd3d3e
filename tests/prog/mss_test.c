/* SPDX-License-Identifier: GPL-2.0-only */
/* mss: what SYNs ask for, against what the circuit says. */
#include "rig.c"

static void mss_is(unsigned int circuit, unsigned int mss)
{
	struct circuit c = circuit_get(circuit);

	c.mss = mss;
	circuit_put(circuit, &c);
}

static void mtu_set(enum device d, unsigned int mtu)
{
	struct link_key key = {rig.ifindex[d], NO_TAG, NO_TAG};
	struct link link;

	get("links", &key, &link);
	link.mtu = mtu;
	put("links", &key, &link);
	shell("ip link set %s mtu %u", device_names[d], mtu);
	generation_move();
}

/* Options of a SYN, and where the value of the MSS is in them; -1: nowhere. */
static const struct header {
	const char *claim;
	unsigned int length;
	int at;
	uint8_t bytes[20];
} headers[] = {
	{"alone", 4, 2, {2, 4, 5, 180}},
	{"behind others", 20, 18, {1, 3, 3, 7, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 4, 2, 2, 4, 5, 180}},
	{"at an odd place", 8, 3, {1, 2, 4, 5, 180, 3, 3, 7}},
	{"none", 0, -1, {0}},
	{"behind the end of the list", 8, -1, {1, 0, 2, 4, 5, 180, 0, 0}},
	{"inside another", 8, -1, {8, 8, 2, 4, 5, 180, 0, 0}},
	{"too short", 4, -1, {2, 3, 5, 180}},
	{"too long", 8, -1, {2, 5, 5, 180, 0, 1, 1, 0}},
	{"cut off by the header's end", 4, -1, {1, 1, 2, 4}},
	{"behind an option without a length", 8, -1, {9, 0, 2, 4, 5, 180, 0, 0}},
};
#define ASKED 1460 /* 5, 180 */

static struct shape shape_of(const struct header *h, unsigned int flags)
{
	return (struct shape){.tcp = flags, .options = h->bytes, .options_length = h->length, .payload = 7,
			      .ack = flags & ACK ? 8 : 0};
}

/* What the SYN asks for is `wanted`; its other bytes are those that it had, and its sums are right. */
static void asks(struct outcome *o, const struct header *h, unsigned int wanted, int f)
{
	uint8_t expected[20];

	memcpy(expected, h->bytes, sizeof(expected));
	verdict_is(o->verdict, V_FORWARDED, h->claim, f);
	if (h->at >= 0)
		put16(expected + h->at, wanted);
	if (memcmp(l4_of(&o->frame) + 20, expected, h->length))
		fail_msg("%s, IPv%d: asks for %u, wanted %u", h->claim, f,
			 h->at < 0 ? 0 : get16(l4_of(&o->frame) + 20 + h->at), wanted);
	if (!sums_right(&o->frame))
		fail_msg("%s, IPv%d: wrong sum", h->claim, f);
}

/* A connection from inside begins: SYN, a SYN again, and its answer; what they ask for out there and in here. */
static void begins(const struct header *h, unsigned int out, unsigned int in, int f, int port)
{
	struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, port, 443);
	struct shape syn = shape_of(h, SYN), answer = shape_of(h, SYN | ACK);
	struct outcome o = hear(LAN, t, &syn), back;

	asks(&o, h, out, f);
	o = hear(LAN, t, &syn);
	asks(&o, h, out, f);
	back = hear(ER0, reply_of(&o), &answer);
	asks(&back, h, in, f);
}

static void number_lowers_what_both_sides_ask_for(void **state)
{
	unsigned int i;

	(void)state;
	mss_is(CHICAGO, 1300);
	EACH_FAMILY(f) for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		begins(&headers[i], 1300, 1300, f, 4000 + i);
}

static void nothing_is_raised_and_without_the_key_nothing_changes(void **state)
{
	static const unsigned int numbers[] = {0, ASKED, ASKED + 1, 65495};
	unsigned int i, n;

	(void)state;
	mss_is(INTERNET, 100); /* another circuit's */
	EACH_FAMILY(f) for (n = 0; n < 4; n++) for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		mss_is(CHICAGO, numbers[n]);
		begins(&headers[i], ASKED, ASKED, f, 4000 + 50 * n + i);
	}
}

/* The smaller of both ways, minus 40 or 60; the answer knows the way out as the SYN took it. */
static void auto_is_what_the_smaller_mtu_leaves(void **state)
{
	(void)state;
	mss_is(CHICAGO, MSS_AUTO);
	EACH_FAMILY(f) {
		unsigned int head = f == 4 ? 40 : 60;

		begins(&headers[0], f == 4 ? ASKED : 1440, f == 4 ? ASKED : 1440, f, 5000);
		mtu_set(ER0, 1400);
		begins(&headers[0], 1400 - head, 1400 - head, f, 5001);
		mtu_set(LAN, 1350);
		begins(&headers[0], 1350 - head, 1350 - head, f, 5002);
		mtu_set(ER0, 1500);
		begins(&headers[2], 1350 - head, 1350 - head, f, 5003);
		mtu_set(LAN, 1500);
	}
}

/* A locked MTU of the route counts like the device's, for the answer too. */
static void auto_knows_the_mtu_of_a_route(void **state)
{
	(void)state;
	mss_is(CHICAGO, MSS_AUTO);
	rig.broken = true;
	shell("ip route replace default via 172.16.0.2 mtu lock 1330 table 101 && "
	      "ip -6 route replace default via 2001:db8:f:1::2 mtu lock 1330 table 101");
	generation_move();
	begins(&headers[0], 1290, 1290, 4, 5000);
	begins(&headers[0], 1270, 1270, 6, 5000);
}

/* Who came in by the circuit, too. */
static void connection_from_outside_is_clamped_both_ways(void **state)
{
	(void)state;
	mss_is(CHICAGO, 1234);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_LARGE, AT_PUBLIC, 4000, 443);
		struct shape syn = shape_of(&headers[0], SYN), answer = shape_of(&headers[2], SYN | ACK);
		struct outcome o = hear(ER0, t, &syn), back;

		asks(&o, &headers[0], 1234, f);
		back = hear(LAN, reply_of(&o), &answer);
		asks(&back, &headers[2], 1234, f);
	}
}

/* What has no SYN carries no MSS, whatever its bytes look like. */
static void data_is_not_touched(void **state)
{
	(void)state;
	mss_is(CHICAGO, 100);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
		struct shape data = shape_of(&headers[0], ACK);
		struct outcome o = hear(LAN, t, NULL);

		o = hear(LAN, t, &data);
		asks(&o, &headers[0], ASKED, f);
	}
}

/* A wrong sum stays wrong by as much. */
static void wrong_sum_does_not_become_right(void **state)
{
	(void)state;
	mss_is(CHICAGO, 100);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443);
		struct shape syn = shape_of(&headers[0], SYN);
		struct outcome o;

		syn.bad_sum = true;
		o = hear(LAN, t, &syn);
		assert_int_equal(get16(l4_of(&o.frame) + 22), 100);
		assert_false(sums_right(&o.frame));
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(number_lowers_what_both_sides_ask_for),
		CASE(nothing_is_raised_and_without_the_key_nothing_changes),
		CASE(auto_is_what_the_smaller_mtu_leaves),
		CASE(auto_knows_the_mtu_of_a_route),
		CASE(connection_from_outside_is_clamped_both_ways),
		CASE(data_is_not_touched),
		CASE(wrong_sum_does_not_become_right),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
