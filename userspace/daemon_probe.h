/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of probes: private to daemon_probe.c, which goes round it, and daemon_server.c. */
#ifndef SAMEPATH_USERSPACE_DAEMON_PROBE_H
#define SAMEPATH_USERSPACE_DAEMON_PROBE_H

#include "daemon.h"
#include "probe.h"
#include "../maps/service.h"

struct probes {
	struct prober *at; /* links by device, then servers by service and address */
	size_t count;
	size_t next; /* whose turn is first */
	uint64_t readings; /* of the configuration that it was made from */
	uint32_t services[SERVICES_MAX]; /* numbers of its services, those without a check too */
	size_t service_count;
};

/* Descriptors of the maps, for the length of a round. */
struct probe_maps {
	int probes, links, services, server_health;
};

/* The one of this link, or of this service and server; NULL: none. */
struct prober *probes_find(const struct probes *probes, const struct prober *like);
/* What the data plane shall read of it. */
struct probe probe_mark(const struct prober *p, uint64_t now);
/* A port of the gateway's own for an echo's identifier, which no translation takes: see port_is_ours. */
uint16_t probe_identifier(const struct daemon *d, size_t place);

/* Appends a probe for each server of a service with a check; there is room. */
void servers_add(struct daemon *d, struct probes *to, const struct probe_maps *maps);
void server_ask(const struct daemon *d, struct prober *p, const struct probe_maps *maps);
void server_tell(struct daemon *d, const struct prober *p);
/* Writes what all of them know, in the order and the slot that the data plane reads now. */
void servers_write(struct daemon *d, const struct probe_maps *maps);

#endif
