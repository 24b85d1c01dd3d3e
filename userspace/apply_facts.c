// SPDX-License-Identifier: GPL-2.0-only
/* What the machine has, and what the configuration therefore asks of its devices and prefixes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "print.h"

const struct kernel_link *plan_link(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->link_count; i++)
		if (!strcmp(p->links[i].name, name))
			return &p->links[i];
	return NULL;
}

const struct kernel_link *plan_link_at(const struct plan *p, int ifindex)
{
	for (size_t i = 0; i < p->link_count; i++)
		if (p->links[i].ifindex == ifindex)
			return &p->links[i];
	return NULL;
}

bool plan_has_device(const struct plan *p, int ifindex)
{
	for (size_t i = 0; i < p->device_count; i++)
		if (p->devices[i].link->ifindex == ifindex)
			return true;
	return false;
}

bool plan_has_trunk(const struct plan *p, const char *name, bool circuits)
{
	for (size_t i = 0; i < p->device_count; i++)
		if (!strcmp(p->devices[i].place.trunk->name, name) &&
		    (!circuits || p->devices[i].role.kind == ROLE_LINK))
			return true;
	return false;
}

bool plan_first_there(const struct plan *p, const struct plan_device *d)
{
	const struct plan_device *first = p->devices;

	while (first->place.trunk != d->place.trunk)
		first++;
	return first == d;
}

int plan_device_add(struct plan *p, const struct kernel_link *link, struct role role)
{
	struct plan_device d = { .link = link, .role = role };
	int err = kernel_place(p->links, p->link_count, link, &d.place);

	if (!err && p->device_count == DEVICES_MAX)
		err = -ENOSPC;
	if (!err)
		p->devices[p->device_count++] = d;
	return err;
}

int plan_facts(struct plan *p)
{
	int err = kernel_links(&p->links, &p->link_count);

	err = err ? err : kernel_addresses(&p->addresses, &p->address_count);
	if (err)
		print_error("cannot read this machine's links and addresses: %s", strerror(-err));
	return err;
}

static const char *why_not(int err)
{
	switch (err) {
	case -ENODEV:
		return "the device below it is in another network namespace; accepted: both in this one";
	case -E2BIG:
		return "more than two VLAN tags; accepted: a VLAN device on a device, or on a VLAN device";
	case -EINVAL:
		return "VLAN id 0, which counts as untagged; accepted: an id from 1 to 4094";
	case -ENOSPC:
		return "too many interfaces; accepted: 256";
	default:
		return strerror(-err);
	}
}

/* What the kernel allows for one tag; with the second a full packet would not be sent, and nobody be told. */
static void fits(struct plan *p, const char *name, int line)
{
	const struct plan_device *d = &p->devices[p->device_count - 1];

	if (d->place.tags[1] && d->link->mtu + 4 > d->place.trunk->mtu)
		report_warning(&p->report, p->config->file, line,
			       "%s: two VLAN tags on packets of MTU %u do not fit %s, whose MTU is %u; accepted: %u",
			       name, d->link->mtu, d->place.trunk->name, d->place.trunk->mtu, d->link->mtu + 4);
}

static void want_device(struct plan *p, const char *name, int line, struct role role)
{
	const struct kernel_link *link = plan_link(p, name);
	const char *file = p->config->file;
	int err = link ? plan_device_add(p, link, role) : 0;

	if (!link && p->request->tolerant)
		report_warning(&p->report, file, line, "%s: no such interface now; it is left out", name);
	else if (!link)
		report_error(&p->report, file, line,
			     "%s: no such interface; an interface of this machine is accepted", name);
	else if (err)
		(p->request->tolerant ? report_warning : report_error)(&p->report, file, line, "%s: %s", name,
								       why_not(err));
	else
		fits(p, name, line);
}

static int number_of(struct plan *p, const struct config_circuit *c)
{
	return names_number(p, NAME_CIRCUIT, c->name);
}

int plan_devices(struct plan *p)
{
	const struct config *c = p->config;

	for (size_t i = 0; i < c->interfaces.count; i++)
		want_device(p, c->interfaces.at[i].text, c->interfaces.at[i].line,
			    (struct role){ .kind = ROLE_INSIDE });
	for (size_t i = 0; i < c->circuit_count; i++)
		for (size_t k = 0; k < c->circuits[i].link_count; k++)
			want_device(p, c->circuits[i].links[k].interface, c->circuits[i].links[k].line,
				    (struct role){ .kind = ROLE_LINK,
						   .circuit = (uint8_t)number_of(p, &c->circuits[i]) });
	return p->report.errors ? -EINVAL : 0;
}

const struct scoped *scoped_find(const struct scoped_set *s, uint32_t scope, const struct prefix *prefix)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].scope == scope && prefix_equal(&s->at[i].prefix, prefix))
			return &s->at[i];
	return NULL;
}

int scoped_put(struct scoped_set *s, uint32_t scope, const struct prefix *prefix, uint32_t value)
{
	struct scoped *grown;

	if (scoped_find(s, scope, prefix))
		return 0;
	grown = realloc(s->at, (s->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->at = grown;
	grown[s->count++] = (struct scoped){ .scope = scope, .prefix = *prefix, .value = value };
	return 0;
}

int scoped_add(struct scoped_set *s, uint32_t scope, const struct prefix *prefix)
{
	return scoped_put(s, scope, prefix, SOURCE_WANTED);
}

static bool names_circuit(const struct config_rule *r, const char *name)
{
	if (r->otherwise.text && !strcmp(r->otherwise.text, name))
		return true;
	for (size_t i = 0; i < r->circuits.count; i++)
		if (!strcmp(r->circuits.at[i].text, name))
			return true;
	return false;
}

/* Inside prefixes that may leave this circuit as they are: where the circuit or the rule says so. */
static int want_untranslated(struct plan *p, const struct config_circuit *circuit, uint32_t number)
{
	const struct config *c = p->config;
	int err = 0;

	for (size_t i = 0; i < c->rule_count; i++) {
		const struct config_rule *r = &c->rules[i];

		if ((circuit->translates && r->translate) || !names_circuit(r, circuit->name))
			continue;
		for (size_t k = 0; k < r->from.count; k++) {
			const struct config_segment *s = config_segment(c, r->from.at[k].text);

			for (size_t n = 0; s && n < s->prefixes.count && !err; n++)
				err = scoped_add(&p->sources, number, &s->prefixes.at[n].prefix);
		}
	}
	return err;
}

static int want_circuit(struct plan *p, const struct config_circuit *circuit)
{
	uint32_t number = (uint32_t)number_of(p, circuit);
	int err = 0;

	for (size_t i = 0; i < circuit->outbound_pool.count && !err; i++) {
		const struct prefix *pool = &circuit->outbound_pool.at[i].prefix;

		err = scoped_add(&p->sources, number, pool);
		err = err ? err : plan_answers(p, number, pool);
	}
	for (size_t i = 0; i < circuit->link_count; i++) {
		const struct kernel_link *link = plan_link(p, circuit->links[i].interface);

		for (size_t k = 0; link && k < p->address_count && !err; k++)
			if (p->addresses[k].ifindex == link->ifindex)
				err = scoped_add(&p->sources, number, &p->addresses[k].address);
	}
	/* What comes in on it wears these addresses, but toward the inside. */
	for (size_t i = 0; i < circuit->inbound_pool.count && !err; i++)
		err = plan_answers(p, 0, &circuit->inbound_pool.at[i].prefix);
	return err ? err : want_untranslated(p, circuit, number);
}

/* The data plane hands nothing to the kernel's own sockets: a server on this machine would hear no one. */
static void not_here(struct plan *p, const struct config_service *service)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < service->servers.count; i++)
		for (size_t k = 0; k < p->address_count; k++) {
			const struct config_prefix *server = &service->servers.at[i];

			if (!prefix_equal(&p->addresses[k].address, &server->prefix))
				continue;
			(p->request->tolerant ? report_warning : report_error)(
				&p->report, p->config->file, server->line,
				"services[%s].servers: %s: is an address of this machine; accepted: another host's",
				service->name, address_text(&server->prefix.address, text));
		}
}

/* A service answers from its public address, on every circuit that it is published on. */
static int want_service(struct plan *p, const struct config_service *service)
{
	int err = 0;

	for (size_t i = 0; i < service->circuits.count; i++) {
		const struct config_circuit *c = config_circuit(p->config, service->circuits.at[i].text);
		uint32_t number = (uint32_t)number_of(p, c);

		for (size_t k = 0; k < service->public.count && !err; k++) {
			err = scoped_add(&p->sources, number, &service->public.at[k].prefix);
			err = err ? err : plan_answers(p, number, &service->public.at[k].prefix);
		}
	}
	return err;
}

int plan_sources(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->config->circuit_count && !err; i++)
		err = want_circuit(p, &p->config->circuits[i]);
	for (size_t i = 0; i < p->config->service_count && !err; i++) {
		not_here(p, &p->config->services[i]);
		err = want_service(p, &p->config->services[i]);
	}
	return err ? err : p->report.errors ? -EINVAL : 0;
}

/* A host that wears the network or broadcast address of a connected subnet gets no reply. */
static void trim(struct pool_range *r, const struct kernel_address *a)
{
	struct prefix subnet = subnet_of(a);
	struct in6_addr last = last_of(&subnet);
	uint32_t first = host_of(&r->first);

	if (subnet.family != 4 || subnet.length > 30 || !r->count)
		return;
	if (host_of(&last) == first + r->count - 1)
		r->count--;
	if (r->count && host_of(&subnet.address) == first) {
		set_host(&r->first, first + 1);
		r->count--;
	}
}

static void fit_range(const struct plan *p, struct pool_range *r, unsigned char family)
{
	for (size_t i = 0; i < p->address_count; i++) {
		const struct kernel_address *a = &p->addresses[i];
		uint32_t offset;

		if (a->address.family != family)
			continue;
		if (family == 4)
			trim(r, a);
		offset = host_of(&a->address.address) - host_of(&r->first);
		if (!memcmp(&a->address.address, &r->first, 12) && offset < r->count)
			r->flags |= RANGE_HAS_LOCAL;
	}
}

static void fit_pool(const struct plan *p, struct pool *pool, unsigned char family)
{
	pool->addresses = 0;
	for (__u32 i = 0; i < pool->ranges; i++) {
		fit_range(p, &pool->range[i], family);
		pool->addresses += pool->range[i].flags & RANGE_RETIRING ? 0 : pool->range[i].count;
	}
}

void plan_ranges(struct plan *p)
{
	for (int n = 1; n < CIRCUITS_MAX; n++) {
		struct circuit *c = &p->image->circuits[n];

		fit_pool(p, &c->out4, 4);
		fit_pool(p, &c->out6, 6);
		fit_pool(p, &c->in4, 4);
		fit_pool(p, &c->in6, 6);
	}
}

/*
 * What is not translated is asked of the links one by one, so the packet path must know them.
 * Those that retire come last: they are for the flows that are there, not for new ones.
 */
void plan_circuit_links(struct plan *p)
{
	uint8_t used[CIRCUITS_MAX] = { 0 };

	for (int n = 0; n < CIRCUITS_MAX; n++)
		memset(p->image->circuits[n].links, 0, sizeof(p->image->circuits[n].links));
	for (int retiring = 0; retiring <= 1; retiring++)
		for (size_t i = 0; i < p->device_count; i++) {
			const struct plan_device *d = &p->devices[i];
			uint8_t n = d->role.circuit;

			if (d->role.kind == ROLE_LINK && d->role.retiring == retiring &&
			    used[n] < CIRCUIT_LINKS)
				p->image->circuits[n].links[used[n]++] = (uint32_t)d->link->ifindex;
		}
}

void plan_ports(struct plan *p)
{
	unsigned int first = 32768, last = 60999;
	char value[64];

	if (!kernel_sysctl_get("net/ipv4/ip_local_port_range", value, sizeof(value)))
		sscanf(value, "%u %u", &first, &last);
	p->image->settings.local_port_min = (uint16_t)first;
	p->image->settings.local_port_max = (uint16_t)last;
}
