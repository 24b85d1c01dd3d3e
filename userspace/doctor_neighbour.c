// SPDX-License-Identifier: GPL-2.0-only
/* Next hops: each must answer on its wire. Who is not known is asked, and waited for a second. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "doctor.h"

#define HOPS_MOST 64
#define ROUNDS 50 /* of 20 ms: as long as one question of the kernel's waits for an answer */

struct hop {
	const struct doctor_device *device;
	struct in6_addr address;
	uint16_t state; /* NUD_*, 0: not known */
	bool asked;
};
struct hops {
	struct hop at[HOPS_MOST];
	size_t count;
};

static void add(struct hops *h, const struct doctor_device *v, const struct in6_addr *address)
{
	if (!v || IN6_IS_ADDR_UNSPECIFIED(address) || !v->link->up || !v->link->carrier)
		return;
	for (size_t i = 0; i < h->count; i++)
		if (h->at[i].device == v && IN6_ARE_ADDR_EQUAL(&h->at[i].address, address))
			return;
	if (h->count < HOPS_MOST)
		h->at[h->count++] = (struct hop){ .device = v, .address = *address };
}

static bool table_counts(const struct doctor *d, uint32_t table)
{
	for (size_t i = 0; i < d->config->circuit_count; i++)
		if (d->config->circuits[i].table == table)
			return true;
	return table == RT_TABLE_MAIN;
}

/* Those that are written down, and those of routes by our devices, as a BGP daemon writes them. */
static void collect(const struct doctor *d, struct hops *h)
{
	for (size_t i = 0; i < d->device_count; i++) {
		const struct config_link *at = d->devices[i].at;

		for (size_t k = 0; at && k < at->next_hops.count; k++)
			add(h, &d->devices[i], &at->next_hops.at[k].prefix.address);
	}
	for (size_t i = 0; i < d->route_count; i++)
		for (unsigned int k = 0;
		     k < d->routes[i].hop_count && table_counts(d, d->routes[i].table); k++)
			add(h, doctor_device_at(d, d->routes[i].hops[k].ifindex),
			    &d->routes[i].hops[k].gateway);
}

static bool answers(const struct hop *h)
{
	return h->state && !(h->state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NONE));
}

/* Reads all states; true when nobody is waited for. */
static bool read_states(struct hops *h)
{
	struct kernel_neighbour *all = NULL;
	size_t count = 0;
	bool over = true;

	if (kernel_neighbours(&all, &count))
		return true;
	for (size_t i = 0; i < h->count; i++) {
		h->at[i].state = 0;
		for (size_t k = 0; k < count; k++)
			if (all[k].ifindex == h->at[i].device->link->ifindex &&
			    IN6_ARE_ADDR_EQUAL(&all[k].address, &h->at[i].address))
				h->at[i].state = all[k].state;
		over &= answers(&h->at[i]);
	}
	free(all);
	return over;
}

static void ask(struct hops *h)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	if (read_states(h))
		return;
	for (size_t i = 0; i < h->count; i++)
		if (!answers(&h->at[i]))
			kernel_neighbour_use(h->at[i].device->link->ifindex, &h->at[i].address);
	for (int i = 0; i < ROUNDS && !read_states(h); i++)
		nanosleep(&pause, NULL);
}

void doctor_neighbours(struct doctor *d)
{
	struct hops hops = { .count = 0 };
	char place[PREFIX_TEXT + 32], text[PREFIX_TEXT];

	collect(d, &hops);
	ask(&hops);
	for (size_t i = 0; i < hops.count; i++) {
		const struct hop *h = &hops.at[i];

		snprintf(place, sizeof(place), "%s %s", h->device->link->name,
			 address_text(&h->address, text));
		if (answers(h))
			doctor_add(d, "neighbour", place, DOCTOR_OK, NULL, "answers");
		else
			doctor_add(
				d, "neighbour", place, DOCTOR_WARNING, NULL,
				"does not answer (%s): look at the wire, its VLAN, the far end's address",
				h->state & NUD_FAILED ? "failed" : "incomplete");
	}
}
