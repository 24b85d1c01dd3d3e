/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configurations of the rig that a story begins with, and what changes on the way. Whoever includes
 * this sees to the clock and the faults.
 */
#ifndef SAMEPATH_TEST_DATAPATH_SETTING_H
#define SAMEPATH_TEST_DATAPATH_SETTING_H

#include "tests/prog/rig.h"
#include "datapath_choice.h"

static struct {
	uint64_t now; /* the clock */
	bool monitor; /* violations are let through */
	bool untranslated; /* dallas lets inside sources go */
	bool tagged; /* er0 is a VLAN device on alien0 */
	unsigned int faults;
} setting;

/* What is not as it should be around the gateway. */
enum fault {
	FAULT_NARROW = 1 << 0, /* er0 and wan0 carry NARROW bytes */
	FAULT_WITHDRAWN = 1 << 1, /* chicago's default routes are gone */
	FAULT_UNRESOLVED = 1 << 2, /* the next hops of internet have no neighbour */
	FAULT_FALLS = 1 << 3, /* chicago's table is empty, and the main one answers for it */
};

#define NARROW 1300

/* What a circuit is like. */
static void setting_circuit(unsigned int number, uint8_t b)
{
	struct circuit c = circuit_get(number);

	if (b & 1)
		c.flags |= CIRCUIT_TCP_EIM;
	if (b & 2)
		c.flags &= ~CIRCUIT_UDP_EIM;
	if (b & 4)
		c.flags |= CIRCUIT_OTHER_PROTOCOLS;
	if (b & 8) {
		c.port_min = 4000;
		c.port_max = 4003;
		c.out4.range[0].count = c.out4.addresses = 1;
		c.out6.range[0].count = c.out6.addresses = number == DALLAS ? 0 : 2;
	}
	if (b & 16)
		c.mss = b & 32 ? MSS_AUTO : 500;
	if (b & 64) {
		c.flags |= CIRCUIT_DSCP;
		c.dscp_rest = 10;
		c.dscp_keep[0] = 1;
	}
	if (b & 128)
		c.flags |= CIRCUIT_MONITOR;
	setting.monitor |= b & 128;
	circuit_put(number, &c);
}

static void setting_service(uint8_t b)
{
	struct service s = service_get(1);

	if (b & 1)
		s.flags |= SERVICE_KEEP_SOURCE;
	if (b & 2)
		s.port = htons(8443);
	if (b & 4)
		s.rate = 1;
	if (b & 8)
		s.remote_rate = 1;
	if (b & 16)
		s.flags |= b & 32 ? SERVICE_DOWN_RESET : SERVICE_DOWN_ICMP;
	if (b & 64)
		s.servers[0].drained = s.servers[1].drained = s.servers[3].drained = 1;
	if (b & 128)
		s.servers[2].drained = 1;
	service_put(1, &s);
}

static void setting_limits(uint8_t b)
{
	struct settings s = settings_get();

	if (b & 1)
		s.flows_per_host = 3;
	if (b & 2)
		s.half_open_max = 32;
	if (b & 4)
		s.host_rate = 2;
	if (b & 8)
		s.outside_flows = 2;
	if (b & 16)
		s.answers_per_second = 2;
	if (b & 32)
		s.features = FEATURE_DSCP;
	settings_put(&s);
}

static void setting_tagged(void)
{
	struct link_key key = {rig.ifindex[ER0], NO_TAG, NO_TAG};
	struct link link;

	setting.tagged = true;
	get("links", &key, &link);
	link.device = rig.ifindex[ER0];
	link.trunk = rig.ifindex[ALIEN];
	link.tags[0] = 100;
	put("links", &key, &link);
	key = (struct link_key){rig.ifindex[ALIEN], 100, NO_TAG};
	put("links", &key, &link);
	key.outer = NO_TAG;
	link = (struct link){.role[0] = {.kind = ROLE_TRUNK}};
	put("links", &key, &link);
}

/* Sources that the guard lets go, and addresses whose owner is asked for on this device. */
static void setting_prefix(const char *map, unsigned int scope, const char *prefix, unsigned int length)
{
	struct scoped_prefix key = {.length = 32 + length, .scope = scope, .address = address(prefix)};
	unsigned int wanted = SOURCE_WANTED;

	put(map, &key, &wanted);
}

static void setting_prefixes(void)
{
	setting_prefix("sources", CHICAGO, "203.0.113.32", 124);
	setting_prefix("sources", CHICAGO, "2001:db8:1::", 64);
	setting_prefix("sources", INTERNET, "203.0.113.0", 124);
	setting_prefix("sources", INTERNET, "198.18.50.5", 128);
	setting_prefix("answers", rig.ifindex[ER0], "203.0.113.32", 124);
	setting_prefix("answers", rig.ifindex[WAN], "2001:db8:2::", 64);
	setting_prefix("answers", rig.ifindex[LAN], "192.168.1.0", 120);
	setting_prefix("answers", rig.ifindex[LAN], "2001:db8:a:1::", 64);
}

static void setting_holder(void)
{
	struct fragment_holder holder = {setting.now + 19 * NANOSECONDS / 10, 0, 1024, 0, 0, 0};
	unsigned int zero = 0;

	put("fragment_holder", &zero, &holder);
}

#define CROWD 253 /* a protocol that no other entry is of */

/* Nearly every place of the tables is taken. */
static void setting_crowded(void)
{
	static const struct mapping4 four;
	static const struct mapping6 six;
	unsigned int i;

	for (i = 0; i < FLOWS - 7; i++) {
		struct flow_key4 key4 = {.saddr = htonl(i), .protocol = CROWD};
		struct flow_key6 key6 = {.saddr.s6_addr32[0] = htonl(i), .protocol = CROWD};
		struct flow4 flow4 = {.half.last = setting.now};
		struct flow6 flow6 = {.half.last = setting.now};

		flow_put(4, &key4, &flow4);
		flow_put(6, &key6, &flow6);
	}
	for (i = 0; i < MAPPINGS - 5; i++) {
		struct mapping_key4 key4 = {.address = htonl(i), .protocol = CROWD};
		struct mapping_key6 key6 = {.address.s6_addr32[0] = htonl(i), .protocol = CROWD};

		put("mappings4", &key4, &four);
		put("mappings6", &key6, &six);
	}
}

static unsigned int take_faults(void)
{
	static const uint8_t faults[] = {0, 0, 0, FAULT_NARROW, FAULT_NARROW, FAULT_WITHDRAWN,
					 FAULT_UNRESOLVED, FAULT_UNRESOLVED | FAULT_NARROW, FAULT_FALLS};

	return PICK(faults);
}

static void setting_choose(void)
{
	uint8_t b = take();

	if (b & 1)
		setting.faults = take_faults();
	if (b & 2)
		setting_circuit(CHICAGO, take());
	if (b & 4)
		setting_circuit(INTERNET, take());
	if (b & 8)
		setting_service(take());
	if (b & 16)
		setting_limits(take());
	if (b & 128 && take() & 1) {
		struct circuit c = circuit_get(DALLAS);

		c.flags |= CIRCUIT_PIN_ONLY;
		circuit_put(DALLAS, &c);
		setting.untranslated = true;
	}
	if (b & 32)
		setting_tagged();
	if (b & 64)
		setting_holder();
	if (b & 128 && take() >= 224)
		setting_crowded();
	setting_prefixes();
	generation_move();
}

/* Something changes while flows live. */
static void setting_change(void)
{
	uint8_t b = take();
	unsigned int circuit = CHICAGO + b % 3, drained = b >> 4 & 1;

	switch (b & 3) {
	case 0:
		generation_move();
		break;
	case 1:
		put("drains", &circuit, &drained);
		break;
	case 2:
		setting_holder();
		break;
	default:
		setting.faults = take_faults();
		generation_move();
	}
}

#endif
