// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "explain.h"
#include "instance.h"
#include "kernel.h"
#include "maps.h"
#include "observe.h"
#include "print.h"

/* The half of this tuple, as the packet path would find it. False: there is none. */
static bool half_of(const struct observe *o, uint8_t family, const struct flow_key6 *key, struct flow6 *out)
{
	struct flow_table_maps maps;
	bool found = !observe_flow_table(o, family, &maps) && flow_table_find(&maps, key, out);

	observe_flow_table_close(&maps);
	return found;
}

static bool half_of_packet(const struct observe *o, const struct explain_packet *p, struct flow6 *out)
{
	struct flow_key6 key = { .saddr = p->saddr, .daddr = p->daddr, .sport = htons(p->sport),
				 .dport = htons(p->dport), .protocol = p->protocol };

	if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6) {
		key.sport = p->reply ? 0 : key.sport;
		key.dport = p->reply ? htons(p->dport) : 0;
	}
	return half_of(o, p->family, &key, out);
}

static bool peer_of(const struct observe *o, const struct explain_packet *p, const struct flow6 *f, struct flow6 *out)
{
	struct flow_key6 key = { .saddr = f->daddr, .daddr = f->saddr, .sport = f->half.dport,
				 .dport = f->half.sport, .protocol = p->protocol };

	return half_of(o, p->family, &key, out);
}

/* The segment of a live connection that would come next, unless the flags were given: then only its numbers. */
static void continue_flow(const struct observe *o, struct explain_request *q, const struct flow6 *f)
{
	struct explain_packet *p = &q->packet;
	struct flow6 peer = { 0 };
	bool begun = f->half.flags & FLOW_ACK, answers = f->half.flags & FLOW_REPLY && !begun;

	if (p->protocol != IPPROTO_TCP)
		return;
	peer_of(o, p, f, &peer);
	p->seq = f->half.next;
	p->ack = begun ? f->half.acked : answers && !(f->half.flags & FLOW_SYN) ? f->half.expected : peer.half.next;
	if (q->flags_given)
		return;
	p->flags = answers && peer.half.flags & FLOW_SYN ? TH_SYN | TH_ACK : TH_ACK;
	if (p->flags & TH_SYN)
		p->ack = f->half.flags & FLOW_OPENED_OUTSIDE ? peer.half.next : f->half.expected;
}

/* The half that an ICMP error is about: that of the answers to the packet it quotes. */
static bool half_of_quoted(const struct observe *o, const struct explain_packet *p, struct flow6 *out)
{
	struct explain_packet answer = *p;

	answer.saddr = p->daddr;
	answer.daddr = p->saddr;
	answer.sport = p->dport;
	answer.dport = p->sport;
	answer.reply = !p->reply;
	return half_of_packet(o, &answer, out);
}

/* The first link of this circuit, of those that are up if any is; 0: it has none. */
static unsigned int link_of_circuit(const struct observe *o, uint32_t circuit)
{
	struct observe_link *links = NULL, *best = NULL;
	unsigned int found;
	size_t count = 0;

	if (observe_links(o, &links, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct observe_link *l = &links[i];

		if (l->role.kind != ROLE_LINK || l->role.circuit != circuit)
			continue;
		if (!best || l->up > best->up || (l->up == best->up && l->ifindex < best->ifindex))
			best = l;
	}
	found = best ? best->ifindex : 0;
	free(links);
	return found;
}

/*
 * Where the flow's packets come in: where the latest did, or, before there was one, by the circuit that it is pinned
 * to, for the main table may lead elsewhere. 0: the flow does not say. An error from inside may be of any router.
 */
static unsigned int device_of_flow(const struct observe *o, const struct flow6 *f, bool error)
{
	bool outside = f->half.flags & FLOW_FROM_CIRCUIT;

	if (f->half.iif && (outside || !error))
		return f->half.iif;
	return outside ? link_of_circuit(o, f->half.circuit) : 0;
}

/* The device that the packet would come in on; 0, said. */
static unsigned int device_of(const struct observe *o, const struct explain_request *q, const struct flow6 *f,
			      bool known)
{
	unsigned int device = known ? device_of_flow(o, f, q->error) : 0;
	int routed;

	if (q->interface) {
		unsigned int index = if_nametoindex(q->interface);

		if (!index)
			print_error("explain: on %s: no such device", q->interface);
		return index;
	}
	if (device)
		return device;
	routed = kernel_route_device(&q->packet.saddr);
	if (routed > 0)
		return (unsigned int)routed;
	print_error("explain: no route leads to the source, so where the packet would come in is not known; accepted: on "
		    "INTERFACE");
	return 0;
}

/* What the data plane knows of the device. False: nothing, and the kernel alone would see the packet. */
static bool link_of(const struct observe *o, unsigned int index, struct observe_link *out, struct link *link)
{
	struct link_key key = { .ifindex = index, .outer = NO_TAG, .inner = NO_TAG };
	struct observe_link *links;
	int fd = observe_map(o, "links");
	bool found = fd >= 0 && !bpf_map_lookup_elem(fd, &key, link);
	size_t count = 0;

	if (fd >= 0)
		close(fd);
	*out = (struct observe_link){ .ifindex = index };
	if (!if_indextoname(index, out->interface))
		snprintf(out->interface, sizeof(out->interface), "#%u", index);
	if (!found || observe_links(o, &links, &count))
		return false;
	found = false;
	for (size_t i = 0; i < count; i++)
		if (links[i].ifindex == index) {
			*out = links[i];
			found = true;
		}
	free(links);
	return found;
}

static int run(const struct observe *o, const uint8_t *frame, uint32_t size, uint32_t device, struct trail *t)
{
	struct xdp_md in = { .data_end = size, .ingress_ifindex = device };
	static uint8_t out[EXPLAIN_FRAME + 256];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = size, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &in, .ctx_size_in = sizeof(in), .repeat = 1);
	int program = observe_program(o, "explain_xdp"), trail = observe_map(o, "trail");
	uint32_t zero = 0;
	int err = program < 0 ? program : trail < 0 ? trail : 0;

	memset(t, 0, sizeof(*t));
	if (!err && (bpf_map_update_elem(trail, &zero, t, BPF_ANY) || bpf_prog_test_run_opts(program, &options) ||
		     bpf_map_lookup_elem(trail, &zero, t)))
		err = -errno;
	if (program >= 0)
		close(program);
	if (trail >= 0)
		close(trail);
	return err;
}

/* Two explanations have one trail, and a change of the configuration would move the slot under them. */
static int run_locked(const struct observe *o, const uint8_t *frame, uint32_t size, uint32_t device, struct trail *t)
{
	struct instance i;
	int err = instance_open(&i, o->name);

	err = err ? err : instance_lock_there(&i);
	if (!err && !maps_pinned(i.pins))
		err = -ENOENT;
	if (err) {
		if (err == -ENOENT)
			print_error("gateway %s: nothing is applied here any more", o->name);
		instance_unlock(&i);
		return err;
	}
	err = run(o, frame, size, device, t);
	if (err == -ENOENT)
		print_error("gateway %s: was applied by a build that cannot explain: run `samepath apply`", o->name);
	else if (err)
		print_error("program explain_xdp: %s", strerror(-err));
	instance_unlock(&i);
	return err;
}

static void peer_of_trail(const struct observe *o, const struct trail *t, struct flow6 *out)
{
	const struct flow_key6 key = { .saddr = t->daddr, .daddr = t->saddr, .sport = t->half.dport,
				       .dport = t->half.sport, .protocol = t->key.protocol };

	memset(out, 0, sizeof(*out));
	if (t->flags & TRAIL_FLOW && !(t->flags & TRAIL_OPENS))
		half_of(o, t->family, &key, out);
}

int explain(struct observe *o, struct explain_request *q)
{
	static uint8_t frame[EXPLAIN_FRAME + 64];
	struct observe_link on;
	struct link link = { 0 };
	struct flow6 f = { 0 };
	struct trail t;
	bool known = q->error ? half_of_quoted(o, &q->about, &f) : half_of_packet(o, &q->packet, &f);
	unsigned int device = device_of(o, q, &f, known);
	int size;

	if (!device)
		return EXIT_TROUBLE;
	if (!link_of(o, device, &on, &link))
		return print_error("explain: on %s: neither inside nor a link of this gateway, so the kernel alone sees the "
				   "packet; accepted: on INTERFACE", on.interface);
	if (known && !q->error)
		continue_flow(o, q, &f);
	size = explain_frame(q, link.tags, frame, sizeof(frame));
	if (size < 0)
		return print_error("explain: size: too long");
	if (run_locked(o, frame, (uint32_t)size, link.trunk ? link.trunk : device, &t))
		return EXIT_TROUBLE;
	peer_of_trail(o, &t, &f);
	explain_print(o, q, &on, &t, &f.half, frame, (size_t)size);
	return EXIT_DONE;
}
