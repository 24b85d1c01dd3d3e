/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 options and IPv6 extension headers: what goes on untouched, and what is dropped by which name. */
#include "rig.c"
#include "chain.h"
#include "quote.h"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

#define BYTES(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static struct tuple udp(int family, enum place from, enum place to)
{
	return talk(family, IPPROTO_UDP, from, to, 4000, 443);
}

#define TEN_ONES 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define EIGHT_ZEROS 0, 0, 0, 0, 0, 0, 0, 0

struct row {
	const char *claim;
	uint8_t bytes[44];
	unsigned int count;
	int verdict, local; /* of a packet that would go through, and of one for the gateway */
};

static const struct row options[] = {
	{"no operations", BYTES(1, 1, 1, 1), V_FORWARDED, V_TO_GATEWAY},
	{"end of list, and anything behind it", BYTES(0, 7, 131, 9), V_FORWARDED, V_TO_GATEWAY},
	{"router alert", BYTES(148, 4, 0, 0), V_FORWARDED, V_TO_GATEWAY},
	{"security", BYTES(130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0), V_FORWARDED, V_TO_GATEWAY},
	{"commercial security", BYTES(134, 8, 0, 0, 0, 1, 1, 2), V_FORWARDED, V_TO_GATEWAY},
	{"quick start", BYTES(25, 8, 0, 9, 1, 2, 3, 4), V_FORWARDED, V_TO_GATEWAY},
	{"forty no operations", BYTES(TEN_ONES, TEN_ONES, TEN_ONES, TEN_ONES), V_FORWARDED, V_TO_GATEWAY},
	{"router alert at the very end",
	 BYTES(TEN_ONES, TEN_ONES, TEN_ONES, 1, 1, 1, 1, 1, 1, 148, 4, 0, 0), V_FORWARDED, V_TO_GATEWAY},
	{"loose source route", BYTES(1, 131, 7, 4, 10, 1, 20, 9), V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"strict source route", BYTES(1, 137, 7, 4, 10, 1, 20, 9), V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"source route, used up", BYTES(1, 131, 7, 8, 10, 1, 20, 9), V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"source route behind another", BYTES(7, 4, 4, 0, 1, 131, 3, 4), V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"record route", BYTES(1, 7, 7, 8, 10, 1, 20, 5), V_IP_OPTIONS, V_TO_GATEWAY},
	{"record route, empty", BYTES(1, 7, 7, 4, 0, 0, 0, 0), V_IP_OPTIONS, V_TO_GATEWAY},
	{"timestamp with addresses", BYTES(68, 12, 13, 1, 10, 1, 20, 5, 0, 0, 0, 9), V_IP_OPTIONS,
	 V_TO_GATEWAY},
	{"stream", BYTES(136, 4, 0, 1), V_IP_OPTIONS, V_TO_GATEWAY},
	{"traceroute", BYTES(82, 12, 0, 1, 0, 1, 0, 1, 10, 1, 20, 5), V_IP_OPTIONS, V_TO_GATEWAY},
	{"experiment", BYTES(30, 4, 1, 2), V_IP_OPTIONS, V_TO_GATEWAY},
	{"nobody's", BYTES(201, 4, 1, 2), V_IP_OPTIONS, V_TO_GATEWAY},
	{"length 0", BYTES(148, 0, 0, 0), V_BAD_HEADER, V_BAD_HEADER},
	{"length 1", BYTES(148, 1, 0, 0), V_BAD_HEADER, V_BAD_HEADER},
	{"longer than the header", BYTES(148, 5, 0, 0), V_BAD_HEADER, V_BAD_HEADER},
	{"longest", BYTES(148, 255, 0, 0), V_BAD_HEADER, V_BAD_HEADER},
	{"no room for a length", BYTES(1, 1, 1, 148), V_BAD_HEADER, V_BAD_HEADER},
	{"a good one, then one too long", BYTES(148, 4, 0, 0, 30, 6, 0, 0), V_BAD_HEADER, V_BAD_HEADER},
};

static struct frame with_options(struct tuple t, const struct row *row, const struct shape *shape)
{
	struct frame f = frame_make(&t, shape);

	frame_insert(&f, row->bytes, row->count);
	return f;
}

/* The bytes stand there as they were sent, and all sums are what a full computation gives. */
static void untouched(struct outcome *o, const uint8_t *bytes, unsigned int count, const char *claim)
{
	unsigned int header = ip_header(&o->frame);

	if (memcmp(o->frame.data + ETHER + header, bytes, count))
		fail_msg("%s: changed", claim);
	if (header == 20 && get16(o->frame.data + ETHER + 10) != ip_sum_whole(&o->frame))
		fail_msg("%s: sum of the IP header", claim);
	if (header == 40)
		o->frame.data[ETHER + 6] = bytes[0]; /* of the one header there is */
	frame_remove(&o->frame, count);
	if (!sums_right(&o->frame))
		fail_msg("%s: sum of the transport", claim);
}

static void r24_each_option_has_its_verdict(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct row *row = &options[i];
		struct frame out = with_options(udp(4, PILOT, AT_EXCHANGE), row, NULL);
		struct frame local = with_options(udp(4, PILOT, AT_GATEWAY), row, NULL);
		struct frame in = with_options(udp(4, AT_EXCHANGE, AT_CHICAGO), row, NULL);
		int from_outside = row->verdict == V_FORWARDED ? V_UNSOLICITED : row->verdict;
		struct outcome o;

		rig_reset(state);
		verdict_is(run(ER0, &in).verdict, from_outside, row->claim, 4);
		verdict_is(run(LAN, &local).verdict, row->local, row->claim, 4);
		assert_int_equal(halves(4), 0);
		o = run(LAN, &out);
		verdict_is(o.verdict, row->verdict, row->claim, 4);
		assert_int_equal(halves(4), row->verdict == V_FORWARDED ? 2 : 0);
		if (row->verdict == V_FORWARDED)
			untouched(&o, row->bytes, row->count, row->claim);
	}
}

/* Options of every length, of each transport: the flow opens, and its packets go both ways. */
static void r24_options_of_every_length_go_on_both_ways(void **state)
{
	struct row row = {.count = 0};
	unsigned int i;

	for (row.count = 4; row.count <= 40; row.count += 4) {
		memset(row.bytes, 1, sizeof(row.bytes));
		memcpy(row.bytes + row.count - 4, "\x94\x04\0\0", 4);
		for (i = 0; i < 3; i++) {
			struct tuple t = talk(4, protocols[i], PILOT, AT_EXCHANGE, 4000, 443), back;
			struct shape answer = {.payload = 31, .answer = true, .tcp = SYN | ACK, .ack = 1};
			struct frame f = with_options(t, &row, &(struct shape){.payload = 30});
			struct outcome o;

			rig_reset(state);
			o = run(LAN, &f);
			verdict_is(o.verdict, V_FORWARDED, "out", 4);
			untouched(&o, row.bytes, row.count, "out");
			back = reply_of(&o);
			assert_true(same_tuple(back, turned(tuple_of(&o.frame))));
			f = with_options(back, &row, &answer);
			o = run(ER0, &f);
			verdict_is(o.verdict, V_FORWARDED, "back", 4);
			untouched(&o, row.bytes, row.count, "back");
			assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		}
	}
}

/* An ICMP error behind an option, or an extension header, is one all the same; behind a bad one it is not. */
static void r24_errors_behind_options_arrive(void **state)
{
	static const uint8_t alert[] = {148, 4, 0, 0}, record[] = {7, 4, 4, 0}, padded[] = {0, 1, 4, 0, 0, 0, 0};
	static const uint8_t home[] = {0, 0xc9, 4, 0, 0, 0, 0};

	(void)state;
	EACH_FAMILY(f) {
		struct speech s[2];
		struct error e;
		struct frame in, out, bad;
		struct outcome o;

		speak(OUTBOUND, f, IPPROTO_UDP, 4000, s);
		e = error_plain(f, &s[0]);
		error_both(&s[0], &e, &in, &out);
		bad = in;
		if (f == 4) {
			frame_insert(&in, alert, 4);
			frame_insert(&bad, record, 4);
		} else {
			frame_extend(&in, HOP_BY_HOP, padded, 7);
			frame_extend(&bad, DESTINATION, home, 7);
		}
		o = run(ER0, &in);
		verdict_is(o.verdict, V_FORWARDED, "plain option", f);
		if (f == 6)
			o.frame.data[ETHER + 6] = IPPROTO_ICMPV6;
		frame_remove(&o.frame, f == 4 ? 4 : 8);
		assert_int_equal(o.frame.length, out.length);
		assert_memory_equal(o.frame.data + 12, out.data + 12, out.length - 12);
		verdict_is(run(ER0, &bad).verdict, f == 4 ? V_IP_OPTIONS : V_EXTENSION_HEADER, "bad option", f);
	}
}

/* A fragment whose options may not leave is not one to be sent on. */
static void r24_options_are_judged_before_fragments(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * sizeof(options) / sizeof(options[0]); i++) {
		const struct row *row = &options[i / 2];
		struct frame f = with_options(udp(4, AT_EXCHANGE, AT_INTERNET), row, NULL);

		if (row->verdict == V_FORWARDED)
			continue;
		put16(f.data + ETHER + 6, i & 1 ? 0x2000 : 9); /* the first, and the last */
		put16(f.data + ETHER + 10, ip_sum_whole(&f));
		verdict_is(run(ER0, &f).verdict, row->verdict, row->claim, 4);
	}
}

/* One extension header: what stands after its first byte. */
struct chain {
	const char *claim;
	uint8_t type;
	uint8_t rest[31];
	unsigned int count;
	int verdict, local;
};

static const struct chain chains[] = {
	{"hop-by-hop, padded", HOP_BY_HOP, BYTES(0, 1, 4, 0, 0, 0, 0), V_FORWARDED, V_TO_GATEWAY},
	{"hop-by-hop, single paddings", HOP_BY_HOP, BYTES(0, 0, 0, 0, 0, 0, 0), V_FORWARDED,
	 V_TO_GATEWAY},
	{"router alert", HOP_BY_HOP, BYTES(0, 5, 2, 0, 0, 1, 0), V_FORWARDED, V_TO_GATEWAY},
	{"path MTU", HOP_BY_HOP, BYTES(0, 0x30, 4, 5, 220, 0, 0), V_FORWARDED, V_TO_GATEWAY},
	{"destination, padded", DESTINATION, BYTES(1, 1, 12, 0, 0, 0, 0, EIGHT_ZEROS), V_FORWARDED,
	 V_TO_GATEWAY},
	{"limit of tunnels", DESTINATION, BYTES(0, 4, 1, 4, 1, 1, 0), V_FORWARDED, V_TO_GATEWAY},
	{"jumbo payload", HOP_BY_HOP, BYTES(0, 0xc2, 4, 0, 1, 0, 0), V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"home address", DESTINATION,
	 BYTES(2, 1, 2, 0, 0, 0xc9, 16, 0x20, 1, 0xd, 0xb8, 0, 0x10, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 5),
	 V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"home address behind padding", DESTINATION,
	 BYTES(2, 1, 1, 0, 0, 0xc9, 16, 0x20, 1, 0xd, 0xb8, 0, 0x10, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 5),
	 V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"nobody's option", DESTINATION, BYTES(0, 0x1e, 4, 1, 2, 3, 4), V_EXTENSION_HEADER,
	 V_TO_GATEWAY},
	{"routing type 0", ROUTING,
	 BYTES(2, 0, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0x10, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 5),
	 V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"routing type 0, used up", ROUTING, BYTES(0, 0, 0, 0, 0, 0, 0), V_SOURCE_ROUTE, V_SOURCE_ROUTE},
	{"routing type 2", ROUTING, BYTES(0, 2, 1, 0, 0, 0, 0), V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"routing type 4, used up", ROUTING, BYTES(0, 4, 0, 0, 0, 0, 0), V_EXTENSION_HEADER,
	 V_TO_GATEWAY},
	{"authentication", AUTHENTICATION,
	 BYTES(4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
	 V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"mobility", 135, BYTES(0, 0, 0, 0, 0, 0, 0), V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"host identity", 139, BYTES(0, 0, 0, 0, 0, 0, 0), V_EXTENSION_HEADER, V_TO_GATEWAY},
	{"option longer than its header", DESTINATION, BYTES(0, 1, 5, 0, 0, 0, 0), V_BAD_HEADER,
	 V_BAD_HEADER},
	{"no room for a length", DESTINATION, BYTES(0, 1, 3, 0, 0, 0, 1), V_BAD_HEADER, V_BAD_HEADER},
	{"header longer than the packet", DESTINATION, BYTES(9, 1, 4, 0, 0, 0, 0), V_BAD_HEADER,
	 V_BAD_HEADER},
	{"more options than anybody needs", DESTINATION,
	 BYTES(3, 0, 0, 0, 0, 0, 0, EIGHT_ZEROS, EIGHT_ZEROS, EIGHT_ZEROS),
	 V_EXTENSION_HEADER, V_TO_GATEWAY},
};

static struct frame with_chain(struct tuple t, const struct chain *c, const struct shape *shape)
{
	struct frame f = frame_make(&t, shape);

	frame_extend(&f, c->type, c->rest, c->count);
	return f;
}

static void each_extension_header_has_its_verdict(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		const struct chain *c = &chains[i];
		struct frame out = with_chain(udp(6, PILOT, AT_EXCHANGE), c, NULL);
		struct frame local = with_chain(udp(6, PILOT, AT_GATEWAY), c, NULL);
		struct frame in = with_chain(udp(6, AT_EXCHANGE, AT_CHICAGO), c, NULL);
		int from_outside = c->verdict == V_FORWARDED ? V_UNSOLICITED : c->verdict;
		struct outcome o;

		rig_reset(state);
		verdict_is(run(ER0, &in).verdict, from_outside, c->claim, 6);
		verdict_is(run(LAN, &local).verdict, c->local, c->claim, 6);
		assert_int_equal(halves(6), 0);
		o = run(LAN, &out);
		verdict_is(o.verdict, c->verdict, c->claim, 6);
		assert_int_equal(halves(6), c->verdict == V_FORWARDED ? 2 : 0);
		if (c->verdict == V_FORWARDED)
			untouched(&o, out.data + ETHER + 40, c->count + 1, c->claim);
	}
}

static void extension_headers_go_on_both_ways(void **state)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		const struct chain *c = &chains[4];
		struct tuple t = talk(6, protocols[i], PILOT, AT_EXCHANGE, 4000, 443), back;
		struct shape answer = {.payload = 31, .answer = true, .tcp = SYN | ACK, .ack = 1};
		struct frame f = with_chain(t, c, &(struct shape){.payload = 30});
		struct outcome o;

		rig_reset(state);
		o = run(LAN, &f);
		verdict_is(o.verdict, V_FORWARDED, "out", 6);
		untouched(&o, f.data + ETHER + 40, c->count + 1, "out");
		back = reply_of(&o);
		f = with_chain(back, c, &answer);
		o = run(ER0, &f);
		verdict_is(o.verdict, V_FORWARDED, "back", 6);
		untouched(&o, f.data + ETHER + 40, c->count + 1, "back");
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
	}
}

/* The order of headers, and how many, from the inside out: the last of a row comes first in the packet. */
static void chains_are_judged_by_their_order(void **state)
{
	static const uint8_t padded[] = {0, 1, 4, 0, 0, 0, 0};
	uint8_t first[] = {0, 0, 1, 0, 0, 0, 0};
	static const struct {
		const char *claim;
		uint8_t types[10];
		unsigned int count;
		int verdict;
	} orders[] = {
		{"hop-by-hop, destination", {DESTINATION, HOP_BY_HOP}, 2, V_FORWARDED},
		{"destination twice", {DESTINATION, DESTINATION}, 2, V_FORWARDED},
		{"destination, hop-by-hop", {HOP_BY_HOP, DESTINATION}, 2, V_EXTENSION_HEADER},
		{"hop-by-hop twice", {HOP_BY_HOP, HOP_BY_HOP}, 2, V_EXTENSION_HEADER},
		{"destination three times", {DESTINATION, DESTINATION, DESTINATION}, 3,
		 V_EXTENSION_HEADER},
		{"a first fragment", {FRAGMENT}, 1, V_FORWARDED},
		{"hop-by-hop and fragment", {DESTINATION, FRAGMENT, HOP_BY_HOP}, 3, V_FORWARDED},
		{"fragment twice", {FRAGMENT, FRAGMENT}, 2, V_EXTENSION_HEADER},
		{"hop-by-hop in a fragment", {HOP_BY_HOP, FRAGMENT}, 2, V_EXTENSION_HEADER},
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct tuple t = talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame f = frame_make(&t, NULL);

		first[6] = i; /* a datagram of its own */
		for (j = 0; j < orders[i].count; j++)
			frame_extend(&f, orders[i].types[j],
				     orders[i].types[j] == FRAGMENT ? first : padded, 7);
		verdict_is(run(LAN, &f).verdict, orders[i].verdict, orders[i].claim, 6);
	}
}

/* RFC 7112: what the first fragment does not hold of the chain, no later one is asked for; nor is a trailer. */
static void a_chain_ends_within_its_first_fragment(void **state)
{
	static const uint8_t first[] = {0, 0, 1, 0, 0, 0, 9};
	static const uint8_t padded[] = {1, 1, 12, 0, 0, 0, 0, EIGHT_ZEROS}, padding[] = {0, 1, 4, 0, 0, 0, 0};
	struct tuple t = talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = frame_make(&t, NULL);

	(void)state;
	frame_extend(&f, DESTINATION, padded, sizeof(padded));
	frame_extend(&f, FRAGMENT, first, sizeof(first));
	put16(f.data + ETHER + 4, 16); /* half of the destination options */
	verdict_is(run(LAN, &f).verdict, V_BAD_HEADER, "the rest is the trailer", 6);
	put16(f.data + ETHER + 4, 8);
	verdict_is(run(LAN, &f).verdict, V_FRAGMENT_BAD, "all is the trailer", 6);
	f.length = ETHER + 40 + 16;
	put16(f.data + ETHER + 4, 16);
	verdict_is(run(LAN, &f).verdict, V_BAD_HEADER, "the rest is not there", 6);
	f = frame_make(&t, NULL);
	frame_extend(&f, FRAGMENT, first, sizeof(first));
	frame_extend(&f, HOP_BY_HOP, padding, sizeof(padding));
	put16(f.data + ETHER + 4, 8);
	verdict_is(run(LAN, &f).verdict, V_BAD_HEADER, "the fragment header is the trailer", 6);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r24_each_option_has_its_verdict),
		CASE(r24_options_of_every_length_go_on_both_ways),
		CASE(r24_errors_behind_options_arrive),
		CASE(r24_options_are_judged_before_fragments),
		CASE(each_extension_header_has_its_verdict),
		CASE(extension_headers_go_on_both_ways),
		CASE(chains_are_judged_by_their_order),
		CASE(a_chain_ends_within_its_first_fragment),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
