// SPDX-License-Identifier: GPL-2.0-only
/* The services of an image, and the ports by which they are found. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "image_part.h"
#include "report.h"

static bool listed(const struct config_prefixes *list, const struct prefix *p)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_equal(&list->at[i].prefix, p))
			return true;
	return false;
}

bool service_passes_through(const struct config_service *s)
{
	for (size_t i = 0; i < s->servers.count; i++)
		if (listed(&s->public, &s->servers.at[i].prefix))
			return true;
	return false;
}

static int add_servers(struct image_job *j, const struct config_service *from, struct service *to)
{
	size_t used = 0;

	if (from->servers.count > SERVICE_SERVERS) {
		report_error(j->report, j->config->file, from->servers.at[SERVICE_SERVERS].line,
			     "services[%s].servers: %zu; at most %d are accepted", from->name,
			     from->servers.count, SERVICE_SERVERS);
		return -E2BIG;
	}
	for (int family = 4; family <= 6; family += 2)
		for (size_t i = 0; i < from->servers.count; i++) {
			const struct prefix *p = &from->servers.at[i].prefix;

			if (p->family != family)
				continue;
			to->servers[used++] = (struct server){ .address = p->address,
							       .drained = listed(&from->drain, p) };
			to->servers4 += family == 4;
			to->servers6 += family == 6;
		}
	return 0;
}

static int add_circuits(struct image_job *j, const struct config_service *from, struct service *to)
{
	for (size_t i = 0; i < from->circuits.count; i++) {
		const struct config_circuit *c = config_circuit(j->config, from->circuits.at[i].text);

		if (!c) {
			report_error(j->report, j->config->file, from->circuits.at[i].line,
				     "services[%s]: %s: no such circuit; a name under circuits is accepted",
				     from->name, from->circuits.at[i].text);
			return -EINVAL;
		}
		to->circuits |= 1ULL << j->circuit_number[c - j->config->circuits];
	}
	return 0;
}

static int add_port(struct image *image, struct service_key key, uint32_t number)
{
	struct image_port *grown;

	if (image->port_count == PORTS_MAX)
		return -E2BIG;
	grown = reallocarray(image->ports, image->port_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	image->ports = grown;
	grown[image->port_count++] = (struct image_port){ .key = key, .service = number };
	return 0;
}

/* A range is cut into the largest blocks that are prefixes: at most 30. */
static int add_ports(struct image *image, const struct prefix *public, const struct config_port *port,
		     uint32_t number)
{
	struct service_key key = { .address = public->address, .protocol = port->protocol };
	uint32_t size;
	int err = 0;

	if (port->protocol == IPPROTO_ICMP && public->family == 6)
		key.protocol = IPPROTO_ICMPV6;
	for (uint32_t at = port->first; at <= port->last && !err; at += size) {
		key.length = SERVICE_KEY_PORTS + 16;
		for (size = 1; !(at & size) && at + 2 * size - 1 <= port->last; size *= 2)
			key.length--;
		key.port = htons((uint16_t)at);
		err = add_port(image, key, number);
	}
	return err;
}

static uint32_t flags_of(const struct config_service *s)
{
	uint32_t flags = SERVICE_PRESENT;

	flags |= s->source_nat ? 0 : SERVICE_KEEP_SOURCE;
	flags |= service_passes_through(s) ? SERVICE_KEEP_ALL : 0;
	flags |= s->all_down == DOWN_RESET ? SERVICE_DOWN_RESET : 0;
	flags |= s->all_down == DOWN_ICMP ? SERVICE_DOWN_ICMP : 0;
	return flags;
}

static int add_service(struct image_job *j, const struct config_service *from)
{
	int n = j->number(j->context, NAME_SERVICE, from->name), err;
	struct service *to;

	if (n < 1 || n >= SERVICES_MAX) {
		report_error(j->report, j->config->file, from->line,
			     "services[%s]: no number left; %d services are accepted, retiring ones counted",
			     from->name, SERVICES_MAX - 1);
		return -E2BIG;
	}
	snprintf(j->image->service_names[n], sizeof(j->image->service_names[n]), "%s", from->name);
	to = &j->image->services[n];
	to->flags = flags_of(from);
	to->rate = from->rate;
	to->remote_rate = from->remote_rate;
	to->port = htons(from->server_port);
	err = add_servers(j, from, to);
	err = err ? err : add_circuits(j, from, to);
	for (size_t i = 0; i < from->public.count && !err; i++)
		for (size_t k = 0; k < from->port_count && !err; k++)
			err = add_ports(j->image, &from->public.at[i].prefix, &from->ports[k], (uint32_t)n);
	if (err == -E2BIG)
		report_error(j->report, j->config->file, from->line,
			     "services[%s].ports: with those before it more than %d addresses with ports, a "
			     "range being up to 30; fewer, or ranges, are accepted",
			     from->name, PORTS_MAX);
	return err;
}

int image_services(struct image_job *j)
{
	int err = 0;

	for (size_t i = 0; i < j->config->service_count && !err; i++)
		err = add_service(j, &j->config->services[i]);
	return err;
}
