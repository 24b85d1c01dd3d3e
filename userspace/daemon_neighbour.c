// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours: what XDP forwards never confirms a neighbour, so the kernel would let it go stale. The
 * daemon asks the kernel to use the next hops of the circuits, and marks those that do not answer.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "daemon.h"
#include "kernel.h"

#define HOPS_MAX 512
#define STALE_MAX 256 /* probes a round */
#define ANSWERS (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

struct hops {
	struct neighbour_key at[HOPS_MAX];
	size_t count;
};

static void add_hop(struct hops *h, int ifindex, const struct in6_addr *address)
{
	struct neighbour_key key = {.ifindex = (uint32_t)ifindex, .address = *address};

	if (!ifindex || IN6_IS_ADDR_UNSPECIFIED(address) || h->count == HOPS_MAX)
		return;
	for (size_t i = 0; i < h->count; i++)
		if (!memcmp(&h->at[i], &key, sizeof(key)))
			return;
	h->at[h->count++] = key;
}

static void hops_of_table(struct hops *h, const struct config_circuit *c)
{
	struct kernel_route *routes = NULL;
	size_t count = 0;

	if (kernel_routes(c->table ? c->table : 254, &routes, &count))
		return;
	for (size_t r = 0; r < count; r++)
		for (unsigned int i = 0; i < routes[r].hop_count; i++)
			for (size_t l = 0; l < c->link_count; l++)
				if ((int)if_nametoindex(c->links[l].interface) ==
				    routes[r].hops[i].ifindex)
					add_hop(h, routes[r].hops[i].ifindex,
						&routes[r].hops[i].gateway);
	free(routes);
}

static void collect(const struct config *c, struct hops *h)
{
	h->count = 0;
	for (size_t i = 0; i < c->circuit_count; i++) {
		const struct config_circuit *k = &c->circuits[i];

		for (size_t l = 0; l < k->link_count; l++)
			for (size_t n = 0; n < k->links[l].next_hops.count; n++)
				add_hop(h, (int)if_nametoindex(k->links[l].interface),
					&k->links[l].next_hops.at[n].prefix.address);
		hops_of_table(h, k);
	}
}

static uint16_t state_of(const struct kernel_neighbour *all, size_t count,
			 const struct neighbour_key *key)
{
	for (size_t i = 0; i < count; i++)
		if ((uint32_t)all[i].ifindex == key->ifindex &&
		    !memcmp(&all[i].address, &key->address, sizeof(key->address)))
			return all[i].state;
	return NUD_NONE;
}

static bool holds(const struct hops *h, const struct neighbour_key *key)
{
	for (size_t i = 0; i < h->count; i++)
		if (!memcmp(&h->at[i], key, sizeof(*key)))
			return true;
	return false;
}

/*
 * Failed is a moment only: the next packet makes the neighbour incomplete again, and a look every
 * other second would miss it. So one that is still incomplete at the second look has failed too.
 * Only an answer takes the mark away.
 */
static void mark(int fd, const struct hops *h, const struct kernel_neighbour *all, size_t count)
{
	static struct hops unanswered; /* at the look before */
	struct hops *again = calloc(1, sizeof(*again));
	uint64_t now = observe_now();

	if (!again)
		return;
	for (size_t i = 0; i < h->count; i++) {
		uint16_t state = state_of(all, count, &h->at[i]);

		if (state & ANSWERS) {
			bpf_map_delete_elem(fd, &h->at[i]);
			continue;
		}
		if (state & (NUD_INCOMPLETE | NUD_FAILED))
			again->at[again->count++] = h->at[i];
		if (state & NUD_FAILED || (state & NUD_INCOMPLETE && holds(&unanswered, &h->at[i])))
			bpf_map_update_elem(fd, &h->at[i], &now, BPF_ANY);
	}
	unanswered = *again;
	free(again);
}

static void unmark_foreign(int fd, const struct hops *h)
{
	struct neighbour_key key, *at = NULL, next;

	for (int more = !bpf_map_get_next_key(fd, at, &next); more;) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!holds(h, &key))
			bpf_map_delete_elem(fd, &key);
	}
}

void daemon_neighbours(struct daemon *d)
{
	struct kernel_neighbour *all = NULL;
	struct hops *h = malloc(sizeof(*h));
	size_t count = 0;
	int fd = observe_map(d->observe, "failed");

	if (h && fd >= 0 && d->config && !kernel_neighbours(&all, &count)) {
		collect(d->config, h);
		mark(fd, h, all, count);
		unmark_foreign(fd, h);
		/* To be told to use a permanent neighbour makes the kernel forget that it is one. */
		for (size_t i = 0; i < h->count; i++)
			if (!(state_of(all, count, &h->at[i]) & (NUD_PERMANENT | NUD_NOARP)))
				kernel_neighbour_use((int)h->at[i].ifindex, &h->at[i].address);
	}
	if (fd >= 0)
		close(fd);
	free(all);
	free(h);
}

void daemon_refresh_stale(struct daemon *d)
{
	struct kernel_neighbour *all = NULL;
	struct observe_link *links = NULL;
	size_t count = 0, managed = 0, asked = 0;

	if (observe_links(d->observe, &links, &managed) || kernel_neighbours(&all, &count))
		goto out;
	for (size_t i = 0; i < count && asked < STALE_MAX; i++) {
		bool ours = false;

		for (size_t l = 0; !ours && l < managed; l++)
			ours = links[l].ifindex == (uint32_t)all[i].ifindex;
		if (ours && all[i].state & NUD_STALE &&
		    !kernel_neighbour_use(all[i].ifindex, &all[i].address))
			asked++;
	}
out:
	free(all);
	free(links);
}
