// SPDX-License-Identifier: GPL-2.0-only
/* Every key of a plan, in the order in which the manual page lists them. */
#include "config_read.h"
#include "paper_read.h"

#define AT(type, member) .at = offsetof(struct type, member)
#define GIVEN(type, member) .given_at = offsetof(struct type, member)
#define ARRAY(type, member, counter) \
	AT(type, member), .count_at = offsetof(struct type, counter)
#define CHOICES(...) .choices = (const char *const[]){ __VA_ARGS__, NULL }
#define NAMED(type) .size = sizeof(struct type), .line_at = offsetof(struct type, line), .has_line = true
#define TTL_MAX 604800 /* a week */
#define HEADS_MAX 100000000
#define SIZING(member, most) FIELD_NUMBER, AT(paper, member), .min = 1, .max = (most)

static const struct field head_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper, name), .line_at = offsetof(struct paper, name_line) },
	{ "lab", FIELD_BOOL, AT(paper, lab) },
	{ "asn", FIELD_NUMBER, AT(paper, asn), .min = 1, .max = UINT32_MAX },
	{ "proxy", FIELD_TEXT, AT(paper, proxy) },
	{ "registered", FIELD_TEXT, AT(paper, registered),
	  .line_at = offsetof(struct paper, registered_line) },
	{ 0 },
};
static const struct object head_object = { .fields = head_fields };

static const struct field route_fields[] = {
	{ "to", FIELD_PREFIXES, AT(paper_route, to) },
	{ "from", FIELD_WORD, AT(paper_route, from) },
	{ "except", FIELD_PREFIXES, AT(paper_route, except) },
	{ "next", FIELD_WORD, .required = true, AT(paper_route, next) },
	{ 0 },
};
static const struct object route_object = { route_fields, NAMED(paper_route) };
#define ROUTES(type) FIELD_OBJECTS, ARRAY(type, routes.at, routes.count), .object = &route_object

static const struct field segment_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_segment, name) },
	{ "prefixes", FIELD_PREFIXES, .required = true, AT(paper_segment, prefixes) },
	{ "routes", ROUTES(paper_segment) },
	{ "without", FIELD_WORDS, AT(paper_segment, without) },
	{ 0 },
};
static const struct object segment_object = { segment_fields, NAMED(paper_segment) };

static const struct field site_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_site, name) },
	{ "region", FIELD_NAME, AT(paper_site, region) },
	{ "segments", FIELD_OBJECTS, ARRAY(paper_site, segments, segment_count),
	  .object = &segment_object },
	{ "routes", ROUTES(paper_site) },
	{ 0 },
};
static const struct object site_object = { site_fields, NAMED(paper_site) };

static const struct field firewall_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_firewall, name) },
	{ "between", FIELD_WORDS, .required = true, AT(paper_firewall, between) },
	{ "stateful", FIELD_BOOL, AT(paper_firewall, stateful) },
	{ "source-nat", FIELD_PREFIXES, AT(paper_firewall, source_nat) },
	{ 0 },
};
static void firewall_defaults(void *element)
{
	((struct paper_firewall *)element)->stateful = true;
}
static const struct object firewall_object = {
	firewall_fields, NAMED(paper_firewall), .defaults = firewall_defaults
};

static const struct field gateway_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_gateway, name) },
	{ "inside", FIELD_WORD, .required = true, AT(paper_gateway, inside) },
	{ "config", FIELD_TEXT, AT(paper_gateway, file), .line_at = offsetof(struct paper_gateway, file_line) },
	{ "policy", FIELD_OBJECTS, ARRAY(paper_gateway, rules, rule_count), .object = &rule_object,
	  GIVEN(paper_gateway, has_policy) },
	{ "routes", ROUTES(paper_gateway) },
	{ 0 },
};
static const struct object gateway_object = { gateway_fields, NAMED(paper_gateway) };

static const struct field session_fields[] = {
	{ "state", FIELD_CHOICE, AT(paper_session, down), .size = 1, CHOICES("up", "down") },
	{ "bird", FIELD_TEXT, AT(paper_session, bird) },
	{ "frr", FIELD_TEXT, AT(paper_session, frr) },
	{ "peer", FIELD_TEXT, AT(paper_session, peer) },
	{ 0 },
};
static const struct object session_object = { .fields = session_fields };
static const struct field link_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_link, name) },
	{ "session", FIELD_EITHER, AT(paper_link, session), .object = &session_object,
	  GIVEN(paper_link, session_given) },
	{ 0 },
};
static const struct object link_object = { link_fields, NAMED(paper_link) };

static const struct field prefixes_fields[] = {
	{ "prefixes", FIELD_PREFIXES, AT(paper_prefixes, at) },
	{ "bird", FIELD_TEXT, AT(paper_prefixes, bird) },
	{ "frr", FIELD_TEXT, AT(paper_prefixes, frr) },
	{ "provider", FIELD_TEXT, AT(paper_prefixes, provider) },
	{ "peer", FIELD_TEXT, AT(paper_prefixes, peer) },
	{ 0 },
};
static const struct object prefixes_object = { .fields = prefixes_fields };
#define DUMPED(member) \
	FIELD_EITHER, AT(paper_circuit, member), .object = &prefixes_object, \
	GIVEN(paper_circuit, member.given)

static const struct field circuit_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_circuit, name) },
	{ "kind", FIELD_CHOICE, .required = true, AT(paper_circuit, kind), .size = 4,
	  CHOICES("internet", "expressroute", "other") },
	{ "gateway", FIELD_WORD, .required = true, AT(paper_circuit, gateway) },
	{ "region", FIELD_NAME, AT(paper_circuit, region) },
	{ "meet-me", FIELD_NAME, AT(paper_circuit, meet_me) },
	{ "links", FIELD_OBJECTS, ARRAY(paper_circuit, links, link_count), .object = &link_object },
	{ "received", DUMPED(received) },
	{ "accepted", DUMPED(accepted) },
	{ "outbound-pool", FIELD_PREFIXES, AT(paper_circuit, outbound_pool),
	  GIVEN(paper_circuit, translates) },
	{ "inbound-pool", FIELD_PREFIXES, AT(paper_circuit, inbound_pool) },
	{ "advertise", FIELD_PREFIXES, AT(paper_circuit, advertise) },
	{ 0 },
};
static const struct object circuit_object = { circuit_fields, NAMED(paper_circuit) };

static const struct field destination_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_destination, name) },
	{ "prefixes", FIELD_PREFIXES, AT(paper_destination, class.prefixes) },
	{ "feed", FIELD_NAME, AT(paper_destination, class.feed),
	  .line_at = offsetof(struct paper_destination, class.feed_line) },
	{ "areas", FIELD_WORDS, AT(paper_destination, class.areas) },
	{ "categories", FIELD_WORDS, AT(paper_destination, class.categories),
	  CHOICES("Optimize", "Allow", "Default") },
	{ "expressroute", FIELD_TRISTATE, AT(paper_destination, class.expressroute) },
	{ "provider", FIELD_BOOL, AT(paper_destination, provider) },
	{ "audience", FIELD_CHOICE, AT(paper_destination, other), .size = 1, CHOICES("office365", "other") },
	{ "region", FIELD_NAME, AT(paper_destination, region) },
	{ 0 },
};
static void destination_defaults(void *element)
{
	struct paper_destination *d = element;

	d->provider = true;
	d->class.required = d->class.expressroute = -1;
}
static const struct object destination_object = {
	destination_fields, NAMED(paper_destination), .defaults = destination_defaults
};

static const struct field latency_fields[] = {
	{ "circuit", FIELD_WORD, .required = true, AT(paper_latency, circuit) },
	{ "ms", FIELD_NUMBER, .required = true, AT(paper_latency, ms), .max = 60000 },
	{ 0 },
};
static const struct object latency_object = { latency_fields, NAMED(paper_latency) };
static const struct field location_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_location, name) },
	{ "segment", FIELD_WORD, .required = true, AT(paper_location, segment) },
	{ "region", FIELD_NAME, AT(paper_location, region) },
	{ "heads", FIELD_NUMBER, AT(paper_location, heads), .max = HEADS_MAX },
	{ "uses", FIELD_WORDS, AT(paper_location, uses) },
	{ "latency", FIELD_OBJECTS, ARRAY(paper_location, latency, latency_count),
	  .object = &latency_object },
	{ 0 },
};
static const struct object location_object = { location_fields, NAMED(paper_location) };

static const struct field service_fields[] = {
	{ "name", FIELD_NAME, .required = true, AT(paper_service, name) },
	{ "public", FIELD_ADDRESSES, .required = true, AT(paper_service, public) },
	{ "ports", FIELD_PORTS, .required = true, ARRAY(paper_service, ports, port_count) },
	{ "servers", FIELD_ADDRESSES, .required = true, AT(paper_service, servers) },
	{ "circuits", FIELD_WORDS, .required = true, AT(paper_service, circuits) },
	{ "at", FIELD_WORD, AT(paper_service, at) },
	{ "source-nat", FIELD_CHOICE, AT(paper_service, source_nat), .size = 1,
	  CHOICES("none", "inbound-pool") },
	{ "used-by", FIELD_WORDS, AT(paper_service, used_by) },
	{ "other-users", FIELD_BOOL, AT(paper_service, other_users) },
	{ "internet-users", FIELD_BOOL, AT(paper_service, internet_users) },
	{ 0 },
};
static const struct object service_object = { service_fields, NAMED(paper_service) };

static const struct field dns_fields[] = {
	{ "name", FIELD_TEXT, .required = true, AT(paper_dns, name) },
	{ "service", FIELD_WORD, AT(paper_dns, service) },
	{ "spf", FIELD_WORDS, AT(paper_dns, spf) },
	{ "ttl", FIELD_NUMBER, AT(paper_dns, ttl), .min = 1, .max = TTL_MAX },
	{ 0 },
};
static const struct object dns_object = { dns_fields, NAMED(paper_dns) };

static const struct field sizing_fields[] = {
	{ "ports-per-device", SIZING(ports_per_device, 64000) },
	{ "peak-factor", SIZING(peak_factor, 64000) },
	{ "restricted", FIELD_NUMBER, AT(paper, restricted), .max = 63999 },
	{ 0 },
};
static const struct object sizing_object = { .fields = sizing_fields };

static const struct field paper_fields[] = {
	{ "plan", FIELD_OBJECT, .required = true, .object = &head_object },
	{ "sites", FIELD_OBJECTS, .required = true, ARRAY(paper, sites, site_count), .object = &site_object },
	{ "firewalls", FIELD_OBJECTS, ARRAY(paper, firewalls, firewall_count), .object = &firewall_object },
	{ "gateways", FIELD_OBJECTS, .required = true, ARRAY(paper, gateways, gateway_count),
	  .object = &gateway_object },
	{ "circuits", FIELD_OBJECTS, .required = true, ARRAY(paper, circuits, circuit_count),
	  .object = &circuit_object },
	{ "feeds", FIELD_OBJECTS, ARRAY(paper, feeds, feed_count), .object = &feed_object },
	{ "destinations", FIELD_OBJECTS, .required = true, ARRAY(paper, destinations, destination_count),
	  .object = &destination_object },
	{ "locations", FIELD_OBJECTS, ARRAY(paper, locations, location_count), .object = &location_object },
	{ "services", FIELD_OBJECTS, ARRAY(paper, services, service_count), .object = &service_object },
	{ "dns", FIELD_OBJECTS, ARRAY(paper, dns, dns_count), .object = &dns_object },
	{ "sizing", FIELD_OBJECT, .object = &sizing_object },
	{ 0 },
};
static void paper_defaults(void *element)
{
	struct paper *p = element;

	p->ports_per_device = 6; /* the provider's example: 6,000 devices an address */
	p->peak_factor = 4;
	p->restricted = 4000;
}
const struct object paper_object = { paper_fields, .size = sizeof(struct paper), .defaults = paper_defaults };
