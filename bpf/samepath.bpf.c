/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of samepath. The way of a packet is path() in pipeline.h; what is before it and
 * behind it stands here: which role the device has, and the one exit.
 */
#include "packet.h"
#include "../vmlinux/vmlinux.h"
#include "checksum.h"
#include "dry.h"
#include "event.h"
#include "state.h"
#include "role.h"
#include "vlan.h"
#include "parse.h"
#include "parse_rare.h"
#include "tcp.h"
#include "classify.h"
#include "flood.h"
#include "answer.h"
#include "neighbour.h"
#include "guard.h"
#include "family.h"
#include "fragment_hold.h"
#include "fragment_range.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline struct sweep *sweep_find(void)
{
	__u32 running = SWEEP_RUNNING;

	return bpf_map_lookup_elem(&sweep, &running);
}

static __always_inline struct settings *settings_live(void)
{
	__u32 zero = 0;
	struct live *now = bpf_map_lookup_elem(&live, &zero);
	__u32 slot = now ? now->slot : 0;

	return bpf_map_lookup_elem(&settings, &slot);
}

#define FAMILY 4
#include "pipeline.h"
#include "expire.h"
#undef FAMILY
#define FAMILY 6
#include "pipeline.h"
#include "expire.h"
#undef FAMILY

/* What becomes of a packet, by its verdict: the second column of VERDICTS. */
enum fate { FATE_FORWARD, FATE_PASS, FATE_ANSWER, FATE_DROP };

static __always_inline enum fate fate_of(enum verdict verdict)
{
#define FATE(name, action, text) \
	case V_##name: \
		return FATE_##action;
	switch (verdict) {
		VERDICTS(FATE)
	default:
		return FATE_DROP;
	}
#undef FATE
}

static __always_inline void count(__u32 verdict, __u32 bytes)
{
	struct tally *tally = bpf_map_lookup_elem(&verdicts, &verdict);

	if (!tally)
		return;
	tally->packets++;
	tally->bytes += bytes;
}

static __always_inline void trail_end(const struct pkt *p, enum verdict verdict)
{
	struct trail *t = trail_at();

	if (!t)
		return;
	t->verdict = verdict;
	t->slot = p->slot;
	t->ifindex = p->ifindex;
	t->role = p->role;
	t->family = p->family;
	t->protocol = p->protocol;
	t->answer_type = p->answer.type;
	t->answer_code = p->answer.code;
}

#include "cut.h"

/*
 * The only exit of a received packet. What goes to the kernel as it came, and what goes back where it came
 * from, has the tags again that it came with.
 */
static __always_inline int finish(struct xdp_md *ctx, struct pkt *p, enum verdict verdict)
{
	int action = XDP_PASS;

	count(verdict, p->frame);
	trail_end(p, verdict);
	switch (fate_of(verdict)) {
	case FATE_FORWARD:
		return p->action;
	case FATE_ANSWER:
		action = p->action;
		break;
	case FATE_PASS:
		break;
	default:
		action = answer(ctx, p);
	}
	if (action == XDP_DROP)
		return action;
	/* there is room: they were taken from there, and an answer is far smaller than the headroom */
	return vlan_put_back(ctx, p) ? action : XDP_DROP;
}

/*
 * Which role the device, or the VLAN device on it, has in the live configuration; GO_ON when it has one. The
 * frame then has no tag any more.
 */
static __always_inline enum verdict arrive(struct xdp_md *ctx, struct pkt *p)
{
	__u32 zero = 0;
	struct live *now = bpf_map_lookup_elem(&live, &zero);
	struct watch *watched;

	p->ifindex = ctx->ingress_ifindex;
	p->frame = (void *)(long)ctx->data_end - (void *)(long)ctx->data;
	p->special = GO_ON;
	if (!now)
		return V_UNMANAGED;
	p->slot = now->slot & (SLOTS - 1);
	p->generation = now->generation;
	p->role = role_of(p->slot, now->generation, p->ifindex);
	if (p->role.kind == ROLE_NONE)
		return V_UNMANAGED;
	p->settings = bpf_map_lookup_elem(&settings, &p->slot);
	if (!p->settings || !p->settings->ready)
		return V_NO_CONFIG;
	p->now = bpf_ktime_get_coarse_ns(); /* a jiffy old at most, and a tenth of the price */
	watched = bpf_map_lookup_elem(&watch, &zero);
	/* a time too far ahead is none that a daemon of this clock wrote */
	p->route_age = watched && watched->until - p->now <= 2 * WATCH_LENGTH ? ROUTE_AGE_WATCHED :
										ROUTE_AGE;
	return vlan_arrive(ctx, p);
}

static __always_inline enum verdict samepath(struct xdp_md *ctx, struct pkt *p)
{
	enum verdict verdict = arrive(ctx, p);
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	bool group;

	if (verdict != GO_ON)
		return verdict;
	if ((void *)(eth + 1) > end)
		return V_TRUNCATED;
	/* a frame for a group of stations is neither sent on (RFC 1812 5.3.4) nor answered */
	group = eth->h_dest[0] & 1;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		p->family = 4;
		return group ? V_MULTICAST : path4(ctx, p);
	case bpf_htons(ETH_P_IPV6):
		p->family = 6;
		verdict = solicitation(ctx, p);
		if (verdict != GO_ON)
			return verdict;
		return group ? V_MULTICAST : path6(ctx, p);
	case bpf_htons(ETH_P_ARP):
		return arp(ctx, p);
	}
	return V_NOT_IP;
}

SEC("xdp")
int samepath_xdp(struct xdp_md *ctx)
{
	struct pkt p = {};

	return finish(ctx, &p, samepath(ctx, &p));
}

/* The stages: the switch was read again, and may have moved; each packet is judged by one reading. */
SEC("xdp")
int samepath_rare4(struct xdp_md *ctx)
{
	struct pkt p = {.family = 4};
	enum verdict verdict = arrive(ctx, &p);

	return finish(ctx, &p, verdict == GO_ON ? rare_path4(ctx, &p) : verdict);
}

SEC("xdp")
int samepath_rare6(struct xdp_md *ctx)
{
	struct pkt p = {.family = 6};
	enum verdict verdict = arrive(ctx, &p);

	return finish(ctx, &p, verdict == GO_ON ? rare_path6(ctx, &p) : verdict);
}

SEC("xdp")
int samepath_error4(struct xdp_md *ctx)
{
	struct pkt p = {.family = 4};
	enum verdict verdict = arrive(ctx, &p);

	return finish(ctx, &p, verdict == GO_ON ? error_path4(ctx, &p) : verdict);
}

SEC("xdp")
int samepath_error6(struct xdp_md *ctx)
{
	struct pkt p = {.family = 6};
	enum verdict verdict = arrive(ctx, &p);

	return finish(ctx, &p, verdict == GO_ON ? error_path6(ctx, &p) : verdict);
}

SEC("tc")
int samepath_guard(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct live *now = bpf_map_lookup_elem(&live, &zero);
	enum verdict verdict = guard(skb, now ? now->slot : 0);

	count(verdict, skb->len);
	return fate_of(verdict) == FATE_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int samepath_resolve(struct __sk_buff *skb)
{
	struct bpf_redir_neigh hop = {};
	struct handover *handover = (void *)(long)skb->data_meta;

	if (skb->cb[0] == PIECE_MAGIC)
		return piece_leave(skb);
	if ((void *)(handover + 1) > (void *)(long)skb->data || handover->magic != HANDOVER_MAGIC)
		return TC_ACT_UNSPEC;
	if (handover->mtu)
		return cut(skb, handover);
	hop.nh_family = handover->family;
	if (handover->family == AF_INET)
		hop.ipv4_nh = handover->next_hop.s6_addr32[3];
	else
		__builtin_memcpy(hop.ipv6_nh, &handover->next_hop, sizeof(hop.ipv6_nh));
	count(V_RESOLVED, skb->len);
	return bpf_redirect_neigh(handover->ifindex, &hop, sizeof(hop), 0);
}

SEC("iter/bpf_map_elem")
int expire_flows4(struct bpf_iter__bpf_map_elem *ctx)
{
	return expire_flow4(ctx);
}

SEC("iter/bpf_map_elem")
int expire_flows6(struct bpf_iter__bpf_map_elem *ctx)
{
	return expire_flow6(ctx);
}

SEC("iter/bpf_map_elem")
int expire_mappings4(struct bpf_iter__bpf_map_elem *ctx)
{
	return expire_mapping4(ctx);
}

SEC("iter/bpf_map_elem")
int expire_mappings6(struct bpf_iter__bpf_map_elem *ctx)
{
	return expire_mapping6(ctx);
}

SEC("iter/bpf_map_elem")
int list_flows4(struct bpf_iter__bpf_map_elem *ctx)
{
	return list_flow4(ctx);
}

SEC("iter/bpf_map_elem")
int list_flows6(struct bpf_iter__bpf_map_elem *ctx)
{
	return list_flow6(ctx);
}

SEC("syscall")
int kill_flow(struct flow_kill *kill)
{
	if (kill->family == 4)
		kill4(kill);
	else
		kill6(kill);
	return 0;
}

SEC("syscall")
int report(struct event *told)
{
	struct event *event;

	if (told->kind < E_POOL_FILLING)
		return 1; /* the packet path's own */
	event = event_reserve(told->kind, bpf_ktime_get_ns());
	if (!event)
		return 1;
	event->family = told->family;
	event->protocol = told->protocol;
	event->circuit = told->circuit;
	event->class = told->class;
	event->service = told->service;
	event->ifindex = told->ifindex;
	event->pool = told->pool;
	event->saddr = told->saddr; /* of a feed, with daddr, its name */
	event->daddr = told->daddr;
	event->dport = told->dport;
	event->packets[0] = told->packets[0];
	event->packets[1] = told->packets[1];
	event->bytes[0] = told->bytes[0];
	bpf_ringbuf_submit(event, 0);
	return 0;
}
