/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What holds of every packet, whatever came before it (DESIGN: what always holds). The judge knows
 * the configuration of the rig and what was forwarded so far, and nothing of how the packet path
 * works:
 *
 * - one verdict, and the XDP action that it stands for; what is left to the kernel is as it came;
 * - what is sent on has its length, one hop less, and nothing else changed but addresses, ports,
 *   sums, the id of fragments and what `mss` and `dscp` say;
 * - its sums are as right, or as wrong, as they were;
 * - it goes from the inside to a circuit or the inside, from a circuit to the inside; never from
 *   one circuit to one. Out of a circuit its source is one that the circuit owns, within an ICMP
 *   error too;
 * - what is plain and of a live flow goes on;
 * - two live tuples never become one, and what comes back becomes what it answers, from where it
 *   must.
 */
#ifndef SAMEPATH_TEST_DATAPATH_JUDGE_H
#define SAMEPATH_TEST_DATAPATH_JUDGE_H

#include "native_rig.h"
#include "datapath_view.h"

#define PAIRS 512
#define LIVE (20 * NANOSECONDS) /* any flow lives so long after a packet */
#define NOWHERE DEVICES

/* A packet that went through. */
struct passage {
	enum device in, out; /* NOWHERE: it was not sent on */
	struct frame before, after;
	struct native_outcome o;
	struct view was, is; /* of before and after, where they are packets */
	bool readable;
};

/* What comes in at a place with a tuple becomes another one, to another place. */
struct pair {
	unsigned int from, to; /* circuit, INSIDE */
	struct tuple tuple, becomes;
	uint64_t last;
};

static struct {
	struct pair pairs[PAIRS];
	unsigned int count;
} judge;

static void hex(const char *what, const struct frame *f)
{
	fprintf(stderr, "%s (%u):", what, f->length);
	for (unsigned int i = 0; i < f->length; i++)
		fprintf(stderr, "%s%02x", i % 4 == 2 ? " " : "", f->data[i]);
	fprintf(stderr, "\n");
}

static void hold(bool holds, const char *claim, const struct passage *p)
{
	if (holds)
		return;
	fprintf(stderr, "ERROR: %s\n%s, action %d, from %u to %u\n", claim, verdict_name(p->o.verdict),
		p->o.action, p->in, p->out);
	hex("before", &p->before);
	hex("after", &p->after);
	abort();
}

static unsigned int place_of(enum device d)
{
	return d == LAN ? INSIDE : d == ER0 ? CHICAGO : d == ER2 ? DALLAS : INTERNET;
}

static bool in_prefix(struct in6_addr a, const char *prefix, unsigned int length)
{
	struct in6_addr p = address(prefix);

	return within(&a, &p, strchr(prefix, ':') ? length : 96 + length);
}

static bool is_inside(struct in6_addr a)
{
	return in_prefix(a, "10.0.0.0", 8) || in_prefix(a, "2001:db8:10::", 48);
}

/* May a packet leave by the circuit with this source? */
static bool is_owned(unsigned int circuit, struct in6_addr a)
{
	static const char *const pools[][2] = {[CHICAGO] = {"203.0.113.32", "2001:db8:1::"},
					       [DALLAS] = {"203.0.113.48", "2001:db8:3::"},
					       [INTERNET] = {"203.0.113.0", "2001:db8:2::"}};

	if (circuit == DALLAS && setting.untranslated && is_inside(a))
		return true;
	if (in_prefix(a, pools[circuit][0], 28) ||
	    (circuit != DALLAS && in_prefix(a, pools[circuit][1], 64)))
		return true;
	return circuit != DALLAS &&
	       (same_address(a, at(AT_PUBLIC, 4)) || same_address(a, at(AT_PUBLIC, 6)) ||
		same_address(a, at(AT_PUBLIC_TWO, 4)) || same_address(a, at(AT_PUBLIC_TWO, 6)));
}

/* Makes zero what may change on the way; `named`: its id too. */
static void mask(struct frame *f, const struct view *v, bool named, const struct passage *p)
{
	uint8_t *ip = f->data + (v->ip - f->data), *l4 = ip + v->l4;

	memset(f->data, 0, 12);
	if (v->family == 4) {
		ip[1] = ip[8] = 0;
		put16(ip + 10, 0);
		memset(ip + 12, 0, 8);
		if (named)
			put16(ip + 4, 0);
	} else {
		ip[0] = ip[1] = ip[7] = 0;
		memset(ip + 8, 0, 32);
		if (v->header)
			put32(ip + v->header + 4, 0);
	}
	if (v->error || !v->ports) {
		if (v->error)
			put16(l4 + 2, 0);
		return;
	}
	if (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP)
		put32(l4, 0);
	else
		put16(l4 + 4, 0);
	if (view_has_sum(v))
		put16(ip + view_sum_at(v), 0);
	if (v->protocol == IPPROTO_TCP && p->was.ip[p->was.l4 + 13] & SYN && l4[12] >> 4 > 5 &&
	    v->l4 + (l4[12] >> 4) * 4u <= v->end)
		memset(l4 + 20, 0, (l4[12] >> 4) * 4 - 20);
}

/* The quote within an error: what is put back there. */
static void mask_quote(struct frame *f, const struct view *v)
{
	uint8_t *quote = f->data + (v->ip - f->data) + v->l4 + 8;
	struct view q;

	if (!view_quote(v, &q))
		return;
	if (q.family == 4)
		put16(quote + 10, 0);
	memset(quote + (q.family == 4 ? 12 : 8), 0, q.family == 4 ? 8 : 32);
	if (!q.ports)
		return;
	if (q.protocol == IPPROTO_TCP || q.protocol == IPPROTO_UDP)
		put32(quote + q.l4, 0);
	else
		put16(quote + q.l4 + 4, 0);
	if (view_has_sum(&q))
		put16(quote + view_sum_at(&q), 0);
}

static void judge_bytes(const struct passage *p)
{
	struct frame before = p->before, after = p->after;
	struct view was, is;
	unsigned int skip = p->was.ip - p->before.data, now = p->is.ip - p->after.data;
	bool named = p->was.part || p->o.verdict == V_CUT;

	hold(before.length - skip == after.length - now, "length is kept", p);
	view_frame(&before, &was);
	view_frame(&after, &is);
	hold(was.l4 == is.l4 && was.end == is.end && was.protocol == is.protocol, "headers are kept", p);
	hold(p->is.ip[p->is.family == 4 ? 8 : 7] + 1 == p->was.ip[p->was.family == 4 ? 8 : 7],
	     "one hop less", p);
	hold(p->was.family == 4 ? !((p->was.ip[1] ^ p->is.ip[1]) & 3) :
				  !((p->was.ip[1] ^ p->is.ip[1]) & 0x3f),
	     "ECN and flow label are kept", p);
	mask(&before, &was, named, p);
	mask(&after, &is, named, p);
	if (p->was.error) {
		mask_quote(&before, &was);
		mask_quote(&after, &is);
	}
	hold(!memcmp(before.data + skip, after.data + now, before.length - skip), "nothing else changes",
	     p);
}

static void judge_quote_sums(const struct passage *p, const struct view *was, const struct view *is)
{
	hold(was->family == 4 ? view_network_sum(was) == view_network_sum(is) : true,
	     "quoted header's sum is kept", p);
	if (was->ports && view_has_sum(was))
		hold(view_transport_sum(was) == view_transport_sum(is), "quoted transport's sum is kept",
		     p);
	if (was->ports && was->protocol == IPPROTO_UDP && was->l4 + 8 <= was->end)
		hold(!get16(was->ip + was->l4 + 6) == !get16(is->ip + is->l4 + 6),
		     "no quoted sum stays none", p);
}

static void judge_sums(const struct passage *p)
{
	const struct view *was = &p->was, *is = &p->is;

	if (was->family == 4)
		hold(view_network_sum(was) == view_network_sum(is), "header's sum is kept", p);
	if (was->ports && was->protocol == IPPROTO_UDP)
		hold(!get16(was->ip + was->l4 + 6) == !get16(is->ip + is->l4 + 6), "no sum stays none",
		     p);
	if (view_has_sum(was))
		hold(view_transport_sum(was) == view_transport_sum(is), "transport's sum is kept", p);
	if (was->error)
		hold(view_sound(is), "an error's sum is right", p);
}

#include "datapath_pairs.h"
#include "datapath_alive.h"

static void judge_places(const struct passage *p)
{
	const struct tuple *t = &p->is.tuple;
	unsigned int to;

	hold(p->out < ALIEN, "it leaves by a device of the rig", p);
	to = place_of(p->out);
	hold(to == INSIDE || place_of(p->in) == INSIDE, "not from a circuit to a circuit", p);
	if (to == INSIDE) {
		hold(is_inside(t->daddr), "to the inside goes what is for it", p);
		return;
	}
	hold(is_owned(to, t->saddr), "the circuit owns the source", p);
	hold(!is_inside(t->daddr), "no inside address leaves as a destination", p);
}

static void judge_error(const struct passage *p)
{
	struct view was, is;

	hold(view_quote(&p->was, &was) && view_quote(&p->is, &is), "an error quotes a packet", p);
	judge_quote_sums(p, &was, &is);
	if (p->out != LAN)
		hold(is_owned(place_of(p->out), is.tuple.daddr) && !is_inside(is.tuple.saddr),
		     "no inside address leaves in a quote", p);
	hold(same_address(is.tuple.saddr, p->is.tuple.daddr), "an error goes to whom it quotes", p);
	pair_quoted(p, &was, &is);
}

/* What the TC program makes of a packet that XDP could not send itself. */
static void judge_piece(void *context, unsigned int ifindex, const uint8_t *data, unsigned int length)
{
	struct passage *p = context, piece = *p;

	piece.after.length = length;
	memcpy(piece.after.data, data, length);
	hold(ifindex == rig.ifindex[p->out], "a piece leaves where the whole would", &piece);
	hold(view_frame(&piece.after, &piece.is), "a piece is a packet", &piece);
	hold(p->o.verdict == V_RESOLVING || piece.is.end <= fib_mtu(p->out), "a piece fits", &piece);
	if (p->o.verdict == V_CUT)
		hold(view_network_sum(&piece.is) == view_network_sum(&p->was), "a piece's sum is kept",
		     &piece);
	hold(piece.is.offset - p->is.offset + piece.is.end - piece.is.l4 <= p->is.end - p->is.l4 &&
		     !memcmp(piece.is.ip + piece.is.l4,
			     p->is.ip + p->is.l4 + piece.is.offset - p->is.offset,
			     piece.is.end - piece.is.l4),
	     "a piece is a part", &piece);
	hold(piece.is.more == (p->is.more || piece.is.offset - p->is.offset + piece.is.end <
						     p->is.end),
	     "all pieces but the last say that more follow", &piece);
	p->o.length += piece.is.end - piece.is.l4;
}

static void judge_handed(const struct passage *p)
{
	struct passage whole = *p;

	whole.o.length = 0;
	view_frame(&whole.after, &whole.is);
	native_resolve(rig.ifindex[p->in], p->o.metadata, p->o.meta, p->after.data, p->after.length,
		       judge_piece, &whole);
	hold(whole.o.length == p->is.end - p->is.l4, "the pieces are the whole", p);
}

static void judge_forwarded(struct passage *p)
{
	hold(p->readable && view_frame(&p->after, &p->is), "what is sent on is a packet", p);
	hold(p->was.family == p->is.family, "of one family", p);
	judge_places(p);
	judge_bytes(p);
	judge_sums(p);
	if (p->was.error)
		judge_error(p);
	else if (!p->was.offset)
		pair_passed(p);
	if (p->o.action == XDP_PASS)
		judge_handed(p);
}

/*
 * What goes back where it came from: an ICMP error, a reset or challenge, an answer about a
 * neighbour.
 */
static void judge_answer(struct passage *p)
{
	bool packet = view_frame(&p->after, &p->is);

	if (p->o.verdict == V_NEIGHBOUR_ANSWERED && !packet) {
		hold(p->after.length == p->before.length, "an ARP answer has its length", p);
		return;
	}
	hold(packet, "an answer is a packet", p);
	hold(p->is.family == 6 || !view_network_sum(&p->is), "an answer's header sum is right", p);
	hold(p->is.protocol == IPPROTO_UDP || view_sound(&p->is), "an answer's sum is right", p);
	hold(p->is.end <= (p->is.family == 4 ? 576 : 1280) &&
		     p->after.length == p->is.ip - p->after.data + p->is.end,
	     "an answer is short, and nothing is behind it", p);
	hold(p->in == LAN || !is_inside(p->is.tuple.saddr), "no inside address answers outside", p);
	if (!p->is.error)
		return;
	p->is.end -= p->is.l4 + 8;
	hold(p->readable && !memcmp(p->is.ip + p->is.l4 + 8, p->was.ip, p->is.end),
	     "it quotes what came", p);
}

static void judge_passage(struct passage *p)
{
#define FATE(name, action, text) [V_##name] = #action,
	static const char *const fates[V_MAX] = { VERDICTS(FATE) };
#undef FATE
	char fate;

	hold(p->o.verdict >= 0, "one verdict", p);
	fate = fates[p->o.verdict][0];
	p->readable = view_frame(&p->before, &p->was);
	judge_alive(p);
	if (fate == 'F') {
		hold(p->o.action == XDP_REDIRECT || (p->o.action == XDP_PASS && p->o.meta == 32),
		     "sent on", p);
		judge_forwarded(p);
		return;
	}
	hold(p->out == NOWHERE, "only what is forwarded leaves elsewhere", p);
	if (fate == 'P')
		hold(p->o.action == XDP_PASS && p->after.length == p->before.length &&
			     !memcmp(p->after.data, p->before.data, p->before.length),
		     "as it came", p);
	else if (fate == 'A' || p->o.action == XDP_TX)
		hold(p->o.action == XDP_TX, "answered", p), judge_answer(p);
	else
		hold(p->o.action == XDP_DROP, "dropped", p);
	if (p->o.verdict == V_FLOW_ENDING && p->readable)
		pair_ended(p);
}

#endif
