/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration as a tree of plain structs, with the line of everything an error may be about.
 * Every string and array belongs to the struct config; config_free gives all back.
 */
#ifndef SAMEPATH_USERSPACE_CONFIG_H
#define SAMEPATH_USERSPACE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "prefix.h"

struct report; /* report.h: collects errors with file, line, value and what would be accepted */

struct config_prefix {
	struct prefix prefix;
	int line;
};
struct config_prefixes {
	struct config_prefix *at;
	size_t count;
};
/* A word, or a reference by name to a segment, class, circuit. */
struct config_word {
	char *text;
	int line;
};
struct config_words {
	struct config_word *at;
	size_t count;
};

struct config_segment {
	char *name;
	int line;
	struct config_prefixes prefixes;
};

enum circuit_kind { KIND_INTERNET, KIND_EXPRESSROUTE, KIND_OTHER };
enum mapping_mode { MAP_ADDRESS_AND_PORT, MAP_ENDPOINT_INDEPENDENT };

/* What must answer over a link for it to be used, or on a server for it to get new flows. */
struct config_check {
	uint8_t protocol; /* IPPROTO_ICMP or IPPROTO_TCP, 0: no check */
	uint16_t port; /* of TCP, host order */
	struct prefix target; /* host prefix; of a service none, for each server is asked */
	int line;
	uint32_t interval; /* seconds */
	uint32_t rise, fall; /* answers until it is up, failures until it is down */
};

struct config_link {
	char *interface; /* as written, "er2.100" is a VLAN device */
	int line;
	struct config_prefixes next_hops; /* host prefixes */
	struct config_check check;
};

struct config_circuit {
	char *name;
	int line;
	enum circuit_kind kind;
	uint32_t table; /* 0: main */
	struct config_link *links;
	size_t link_count;
	bool translates; /* the key outbound-pool is there */
	struct config_prefixes outbound_pool, inbound_pool, advertise;
	enum mapping_mode map_udp, map_tcp;
	uint16_t port_min, port_max; /* default 1, 65535 */
	uint16_t mss; /* 0: none, MSS_AUTO */
	bool monitor; /* enforce: monitor */
	bool inbound_off; /* inbound: off */
	bool other_protocols; /* other-protocols: address */
	bool dscp; /* the key dscp is there */
	uint8_t dscp_rest;
	uint64_t dscp_keep; /* a bit for each value */
};

enum feed_format {
	FEED_MICROSOFT365, FEED_AZURE_SERVICE_TAGS, FEED_AWS_IP_RANGES, FEED_GOOGLE, FEED_CIDR_LINES
};
struct config_feed {
	char *name;
	int line;
	enum feed_format format;
	char *source; /* a path, relative to the configuration file, or a URL */
	char *instance; /* NULL: Worldwide */
	struct config_words areas; /* asked for; empty: all */
	char *tenant; /* NULL: none */
	bool ipv6; /* default true */
	char *seed, *ca; /* paths, relative to the configuration file; NULL: none, the system's */
	uint32_t min4, min6; /* shortest prefix accepted */
	uint32_t hold_share; /* percent of the prefixes that may leave or arrive by themselves */
	bool additions_on_date;
	uint32_t removal_grace; /* seconds */
	uint32_t interval; /* seconds between polls */
	uint32_t timeout; /* seconds, of one transfer */
};

struct config_class {
	char *name;
	int line;
	char *feed; /* NULL: literal prefixes only */
	int feed_line;
	struct config_words areas, categories; /* empty: all */
	struct config_words services, regions, groups, names; /* empty: all */
	int *ids;
	size_t id_count; /* 0: all */
	int required, expressroute; /* -1 not asked, 0 false, 1 true */
	struct config_prefixes prefixes; /* literal; with `feed` they are added */
	struct config_words except; /* earlier classes, whose prefixes are taken out */
};

struct config_rule {
	int line;
	struct config_words from; /* segments */
	struct config_words to; /* classes, or the one word "any" */
	struct config_words circuits;
	struct config_word otherwise; /* circuit name or "drop" */
	bool translate; /* default true */
	bool spread_by_host;
};

struct config_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP (ports 0) */
	uint16_t first, last;
	int line;
};
enum all_down { DOWN_DROP, DOWN_RESET, DOWN_ICMP };

struct config_service {
	char *name;
	int line;
	struct config_prefixes public, servers; /* host prefixes */
	struct config_port *ports;
	size_t port_count;
	struct config_words circuits;
	bool source_nat; /* inbound-pool (default) or none */
	uint16_t server_port; /* host order, 0: the port that was asked */
	int server_port_line;
	struct config_check check;
	struct config_prefixes drain; /* servers that take no new flow */
	enum all_down all_down; /* default drop */
	uint32_t rate, remote_rate; /* new flows a second, of all and of one remote prefix; 0: no limit */
	int rate_line;
};

struct config {
	char *file;
	char *source; /* the bytes that were read: a pipe gives them once, and an editor may change them */
	size_t source_size;
	char *name; /* gateway.name */
	int name_line;
	bool lab;
	struct config_words interfaces; /* inside */
	uint32_t host_rate; /* new flows a second of one inside host, 0: no limit */
	struct config_segment *segments;
	size_t segment_count;
	struct config_circuit *circuits;
	size_t circuit_count;
	struct config_feed *feeds;
	size_t feed_count;
	struct config_class *classes;
	size_t class_count;
	struct config_rule *rules;
	size_t rule_count;
	struct config_service *services;
	size_t service_count;
	struct { /* seconds */
		uint32_t tcp_established, tcp_transitory, inbound_half_open, udp, icmp, fragment;
		int line;
	} timeouts;
	struct {
		uint32_t flows, flows_per_host, half_open, held_fragments;
		int line;
	} limits;
};

/* Reads and checks form and field types. Every error goes to `report`. NULL when there was one. */
struct config *config_read(const char *file, struct report *report);
void config_free(struct config *config);
bool config_same(const struct config *a, const struct config *b); /* read from the same bytes */
const struct config_circuit *config_circuit(const struct config *c, const char *name);
const struct config_class *config_class(const struct config *c, const char *name);
const struct config_segment *config_segment(const struct config *c, const char *name);

#endif
