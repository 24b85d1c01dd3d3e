// SPDX-License-Identifier: GPL-2.0-only
/* What an image holds of circuits, rules, owners and settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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
	assert_int_equal(chi->flags, CIRCUIT_PRESENT | CIRCUIT_TCP_EIM);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
