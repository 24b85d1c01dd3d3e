// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generator: run by BPF_PROG_RUN with live frames, it makes frame after frame and puts each on
 * the wire. Frames are recycled, and what the gateway changed in one is still changed when it comes
 * back, so every byte of the header is written every time.
 */
#include "state.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LANES);
	__type(key, __u32);
	__type(value, struct generator);
} generators SEC(".maps");

/* Those of the inside, then those of the outside. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * WIRES);
	__type(key, __u32);
	__type(value, struct wire);
} wires SEC(".maps");

static __always_inline void write_ethernet(struct frame *f, const struct wire *wire)
{
	__builtin_memcpy(f->eth.h_dest, wire->dmac, ETH_ALEN);
	__builtin_memcpy(f->eth.h_source, wire->smac, ETH_ALEN);
	f->eth.h_proto = bpf_htons(ETH_P_IP);
}

static __always_inline void write_ip(struct frame *f, __be32 saddr, __be32 daddr)
{
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.tos = 0;
	f->ip.tot_len = bpf_htons(FRAME_SIZE - sizeof(f->eth));
	f->ip.id = 0;
	f->ip.frag_off = bpf_htons(0x4000); /* do not fragment: the id may then be anything */
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_UDP;
	f->ip.saddr = saddr;
	f->ip.daddr = daddr;
	f->ip.check = 0;
	f->ip.check = ~sum_fold(sum_ip(f));
}

static __always_inline void write_udp(struct frame *f, __be16 sport, __be16 dport, __u32 flow)
{
	__u16 sum;

	f->payload.magic = bpf_htonl(FRAME_MAGIC);
	f->payload.flow = flow;
	__builtin_memset(f->payload.rest, 0, sizeof(f->payload.rest));
	f->udp.source = sport;
	f->udp.dest = dport;
	f->udp.len = bpf_htons(sizeof(f->udp) + sizeof(f->payload));
	f->udp.check = 0;
	sum = ~sum_fold(sum_udp(f));
	f->udp.check = sum ? sum : 0xffff; /* zero would say "no checksum" */
}

static __always_inline int frame_write(struct frame *f, const struct generator *g, __u32 flow)
{
	const struct parties *p = &g->parties;
	__be16 port = bpf_htons(flow_asked_port(p, flow));
	struct record *r;

	if (!g->reply) {
		write_ip(f, bpf_htonl(flow_opener(p, flow)), bpf_htonl(flow_asked(p, flow)));
		write_udp(f, bpf_htons(flow_opener_port(flow)), port, flow);
		return 0;
	}
	r = bpf_map_lookup_elem(&records, &flow);
	if (!r || !r->port)
		return -1;
	write_ip(f, bpf_htonl(flow_served(p, flow)), r->address);
	write_udp(f, port, r->port, flow);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIST_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} list SEC(".maps");

static __always_inline __u32 frame_listed(const struct generator *g, __u64 n)
{
	__u32 place = n % g->count, *flow = bpf_map_lookup_elem(&list, &place);

	return flow ? *flow : 0;
}

/* Of the frame with this number. */
static __always_inline __u32 frame_flow(const struct generator *g, __u64 n)
{
	__u64 turn;

	if (g->listed)
		return frame_listed(g, n);
	if (!g->bursts)
		return g->first + n * g->stride % g->count * g->step;
	turn = n % BATCH + n / (BATCH * OPENERS) * BATCH;
	return g->first + n / BATCH % OPENERS + OPENERS * (turn * g->stride % (g->count / OPENERS));
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct frame *f = (void *)(long)ctx->data;
	__u32 lane = bpf_get_smp_processor_id(), flow, number;
	struct generator *g;
	struct wire *wire;
	__u64 n;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	g = bpf_map_lookup_elem(&generators, &lane);
	if (!g || !g->count)
		return XDP_DROP;
	n = g->next++;
	if (!n)
		g->started = bpf_ktime_get_ns();
	if (n + 1 == g->expected)
		g->ended = bpf_ktime_get_ns();
	flow = frame_flow(g, n);
	number = g->wire + (g->wires > 1 ? flow % OPENERS % g->wires : 0);
	wire = bpf_map_lookup_elem(&wires, &number);
	if (!wire)
		return XDP_DROP;
	write_ethernet(f, wire);
	if (frame_write(f, g, flow))
		return XDP_DROP;
	return bpf_redirect(wire->ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
