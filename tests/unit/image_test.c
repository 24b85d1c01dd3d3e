// SPDX-License-Identifier: GPL-2.0-only
/* What an image holds of circuits, rules, services, owners and settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "../../userspace/report.h"
#include "image_help.h"

static struct report report;

static int clear_report(void **state)
{
	(void)state;
	report_free(&report);
	memset(&report, 0, sizeof(report));
	return 0;
}

static const char *const sample =
	"gateway: {name: t, lab: true}\n"
	"inside:\n"
	"  interfaces: [lan0]\n"
	"  segments:\n"
	"    - {name: pilot, prefixes: [10.1.20.0/24]}\n"
	"    - {name: campus, prefixes: [10.0.0.0/8]}\n"
	"  new-flows-per-second: 55\n"
	"circuits:\n"
	"  - name: internet\n"
	"    kind: internet\n"
	"    links: [{interface: wan0}]\n"
	"    outbound-pool: [203.0.113.0/28, \"2001:db8:2::/64\"]\n"
	"    inbound-pool: [10.200.5.5/32]\n"
	"    advertise: [203.0.113.0/28, 198.51.100.0/24, \"2001:db8:2::/48\"]\n"
	"  - name: chicago\n"
	"    kind: expressroute\n"
	"    table: 101\n"
	"    links: [{interface: er0, next-hop: [172.16.0.2]}]\n"
	"    outbound-pool: [203.0.113.32/28, 203.0.113.96/32, \"2001:db8:1::/120\"]\n"
	"    inbound-pool: [192.168.1.0/24]\n"
	"    advertise: [203.0.113.32/28, 203.0.113.96/32, \"2001:db8:1::/48\"]\n"
	"    mapping: {udp: address-and-port-dependent, tcp: endpoint-independent}\n"
	"    other-protocols: address\n"
	"    dscp: {keep: [ef, 63, af11], rest: cs1}\n"
	"  - name: partner\n"
	"    kind: other\n"
	"    links: [{interface: er2}]\n"
	"classes:\n"
	"  - {name: far, prefixes: [198.18.7.0/24]}\n"
	"policy:\n"
	"  - {from: [pilot], to: [far], circuits: [chicago, partner], otherwise: internet}\n"
	"  - {from: [campus], to: [far], circuits: [chicago], otherwise: drop, translate: false}\n"
	"  - {from: [campus], to: [any], otherwise: drop}\n"
	"services:\n"
	"  - name: mail\n"
	"    public: 198.51.100.5\n"
	"    ports: [tcp/443]\n"
	"    servers: [10.0.0.101]\n"
	"    circuits: [internet]\n"
	"timeouts: {tcp-established: 7440, tcp-transitory: 240, inbound-half-open: 20, udp: 300,\n"
	"  icmp: 60, fragment: 30}\n"
	"limits: {flows: 1000, flows-per-host: 77, half-open: 99}\n";

static struct config *read_text(const char *text)
{
	char path[] = "/tmp/samepath-image-XXXXXX";
	int fd = mkstemp(path);
	struct config *c;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	c = config_read(path, &report);
	unlink(path);
	if (!c)
		fail_msg("line %d: %s", report.lines[0].line, report.lines[0].text);
	return c;
}

static struct image *sample_image(struct config **c, int step)
{
	struct numbers *n = counted(step);
	struct feeds none = { 0 };
	struct image *im;

	*c = read_text(sample);
	im = image_compile(*c, &none, number, n, &report);
	assert_non_null(im);
	free(n);
	return im;
}

static void circuits_carry_pools_and_flags(void **state)
{
	struct config *c;
	struct image *im = sample_image(&c, 5); /* internet 5, chicago 6, partner 7 */
	const struct circuit *net = &im->circuits[5], *chi = &im->circuits[6];

	(void)state;
	assert_string_equal(im->circuit_names[0], "inside");
	assert_int_equal(im->circuits[0].flags, CIRCUIT_PRESENT);
	assert_string_equal(im->circuit_names[6], "chicago");
	assert_string_equal(im->circuit_names[1], "");
	assert_int_equal(im->circuits[1].flags, 0);
	assert_int_equal(net->flags, CIRCUIT_PRESENT | CIRCUIT_UDP_EIM);
	assert_int_equal(chi->flags,
			 CIRCUIT_PRESENT | CIRCUIT_TCP_EIM | CIRCUIT_OTHER_PROTOCOLS | CIRCUIT_DSCP);
	assert_int_equal(chi->dscp_keep[0], 1u << 10);
	assert_int_equal(chi->dscp_keep[1], 1u << 31 | 1u << (46 - 32));
	assert_int_equal(chi->dscp_rest, 8);
	assert_int_equal(im->settings.features, FEATURE_DSCP);
	assert_int_equal(im->circuits[7].flags & CIRCUIT_PIN_ONLY, CIRCUIT_PIN_ONLY);
	assert_int_equal(chi->table, 101);
	assert_int_equal(net->out6.ranges, 1);
	assert_int_equal(net->out6.addresses, POOL6_USED);
	assert_int_equal(chi->out4.ranges, 2);
	assert_int_equal(chi->out4.addresses, 17);
	assert_int_equal(chi->out4.range[0].count, 16);
	assert_int_equal(chi->out4.range[0].length, 28);
	assert_int_equal(chi->out4.range[0].first.s6_addr[15], 32);
	assert_int_equal(chi->out4.range[0].first.s6_addr[11], 0xff);
	assert_int_equal(chi->out6.addresses, 256);
	assert_int_equal(chi->port_min, 1);
	assert_int_equal(chi->port_max, 65535);
	image_free(im);
	config_free(c);
}

static void rules_list_circuits_then_otherwise(void **state)
{
	struct config *c;
	struct image *im = sample_image(&c, 1);

	(void)state;
	assert_int_equal(im->rule_count, 4);
	assert_int_equal(im->rules[0].count, 0);
	assert_int_equal(im->rules[1].count, 3);
	assert_int_equal(im->rules[1].spread, 2);
	assert_int_equal(im->rules[1].circuits[0], 2);
	assert_int_equal(im->rules[1].circuits[1], 3);
	assert_int_equal(im->rules[1].circuits[2], 1);
	assert_int_equal(im->rules[1].flags, 0);
	assert_int_equal(im->rules[2].count, 1);
	assert_int_equal(im->rules[2].flags, RULE_NO_TRANSLATE);
	assert_int_equal(im->rules[3].count, 0);
	image_free(im);
	config_free(c);
}

static struct owner owner_of(const struct image *im, const char *text)
{
	struct owner owner;
	struct prefix p;
	const char *why;
	uint32_t value;

	assert_int_equal(prefix_parse(text, &p, &why), 0);
	value = longest_match(&im->owners, &p);
	memcpy(&owner, &value, sizeof(owner));
	return owner;
}

static void owners_name_pools_and_services(void **state)
{
	struct config *c;
	struct image *im = sample_image(&c, 1);

	(void)state;
	assert_int_equal(owner_of(im, "203.0.113.40").kind, OWNER_OUTBOUND_POOL);
	assert_int_equal(owner_of(im, "203.0.113.40").circuit, 2);
	assert_int_equal(owner_of(im, "2001:db8:2::77").circuit, 1);
	assert_int_equal(owner_of(im, "192.168.1.9").kind, OWNER_INBOUND_POOL);
	assert_int_equal(owner_of(im, "198.51.100.5").kind, OWNER_SERVICE);
	assert_int_equal(owner_of(im, "198.51.100.6").kind, OWNER_NONE);
	image_free(im);
	config_free(c);
}

static void settings_are_in_nanoseconds(void **state)
{
	struct config *c;
	struct image *im = sample_image(&c, 1);

	(void)state;
	assert_int_equal(im->settings.timeout[STATE_TCP_ESTABLISHED], 7440 * NANOSECONDS);
	assert_int_equal(im->settings.timeout[STATE_TCP_HALF_OPEN], 240 * NANOSECONDS);
	assert_int_equal(im->settings.timeout[STATE_UDP], 300 * NANOSECONDS);
	assert_int_equal(im->settings.timeout_min, 20 * NANOSECONDS);
	assert_int_equal(im->settings.half_open_max, 99);
	assert_int_equal(im->settings.flows_per_host, 77);
	assert_int_equal(im->settings.host_rate, 55);
	assert_int_equal(im->settings.destination_sets, 2);
	assert_int_equal(im->settings.ready, 1);
	assert_int_equal(im->settings.local_port_min, 0);
	image_free(im);
	config_free(c);
}

static void inbound_pool_within_a_segment_is_in_none(void **state)
{
	struct prefix pool, near;
	struct config *c;
	struct image *im = sample_image(&c, 1);
	const char *why;

	(void)state;
	assert_int_equal(prefix_parse("10.200.5.5", &pool, &why), 0);
	assert_int_equal(prefix_parse("10.200.5.4", &near, &why), 0);
	assert_int_equal(longest_match(&im->segments4, &pool), 0);
	assert_int_not_equal(longest_match(&im->segments4, &near), 0);
	image_free(im);
	config_free(c);
}

static void numbers_that_run_out_are_an_error(void **state)
{
	struct config *c = read_text(sample);
	struct numbers *n = counted(CIRCUITS_MAX - 2);
	struct feeds none = { 0 };

	(void)state;
	assert_null(image_compile(c, &none, number, n, &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.lines[0].text, "circuits[partner]"));
	free(n);
	config_free(c);
}

static const char *const published =
	"gateway: {name: t, lab: true}\n"
	"inside: {interfaces: [lan0], segments: [{name: s, prefixes: [10.0.0.0/8, \"2001:db8:10::/48\"]}]}\n"
	"circuits:\n"
	"  - name: internet\n"
	"    kind: internet\n"
	"    links: [{interface: wan0}]\n"
	"    outbound-pool: [203.0.113.0/28, 203.0.113.64/28, \"2001:db8:2::/64\", \"2001:db8:3::/64\"]\n"
	"    inbound-pool: [10.200.5.0/24, \"2001:db8:10:5::/112\"]\n"
	"  - {name: closed, kind: other, links: [{interface: er0}], inbound: off}\n"
	"policy: [{from: [s], to: [any], circuits: [internet], otherwise: drop}]\n"
	"services:\n"
	"  - name: mail\n"
	"    public: [203.0.113.7, \"2001:db8:2::25\"]\n"
	"    ports: [tcp/25, tcp/1-65535, udp/5000-5010, icmp]\n"
	"    servers: [\"2001:db8:10::1\", 10.0.0.101, \"2001:db8:10::2\", 10.0.0.102, 10.0.0.103]\n"
	"    circuits: [closed, internet]\n"
	"    drain: [10.0.0.102, \"2001:db8:10::1\"]\n"
	"    all-down: reset\n"
	"    server-port: 2525\n"
	"    rate: {service: 5000, remote: 7}\n"
	"  - name: direct\n"
	"    public: 198.51.100.9\n"
	"    ports: [udp/53]\n"
	"    servers: 198.51.100.9\n"
	"    circuits: [closed]\n"
	"    source-nat: none\n"
	"    all-down: icmp\n";

static struct image *published_image(struct config **c, int step)
{
	struct numbers *n = counted(step);
	struct feeds none = { 0 };
	struct image *im;

	*c = read_text(published);
	im = image_compile(*c, &none, number, n, &report);
	assert_non_null(im);
	free(n);
	return im;
}

static void assert_server(const struct server *s, const char *text, bool drained)
{
	char printed[PREFIX_TEXT];

	assert_string_equal(address_text(&s->address, printed), text);
	assert_int_equal(s->drained, drained);
}

static void services_carry_servers_circuits_and_limits(void **state)
{
	struct config *c;
	struct image *im = published_image(&c, 40); /* mail 40, direct 41; internet 40, closed 41 */
	const struct service *mail = &im->services[40], *direct = &im->services[41];

	(void)state;
	assert_string_equal(im->service_names[40], "mail");
	assert_string_equal(im->service_names[1], "");
	assert_int_equal(im->services[1].flags, 0);
	assert_int_equal(mail->flags, SERVICE_PRESENT | SERVICE_DOWN_RESET);
	assert_true(mail->circuits == (3ULL << 40));
	assert_int_equal(mail->rate, 5000);
	assert_int_equal(mail->remote_rate, 7);
	assert_int_equal(ntohs(mail->port), 2525);
	assert_int_equal(mail->servers4, 3);
	assert_int_equal(mail->servers6, 2);
	assert_server(&mail->servers[0], "10.0.0.101", false);
	assert_server(&mail->servers[1], "10.0.0.102", true);
	assert_server(&mail->servers[3], "2001:db8:10::1", true);
	assert_server(&mail->servers[4], "2001:db8:10::2", false);
	assert_int_equal(direct->flags,
			 SERVICE_PRESENT | SERVICE_KEEP_SOURCE | SERVICE_KEEP_ALL | SERVICE_DOWN_ICMP);
	assert_true(direct->circuits == (1ULL << 41));
	assert_int_equal(direct->port, 0);
	assert_int_equal(im->circuits[40].flags & CIRCUIT_INBOUND_OFF, 0);
	assert_int_equal(im->circuits[41].flags & CIRCUIT_INBOUND_OFF, CIRCUIT_INBOUND_OFF);
	image_free(im);
	config_free(c);
}

/* What the trie would answer, by walking all of it. */
static uint32_t service_at(const struct image *im, const char *address, uint8_t protocol, uint16_t port)
{
	struct prefix p;
	const char *why;
	uint32_t longest = 0, found = 0;

	assert_int_equal(address_parse(address, &p, &why), 0);
	for (size_t i = 0; i < im->port_count; i++) {
		const struct service_key *k = &im->ports[i].key;
		unsigned int own = SERVICE_KEY_PORTS + 16 - k->length; /* bits of the port that are not asked */

		assert_in_range(k->length, SERVICE_KEY_PORTS, SERVICE_KEY_PORTS + 16);
		assert_int_equal(ntohs(k->port) & ((1u << own) - 1), 0);
		if (memcmp(&k->address, &p.address, 16) || k->protocol != protocol || k->zero ||
		    ntohs(k->port) >> own != port >> own || k->length < longest)
			continue;
		longest = k->length;
		found = im->ports[i].service;
	}
	return found;
}

static void ports_find_their_service_and_no_other(void **state)
{
	struct config *c;
	struct image *im = published_image(&c, 1);

	(void)state;
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		uint16_t p = (uint16_t)port;

		assert_int_equal(service_at(im, "203.0.113.7", IPPROTO_TCP, p), port ? 1 : 0);
		assert_int_equal(service_at(im, "2001:db8:2::25", IPPROTO_UDP, p),
				 port >= 5000 && port <= 5010 ? 1 : 0);
		assert_int_equal(service_at(im, "198.51.100.9", IPPROTO_UDP, p), port == 53 ? 2 : 0);
		assert_int_equal(service_at(im, "198.51.100.9", IPPROTO_TCP, p), 0);
	}
	assert_int_equal(service_at(im, "203.0.113.7", IPPROTO_ICMP, 0), 1);
	assert_int_equal(service_at(im, "2001:db8:2::25", IPPROTO_ICMPV6, 0), 1);
	assert_int_equal(service_at(im, "2001:db8:2::25", IPPROTO_ICMP, 0), 0);
	assert_int_equal(service_at(im, "203.0.113.8", IPPROTO_TCP, 25), 0);
	assert_in_range(im->port_count, 1, 2 * (1 + 31 + 4 + 1) + 1);
	image_free(im);
	config_free(c);
}

static void an_inbound_pool_has_no_network_and_broadcast_numbers(void **state)
{
	static const struct {
		const char *prefix, *first, *last;
		size_t parts;
		uint32_t count; /* of each part */
	} rows[] = {
		{ "192.168.1.0/24", "192.168.1.1", "192.168.1.1", 1, 254 },
		{ "192.168.0.0/23", "192.168.0.1", "192.168.1.1", 2, 254 },
		{ "192.168.0.0/21", "192.168.0.1", "192.168.7.1", 8, 254 },
		{ "192.168.248.0/22", "192.168.248.1", "192.168.251.1", 4, 254 },
		{ "192.168.1.0/25", "192.168.1.1", "192.168.1.1", 1, 127 },
		{ "192.168.1.128/25", "192.168.1.128", "192.168.1.128", 1, 127 },
		{ "192.168.1.64/26", "192.168.1.64", "192.168.1.64", 1, 64 },
		{ "192.168.1.254/31", "192.168.1.254", "192.168.1.254", 1, 1 },
		{ "192.168.1.0/31", "192.168.1.1", "192.168.1.1", 1, 1 },
		{ "192.168.1.4/31", "192.168.1.4", "192.168.1.4", 1, 2 },
		{ "192.168.1.0/32", "192.168.1.0", "192.168.1.0", 1, 1 },
		{ "192.168.1.255/32", "192.168.1.255", "192.168.1.255", 1, 1 },
		{ "2001:db8::/64", "2001:db8::", "2001:db8::", 1, POOL6_USED },
		{ "2001:db8::ff00/120", "2001:db8::ff00", "2001:db8::ff00", 1, 256 },
	};
	char printed[PREFIX_TEXT];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pool_range range;
		struct prefix p;

		assert_int_equal(prefix_parse(rows[i].prefix, &p, &why), 0);
		assert_int_equal(pool_inbound_parts(&p), rows[i].parts);
		for (size_t part = 0; part < rows[i].parts; part++) {
			range = pool_inbound_part(&p, part);
			assert_int_equal(range.count, rows[i].count);
			assert_int_equal(range.length, p.length);
			if (!part)
				assert_string_equal(address_text(&range.first, printed), rows[i].first);
		}
		assert_string_equal(address_text(&range.first, printed), rows[i].last);
	}
}

static void inbound_pools_are_the_circuits(void **state)
{
	struct config *c;
	struct image *im = published_image(&c, 1);
	const struct circuit *net = &im->circuits[1];

	(void)state;
	assert_int_equal(net->in4.ranges, 1);
	assert_int_equal(net->in4.addresses, 254);
	assert_int_equal(net->in6.ranges, 1);
	assert_int_equal(net->in6.addresses, 65536);
	assert_int_equal(net->in6.range[0].length, 112);
	assert_int_equal(im->circuits[2].in4.ranges, 0);
	image_free(im);
	config_free(c);
}

static void an_inbound_pool_of_too_many_ranges_is_an_error(void **state)
{
	struct config *c = read_text(published);
	struct numbers *n = counted(1);
	struct feeds none = { 0 };

	(void)state;
	c->circuits[0].inbound_pool.at[0].prefix.length = 20;
	assert_null(image_compile(c, &none, number, n, &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.lines[0].text, "circuits[internet].inbound-pool: more than 8 ranges"));
	free(n);
	config_free(c);
}

static void a_range_says_that_it_holds_a_service(void **state)
{
	struct config *c;
	struct image *im = published_image(&c, 1);
	const struct circuit *net = &im->circuits[1];

	(void)state;
	assert_int_equal(net->out4.range[0].flags, RANGE_HAS_SERVICE);
	assert_int_equal(net->out4.range[1].flags, 0);
	assert_int_equal(net->out6.range[0].flags, RANGE_HAS_SERVICE);
	assert_int_equal(net->out6.range[1].flags, 0);
	assert_int_equal(net->in4.range[0].flags, 0);
	/* and the address is the service's, not the pool's */
	assert_int_equal(owner_of(im, "203.0.113.7").kind, OWNER_SERVICE);
	assert_int_equal(owner_of(im, "203.0.113.6").kind, OWNER_OUTBOUND_POOL);
	assert_int_equal(owner_of(im, "2001:db8:2::25").kind, OWNER_SERVICE);
	assert_int_equal(owner_of(im, "10.200.5.9").kind, OWNER_INBOUND_POOL);
	assert_int_equal(owner_of(im, "10.200.5.9").circuit, 1);
	image_free(im);
	config_free(c);
}

static void numbers_of_services_that_run_out_are_an_error(void **state)
{
	struct config *c = read_text(published);
	struct numbers *n = calloc(1, sizeof(*n));
	struct feeds none = { 0 };

	(void)state;
	n->step = 1;
	for (int i = 1; i < SERVICES_MAX; i++)
		snprintf(n->names[NAME_SERVICE][i], 64, "s%d", i);
	assert_null(image_compile(c, &none, number, n, &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.lines[0].text, "services[mail]: no number left"));
	free(n);
	config_free(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, clear_report, clear_report)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(circuits_carry_pools_and_flags),
		T(rules_list_circuits_then_otherwise),
		T(owners_name_pools_and_services),
		T(settings_are_in_nanoseconds),
		T(inbound_pool_within_a_segment_is_in_none),
		T(numbers_that_run_out_are_an_error),
		T(services_carry_servers_circuits_and_limits),
		T(ports_find_their_service_and_no_other),
		T(an_inbound_pool_has_no_network_and_broadcast_numbers),
		T(inbound_pools_are_the_circuits),
		T(an_inbound_pool_of_too_many_ranges_is_an_error),
		T(a_range_says_that_it_holds_a_service),
		T(numbers_of_services_that_run_out_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
