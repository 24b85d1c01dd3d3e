/* SPDX-License-Identifier: GPL-2.0-only */
/* What is too big for its way: told to its sender, or cut. R12, R13. */
#include "rig.c"
#include "told.h"

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
	uint32_t unlike;
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
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
