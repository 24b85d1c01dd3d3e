/* SPDX-License-Identifier: GPL-2.0-only */
/* guard: what the kernel itself sends leaves a circuit only with a source the circuit owns. */
#include "rig.c"
#include "quote.h"

static void own(unsigned int circuit, const char *prefix, unsigned int length)
{
	struct scoped_prefix key = {.length = 32 + length, .scope = circuit,
				    .address = address(prefix)};
	unsigned int one = 1;

	put("sources", &key, &one);
}

static int set_up(void **state)
{
	int error = rig_reset(state);

	own(CHICAGO, "172.16.0.1", 128);
	own(CHICAGO, "203.0.113.32", 96 + 28);
	own(CHICAGO, "2001:db8:1::", 64);
	own(CHICAGO, "2001:db8:f:1::1", 128);
	own(INTERNET, "198.18.0.1", 128);
	own(INTERNET, "203.0.113.0", 96 + 28);
	return error;
}

static void verdict_of(const char *claim, enum device d, const struct frame *f, int wanted)
{
	int verdict, action = guard(d, f, &verdict);

	verdict_is(verdict, wanted, claim, f->data[ETHER] >> 4);
	/* TC_ACT_UNSPEC leaves the packet to whoever is next, TC_ACT_SHOT is 2 */
	assert_int_equal(action, wanted == V_GUARD_PASSED ? -1 : 2);
}

static const struct {
	const char *claim, *source, *destination;
	enum device out;
	int verdict;
} rows[] = {
	{"own address", "172.16.0.1", "172.16.0.2", ER0, V_GUARD_PASSED},
	{"first of the pool", "203.0.113.32", "198.51.100.1", ER0, V_GUARD_PASSED},
	{"last of the pool", "203.0.113.47", "198.51.100.1", ER0, V_GUARD_PASSED},
	{"just below the pool", "203.0.113.31", "198.51.100.1", ER0, V_GUARD_SOURCE},
	{"just above the pool", "203.0.113.48", "198.51.100.1", ER0, V_GUARD_SOURCE},
	{"inside host", "10.1.20.5", "198.51.100.1", ER0, V_GUARD_SOURCE},
	{"pool of another circuit", "203.0.113.2", "198.51.100.1", ER0, V_GUARD_SOURCE},
	{"own pool, other circuit's link", "203.0.113.34", "198.51.100.1", WAN, V_GUARD_SOURCE},
	{"circuit without a list", "172.16.1.1", "172.16.1.2", ER2, V_GUARD_SOURCE},
	{"unspecified, no DHCP", "0.0.0.0", "198.51.100.1", ER0, V_GUARD_SOURCE},
	{"own IPv6 address", "2001:db8:f:1::1", "2001:db8:e::1", ER0, V_GUARD_PASSED},
	{"IPv6 pool", "2001:db8:1::77", "2001:db8:e::1", ER0, V_GUARD_PASSED},
	{"inside IPv6 host", "2001:db8:10:20::5", "2001:db8:e::1", ER0, V_GUARD_SOURCE},
	{"IPv6 pool of another", "2001:db8:2::5", "2001:db8:e::1", ER0, V_GUARD_SOURCE},
	{"link-local", "fe80::1", "ff02::1", ER0, V_GUARD_PASSED},
	{"site-local is not link-local", "fec0::1", "ff02::1", ER0, V_GUARD_SOURCE},
	{"unspecified IPv6", "::", "ff02::1", ER0, V_GUARD_PASSED},
	{"unspecified IPv6 to a host", "::", "2001:db8:e::1", ER0, V_GUARD_SOURCE},
	{"device that is no link", "172.16.0.1", "198.51.100.1", ALIEN, V_GUARD_SOURCE},
};

static void only_owned_sources_leave(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) for (j = 0; j < 3; j++) {
		struct tuple t = {.family = strchr(rows[i].source, ':') ? 6 : 4, .sport = 4000,
				  .dport = 443, .saddr = address(rows[i].source),
				  .daddr = address(rows[i].destination)};
		struct frame f;

		t.protocol = protocols[j] == IPPROTO_ICMP ? icmp_of(t.family) : protocols[j];
		f = frame_make(&t, NULL);
		verdict_of(rows[i].claim, rows[i].out, &f, rows[i].verdict);
	}
}

static void dhcp_may_have_no_source(void **state)
{
	struct tuple t = {.family = 4, .protocol = IPPROTO_UDP, .sport = 68, .dport = 67,
			  .saddr = address("0.0.0.0"), .daddr = address("255.255.255.255")};
	struct frame f = frame_make(&t, NULL);

	(void)state;
	verdict_of("DHCP", ER0, &f, V_GUARD_PASSED);
	t.dport = 68;
	f = frame_make(&t, NULL);
	verdict_of("no DHCP", ER0, &f, V_GUARD_SOURCE);
	t.protocol = IPPROTO_TCP;
	t.dport = 67;
	f = frame_make(&t, NULL);
	verdict_of("TCP", ER0, &f, V_GUARD_SOURCE);
}

static struct frame arp_from(const char *sender)
{
	struct frame f = {.length = 60};
	struct in6_addr a = address(sender);

	memset(f.data, 0xff, 6);
	memcpy(f.data + 6, "\x02\0\0\0\0\x02", 6);
	memcpy(f.data + 12, "\x08\x06\0\x01\x08\0\x06\x04\0\x01", 10);
	memcpy(f.data + 22, "\x02\0\0\0\0\x02", 6);
	memcpy(f.data + 28, &a.s6_addr[12], 4);
	memcpy(f.data + 38, "\xac\x10\0\x02", 4);
	return f;
}

static void arp_speaks_for_owned_addresses(void **state)
{
	struct frame f = arp_from("172.16.0.1");

	(void)state;
	verdict_of("own", ER0, &f, V_GUARD_PASSED);
	f = arp_from("0.0.0.0");
	verdict_of("probe", ER0, &f, V_GUARD_PASSED);
	f = arp_from("203.0.113.33");
	verdict_of("pool", ER0, &f, V_GUARD_PASSED);
	f = arp_from("10.1.20.5");
	verdict_of("inside", ER0, &f, V_GUARD_SOURCE);
}

static void unknown_frames_stay(void **state)
{
	static const struct {
		const char *claim;
		unsigned int type;
		int verdict;
	} types[] = {
		{"VLAN", 0x8100, V_GUARD_PROTOCOL}, {"QinQ", 0x88a8, V_GUARD_PROTOCOL},
		{"PPPoE", 0x8864, V_GUARD_PROTOCOL}, {"MPLS", 0x8847, V_GUARD_PROTOCOL},
		{"local experiment", 0x88b5, V_GUARD_PROTOCOL}, {"LLDP", 0x88cc, V_GUARD_PASSED},
		{"802.1X", 0x888e, V_GUARD_PASSED}, {"LACP", 0x8809, V_GUARD_PASSED},
	};
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 1, 2);
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct frame f = frame_make(&t, &(struct shape){.payload = 40});

		put16(f.data + 12, types[i].type);
		verdict_of(types[i].claim, ER0, &f, types[i].verdict);
	}
}

/* What the quoted packet was for, in errors that the kernel sends out of ER0 with an address of its own. */
static void errors_about_others_stay(void **state)
{
	static const struct {
		const char *claim, *source, *quoted;
		int verdict;
	} quotes[] = {
		{"about own address", "172.16.0.1", "172.16.0.1", V_GUARD_PASSED},
		{"about the pool", "172.16.0.1", "203.0.113.40", V_GUARD_PASSED},
		{"about an inside host", "172.16.0.1", "10.1.20.5", V_GUARD_QUOTE},
		{"about a server, so from inside", "172.16.0.1", "198.51.100.1", V_GUARD_QUOTE},
		{"about another's pool", "172.16.0.1", "203.0.113.2", V_GUARD_QUOTE},
		{"inside source besides", "10.1.20.1", "10.1.20.5", V_GUARD_SOURCE},
		{"about own address", "2001:db8:f:1::1", "2001:db8:f:1::1", V_GUARD_PASSED},
		{"about the pool", "2001:db8:f:1::1", "2001:db8:1::9", V_GUARD_PASSED},
		{"about link-local", "2001:db8:f:1::1", "fe80::1", V_GUARD_PASSED},
		{"about a group", "2001:db8:f:1::1", "ff02::1", V_GUARD_PASSED},
		{"from link-local about link-local", "fe80::9", "fe80::1", V_GUARD_PASSED},
		{"from link-local about an inside host", "fe80::9", "2001:db8:10:20::5", V_GUARD_QUOTE},
		{"about an inside host", "2001:db8:f:1::1", "2001:db8:10:20::5", V_GUARD_QUOTE},
		{"about a server, so from inside", "2001:db8:f:1::1", "2001:db8:e::1", V_GUARD_QUOTE},
	};
	static const uint8_t kinds4[] = {3, 4, 5, 11, 12}, kinds6[] = {1, 2, 3, 4, 100};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) for (j = 0; j < 5; j++) {
		int family = strchr(quotes[i].source, ':') ? 6 : 4;
		struct tuple t = {.family = family, .protocol = IPPROTO_UDP, .sport = 4000, .dport = 53,
				  .saddr = address(family == 4 ? "198.51.100.9" : "2001:db8:e::9"),
				  .daddr = address(quotes[i].quoted)};
		struct error e = {.type = family == 4 ? kinds4[j] : kinds6[j]};
		uint8_t quote[128] = {0};
		unsigned int length = quoted_make(quote, &t, &e.quoted);
		struct frame f = error_frame(&e, family, address(quotes[i].source), t.saddr, quote, length);

		verdict_of(quotes[i].claim, ER0, &f, quotes[i].verdict);
		f.length -= length;
		verdict_of("without a quote", ER0, &f, quotes[i].verdict == V_GUARD_SOURCE ?
			   V_GUARD_SOURCE : V_GUARD_PROTOCOL);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(only_owned_sources_leave),
		CASE(dhcp_may_have_no_source),
		CASE(arp_speaks_for_owned_addresses),
		CASE(unknown_frames_stay),
		CASE(errors_about_others_stay),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
