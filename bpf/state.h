/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a flow's flags mean, and what flows hold of the shares: half-open state of each side,
 * flows of each inside host. Whoever adds, or takes back, does so exactly once, because it is
 * the one whose atomic operation changed the bit or whose delete succeeded.
 */
#ifndef SAMEPATH_BPF_STATE_H
#define SAMEPATH_BPF_STATE_H

#include "dry.h"
#include "packet.h"

#define FLOW_TCP (FLOW_SYN | FLOW_ACK | FLOW_FIN | FLOW_RST)

static __always_inline __u32 flow_tcp_bits(__u8 tcp)
{
	return (tcp & TCP_SYN ? FLOW_SYN : 0) | (tcp & TCP_ACK ? FLOW_ACK : 0) |
	       (tcp & TCP_FIN ? FLOW_FIN : 0) | (tcp & TCP_RST ? FLOW_RST : 0);
}

/* RST from either side, or FIN from both (RFC 7857 section 2). */
static __always_inline bool flow_closing(__u32 one, __u32 other)
{
	return (one | other) & FLOW_RST || one & other & FLOW_FIN;
}

/* ns of silence that end the flow with these two halves' flags. */
static __always_inline __u64 flow_timeout(struct settings *s, __u8 protocol, __u32 one, __u32 other)
{
	__u32 flags = one | other;

	if (flags & FLOW_OPENED_OUTSIDE && flags & FLOW_HALF_OPEN)
		return s->timeout[STATE_INBOUND_HALF_OPEN];
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return s->timeout[STATE_ICMP];
	if (protocol != IPPROTO_TCP)
		return s->timeout[STATE_UDP];
	if (flow_closing(one, other))
		return s->timeout[STATE_TCP_CLOSING];
	if (flags & FLOW_HALF_OPEN)
		return s->timeout[STATE_TCP_HALF_OPEN];
	return s->timeout[STATE_TCP_ESTABLISHED];
}

static __always_inline struct circuit *circuit_find(__u32 slot, __u32 number)
{
	__u32 index = slot * CIRCUITS_MAX + number;
	struct circuit *circuit;

	if (number >= CIRCUITS_MAX)
		return NULL;
	circuit = bpf_map_lookup_elem(&circuits, &index);
	return circuit && circuit->flags & CIRCUIT_PRESENT ? circuit : NULL;
}

static __always_inline struct circuit_counter *circuit_counter(__u32 circuit)
{
	return bpf_map_lookup_elem(&circuit_counters, &circuit);
}

static __always_inline struct class_counter *class_counter(__u32 class)
{
	return bpf_map_lookup_elem(&class_counters, &class);
}

/*
 * A sweep may forget a host while it opens a flow; what the host that is made anew did not take, it
 * is not given back for.
 */
static __always_inline void host_give_back(__u32 *count)
{
	if ((__s32)__sync_fetch_and_sub(count, 1) <= 0)
		__sync_fetch_and_add(count, 1);
}

static __always_inline struct service_load *service_load(__u32 service)
{
	return bpf_map_lookup_elem(&service_loads, &service);
}

static __always_inline struct service_counter *service_counter(__u32 service)
{
	return bpf_map_lookup_elem(&service_counters, &service);
}

static __always_inline void side_add(__u32 side, __s64 count)
{
	__u64 *all = bpf_map_lookup_elem(&half_open, &side);

	if (all)
		__sync_fetch_and_add(all, count);
}

/* A flow of the service is there, a hairpin too; and it is no more. */
static __always_inline void service_enter(__u32 service)
{
	struct service_load *load = dry ? NULL : service_load(service);
	struct service_counter *counter = service_counter(service);

	if (load)
		__sync_fetch_and_add(&load->flows, 1);
	if (counter)
		counter->opened++;
}

static __always_inline void service_leave(__u32 service)
{
	struct service_load *load = service_load(service);
	struct service_counter *counter = service_counter(service);

	if (load)
		__sync_fetch_and_sub(&load->flows, 1);
	if (counter) /* a sweep may be interrupted here by a packet that counts, too */
		__sync_fetch_and_add(&counter->closed, 1);
}

/*
 * Who answers for a flow is the service that let it in, or without one the inside host that opened it,
 * whose address (IPv4 as mapped) is only then looked at.
 */
static __always_inline void half_open_release(const struct in6_addr *address, __u32 service)
{
	struct service_load *load;
	struct host *host;

	if (dry)
		return;
	if (service) {
		load = service_load(service);
		if (load)
			__sync_fetch_and_sub(&load->half_open, 1);
		side_add(SIDE_OUTSIDE, -1);
		return;
	}
	host = bpf_map_lookup_elem(&hosts, address);
	if (host)
		host_give_back(&host->half_open);
	side_add(SIDE_INSIDE, -1);
}

static __always_inline void half_open_take(const struct in6_addr *address, __u32 service)
{
	struct service_load *load;
	struct host *host;

	if (dry)
		return;
	if (service) {
		load = service_load(service);
		if (load)
			__sync_fetch_and_add(&load->half_open, 1);
		side_add(SIDE_OUTSIDE, 1);
		return;
	}
	host = bpf_map_lookup_elem(&hosts, address);
	if (host)
		__sync_fetch_and_add(&host->half_open, 1);
	side_add(SIDE_INSIDE, 1);
}

/* Gives back what flow_take or service_take took for a flow with these flags. */
static __always_inline void share_release(const struct in6_addr *address, __u32 service, __u32 flags)
{
	struct host *host = service ? NULL : bpf_map_lookup_elem(&hosts, address);

	if (dry)
		return;
	if (service)
		side_add(OUTSIDE_FLOWS, -1);
	else if (host)
		host_give_back(&host->flows);
	if (flags & FLOW_HALF_OPEN)
		half_open_release(address, service);
}

static __always_inline void flow_release(const struct in6_addr *address, __u32 class, __u32 circuit,
					 __u32 flags)
{
	__u32 service = flags & FLOW_OPENED_OUTSIDE ? class : 0;
	struct circuit_counter *counter = circuit_counter(circuit);

	if (counter) /* a sweep may be interrupted here by a packet that counts, too */
		__sync_fetch_and_add(&counter->closed, 1);
	if (flags & FLOW_SERVICE)
		service_leave(class);
	share_release(address, service, flags);
}

/*
 * Counts one new flow under the stamp (a second, and whose), unless it would be one too many. Of two that
 * count at once one may be forgotten: a limit, not a ledger.
 */
static __always_inline bool rate_admits(__u64 *rate, __u64 stamp, __u32 max)
{
	__u64 was = *rate;
	bool same = was >> RATE_BITS == stamp;

	if (same && (was & RATE_MAX) >= max)
		return false;
	if (!dry)
		__sync_val_compare_and_swap(rate, was, same ? was + 1 : (stamp << RATE_BITS | 1));
	return true;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct host);
} host_copies SEC(".maps");

/* For an explanation: a copy of the record, or that of a host without flows. */
static __always_inline struct host *host_copied(const struct host *host)
{
	__u32 zero = 0;
	struct host *copy = bpf_map_lookup_elem(&host_copies, &zero);

	if (copy && host)
		*copy = *host;
	else if (copy)
		__builtin_memset(copy, 0, sizeof(*copy));
	return copy;
}

/* The inside host's record, made when it is new; NULL: the table of hosts is full. */
static __always_inline struct host *host_find(const struct in6_addr *address, __u64 now)
{
	struct host *host = bpf_map_lookup_elem(&hosts, address);
	struct host new = {.touched = now};

	if (dry)
		return host_copied(host);
	if (host) {
		host->touched = now;
		return host;
	}
	bpf_map_update_elem(&hosts, address, &new, BPF_NOEXIST);
	return bpf_map_lookup_elem(&hosts, address);
}

/*
 * Takes a flow's share of what its host and its side may hold, before the flow is made. What a host
 * tries in a second counts, whatever comes of it: a search for a port costs the same in vain. The other
 * counts are raised first and taken back on refusal, so that two cores cannot both pass the last
 * place.
 */
static __always_inline enum verdict flow_take(struct pkt *p, const struct in6_addr *address)
{
	struct settings *s = p->settings;
	struct host *host = host_find(address, p->now);
	__u32 side = SIDE_INSIDE, flows, half;
	__u64 *count = bpf_map_lookup_elem(&half_open, &side), all;

	if (!host || !count)
		return V_TABLE_FULL;
	if (s->host_rate && !rate_admits(&host->rate, p->now / NANOSECONDS, s->host_rate))
		return V_HOST_RATE;
	flows = take_one(&host->flows);
	half = take_one(&host->half_open);
	all = take_one_of(count);
	if (s->flows_per_host && flows >= s->flows_per_host) {
		share_release(address, 0, FLOW_HALF_OPEN);
		return V_HOST_LIMIT;
	}
	if (all >= s->half_open_max || (half && half >= s->half_open_max / 16)) {
		share_release(address, 0, FLOW_HALF_OPEN);
		return V_HALF_OPEN_LIMIT;
	}
	return GO_ON;
}

/*
 * The same for a flow that a service lets in. A service may hold a quarter of the outside's share, and half
 * of it by sources that are proven: these too may be many, or one that asks for more than it means to use.
 */
static __always_inline enum verdict service_take(struct pkt *p, const struct in6_addr *address,
						 __u32 service, bool proven)
{
	__u32 side = SIDE_OUTSIDE, whole = OUTSIDE_FLOWS, max = p->settings->half_open_max, half;
	__u64 *count = bpf_map_lookup_elem(&half_open, &side), all;
	__u64 *flows = bpf_map_lookup_elem(&half_open, &whole), held;
	struct service_load *load = service_load(service);

	if (!load || !count || !flows)
		return V_TABLE_FULL;
	held = take_one_of(flows);
	half = take_one(&load->half_open);
	all = take_one_of(count);
	if (p->settings->outside_flows && held >= p->settings->outside_flows) {
		share_release(address, service, FLOW_HALF_OPEN);
		return V_OUTSIDE_LIMIT;
	}
	if (all >= max || half >= (proven ? max / 2 : max / 4)) {
		share_release(address, service, FLOW_HALF_OPEN);
		return V_HALF_OPEN_LIMIT;
	}
	return GO_ON;
}

#endif
