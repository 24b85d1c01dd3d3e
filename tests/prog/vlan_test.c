/* SPDX-License-Identifier: GPL-2.0-only */
/* vlan: links and inside interfaces with tags; what is sent on, answered or left to the kernel wears them. */
#include "vlan.h"

/* The whole path, out and back and out again, and what it does to the packet is what it does without tags. */
static void there_and_back(int f, struct tags in, struct tags out, uint8_t protocol, uint16_t payload)
{
	struct tuple t = talk(f, protocol, PILOT, AT_EXCHANGE, 4000, 443), back;
	struct shape shape = {.payload = payload}, reply = {.tcp = SYN | ACK, .ack = 1, .payload = payload};
	struct frame frame = frame_make(&t, &shape), bare;
	struct outcome o = hear_tagged(LAN, in, &frame);
	struct half half;

	reply.answer = true;
	reply.ack += protocol == IPPROTO_TCP ? payload : 0;
	verdict_is(o.verdict, V_FORWARDED, "out", f);
	assert_int_equal(o.action, XDP_REDIRECT);
	assert_true(wears(&o.frame, out));
	bare = untagged(o.frame, out);
	assert_int_equal(bare.length, frame.length);
	assert_true(sums_right(&bare));
	assert_memory_equal(bare.data, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02", 12);
	back = turned(tuple_of(&bare));
	frame = frame_make(&back, &reply);
	o = hear_tagged(ER0, out, &frame);
	verdict_is(o.verdict, V_FORWARDED, "back", f);
	assert_true(wears(&o.frame, in));
	bare = untagged(o.frame, in);
	assert_true(sums_right(&bare));
	assert_true(same_tuple(tuple_of(&bare), turned(t)));
	assert_true(half_get(&t, &half));
	assert_int_equal(half.iif, rig.ifindex[LAN]);
	assert_int_equal(half.bytes, bare.length);
	assert_int_equal(oif_of(&half), rig.ifindex[out.tpid ? ALIEN : ER0]);
	frame = frame_make(&t, &shape);
	o = hear_tagged(LAN, in, &frame);
	verdict_is(o.verdict, V_FORWARDED, "again", f);
	assert_true(wears(&o.frame, out));
}

static void any_tags_inside_meet_any_tags_of_a_link(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i, j, k;

	EACH_FAMILY(f) for (i = 0; i < 4; i++) for (j = 0; j < 4; j++) for (k = 0; k < 3; k++) {
		set_up(state);
		vlan(LAN, inside_tags[i]);
		vlan(ER0, link_tags[j]);
		there_and_back(f, inside_tags[i], link_tags[j], protocols[k], 10);
	}
}

static void tags_do_not_count_against_the_mtu(void **state)
{
	static const struct tags two = {AD, 7, Q, 100};

	(void)state;
	vlan(LAN, two);
	vlan(ER0, link_tags[1]);
	EACH_FAMILY(f)
		there_and_back(f, two, link_tags[1], IPPROTO_UDP, f == 4 ? 1472 : 1452);
}

static void priority_of_the_tag_is_no_part_of_it(void **state)
{
	static const struct tags urgent = {Q, 0xf00a, 0, 0};
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = frame_make(&t, NULL);
	struct outcome o;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, link_tags[1]);
	o = hear_tagged(LAN, urgent, &f);
	verdict_is(o.verdict, V_FORWARDED, "priority 7, drop eligible", 4);
	assert_true(wears(&o.frame, link_tags[1]));
}

static void kernel_gets_the_frame_as_it_came(void **state)
{
	static const struct tags rows[] = {{Q, 0x600a, 0, 0}, {AD, 7, Q, 10}, {Q, 4094, Q, 1}, {Q, 0, Q, 10}};
	unsigned int i, kind;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(LAN, inside_tags[2]);
	vlan(LAN, inside_tags[3]);
	EACH_FAMILY(f) for (i = 0; i < 4; i++) for (kind = 0; kind < 3; kind++) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_GATEWAY, 4000, 22);
		struct frame frame = frame_make(&t, NULL);
		static const int wanted[] = {V_TO_GATEWAY, V_NOT_IP, V_MULTICAST};
		struct outcome o;

		if (kind == 1)
			put16(frame.data + 12, 0x88cc);
		if (kind == 2)
			frame.data[0] = 1;
		frame = tagged(frame, rows[i]);
		o = run(ALIEN, &frame);
		verdict_is(o.verdict, wanted[kind], "to the kernel", f);
		assert_int_equal(o.action, XDP_PASS);
		assert_int_equal(o.frame.length, frame.length);
		assert_memory_equal(o.frame.data, frame.data, frame.length);
	}
}

static void unresolved_next_hop_goes_to_the_kernel_without_tags(void **state)
{
	(void)state;
	vlan(LAN, inside_tags[2]);
	vlan(ER0, link_tags[1]);
	rig.broken = true;
	shell("ip neigh del 172.16.0.2 dev er0; ip neigh del 2001:db8:f:1::2 dev er0");
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame frame = frame_make(&t, NULL);
		struct outcome o = hear_tagged(LAN, inside_tags[2], &frame);
		uint32_t ifindex;

		verdict_is(o.verdict, V_RESOLVING, "no neighbour", f);
		assert_int_equal(o.action, XDP_PASS);
		assert_int_equal(o.frame.length, frame.length);
		assert_true(sums_right(&o.frame));
		memcpy(&ifindex, o.metadata + 4, sizeof(ifindex));
		assert_int_equal(ifindex, rig.ifindex[ER0]);
	}
}

static void errors_go_back_with_the_tags(void **state)
{
	unsigned int i, internet = INTERNET, one = 1;

	(void)state;
	put("drains", &internet, &one);
	for (i = 1; i < 4; i++)
		vlan(LAN, inside_tags[i]);
	EACH_FAMILY(f) for (i = 1; i < 4; i++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_LARGE, 4000, 443);
		struct frame frame = frame_make(&t, &(struct shape){.payload = 100});
		struct outcome o = hear_tagged(LAN, inside_tags[i], &frame);

		verdict_is(o.verdict, V_NO_CIRCUIT, "refused", f);
		assert_true(wears(&o.frame, inside_tags[i]));
		o.frame = untagged(o.frame, inside_tags[i]);
		told_unreachable(&o, f, false);
		assert_memory_equal(o.frame.data, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	}
}

/* One router, with one address, may be the next hop on two VLANs of a trunk. */
static void next_hops_of_two_vlans_are_two(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = frame_make(&t, NULL);
	struct next_hop other;
	struct half half;
	unsigned int index, i;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, link_tags[1]);
	hear_tagged(LAN, inside_tags[1], &f);
	assert_true(half_get(&t, &half));
	index = half.hop;
	assert_true(get("next_hops", &index, &other));
	other.tags[0]++;
	next_hops_fill(&other);
	generation_move();
	for (i = 0; i < 2; i++) {
		struct outcome o = hear_tagged(LAN, inside_tags[1], &f);

		verdict_is(o.verdict, V_FORWARDED, "beside the other", 4);
		assert_true(wears(&o.frame, link_tags[1]));
	}
}

/* A router of the circuit says that the packet did not get there. */
static void errors_from_outside_reach_the_inside(void **state)
{
	(void)state;
	vlan(LAN, inside_tags[2]);
	vlan(ER0, link_tags[3]);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct tuple router = {.family = f, .protocol = icmp_of(f), .saddr = at(AT_EXCHANGE_TWO, f)};
		struct frame frame = frame_make(&t, &(struct shape){.payload = 40}), error;
		struct outcome o = hear_tagged(LAN, inside_tags[2], &frame);
		unsigned int quoted;

		frame = untagged(o.frame, link_tags[3]);
		quoted = frame.length - ETHER;
		router.daddr = tuple_of(&frame).saddr;
		error = frame_make(&router, &(struct shape){.payload = quoted});
		memset(l4_of(&error), 0, 8);
		l4_of(&error)[0] = f == 4 ? 3 : 1;
		memcpy(l4_of(&error) + 8, frame.data + ETHER, quoted);
		sums_set(&error);
		o = hear_tagged(ER0, link_tags[3], &error);
		verdict_is(o.verdict, V_FORWARDED, "error", f);
		assert_true(wears(&o.frame, inside_tags[2]));
		frame = untagged(o.frame, inside_tags[2]);
		assert_true(sums_right(&frame));
		assert_true(same_address(tuple_of(&frame).daddr, t.saddr));
	}
}

static void neighbours_are_answered_with_the_tags(void **state)
{
	static const struct tags urgent = {AD, 0xe007, Q, 100};
	struct tuple t = {.family = 6, .protocol = IPPROTO_ICMPV6, .saddr = address("2001:db8:f:1::2"),
			  .daddr = address("2001:db8:1::77")};
	struct frame f = {.length = 60}, nd;
	struct outcome o;

	(void)state;
	vlan(ER0, link_tags[3]);
	memset(f.data, 0xff, 6);
	memcpy(f.data + 6, "\x02\0\0\0\x01\x10\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\x01\x10", 22);
	memcpy(f.data + 28, "\xac\x10\0\x02", 4);
	memcpy(f.data + 38, "\xcb\0\x71\x28", 4);
	o = hear_tagged(ER0, urgent, &f);
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "ARP", 4);
	assert_int_equal(o.action, XDP_TX);
	assert_memory_equal(o.frame.data, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02", 12);
	assert_memory_equal(o.frame.data + 12, "\x88\xa8\xe0\x07\x81\0\0\x64\x08\x06", 10);
	assert_memory_equal(o.frame.data + 30, "\x02\0\0\0\0\x02\xcb\0\x71\x28", 10);
	nd = frame_make(&t, &(struct shape){.payload = 24, .ttl = 255});
	memset(l4_of(&nd), 0, 32);
	l4_of(&nd)[0] = 135;
	memcpy(l4_of(&nd) + 8, &t.daddr, 16);
	sums_set(&nd);
	o = hear_tagged(ER0, urgent, &nd);
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "solicitation", 6);
	assert_true(wears(&o.frame, urgent));
	o.frame = untagged(o.frame, urgent);
	assert_int_equal(l4_of(&o.frame)[0], 136);
	assert_true(sums_right(&o.frame));
}

static void service_resets_with_the_tags(void **state)
{
	struct service s = service_get(1);

	(void)state;
	vlan(ER0, link_tags[3]);
	s.flags |= SERVICE_DOWN_RESET;
	s.servers4 = s.servers6 = 0;
	service_put(1, &s);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_EXCHANGE, AT_PUBLIC, 4000, 443);
		struct frame frame = frame_make(&t, NULL);
		struct outcome o = hear_tagged(ER0, link_tags[3], &frame);

		verdict_is(o.verdict, V_NO_SERVER_RESET, "no server", f);
		assert_true(wears(&o.frame, link_tags[3]));
		o.frame = untagged(o.frame, link_tags[3]);
		assert_true(sums_right(&o.frame));
	}
}

static void outside_reaches_a_service_between_tags(void **state)
{
	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, link_tags[1]);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_EXCHANGE, AT_PUBLIC, 4000, 443);
		struct frame frame = frame_make(&t, NULL);
		struct outcome o = hear_tagged(ER0, link_tags[1], &frame);

		verdict_is(o.verdict, V_FORWARDED, "to a server", f);
		assert_true(wears(&o.frame, inside_tags[1]));
	}
}

/* A flow of one VLAN is a violation on another of the same trunk. */
static void circuits_of_one_trunk_are_told_apart(void **state)
{
	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, (struct tags){Q, 100, 0, 0});
	vlan(WAN, (struct tags){Q, 200, 0, 0});
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443), spoofed;
		struct frame frame = frame_make(&t, NULL);
		struct outcome o = hear_tagged(LAN, inside_tags[1], &frame);

		o.frame = untagged(o.frame, inside_tags[1]);
		t = reply_of(&o);
		frame = frame_make(&t, NULL);
		o = hear_tagged(WAN, (struct tags){Q, 200, 0, 0}, &frame);
		verdict_is(o.verdict, V_VIOLATION, "on the other circuit", f);
		o = hear_tagged(WAN, inside_tags[1], &frame);
		verdict_is(o.verdict, V_WRONG_SIDE, "from inside", f);
		o = hear_tagged(ER0, (struct tags){Q, 100, 0, 0}, &frame);
		verdict_is(o.verdict, V_FORWARDED, "on its own", f);
		spoofed = talk(f, IPPROTO_UDP, PILOT, AT_INTERNET, 4000, 443);
		frame = frame_make(&spoofed, NULL);
		o = hear_tagged(WAN, (struct tags){Q, 200, 0, 0}, &frame);
		verdict_is(o.verdict, V_INSIDE_SOURCE, "inside source on a circuit", f);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(any_tags_inside_meet_any_tags_of_a_link),
		CASE(tags_do_not_count_against_the_mtu),
		CASE(priority_of_the_tag_is_no_part_of_it),
		CASE(kernel_gets_the_frame_as_it_came),
		CASE(unresolved_next_hop_goes_to_the_kernel_without_tags),
		CASE(errors_go_back_with_the_tags),
		CASE(errors_from_outside_reach_the_inside),
		CASE(next_hops_of_two_vlans_are_two),
		CASE(neighbours_are_answered_with_the_tags),
		CASE(service_resets_with_the_tags),
		CASE(outside_reaches_a_service_between_tags),
		CASE(circuits_of_one_trunk_are_told_apart),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
