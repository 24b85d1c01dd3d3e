/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel objects of a gateway outside BPF: rules, routes, forwarding, link settings. Read over
 * netlink (libmnl) and /proc/sys of the current network namespace, written only through steps.
 *
 * A step knows how to do itself, to undo itself, and to say what it is, so that `apply` can print
 * what it would do, stop in the middle, and put everything back.
 */
#ifndef SAMEPATH_USERSPACE_KERNEL_H
#define SAMEPATH_USERSPACE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "prefix.h"
#include "steps.h"

struct config;
struct report;

#define KERNEL_PROTOCOL 0x5a /* rtm_protocol and FRA_PROTOCOL of what samepath makes */

struct kernel_address { /* an address of a device */
	int ifindex;
	struct prefix address; /* host prefix */
	unsigned char subnet_length; /* own family's bits */
};
struct kernel_link {
	int ifindex;
	char name[16];
	unsigned char mac[6];
	uint32_t mtu;
	bool up, carrier, vlan; /* vlan: an 802.1Q or 802.1ad device */
	uint32_t queues; /* receive queues */
	int parent; /* of a VLAN device: the ifindex below it; else, or in another namespace, 0 */
	uint16_t tag; /* of a VLAN device, see TAG_ID in maps/circuit.h */
	uint8_t xdp; /* XDP_ATTACHED_* */
};
/* Where frames of a device go by: itself, or the device at the bottom of VLAN devices, and the tags there. */
struct kernel_place {
	const struct kernel_link *trunk;
	uint16_t tags[2]; /* outer first, 0: none */
};
struct kernel_neighbour {
	int ifindex;
	struct in6_addr address; /* mapped */
	uint16_t state; /* NUD_* */
};
/* ROUTE_OTHER (prohibit, throw) is only read. Local, broadcast and their like are not listed. */
enum route_kind { ROUTE_UNICAST, ROUTE_UNREACHABLE, ROUTE_BLACKHOLE, ROUTE_OTHER };
#define KERNEL_HOPS 16
struct kernel_hop {
	int ifindex;
	struct in6_addr gateway; /* mapped; all zero: none */
	bool onlink; /* the gateway is in no subnet of the device */
};
struct kernel_route {
	struct prefix to;
	uint32_t table; /* 254: main */
	uint32_t metric;
	enum route_kind kind;
	struct kernel_hop hops[KERNEL_HOPS];
	unsigned int hop_count;
	unsigned char protocol;
};
struct kernel_rule {
	struct prefix from; /* length 0: any */
	unsigned char family;
	char oif[16]; /* "": any */
	uint32_t table;
	uint32_t priority;
	unsigned char protocol;
	unsigned char ip_protocol; /* 0: any */
	bool suppress_default; /* suppress_prefixlength 0: the table without its default */
	bool other; /* read only: has a selector or an action that is not described here */
};

/* Every list is malloc'ed for the caller. 0 or -errno. */
int kernel_links(struct kernel_link **out, size_t *count);
/* The place of one of these devices. 0; -ENODEV: the device below is in another namespace; -E2BIG: more
 * than two tags; -EINVAL: a tag of id 0. `trunk` is one of `links`. */
int kernel_place(const struct kernel_link *links, size_t count, const struct kernel_link *link,
		 struct kernel_place *out);
int kernel_addresses(struct kernel_address **out, size_t *count);
int kernel_neighbours(struct kernel_neighbour **out, size_t *count);
int kernel_routes(uint32_t table, struct kernel_route **out, size_t *count); /* 0: all tables */
int kernel_rules(struct kernel_rule **out, size_t *count);

/* The device by which a packet of this host would leave to the address (mapped); -errno. */
int kernel_route_device(const struct in6_addr *to);
int kernel_route_add(const struct kernel_route *r); /* NLM_F_CREATE | NLM_F_EXCL */
int kernel_route_replace(const struct kernel_route *r);
int kernel_route_delete(const struct kernel_route *r);
int kernel_rule_add(const struct kernel_rule *r);
int kernel_rule_delete(const struct kernel_rule *r);
/* In the syntax of `ip`: "route VERB default via ... table 101". Returns `buffer`. */
const char *kernel_route_text(const struct kernel_route *r, const char *verb, char *buffer,
			      size_t size);
const char *kernel_rule_text(const struct kernel_rule *r, const char *verb, char *buffer,
			     size_t size);
/* Asks the kernel to probe this neighbour now (NTF_USE). */
int kernel_neighbour_use(int ifindex, const struct in6_addr *address);
/* Sends a gratuitous ARP reply or unsolicited neighbour advertisement for an owned address. */
int kernel_announce(const struct kernel_link *link, const struct in6_addr *address);

/* Path below /proc/sys, e.g. "net/ipv4/ip_forward". The value without newline. 0 or -errno.
 * "ethtool/DEVICE/rxvlan" is a setting as well, "on" or "off": does the device hide VLAN tags? */
int kernel_sysctl_get(const char *path, char *value, size_t size);
int kernel_sysctl_set(const char *path, const char *value);

/* Listening TCP and bound UDP ports of this namespace, (protocol, port host order). */
struct kernel_port {
	uint8_t protocol;
	uint16_t port;
};
int kernel_ports(struct kernel_port **out, size_t *count);

/* A netlink socket that hears links, addresses, routes, rules and neighbours; readable = something
 * changed. kernel_watch_read drains it and says what (bits of enum kernel_change); ENOBUFS counts
 * as all. */
enum kernel_change { CHANGE_LINK = 1, CHANGE_ADDRESS = 2, CHANGE_ROUTE = 4, CHANGE_NEIGHBOUR = 8 };
int kernel_watch_open(void);
int kernel_watch_read(int fd);

/* The desired objects of a configuration, and the way there from what is. */
struct kernel_want {
	struct kernel_rule *rules;
	size_t rule_count;
	struct kernel_route *routes;
	size_t route_count;
	struct kernel_sysctl {
		char path[96], value[16];
	} * sysctls;
	size_t sysctl_count;
};

/* Priorities of our rules, all ahead of main's 32766 and behind local's 0. The prefixes and links
 * they name are disjoint, so that order within one priority does not matter. */
#define KERNEL_PRIORITY_POOL 1000 /* from POOL lookup T */
#define KERNEL_PRIORITY_QUESTION 1025 /* oif LINK ipproto 253 lookup T: the packet path asks */
#define KERNEL_PRIORITY_CONNECTED 1050 /* oif LINK lookup main suppress_prefixlength 0: probes */
#define KERNEL_PRIORITY_LINK 1100 /* oif LINK lookup T: probes */
#define KERNEL_METRIC_LAST UINT32_MAX /* behind every route that anybody else installs */

/* What a configuration asks of the kernel, given its devices and addresses. A next hop whose
 * device is missing or down is left out with a warning: the kernel would refuse the whole route.
 * 0 or -errno; on failure *out is empty. Frees with kernel_want_free. */
int kernel_want_build(const struct config *c, const struct kernel_link *links, size_t link_count,
		      const struct kernel_address *addresses, size_t address_count,
		      struct kernel_want *out, struct report *r);
void kernel_want_free(struct kernel_want *want);

/*
 * Appends the steps that make this instance's rules, routes and sysctls equal to `want`:
 * additions to `before` (ahead of the slot switch), removals to `after`, sysctls and their
 * restoration to `last`. An empty `want` is how `stop` removes all; it runs `last` first.
 *
 * An object is this instance's when it carries KERNEL_PROTOCOL and either the journal in
 * `run_directory` lists it, or `want` does and no other instance's journal of this namespace. Any
 * other object in the way is an error, said in one line, and -EEXIST.
 */
int kernel_plan(const struct kernel_want *want, const char *run_directory, struct steps *before,
		struct steps *after, struct steps *last);
/* The rules and routes for which kernel_plan would refuse, all of them, as errors of the report. 0 or -errno. */
int kernel_plan_conflicts(const struct kernel_want *want, const char *run_directory, struct report *report);

#endif
