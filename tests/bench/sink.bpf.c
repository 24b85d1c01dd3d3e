// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sink: counts and drops the bench's own frames, and lets everything else pass. A frame in
 * SAMPLE is looked at closely, because a gateway that sends quickly but wrongly has not been fast;
 * looking at each would cost more than the gateways do.
 */
#include "state.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LANES);
	__type(key, __u32);
	__type(value, struct sink);
} sinks SEC(".maps");

/*
 * There a flow wears what it wore when it was opened, and comes to who serves it; back it must be from
 * whom the opener asked, to the opener.
 */
static __always_inline int tuple_fits(const struct frame *f, const struct sink *s,
				      const struct record *r)
{
	const struct parties *p = &s->parties;
	__u32 flow = f->payload.flow;

	if (!s->reply)
		return f->ip.saddr == r->address && f->udp.source == r->port &&
		       f->ip.daddr == bpf_htonl(flow_served(p, flow)) &&
		       f->udp.dest == bpf_htons(flow_asked_port(p, flow));
	return f->ip.daddr == bpf_htonl(flow_opener(p, flow)) &&
	       f->udp.dest == bpf_htons(flow_opener_port(flow)) &&
	       f->ip.saddr == bpf_htonl(flow_asked(p, flow)) &&
	       f->udp.source == bpf_htons(flow_asked_port(p, flow));
}

static __always_inline void frame_inspect(const struct frame *f, struct sink *s,
					  const struct record *r)
{
	s->ended = bpf_ktime_get_ns();
	s->sampled++;
	if (!tuple_fits(f, s, r))
		s->wrong++;
	if (sum_fold(sum_ip(f)) != 0xffff || sum_fold(sum_udp(f)) != 0xffff)
		s->bad_checksum++;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	struct frame *f = (void *)(long)ctx->data;
	struct record *r;
	struct sink *s;
	__u32 lane = bpf_get_smp_processor_id(), flow;
	__u64 n;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	if (f->eth.h_proto != bpf_htons(ETH_P_IP) || f->payload.magic != bpf_htonl(FRAME_MAGIC))
		return XDP_PASS;
	s = bpf_map_lookup_elem(&sinks, &lane);
	if (!s)
		return XDP_DROP;
	n = ++s->received;
	if (!s->record && n % SAMPLE && n != s->expected)
		return XDP_DROP;
	flow = f->payload.flow;
	r = bpf_map_lookup_elem(&records, &flow);
	if (!r)
		return XDP_DROP;
	if (s->record) {
		r->address = f->ip.saddr;
		r->port = f->udp.source;
	}
	if (!(n % SAMPLE) || n == s->expected)
		frame_inspect(f, s, r);
	return XDP_DROP;
}

/* For gateways without XDP: a veth loses what is redirected to it unless a program is there. */
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
