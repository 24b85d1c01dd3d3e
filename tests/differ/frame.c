// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "frame.h"

struct in6_addr mapped(uint32_t host_order)
{
	struct in6_addr a = {};

	a.s6_addr[10] = a.s6_addr[11] = 0xff;
	put32(a.s6_addr + 12, host_order);
	return a;
}

bool is_mapped(const struct in6_addr *a)
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(a, head, sizeof(head));
}

bool same_address(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool same_end(const struct end *a, const struct end *b)
{
	return same_address(&a->address, &b->address) && a->port == b->port;
}

/* Ones' complement, folded, in host order; `start` is what was summed before. */
uint16_t sum_of(const uint8_t *bytes, uint32_t length, uint32_t start)
{
	uint64_t sum = start;

	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void frame_sum4(struct frame *f, uint32_t l3)
{
	uint8_t *ip = f->bytes + l3;

	put16(ip + 10, 0);
	put16(ip + 10, ~sum_of(ip, (ip[0] & 15) * 4, 0));
}

static uint8_t on_wire(uint8_t family, uint8_t protocol)
{
	return family == 6 && protocol == IPPROTO_ICMP ? IPPROTO_ICMPV6 : protocol;
}

static uint32_t pseudo(const uint8_t *ip, uint8_t family, uint8_t protocol, uint32_t length)
{
	uint32_t sum = on_wire(family, protocol) + length;

	if (family == 4)
		return protocol == IPPROTO_ICMP ? 0 : sum_of(ip + 12, 8, sum);
	return sum_of(ip + 8, 32, sum);
}

static uint32_t sum_offset(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

static uint32_t write_network(uint8_t *ip, const struct shape *s, uint32_t transport)
{
	uint32_t header = 20 + s->ip_options_length;

	if (s->family == 4) {
		ip[0] = 0x40 | header / 4;
		ip[1] = s->tos;
		put16(ip + 2, header + transport);
		put16(ip + 4, s->id);
		put16(ip + 6, s->whole ? 0x4000 : 0);
		ip[8] = s->ttl;
		ip[9] = s->protocol;
		memcpy(ip + 12, s->from.address.s6_addr + 12, 4);
		memcpy(ip + 16, s->to.address.s6_addr + 12, 4);
		memcpy(ip + 20, s->ip_options, s->ip_options_length);
		return header;
	}
	put32(ip, 0x60000000 | s->tos << 20 | (s->fill & 0xfffff));
	put16(ip + 4, s->ip_options_length + transport);
	ip[6] = s->extension ? s->extension : on_wire(6, s->protocol);
	ip[7] = s->ttl;
	memcpy(ip + 8, &s->from.address, 16);
	memcpy(ip + 24, &s->to.address, 16);
	memcpy(ip + 40, s->ip_options, s->ip_options_length);
	if (s->extension)
		ip[40] = on_wire(6, s->protocol);
	return 40 + s->ip_options_length;
}

static uint32_t write_transport(uint8_t *l4, const struct shape *s)
{
	switch (s->protocol) {
	case IPPROTO_TCP:
		put16(l4, s->from.port);
		put16(l4 + 2, s->to.port);
		put32(l4 + 4, s->seq);
		put32(l4 + 8, s->ack);
		l4[12] = (20 + s->options_length) / 4 << 4;
		l4[13] = s->flags;
		put16(l4 + 14, s->window);
		memcpy(l4 + 20, s->options, s->options_length);
		return 20 + s->options_length;
	case IPPROTO_UDP:
		put16(l4, s->from.port);
		put16(l4 + 2, s->to.port);
		put16(l4 + 4, 8 + s->payload);
		return 8;
	case IPPROTO_ICMP:
		l4[0] = s->type;
		l4[1] = s->code;
		put32(l4 + 4, s->word);
		if (!s->body) /* an echo: its identifier, and a number */
			put16(l4 + 4, s->from.port ? s->from.port : s->to.port);
		return 8;
	}
	return 0;
}

static void write_payload(uint8_t *at, const struct shape *s)
{
	uint32_t x = s->fill * 2654435761u + 1;

	if (s->body) {
		memcpy(at, s->body, s->payload);
		return;
	}
	for (int i = 0; i < s->payload; i++) {
		x = x * 1664525 + 1013904223;
		at[i] = x >> 24;
	}
}

void frame_make(struct frame *f, const struct shape *s)
{
	uint8_t *ip = f->bytes + ETHERNET, *l4;
	uint32_t transport, header;

	memset(f->bytes, 0, ETHERNET + 128);
	header = s->family == 4 ? 20 + s->ip_options_length : 40 + s->ip_options_length;
	l4 = ip + header;
	transport = write_transport(l4, s) + s->payload;
	write_payload(l4 + transport - s->payload, s);
	write_network(ip, s, transport);
	put16(f->bytes + 12, s->family == 4 ? 0x0800 : 0x86dd);
	f->length = ETHERNET + header + transport;
	if (s->family == 4)
		frame_sum4(f, ETHERNET);
	if (!(s->protocol == IPPROTO_UDP && s->no_sum)) {
		uint32_t sum = pseudo(ip, s->family, s->protocol, transport);
		uint16_t check = ~sum_of(l4, transport, sum);

		put16(l4 + sum_offset(s->protocol), check || s->protocol != IPPROTO_UDP ? check : 0xffff);
	}
}

static bool read4(const struct frame *f, bool quote, struct view *v)
{
	const uint8_t *ip = f->bytes + v->l3;
	uint32_t header = (ip[0] & 15) * 4, last = v->l3 + get16(ip + 2);

	if (v->l3 + 20u > f->length || header < 20 || v->l3 + header > f->length)
		return false;
	if (last > f->length && !quote)
		return false;
	v->end = last < f->length ? last : f->length;
	v->l4 = v->l3 + header;
	v->protocol = ip[9];
	v->id = get16(ip + 4);
	v->offset = (get16(ip + 6) & 0x1fff) * 8;
	v->more = get16(ip + 6) & 0x2000;
	v->fragment = v->offset || v->more;
	v->from.address = mapped(get16(ip + 12) << 16 | get16(ip + 14));
	v->to.address = mapped(get16(ip + 16) << 16 | get16(ip + 18));
	return v->end >= v->l4;
}

static bool read6(const struct frame *f, bool quote, struct view *v)
{
	const uint8_t *ip = f->bytes + v->l3, *at;
	uint32_t last = v->l3 + 40 + get16(ip + 4);
	uint8_t next = ip[6];

	if (v->l3 + 40u > f->length || (last > f->length && !quote))
		return false;
	v->end = last < f->length ? last : f->length;
	v->l4 = v->l3 + 40;
	memcpy(&v->from.address, ip + 8, 16);
	memcpy(&v->to.address, ip + 24, 16);
	while (next == 0 || next == 43 || next == 44 || next == 60) {
		at = f->bytes + v->l4;
		if (v->l4 + 8 > v->end)
			return false;
		if (next == 44) {
			v->unit = v->l4;
			v->offset = get16(at + 2) & 0xfff8;
			v->more = at[3] & 1;
			v->fragment = v->offset || v->more;
			v->id = (uint32_t)get16(at + 4) << 16 | get16(at + 6);
		}
		v->l4 += next == 44 ? 8 : (at[1] + 1) * 8;
		next = at[0];
		if (v->offset)
			break;
	}
	v->protocol = next == IPPROTO_ICMPV6 ? IPPROTO_ICMP : next;
	return v->end >= v->l4;
}

static void read_icmp(const struct frame *f, struct view *v)
{
	const uint8_t *l4 = f->bytes + v->l4;
	uint8_t request = v->family == 4 ? 8 : 128, reply = v->family == 4 ? 0 : 129;

	if (l4[0] == request || l4[0] == reply) {
		v->ports = true;
		*(l4[0] == request ? &v->from.port : &v->to.port) = get16(l4 + 4);
		return;
	}
	v->error = v->family == 4 ? l4[0] == 3 || l4[0] == 4 || l4[0] == 11 || l4[0] == 12 : l4[0] < 5;
}

bool frame_read_at(const struct frame *f, uint32_t l3, bool quote, struct view *v)
{
	const uint8_t *l4;

	*v = (struct view){.l3 = l3, .family = f->bytes[l3] >> 4};
	if (v->family != 4 && v->family != 6)
		return false;
	if (!(v->family == 4 ? read4(f, quote, v) : read6(f, quote, v)))
		return false;
	l4 = f->bytes + v->l4;
	if (v->offset || v->end - v->l4 < 8)
		return true;
	if (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP) {
		v->ports = true;
		v->from.port = get16(l4);
		v->to.port = get16(l4 + 2);
	} else if (v->protocol == IPPROTO_ICMP) {
		read_icmp(f, v);
	}
	return true;
}

bool frame_read(const struct frame *f, struct view *v)
{
	uint16_t type = get16(f->bytes + 12);

	return (type == 0x0800 || type == 0x86dd) && frame_read_at(f, ETHERNET, false, v);
}

uint16_t *frame_sum(struct frame *f, const struct view *v)
{
	uint32_t at = v->l4 + sum_offset(v->protocol);

	if (v->offset || at + 2 > v->end ||
	    (v->protocol != IPPROTO_TCP && v->protocol != IPPROTO_UDP && v->protocol != IPPROTO_ICMP))
		return NULL;
	return (uint16_t *)(f->bytes + at);
}

uint16_t frame_residue(const struct frame *f, const struct view *v)
{
	const uint8_t *ip = f->bytes + v->l3;
	uint32_t length = v->end - v->l4;
	const uint16_t *sum = frame_sum((struct frame *)f, v);

	if (!sum || v->fragment || (v->protocol == IPPROTO_UDP && !*sum))
		return 0xffff;
	return sum_of(f->bytes + v->l4, length, pseudo(ip, v->family, v->protocol, length));
}

uint16_t frame_residue4(const struct frame *f, const struct view *v)
{
	return v->family == 4 ? sum_of(f->bytes + v->l3, (f->bytes[v->l3] & 15) * 4, 0) : 0xffff;
}
