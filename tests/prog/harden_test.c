/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is cut short, padded, forged or mutilated: it has a verdict, goes nowhere it should not, and changes
 * no flow; and checksums, which are never mended.
 */
#include "rig.c"
#include "chain.h"
#include "quote.h"

enum seed { TCP, UDP, ECHO, OPTIONED, GRE, FIRST, MIDDLE, ERROR, SEEDS };

static const char *const seed_names[SEEDS] = {"TCP", "UDP", "echo", "UDP behind options", "GRE",
					      "first fragment", "middle fragment", "ICMP error"};

static void fragment_of(struct frame *f, unsigned int offset)
{
	uint8_t rest[] = {0, offset >> 8, offset | 1, 0, 0, 0, 9};

	if (ip_header(f) == 20) {
		put16(f->data + ETHER + 6, 0x2000 | offset / 8);
		put16(f->data + ETHER + 10, ip_sum(f));
	} else {
		frame_extend(f, FRAGMENT, rest, sizeof(rest));
	}
}

/* A sound packet of the kind, 12 bytes of payload or more. */
static struct frame seed(enum seed kind, int family, enum place from, enum place to)
{
	static const uint8_t alert[] = {1, 1, 1, 1, 148, 4, 0, 0}, padded[] = {0, 1, 4, 0, 0, 0, 0};
	uint8_t protocol = kind == TCP ? IPPROTO_TCP : kind == ECHO || kind == ERROR ? IPPROTO_ICMP : IPPROTO_UDP;
	struct tuple t = talk(family, protocol, from, to, 4000, 443), quoted = turned(t);
	struct frame f = frame_make(&t, &(struct shape){.payload = 48}), quote;

	if (kind == OPTIONED && family == 4)
		frame_insert(&f, alert, sizeof(alert));
	else if (kind == OPTIONED)
		frame_extend(&f, DESTINATION, padded, sizeof(padded));
	else if (kind == FIRST || kind == MIDDLE)
		fragment_of(&f, kind == FIRST ? 0 : 1024);
	if (kind == GRE) {
		f.data[ETHER + (family == 4 ? 9 : 6)] = 47;
		if (family == 4)
			put16(f.data + ETHER + 10, ip_sum(&f));
	}
	if (kind == ERROR) {
		quoted.protocol = IPPROTO_UDP;
		quoted.sport = 443;
		quoted.dport = 4000;
		quote = frame_make(&quoted, NULL);
		f = error_frame(&(struct error){.type = family == 4 ? 3 : 1, .code = 1}, family, t.saddr, t.daddr,
				quote.data + ETHER, quote.length - ETHER);
	}
	return f;
}

static int protocols_taken(void **state)
{
	struct circuit c;
	unsigned int i;

	rig_reset(state);
	for (i = CHICAGO; i <= INTERNET; i++) {
		c = circuit_get(i);
		c.flags |= CIRCUIT_OTHER_PROTOCOLS;
		circuit_put(i, &c);
	}
	return 0;
}

static const struct {
	enum device in;
	enum place from, to;
} ways[] = {{LAN, PILOT, AT_EXCHANGE}, {ER0, AT_EXCHANGE, AT_CHICAGO}, {WAN, AT_LARGE, AT_PUBLIC},
	    {LAN, PILOT, AT_GATEWAY}};

static void every_kind_cut_at_every_byte_is_truncated(void **state)
{
	unsigned int kind, way, cut;

	(void)state;
	EACH_FAMILY(f) for (kind = 0; kind < SEEDS; kind++) for (way = 0; way < 4; way++) {
		struct frame whole = seed(kind, f, ways[way].from, ways[way].to);

		for (cut = 14; cut < whole.length && cut <= 94; cut++) {
			struct frame part = whole;
			struct outcome o;

			part.length = cut;
			o = run(ways[way].in, &part);
			verdict_is(o.verdict, V_TRUNCATED, seed_names[kind], f);
			assert_int_equal(o.action, XDP_DROP);
		}
	}
	assert_int_equal(halves(4) + halves(6), 0);
}

/* Bytes behind the IP header, without options, that a packet of the kind must have to go on. */
static unsigned int needs(enum seed kind, const struct frame *whole)
{
	switch (kind) {
	case TCP:
		return 20;
	case ECHO:
		return 8;
	case GRE:
		return 0;
	default: /* UDP has a length of its own */
		return ip_length(whole) - ip_header(whole);
	}
}

/* The same with an IP header that agrees to the cut. */
static void every_kind_cut_with_a_header_that_agrees_goes_nowhere(void **state)
{
	unsigned int kind, cut;

	(void)state;
	EACH_FAMILY(f) for (kind = 0; kind < FIRST; kind++) {
		struct frame whole = seed(kind, f, PILOT, AT_EXCHANGE);
		unsigned int header = ip_header(&whole);

		for (cut = ETHER + header; cut < whole.length; cut++) {
			struct frame part = whole;
			struct outcome o;

			part.length = cut;
			put16(part.data + ETHER + (f == 4 ? 2 : 4), cut - ETHER - (f == 4 ? 0 : 40));
			if (f == 4)
				put16(part.data + ETHER + 10, ip_sum_whole(&part));
			o = run(LAN, &part);
			if (o.verdict < 0 || o.action == XDP_ABORTED || o.action == XDP_TX)
				fail_msg("%s cut at %u: action %d", seed_names[kind], cut, o.action);
			if ((o.action != XDP_DROP) != (cut - ETHER - header >= needs(kind, &whole)))
				fail_msg("%s cut at %u: %s", seed_names[kind], cut, verdict_name(o.verdict));
		}
	}
}

/* What is behind the packet in its frame is no part of it. */
static void a_trailer_is_not_looked_at(void **state)
{
	unsigned int kind;

	(void)state;
	EACH_FAMILY(f) for (kind = TCP; kind < FIRST; kind++) {
		struct frame frame = seed(kind, f, PILOT, AT_EXCHANGE), bare = frame;
		struct outcome o, plain;

		memset(frame.data + frame.length, 0xee, 20);
		frame.length += 20;
		o = run(LAN, &frame);
		verdict_is(o.verdict, V_FORWARDED, seed_names[kind], f);
		plain = run(LAN, &bare);
		verdict_is(plain.verdict, V_FORWARDED, seed_names[kind], f);
		assert_int_equal(ip_length(&o.frame), ip_length(&bare));
		assert_memory_equal(o.frame.data, plain.frame.data, bare.length);
	}
}

static bool nonsense(unsigned int flags)
{
	unsigned int said = flags & (FIN | SYN | RST | ACK);

	return said != SYN && said != (SYN | ACK) && said != ACK && said != (FIN | ACK) && said != RST &&
	       said != (RST | ACK);
}

/* From either side and to a service: no state, and none of an open flow changes. */
static void flags_that_mean_nothing_change_nothing(void **state)
{
	unsigned int flags;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443), back, public;
		struct half was, is;
		struct outcome o = hear(LAN, t, NULL);

		back = reply_of(&o);
		public = talk(f, IPPROTO_TCP, AT_LARGE, AT_PUBLIC, 4000, 443);
		assert_true(half_get(&t, &was));
		for (flags = 0; flags < 64; flags++) {
			/* frame_make takes no flags at all for a SYN; ECE alone is as good as none */
			struct shape shape = {.tcp = flags ? flags : 0x40, .ack = 1, .seq = 1};

			if (!nonsense(flags))
				continue;
			verdict_is(hear(LAN, t, &shape).verdict, V_BAD_FLAGS, "of the flow", f);
			verdict_is(hear(ER0, back, &shape).verdict, V_BAD_FLAGS, "back", f);
			verdict_is(hear(WAN, public, &shape).verdict, V_BAD_FLAGS, "to a service", f);
		}
		assert_true(half_get(&t, &is));
		assert_memory_equal(&is, &was, sizeof(is));
		assert_int_equal(halves(f), 2);
	}
}

/* A source, and what it is from inside and, toward a service, from a circuit. */
static const struct {
	const char *source;
	int inside, outside;
} martians[] = {
	{"0.0.0.0", V_MARTIAN, V_MARTIAN}, {"0.1.2.3", V_MARTIAN, V_MARTIAN},
	{"127.0.0.1", V_MARTIAN, V_MARTIAN}, {"127.255.255.254", V_MARTIAN, V_MARTIAN},
	{"224.0.0.1", V_MARTIAN, V_MARTIAN}, {"239.255.255.255", V_MARTIAN, V_MARTIAN},
	{"240.0.0.1", V_MARTIAN, V_MARTIAN}, {"255.255.255.255", V_MARTIAN, V_MARTIAN},
	{"169.254.7.7", V_NO_SEGMENT, V_MARTIAN}, {"192.168.77.5", V_NO_SEGMENT, 0},
	{"198.18.0.1", V_NO_SEGMENT, V_MARTIAN}, {"10.1.0.1", V_MARTIAN, V_INSIDE_SOURCE},
	{"203.0.113.34", V_NO_SEGMENT, V_MARTIAN}, {"192.168.1.9", V_NO_SEGMENT, V_MARTIAN},
	{"198.18.50.5", V_MARTIAN, V_MARTIAN}, {"10.1.20.5", 0, V_INSIDE_SOURCE},
	{"::", V_MARTIAN, V_MARTIAN}, {"::1", V_MARTIAN, V_MARTIAN}, {"::10.1.20.5", V_MARTIAN, V_MARTIAN},
	{"::ffff:10.1.20.5", V_MARTIAN, V_MARTIAN}, {"ff02::1", V_MARTIAN, V_MARTIAN},
	{"ff0e::1:2", V_MARTIAN, V_MARTIAN}, {"fe80::7", V_NO_SEGMENT, V_MARTIAN},
	{"2001:db8:77::5", V_NO_SEGMENT, 0}, {"2001:db8:f:3::1", V_NO_SEGMENT, V_MARTIAN},
	{"2001:db8:10::1", V_MARTIAN, V_INSIDE_SOURCE}, {"2001:db8:1::22", V_NO_SEGMENT, V_MARTIAN},
	{"2001:db8:a:1::9", V_NO_SEGMENT, V_MARTIAN}, {"2001:db8:50::5", V_MARTIAN, V_MARTIAN},
	{"2001:db8:10:20::5", 0, V_INSIDE_SOURCE},
};

static void forged_sources_have_their_verdict_on_either_side(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(martians) / sizeof(martians[0]); i++) for (j = 0; j < 2; j++) {
		int f = strchr(martians[i].source, ':') ? 6 : 4;
		struct tuple t = talk(f, j ? IPPROTO_UDP : IPPROTO_TCP, PILOT, AT_PUBLIC, 4000, 443);

		/* address() would take ::ffff:a.b.c.d and a.b.c.d for the same, and frames are built so */
		if (f == 6)
			inet_pton(AF_INET6, martians[i].source, &t.saddr);
		else
			t.saddr = address(martians[i].source);
		if (martians[i].outside)
			verdict_is(hear(WAN, t, NULL).verdict, martians[i].outside, martians[i].source, f);
		if (!strcmp(martians[i].source, f == 4 ? "198.18.50.5" : "2001:db8:50::5"))
			t.daddr = t.saddr; /* land */
		else
			t.daddr = at(AT_EXCHANGE, f);
		if (martians[i].inside)
			verdict_is(hear(LAN, t, NULL).verdict, martians[i].inside, martians[i].source, f);
		t.daddr = t.saddr;
		if (hear(LAN, t, NULL).action == XDP_REDIRECT || hear(WAN, t, NULL).action == XDP_REDIRECT)
			fail_msg("land %s", martians[i].source);
	}
	assert_int_equal(halves(4) + halves(6), 0);
}

static void what_is_of_one_wire_leaves_by_none(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_LARGE, 4000, 443);
	struct tuple u = talk(6, IPPROTO_UDP, PILOT, AT_LARGE, 4000, 443);

	(void)state;
	t.daddr = address("169.254.169.254");
	u.daddr = address("fe80::5");
	verdict_is(hear(LAN, t, NULL).verdict, V_MARTIAN, "link-local", 4);
	verdict_is(hear(LAN, u, NULL).verdict, V_TO_GATEWAY, "link-local is the kernel's", 6);
	assert_int_equal(halves(4) + halves(6), 0);
}

static bool in_pool(const struct frame *f, bool six)
{
	const uint8_t *source = f->data + ETHER + (six ? 8 : 12);

	if (!six)
		return !memcmp(source, "\xcb\x00\x71", 3); /* 203.0.113 */
	return !memcmp(source, "\x20\x01\x0d\xb8\x00\x01", 6) || !memcmp(source, "\x20\x01\x0d\xb8\x00\x02", 6);
}

/* Seeds with bytes changed at random, among flows that they may hit. */
static void mutilated_packets_go_nowhere_they_should_not(void **state)
{
	unsigned int i, j, forwarded = 0;

	(void)state;
	srandom(1812);
	for (i = 0; i < 8000; i++) {
		int f = i & 1 ? 6 : 4;
		unsigned int way = random() % 4, kind = random() % SEEDS, hits = 1 + random() % 3;
		struct frame frame = seed(kind, f, ways[way].from, ways[way].to);
		bool right, six = f == 6;
		struct outcome o;

		for (j = 0; j < hits; j++)
			frame.data[ETHER + random() % (frame.length - ETHER)] = random();
		if (random() & 1 && f == 4)
			put16(frame.data + ETHER + 10, ip_sum(&frame));
		right = six || get16(frame.data + ETHER + 10) == ip_sum_whole(&frame);
		o = run(ways[way].in, &frame);
		if (o.verdict < 0 || o.action == XDP_ABORTED)
			fail_msg("packet %u: no verdict", i);
		if (o.action != XDP_REDIRECT)
			continue;
		forwarded++;
		if (o.frame.data[11] != LAN + 1 && !in_pool(&o.frame, six))
			fail_msg("packet %u left with a source that is none of the circuit's", i);
		if (ways[way].in != LAN && o.frame.data[11] != LAN + 1)
			fail_msg("packet %u from a circuit left by a circuit", i);
		if (!six && right != (get16(o.frame.data + ETHER + 10) == ip_sum_whole(&o.frame)))
			fail_msg("packet %u: sum of the header", i);
	}
	assert_true(forwarded > 800);
}

/* RFC 8085 5.1: no checksum over IPv6 is the ends' affair; one is never made up. */
static void r45_udp6_without_checksum_goes_on_without(void **state)
{
	static const uint8_t padded[] = {0, 1, 4, 0, 0, 0, 0};
	struct tuple t = talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), back;
	struct tuple in = talk(6, IPPROTO_UDP, AT_LARGE, AT_PUBLIC, 4000, 443);
	struct shape bare = {.payload = 33, .no_sum = true};
	struct outcome o = hear(LAN, t, &bare);
	struct frame f;

	(void)state;
	verdict_is(o.verdict, V_FORWARDED, "out", 6);
	assert_int_equal(get16(l4_of(&o.frame) + 6), 0);
	back = reply_of(&o);
	o = hear(ER0, back, &bare);
	verdict_is(o.verdict, V_FORWARDED, "back", 6);
	assert_int_equal(get16(l4_of(&o.frame) + 6), 0);
	o = hear(WAN, in, &bare);
	verdict_is(o.verdict, V_FORWARDED, "to a service", 6);
	assert_int_equal(get16(l4_of(&o.frame) + 6), 0);
	f = frame_make(&t, &bare);
	frame_extend(&f, DESTINATION, padded, sizeof(padded));
	o = run(LAN, &f);
	verdict_is(o.verdict, V_FORWARDED, "behind options", 6);
	assert_int_equal(get16(o.frame.data + ETHER + 40 + 8 + 6), 0);
}

/* One more of ten thousand: sound, wrong by some bit, or UDP without a sum. */
static void sums_hold(unsigned int i, int f, struct outcome *o)
{
	uint8_t protocol = protocol_of(&o->frame), *sum = l4_of(&o->frame) + sum_at(protocol);

	if (o->action != XDP_REDIRECT)
		fail_msg("packet %u: %s", i, verdict_name(o->verdict));
	if (f == 4 && get16(o->frame.data + ETHER + 10) != ip_sum(&o->frame))
		fail_msg("packet %u: sum of the header", i);
	if (i % 8 == 1 && protocol == IPPROTO_UDP)
		assert_int_equal(get16(sum), 0);
	else if ((get16(sum) == transport_sum(&o->frame, protocol)) != (i % 8 != 2))
		fail_msg("packet %u, protocol %u: sum", i, protocol);
}

static void r37_ten_thousand_sums_are_as_right_or_wrong_as_they_were(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_UDP};
	unsigned int i;

	srandom(1071);
	for (i = 0; i < 10000; i++) {
		int f = random() & 1 ? 4 : 6;
		uint8_t protocol = protocols[random() % 4];
		struct tuple t = talk(f, protocol, PILOT, AT_EXCHANGE, 1024 + random() % 60000, 1 + random() % 65535);
		struct frame frame;
		struct outcome o;
		unsigned int j, length = random() % 1400;

		if (!(i % 100))
			rig_reset(state);
		frame = frame_make(&t, &(struct shape){.payload = length, .ttl = 2 + random() % 250,
						       .seq = random(), .ack = random()});
		for (j = 0; j < length; j++)
			frame.data[frame.length - length + j] = random() % 3 ? random() : 0xff;
		sums_set(&frame);
		if (i % 8 == 1 && protocol == IPPROTO_UDP)
			put16(l4_of(&frame) + 6, 0);
		else if (i % 8 == 2)
			frame.data[frame.length - 1] ^= 1 << random() % 8;
		if (i % 8 == 2 && !length)
			continue; /* it would be another port */
		o = run(LAN, &frame);
		sums_hold(i, f, &o);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
#define TAKEN(name) cmocka_unit_test_setup(name, protocols_taken)
	const struct CMUnitTest tests[] = {
		TAKEN(every_kind_cut_at_every_byte_is_truncated),
		TAKEN(every_kind_cut_with_a_header_that_agrees_goes_nowhere),
		TAKEN(a_trailer_is_not_looked_at),
		CASE(flags_that_mean_nothing_change_nothing),
		CASE(forged_sources_have_their_verdict_on_either_side),
		CASE(what_is_of_one_wire_leaves_by_none),
		TAKEN(mutilated_packets_go_nowhere_they_should_not),
		CASE(r45_udp6_without_checksum_goes_on_without),
		CASE(r37_ten_thousand_sums_are_as_right_or_wrong_as_they_were),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
