/* SPDX-License-Identifier: GPL-2.0-only */
/* forward: the right MACs, and the kernel's help while the next hop is unknown. */
#include "rig.c"

static void next_hop_and_device_give_the_macs(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct outcome o = hear(LAN, talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 4000, 443), NULL);
		struct outcome back = hear(ER0, reply_of(&o), &(struct shape){.tcp = SYN | ACK, .ack = 1});

		assert_memory_equal(o.frame.data, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02", 12);
		assert_memory_equal(back.frame.data, "\x02\0\0\0\x01\x40\x02\0\0\0\0\x01", 12);
		assert_int_equal(o.action, XDP_REDIRECT);
		assert_int_equal(back.action, XDP_REDIRECT);
	}
}

static void gateway_of(int family, struct in6_addr *hop)
{
	*hop = address(family == 4 ? "172.16.0.2" : "2001:db8:f:1::2");
}

/* magic, device, family, next hop: see bpf/forward.h */
static void handover_is(struct outcome *o, int family, enum device d, struct in6_addr hop)
{
	uint32_t words[3];

	assert_int_equal(o->meta, 32);
	memcpy(words, o->metadata, sizeof(words));
	assert_int_equal(words[0], 0x5a4e7168);
	assert_int_equal(words[1], rig.ifindex[d]);
	assert_int_equal(words[2], family == 4 ? AF_INET : AF_INET6);
	assert_memory_equal(o->metadata + 16, &hop, sizeof(hop));
}

static void unresolved_next_hop_is_the_kernels_to_resolve(void **state)
{
	struct in6_addr hop;

	(void)state;
	rig.broken = true;
	shell("ip neigh del 172.16.0.2 dev er0 && ip -6 neigh del 2001:db8:f:1::2 dev er0");
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o = hear(LAN, t, &(struct shape){.payload = 1000});

		verdict_is(o.verdict, V_RESOLVING, "unresolved", f);
		assert_int_equal(o.action, XDP_PASS);
		gateway_of(f, &hop);
		handover_is(&o, f, ER0, hop);
		assert_true(sums_right(&o.frame));
		verdict_is(hear(LAN, t, NULL).verdict, V_RESOLVING, "second packet", f);
	}
	routes_make();
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);

		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "resolved at once", f);
	}
}

static void unresolved_inside_host_is_the_kernels_to_resolve(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o, back;

		t.saddr.s6_addr[15] = 99;
		o = hear(LAN, t, NULL);
		verdict_is(o.verdict, V_FORWARDED, "out", f);
		back = hear(ER0, reply_of(&o), NULL);
		verdict_is(back.verdict, V_RESOLVING, "back", f);
		handover_is(&back, f, LAN, t.saddr);
		assert_true(same_tuple(tuple_of(&back.frame), turned(t)));
	}
}

static void reply_never_leaves_by_a_circuit(void **state)
{
	(void)state;
	rig.broken = true;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct outcome o = hear(LAN, t, NULL);

		shell(f == 4 ? "ip route add 10.1.20.5/32 via 198.18.0.2" :
			       "ip -6 route add 2001:db8:10:20::5/128 via 2001:db8:f:3::2");
		verdict_is(hear(ER0, reply_of(&o), NULL).verdict, V_NO_ROUTE, "back", f);
		shell(f == 4 ? "ip route del 10.1.20.5/32" : "ip -6 route del 2001:db8:10:20::5/128");
	}
}

static void way_is_asked_again_when_the_generation_moves(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);

		hear(LAN, t, NULL);
		rig.broken = true;
		shell("ip neigh replace %s lladdr 02:00:00:00:01:77 dev er0 nud permanent",
		      f == 4 ? "172.16.0.2" : "2001:db8:f:1::2");
		generation_move();
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], 0x77);
	}
}

static void neighbour_moves(int family, unsigned int mac)
{
	rig.broken = true;
	shell("ip neigh replace %s lladdr 02:00:00:00:01:%02x dev er0 nud permanent",
	      family == 4 ? "172.16.0.2" : "2001:db8:f:1::2", mac);
}

static void watched_until(uint64_t until)
{
	struct watch watch = {.until = until};
	unsigned int zero = 0;

	put("watch", &zero, &watch);
}

/* As far ahead as is believed, for an emulated machine may stand still for a second. */
#define WATCHED_LONGEST (2 * WATCH_LENGTH - NANOSECONDS / 10)

/* The half asked five seconds ago. */
static void asked_long_ago(const struct tuple *t)
{
	struct half half;

	assert_true(half_get(t, &half));
	half.asked -= TICKS(5);
	half_put(t, &half);
}

static void way_is_kept_for_longer_only_while_a_daemon_watches(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		unsigned char first = hear(LAN, t, NULL).frame.data[5];

		neighbour_moves(f, 0x71);
		asked_long_ago(&t);
		watched_until(monotonic() + WATCHED_LONGEST);
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], first);
		watched_until(monotonic() - NANOSECONDS / 10); /* the clock of packets is coarse */
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], 0x71);
		neighbour_moves(f, 0x72);
		asked_long_ago(&t);
		watched_until(monotonic() + 3600 * NANOSECONDS);
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], 0x72);
	}
}

static void next_hop_of(const struct tuple *t, unsigned int *index, struct next_hop *hop)
{
	struct half half;

	assert_true(half_get(t, &half));
	*index = half.hop;
	assert_int_not_equal(*index, 0);
	assert_true(get("next_hops", index, hop));
}

static void next_hop_that_nobody_asked_for_is_asked_again_though_watched(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct next_hop hop;
		unsigned int index;

		watched_until(monotonic() + WATCHED_LONGEST);
		hear(LAN, t, NULL);
		next_hop_of(&t, &index, &hop);
		hop.asked -= TICKS(2);
		put("next_hops", &index, &hop);
		neighbour_moves(f, 0x73);
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], 0x73);
	}
}

static void flows_share_the_entry_of_their_next_hop(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple one = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct tuple two = talk(f, IPPROTO_UDP, PILOT_TWO, AT_EXCHANGE_TWO, 4000, 443);
		struct next_hop first, second;
		unsigned int a, b;

		hear(LAN, one, NULL);
		hear(LAN, two, NULL);
		next_hop_of(&one, &a, &first);
		next_hop_of(&two, &b, &second);
		assert_int_equal(a, b);
		assert_int_equal(first.oif, rig.ifindex[ER0]);
	}
}

/* Every entry is somebody else's, asked for so many seconds ago. */
static void next_hops_taken(unsigned int seconds)
{
	struct next_hop other = {.state = NEXT_HOP_VALID, .oif = 999,
				 .asked = (monotonic() >> TICK_SHIFT) - TICKS(seconds)};

	next_hops_fill(&other);
}

static void full_table_of_next_hops_loses_no_packet(void **state)
{
	(void)state;
	next_hops_taken(1);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct half half;

		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "no room", f);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.hop, 0);
		neighbour_moves(f, 0x74);
		assert_int_equal(hear(LAN, t, NULL).frame.data[5], 0x74);
	}
}

static void next_hop_that_rested_gives_its_place_away(void **state)
{
	struct half half;
	struct tuple t;

	(void)state;
	next_hops_taken(170);
	t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	hear(LAN, t, NULL);
	assert_true(half_get(&t, &half));
	assert_int_equal(half.hop, 0);
	next_hops_taken(181);
	verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "rested", 4);
	assert_true(half_get(&t, &half));
	assert_int_not_equal(half.hop, 0);
}

static void mtu_of_the_way_is_kept(void **state)
{
	(void)state;
	shell("ip link set er0 mtu 1300");
	generation_move();
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		unsigned int room = 1300 - 8 - (f == 4 ? 20 : 40);
		struct outcome o;

		verdict_is(hear(LAN, t, &(struct shape){.payload = room}).verdict, V_FORWARDED, "fits",
			   f);
		o = hear(LAN, t, &(struct shape){.payload = room + 1, .whole = true});
		verdict_is(o.verdict, V_TOO_BIG, "one more", f);
		assert_int_equal(o.action, XDP_TX);
		assert_int_equal(l4_of(&o.frame)[0], f == 4 ? 3 : 2);
		assert_int_equal(l4_of(&o.frame)[1], f == 4 ? 4 : 0);
		assert_int_equal(get16(l4_of(&o.frame) + 6), 1300);
		assert_true(sums_right(&o.frame));
		assert_memory_equal(o.frame.data, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	}
	shell("ip link set er0 mtu 1500");
}

/* RFC 1812 5.3.4, RFC 1122 3.2.2: neither sent on nor answered when the frame was for a group. */
static void frame_to_a_group_is_neither_sent_on_nor_answered(void **state)
{
	unsigned int ttl;

	(void)state;
	EACH_FAMILY(f) for (ttl = 1; ttl < 3; ttl++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame sent = frame_make(&t, &(struct shape){.ttl = ttl});
		struct outcome o;

		memset(sent.data, 0xff, 6);
		o = run(LAN, &sent);
		verdict_is(o.verdict, V_MULTICAST, "broadcast frame", f);
		assert_int_equal(o.action, XDP_PASS);
		memcpy(sent.data, "\x01\0\x5e\0\0\x05", 6);
		verdict_is(run(LAN, &sent).verdict, V_MULTICAST, "multicast frame", f);
		assert_int_equal(halves(f), 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(next_hop_and_device_give_the_macs),
		CASE(unresolved_next_hop_is_the_kernels_to_resolve),
		CASE(unresolved_inside_host_is_the_kernels_to_resolve),
		CASE(reply_never_leaves_by_a_circuit),
		CASE(way_is_asked_again_when_the_generation_moves),
		CASE(way_is_kept_for_longer_only_while_a_daemon_watches),
		CASE(next_hop_that_nobody_asked_for_is_asked_again_though_watched),
		CASE(flows_share_the_entry_of_their_next_hop),
		CASE(full_table_of_next_hops_loses_no_packet),
		CASE(next_hop_that_rested_gives_its_place_away),
		CASE(mtu_of_the_way_is_kept),
		CASE(frame_to_a_group_is_neither_sent_on_nor_answered),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
