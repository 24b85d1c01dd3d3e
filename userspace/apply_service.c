// SPDX-License-Identifier: GPL-2.0-only
/* Services: into the slot that no packet reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "apply_plan.h"

static int fill_ports(const struct plan *p, uint32_t slot)
{
	size_t count = p->image->port_count;
	struct service_key *keys = calloc(count + 1, sizeof(*keys));
	uint32_t *values = calloc(count + 1, sizeof(*values));
	int fd = maps_new_trie(sizeof(*keys)), err = fd < 0 ? fd : keys && values ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++) {
		keys[i] = p->image->ports[i].key;
		values[i] = p->image->ports[i].service;
	}
	err = err ? err : maps_fill(fd, keys, sizeof(*keys), values, sizeof(*values), count);
	err = err ? err : maps_put_inner(&p->maps, MAP_ports, slot, fd);
	if (fd >= 0)
		close(fd);
	free(keys);
	free(values);
	return err;
}

static int server_index(const struct service *s, const struct in6_addr *address)
{
	for (int i = 0; i < s->servers4 + s->servers6 && i < SERVICE_SERVERS; i++)
		if (IN6_ARE_ADDR_EQUAL(&s->servers[i].address, address))
			return i;
	return -1;
}

/* What is known of a server holds while it is a server of the same service: a change elsewhere must not
 * send new flows to one that is down until somebody asks it again. */
static int carry_health(const struct plan *p, uint32_t slot, uint32_t number)
{
	uint32_t from = (slot ^ 1) * SERVICES_MAX + number, to = slot * SERVICES_MAX + number;
	const struct service *now = &p->image->services[number];
	struct server_health former, health = { 0 };
	struct service was;

	if (now->flags && !maps_get(&p->maps, MAP_services, &from, &was) &&
	    !maps_get(&p->maps, MAP_server_health, &from, &former))
		for (int i = 0; i < now->servers4 + now->servers6; i++) {
			int k = server_index(&was, &now->servers[i].address);

			if (k >= 0)
				health.servers[i] = former.servers[k];
		}
	return maps_set(&p->maps, MAP_server_health, &to, &health);
}

/* Once: who proved his source (proofs) before a change has proved it behind it too. */
static int draw_secret(const struct maps *m)
{
	struct secret secret;
	uint32_t zero = 0;
	int err = maps_get(m, MAP_secret, &zero, &secret);

	if (err || secret.key[0] || secret.key[1])
		return err;
	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		return -errno;
	return maps_set(m, MAP_secret, &zero, &secret);
}

int plan_fill_services(const struct plan *p, uint32_t slot)
{
	uint32_t keys[SERVICES_MAX];
	int err = fill_ports(p, slot);

	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		keys[i] = slot * SERVICES_MAX + i;
	err = err ? err : maps_fill(p->maps.map[MAP_services], keys, sizeof(*keys), p->image->services,
				    sizeof(struct service), SERVICES_MAX);
	for (uint32_t i = 0; i < SERVICES_MAX && !err; i++)
		err = carry_health(p, slot, i);
	return err ? err : draw_secret(&p->maps);
}
