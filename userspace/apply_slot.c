// SPDX-License-Identifier: GPL-2.0-only
/* Filling the slot that no packet reads, and the one write that makes it live. */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "apply_plan.h"
#include "phase.h"
#include "print.h"

#define LINKS_MAX 1024 /* of the map */
#define SLOT_FILE "slot" /* in the run directory: which filling of which slot has which digest */

static uint64_t digest_bytes(uint64_t h, const void *data, size_t size)
{
	const unsigned char *at = data;

	/* FNV-1a: against equal fillings, not against people. */
	for (size_t i = 0; i < size; i++)
		h = (h ^ at[i]) * 0x100000001b3ULL;
	return h;
}

static uint64_t digest_trie(uint64_t h, const struct image_trie *t)
{
	h = digest_bytes(h, &t->count, sizeof(t->count));
	for (size_t i = 0; i < t->count; i++) {
		h = digest_bytes(h, &t->at[i].prefix.address, sizeof(struct in6_addr));
		h = digest_bytes(h, &t->at[i].prefix.family, 1);
		h = digest_bytes(h, &t->at[i].prefix.length, 1);
		h = digest_bytes(h, &t->at[i].value, sizeof(t->at[i].value));
	}
	return h;
}

/* The identity of a filling: the policy table is made anew for each. */
static uint32_t filling(const struct plan *p, uint32_t slot)
{
	uint32_t id = 0;

	return maps_get(&p->maps, MAP_policy, &slot, &id) ? 0 : id;
}

static uint64_t digest_check(uint64_t h, const struct config_check *x)
{
	const uint32_t words[] = { x->protocol, x->port, x->interval, x->rise, x->fall };

	h = digest_bytes(h, words, sizeof(words));
	return digest_bytes(h, &x->target.address, sizeof(x->target.address));
}

/* No part of the slot, but the daemon reads its configuration again when the slot changes. */
static uint64_t digest_checks(uint64_t h, const struct config *c)
{
	for (size_t i = 0; i < c->circuit_count; i++)
		for (size_t k = 0; k < c->circuits[i].link_count; k++)
			h = digest_check(h, &c->circuits[i].links[k].check);
	for (size_t i = 0; i < c->service_count; i++)
		h = digest_check(h, &c->services[i].check);
	return h;
}

void plan_digest(struct plan *p)
{
	const struct image *i = p->image;
	uint64_t h = 0xcbf29ce484222325ULL, stored;
	uint32_t slot, id;
	char path[300], *text;
	size_t size;

	h = digest_bytes(h, &i->settings, sizeof(i->settings));
	h = digest_bytes(h, i->circuits, sizeof(i->circuits));
	h = digest_bytes(h, i->rules, sizeof(i->rules));
	h = digest_bytes(h, i->services, sizeof(i->services));
	h = digest_bytes(h, i->ports, sizeof(*i->ports) * i->port_count);
	h = digest_trie(digest_trie(digest_trie(h, &i->segments4), &i->segments6), &i->classes4);
	h = digest_trie(digest_trie(h, &i->classes6), &i->owners);
	h = digest_bytes(h, i->policy,
			 sizeof(*i->policy) * i->source_sets * i->destination_sets);
	for (size_t k = 0; k < p->device_count; k++) {
		h = digest_bytes(h, &p->devices[k].role, sizeof(struct role));
		h = digest_bytes(h, &p->devices[k].link->ifindex, sizeof(int));
		h = digest_bytes(h, &p->devices[k].link->mtu, sizeof(uint32_t));
		h = digest_bytes(h, p->devices[k].link->mac, 6);
		h = digest_bytes(h, &p->devices[k].place.trunk->ifindex, sizeof(int));
		h = digest_bytes(h, p->devices[k].place.tags, sizeof(p->devices[k].place.tags));
	}
	h = digest_checks(h, p->config);
	for (size_t k = 0; k < p->address_count; k++)
		h = digest_bytes(h, &p->addresses[k].address.address, sizeof(struct in6_addr));
	p->digest = h;
	snprintf(path, sizeof(path), "%s/%s", p->instance.run, SLOT_FILE);
	if (!p->has_maps || file_read(path, 256, &text, &size))
		return;
	snprintf(p->slot_text, sizeof(p->slot_text), "%s", text);
	p->same_slot = sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNx64, &slot, &id, &stored) == 3 &&
		       stored == h && slot == p->live.slot && id && id == filling(p, slot);
	free(text);
}

static int fill_trie(const struct plan *p, enum map_index map, uint32_t slot, bool ipv6,
		     const struct image_trie *t)
{
	size_t key = ipv6 ? sizeof(struct prefix_key6) : sizeof(struct prefix_key4);
	char *keys = calloc(t->count + 1, key);
	uint32_t *values = calloc(t->count + 1, sizeof(*values));
	int fd = maps_new_trie(key), err = fd < 0 ? fd : keys && values ? 0 : -ENOMEM;

	for (size_t i = 0; i < t->count && !err; i++) {
		const struct prefix *x = &t->at[i].prefix;
		struct prefix_key4 *k4 = (void *)(keys + i * key);
		struct prefix_key6 *k6 = (void *)(keys + i * key);

		if (ipv6)
			*k6 = (struct prefix_key6){
				/* `owners` holds both families, IPv4 as mapped. */
				.length = map == MAP_owners ? prefix_mapped_length(x) : x->length,
				.address = x->address
			};
		else
			*k4 = (struct prefix_key4){ .length = x->length,
						    .address = x->address.s6_addr32[3] };
		values[i] = t->at[i].value;
	}
	err = err ? err : maps_fill(fd, keys, key, values, sizeof(*values), t->count);
	err = err ? err : maps_put_inner(&p->maps, map, slot, fd);
	if (fd >= 0)
		close(fd);
	free(keys);
	free(values);
	return err;
}

static int fill_policy(const struct plan *p, uint32_t slot)
{
	uint32_t cells = p->image->source_sets * p->image->destination_sets;
	uint32_t *keys = calloc(cells + 1, sizeof(*keys));
	int fd = maps_new_table(cells ? cells : 1), err = fd < 0 ? fd : keys ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < cells && !err; i++)
		keys[i] = i;
	err = err ? err : maps_fill(fd, keys, sizeof(*keys), p->image->policy, sizeof(*p->image->policy),
				    cells);
	err = err ? err : maps_put_inner(&p->maps, MAP_policy, slot, fd);
	if (fd >= 0)
		close(fd);
	free(keys);
	return err;
}

static int fill_arrays(const struct plan *p, uint32_t slot)
{
	uint32_t keys[RULES_MAX];
	int err;

	for (uint32_t i = 0; i < RULES_MAX; i++)
		keys[i] = slot * RULES_MAX + i;
	err = maps_fill(p->maps.map[MAP_rules], keys, sizeof(*keys), p->image->rules, sizeof(struct rule),
			RULES_MAX);
	for (uint32_t i = 0; i < CIRCUITS_MAX; i++)
		keys[i] = slot * CIRCUITS_MAX + i;
	err = err ? err : maps_fill(p->maps.map[MAP_circuits], keys, sizeof(*keys), p->image->circuits,
				    sizeof(struct circuit), CIRCUITS_MAX);
	return err ? err : maps_set(&p->maps, MAP_settings, &slot, &p->image->settings);
}

/* What the gateway answers from on this device: of IPv6 rather a global address than a link-local. */
static void answer_from(const struct plan *p, int ifindex, struct link *l)
{
	bool global = false;

	l->address4 = 0;
	memset(&l->address6, 0, sizeof(l->address6));
	for (size_t i = 0; i < p->address_count; i++) {
		const struct kernel_address *a = &p->addresses[i];

		if (a->ifindex != ifindex)
			continue;
		if (a->address.family == 4 && !l->address4)
			l->address4 = a->address.address.s6_addr32[3];
		if (a->address.family == 6 && !global) {
			l->address6 = a->address.address;
			global = !IN6_IS_ADDR_LINKLOCAL(&l->address6);
		}
	}
}

/* Takes the role of every device away that is in no slot then any more. The keys are collected first:
 * an update moves an element within its bucket, and a walk could meet it again and again. */
static int clear_links(const struct plan *p, uint32_t slot)
{
	struct link_key keys[LINKS_MAX];
	size_t count = 0;
	int err = 0;

	while (count < LINKS_MAX &&
	       !maps_next(&p->maps, MAP_links, count ? &keys[count - 1] : NULL, &keys[count]))
		count++;
	while (count-- && !err) {
		struct link l;

		if (maps_get(&p->maps, MAP_links, &keys[count], &l))
			continue;
		l.role[slot] = (struct role){ 0 };
		err = l.role[slot ^ 1].kind ? maps_set(&p->maps, MAP_links, &keys[count], &l) :
					      maps_delete(&p->maps, MAP_links, &keys[count]);
	}
	return err;
}

/* The facts of the plan are older than the attachment. */
static bool is_generic(const struct kernel_link *links, size_t count, int ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (links[i].ifindex == ifindex)
			return links[i].xdp == XDP_ATTACHED_SKB;
	return false;
}

static int fill_link(const struct plan *p, uint32_t slot, struct link_key key, struct role role,
		     const struct link *facts)
{
	struct link l = { 0 };

	maps_get(&p->maps, MAP_links, &key, &l);
	memcpy(&l.address4, &facts->address4, sizeof(l) - offsetof(struct link, address4));
	l.role[slot] = role;
	return maps_set(&p->maps, MAP_links, &key, &l);
}

/* As the FIB names it, and as its frames come in; below a VLAN device there is a trunk at least. */
static int fill_device(const struct plan *p, uint32_t slot, const struct plan_device *d, bool generic)
{
	struct link_key key = { (uint32_t)d->link->ifindex, NO_TAG, NO_TAG };
	struct link l = { .mtu = d->link->mtu, .generic = generic, .device = key.ifindex };
	struct link bare = { .device = (uint32_t)d->place.trunk->ifindex };
	int err;

	memcpy(l.mac, d->link->mac, sizeof(l.mac));
	memcpy(l.tags, d->place.tags, sizeof(l.tags));
	l.trunk = l.tags[0] ? bare.device : 0;
	answer_from(p, d->link->ifindex, &l);
	err = fill_link(p, slot, key, d->role, &l);
	if (err || !l.trunk)
		return err;
	key = (struct link_key){ l.trunk, l.tags[0], l.tags[1] ? l.tags[1] : NO_TAG };
	err = fill_link(p, slot, key, d->role, &l);
	key = (struct link_key){ l.trunk, NO_TAG, NO_TAG };
	if (!err && !plan_has_device(p, d->place.trunk->ifindex))
		err = fill_link(p, slot, key, (struct role){ .kind = ROLE_TRUNK }, &bare);
	return err;
}

static int fill_links(const struct plan *p, uint32_t slot)
{
	struct kernel_link *links = NULL;
	size_t count = 0;
	int err = kernel_links(&links, &count);

	err = err ? err : clear_links(p, slot);
	for (size_t i = 0; i < p->device_count && !err; i++)
		err = fill_device(p, slot, &p->devices[i],
				  is_generic(links, count, p->devices[i].place.trunk->ifindex));
	free(links);
	return err;
}

int plan_locals(struct plan *p)
{
	struct kernel_port *ports = NULL;
	struct in6_addr address, *at = NULL;
	size_t count = 0;
	uint32_t one = 1;
	int err = kernel_ports(&ports, &count);

	for (size_t i = 0; i < p->address_count && !err; i++)
		err = maps_set(&p->maps, MAP_locals, &p->addresses[i].address.address, &one);
	for (size_t i = 0; i < count && !err; i++) {
		struct listener l = { .port = htons(ports[i].port), .protocol = ports[i].protocol };

		err = maps_set(&p->maps, MAP_listeners, &l, &one);
	}
	free(ports);
	while (!err && !maps_next(&p->maps, MAP_locals, at, &address)) {
		size_t i = 0;

		while (i < p->address_count &&
		       !IN6_ARE_ADDR_EQUAL(&p->addresses[i].address.address, &address))
			i++;
		at = i < p->address_count ? &address : NULL;
		if (!at)
			err = maps_delete(&p->maps, MAP_locals, &address);
	}
	return err;
}

static int remember(const struct plan *p, uint32_t slot)
{
	char text[96];
	int size = snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 " %" PRIx64 "\n", slot,
			    filling(p, slot), p->digest);

	return file_write(p->instance.run, SLOT_FILE, text, (size_t)size);
}

struct fill {
	struct plan *plan;
	uint32_t former;
	bool switched;
};

static int slot_undo(struct step *s)
{
	struct fill *f = s->data;
	struct plan *p = f->plan;
	int err = f->switched ? maps_switch(&p->maps, f->former) : 0;

	/* The former slot is as it was filled, so what is known of it is true again. */
	if (!err && p->slot_text[0])
		err = file_write(p->instance.run, SLOT_FILE, p->slot_text, strlen(p->slot_text));
	return err;
}

static int slot_run(struct step *s)
{
	struct fill *f = s->data;
	struct plan *p = f->plan;
	const struct image *i = p->image;
	uint32_t slot = f->former ^ 1;
	int err = fill_trie(p, MAP_segments4, slot, false, &i->segments4);

	/* The first inner map that comes into the slot is the fence: behind it no packet reads the rest. */
	err = err ? err : fill_trie(p, MAP_segments6, slot, true, &i->segments6);
	err = err ? err : fill_trie(p, MAP_classes4, slot, false, &i->classes4);
	err = err ? err : fill_trie(p, MAP_classes6, slot, true, &i->classes6);
	err = err ? err : fill_trie(p, MAP_owners, slot, true, &i->owners);
	err = err ? err : fill_policy(p, slot);
	err = err ? err : fill_arrays(p, slot);
	err = err ? err : plan_fill_services(p, slot);
	err = err ? err : fill_links(p, slot);
	err = err ? err : names_write(p);
	err = err ? err : plan_locals(p);
	phase_end("fill");
	err = err ? err : maps_switch(&p->maps, slot);
	phase_end("switch");
	f->switched = !err;
	err = err ? err : remember(p, slot);
	if (err)
		slot_undo(s);
	return err;
}

int plan_slot(struct plan *p)
{
	const struct image *i = p->image;
	struct fill *f;

	if (p->same_slot)
		return 0;
	f = malloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct fill){ .plan = p, .former = p->live.slot };
	return steps_add(&p->before, slot_run, slot_undo, f,
			 "slot %u live: %zu segment prefixes, %zu class prefixes, %u rules, %zu services",
			 f->former ^ 1, i->segments4.count + i->segments6.count,
			 i->classes4.count + i->classes6.count, i->rule_count ? i->rule_count - 1 : 0,
			 p->config->service_count) ? 0 : -ENOMEM;
}
