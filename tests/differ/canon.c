// SPDX-License-Identifier: GPL-2.0-only
/*
 * canon: a frame without what is each gateway's own choice. The name of a conversation becomes a symbol; a
 * checksum becomes what it misses by, so right is right and wrong stays exactly as wrong; the id and the flow
 * label of what a gateway made itself become zero. In a quote the checksum covers what cannot be seen, so there
 * it is adjusted by what the symbol changes.
 */
#include <arpa/inet.h>
#include <string.h>

#include "event.h"

static const uint8_t symbol[16] = {0xfe, 0xed, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xed, 0xfa, 0xce};
#define SYMBOL_PORT 0xbeef

/* Ones' complement: the sum with one word in the place of another. */
static void adjust(uint8_t *check, const uint8_t *old, const uint8_t *new, uint32_t length)
{
	uint32_t sum = (uint16_t)~get16(check);

	for (uint32_t i = 0; i < length; i += 2)
		sum += (uint16_t)~get16(old + i) + get16(new + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(check, ~sum);
}

struct edit {
	struct frame *f;
	const struct view *v;
	uint8_t *check; /* of the transport header in a quote; NULL: none to be kept */
};

static void put(struct edit *e, uint8_t *at, const uint8_t *new, uint32_t length, bool covered)
{
	if (e->check && covered)
		adjust(e->check, at, new, length);
	memcpy(at, new, length);
}

/* The end, source or destination, becomes the symbol. */
static void hide(struct edit *e, bool source)
{
	const struct view *v = e->v;
	bool four = v->family == 4, icmp = v->protocol == IPPROTO_ICMP;
	uint8_t *ip = e->f->bytes + v->l3, *l4 = e->f->bytes + v->l4, port[2];

	put16(port, SYMBOL_PORT);
	if (four)
		put(e, ip + (source ? 12 : 16), symbol + 12, 4, !icmp);
	else
		put(e, ip + (source ? 8 : 24), symbol, 16, true);
	if (!v->ports)
		return;
	if (!icmp)
		put(e, l4 + (source ? 0 : 2), port, 2, true);
	else if (source ? v->from.port : v->to.port)
		put(e, l4 + 4, port, 2, true);
}

static bool worn_by(const struct talk *t, enum rig rig, const struct end *e, bool ports)
{
	if (!t || !t->known[rig] || !same_address(&e->address, &t->worn[rig].address))
		return false;
	return !ports || e->port == t->worn[rig].port;
}

static void hide_ends(struct edit *e, const struct talk *t, enum rig rig)
{
	const struct view v = *e->v;

	if (worn_by(t, rig, &v.from, v.ports))
		hide(e, true);
	if (worn_by(t, rig, &v.to, v.ports))
		hide(e, false);
}

/* The quote of an error. Its IPv4 checksum is right or not; the transport's is kept as good as it is. */
static void canon_quote(struct frame *f, const struct view *outer, const struct talk *t, enum rig rig)
{
	struct view v;
	struct edit e = {.f = f, .v = &v};
	uint16_t *check;

	if (!frame_read_at(f, outer->l4 + 8, true, &v))
		return;
	check = frame_sum(f, &v);
	if (check && (*check || v.protocol != IPPROTO_UDP))
		e.check = (uint8_t *)check;
	if (v.family == 4)
		put16(f->bytes + v.l3 + 10, frame_residue4(f, &v));
	hide_ends(&e, t, rig);
}

/* Addresses of the gateways themselves. */
static bool of_gateway(const struct in6_addr *a)
{
	static const char *const own[] = {"10.0.0.1", "192.0.2.1", "172.16.0.1", "2001:db8:10:ff::1",
					  "2001:db8:ff::1", "2001:db8:f:1::1"};
	struct in6_addr six;
	uint32_t four;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (inet_pton(AF_INET, own[i], &four) == 1)
			six = mapped(ntohl(four));
		else
			inet_pton(AF_INET6, own[i], &six);
		if (same_address(a, &six))
			return true;
	}
	return false;
}

/* What only tells packets of one host apart. */
void canon_name(uint8_t *ip, uint8_t family)
{
	if (family == 4) {
		put16(ip + 4, 0);
		return;
	}
	ip[1] &= 0xf0;
	put16(ip + 2, 0);
}

void canon(struct frame *to, const struct frame *from, const struct event *event, enum rig rig)
{
	const struct talk *t = event->talk;
	struct view v;
	struct edit e = {.f = to, .v = &v};
	uint16_t residue, *check;
	uint8_t *ip = to->bytes + ETHERNET;

	to->length = from->length;
	memcpy(to->bytes, from->bytes, from->length);
	if (!frame_read(to, &v))
		return;
	residue = frame_residue(to, &v);
	check = frame_sum(to, &v);
	if (v.family == 4)
		put16(ip + 10, frame_residue4(to, &v));
	if (of_gateway(&v.from.address) && !(t && t->kind == HAIRPIN && event->by == CLIENT))
		canon_name(ip, v.family);
	if ((event->pieces || event->renamed) && v.family == 4) /* theirs are given anew, see maps/fragment.h */
		put16(ip + 4, 0);
	if (v.error)
		canon_quote(to, &v, t, rig);
	hide_ends(&e, t, rig);
	if (check && !v.fragment && (*check || v.protocol != IPPROTO_UDP))
		put16((uint8_t *)check, residue);
}
