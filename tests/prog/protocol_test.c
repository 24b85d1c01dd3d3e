/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocols other than TCP, UDP and ICMP echo: addresses only, by one flow a remote and pool address, or a
 * drop with a name; never a changed byte behind the IP header.
 */
#include "rig.c"
#include "chain.h"
#include "quote.h"

#define GRE 47
#define ESP 50
#define SCTP 132

static const uint8_t carried[] = {4, 41, GRE, ESP, 46, 108, 115, SCTP, 137, 200, 253, 254};
/* Whose checksum covers the addresses, or that mean nothing behind this header. */
static const uint8_t refused[] = {2, 33, 89, 103, 112, 136, 255};

/* Every circuit takes them. */
static void circuits_take(bool all)
{
	unsigned int i;

	for (i = CHICAGO; i <= INTERNET; i++) {
		struct circuit c = circuit_get(i);

		c.flags |= CIRCUIT_OTHER_PROTOCOLS;
		if (all || i == INTERNET)
			circuit_put(i, &c);
	}
}

static int taken(void **state)
{
	rig_reset(state);
	circuits_take(true);
	return 0;
}

/* A packet of the protocol with `payload` bytes behind the IP header. */
static struct frame bare(int family, uint8_t protocol, struct in6_addr from, struct in6_addr to,
			 unsigned int payload)
{
	struct tuple t = {.family = family, .protocol = protocol, .saddr = from, .daddr = to};
	struct frame f = {.length = ETHER + (family == 4 ? 20 : 40) + payload};
	unsigned int i;

	memcpy(f.data, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(f.data + 12, family == 4 ? 0x0800 : 0x86dd);
	frame_ip(&f, &t, &(struct shape){.whole = true}, payload);
	for (i = 0; i < payload; i++)
		f.data[f.length - payload + i] = i * 37 + protocol;
	if (family == 4)
		put16(f.data + ETHER + 10, ip_sum(&f));
	return f;
}

static struct in6_addr source_of(const struct frame *f)
{
	struct in6_addr a = address("0.0.0.0");

	if (ip_header(f) == 20)
		memcpy(&a.s6_addr[12], f->data + ETHER + 12, 4);
	else
		memcpy(&a, f->data + ETHER + 8, 16);
	return a;
}

static struct in6_addr destination_of(const struct frame *f)
{
	struct in6_addr a = address("0.0.0.0");

	if (ip_header(f) == 20)
		memcpy(&a.s6_addr[12], f->data + ETHER + 16, 4);
	else
		memcpy(&a, f->data + ETHER + 24, 16);
	return a;
}

/* One hop less, other addresses, the header's sum; and nothing else. */
static void only_addresses_changed(const struct frame *sent, struct outcome *o, const char *claim)
{
	unsigned int header = ip_header(sent), ttl = ETHER + (header == 20 ? 8 : 7);
	struct frame got = o->frame;

	if (got.length != sent->length)
		fail_msg("%s: length", claim);
	if (header == 20 && get16(got.data + ETHER + 10) != ip_sum(&got))
		fail_msg("%s: sum of the IP header", claim);
	assert_int_equal(got.data[ttl], sent->data[ttl] - 1);
	got.data[ttl]++;
	memcpy(got.data, sent->data, 12);
	if (header == 20)
		memcpy(got.data + ETHER + 10, sent->data + ETHER + 10, 10);
	else
		memcpy(got.data + ETHER + 8, sent->data + ETHER + 8, 32);
	if (memcmp(got.data, sent->data, got.length))
		fail_msg("%s: something else changed", claim);
}

static bool of_chicago(struct in6_addr a)
{
	struct in6_addr pool = address(a.s6_addr[10] == 0xff ? "203.0.113.32" : "2001:db8:1::");

	return a.s6_addr[10] == 0xff ? !memcmp(&a, &pool, 15) && a.s6_addr[15] >> 4 == 2 :
				       !memcmp(&a, &pool, 8);
}

static void r42_addresses_are_translated_both_ways_and_nothing_else(void **state)
{
	static const unsigned int payloads[] = {0, 1, 4, 7, 8, 40, 1400};
	unsigned int i, j;
	char claim[48];

	EACH_FAMILY(f) for (i = 0; i < sizeof(carried); i++) for (j = 0; j < 7; j++) {
		struct frame out = bare(f, carried[i], at(PILOT, f), at(AT_EXCHANGE, f), payloads[j]), in;
		struct outcome o, back;

		snprintf(claim, sizeof(claim), "protocol %u, %u bytes", carried[i], payloads[j]);
		taken(state);
		o = run(LAN, &out);
		verdict_is(o.verdict, V_FORWARDED, claim, f);
		only_addresses_changed(&out, &o, claim);
		assert_true(of_chicago(source_of(&o.frame)));
		assert_int_equal(halves(f), 2);
		in = bare(f, carried[i], at(AT_EXCHANGE, f), source_of(&o.frame), payloads[j]);
		back = run(ER0, &in);
		verdict_is(back.verdict, V_FORWARDED, claim, f);
		only_addresses_changed(&in, &back, claim);
		assert_true(same_address(destination_of(&back.frame), at(PILOT, f)));
		assert_true(same_address(source_of(&back.frame), at(AT_EXCHANGE, f)));
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
	}
}

static void r42_without_the_key_each_is_dropped_by_name(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 256; i++) {
		struct frame out = bare(f, i, at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct outcome o = run(LAN, &out);

		if (o.verdict == V_FORWARDED && i != IPPROTO_TCP && i != IPPROTO_UDP)
			fail_msg("protocol %u goes on", i);
		assert_int_not_equal(o.verdict, -1);
	}
	EACH_FAMILY(f) for (i = 0; i < sizeof(carried); i++) {
		struct frame out = bare(f, carried[i], at(PILOT, f), at(AT_EXCHANGE, f), 40);

		verdict_is(run(LAN, &out).verdict, V_OTHER_PROTOCOL, "key is not there", f);
	}
}

static void r42_what_a_translation_would_corrupt_is_dropped_by_name(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < sizeof(refused); i++) {
		struct frame out = bare(f, refused[i], at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct frame local = bare(f, refused[i], at(PILOT, f), at(AT_GATEWAY, f), 40);
		char claim[24];

		snprintf(claim, sizeof(claim), "protocol %u", refused[i]);
		verdict_is(run(LAN, &out).verdict, V_OTHER_PROTOCOL, claim, f);
		verdict_is(run(LAN, &local).verdict, V_TO_GATEWAY, claim, f);
	}
	EACH_FAMILY(f) {
		struct frame ah = bare(f, AUTHENTICATION, at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct frame none = bare(f, NO_NEXT, at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct frame other = bare(f, icmp_of(f == 4 ? 6 : 4), at(PILOT, f), at(AT_EXCHANGE, f), 40);

		verdict_is(run(LAN, &ah).verdict, f == 4 ? V_OTHER_PROTOCOL : V_EXTENSION_HEADER, "AH", f);
		verdict_is(run(LAN, &none).verdict, V_OTHER_PROTOCOL, "nothing behind it", f);
		verdict_is(run(LAN, &other).verdict, V_OTHER_PROTOCOL, "ICMP of the other family", f);
	}
	assert_int_equal(halves(4) + halves(6), 0);
}

static void r42_outside_creates_nothing(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < sizeof(carried); i++) {
		struct frame pool = bare(f, carried[i], at(AT_EXCHANGE, f), at(AT_CHICAGO, f), 40);
		struct frame public = bare(f, carried[i], at(AT_LARGE, f), at(AT_PUBLIC, f), 40);
		struct frame local = bare(f, carried[i], at(AT_LARGE, f), at(AT_GATEWAY, f), 40);

		verdict_is(run(ER0, &pool).verdict, V_UNSOLICITED, "to the pool", f);
		verdict_is(run(WAN, &public).verdict, V_NOT_PUBLISHED, "to a service", f);
		verdict_is(run(WAN, &local).verdict, V_TO_GATEWAY, "to the gateway", f);
	}
	assert_int_equal(halves(4) + halves(6), 0);
}

/* Toward one remote each host has a pool address of its own; toward another all begin anew. */
static void r42_one_pool_address_is_one_host_toward_a_remote(void **state)
{
	struct in6_addr seen[16], host = at(PILOT, 4), got;
	struct frame f, back;
	struct outcome o;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < 16; i++) {
		host.s6_addr[15] = 10 + i;
		f = bare(4, GRE, host, at(AT_EXCHANGE, 4), 40);
		o = run(LAN, &f);
		verdict_is(o.verdict, V_FORWARDED, "a host more", 4);
		seen[i] = source_of(&o.frame);
		assert_true(of_chicago(seen[i]));
		for (j = 0; j < i; j++)
			assert_false(same_address(seen[i], seen[j]));
	}
	host.s6_addr[15] = 99;
	f = bare(4, GRE, host, at(AT_EXCHANGE, 4), 40);
	verdict_is(run(LAN, &f).verdict, V_POOL_EXHAUSTED, "one host too many", 4);
	assert_int_equal(halves(4), 32);
	f = bare(4, GRE, host, at(AT_EXCHANGE_TWO, 4), 40);
	verdict_is(run(LAN, &f).verdict, V_FORWARDED, "another remote", 4);
	f = bare(4, ESP, host, at(AT_EXCHANGE, 4), 40);
	verdict_is(run(LAN, &f).verdict, V_FORWARDED, "another protocol", 4);
	for (i = 0; i < 16; i++) {
		back = bare(4, GRE, at(AT_EXCHANGE, 4), seen[i], 40);
		o = run(ER0, &back);
		assert_true(o.verdict == V_FORWARDED || o.verdict == V_RESOLVING); /* not all are neighbours */
		got = destination_of(&o.frame);
		assert_int_equal(got.s6_addr[15], 10 + i);
	}
}

static void r42_an_address_of_the_gateway_is_not_worn(void **state)
{
	struct circuit c = circuit_get(CHICAGO);
	struct in6_addr own, worn;
	unsigned int one = 1;
	struct frame f;
	struct outcome o;

	f = bare(4, GRE, at(PILOT, 4), at(AT_EXCHANGE, 4), 40);
	o = run(LAN, &f);
	own = source_of(&o.frame);
	taken(state);
	c.out4.range[0].flags |= RANGE_HAS_LOCAL;
	circuit_put(CHICAGO, &c);
	put("locals", &own, &one);
	o = run(LAN, &f);
	verdict_is(o.verdict, V_FORWARDED, "the next one", 4);
	worn = source_of(&o.frame);
	assert_true(of_chicago(worn));
	assert_false(same_address(worn, own));
}

static void r42_the_pin_holds(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct frame out = bare(f, ESP, at(PILOT, f), at(AT_EXCHANGE, f), 40), in;
		struct outcome o = run(LAN, &out);

		in = bare(f, ESP, at(AT_EXCHANGE, f), source_of(&o.frame), 40);
		verdict_is(run(WAN, &in).verdict, V_VIOLATION, "another circuit", f);
		verdict_is(run(ER0, &in).verdict, V_FORWARDED, "its own", f);
	}
}

/* What the circuit takes no more opens no flow, and ends none. */
static void r42_a_change_of_the_key_ends_no_flow(void **state)
{
	struct circuit c = circuit_get(CHICAGO);

	(void)state;
	EACH_FAMILY(f) {
		struct frame out = bare(f, ESP, at(PILOT, f), at(AT_EXCHANGE, f), 40), in;
		struct frame other = bare(f, ESP, at(PILOT_TWO, f), at(AT_EXCHANGE, f), 40);
		struct outcome o = run(LAN, &out);

		c.flags &= ~CIRCUIT_OTHER_PROTOCOLS;
		circuit_put(CHICAGO, &c);
		in = bare(f, ESP, at(AT_EXCHANGE, f), source_of(&o.frame), 40);
		verdict_is(run(LAN, &out).verdict, V_FORWARDED, "out", f);
		verdict_is(run(ER0, &in).verdict, V_FORWARDED, "in", f);
		o = run(LAN, &other);
		assert_false(of_chicago(source_of(&o.frame)));
		c.flags |= CIRCUIT_OTHER_PROTOCOLS;
		circuit_put(CHICAGO, &c);
	}
}

/* Another packet is putting a flow into the same line: that is no exhausted pool. */
static void r42_a_locked_line_is_not_an_exhausted_pool(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct frame out = bare(f, GRE, at(PILOT, f), at(AT_EXCHANGE, f), 40);

		lines_lock(f, true);
		verdict_is(run(LAN, &out).verdict, V_FLOW_ENDING, "locked", f);
		lines_lock(f, false);
		verdict_is(run(LAN, &out).verdict, V_FORWARDED, "unlocked", f);
	}
}

/* A circuit that does not take them is passed over, like one without a pool of the family. */
static void r42_the_rule_goes_on_to_a_circuit_that_takes_them(void **state)
{
	rig_reset(state);
	circuits_take(false);
	EACH_FAMILY(f) {
		struct frame out = bare(f, GRE, at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct frame partner = bare(f, GRE, at(PILOT, f), at(AT_PARTNER, f), 40);
		struct in6_addr pool = at(AT_INTERNET, f), worn;
		struct outcome o = run(LAN, &out);

		verdict_is(o.verdict, V_FORWARDED, "internet", f);
		worn = source_of(&o.frame);
		assert_memory_equal(&worn, &pool, f == 4 ? 15 : 8);
		verdict_is(run(LAN, &partner).verdict, V_OTHER_PROTOCOL, "dallas alone", f);
	}
}

static void r42_silence_ends_the_flow_like_one_of_udp(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct frame out = bare(f, GRE, at(PILOT, f), at(AT_EXCHANGE, f), 40), in;
		struct tuple t = {.family = f, .protocol = GRE, .saddr = at(PILOT, f),
				  .daddr = at(AT_EXCHANGE, f)};
		struct outcome o = run(LAN, &out);

		in = bare(f, GRE, at(AT_EXCHANGE, f), source_of(&o.frame), 40);
		verdict_is(run(ER0, &in).verdict, V_FORWARDED, "answered", f);
		age(&t, 299 * NANOSECONDS);
		verdict_is(run(ER0, &in).verdict, V_FORWARDED, "in time", f);
		age(&t, 302 * NANOSECONDS);
		verdict_is(run(ER0, &in).verdict, V_UNSOLICITED, "too late", f);
	}
}

/* A router on the way says that it is too big: the sender hears it of the packet that it sent. */
static void r42_an_error_about_one_reaches_its_sender(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct error e = {.type = f == 4 ? 3 : 2, .code = f == 4 ? 4 : 0, .rest = {0, 0, 5, 0}};
		struct in6_addr router = address(f == 4 ? "192.0.2.77" : "2001:db8:ba::77");
		struct frame sent = bare(f, ESP, at(PILOT, f), at(AT_EXCHANGE, f), 40), error, wanted;
		struct outcome o = run(LAN, &sent);
		unsigned int length = sent.length - ETHER;

		error = error_frame(&e, f, router, source_of(&o.frame), o.frame.data + ETHER, length);
		sent.data[ETHER + (f == 4 ? 8 : 7)]--;
		if (f == 4)
			put16(sent.data + ETHER + 10, ip_sum(&sent));
		e.ttl = 63;
		wanted = error_frame(&e, f, router, at(PILOT, f), sent.data + ETHER, length);
		verdict_is(run(WAN, &error).verdict, V_VIOLATION, "another circuit", f);
		o = run(ER0, &error);
		verdict_is(o.verdict, V_FORWARDED, "error", f);
		assert_int_equal(o.frame.length, wanted.length);
		assert_memory_equal(o.frame.data + 12, wanted.data + 12, wanted.length - 12);
	}
}

/* A datagram in pieces, of which only the first could have had ports. */
static void r42_fragments_go_the_same_way(void **state)
{
	struct frame first = bare(4, ESP, at(PILOT, 4), at(AT_EXCHANGE, 4), 64), later = first;
	struct in6_addr worn;
	struct outcome o;
	unsigned int id;

	(void)state;
	put16(first.data + ETHER + 6, 0x2000);
	put16(later.data + ETHER + 6, 8);
	put16(first.data + ETHER + 10, ip_sum(&first));
	put16(later.data + ETHER + 10, ip_sum(&later));
	o = run(LAN, &first);
	verdict_is(o.verdict, V_FORWARDED, "first", 4);
	worn = source_of(&o.frame);
	id = get16(o.frame.data + ETHER + 4);
	assert_memory_equal(o.frame.data + ETHER + 20, first.data + ETHER + 20, 64);
	o = run(LAN, &later);
	verdict_is(o.verdict, V_FORWARDED, "last", 4);
	assert_true(of_chicago(worn) && same_address(source_of(&o.frame), worn));
	assert_int_equal(get16(o.frame.data + ETHER + 4), id);
	assert_int_equal(get16(o.frame.data + ETHER + 10), ip_sum(&o.frame));
	assert_memory_equal(o.frame.data + ETHER + 20, later.data + ETHER + 20, 64);
}

/* Behind options and extension headers they are what they are without. */
static void r42_behind_options_and_extension_headers(void **state)
{
	static const uint8_t padded[] = {0, 1, 4, 0, 0, 0, 0};
	struct frame four = bare(4, GRE, at(PILOT, 4), at(AT_EXCHANGE, 4), 3);
	struct frame six = bare(6, GRE, at(PILOT, 6), at(AT_EXCHANGE, 6), 3);
	struct outcome o;

	(void)state;
	frame_insert(&four, (const uint8_t *)"\x94\x04\0\0", 4);
	o = run(LAN, &four);
	verdict_is(o.verdict, V_FORWARDED, "options", 4);
	assert_int_equal(get16(o.frame.data + ETHER + 10), ip_sum_whole(&o.frame));
	assert_memory_equal(o.frame.data + ETHER + 20, four.data + ETHER + 20, 7);
	frame_extend(&six, DESTINATION, padded, sizeof(padded));
	o = run(LAN, &six);
	verdict_is(o.verdict, V_FORWARDED, "destination options", 6);
	only_addresses_changed(&six, &o, "destination options");
}

static void r42_icmp_that_is_neither_echo_nor_error_stays_dropped(void **state)
{
	static const uint8_t types4[] = {9, 10, 13, 14, 15, 16, 17, 18, 40, 42}, types6[] = {130, 139, 140, 144, 160};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(types4) + sizeof(types6); i++) {
		int f = i < sizeof(types4) ? 4 : 6;
		struct frame out = bare(f, icmp_of(f), at(PILOT, f), at(AT_EXCHANGE, f), 40);
		struct outcome o;

		l4_of(&out)[0] = f == 4 ? types4[i] : types6[i - sizeof(types4)];
		o = run(LAN, &out);
		if (o.action != XDP_DROP)
			fail_msg("type %u: %s", l4_of(&out)[0], verdict_name(o.verdict));
	}
	assert_int_equal(halves(4) + halves(6), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, taken)
	const struct CMUnitTest tests[] = {
		CASE(r42_addresses_are_translated_both_ways_and_nothing_else),
		cmocka_unit_test_setup(r42_without_the_key_each_is_dropped_by_name, rig_reset),
		CASE(r42_what_a_translation_would_corrupt_is_dropped_by_name),
		CASE(r42_outside_creates_nothing),
		CASE(r42_one_pool_address_is_one_host_toward_a_remote),
		CASE(r42_an_address_of_the_gateway_is_not_worn),
		CASE(r42_the_pin_holds),
		CASE(r42_a_change_of_the_key_ends_no_flow),
		CASE(r42_a_locked_line_is_not_an_exhausted_pool),
		CASE(r42_the_rule_goes_on_to_a_circuit_that_takes_them),
		CASE(r42_silence_ends_the_flow_like_one_of_udp),
		CASE(r42_an_error_about_one_reaches_its_sender),
		CASE(r42_fragments_go_the_same_way),
		CASE(r42_behind_options_and_extension_headers),
		CASE(r42_icmp_that_is_neither_echo_nor_error_stays_dropped),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
