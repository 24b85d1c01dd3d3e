/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is too big for its way, or too old: the data plane's own ICMP errors, R12 and R41. Each is
 * compared with what its sender sent, byte by byte.
 */
#include "rig.c"
#include "pieces.h"

static void mtu_set(enum device d, unsigned int mtu)
{
	shell("ip link set %s mtu %u", device_names[d], mtu);
	generation_move();
}

/* A flow of pilot with exchange over chicago, and its packets from there. */
static struct tuple flow_made(struct tuple t, struct tuple *back)
{
	struct outcome o = hear(LAN, t, NULL);

	verdict_is(o.verdict, V_FORWARDED, "opens", t.family);
	*back = reply_of(&o);
	return t;
}

static struct in6_addr link_address(int f)
{
	return address(f == 4 ? "172.16.0.1" : "2001:db8:f:1::1");
}

/* May the frame leave by this link? What its guard says of what the kernel sends is true of this too. */
static void leaves_by(enum device d, const struct frame *frame, int f)
{
	struct scoped_prefix key = {.length = 160, .scope = CHICAGO, .address = link_address(f)};
	unsigned int wanted = SOURCE_WANTED;
	int verdict;

	put("sources", &key, &wanted);
	guard(d, frame, &verdict);
	verdict_is(verdict, V_GUARD_PASSED, "the error", f);
}

struct error {
	uint8_t type, code;
	unsigned int mtu;
};

static const struct error too_big[] = {{3, 4, 1300}, {2, 0, 1300}}, exceeded[] = {{11, 0, 0}, {3, 0, 0}};

/* Of the frame that came in: from this address of the gateway, and as much of it as there is room for. */
static void told(struct outcome *o, const struct frame *sent, struct error e, struct in6_addr from)
{
	int f = sent->data[ETHER] >> 4;
	unsigned int head = f == 4 ? 20 : 40, room = (f == 4 ? 576 : 1280) - head - 8;
	unsigned int quote = ip_length(sent) < room ? ip_length(sent) : room;
	uint8_t *ip = o->frame.data + ETHER, *icmp = ip + head;
	struct tuple t = tuple_of(&o->frame), of = tuple_of((struct frame *)sent);

	assert_int_equal(o->action, XDP_TX);
	assert_int_equal(o->frame.length, ETHER + head + 8 + quote);
	assert_int_equal(ip_length(&o->frame), head + 8 + quote);
	assert_memory_equal(o->frame.data, sent->data + 6, 6);
	assert_memory_equal(o->frame.data + 6, sent->data, 6);
	assert_int_equal(protocol_of(&o->frame), icmp_of(f));
	assert_true(same_address(t.saddr, from));
	assert_true(same_address(t.daddr, of.saddr));
	assert_int_equal(icmp[0], e.type);
	assert_int_equal(icmp[1], e.code);
	assert_int_equal(get16(icmp + 4), 0);
	assert_int_equal(get16(icmp + 6), e.mtu);
	assert_memory_equal(icmp + 8, sent->data + ETHER, quote);
	assert_true(sums_right(&o->frame));
}

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
#define EACH_PROTOCOL(p) \
	for (unsigned int p##_i = 0; p##_i < 3; p##_i++) \
		for (int p = protocols[p##_i], p##_once = 1; p##_once; p##_once = 0)

/* The size of the IP packet, whatever its headers are. */
static struct frame packet(const struct tuple *t, unsigned int length, struct shape shape)
{
	shape.payload = length - (t->family == 4 ? 20 : 40) - (t->protocol == IPPROTO_TCP ? 20 : 8);
	return frame_make(t, &shape);
}

/* RFC 4787 REQ-13: 1428 bytes for 1300, from inside, and the error quotes what the host sent. */
static void r12_too_big_from_inside_is_told_with_the_senders_tuple(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_PROTOCOL(protocol) {
		struct tuple back, t = flow_made(talk(f, protocol, PILOT, AT_EXCHANGE, 4000, 443), &back);
		struct frame sent;
		struct outcome o;

		mtu_set(ER0, 1300);
		sent = packet(&t, 1428, (struct shape){.tcp = ACK, .whole = true});
		o = run(LAN, &sent);
		verdict_is(o.verdict, V_TOO_BIG, "1428", f);
		told(&o, &sent, too_big[f == 6], at(AT_GATEWAY, f));
		sent = packet(&t, 1301, (struct shape){.tcp = ACK, .whole = true});
		verdict_is(run(LAN, &sent).verdict, V_TOO_BIG, "1301", f);
		sent = packet(&t, 1300, (struct shape){.tcp = ACK, .whole = true});
		verdict_is(run(LAN, &sent).verdict, V_FORWARDED, "1300", f);
		mtu_set(ER0, 1500);
	}
}

/* The same of a packet that would open a flow: none is made. */
static void r12_too_big_opens_no_flow(void **state)
{
	(void)state;
	mtu_set(ER0, 1300);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent = packet(&t, 1428, (struct shape){.whole = true});
		struct outcome o = run(LAN, &sent);

		verdict_is(o.verdict, V_TOO_BIG, "first packet", f);
		told(&o, &sent, too_big[f == 6], at(AT_GATEWAY, f));
		assert_int_equal(halves(f), 0);
	}
	mtu_set(ER0, 1500);
}

/* From a circuit: quoting the pool address, and from the one address that this link may send with. */
static void r12_too_big_from_a_circuit_is_told_from_the_links_own_address(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_PROTOCOL(protocol) {
		struct tuple back, t = flow_made(talk(f, protocol, PILOT, AT_EXCHANGE, 4000, 443), &back);
		struct frame sent;
		struct outcome o;

		mtu_set(LAN, 1300);
		sent = packet(&back, 1428, (struct shape){.tcp = ACK, .seq = 1, .ack = 1, .answer = true, .whole = true});
		o = run(ER0, &sent);
		verdict_is(o.verdict, V_TOO_BIG, "1428", f);
		told(&o, &sent, too_big[f == 6], link_address(f));
		leaves_by(ER0, &o.frame, f);
		sent = packet(&back, 1300, (struct shape){.tcp = ACK, .seq = 1, .ack = 1, .answer = true, .whole = true});
		verdict_is(run(ER0, &sent).verdict, V_FORWARDED, "1300", f);
		mtu_set(LAN, 1500);
		hear(LAN, t, &(struct shape){.tcp = ACK, .seq = 1, .ack = 1});
	}
}

/* The first packets go while the neighbour is not known; the FIB then says no MTU of itself. */
static void r12_too_big_is_told_before_the_next_hop_is_known(void **state)
{
	(void)state;
	mtu_set(ER0, 1300);
	rig.broken = true;
	shell("ip neigh del 172.16.0.2 dev er0 && ip -6 neigh del 2001:db8:f:1::2 dev er0");
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent = packet(&t, 1301, (struct shape){.whole = true});
		struct outcome o = run(LAN, &sent);

		verdict_is(o.verdict, V_TOO_BIG, "1301", f);
		told(&o, &sent, too_big[f == 6], at(AT_GATEWAY, f));
		sent = packet(&t, 1300, (struct shape){.whole = true});
		verdict_is(run(LAN, &sent).verdict, V_RESOLVING, "1300", f);
	}
	mtu_set(ER0, 1500);
}

/* RFC 8200 section 5, RFC 8201 section 4: no way of IPv6 is smaller than 1280, whatever a route says. */
static void r12_nobody_hears_of_less_than_the_smallest_mtu(void **state)
{
	struct tuple back, t = flow_made(talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), &back);
	struct frame sent;
	struct outcome o;

	(void)state;
	rig.broken = true;
	shell("ip -6 route replace default via 2001:db8:f:1::2 mtu lock 1000 table 101");
	generation_move();
	sent = packet(&t, 1280, (struct shape){0});
	verdict_is(run(LAN, &sent).verdict, V_FORWARDED, "1280", 6);
	sent = packet(&t, 1281, (struct shape){0});
	o = run(LAN, &sent);
	verdict_is(o.verdict, V_TOO_BIG, "1281", 6);
	told(&o, &sent, (struct error){2, 0, 1280}, at(AT_GATEWAY, 6));
}

/* What is left for samepath_resolve, see bpf/forward.h. */
struct handed {
	uint32_t magic, ifindex;
	uint16_t family, mtu;
	uint8_t rest[16];
};

static struct handed handed_over(const struct outcome *o)
{
	struct handed h;

	assert_int_equal(o->action, XDP_PASS);
	assert_int_equal(o->meta, sizeof(h));
	memcpy(&h, o->metadata, sizeof(h));
	assert_int_equal(h.magic, 0x5a4e7168);
	return h;
}

/* The packet is translated whole, with an id that is not its host's, and goes to be cut for this MTU. */
static void cut_is(struct outcome *o, const struct frame *sent, enum device out, const char *macs)
{
	struct handed h = handed_over(o);
	struct frame was = *sent;

	verdict_is(o->verdict, V_CUT, "too big, may be cut", 4);
	assert_int_equal(h.ifindex, rig.ifindex[out]);
	assert_int_equal(h.family, 0);
	assert_int_equal(h.mtu, 1300);
	assert_memory_equal(h.rest, macs, 12);
	assert_int_equal(o->frame.length, sent->length);
	assert_true(sums_right(&o->frame));
	assert_memory_equal(l4_of(&o->frame) + 20, l4_of(&was) + 20, sent->length - ETHER - 40);
	assert_int_equal(get16(o->frame.data + ETHER + 6), 0);
}

/* RFC 4787 REQ-13a; what becomes of it is in tests/netns/cut.sh. */
static void r13_too_big_without_df_is_translated_and_goes_to_be_cut(void **state)
{
	(void)state;
	EACH_PROTOCOL(protocol) {
		struct tuple back, t = flow_made(talk(4, protocol, PILOT, AT_EXCHANGE, 4000, 443), &back);
		struct frame sent = packet(&t, 1428, (struct shape){.tcp = ACK});
		struct outcome o, other;
		struct half half;

		mtu_set(ER0, 1300);
		o = run(LAN, &sent);
		cut_is(&o, &sent, ER0, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02");
		assert_true(same_tuple(tuple_of(&o.frame), turned(back)));
		other = run(LAN, &sent); /* from memory now */
		cut_is(&other, &sent, ER0, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02");
		assert_true(half_get(&t, &half));
		assert_int_equal(half.packets, 3);
		mtu_set(ER0, 1500);
		mtu_set(LAN, 1300);
		sent = packet(&back, 1428, (struct shape){.tcp = ACK, .ack = 1, .answer = true});
		o = run(ER0, &sent);
		cut_is(&o, &sent, LAN, "\x02\0\0\0\x01\x40\x02\0\0\0\0\x01");
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		mtu_set(LAN, 1500);
	}
}

/* RFC 6864 5.3: two hosts behind one address may use one id at a time. */
static void r13_id_of_what_is_cut_is_not_its_hosts(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	unsigned int i, j, same = 0, ids[64];

	(void)state;
	mtu_set(ER0, 1300);
	for (i = 0; i < 64; i++) {
		struct outcome o = hear(LAN, t, &(struct shape){.payload = 1400});

		ids[i] = get16(o.frame.data + ETHER + 4);
		for (j = 0; j < i; j++)
			same += ids[i] == ids[j];
	}
	assert_in_range(same, 0, 2);
	mtu_set(ER0, 1500);
}

static void r13_next_hop_that_is_not_known_goes_along(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct in6_addr hop = address("172.16.0.2");
	struct outcome o;
	struct handed h;

	(void)state;
	mtu_set(ER0, 1300);
	rig.broken = true;
	shell("ip neigh del 172.16.0.2 dev er0");
	o = hear(LAN, t, &(struct shape){.payload = 1400});
	verdict_is(o.verdict, V_CUT, "unresolved", 4);
	h = handed_over(&o);
	assert_int_equal(h.family, AF_INET);
	assert_int_equal(h.mtu, 1300);
	assert_memory_equal(h.rest, &hop, sizeof(hop));
	mtu_set(ER0, 1500);
}

/* RFC 1812 5.3.1: to the host from the address it sees us at, to a circuit from the link's. */
static void r41_last_hop_is_told(void **state)
{
	(void)state;
	EACH_FAMILY(f) EACH_PROTOCOL(protocol) {
		struct tuple back, t = flow_made(talk(f, protocol, PILOT, AT_EXCHANGE, 4000, 443), &back);
		struct frame sent = packet(&t, 300, (struct shape){.tcp = ACK, .ttl = 1});
		struct outcome o = run(LAN, &sent);

		verdict_is(o.verdict, V_TTL_EXCEEDED, "from inside", f);
		told(&o, &sent, exceeded[f == 6], at(AT_GATEWAY, f));
		sent = packet(&t, 1400, (struct shape){.tcp = ACK, .ttl = 1});
		o = run(LAN, &sent);
		told(&o, &sent, exceeded[f == 6], at(AT_GATEWAY, f));
		sent = packet(&back, 300, (struct shape){.tcp = ACK, .ack = 1, .answer = true, .ttl = 1});
		o = run(ER0, &sent);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "from a circuit", f);
		told(&o, &sent, exceeded[f == 6], link_address(f));
	}
}

static void traffic_class_set(struct frame *f, unsigned int class)
{
	uint8_t *ip = f->data + ETHER;

	if (ip[0] >> 4 == 4) {
		ip[1] = class;
		put16(ip + 10, ip_sum(f));
	} else {
		put16(ip, 0x6000 | class << 4);
	}
}

static unsigned int traffic_class(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? ip[1] : get16(ip) >> 4 & 0xff;
}

/* RFC 2474, RFC 3168: every one of the 256, both ways; and one hop less, no more. */
static void r41_dscp_and_ecn_are_kept_and_the_ttl_loses_one(void **state)
{
	unsigned int class;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple back, t = flow_made(talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), &back);

		for (class = 0; class < 256; class++) {
			struct frame sent = packet(&t, 100, (struct shape){.ttl = 17});
			struct outcome o;

			traffic_class_set(&sent, class);
			o = run(LAN, &sent);
			assert_int_equal(traffic_class(&o.frame), class);
			assert_int_equal(o.frame.data[ETHER + (f == 4 ? 8 : 7)], 16);
			assert_true(sums_right(&o.frame));
			sent = packet(&back, 100, (struct shape){.ttl = 2});
			traffic_class_set(&sent, class);
			o = run(ER0, &sent);
			assert_int_equal(traffic_class(&o.frame), class);
			assert_int_equal(o.frame.data[ETHER + (f == 4 ? 8 : 7)], 1);
			assert_true(sums_right(&o.frame));
		}
	}
}

static uint64_t answers(void)
{
	return total("answers_sent", ANSWER_SENT, sizeof(uint64_t), 0);
}

/* Ends in this verdict, and nothing goes back. */
static void unanswered(enum device in, const struct frame *f, int verdict, const char *claim)
{
	uint64_t before = answers();
	struct outcome o = run(in, f);

	verdict_is(o.verdict, verdict, claim, f->data[ETHER] >> 4);
	assert_int_not_equal(o.action, XDP_TX);
	assert_int_equal(answers(), before);
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e): from addresses that are nobody's, and to those that are a group's. */
static void groups_and_martians_are_not_answered(void **state)
{
	static const char *const martians[2][5] = {
		{"0.0.0.1", "127.0.0.1", "224.0.0.5", "240.0.0.1", "255.255.255.255"},
		{"::1", "ff02::1", "::", "ff0e::5", "::ffff:10.1.20.5"},
	};
	static const char *const group[] = {"224.0.0.5", "ff02::5"};
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent;

		for (i = 0; i < 5; i++) {
			struct tuple from = t;

			from.saddr = address(martians[f == 6][i]);
			sent = frame_make(&from, &(struct shape){.ttl = 1});
			unanswered(LAN, &sent, V_MARTIAN, martians[f == 6][i]);
			unanswered(ER0, &sent, V_MARTIAN, martians[f == 6][i]);
		}
		t.daddr = address(group[f == 6]);
		sent = frame_make(&t, &(struct shape){.ttl = 1});
		unanswered(LAN, &sent, V_MULTICAST, "to a group");
		unanswered(ER0, &sent, V_MULTICAST, "to a group");
	}
}

/* The same: of a datagram the first fragment is answered, a later one is not. */
static void later_fragment_is_not_answered(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = packet(&t, 1000, (struct shape){0});
		struct frame late = packet(&t, 1000, (struct shape){.ttl = 1});
		struct frame first = piece(&whole, 7, 0, 400, true), last;
		unsigned int rest = 1000 - (f == 4 ? 20 : 40) - 400;
		struct outcome o;

		verdict_is(run(LAN, &first).verdict, V_FORWARDED, "first", f);
		last = piece(&late, 7, 400, rest, false);
		unanswered(LAN, &last, V_TTL_EXCEEDED, "last");
		first = piece(&late, 8, 0, 400, true);
		o = run(LAN, &first);
		verdict_is(o.verdict, V_TTL_EXCEEDED, "first", f);
		told(&o, &first, exceeded[f == 6], at(AT_GATEWAY, f));
	}
}

/* An error of a router out there about what went out, of this size. */
static struct frame error_about(struct outcome *went, unsigned int length, struct shape shape)
{
	int f = went->frame.data[ETHER] >> 4;
	unsigned int head = f == 4 ? 20 : 40;
	struct tuple t = {.family = f, .protocol = icmp_of(f), .saddr = at(AT_LARGE, f),
			  .daddr = tuple_of(&went->frame).saddr};
	struct frame error;

	shape.payload = length - head - 8;
	error = frame_make(&t, &shape);
	memset(l4_of(&error), 0, 8);
	l4_of(&error)[0] = f == 4 ? 11 : 3;
	memcpy(l4_of(&error) + 8, went->frame.data + ETHER, ip_length(&went->frame));
	sums_set(&error);
	return error;
}

/* The same: an error is no reason for another, whether it is too old or too big. */
static void error_is_not_answered(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = hear(LAN, talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), NULL);
		struct frame error = error_about(&o, 400, (struct shape){.ttl = 2});

		verdict_is(run(ER0, &error).verdict, V_FORWARDED, "an error", f);
		error = error_about(&o, 400, (struct shape){.ttl = 1});
		unanswered(ER0, &error, V_TTL_EXCEEDED, "an error, too old");
		mtu_set(LAN, 1300);
		error = error_about(&o, 1301, (struct shape){.whole = true});
		unanswered(ER0, &error, V_TOO_BIG, "an error, too big");
		mtu_set(LAN, 1500);
	}
}

/* An answer may cost from one half to three: how many come back says little of who else was answered. */
static void rate_of_answers_is_not_to_be_foretold(void **state)
{
	struct settings s = settings_get();
	struct tuple back, t = flow_made(talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), &back);
	unsigned int counts[21] = {0}, round, i, different = 0, zero = 0;
	void *none = calloc(rig.cpus, sizeof(struct event_budget) + 8);
	cpu_set_t here;

	(void)state;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here); /* the budget is a CPU's */
	assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	s.answers_per_second = 10;
	settings_put(&s);
	for (round = 0; round < 200; round++) {
		unsigned int sent = 0;
		uint64_t second;

		do { /* all in one second of the clock that the data plane reads */
			put("event_budgets", &zero, none);
			second = (monotonic() - 20000000) / NANOSECONDS; /* jiffies are coarse */
			for (i = 0, sent = 0; i < 25; i++)
				sent += hear(LAN, t, &(struct shape){.ttl = 1}).action == XDP_TX;
		} while ((monotonic() / NANOSECONDS) != second);
		assert_in_range(sent, 7, 20);
		counts[sent]++;
	}
	for (i = 0; i < 21; i++)
		different += counts[i] != 0;
	assert_in_range(different, 3, 14);
	free(none);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r12_too_big_from_inside_is_told_with_the_senders_tuple),
		CASE(r12_too_big_opens_no_flow),
		CASE(r12_too_big_from_a_circuit_is_told_from_the_links_own_address),
		CASE(r12_too_big_is_told_before_the_next_hop_is_known),
		CASE(r12_nobody_hears_of_less_than_the_smallest_mtu),
		CASE(r13_too_big_without_df_is_translated_and_goes_to_be_cut),
		CASE(r13_id_of_what_is_cut_is_not_its_hosts),
		CASE(r13_next_hop_that_is_not_known_goes_along),
		CASE(r41_last_hop_is_told),
		CASE(r41_dscp_and_ecn_are_kept_and_the_ttl_loses_one),
		CASE(groups_and_martians_are_not_answered),
		CASE(later_fragment_is_not_answered),
		CASE(error_is_not_answered),
		CASE(rate_of_answers_is_not_to_be_foretold),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
