// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage of pool addresses. What fills an address under endpoint-independent mapping is its mappings,
 * counted here by protocol. An address-and-port-dependent pool fills up per destination; its flows
 * are shown, and its long searches and its exhaustion are counted by the data plane.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "observe_circuit.h"

#define BATCH 1024

static int order(uint8_t circuit, const struct in6_addr *address, const struct pool_usage *u)
{
	return circuit != u->circuit ? (int)circuit - (int)u->circuit :
	       memcmp(address, &u->address, sizeof(*address));
}

/* Whether the address is there; where it is, or belongs. */
static bool place_of(const struct pool_usages *u, uint8_t circuit, const struct in6_addr *address,
		     size_t *place)
{
	size_t low = 0, high = u->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int way = order(circuit, address, &u->at[middle]);

		if (!way) {
			*place = middle;
			return true;
		}
		if (way < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*place = low;
	return false;
}

struct pool_usage *pool_usages_entry(struct pool_usages *u, uint8_t circuit,
				     const struct in6_addr *address, uint64_t ports)
{
	size_t low;

	if (place_of(u, circuit, address, &low))
		return &u->at[low];
	if (u->count == u->room) {
		size_t room = u->room ? 2 * u->room : 64;
		void *more = realloc(u->at, room * sizeof(*u->at));

		if (!more)
			return NULL;
		u->at = more;
		u->room = room;
	}
	memmove(&u->at[low + 1], &u->at[low], (u->count++ - low) * sizeof(*u->at));
	u->at[low] = (struct pool_usage){.circuit = circuit, .address = *address, .ports = ports};
	return &u->at[low];
}

void pool_usages_free(struct pool_usages *u)
{
	free(u->at);
	*u = (struct pool_usages){0};
}

static bool above_mark(const struct pool_usage *u)
{
	return u->ports && u->mapped * 100 > u->ports * POOL_FULL_PERCENT;
}

int pool_filling(const struct pool_usages *now, struct pool_usages *known, pool_tell tell,
		 void *context)
{
	struct pool_usages above = {0};
	size_t place;

	for (size_t i = 0; i < now->count; i++) {
		const struct pool_usage *u = &now->at[i];
		struct pool_usage *kept;

		if (!above_mark(u))
			continue;
		kept = pool_usages_entry(&above, u->circuit, &u->address, u->ports);
		if (!kept) {
			pool_usages_free(&above);
			return -ENOMEM;
		}
		*kept = *u;
		if (!place_of(known, u->circuit, &u->address, &place))
			tell(context, u);
	}
	pool_usages_free(known);
	*known = above;
	return 0;
}

/* One protocol at a time, so that `mapped` is of the fuller one without a second table. */
struct count {
	const struct circuit *circuits;
	struct pool_usages *out, by_protocol[2]; /* TCP, UDP and what else maps */
	int circuit;
};

static int count_one(struct count *c, const struct in6_addr *address, uint8_t protocol,
		     uint8_t circuit_side)
{
	uint8_t circuit = circuit_side / 2;
	struct pool_usage *entry;

	if (circuit_side % 2 != MAPPING_POOL || circuit >= CIRCUITS_MAX ||
	    (c->circuit >= 0 && c->circuit != circuit))
		return 0;
	entry = pool_usages_entry(&c->by_protocol[protocol != IPPROTO_TCP], circuit, address,
				  observe_ports(&c->circuits[circuit]));
	if (!entry)
		return -ENOMEM;
	entry->mapped++;
	return 0;
}

static int count_key(struct count *c, const void *key, bool v4)
{
	const struct mapping_key6 *k6 = key;
	const struct mapping_key4 *k4 = key;
	struct in6_addr mapped = {0};

	if (!v4)
		return count_one(c, &k6->address, k6->protocol, k6->circuit_side);
	mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
	memcpy(&mapped.s6_addr[12], &k4->address, 4);
	return count_one(c, &mapped, k4->protocol, k4->circuit_side);
}

static int count_map(const struct observe *o, struct count *c, const char *map, bool v4)
{
	size_t size = v4 ? sizeof(struct mapping_key4) : sizeof(struct mapping_key6);
	char *keys = malloc(BATCH * sizeof(struct mapping_key6));
	struct mapping6 *values = malloc(BATCH * sizeof(*values));
	int fd = observe_map(o, map), err = fd < 0 ? fd : keys && values ? 0 : -ENOMEM;
	uint32_t token = 0, next = 0, count;
	void *from = NULL;
	bool last = false;

	while (!err && !last) {
		count = BATCH;
		if (bpf_map_lookup_batch(fd, from, &next, keys, values, &count, NULL)) {
			last = errno == ENOENT;
			err = last ? 0 : -errno;
		}
		for (uint32_t i = 0; !err && i < count; i++)
			err = count_key(c, keys + i * size, v4);
		token = next;
		from = &token;
	}
	if (fd >= 0)
		close(fd);
	free(values);
	free(keys);
	return err;
}

int pool_usages_mapped(const struct observe *o, const struct circuit *circuits, int circuit,
		       struct pool_usages *out)
{
	struct count c = {.circuits = circuits, .out = out, .circuit = circuit};
	int err = count_map(o, &c, "mappings4", true);

	if (!err)
		err = count_map(o, &c, "mappings6", false);
	for (int p = 0; !err && p < 2; p++)
		for (size_t i = 0; !err && i < c.by_protocol[p].count; i++) {
			const struct pool_usage *one = &c.by_protocol[p].at[i];
			struct pool_usage *entry = pool_usages_entry(out, one->circuit,
								     &one->address, one->ports);

			if (!entry)
				err = -ENOMEM;
			else if (one->mapped > entry->mapped)
				entry->mapped = one->mapped;
		}
	pool_usages_free(&c.by_protocol[0]);
	pool_usages_free(&c.by_protocol[1]);
	return err;
}
