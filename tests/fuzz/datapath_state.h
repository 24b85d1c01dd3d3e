/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables hold when a story is over: flows are two halves that lead to each other, mappings
 * two entries, and whoever counts them counts what is there.
 */
#ifndef SAMEPATH_TEST_DATAPATH_STATE_H
#define SAMEPATH_TEST_DATAPATH_STATE_H

#include "native_rig.h"

struct entry { /* of a flow table, in either family's form */
	struct tuple tuple, becomes;
	struct half half;
};

static void state(bool holds, const char *claim)
{
	if (holds)
		return;
	fprintf(stderr, "ERROR: %s\n", claim);
	abort();
}

static struct entry entry_of(int family, const uint8_t *key, const uint8_t *value)
{
	const struct flow_key4 *four = (const void *)key;
	const struct flow_key6 *six = (const void *)key;
	struct entry e = {.tuple = {.family = family}};

	memcpy(&e.half, value, sizeof(e.half));
	value += sizeof(e.half);
	e.tuple.protocol = family == 4 ? four->protocol : six->protocol;
	e.tuple.sport = ntohs(family == 4 ? four->sport : six->sport);
	e.tuple.dport = ntohs(family == 4 ? four->dport : six->dport);
	e.becomes = e.tuple;
	e.becomes.sport = ntohs(e.half.sport);
	e.becomes.dport = ntohs(e.half.dport);
	if (family == 6) {
		e.tuple.saddr = six->saddr;
		e.tuple.daddr = six->daddr;
		memcpy(&e.becomes.saddr, value, 16);
		memcpy(&e.becomes.daddr, value + 16, 16);
		return e;
	}
	e.tuple.saddr = e.tuple.daddr = e.becomes.saddr = e.becomes.daddr = address("0.0.0.0");
	memcpy(&e.tuple.saddr.s6_addr[12], &four->saddr, 4);
	memcpy(&e.tuple.daddr.s6_addr[12], &four->daddr, 4);
	memcpy(&e.becomes.saddr.s6_addr[12], value, 4);
	memcpy(&e.becomes.daddr.s6_addr[12], value + 4, 4);
	return e;
}

/* What the flows seen so far should have counted. */
struct counts {
	uint64_t side[SIDE_MAX];
	struct service_load services[3];
	struct in6_addr address[64];
	struct host hosts[64];
	unsigned int known;
};

static struct host *counts_host(struct counts *c, const struct in6_addr *a)
{
	unsigned int i;

	for (i = 0; i < c->known; i++)
		if (same_address(c->address[i], *a))
			return &c->hosts[i];
	if (c->known == 64)
		return NULL;
	c->address[c->known++] = *a;
	return &c->hosts[i];
}

static void counts_add(struct counts *c, const struct entry *e)
{
	uint32_t flags = e->half.flags;
	struct host *host = counts_host(c, &e->tuple.saddr);
	bool outside = flags & FLOW_OPENED_OUTSIDE, open = flags & FLOW_HALF_OPEN;

	c->side[outside ? SIDE_OUTSIDE : SIDE_INSIDE] += open;
	c->side[OUTSIDE_FLOWS] += outside;
	if (flags & FLOW_SERVICE && e->half.class < 3)
		c->services[e->half.class].flows++;
	if (outside && e->half.class < 3)
		c->services[e->half.class].half_open += open;
	if (outside || !host)
		return;
	host->flows++;
	host->half_open += open;
}

static void counts_hold(const struct counts *c)
{
	struct host host;
	unsigned int i;

	for (i = 0; i < SIDE_MAX; i++)
		state(half_open_of(i) == c->side[i], "each side's count is what it holds");
	for (i = 1; i < 3; i++) {
		state(load_of(i).flows == c->services[i].flows, "a service's count is its flows");
		state(load_of(i).half_open == c->services[i].half_open, "and of those half-open");
	}
	for (i = 0; i < c->known; i++) {
		host = (struct host){0};
		host_of(c->address[i], &host);
		state(host.flows == c->hosts[i].flows && host.half_open == c->hosts[i].half_open,
		      "a host's counts are its flows");
	}
}

static void flows_hold(int family, struct counts *c)
{
	struct flow_table_maps m = flows_maps(family);
	uint32_t number = 0;
	union flow_place p;
	struct tuple peer;
	struct half half;

	while ((number = flow_next_half(&m, number, &p))) {
		struct entry e = entry_of(family, flow_place_key(&m, &p), flow_place_flow(&m, &p));

		if (e.tuple.protocol == CROWD)
			continue;
		peer = turned(e.becomes);
		state(half_get(&peer, &half), "both halves of a flow are there");
		state(half_translated(&peer, &peer) && same_tuple(turned(peer), e.tuple),
		      "and lead to each other");
		state((half.flags ^ e.half.flags) & FLOW_REPLY && half.circuit == e.half.circuit,
		      "they are of one circuit, and one is the reply");
		if (!(e.half.flags & FLOW_REPLY))
			counts_add(c, &e);
	}
}

/* Each entry of a mapping has the other, which says the opposite. */
static void mappings_hold4(void)
{
	struct mapping_key4 key, other;
	struct mapping4 value, back;
	int fd = map_of("mappings4");
	void *from = NULL;

	while (!bpf_map_get_next_key(fd, from, &other)) {
		key = other;
		from = &key;
		if (key.protocol == CROWD)
			continue;
		bpf_map_lookup_elem(fd, &key, &value);
		other.address = value.address;
		other.port = value.port;
		other.circuit_side ^= 1;
		state(!bpf_map_lookup_elem(fd, &other, &back) && back.address == key.address &&
			      back.port == key.port,
		      "both entries of a mapping are there");
	}
}

static void mappings_hold6(void)
{
	struct mapping_key6 key, other;
	struct mapping6 value, back;
	int fd = map_of("mappings6");
	void *from = NULL;

	while (!bpf_map_get_next_key(fd, from, &other)) {
		key = other;
		from = &key;
		if (key.protocol == CROWD)
			continue;
		bpf_map_lookup_elem(fd, &key, &value);
		other.address = value.address;
		other.port = value.port;
		other.circuit_side ^= 1;
		state(!bpf_map_lookup_elem(fd, &other, &back) &&
			      same_address(back.address, key.address) && back.port == key.port,
		      "both entries of a mapping are there");
	}
}

static void state_holds(void)
{
	struct counts counts = {0};

	flows_hold(4, &counts);
	flows_hold(6, &counts);
	counts_hold(&counts);
	mappings_hold4();
	mappings_hold6();
}

#endif
