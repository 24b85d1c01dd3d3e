// SPDX-License-Identifier: GPL-2.0-only
/* Reading: what each key becomes, what it is without being written, and what is said of a bad value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/config.h"
#include "../../userspace/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct report report;

/* Reads bytes as a file; its messages are in `report`. */
static struct config *read_bytes(const char *bytes, size_t size)
{
	char file[] = "/tmp/samepath-config-XXXXXX";
	int fd = mkstemp(file);
	struct config *c;

	report_free(&report);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	c = config_read(file, &report);
	unlink(file);
	return c;
}

static struct config *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static bool said(int line, const char *text)
{
	size_t i;

	for (i = 0; i < report.count; i++)
		if (report.lines[i].line == line && strstr(report.lines[i].text, text))
			return true;
	return false;
}

static struct config *read_sample(void)
{
	struct config *c;

	report_free(&report);
	c = config_read("userspace/samepath.yaml", &report);
	assert_non_null(c);
	assert_int_equal(report.count, 0);
	return c;
}

static void assert_prefix(const struct config_prefixes *list, size_t i, const char *text)
{
	char printed[PREFIX_TEXT];

	assert_true(i < list->count);
	assert_string_equal(prefix_text(&list->at[i].prefix, printed), text);
}

static void sample_becomes_what_it_says(void **state)
{
	struct config *c = read_sample();
	const struct config_circuit *chicago = config_circuit(c, "chicago");

	(void)state;
	assert_string_equal(c->name, "nj-edge");
	assert_true(c->lab);
	assert_int_equal(c->interfaces.count, 1);
	assert_int_equal(c->segment_count, 3);
	assert_prefix(&config_segment(c, "campus")->prefixes, 1, "2001:db8:10::/48");
	assert_int_equal(c->circuit_count, 3);
	assert_non_null(chicago);
	assert_int_equal(chicago->kind, KIND_EXPRESSROUTE);
	assert_int_equal(chicago->table, 101);
	assert_int_equal(chicago->link_count, 2);
	assert_string_equal(chicago->links[1].interface, "er1");
	assert_prefix(&chicago->links[1].next_hops, 0, "172.16.0.6/32");
	assert_prefix(&chicago->links[1].next_hops, 1, "2001:db8:f:2::2/128");
	assert_prefix(&chicago->outbound_pool, 0, "203.0.113.32/28");
	assert_prefix(&chicago->inbound_pool, 0, "192.168.1.0/24");
	assert_int_equal(chicago->advertise.count, 3);
	/* one value stands for a list of one */
	assert_prefix(&config_circuit(c, "dallas")->links[0].next_hops, 0, "172.16.1.2/32");
	assert_prefix(&c->services[0].public, 0, "198.51.100.5/32");
	assert_int_equal(c->services[0].servers.count, 3);
	config_free(c);
}

#define CHECKED(check) \
	"gateway: {name: t}\n" \
	"inside: {interfaces: lan0, segments: [{name: s, prefixes: 10.0.0.0/8}]}\n" \
	"circuits: [{name: n, kind: internet, links: [{interface: w, check: " check "}]}]\n" \
	"policy: [{from: s, to: any, circuits: n, otherwise: drop}]\n"

static void check_is_a_target_or_an_object(void **state)
{
	static const struct {
		const char *text, *address;
		int protocol, port;
		unsigned int interval, rise, fall;
	} rows[] = {
		{ CHECKED("icmp/192.0.2.1"), "192.0.2.1", IPPROTO_ICMP, 0, 2, 2, 3 },
		{ CHECKED("tcp/192.0.2.1:443"), "192.0.2.1", IPPROTO_TCP, 443, 2, 2, 3 },
		{ CHECKED("\"icmp/2001:db8::1\""), "2001:db8::1", IPPROTO_ICMP, 0, 2, 2, 3 },
		{ CHECKED("\"tcp/[2001:db8::1]:65535\""), "2001:db8::1", IPPROTO_TCP, 65535, 2, 2, 3 },
		{ CHECKED("{target: icmp/192.0.2.1}"), "192.0.2.1", IPPROTO_ICMP, 0, 2, 2, 3 },
		{ CHECKED("{target: tcp/192.0.2.1:1, interval: 300, rise: 100, fall: 1}"), "192.0.2.1",
		  IPPROTO_TCP, 1, 300, 100, 1 },
	};
	char printed[PREFIX_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *c = read_text(rows[i].text);
		const struct config_check *k;

		assert_non_null(c);
		k = &c->circuits[0].links[0].check;
		assert_string_equal(address_text(&k->target.address, printed), rows[i].address);
		assert_int_equal(k->protocol, rows[i].protocol);
		assert_int_equal(k->port, rows[i].port);
		assert_int_equal(k->interval, rows[i].interval);
		assert_int_equal(k->rise, rows[i].rise);
		assert_int_equal(k->fall, rows[i].fall);
		assert_int_equal(k->line, 3);
		config_free(c);
	}
}

static void sample_policy_and_sizes(void **state)
{
	struct config *c = read_sample();
	const struct config_class *k = config_class(c, "exchange");

	(void)state;
	assert_string_equal(c->feeds[0].instance, "Worldwide");
	assert_string_equal(k->feed, "m365");
	assert_string_equal(k->areas.at[0].text, "Exchange");
	assert_int_equal(k->expressroute, 1);
	assert_int_equal(k->required, -1);
	assert_int_equal(c->rule_count, 2);
	assert_string_equal(c->rules[0].circuits.at[1].text, "dallas");
	assert_string_equal(c->rules[0].otherwise.text, "internet");
	assert_string_equal(c->rules[1].to.at[0].text, "any");
	assert_int_equal(c->services[0].ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(c->services[0].ports[0].first, 443);
	assert_int_equal(c->services[0].ports[0].last, 443);
	assert_int_equal(c->timeouts.tcp_established, 7440);
	assert_int_equal(c->timeouts.fragment, 30);
	assert_int_equal(c->limits.flows, 1000000);
	assert_int_equal(c->limits.half_open, 100000);
	assert_null(config_circuit(c, "Chicago"));
	assert_null(config_class(c, "any"));
	config_free(c);
}

#define SERVICE(keys) \
	"gateway: {name: t}\n" \
	"inside: {interfaces: lan0, segments: [{name: s, prefixes: 10.0.0.0/8}]}\n" \
	"circuits: [{name: n, kind: internet, links: [{interface: w}], inbound: off}]\n" \
	"policy: [{from: s, to: any, circuits: n, otherwise: drop}]\n" \
	"services: [{name: v, public: [192.0.2.1, \"2001:db8::1\"], ports: tcp/443, servers: 10.0.0.1, " \
	"circuits: n" keys "}]\n"

static void a_service_says_how_its_servers_are_asked(void **state)
{
	static const struct {
		const char *text;
		int protocol, port;
		unsigned int interval, rise, fall;
	} rows[] = {
		{ SERVICE(""), 0, 0, 2, 2, 3 },
		{ SERVICE(", check: icmp"), IPPROTO_ICMP, 0, 2, 2, 3 },
		{ SERVICE(", check: tcp/1"), IPPROTO_TCP, 1, 2, 2, 3 },
		{ SERVICE(", check: tcp/65535"), IPPROTO_TCP, 65535, 2, 2, 3 },
		{ SERVICE(", check: {target: icmp, fall: 9}"), IPPROTO_ICMP, 0, 2, 2, 9 },
		{ SERVICE(", check: {target: tcp/443, interval: 7, rise: 8}"), IPPROTO_TCP, 443, 7, 8, 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *c = read_text(rows[i].text);
		const struct config_check *k;

		assert_non_null(c);
		k = &c->services[0].check;
		assert_int_equal(k->protocol, rows[i].protocol);
		assert_int_equal(k->port, rows[i].port);
		assert_int_equal(k->target.family, 0);
		assert_int_equal(k->interval, rows[i].interval);
		assert_int_equal(k->rise, rows[i].rise);
		assert_int_equal(k->fall, rows[i].fall);
		assert_int_equal(k->line, k->protocol ? 5 : 0);
		config_free(c);
	}
}

static void keys_of_a_service_arrive(void **state)
{
	struct config *c = read_text(SERVICE(",\n server-port: 65535, drain: 10.0.0.1, all-down: icmp,\n"
					     " rate: {service: 16777215, remote: 1}"));
	const struct config_service *v;

	(void)state;
	assert_non_null(c);
	assert_true(c->circuits[0].inbound_off);
	v = &c->services[0];
	assert_prefix(&v->public, 1, "2001:db8::1/128");
	assert_int_equal(v->server_port, 65535);
	assert_int_equal(v->server_port_line, 6);
	assert_prefix(&v->drain, 0, "10.0.0.1/32");
	assert_int_equal(v->all_down, DOWN_ICMP);
	assert_int_equal(v->rate, 16777215);
	assert_int_equal(v->remote_rate, 1);
	assert_int_equal(v->rate_line, 7);
	config_free(c);
}

static void a_service_of_few_words_has_defaults(void **state)
{
	struct config *c = read_text(SERVICE(""));
	const struct config_service *v;

	(void)state;
	assert_non_null(c);
	v = &c->services[0];
	assert_true(v->source_nat);
	assert_int_equal(v->server_port, 0);
	assert_int_equal(v->drain.count, 0);
	assert_int_equal(v->all_down, DOWN_DROP);
	assert_int_equal(v->rate, 0);
	assert_int_equal(v->remote_rate, 0);
	config_free(c);
	c = read_text(SERVICE(", all-down: reset"));
	assert_int_equal(c->services[0].all_down, DOWN_RESET);
	config_free(c);
}

#define GATEWAY "gateway: {name: t}\n"
#define INSIDE "inside: {interfaces: lan0, segments: [{name: s, prefixes: 10.0.0.0/8}]}\n"
#define CIRCUIT "circuits: [{name: n, kind: internet, links: [{interface: w}]"
#define POLICY "policy: [{from: s, to: any, circuits: n, otherwise: drop}]\n"
#define WITH(keys) GATEWAY INSIDE CIRCUIT keys "}]\n" POLICY

static void what_is_not_written_has_the_old_behaviour(void **state)
{
	struct config *c = read_text(WITH(""));

	(void)state;
	assert_non_null(c);
	assert_false(c->lab);
	assert_int_equal(c->circuits[0].table, 0);
	assert_int_equal(c->circuits[0].links[0].check.protocol, 0);
	assert_false(c->circuits[0].translates);
	assert_false(c->circuits[0].monitor);
	assert_false(c->circuits[0].inbound_off);
	assert_int_equal(c->circuits[0].map_udp, MAP_ENDPOINT_INDEPENDENT);
	assert_int_equal(c->circuits[0].map_tcp, MAP_ADDRESS_AND_PORT);
	assert_int_equal(c->circuits[0].port_min, 1);
	assert_int_equal(c->circuits[0].port_max, 65535);
	assert_true(c->rules[0].translate);
	assert_false(c->rules[0].spread_by_host);
	assert_int_equal(c->timeouts.tcp_transitory, 240);
	assert_int_equal(c->timeouts.inbound_half_open, 20);
	assert_int_equal(c->timeouts.udp, 300);
	assert_int_equal(c->timeouts.icmp, 60);
	assert_int_equal(c->limits.flows_per_host, 20000);
	assert_int_equal(c->host_rate, 0);
	config_free(c);
}

/* RFC 4787 REQ-5 and RFC 5508 REQ-2, where the configuration says nothing. */
static void r05_default_of_udp_is_300_seconds(void **state)
{
	struct config *c = read_text(WITH(""));

	(void)state;
	assert_int_equal(c->timeouts.udp, 300);
	config_free(c);
}

static void r30_default_of_icmp_is_60_seconds(void **state)
{
	struct config *c = read_text(WITH(""));

	(void)state;
	assert_int_equal(c->timeouts.icmp, 60);
	config_free(c);
}

static void small_tables_need_one_key(void **state)
{
	struct config *c = read_text(WITH("") "limits: {flows: 500}\n");

	(void)state;
	assert_int_equal(c->limits.flows_per_host, 500);
	assert_int_equal(c->limits.half_open, 500);
	config_free(c);
	c = read_text(WITH("") "limits: {flows: 500, flows-per-host: 0, half-open: 7}\n");
	assert_int_equal(c->limits.flows_per_host, 0);
	assert_int_equal(c->limits.half_open, 7);
	config_free(c);
}

static void written_keys_arrive(void **state)
{
	struct config *c = read_text(WITH(", table: 4294967295, outbound-pool: 192.0.2.1, enforce: monitor, "
					  "port-range: 1024-2047, mss: 1360, "
					  "mapping: {tcp: endpoint-independent, udp: address-and-port-dependent}")
				     "services: [{name: v, public: \"2001:db8::1\", ports: [udp/5-9, icmp], "
				     "servers: 10.0.0.1, circuits: n, source-nat: none}]\n"
				     "classes: [{name: k, ids: [0, 31], required: false, prefixes: [192.0.2.9]}]\n");
	const struct config_service *v;

	(void)state;
	assert_non_null(c);
	assert_true(c->circuits[0].translates && c->circuits[0].monitor);
	assert_false(c->circuits[0].dscp || c->circuits[0].other_protocols);
	assert_int_equal(c->circuits[0].table, UINT32_MAX);
	assert_int_equal(c->circuits[0].port_min, 1024);
	assert_int_equal(c->circuits[0].port_max, 2047);
	assert_int_equal(c->circuits[0].mss, 1360);
	assert_int_equal(c->circuits[0].map_tcp, MAP_ENDPOINT_INDEPENDENT);
	assert_int_equal(c->circuits[0].map_udp, MAP_ADDRESS_AND_PORT);
	v = &c->services[0];
	assert_int_equal(v->port_count, 2);
	assert_int_equal(v->ports[0].protocol, IPPROTO_UDP);
	assert_int_equal(v->ports[0].last, 9);
	assert_int_equal(v->ports[1].protocol, IPPROTO_ICMP);
	assert_false(v->source_nat);
	assert_int_equal(c->classes[0].id_count, 2);
	assert_int_equal(c->classes[0].ids[1], 31);
	assert_int_equal(c->classes[0].required, 0);
	config_free(c);
}

static void classes_of_service_have_numbers_and_names(void **state)
{
	struct config *c = read_text(WITH(", other-protocols: address, dscp: {keep: [46, af41, cs3, af21, "
					  "\"af11\", le, va, cs7, 63], rest: cs1}"));

	(void)state;
	assert_non_null(c);
	assert_true(c->circuits[0].other_protocols && c->circuits[0].dscp);
	assert_true(c->circuits[0].dscp_keep == (1ull << 46 | 1ull << 34 | 1ull << 24 | 1ull << 18 |
						 1ull << 10 | 1ull << 1 | 1ull << 44 | 1ull << 56 |
						 1ull << 63));
	assert_int_equal(c->circuits[0].dscp_rest, 8);
	config_free(c);
	c = read_text(WITH(", dscp: {keep: be}"));
	assert_non_null(c);
	assert_true(c->circuits[0].dscp && c->circuits[0].dscp_keep == 1 && !c->circuits[0].dscp_rest);
	config_free(c);
	c = read_text(WITH(", dscp: {keep: [], rest: 0}"));
	assert_non_null(c);
	assert_true(c->circuits[0].dscp && !c->circuits[0].dscp_keep);
	config_free(c);
	c = read_sample();
	assert_true(config_circuit(c, "chicago")->dscp_keep ==
		    (1ull << 46 | 1ull << 34 | 1ull << 24 | 1ull << 18 | 1ull << 10));
	config_free(c);
}

/* Every row is refused; one line of the given number holds the text. Line 3 is the circuit's. */
static const struct {
	const char *text, *says;
	int line;
} bad[] = {
	{ WITH(", table: 0"), "circuits[n].table: 0: out of range", 3 },
	{ WITH(", table: 4294967296"), "circuits[n].table: 4294967296: out of range", 3 },
	{ WITH(", table: 99999999999999999999"), "not a number", 3 },
	{ WITH(", table: 010"), "circuits[n].table: 010: not a number", 3 },
	{ WITH(", table: -1"), "not a number", 3 },
	{ WITH(", table: 1_000"), "not a number", 3 },
	{ WITH(", table: \"101\""), "101: in quotes, which makes it a text", 3 },
	{ WITH(", table: [101]"), "not a single value", 3 },
	{ WITH("") "limits:\n", "limits: (empty): no value", 5 },
	{ WITH(", table: "), "circuits[n].table: (empty): no value", 3 },
	{ WITH(", table: 5, table: 6"), "the key stands twice", 3 },
	{ WITH(", enforce: Strict"), "accepted: strict, monitor", 3 },
	{ WITH(", other-protocols: translate"), "accepted: drop, address", 3 },
	{ WITH(", dscp: {keep: [64]}"), "circuits[n].dscp.keep: 64: not a DSCP", 3 },
	{ WITH(", dscp: {keep: [-1]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [046]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [EF]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [cs8]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [af44]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [af51]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [af411]}"), "not a DSCP", 3 },
	{ WITH(", dscp: {keep: [ef, 46]}"), "circuits[n].dscp.keep: 46: stands there twice", 3 },
	{ WITH(", dscp: {rest: [0]}"), "not a single value", 3 },
	{ WITH(", dscp: {rest: 99}"), "circuits[n].dscp.rest: 99: not a DSCP", 3 },
	{ WITH(", dscp: 46"), "not an object", 3 },
	{ WITH(", dscp: {kepp: 46}"), "unknown key; nearest: keep", 3 },
	{ WITH(", kidn: other"), "unknown key; nearest: kind", 3 },
	{ WITH(", bandwidth: 7"), "unknown key; known: name, kind, table", 3 },
	{ WITH(", mapping: {sctp: none}"), "circuits[n].mapping: sctp: unknown key", 3 },
	{ WITH(", mapping: endpoint-independent"), "not an object", 3 },
	{ WITH(", port-range: 1024"), "not a range of ports", 3 },
	{ WITH(", port-range: 0-10"), "not a range of ports", 3 },
	{ WITH(", port-range: 10-9"), "not a range of ports", 3 },
	{ WITH(", port-range: 1-65536"), "not a range of ports", 3 },
	{ WITH(", mss: none"), "circuits[n].mss: none: not a segment size", 3 },
	{ WITH(", mss: 87"), "circuits[n].mss: 87: out of range", 3 },
	{ WITH(", mss: 65496"), "circuits[n].mss: 65496: out of range", 3 },
	{ WITH(", mss: [auto]"), "not a single value", 3 },
	{ WITH(", outbound-pool: []"), "empty list", 3 },
	{ WITH(", outbound-pool: [[192.0.2.0/28]]"), "not a single value", 3 },
	{ WITH(", outbound-pool: 192.0.2.1/28"), "bits are set behind the prefix length", 3 },
	{ GATEWAY INSIDE "circuits: []\n" POLICY, "empty list", 3 },
	{ GATEWAY INSIDE "circuits: [{name: n, kind: internet, links: [{interface: a/b}]}]\n" POLICY,
	  "a/b: not a device name", 3 },
	{ GATEWAY INSIDE "circuits: [{name: n, kind: internet, links: [{interface: sixteen-letters-}]}]\n"
	  POLICY, "not a device name", 3 },
	{ GATEWAY INSIDE "circuits: [{name: n, kind: internet, links: [{interface: w, next-hop: 192.0.2.0/24}]}]\n"
	  POLICY, "a prefix where one address is meant", 3 },
	{ GATEWAY INSIDE "circuits: [{kind: internet, links: [{interface: w}]}]\n" POLICY,
	  "circuits[line 3].name: missing", 3 },
	{ "gateway: {name: Upper}\n" INSIDE CIRCUIT "}]\n" POLICY, "gateway.name: Upper: not a name", 1 },
	{ "gateway: {name: ../x}\n" INSIDE CIRCUIT "}]\n" POLICY, "not a name", 1 },
	{ "gateway: {name: -x}\n" INSIDE CIRCUIT "}]\n" POLICY, "not a name", 1 },
	{ "gateway: {name: abcdefghijklmnopqrstuvwxyz0123456}\n" INSIDE CIRCUIT "}]\n" POLICY, "not a name", 1 },
	{ "gateway: {name: t, lab: 'true'}\n" INSIDE CIRCUIT "}]\n" POLICY, "lab: true: in quotes", 1 },
	{ "gateway: {name: t, lab: True}\n" INSIDE CIRCUIT "}]\n" POLICY, "lab: True: not a boolean", 1 },
	{ "gateway: {name: t, lab: on}\n" INSIDE CIRCUIT "}]\n" POLICY, "lab: on: not a boolean", 1 },
	{ "gateway: {name: t, lab: 1}\n" INSIDE CIRCUIT "}]\n" POLICY, "lab: 1: not a boolean", 1 },
	{ GATEWAY INSIDE CIRCUIT "}]\n", "policy: missing; it is required", 1 },
	{ CHECKED("true"), "circuits[n].links[line 3].check: true: not a target; accepted: icmp/192.0.2.1, "
			   "tcp/192.0.2.1:443, tcp/[2001:db8::1]:443", 3 },
	{ CHECKED("udp/192.0.2.1:53"), "not a target", 3 },
	{ CHECKED("icmp/example.org"), "icmp/example.org: not an address", 3 },
	{ CHECKED("icmp/192.0.2.1:7"), "192.0.2.1:7: not an IPv6 address", 3 },
	{ CHECKED("icmp/0.0.0.0"), "no other host has this address", 3 },
	{ CHECKED("icmp/127.0.0.1"), "no other host has this address", 3 },
	{ CHECKED("icmp/224.0.0.1"), "no other host has this address", 3 },
	{ CHECKED("\"icmp/ff02::1\""), "no other host has this address", 3 },
	{ CHECKED("\"icmp/::1\""), "no other host has this address", 3 },
	{ CHECKED("tcp/192.0.2.1"), "not an address with a port", 3 },
	{ CHECKED("tcp/192.0.2.1:0"), "not an address with a port", 3 },
	{ CHECKED("tcp/192.0.2.1:65536"), "not an address with a port", 3 },
	{ CHECKED("\"tcp/192.0.2.1:\""), "not an address with a port", 3 },
	{ CHECKED("\"tcp/2001:db8::1:443\""), "not an address with a port", 3 },
	{ CHECKED("\"tcp/[2001:db8::1]\""), "not an address with a port", 3 },
	{ CHECKED("\"tcp/[:443\""), "not an address with a port", 3 },
	{ CHECKED("\"tcp/]:443\""), "not an address", 3 },
	{ CHECKED("[icmp/192.0.2.1, icmp/192.0.2.2]"), "check: [...]: not a single value", 3 },
	{ CHECKED("{interval: 2}"), "check.target: missing; it is required", 3 },
	{ CHECKED("{target: icmp/192.0.2.1, interval: 0}"),
	  "check.interval: 0: out of range; accepted: a whole number from 1 to 300", 3 },
	{ CHECKED("{target: icmp/192.0.2.1, interval: 301}"), "check.interval: 301: out of range", 3 },
	{ CHECKED("{target: icmp/192.0.2.1, rise: 101}"), "check.rise: 101: out of range", 3 },
	{ CHECKED("{target: icmp/192.0.2.1, fall: 0}"), "check.fall: 0: out of range", 3 },
	{ CHECKED("{target: icmp/192.0.2.1, riser: 1}"), "unknown key; nearest: rise", 3 },
	{ WITH(", inbound: false"), "inbound: false: not a known word; accepted: on, off", 3 },
	{ SERVICE(", check: tcp"), "services[v].check: tcp: not a way to ask a server; accepted: icmp, tcp/443",
	  5 },
	{ SERVICE(", check: tcp/0"), "not a way to ask a server", 5 },
	{ SERVICE(", check: tcp/65536"), "not a way to ask a server", 5 },
	{ SERVICE(", check: tcp/4-5"), "not a way to ask a server", 5 },
	{ SERVICE(", check: udp/53"), "not a way to ask a server", 5 },
	{ SERVICE(", check: icmp/10.0.0.1"), "not a way to ask a server", 5 },
	{ SERVICE(", check: [icmp]"), "not a single value", 5 },
	{ SERVICE(", check: {rise: 2}"), "services[v].check.target: missing; it is required", 5 },
	{ SERVICE(", check: {target: icmp, interval: 0}"), "services[v].check.interval: 0: out of range", 5 },
	{ SERVICE(", server-port: 0"), "server-port: 0: out of range; accepted: a whole number from 1 to 65535",
	  5 },
	{ SERVICE(", server-port: 65536"), "server-port: 65536: out of range", 5 },
	{ SERVICE(", server-port: tcp/443"), "server-port: tcp/443: not a number", 5 },
	{ SERVICE(", drain: 10.0.0.0/8"), "drain: 10.0.0.0/8: a prefix where one address is meant", 5 },
	{ SERVICE(", all-down: rst"), "all-down: rst: not a known word; accepted: drop, reset, icmp", 5 },
	{ SERVICE(", rate: 5"), "services[v].rate: 5: not an object", 5 },
	{ SERVICE(", rate: {service: 0}"), "rate.service: 0: out of range", 5 },
	{ SERVICE(", rate: {remote: 16777216}"), "rate.remote: 16777216: out of range; accepted: a whole number "
						 "from 1 to 16777215", 5 },
	{ SERVICE(", source-nat: outbound-pool"), "accepted: none, inbound-pool", 5 },
	{ WITH("") "feeds: [{name: f, format: m365, source: x}]\n", "accepted: microsoft365", 5 },
	{ WITH("") "feeds: [{name: f, format: microsoft365, source: x, instance: Mars}]\n",
	  "Mars: not a known word; accepted: Worldwide, China", 5 },
	{ WITH("") "classes: [{name: k, categories: [optimize]}]\n", "accepted: Optimize, Allow, Default", 5 },
	{ WITH("") "classes: [{name: k, ids: [1.5]}]\n", "1.5: not a number", 5 },
	{ WITH("") "timeouts: {udp: 0}\n", "timeouts.udp: 0: out of range", 5 },
	{ WITH("") "timeouts: {udp: 5m}\n", "timeouts.udp: 5m: not a number", 5 },
	{ WITH("") "limits: {flows: 16777217}\n", "out of range", 5 },
	{ WITH("") "services: [{name: v, public: 192.0.2.1, ports: [sctp/5], servers: 10.0.0.1, circuits: n}]\n",
	  "sctp/5: not a protocol with port", 5 },
	{ "- a\n- b\n", "configuration: [...]: not an object", 1 },
	{ "just words\n", "not an object", 1 },
	{ "", "empty", 0 },
	{ "# only a comment\n", "empty", 0 },
	{ "a: &x 1\n", "anchors", 1 },
	{ "a: 1\nb: !!str 2\n", "tags", 2 },
	{ "a: 1\n---\nb: 2\n", "second document", 2 },
	{ "a: 'never closed\n", "not YAML", 2 },
	{ "a:\n\tb: 1\n", "indented by a tab", 2 },
	{ "a: \"\xff\"\n", "UTF-8", 0 },
	{ "\xff\xfe" "a", "UTF-16", 0 },
};

static void bad_values_are_named_with_their_line(void **state)
{
	int differ = 0;
	struct config *c;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		c = read_text(bad[i].text);
		if (!c && report.errors && (said(bad[i].line, bad[i].says)))
			continue;
		differ++;
		fprintf(stderr, "row %zu: %s, wanted line %d: %s\n", i, c ? "accepted" : "refused", bad[i].line,
			bad[i].says);
		for (j = 0; j < report.count; j++)
			fprintf(stderr, "  got line %d: %s\n", report.lines[j].line, report.lines[j].text);
		config_free(c);
	}
	assert_int_equal(differ, 0);
}

static void all_errors_come_in_one_run(void **state)
{
	(void)state;
	assert_null(read_text("gateway: {name: T, lab: flase}\n"
			      "inside: {interfaces: lan0, segments: [{name: s, prefixes: [10.0.0.1/8, x]}]}\n"
			      "circuits: [{name: n, kind: net, links: [{interface: w, net-hop: 192.0.2.1}]}]\n"));
	assert_int_equal(report.errors, 7);
	assert_true(said(1, "not a name") && said(1, "flase") && said(1, "policy: missing"));
	assert_true(said(2, "10.0.0.1/8") && said(2, "x: not an address"));
	assert_true(said(3, "net: not a known word") && said(3, "nearest: next-hop"));
}

static void deep_and_large_input_is_refused(void **state)
{
	size_t size = 5u << 20;
	char *bytes = malloc(size);

	(void)state;
	memset(bytes, '[', size);
	assert_null(read_bytes(bytes, 1u << 20));
	assert_true(said(1, "nested deeper"));
	assert_null(read_bytes(bytes, size));
	assert_true(said(0, "larger than 4 MiB"));
	memset(bytes, ',', size);
	memcpy(bytes, "a: [", 4);
	for (size_t i = 4; i + 1 < 1u << 20; i += 2)
		memcpy(bytes + i, "1,", 2);
	assert_null(read_bytes(bytes, 1u << 20));
	assert_true(said(1, "more than 200000 values"));
	free(bytes);
}

/* A prefix of a good file is never accepted silently as a smaller one, and never a crash. */
static void cut_files_are_refused(void **state)
{
	const char *whole = WITH(", table: 101, outbound-pool: [192.0.2.0/28], mapping: {udp: endpoint-independent}");
	size_t size, end = strlen(whole) - 1;
	struct config *c;

	(void)state;
	for (size = 0; size < end; size++) {
		c = read_bytes(whole, size);
		if (c)
			fail_msg("%.*s", (int)size, whole);
		assert_true(report.errors > 0);
	}
	c = read_bytes(whole, end);
	assert_non_null(c);
	config_free(c);
}

static void a_zero_byte_hides_nothing(void **state)
{
	static const char text[] = "gateway: {name: \"t\\0x\"}\n" INSIDE CIRCUIT "}]\n" POLICY;

	(void)state;
	assert_null(read_text(text));
	assert_true(said(1, "zero byte"));
	report_free(&report);
	assert_null(config_read("/tmp", &report));
	assert_true(said(0, "is a directory"));
	report_free(&report);
	assert_null(config_read("/tmp/samepath-none/t.yaml", &report));
	assert_true(said(0, "No such file"));
	report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_becomes_what_it_says),
		cmocka_unit_test(sample_policy_and_sizes),
		cmocka_unit_test(check_is_a_target_or_an_object),
		cmocka_unit_test(a_service_says_how_its_servers_are_asked),
		cmocka_unit_test(keys_of_a_service_arrive),
		cmocka_unit_test(a_service_of_few_words_has_defaults),
		cmocka_unit_test(what_is_not_written_has_the_old_behaviour),
		cmocka_unit_test(small_tables_need_one_key),
		cmocka_unit_test(r05_default_of_udp_is_300_seconds),
		cmocka_unit_test(r30_default_of_icmp_is_60_seconds),
		cmocka_unit_test(written_keys_arrive),
		cmocka_unit_test(classes_of_service_have_numbers_and_names),
		cmocka_unit_test(bad_values_are_named_with_their_line),
		cmocka_unit_test(all_errors_come_in_one_run),
		cmocka_unit_test(deep_and_large_input_is_refused),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(a_zero_byte_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
