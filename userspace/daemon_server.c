// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes of the servers behind services. Each is asked by the gateway itself, through the inside: a
 * route that leads out of a circuit is no way to a server, whoever answers there.
 *
 * The data plane reads the result by place: slot, number of the service, position of the server. A
 * change of the configuration moves all three, so nothing is kept by place here; every round writes
 * anew what the table knows of the addresses that the entry of the live slot has now.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <syslog.h>
#include <bpf/bpf.h>
#include "daemon_probe.h"
#include "kernel.h"

/* The live slot's entry and what is known of its servers. False: there is none. */
static bool read_service(const struct daemon *d, uint32_t number, const struct probe_maps *maps,
			 struct service *service, struct server_health *health)
{
	uint32_t key = d->observe->live.slot % SLOTS * SERVICES_MAX + number;

	return !bpf_map_lookup_elem(maps->services, &key, service) &&
	       service->flags & SERVICE_PRESENT &&
	       !bpf_map_lookup_elem(maps->server_health, &key, health);
}

static size_t servers_of(const struct service *s)
{
	size_t count = (size_t)s->servers4 + s->servers6;

	return count < SERVICE_SERVERS ? count : SERVICE_SERVERS;
}

static struct probe health_of(const struct service *s, const struct server_health *health,
			      const struct in6_addr *server)
{
	for (size_t i = 0; i < servers_of(s); i++)
		if (IN6_ARE_ADDR_EQUAL(&s->servers[i].address, server))
			return health->servers[i];
	return (struct probe){ 0 };
}

static void add_servers(struct daemon *d, struct probes *to, const struct config_service *s,
			uint32_t number, const struct probe_maps *maps)
{
	struct server_health health = { 0 };
	struct service service = { 0 };
	bool known = read_service(d, number, maps, &service, &health);

	for (size_t i = 0; i < s->servers.count; i++) {
		struct prober *p = &to->at[to->count];
		struct probe was = { 0 };

		*p = (struct prober){ .check = s->check, .service = number, .fd = -1,
				      .identifier = probe_identifier(d, to->count++) };
		p->check.target = s->servers.at[i].prefix;
		if (known)
			was = health_of(&service, &health, &p->check.target.address);
		p->up = was.down_until <= observe_now();
		p->changed = was.changed;
	}
}

void servers_add(struct daemon *d, struct probes *to, const struct probe_maps *maps)
{
	for (size_t i = 0; i < d->config->service_count; i++) {
		const struct config_service *s = &d->config->services[i];
		int number = observe_service_number(d->observe, s->name);

		if (number < 1 || to->service_count == SERVICES_MAX)
			continue;
		to->services[to->service_count++] = (uint32_t)number;
		if (s->check.protocol)
			add_servers(d, to, s, (uint32_t)number, maps);
	}
}

/* The inside device by which the gateway reaches the server, kept in the probe. 0 or -errno. */
static int find_device(const struct daemon *d, struct prober *p, int links)
{
	struct link_key key = { .outer = NO_TAG, .inner = NO_TAG };
	int device = kernel_route_device(&p->check.target.address);
	struct link link;

	if (device < 0)
		return device;
	p->ifindex = key.ifindex = (uint32_t)device;
	if (bpf_map_lookup_elem(links, &key, &link) ||
	    link.role[d->observe->live.slot % SLOTS].kind != ROLE_INSIDE)
		return -ENETUNREACH;
	return if_indextoname(p->ifindex, p->interface) ? 0 : -errno;
}

void server_ask(const struct daemon *d, struct prober *p, const struct probe_maps *maps)
{
	int err = find_device(d, p, maps->links);

	if (!err) {
		probe_ask(p, NULL);
		return;
	}
	p->error = err;
	p->answered = false;
}

void server_tell(struct daemon *d, const struct prober *p)
{
	struct event event = { .kind = p->up ? E_SERVER_UP : E_SERVER_DOWN,
			       .family = p->check.target.family,
			       .protocol = p->check.protocol,
			       .service = 1,
			       .class = (uint16_t)p->service,
			       .daddr = p->check.target.address,
			       .dport = htons(p->check.port) };
	char target[80];

	probe_target_text(p->check.protocol, &p->check.target.address, p->check.port, target,
			  sizeof(target));
	daemon_log(p->up ? LOG_NOTICE : LOG_WARNING, "server: service %s, %s: %s%s",
		   observe_service_name(d->observe, p->service), target, p->up ? "up" : "down: ",
		   p->up ? "" : p->error ? strerror(-p->error) : "no answer");
	observe_report(d->observe, &event);
}

/* A server without a check, or one that nobody has asked yet, gets the zeros that mean so. */
static void write_health(struct daemon *d, uint32_t number, const struct probe_maps *maps,
			 uint64_t now)
{
	uint32_t key = d->observe->live.slot % SLOTS * SERVICES_MAX + number;
	struct prober like = { .service = number };
	struct server_health health, was;
	struct service service;

	if (!read_service(d, number, maps, &service, &was))
		return;
	memset(&health, 0, sizeof(health));
	for (size_t i = 0; i < servers_of(&service); i++) {
		const struct in6_addr *address = &service.servers[i].address;
		bool four = IN6_IS_ADDR_V4MAPPED(address);
		struct prober *p;

		like.check.target = (struct prefix){ .address = *address, .family = four ? 4 : 6,
						     .length = four ? 32 : 128 };
		p = probes_find(d->probes, &like);
		if (p)
			health.servers[i] = probe_mark(p, now);
	}
	if (memcmp(&health, &was, sizeof(health)))
		bpf_map_update_elem(maps->server_health, &key, &health, BPF_ANY);
}

void servers_write(struct daemon *d, const struct probe_maps *maps)
{
	uint64_t now = observe_now();

	for (size_t i = 0; i < d->probes->service_count; i++)
		write_health(d, d->probes->services[i], maps, now);
}
