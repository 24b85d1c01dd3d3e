/* SPDX-License-Identifier: GPL-2.0-only */
/* Services and their servers as an operator sees them. */
#ifndef SAMEPATH_USERSPACE_OBSERVE_SERVICE_H
#define SAMEPATH_USERSPACE_OBSERVE_SERVICE_H

#include "observe.h"
#include "../maps/service.h"

/* One reading of all services, by number. */
struct observe_services {
	uint32_t count; /* highest number + 1 */
	struct service service[SERVICES_MAX]; /* of the live slot */
	struct server_health health[SERVICES_MAX];
	struct service_load load[SERVICES_MAX];
	struct service_counter counter[SERVICES_MAX];
};

/* Reads them, for free(). NULL, said. */
struct observe_services *observe_services(const struct observe *o);
/* Is there anything to say of this number? A service that is gone has a name until its last flow ends. */
bool observe_service_there(const struct observe *o, const struct observe_services *s, uint32_t number);

/* Tables `services` and `servers`. `only` -1: of all. 0 or -errno, said. */
int observe_service_tables(const struct observe *o, bool daemon, int only);
/* Status for the shell. NULL: all services. */
int observe_service_show(const struct observe *o, const char *name);

/* How many servers an entry has. */
uint32_t service_servers(const struct service *s);
/* "ready", "2 of 3 up", "down", "draining", "retiring". Drained servers are none to be counted on. */
const char *service_state(const struct service *s, const struct server_health *h, uint64_t now,
			  char *buffer, size_t size);
/* "up", "down", "unknown" when nobody asks any more, "unchecked"; and "drained" beside it. */
const char *server_state(const struct server *s, const struct probe *p, uint64_t now, bool daemon,
			 char *buffer, size_t size);

/* An address and a range of its ports, published by a service. */
struct published {
	uint32_t service; /* number */
	struct in6_addr address;
	uint8_t protocol;
	uint16_t first, last; /* host order; of ICMP 0 */
};

/* What an entry of `ports` publishes. */
struct published published_of(const struct service_key *key, uint32_t service);
/* Sorts, and joins what adjoins: ranges as they were configured, which the map has in pieces. The
 * count that is left. */
size_t published_join(struct published *at, size_t count);
/* "tcp/443", "tcp/5000-5010", "icmp". Returns `buffer`. */
const char *published_text(const struct published *p, char *buffer, size_t size);
/* All of the live slot, joined, for free(). 0 or -errno, said. */
int observe_published(const struct observe *o, struct published **out, size_t *count);

#endif
