/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet taken apart by the book, for the judge of the datapath fuzzer: every header it may have,
 * and sums over whatever is there. It shares nothing with bpf/parse.h.
 */
#ifndef SAMEPATH_TEST_DATAPATH_VIEW_H
#define SAMEPATH_TEST_DATAPATH_VIEW_H

#include "tests/prog/frame.h"

struct view {
	int family;
	const uint8_t *ip;
	unsigned int l4; /* from the IP header on, like the others */
	unsigned int end; /* of the packet, or of what is there of it */
	unsigned int header; /* of IPv6: the fragment header, 0: there is none */
	unsigned int offset; /* bytes of data before it in the datagram */
	bool more, part; /* fragments follow; it is one */
	bool ports; /* both are in `tuple`, or the identifier of an echo */
	bool error; /* ICMP error, its quote 8 bytes behind l4 */
	uint8_t protocol;
	struct tuple tuple;
};

static inline bool view_extension(uint8_t kind)
{
	return kind == 0 || kind == 43 || kind == 44 || kind == 51 || kind == 60 || kind == 135 ||
	       kind == 139 || kind == 140;
}

static inline bool view_error_type(int family, uint8_t type)
{
	if (family == 4)
		return type == 3 || type == 4 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

static inline void view_transport(struct view *v)
{
	const uint8_t *l4 = v->ip + v->l4;
	bool there = !v->offset && v->l4 + 8 <= v->end;

	v->tuple.protocol = v->protocol;
	if (there && (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP)) {
		v->tuple.sport = get16(l4);
		v->tuple.dport = get16(l4 + 2);
		v->ports = true;
	} else if (there && v->protocol == icmp_of(v->family)) {
		v->error = view_error_type(v->family, l4[0]);
		v->ports = l4[0] == (v->family == 4 ? 8 : 128) || l4[0] == (v->family == 4 ? 0 : 129);
		if (v->ports && (l4[0] == 0 || l4[0] == 129))
			v->tuple.dport = get16(l4 + 4);
		else if (v->ports)
			v->tuple.sport = get16(l4 + 4);
	}
}

static inline bool view_six(struct view *v)
{
	const uint8_t *ip = v->ip;

	v->protocol = ip[6];
	v->l4 = 40;
	while (view_extension(v->protocol) && !v->offset) {
		const uint8_t *head = ip + v->l4;
		uint8_t kind = v->protocol;

		if (v->l4 + 8 > v->end)
			return false;
		if (kind == 44) {
			v->header = v->l4;
			v->offset = get16(head + 2) & 0xfff8;
			v->more = head[3] & 1;
			v->part = v->offset || v->more;
		}
		v->protocol = head[0];
		v->l4 += kind == 44 ? 8 : kind == 51 ? (head[1] + 2) * 4u : (head[1] + 1) * 8u;
	}
	memcpy(&v->tuple.saddr, ip + 8, 16);
	memcpy(&v->tuple.daddr, ip + 24, 16);
	return v->l4 <= v->end;
}

static inline bool view_four(struct view *v)
{
	const uint8_t *ip = v->ip;

	v->protocol = ip[9];
	v->l4 = (ip[0] & 15) * 4;
	v->offset = (get16(ip + 6) & 0x1fff) * 8;
	v->more = get16(ip + 6) & 0x2000;
	v->part = v->offset || v->more;
	v->tuple.saddr = v->tuple.daddr = address("0.0.0.0");
	memcpy(&v->tuple.saddr.s6_addr[12], ip + 12, 4);
	memcpy(&v->tuple.daddr.s6_addr[12], ip + 16, 4);
	return v->l4 >= 20 && v->l4 <= v->end;
}

/* False: no IP packet that could be sent on. `room` bytes are there; a quote need not be whole. */
static inline bool view_ip(const uint8_t *ip, unsigned int room, bool quote, struct view *v)
{
	unsigned int length;

	*v = (struct view){.ip = ip};
	if (room < 20)
		return false;
	v->family = ip[0] >> 4;
	if ((v->family != 4 && v->family != 6) || (v->family == 6 && room < 40))
		return false;
	length = v->family == 4 ? get16(ip + 2) : 40 + get16(ip + 4);
	if (length > room && !quote)
		return false;
	v->end = length < room ? length : room;
	v->tuple.family = v->family;
	if (!(v->family == 4 ? view_four(v) : view_six(v)))
		return false;
	view_transport(v);
	return true;
}

/* The packet that an ICMP error quotes: of its end the error may say itself (RFC 4884). */
static inline bool view_quote(const struct view *v, struct view *quote)
{
	const uint8_t *icmp = v->ip + v->l4;
	unsigned int room = v->end - v->l4 - 8, said;

	if (v->family == 4)
		said = icmp[0] == 4 ? 0 : icmp[5] * 4;
	else
		said = icmp[0] == 1 || icmp[0] == 3 ? icmp[4] * 8 : 0;
	return view_ip(icmp + 8, said && said < room ? said : room, true, quote);
}

/* Of a frame, whatever tags it wears. */
static inline bool view_frame(const struct frame *f, struct view *v)
{
	unsigned int at = 12;

	while (at + 6 <= f->length && (get16(f->data + at) == 0x8100 || get16(f->data + at) == 0x88a8))
		at += 4;
	at += 2;
	if (at > f->length || (get16(f->data + at - 2) != 0x0800 && get16(f->data + at - 2) != 0x86dd))
		return false;
	return view_ip(f->data + at, f->length - at, false, v) &&
	       (v->family == 4) == (get16(f->data + at - 2) == 0x0800);
}

/* Ones' complement sums have two zeros; here there is one. */
static inline uint16_t view_fold(uint64_t sum)
{
	return sum % 0xffff;
}

static inline uint16_t view_network_sum(const struct view *v)
{
	return view_fold(sum_bytes(v->ip, v->l4));
}

static inline unsigned int view_sum_at(const struct view *v)
{
	return v->l4 + sum_at(v->protocol);
}

static inline bool view_has_sum(const struct view *v)
{
	return (v->ports || v->error) && view_sum_at(v) + 2 <= v->end &&
	       !(v->protocol == IPPROTO_UDP && !get16(v->ip + view_sum_at(v)));
}

/*
 * What the transport's checksum covers, without protocol and length, which stay as they are. Of a
 * fragment or a quote it is only a part of it, and a rewrite keeps that sum as well.
 */
static inline uint16_t view_transport_sum(const struct view *v)
{
	uint64_t sum = sum_bytes(v->ip + v->l4, v->end - v->l4);

	if (v->family == 6)
		sum += sum_bytes(v->ip + 8, 32);
	else if (v->protocol != IPPROTO_ICMP)
		sum += sum_bytes(v->ip + 12, 8);
	return view_fold(sum);
}

/* Is the whole packet's transport checksum right? */
static inline bool view_sound(const struct view *v)
{
	uint64_t sum = view_transport_sum(v);

	if (v->protocol != IPPROTO_ICMP)
		sum += v->end - v->l4 + v->protocol;
	return !view_fold(sum);
}

#endif
