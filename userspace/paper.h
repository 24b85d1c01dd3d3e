/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan: a whole site on paper, for `samepath verify`. What is inside are sites (routers), the
 * segments that hang on them, and firewalls between them; gateways stand between the inside and the
 * circuits; destinations are who is outside. All of these are places that a packet passes, and share
 * one space of names. A gateway may be a samepath whose configuration file says its circuits' pools,
 * its policy and its services; otherwise the plan says them.
 *
 * Everything belongs to struct paper; paper_free gives all back.
 */
#ifndef SAMEPATH_USERSPACE_PAPER_H
#define SAMEPATH_USERSPACE_PAPER_H

#include "config.h"
#include "feed.h"
#include "report.h"

enum place_kind {
	PLACE_NONE,
	PLACE_DESTINATION,
	PLACE_CIRCUIT,
	PLACE_GATEWAY,
	PLACE_FIREWALL,
	PLACE_SITE,
	PLACE_SEGMENT
};
/* Every place begins with its name and its line. */
struct place_head {
	char *name;
	int line;
};
struct place {
	enum place_kind kind;
	union {
		const struct place_head *head;
		const struct paper_destination *destination;
		const struct paper_circuit *circuit;
		const struct paper_gateway *gateway;
		const struct paper_firewall *firewall;
		const struct paper_site *site;
		const struct paper_segment *segment;
	};
};

/* Prefixes, written out or read from what a router shows. */
struct paper_prefixes {
	struct config_prefixes
		at; /* of `received`: sorted by prefix_compare, which takes them as they begin */
	char *bird, *frr, *provider; /* files of dumps, NULL: none */
	char *peer; /* whose routes count in them, NULL: all */
	bool given;
};

/* Where a site or gateway sends what: to these prefixes, or to all that is received on a circuit. */
struct paper_route {
	int line;
	struct config_prefixes to;
	struct config_word from; /* circuit; text NULL: `to` says it */
	struct config_prefixes except; /* of what is received: neither these nor what lies within them */
	struct config_word next;
	/* Resolved. */
	const struct paper_circuit *circuit;
	struct place hop;
};
struct paper_routes {
	struct paper_route *at;
	size_t count;
};

struct paper_segment {
	char *name;
	int line;
	struct config_prefixes prefixes;
	struct paper_routes routes; /* beside those of its site */
	struct config_words without; /* circuits whose received routes it does not see */
	const struct paper_site *site;
};
struct paper_site {
	char *name;
	int line;
	char *region;
	struct paper_segment *segments;
	size_t segment_count;
	struct paper_routes routes;
};
struct paper_firewall {
	char *name;
	int line;
	bool stateful; /* default true */
	struct config_words between; /* two of sites and gateways; the first is the inner one */
	struct config_prefixes source_nat; /* what questions from the outer side wear behind it */
	struct place ends[2];
};
struct paper_gateway {
	char *name;
	int line;
	char *file; /* of its samepath configuration, relative to the plan; NULL: none */
	int file_line;
	struct config_word inside; /* the site that it sends to by default */
	bool has_policy; /* samepath without a file */
	struct config_rule *rules;
	size_t rule_count;
	struct paper_routes routes;
	/* Resolved. */
	struct place inner;
	struct config *config;
	struct feeds feeds;
	struct paper_class *classes; /* in the order of config->classes */
};
/* The prefixes that a class of a gateway's configuration selects. */
struct paper_class {
	struct prefix *at;
	size_t count;
};

/* Of a pool's addresses one of each kind that the plan tells apart. */
struct paper_hosts {
	struct in6_addr *at;
	size_t count;
};

/* A link's BGP session: as the plan says, or as a router's list of its sessions does. */
struct paper_session {
	bool down;
	char *bird, *frr, *peer; /* files, and which of their sessions */
};
struct paper_link {
	char *name;
	int line;
	struct paper_session session;
	bool session_given;
};
struct paper_circuit {
	char *name;
	int line;
	enum circuit_kind kind;
	struct config_word gateway;
	char *region, *meet_me;
	struct paper_link *links;
	size_t link_count;
	struct paper_prefixes received, accepted;
	bool translates;
	struct config_prefixes outbound_pool, inbound_pool,
		advertise; /* where no configuration says them */
	/* Resolved. */
	const struct paper_gateway *at;
	const struct config_circuit *config;
	struct paper_hosts outbound_hosts, inbound_hosts; /* for who walks the plan (verify_points.c) */
};

struct paper_destination {
	char *name;
	int line;
	char *region;
	bool provider; /* default true: it stands behind circuits of kind expressroute as well */
	bool other; /* audience: other, of no service of Office 365 */
	struct config_class class; /* feed, areas, prefixes */
	struct prefix *prefixes;
	size_t prefix_count;
};

struct paper_latency {
	struct config_word circuit;
	int line;
	uint32_t ms;
};
struct paper_location {
	char *name;
	int line;
	struct config_word segment;
	char *region;
	uint32_t heads;
	struct config_words uses; /* destinations; none: all */
	struct paper_latency *latency;
	size_t latency_count;
	const struct paper_segment *at;
};

struct paper_service {
	char *name;
	int line;
	struct config_prefixes public, servers;
	struct config_port *ports;
	size_t port_count;
	struct config_words circuits;
	struct config_word
		at; /* gateway or firewall that translates its destination; text NULL: none does */
	bool source_nat; /* default false in a plan */
	struct config_words used_by; /* destinations; none: all */
	bool other_users; /* by more than Office 365 */
	bool internet_users;
	/* Resolved. */
	struct place publisher;
	bool borrowed; /* its fields belong to a gateway's configuration */
};

/* A name of the public DNS. */
struct paper_dns {
	char *name;
	int line;
	struct config_word service; /* whose addresses it has; text NULL: none */
	struct config_words spf; /* circuits and services from whose addresses its mail comes */
	uint32_t ttl; /* seconds, 0: not given */
};

struct paper {
	char *file;
	char *name;
	int name_line;
	bool lab;
	uint32_t asn; /* of the site, 0: not given */
	char *proxy; /* HOST:PORT for what does not go over a circuit directly, NULL: not given */
	char *registered; /* file with prefixes that are registered, NULL: none */
	int registered_line;
	struct config_prefixes registry;
	struct paper_site *sites;
	size_t site_count;
	struct paper_firewall *firewalls;
	size_t firewall_count;
	struct paper_gateway *gateways;
	size_t gateway_count;
	struct paper_circuit *circuits;
	size_t circuit_count;
	struct config_feed *feeds;
	size_t feed_count;
	struct feeds bodies; /* of these feeds, in their order */
	struct paper_destination *destinations;
	size_t destination_count;
	struct paper_location *locations;
	size_t location_count;
	struct paper_service *services;
	size_t service_count;
	struct paper_dns *dns;
	size_t dns_count;
	uint32_t ports_per_device, peak_factor, restricted; /* of the formula for pools */
};

/* Reads a plan and all that it names. NULL when there was an error, all of them reported. */
struct paper *paper_read(const char *file, struct report *report);
void paper_free(struct paper *plan);

/* Names that refer to nothing, or stand twice; resolves the others. False: it must not be walked. */
bool paper_names(struct paper *plan, struct report *report);

/* PLACE_NONE: there is none of that name. */
struct place paper_place(const struct paper *plan, const char *name);
bool place_same(struct place a, struct place b);
const char *place_name(struct place p);
const struct paper_circuit *paper_circuit(const struct paper *plan, const char *name);
const struct paper_destination *paper_destination(const struct paper *plan, const char *name);
const struct paper_service *paper_service(const struct paper *plan, const char *name);
const struct paper_segment *paper_segment(const struct paper *plan, const char *name);
/* The one with the longest prefix around an address. */
const struct paper_segment *paper_segment_of(const struct paper *plan, const struct prefix *host);

/* As the gateway's configuration says, or else the plan. */
const struct config_prefixes *circuit_outbound(const struct paper_circuit *c);
const struct config_prefixes *circuit_inbound(const struct paper_circuit *c);
const struct config_prefixes *circuit_advertised(const struct paper_circuit *c);
bool circuit_translates(const struct paper_circuit *c);
/* Does it hold flows to circuits? */
bool gateway_is_samepath(const struct paper_gateway *g);

bool words_have(const struct config_words *words, const char *text);
/* The longest of them that contains p, NULL: none. */
const struct config_prefix *longest_of(const struct config_prefixes *list, const struct prefix *p);

#endif
