// SPDX-License-Identifier: GPL-2.0-only
/* Every key of the configuration, in the order in which the manual page lists them. */
#include "config_read.h"
#include "../maps/service.h"

#define AT(type, member) .at = offsetof(struct type, member)
#define ARRAY(type, member, counter) \
	AT(type, member), .count_at = offsetof(struct type, counter)
#define CHOICES(...) .choices = (const char *const[]){ __VA_ARGS__, NULL }
#define HELD_FRAGMENTS_MAX 4096 /* 12 MiB of the longest, 6 MiB of usual ones */
#define SECONDS_MAX 2678400 /* a month */
#define SIZE_MAX_ENTRIES 16777216
#define DEFAULT_LATER UINT32_MAX /* depends on limits.flows */

static const struct field gateway_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config, name),
	  .line_at = offsetof(struct config, name_line) },
	{ "lab", FIELD_BOOL, AT(config, lab) },
	{ 0 },
};

static const struct field segment_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config_segment, name) },
	{ "prefixes", FIELD_PREFIXES, .required = true, AT(config_segment, prefixes) },
	{ 0 },
};
static const struct object segment_object = {
	segment_fields, sizeof(struct config_segment), offsetof(struct config_segment, line), true, NULL
};

static const struct field inside_fields[] = {
	{ "interfaces", FIELD_INTERFACES, .required = true, AT(config, interfaces) },
	{ "segments", FIELD_OBJECTS, .required = true, ARRAY(config, segments, segment_count),
	  .object = &segment_object },
	{ "new-flows-per-second", FIELD_NUMBER, AT(config, host_rate), .max = RATE_MAX },
	{ 0 },
};

#define CHECK_NUMBER(member, most) FIELD_NUMBER, AT(config_check, member), .min = 1, .max = (most)
/* The target comes first: it may stand alone in place of the object. */
#define CHECK_FIELDS(type) \
	{ "target", type, .required = true }, \
	{ "interval", CHECK_NUMBER(interval, 300) }, \
	{ "rise", CHECK_NUMBER(rise, 100) }, \
	{ "fall", CHECK_NUMBER(fall, 100) }, \
	{ 0 }
static const struct field check_fields[] = { CHECK_FIELDS(FIELD_TARGET) };
static const struct object check_object = { .fields = check_fields };
static const struct field server_check_fields[] = { CHECK_FIELDS(FIELD_SERVER_TARGET) };
static const struct object server_check_object = { .fields = server_check_fields };
static void check_defaults(struct config_check *c)
{
	c->interval = 2;
	c->rise = 2;
	c->fall = 3;
}

static const struct field link_fields[] = {
	{ "interface", FIELD_INTERFACE, .required = true, AT(config_link, interface) },
	{ "next-hop", FIELD_ADDRESSES, AT(config_link, next_hops) },
	{ "check", FIELD_CHECK, AT(config_link, check), .object = &check_object },
	{ 0 },
};
static void link_defaults(void *element)
{
	check_defaults(&((struct config_link *)element)->check);
}
static const struct object link_object = {
	link_fields, sizeof(struct config_link), offsetof(struct config_link, line), true, link_defaults
};

#define MAPPINGS CHOICES("address-and-port-dependent", "endpoint-independent")
static const struct field mapping_fields[] = {
	{ "udp", FIELD_CHOICE, AT(config_circuit, map_udp), .size = 4, MAPPINGS },
	{ "tcp", FIELD_CHOICE, AT(config_circuit, map_tcp), .size = 4, MAPPINGS },
	{ 0 },
};
static const struct object mapping_object = { .fields = mapping_fields };

static const struct field dscp_fields[] = {
	{ "keep", FIELD_DSCPS, AT(config_circuit, dscp_keep) },
	{ "rest", FIELD_DSCP, AT(config_circuit, dscp_rest) },
	{ 0 },
};
static const struct object dscp_object = { .fields = dscp_fields };

static const struct field circuit_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config_circuit, name) },
	{ "kind", FIELD_CHOICE, .required = true, AT(config_circuit, kind), .size = 4,
	  CHOICES("internet", "expressroute", "other") },
	{ "table", FIELD_NUMBER, AT(config_circuit, table), .min = 1, .max = UINT32_MAX },
	{ "links", FIELD_OBJECTS, .required = true, ARRAY(config_circuit, links, link_count),
	  .object = &link_object },
	{ "outbound-pool", FIELD_PREFIXES, AT(config_circuit, outbound_pool),
	  .given_at = offsetof(struct config_circuit, translates) },
	{ "inbound-pool", FIELD_PREFIXES, AT(config_circuit, inbound_pool) },
	{ "inbound", FIELD_CHOICE, AT(config_circuit, inbound_off), .size = 1, CHOICES("on", "off") },
	{ "advertise", FIELD_PREFIXES, AT(config_circuit, advertise) },
	{ "mapping", FIELD_OBJECT, .object = &mapping_object },
	{ "port-range", FIELD_PORT_RANGE, AT(config_circuit, port_min) },
	{ "mss", FIELD_MSS, AT(config_circuit, mss) },
	{ "enforce", FIELD_CHOICE, AT(config_circuit, monitor), .size = 1, CHOICES("strict", "monitor") },
	{ "other-protocols", FIELD_CHOICE, AT(config_circuit, other_protocols), .size = 1,
	  CHOICES("drop", "address") },
	{ "dscp", FIELD_OBJECT, .object = &dscp_object, .given_at = offsetof(struct config_circuit, dscp) },
	{ 0 },
};
static void circuit_defaults(void *element)
{
	struct config_circuit *c = element;

	c->map_udp = MAP_ENDPOINT_INDEPENDENT;
	c->map_tcp = MAP_ADDRESS_AND_PORT;
	c->port_min = 1;
	c->port_max = 65535;
}
static const struct object circuit_object = {
	circuit_fields, sizeof(struct config_circuit), offsetof(struct config_circuit, line), true,
	circuit_defaults
};

static const struct field min_prefix_fields[] = {
	{ "ipv4", FIELD_NUMBER, AT(config_feed, min4), .min = 1, .max = 32 },
	{ "ipv6", FIELD_NUMBER, AT(config_feed, min6), .min = 1, .max = 128 },
	{ 0 },
};
static const struct object min_prefix_object = { .fields = min_prefix_fields };

static const struct field feed_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config_feed, name) },
	{ "format", FIELD_CHOICE, .required = true, AT(config_feed, format), .size = 4,
	  CHOICES("microsoft365", "azure-service-tags", "aws-ip-ranges", "google", "cidr-lines") },
	{ "source", FIELD_TEXT, .required = true, AT(config_feed, source) },
	{ "instance", FIELD_ONE_OF, AT(config_feed, instance),
	  CHOICES("Worldwide", "China", "Germany", "USGovDoD", "USGovGCCHigh") },
	{ "areas", FIELD_WORDS, AT(config_feed, areas) },
	{ "tenant", FIELD_TEXT, AT(config_feed, tenant) },
	{ "ipv6", FIELD_BOOL, AT(config_feed, ipv6) },
	{ "seed", FIELD_TEXT, AT(config_feed, seed) },
	{ "ca", FIELD_TEXT, AT(config_feed, ca) },
	{ "min-prefix", FIELD_OBJECT, .object = &min_prefix_object },
	{ "hold-share", FIELD_NUMBER, AT(config_feed, hold_share), .max = 100 },
	{ "additions", FIELD_CHOICE, AT(config_feed, additions_on_date), .size = 1,
	  CHOICES("at-once", "on-date") },
	{ "removal-grace", FIELD_NUMBER, AT(config_feed, removal_grace), .max = SECONDS_MAX },
	{ "interval", FIELD_NUMBER, AT(config_feed, interval), .min = 1, .max = SECONDS_MAX },
	{ "timeout", FIELD_NUMBER, AT(config_feed, timeout), .min = 1, .max = 3600 },
	{ 0 },
};
static void feed_defaults(void *element)
{
	struct config_feed *f = element;

	f->ipv6 = true;
	f->min4 = 8;
	f->min6 = 16;
	f->hold_share = 20;
	f->interval = 3600;
	f->timeout = 60;
}
const struct object feed_object = {
	feed_fields, sizeof(struct config_feed), offsetof(struct config_feed, line), true, feed_defaults
};

static const struct field class_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config_class, name) },
	{ "feed", FIELD_NAME, AT(config_class, feed), .line_at = offsetof(struct config_class, feed_line) },
	{ "areas", FIELD_WORDS, AT(config_class, areas) },
	{ "categories", FIELD_WORDS, AT(config_class, categories), CHOICES("Optimize", "Allow", "Default") },
	{ "ids", FIELD_IDS, ARRAY(config_class, ids, id_count) },
	{ "required", FIELD_TRISTATE, AT(config_class, required) },
	{ "expressroute", FIELD_TRISTATE, AT(config_class, expressroute) },
	{ "names", FIELD_WORDS, AT(config_class, names) },
	{ "services", FIELD_WORDS, AT(config_class, services) },
	{ "regions", FIELD_WORDS, AT(config_class, regions) },
	{ "groups", FIELD_WORDS, AT(config_class, groups) },
	{ "prefixes", FIELD_PREFIXES, AT(config_class, prefixes) },
	{ "except", FIELD_WORDS, AT(config_class, except) },
	{ 0 },
};
static void class_defaults(void *element)
{
	struct config_class *c = element;

	c->required = c->expressroute = -1;
}
static const struct object class_object = {
	class_fields, sizeof(struct config_class), offsetof(struct config_class, line), true, class_defaults
};

static const struct field rule_fields[] = {
	{ "from", FIELD_WORDS, .required = true, AT(config_rule, from) },
	{ "to", FIELD_WORDS, .required = true, AT(config_rule, to) },
	{ "circuits", FIELD_WORDS, AT(config_rule, circuits) },
	{ "otherwise", FIELD_WORD, .required = true, AT(config_rule, otherwise) },
	{ "translate", FIELD_BOOL, AT(config_rule, translate) },
	{ "spread", FIELD_CHOICE, AT(config_rule, spread_by_host), .size = 1, CHOICES("none", "by-host") },
	{ 0 },
};
static void rule_defaults(void *element)
{
	((struct config_rule *)element)->translate = true;
}
const struct object rule_object = {
	rule_fields, sizeof(struct config_rule), offsetof(struct config_rule, line), true, rule_defaults
};

#define NEW_FLOWS(member) FIELD_NUMBER, AT(config_service, member), .min = 1, .max = RATE_MAX
static const struct field rate_fields[] = {
	{ "service", NEW_FLOWS(rate) },
	{ "remote", NEW_FLOWS(remote_rate) },
	{ 0 },
};
static const struct object rate_object = {
	.fields = rate_fields, .line_at = offsetof(struct config_service, rate_line), .has_line = true
};

static const struct field service_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(config_service, name) },
	{ "public", FIELD_ADDRESSES, .required = true, AT(config_service, public) },
	{ "ports", FIELD_PORTS, .required = true, ARRAY(config_service, ports, port_count) },
	{ "servers", FIELD_ADDRESSES, .required = true, AT(config_service, servers) },
	{ "circuits", FIELD_WORDS, .required = true, AT(config_service, circuits) },
	{ "source-nat", FIELD_CHOICE, AT(config_service, source_nat), .size = 1,
	  CHOICES("none", "inbound-pool") },
	{ "server-port", FIELD_PORT, AT(config_service, server_port),
	  .line_at = offsetof(struct config_service, server_port_line) },
	{ "check", FIELD_CHECK, AT(config_service, check), .object = &server_check_object },
	{ "drain", FIELD_ADDRESSES, AT(config_service, drain) },
	{ "all-down", FIELD_CHOICE, AT(config_service, all_down), .size = 4,
	  CHOICES("drop", "reset", "icmp") },
	{ "rate", FIELD_OBJECT, .object = &rate_object },
	{ 0 },
};
static void service_defaults(void *element)
{
	struct config_service *s = element;

	s->source_nat = true;
	check_defaults(&s->check);
}
static const struct object service_object = {
	service_fields, sizeof(struct config_service), offsetof(struct config_service, line), true,
	service_defaults
};

#define SECONDS(member) AT(config, timeouts.member), .min = 1, .max = SECONDS_MAX
static const struct field timeout_fields[] = {
	{ "tcp-established", FIELD_NUMBER, SECONDS(tcp_established) },
	{ "tcp-transitory", FIELD_NUMBER, SECONDS(tcp_transitory) },
	{ "inbound-half-open", FIELD_NUMBER, SECONDS(inbound_half_open) },
	{ "udp", FIELD_NUMBER, SECONDS(udp) },
	{ "icmp", FIELD_NUMBER, SECONDS(icmp) },
	{ "fragment", FIELD_NUMBER, SECONDS(fragment) },
	{ 0 },
};

static const struct field limit_fields[] = {
	{ "flows", FIELD_NUMBER, AT(config, limits.flows), .min = 1, .max = SIZE_MAX_ENTRIES },
	{ "flows-per-host", FIELD_NUMBER, AT(config, limits.flows_per_host), .max = SIZE_MAX_ENTRIES },
	{ "half-open", FIELD_NUMBER, AT(config, limits.half_open), .min = 1, .max = SIZE_MAX_ENTRIES },
	{ "held-fragments", FIELD_NUMBER, AT(config, limits.held_fragments), .max = HELD_FRAGMENTS_MAX },
	{ 0 },
};

static const struct object gateway_object = { .fields = gateway_fields };
static const struct object inside_object = { .fields = inside_fields };
static const struct object timeout_object = {
	.fields = timeout_fields, .line_at = offsetof(struct config, timeouts.line), .has_line = true
};
static const struct object limit_object = {
	.fields = limit_fields, .line_at = offsetof(struct config, limits.line), .has_line = true
};

static const struct field config_fields[] = {
	{ "gateway", FIELD_OBJECT, .required = true, .object = &gateway_object },
	{ "inside", FIELD_OBJECT, .required = true, .object = &inside_object },
	{ "circuits", FIELD_OBJECTS, .required = true, ARRAY(config, circuits, circuit_count),
	  .object = &circuit_object },
	{ "feeds", FIELD_OBJECTS, ARRAY(config, feeds, feed_count), .object = &feed_object },
	{ "classes", FIELD_OBJECTS, ARRAY(config, classes, class_count), .object = &class_object },
	{ "policy", FIELD_OBJECTS, .required = true, ARRAY(config, rules, rule_count),
	  .object = &rule_object },
	{ "services", FIELD_OBJECTS, ARRAY(config, services, service_count), .object = &service_object },
	{ "timeouts", FIELD_OBJECT, .object = &timeout_object },
	{ "limits", FIELD_OBJECT, .object = &limit_object },
	{ 0 },
};
static void config_defaults(void *element)
{
	struct config *c = element;

	c->timeouts.tcp_established = 7440; /* RFC 5382 REQ-5 */
	c->timeouts.tcp_transitory = 240;
	c->timeouts.inbound_half_open = 20;
	c->timeouts.udp = 300; /* RFC 4787 REQ-5 */
	c->timeouts.icmp = 60; /* RFC 5508 REQ-2 */
	c->timeouts.fragment = 30;
	c->limits.flows = 1000000;
	c->limits.held_fragments = 1024;
	c->limits.flows_per_host = c->limits.half_open = DEFAULT_LATER;
}
const struct object config_object = {
	config_fields, sizeof(struct config), 0, false, config_defaults
};
