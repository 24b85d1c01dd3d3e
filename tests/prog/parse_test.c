/* SPDX-License-Identifier: GPL-2.0-only */
/* parse: each malformed packet has its verdict, and none of them leaves state. */
#include "rig.c"

struct edit {
	uint8_t at; /* from the start of the IP header */
	uint8_t value;
};

/* A sound packet of the pilot to the exchange, with bytes changed and the frame cut. */
struct row {
	const char *claim;
	int family;
	uint8_t protocol;
	struct edit edits[4];
	int edited;
	int cut; /* bytes taken off the end */
	int verdict;
};

#define SET(...) {__VA_ARGS__}, sizeof((struct edit[]){__VA_ARGS__}) / sizeof(struct edit)
#define NONE {{0, 0}}, 0

static const struct row rows[] = {
	{"version 5", 4, IPPROTO_TCP, SET({0, 0x55}), 0, V_BAD_HEADER},
	{"version 0", 4, IPPROTO_TCP, SET({0, 0x05}), 0, V_BAD_HEADER},
	{"version 6 in an IPv4 frame", 4, IPPROTO_TCP, SET({0, 0x65}), 0, V_BAD_HEADER},
	{"version 4 in an IPv6 frame", 6, IPPROTO_TCP, SET({0, 0x40}), 0, V_BAD_HEADER},
	{"header of four words", 4, IPPROTO_TCP, SET({0, 0x44}), 0, V_BAD_HEADER},
	{"header longer than the packet", 4, IPPROTO_UDP, SET({0, 0x4f}), 0, V_BAD_HEADER},
	{"total length 0", 4, IPPROTO_TCP, SET({2, 0}, {3, 0}), 0, V_BAD_HEADER},
	{"total length below the header", 4, IPPROTO_TCP, SET({2, 0}, {3, 19}), 0, V_BAD_HEADER},
	{"total length 20", 4, IPPROTO_TCP, SET({2, 0}, {3, 20}), 0, V_BAD_TRANSPORT},
	{"total length cuts TCP", 4, IPPROTO_TCP, SET({3, 39}), 0, V_BAD_TRANSPORT},
	{"total length cuts UDP", 4, IPPROTO_UDP, SET({3, 27}), 0, V_BAD_TRANSPORT},
	{"total length cuts echo", 4, IPPROTO_ICMP, SET({3, 27}), 0, V_BAD_TRANSPORT},
	{"payload length 0", 6, IPPROTO_TCP, SET({4, 0}, {5, 0}), 0, V_BAD_TRANSPORT},
	{"payload length cuts TCP", 6, IPPROTO_TCP, SET({5, 19}), 0, V_BAD_TRANSPORT},
	{"payload length cuts UDP", 6, IPPROTO_UDP, SET({5, 7}), 0, V_BAD_TRANSPORT},
	{"payload length cuts echo", 6, IPPROTO_ICMPV6, SET({5, 7}), 0, V_BAD_TRANSPORT},
	{"longer than the frame", 4, IPPROTO_TCP, SET({2, 5}), 0, V_TRUNCATED},
	{"longest", 4, IPPROTO_TCP, SET({2, 0xff}, {3, 0xff}), 0, V_TRUNCATED},
	{"longer than the frame", 6, IPPROTO_TCP, SET({4, 5}), 0, V_TRUNCATED},
	{"longest", 6, IPPROTO_TCP, SET({4, 0xff}, {5, 0xd7}), 0, V_TRUNCATED},
	{"longer than 65535 in all", 6, IPPROTO_TCP, SET({4, 0xff}, {5, 0xff}), 0, V_BAD_HEADER},
	{"frame one short", 4, IPPROTO_TCP, NONE, 1, V_TRUNCATED},
	{"frame one short", 6, IPPROTO_TCP, NONE, 1, V_TRUNCATED},
	{"no IP header", 4, IPPROTO_UDP, NONE, 28, V_TRUNCATED},
	{"no IP header", 6, IPPROTO_UDP, NONE, 48, V_TRUNCATED},
	{"half an IP header", 4, IPPROTO_UDP, NONE, 18, V_TRUNCATED},
	{"half an IP header", 6, IPPROTO_UDP, NONE, 30, V_TRUNCATED},
	{"TCP header of four words", 4, IPPROTO_TCP, SET({32, 0x40}), 0, V_BAD_TRANSPORT},
	{"TCP header of none", 6, IPPROTO_TCP, SET({52, 0}), 0, V_BAD_TRANSPORT},
	{"TCP header longer than the packet", 4, IPPROTO_TCP, SET({32, 0x60}), 0, V_BAD_TRANSPORT},
	{"TCP header longer than the packet", 6, IPPROTO_TCP, SET({52, 0xf0}), 0, V_BAD_TRANSPORT},
	{"UDP length 7", 4, IPPROTO_UDP, SET({25, 7}), 0, V_BAD_TRANSPORT},
	{"UDP length 0", 6, IPPROTO_UDP, SET({45, 0}), 0, V_BAD_TRANSPORT},
	{"UDP longer than IP says", 4, IPPROTO_UDP, SET({25, 9}), 0, V_BAD_TRANSPORT},
	{"UDP longer than IP says", 6, IPPROTO_UDP, SET({45, 9}), 0, V_BAD_TRANSPORT},
	{"source port 0", 4, IPPROTO_TCP, SET({20, 0}, {21, 0}), 0, V_BAD_TRANSPORT},
	{"destination port 0", 6, IPPROTO_UDP, SET({42, 0}, {43, 0}), 0, V_BAD_TRANSPORT},
	{"an option", 4, IPPROTO_TCP, SET({0, 0x46}, {20, 30}, {21, 4}), 0, V_IP_OPTIONS},
	{"first fragment of 20 bytes", 4, IPPROTO_TCP, SET({6, 0x20}), 0, V_FRAGMENT_BAD},
	{"middle fragment", 4, IPPROTO_UDP, SET({6, 0x20}, {7, 9}), 0, V_FRAGMENT_LOST},
	{"last fragment", 4, IPPROTO_UDP, SET({6, 0x00}, {7, 9}), 0, V_FRAGMENT_LOST},
	{"far fragment", 4, IPPROTO_UDP, SET({6, 0x1f}, {7, 0xff}), 0, V_FRAGMENT_BAD},
	{"fragment of no bytes", 6, IPPROTO_UDP, SET({6, 44}), 0, V_FRAGMENT_BAD},
	{"hop-by-hop", 6, IPPROTO_UDP, SET({6, 0}, {41, 0}, {42, 99}), 0, V_EXTENSION_HEADER},
	{"routing", 6, IPPROTO_UDP, SET({6, 43}), 0, V_EXTENSION_HEADER},
	{"destination options", 6, IPPROTO_UDP, SET({6, 60}, {41, 0}, {42, 99}), 0, V_EXTENSION_HEADER},
	{"authentication", 6, IPPROTO_UDP, SET({6, 51}), 0, V_EXTENSION_HEADER},
	{"mobility", 6, IPPROTO_UDP, SET({6, 135}), 0, V_EXTENSION_HEADER},
	{"GRE", 4, IPPROTO_UDP, SET({9, 47}), 0, V_OTHER_PROTOCOL},
	{"ESP", 6, IPPROTO_UDP, SET({6, 50}), 0, V_OTHER_PROTOCOL},
	{"no next header", 6, IPPROTO_UDP, SET({6, 59}), 0, V_OTHER_PROTOCOL},
	{"ICMPv6 over IPv4", 4, IPPROTO_UDP, SET({9, 58}), 0, V_OTHER_PROTOCOL},
	{"ICMP over IPv6", 6, IPPROTO_UDP, SET({6, 1}), 0, V_OTHER_PROTOCOL},
	{"unreachable that quotes nothing", 4, IPPROTO_ICMP, SET({20, 3}), 0, V_ERROR_QUOTE},
	{"packet too big that quotes nothing", 6, IPPROTO_ICMPV6, SET({40, 2}), 0, V_ERROR_QUOTE},
	{"redirect", 4, IPPROTO_ICMP, SET({20, 5}), 0, V_ICMP_REDIRECT},
	{"redirect", 6, IPPROTO_ICMPV6, SET({40, 137}), 0, V_ICMP_REDIRECT},
	{"timestamp", 4, IPPROTO_ICMP, SET({20, 13}), 0, V_ICMP_ERROR},
	{"node information", 6, IPPROTO_ICMPV6, SET({40, 139}), 0, V_ICMP_ERROR},
	{"echo reply to nobody's request", 4, IPPROTO_ICMP, SET({20, 0}), 0, V_NO_FLOW},
	{"echo reply to nobody's request", 6, IPPROTO_ICMPV6, SET({40, 129}), 0, V_NO_FLOW},
	{"source 0.0.0.0", 4, IPPROTO_UDP, SET({12, 0}, {13, 0}, {14, 0}, {15, 0}), 0, V_MARTIAN},
	{"source 127.1.20.5", 4, IPPROTO_UDP, SET({12, 127}), 0, V_MARTIAN},
	{"source 224.1.20.5", 4, IPPROTO_UDP, SET({12, 224}), 0, V_MARTIAN},
	{"source 240.1.20.5", 4, IPPROTO_UDP, SET({12, 240}), 0, V_MARTIAN},
	{"destination 127", 4, IPPROTO_UDP, SET({16, 127}), 0, V_MARTIAN},
	{"destination 0", 4, IPPROTO_UDP, SET({16, 0}), 0, V_MARTIAN},
	{"destination class E", 4, IPPROTO_UDP, SET({16, 250}), 0, V_MARTIAN},
	{"source multicast", 6, IPPROTO_UDP, SET({8, 0xff}), 0, V_MARTIAN},
	{"destination multicast", 4, IPPROTO_UDP, SET({16, 224}), 0, V_MULTICAST},
	{"destination multicast", 6, IPPROTO_UDP, SET({24, 0xff}), 0, V_MULTICAST},
	{"broadcast", 4, IPPROTO_UDP, SET({16, 255}, {17, 255}, {18, 255}, {19, 255}), 0,
	 V_MULTICAST},
};

static struct frame seed(int family, uint8_t protocol)
{
	struct tuple t = {.family = family, .protocol = protocol, .sport = 4000, .dport = 443,
			  .saddr = at(PILOT, family), .daddr = at(AT_EXCHANGE, family)};

	return frame_make(&t, NULL);
}

static void malformed_packets_have_their_verdict_and_no_state(void **state)
{
	unsigned int i;
	int j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f = seed(rows[i].family, rows[i].protocol);
		struct outcome o;

		for (j = 0; j < rows[i].edited; j++)
			f.data[ETHER + rows[i].edits[j].at] = rows[i].edits[j].value;
		f.length -= rows[i].cut;
		o = run(LAN, &f);
		verdict_is(o.verdict, rows[i].verdict, rows[i].claim, rows[i].family);
		assert_int_equal(o.action, rows[i].verdict == V_MULTICAST ? XDP_PASS : XDP_DROP);
		assert_int_equal(halves(4) + halves(6), 0);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
	}
}

/* Every length that the kernel's test run admits, the frame cut behind it. */
static void every_truncation_is_truncated(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i, cut;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = frame_make(&t, &(struct shape){.payload = 12});

		for (cut = 14; cut < whole.length; cut++) {
			struct frame part = whole;

			part.length = cut;
			verdict_is(run(LAN, &part).verdict, V_TRUNCATED, "cut", f);
		}
		assert_int_equal(halves(f), 0);
	}
}

static void padding_of_the_frame_is_no_payload(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct frame frame = seed(f, IPPROTO_UDP);

		memset(frame.data + frame.length, 0xee, 30);
		frame.length += 30;
		verdict_is(run(LAN, &frame).verdict, V_FORWARDED, "padded", f);
	}
}

static bool sound(unsigned int flags)
{
	switch (flags & (FIN | SYN | RST | ACK)) {
	case SYN:
	case SYN | ACK:
	case ACK:
	case FIN | ACK:
	case RST:
	case RST | ACK:
		return true;
	}
	return false;
}

static void each_of_the_64_flag_combinations_is_judged(void **state)
{
	unsigned int flags;

	EACH_FAMILY(f) for (flags = 0; flags < 64; flags++) {
		struct frame frame = seed(f, IPPROTO_TCP);
		bool begins = !(flags & RST) && (flags & (SYN | ACK)) != (SYN | ACK);
		int wanted = !sound(flags) ? V_BAD_FLAGS : begins ? V_FORWARDED : V_NO_FLOW;
		char claim[32];

		rig_reset(state);
		snprintf(claim, sizeof(claim), "flags %#x", flags);
		l4_of(&frame)[13] = flags;
		sums_set(&frame);
		verdict_is(run(LAN, &frame).verdict, wanted, claim, f);
		assert_int_equal(halves(f), wanted == V_FORWARDED ? 2 : 0);
	}
}

static void ether_types_are_told_apart(void **state)
{
	static const struct {
		unsigned int type;
		int verdict, action;
	} types[] = {
		{0x8100, V_VLAN_TAG, XDP_DROP}, {0x88a8, V_VLAN_TAG, XDP_DROP},
		{0x88cc, V_NOT_IP, XDP_PASS}, {0x0026, V_NOT_IP, XDP_PASS},
		{0x8847, V_NOT_IP, XDP_PASS}, {0x0806, V_NOT_IP, XDP_PASS},
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct frame f = seed(4, IPPROTO_TCP);
		struct outcome o;

		put16(f.data + 12, types[i].type);
		o = run(LAN, &f);
		verdict_is(o.verdict, types[i].verdict, "ether type", 4);
		assert_int_equal(o.action, types[i].action);
		assert_memory_equal(o.frame.data, f.data, f.length);
	}
}

static void same_source_and_destination_is_a_martian(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_EXCHANGE, AT_EXCHANGE, 443, 443);

		verdict_is(hear(WAN, t, NULL).verdict, V_MARTIAN, "LAND", f);
		verdict_is(hear(LAN, t, NULL).verdict, V_MARTIAN, "LAND", f);
	}
}

static void addresses_that_cannot_be_on_a_wire(void **state)
{
	static const char *const sources[] = {"::", "::1", "::ffff:10.1.20.5", "::10.1.20.5"};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct tuple t = talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);

		inet_pton(AF_INET6, sources[i], &t.saddr);
		verdict_is(hear(LAN, t, NULL).verdict, V_MARTIAN, sources[i], 6);
	}
}

static void devices_and_slots_without_a_role_pass(void **state)
{
	struct settings s = settings_get();
	struct frame f = seed(4, IPPROTO_TCP);

	(void)state;
	verdict_is(run(ALIEN, &f).verdict, V_UNMANAGED, "alien", 4);
	s.ready = 0;
	settings_put(&s);
	verdict_is(run(LAN, &f).verdict, V_NO_CONFIG, "not ready", 4);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(malformed_packets_have_their_verdict_and_no_state),
		CASE(every_truncation_is_truncated),
		CASE(padding_of_the_frame_is_no_payload),
		CASE(each_of_the_64_flag_combinations_is_judged),
		CASE(ether_types_are_told_apart),
		CASE(same_source_and_destination_is_a_martian),
		CASE(addresses_that_cannot_be_on_a_wire),
		CASE(devices_and_slots_without_a_role_pass),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
