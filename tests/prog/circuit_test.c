/* SPDX-License-Identifier: GPL-2.0-only */
/* circuit: the first usable one of the rule, and what makes one unusable. */
#include "rig.c"

static struct outcome knock(int family, uint8_t protocol, enum place to, int port)
{
	return hear(LAN, talk(family, protocol, PILOT, to, port, 443), NULL);
}

static unsigned int pinned_to(int family, uint8_t protocol, enum place to, int port)
{
	struct tuple t = talk(family, protocol, PILOT, to, port, 443);
	struct half half;

	return half_get(&t, &half) ? half.circuit : 999;
}

/* A new flow of the ordered rule (chicago, dallas, internet) lands on this circuit. */
static void lands_on(int family, unsigned int circuit, const char *claim)
{
	static int port = 5000;
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i;

	for (i = 0; i < sizeof(protocols); i++) {
		struct outcome o = knock(family, protocols[i], AT_EXCHANGE, ++port);

		verdict_is(o.verdict, V_FORWARDED, claim, family);
		if (pinned_to(family, protocols[i], AT_EXCHANGE, port) != circuit)
			fail_msg("%s, IPv%d: pinned to %u, wanted %u", claim, family,
				 pinned_to(family, protocols[i], AT_EXCHANGE, port), circuit);
	}
}

/* Where the rule goes without chicago: dallas has no IPv6 pool. */
static unsigned int next_of(int family)
{
	return family == 4 ? DALLAS : INTERNET;
}

static void first_circuit_of_the_rule_is_taken(void **state)
{
	(void)state;
	EACH_FAMILY(f) lands_on(f, CHICAGO, "first");
}

static void drained_circuit_takes_no_new_flow_and_keeps_the_old(void **state)
{
	unsigned int number = CHICAGO, yes = 1;

	(void)state;
	knock(4, IPPROTO_TCP, AT_EXCHANGE, 77);
	put("drains", &number, &yes);
	EACH_FAMILY(f) lands_on(f, next_of(f), "drained");
	verdict_is(knock(4, IPPROTO_TCP, AT_EXCHANGE, 77).verdict, V_FORWARDED, "old flow", 4);
	assert_int_equal(pinned_to(4, IPPROTO_TCP, AT_EXCHANGE, 77), CHICAGO);
}

static void retiring_circuit_takes_no_new_flow(void **state)
{
	struct circuit c = circuit_get(CHICAGO);

	(void)state;
	knock(4, IPPROTO_TCP, AT_EXCHANGE, 77);
	c.flags |= CIRCUIT_RETIRING;
	circuit_put(CHICAGO, &c);
	EACH_FAMILY(f) lands_on(f, next_of(f), "retiring");
	verdict_is(knock(4, IPPROTO_TCP, AT_EXCHANGE, 77).verdict, V_FORWARDED, "old flow", 4);
}

static void circuit_without_route_is_passed_over(void **state)
{
	struct outcome o;

	(void)state;
	EACH_FAMILY(f) knock(f, IPPROTO_TCP, AT_EXCHANGE, 78);
	rig.broken = true;
	shell("ip route del default via 172.16.0.2 table 101; "
	      "ip -6 route del default via 2001:db8:f:1::2 table 101");
	generation_move();
	EACH_FAMILY(f) lands_on(f, next_of(f), "withdrawn");
	EACH_FAMILY(f) {
		o = knock(f, IPPROTO_TCP, AT_EXCHANGE, 78);
		verdict_is(o.verdict, V_CIRCUIT_UNUSABLE, "its own flows stay pinned", f);
		assert_int_equal(o.action, XDP_TX);
		assert_int_equal(l4_of(&o.frame)[0], f == 4 ? 3 : 1);
		assert_int_equal(l4_of(&o.frame)[1], f == 4 ? 1 : 3);
		assert_true(sums_right(&o.frame));
	}
}

/* The main table has no unreachable default: the FIB answers as it does for local addresses. */
static void main_table_circuit_without_any_route_is_passed_over(void **state)
{
	struct rule rule = {.circuits = {INTERNET, CHICAGO}, .count = 2};
	unsigned int number = RULE_ORDERED;

	(void)state;
	put("rules", &number, &rule);
	rig.broken = true;
	shell("ip route del default && ip -6 route del default");
	generation_move();
	EACH_FAMILY(f) lands_on(f, CHICAGO, "internet without a route");
}

static void without_any_route_nothing_is_for_the_gateway(void **state)
{
	(void)state;
	rig.broken = true;
	shell("ip route del default && ip -6 route del default");
	generation_move();
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_LARGE, AT_INTERNET, 4000, 443);
		struct tuple nobody = talk(f, IPPROTO_TCP, NOBODY, AT_LARGE, 4000, 443);
		struct outcome o = knock(f, IPPROTO_TCP, AT_LARGE, 79);

		verdict_is(o.verdict, V_NO_CIRCUIT, "out", f);
		told_unreachable(&o, f, false);
		verdict_is(hear(WAN, t, NULL).verdict, V_UNSOLICITED, "in", f);
		verdict_is(hear(LAN, nobody, NULL).verdict, V_NO_SEGMENT, "no segment", f);
	}
}

static void failed_next_hop_is_passed_over(void **state)
{
	struct neighbour_key key = {.ifindex = rig.ifindex[ER0]};
	uint64_t now = monotonic();

	(void)state;
	rig.broken = true;
	shell("ip neigh del 172.16.0.2 dev er0 && ip -6 neigh del 2001:db8:f:1::2 dev er0");
	generation_move();
	key.address = address("172.16.0.2");
	put("failed", &key, &now);
	key.address = address("2001:db8:f:1::2");
	put("failed", &key, &now);
	EACH_FAMILY(f) lands_on(f, next_of(f), "failed next hop");
}

/* chicago gets a second link; the kernel chooses between the two by hash. */
static void two_links(void)
{
	struct circuit c = circuit_get(CHICAGO);

	rig.broken = true;
	link_make(ALIEN, ROLE_LINK, CHICAGO, "192.168.99.1", "2001:db8:98::1");
	c.links[1] = rig.ifindex[ALIEN];
	circuit_put(CHICAGO, &c);
	neighbour_make(ALIEN, "192.168.99.2", 0x50);
	neighbour_make(ALIEN, "2001:db8:98::2", 0x50);
	shell("ip route replace default table 101 nexthop via 172.16.0.2 nexthop via 192.168.99.2");
	shell("ip -6 route replace default table 101 nexthop via 2001:db8:f:1::2 "
	      "nexthop via 2001:db8:98::2");
}

/* New flows of chicago that leave by the device, of 16 with ports from this one on. */
static unsigned int leave_by(int family, enum device device, int port)
{
	unsigned int count = 0;
	struct half half = {0};
	int i;

	for (i = 0; i < 16; i++, port++) {
		struct tuple t = talk(family, IPPROTO_UDP, PILOT, AT_EXCHANGE, port, 443);

		/* the choice is by address, so each asks another server */
		t.daddr.s6_addr[15] = (uint8_t)(t.daddr.s6_addr[15] + i);
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "chicago", family);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.circuit, CHICAGO);
		count += oif_of(&half) == rig.ifindex[device];
	}
	return count;
}

static void failed_next_hop_yields_to_another_link_of_the_circuit(void **state)
{
	struct neighbour_key key = {.ifindex = rig.ifindex[ER0]};
	uint64_t now = monotonic();

	(void)state;
	two_links();
	EACH_FAMILY(f) assert_in_range(leave_by(f, ER0, 6000), 1, 15);
	shell("ip neigh del 172.16.0.2 dev er0 && ip -6 neigh del 2001:db8:f:1::2 dev er0");
	generation_move();
	key.address = address("172.16.0.2");
	put("failed", &key, &now);
	key.address = address("2001:db8:f:1::2");
	put("failed", &key, &now);
	EACH_FAMILY(f) assert_int_equal(leave_by(f, ALIEN, 6000), 16);
	EACH_FAMILY(f) assert_int_equal(leave_by(f, ALIEN, 6100), 16);
}

static void probe_put(enum device device, uint64_t down_until)
{
	struct probe probe = {.down_until = down_until};

	put("probes", &rig.ifindex[device], &probe);
}

static void link_whose_probe_is_down_carries_nothing(void **state)
{
	(void)state;
	EACH_FAMILY(f) knock(f, IPPROTO_TCP, AT_EXCHANGE, 78);
	probe_put(ER0, monotonic() + 60 * NANOSECONDS);
	generation_move();
	EACH_FAMILY(f) lands_on(f, next_of(f), "probe down");
	EACH_FAMILY(f) verdict_is(knock(f, IPPROTO_TCP, AT_EXCHANGE, 78).verdict, V_CIRCUIT_UNUSABLE,
				  "its own flows stay pinned", f);
	probe_put(ER0, 0);
	EACH_FAMILY(f) lands_on(f, CHICAGO, "up again");
	EACH_FAMILY(f) verdict_is(knock(f, IPPROTO_TCP, AT_EXCHANGE, 78).verdict, V_FORWARDED,
				  "its own flows go on", f);
}

static void mark_of_a_dead_daemon_ends(void **state)
{
	(void)state;
	probe_put(ER0, monotonic() - NANOSECONDS);
	EACH_FAMILY(f) lands_on(f, CHICAGO, "nobody renewed the mark");
}

static void probe_down_yields_to_another_link_of_the_circuit(void **state)
{
	(void)state;
	two_links();
	EACH_FAMILY(f) assert_in_range(leave_by(f, ER0, 6000), 1, 15);
	probe_put(ER0, monotonic() + 60 * NANOSECONDS);
	generation_move();
	EACH_FAMILY(f) assert_int_equal(leave_by(f, ALIEN, 6000), 16);
	EACH_FAMILY(f) assert_int_equal(leave_by(f, ALIEN, 6100), 16);
	probe_put(ALIEN, monotonic() + 60 * NANOSECONDS);
	EACH_FAMILY(f) lands_on(f, next_of(f), "both down");
}

static void way_over_a_foreign_device_is_passed_over(void **state)
{
	(void)state;
	rig.broken = true;
	shell("ip route replace default via 198.18.0.2 table 101 && "
	      "ip -6 route replace default via 2001:db8:f:3::2 table 101");
	generation_move();
	EACH_FAMILY(f) lands_on(f, next_of(f), "another circuit's device");
}

static void missing_pool_of_the_family_is_named(void **state)
{
	struct outcome o;

	(void)state;
	cell(1, EXCHANGE, RULE_DALLAS, EXCHANGE);
	verdict_is(knock(4, IPPROTO_TCP, AT_EXCHANGE, 80).verdict, V_FORWARDED, "dallas", 4);
	o = knock(6, IPPROTO_TCP, AT_EXCHANGE, 80);
	verdict_is(o.verdict, V_NO_POOL_OF_FAMILY, "dallas", 6);
	told_unreachable(&o, 6, false);
	assert_int_equal(halves(6), 0);
}

static void drained_pool_of_the_family_is_no_missing_pool(void **state)
{
	unsigned int number = CHICAGO, yes = 1, rule = RULE_ORDERED;

	(void)state;
	put("rules", &rule, &(struct rule){.circuits = {CHICAGO, DALLAS}, .count = 2});
	put("drains", &number, &yes);
	verdict_is(knock(6, IPPROTO_TCP, AT_EXCHANGE, 81).verdict, V_NO_CIRCUIT, "drained", 6);
}

static void forwarding_off_is_named(void **state)
{
	(void)state;
	shell("sysctl -qw net.ipv4.conf.lan0.forwarding=0 net.ipv6.conf.lan0.forwarding=0");
	EACH_FAMILY(f)
		verdict_is(knock(f, IPPROTO_TCP, AT_EXCHANGE, 82).verdict, V_NO_FORWARDING, "off", f);
	shell("sysctl -qw net.ipv4.conf.lan0.forwarding=1 net.ipv6.conf.lan0.forwarding=1");
}

/* Hosts of the campus are spread over chicago and internet, each host always on one of them. */
static void spread_by_host_uses_all_and_keeps_a_host_on_one(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		unsigned int host, on[CIRCUITS_MAX] = {0};

		for (host = 1; host <= 40; host++) {
			struct tuple t = talk(f, IPPROTO_TCP, CAMPUS, AT_EXCHANGE, 4000, 443);
			struct half one = {0}, two = {0};

			t.saddr.s6_addr[15] = host;
			hear(LAN, t, NULL);
			assert_true(half_get(&t, &one));
			t.sport++;
			hear(LAN, t, NULL);
			assert_true(half_get(&t, &two));
			assert_int_equal(one.circuit, two.circuit);
			on[one.circuit]++;
		}
		assert_in_range(on[CHICAGO], 8, 32);
		assert_int_equal(on[CHICAGO] + on[INTERNET], 40);
	}
}

static void pin_only_circuit_changes_no_address(void **state)
{
	struct circuit c = circuit_get(CHICAGO);

	(void)state;
	c.flags |= CIRCUIT_PIN_ONLY;
	circuit_put(CHICAGO, &c);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, PILOT, AT_EXCHANGE, 83, 443);
		struct outcome o = hear(LAN, t, NULL), back;

		verdict_is(o.verdict, V_FORWARDED, "pin only", f);
		assert_true(same_tuple(tuple_of(&o.frame), t));
		assert_true(sums_right(&o.frame));
		assert_int_equal(pinned_to(f, IPPROTO_TCP, AT_EXCHANGE, 83), CHICAGO);
		back = hear(ER0, turned(t), &(struct shape){.tcp = SYN | ACK, .ack = 1});
		verdict_is(back.verdict, V_FORWARDED, "pin only, back", f);
		assert_true(sums_right(&back.frame));
		verdict_is(hear(WAN, turned(t), &(struct shape){.tcp = ACK}).verdict, V_VIOLATION,
			   "pin only, other circuit", f);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(first_circuit_of_the_rule_is_taken),
		CASE(drained_circuit_takes_no_new_flow_and_keeps_the_old),
		CASE(retiring_circuit_takes_no_new_flow),
		CASE(circuit_without_route_is_passed_over),
		CASE(main_table_circuit_without_any_route_is_passed_over),
		CASE(without_any_route_nothing_is_for_the_gateway),
		CASE(failed_next_hop_is_passed_over),
		CASE(failed_next_hop_yields_to_another_link_of_the_circuit),
		CASE(link_whose_probe_is_down_carries_nothing),
		CASE(mark_of_a_dead_daemon_ends),
		CASE(probe_down_yields_to_another_link_of_the_circuit),
		CASE(way_over_a_foreign_device_is_passed_over),
		CASE(missing_pool_of_the_family_is_named),
		CASE(drained_pool_of_the_family_is_no_missing_pool),
		CASE(forwarding_off_is_named),
		CASE(spread_by_host_uses_all_and_keeps_a_host_on_one),
		CASE(pin_only_circuit_changes_no_address),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
