/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where to, from the kernel's own FIB. A half remembers the answer as the index of a next hop. It
 * asks again when the generation moves, when no flow was led to that next hop for ROUTE_AGE, and
 * after ROUTE_AGE of its own; while the daemon watches the routes, a change moves the generation,
 * and the last may be longer. So a dead daemon leaves neither a stale route nor a stale neighbour
 * behind for more than a second. Included once a family.
 */
#ifndef SAMEPATH_BPF_WAY
#define SAMEPATH_BPF_WAY
#include "next_hop.h"

#define MTU_LEAST (FAMILY == 4 ? 68 : 1280) /* that any way has: RFC 791, RFC 8200 section 5 */

struct way {
	__u32 oif; /* as the FIB names it; not known of a way from memory */
	__u32 out; /* the device that sends: itself, or the trunk of a VLAN device */
	__u16 tags[TAGS_MAX]; /* that the frame then wears */
	__u16 mtu;
	__u8 dmac[6];
	__u8 smac[6];
	__u8 resolved; /* 0: the next hop has no neighbour yet, `next_hop` says which */
	__u8 family; /* of next_hop */
	struct in6_addr next_hop; /* mapped */
};

/* The question to the FIB, and the search for the next hop that answers it. */
struct question {
	struct bpf_fib_lookup fib;
	struct bpf_fib_lookup again; /* the same, for the answer overwrites it */
	struct next_hop_search search;
};

/* One a CPU: the stack has better uses. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct question);
} questions SEC(".maps");

static __always_inline struct question *question_new(void)
{
	__u32 zero = 0;
	struct question *q = bpf_map_lookup_elem(&questions, &zero);

	if (q)
		__builtin_memset(q, 0, sizeof(*q));
	return q;
}

static __always_inline bool neighbour_failed(__u32 ifindex, const struct in6_addr *address)
{
	struct neighbour_key key = {.ifindex = ifindex, .address = *address};

	return bpf_map_lookup_elem(&failed, &key);
}

static __always_inline bool probe_down(__u32 ifindex, __u64 now)
{
	struct probe *probe = bpf_map_lookup_elem(&probes, &ifindex);

	return probe && now < probe->down_until;
}

/* Is the probe of its link, if there is one, not down, and has the next hop not failed? */
static __always_inline bool way_works(const struct way *way, __u64 now)
{
	return !probe_down(way->oif, now) &&
	       (way->resolved || !neighbour_failed(way->oif, &way->next_hop));
}

/*
 * Which device sends, and with which tags: XDP cannot transmit on a VLAN device. And can frames be
 * redirected to it? A driver without native XDP takes them from skbs only, and those are handed over, as
 * if the neighbour were still to be found.
 */
static __always_inline void way_device(struct way *way)
{
	struct link *link = link_find(way->oif);

	way->out = way->oif;
	way->tags[0] = 0;
	way->tags[1] = 0;
	if (!link)
		return;
	if (link->trunk) {
		way->out = link->trunk;
		way->tags[0] = link->tags[0];
		way->tags[1] = link->tags[1];
	}
	if (link->generic)
		way->resolved = 0;
}

/* The FIB tells the MTU together with a neighbour, or when a packet is too big for it. */
static __always_inline __u16 question_mtu(struct xdp_md *ctx, struct question *q, __u32 flags)
{
	q->again.tot_len = 0xffff;
	if (bpf_fib_lookup(ctx, &q->again, sizeof(q->again), flags) == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return q->again.mtu_result;
	return 0xffff;
}

static __always_inline void way_next_hop(struct way *way, struct bpf_fib_lookup *fib)
{
	way->family = fib->family == AF_INET ? 4 : 6;
	if (fib->family == AF_INET)
		map_address4(&way->next_hop, fib->ipv4_dst);
	else
		__builtin_memcpy(&way->next_hop, fib->ipv6_dst, sizeof(way->next_hop));
}
/* The way that the packet would leave by. */
static __always_inline void trail_way(const struct way *way)
{
	struct trail *t = trail_at();

	if (!t)
		return;
	t->flags |= TRAIL_WAY;
	t->oif = way->out;
	t->mtu = way->mtu;
	t->tags[0] = way->tags[0];
	t->tags[1] = way->tags[1];
	__builtin_memcpy(t->dmac, way->dmac, ETH_ALEN);
	__builtin_memcpy(t->smac, way->smac, ETH_ALEN);
	t->resolved = way->resolved;
	t->next_hop = way->next_hop;
}
#endif

/*
 * Asks the FIB. `ifindex` is the device the packet came in on, or with BPF_FIB_LOOKUP_OUTPUT the
 * one it shall leave by. Returns the FIB's answer, BPF_FIB_LKUP_RET_*; the way is filled for
 * SUCCESS and for NO_NEIGH.
 */
static __always_inline int F(way_ask)(struct xdp_md *ctx, __u32 ifindex, __u32 flags,
				      const ADDRESS *source, const ADDRESS *destination,
				      __u8 protocol, struct way *way)
{
	struct question *q = question_new();
	struct bpf_fib_lookup *fib;
	int answer;

	if (!q)
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	fib = &q->fib;
	fib->ifindex = ifindex;
	fib->l4_protocol = protocol;
	fib->tot_len = 1; /* asks for the MTU, whatever the packet's length */

#if FAMILY == 4
	fib->family = AF_INET;
	fib->ipv4_src = *source;
	fib->ipv4_dst = *destination;
#else
	fib->family = AF_INET6;
	__builtin_memcpy(fib->ipv6_src, source, sizeof(*source));
	__builtin_memcpy(fib->ipv6_dst, destination, sizeof(*destination));
#endif
	q->again = *fib;
	answer = bpf_fib_lookup(ctx, fib, sizeof(*fib), flags);
	if (answer != BPF_FIB_LKUP_RET_SUCCESS && answer != BPF_FIB_LKUP_RET_NO_NEIGH)
		return answer;
	way->oif = fib->ifindex;
	way->resolved = answer == BPF_FIB_LKUP_RET_SUCCESS;
	way->mtu = way->resolved ? fib->mtu_result : question_mtu(ctx, q, flags);
	if (way->mtu < MTU_LEAST)
		way->mtu = MTU_LEAST;
	__builtin_memcpy(way->dmac, fib->dmac, ETH_ALEN);
	__builtin_memcpy(way->smac, fib->smac, ETH_ALEN);
	way_next_hop(way, fib);
	way_device(way);
	trail_way(way);
	return answer;
}

static __always_inline bool F(way_found)(int answer)
{
	return answer == BPF_FIB_LKUP_RET_SUCCESS || answer == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/* What a way to a circuit is asked by; where a packet has the same, from it. */
struct F(wish) {
	ADDRESS source; /* translated */
	ADDRESS destination;
	__u64 now;
	__u32 slot;
	__u32 ifindex; /* where the packet came in */
	__u32 number; /* of the circuit */
	__u8 protocol;
	__u8 translated;
};

static __always_inline void F(wish_fill)(struct F(wish) *w, const struct pkt *p, __u32 number,
					 bool translated, const ADDRESS *source,
					 const ADDRESS *destination)
{
	w->source = *source;
	w->destination = *destination;
	w->now = p->now;
	w->slot = p->slot;
	w->ifindex = p->ifindex;
	w->number = number;
	w->protocol = p->protocol;
	w->translated = translated;
}

/* Does the way leave by a link of the circuit? */
static __always_inline bool F(way_fits)(const struct F(wish) *w, const struct way *way)
{
	struct role role = role_look(w->slot, way->oif);

	return role.kind == ROLE_LINK && role.circuit == w->number;
}

/*
 * A way of the circuit: its device must be a link of the circuit, and that link must work.
 * What wears a pool address follows the kernel's own choice; when that is a link of the circuit
 * that does not work, and for what is not translated, whose source leads to no table, each link
 * is asked in turn. The circuit's table has the last word: it answers for a link only when it has
 * a route over it. Not static: so the verifier looks at it once, not once a caller and state.
 */
__noinline int F(way_of_circuit)(struct xdp_md *ctx, const struct F(wish) *w, struct way *way)
{
	int answer, refused = BPF_FIB_LKUP_RET_UNREACHABLE;
	struct circuit *circuit;
	__u32 i;

	if (!w || !way)
		return refused;
	circuit = circuit_find(w->slot, w->number);
	if (!circuit)
		return refused;
	if (w->translated) {
		answer = F(way_ask)(ctx, w->ifindex, 0, &w->source, &w->destination, w->protocol, way);
		if (!F(way_found)(answer)) {
			trail_why(WHY_NOT_ROUTED, answer);
			return answer;
		}
		if (!F(way_fits)(w, way)) {
			trail_why(WHY_ELSEWHERE, way->oif);
			return refused;
		}
		if (way_works(way, w->now))
			return answer;
		trail_why(WHY_NOT_WORKING, way->oif);
	}
	for (i = 0; i < CIRCUIT_LINKS && circuit->links[i]; i++) {
		answer = F(way_ask)(ctx, circuit->links[i], BPF_FIB_LOOKUP_OUTPUT, &w->source,
				    &w->destination, QUESTION_PROTOCOL, way);
		if (!F(way_found)(answer)) {
			refused = answer;
			trail_why_link(WHY_NOT_ROUTED, answer);
		} else if (!F(way_fits)(w, way)) {
			trail_why_link(WHY_ELSEWHERE, way->oif);
		} else if (way_works(way, w->now)) {
			return answer;
		} else {
			trail_why_link(WHY_NOT_WORKING, way->oif);
		}
	}
	return refused;
}

/* Writes the way into the half; one that is not resolved is asked again each time. */
static __always_inline void F(way_keep)(struct pkt *p, FLOW *f, const struct way *way)
{
	struct question *q = question_new();

	/* the old hop goes first: it must not look as young as the answer */
	f->half.hop = 0;
	barrier();
	f->half.generation = p->generation;
	f->half.asked = pkt_tick(p);
	if (!q || !way->resolved)
		return;
	q->search.tick = pkt_tick(p);
	q->search.want.oif = way->out;
	q->search.want.tags[0] = way->tags[0];
	q->search.want.tags[1] = way->tags[1];
	q->search.want.mtu = way->mtu;
	__builtin_memcpy(q->search.want.dmac, way->dmac, ETH_ALEN);
	__builtin_memcpy(q->search.want.smac, way->smac, ETH_ALEN);
	f->half.hop = next_hop_find(&q->search);
}

/* What the half remembers, if it may still be trusted. */
static __always_inline struct next_hop *F(way_kept)(struct pkt *p, const FLOW *f)
{
	struct next_hop *hop;

	if (f->half.generation != p->generation || pkt_tick(p) - f->half.asked > p->route_age)
		return NULL;
	hop = next_hop_at(f->half.hop);
	return hop && pkt_tick(p) - hop->asked <= ROUTE_AGE ? hop : NULL;
}

static __always_inline enum verdict F(way_refused)(struct pkt *p, int answer, bool to_circuit)
{
	if (answer == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return V_NO_FORWARDING;
	if (!to_circuit)
		return V_NO_ROUTE;
	answer_unreachable(p, false);
	return V_CIRCUIT_UNUSABLE;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct F(wish));
} F(wishes) SEC(".maps");

static __always_inline int F(route_to_circuit)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
					       struct way *way)
{
	__u32 zero = 0;
	struct F(wish) *w = bpf_map_lookup_elem(&F(wishes), &zero);

	if (!w)
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	/* no routing table goes by the address of a service, which may be published on many circuits */
	F(wish_fill)(w, p, f->half.circuit, !(f->half.flags & (FLOW_PIN_ONLY | FLOW_OPENED_OUTSIDE)),
		     &f->saddr, &f->daddr);
	return F(way_of_circuit)(ctx, w, way);
}

/* Asks anew for an existing half. */
static __noinline enum verdict F(route_ask)(struct xdp_md *ctx, struct pkt *p, FLOW *f,
					    struct way *way)
{
	bool to_circuit = f->half.flags & FLOW_TO_CIRCUIT;
	int answer;

	if (to_circuit)
		answer = F(route_to_circuit)(ctx, p, f, way);
	else
		answer = F(way_ask)(ctx, p->ifindex, 0, &f->saddr, &f->daddr, p->protocol, way);
	if (!F(way_found)(answer))
		return F(way_refused)(p, answer, to_circuit);
	if (!to_circuit && role_look(p->slot, way->oif).kind != ROLE_INSIDE)
		return V_NO_ROUTE; /* never out of a circuit again */
	F(way_keep)(p, f, way);
	return GO_ON;
}

/* The way of an existing half, from memory or asked again. GO_ON, or why there is none. */
static __always_inline enum verdict F(route)(struct xdp_md *ctx, struct pkt *p, FLOW *f,
					     struct way *way)
{
	struct next_hop *hop = dry ? NULL : F(way_kept)(p, f);

	/* what is too big asks for itself: to be cut it must know more, to be told the truth, the newest */
	if (!hop || p->length > hop->mtu)
		return F(route_ask)(ctx, p, f, way);
	way->resolved = 1;
	way->out = hop->oif;
	way->tags[0] = hop->tags[0];
	way->tags[1] = hop->tags[1];
	way->mtu = hop->mtu;
	__builtin_memcpy(way->dmac, hop->dmac, ETH_ALEN);
	__builtin_memcpy(way->smac, hop->smac, ETH_ALEN);
	return GO_ON;
}
