// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "talk.h"

struct talk talks[TALKS];
static uint64_t state;
static uint32_t numbers;

void draw_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019;
	for (int i = 0; i < 8; i++)
		draw(1);
}

uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % below;
}

/* Addresses of a kind, by number: of IPv6 the prefix differs and the rest is the same. */
static struct in6_addr address_at(uint8_t family, const char *four, const char *six, uint32_t plus)
{
	struct in6_addr a;
	uint32_t base;

	if (family == 6) {
		inet_pton(AF_INET6, six, &a);
		put16(a.s6_addr + 14, get16(a.s6_addr + 14) + plus);
		return a;
	}
	inet_pton(AF_INET, four, &base);
	return mapped(ntohl(base) + plus);
}

static struct in6_addr inside_host(uint8_t family, uint32_t n)
{
	return address_at(family, "10.1.0.16", "2001:db8:10::16", n);
}

static struct in6_addr remote_host(uint8_t family, enum wire circuit, uint32_t n)
{
	if (circuit == ER)
		return address_at(family, "198.18.0.16", "2001:db8:e::16", n);
	return address_at(family, "198.19.0.16", "2001:db8:f::16", n);
}

/* The same source port for many hosts in a row, so that they clash at the pool; no pair comes again soon. */
#define HOSTS 48
#define REMOTES 6

static uint16_t client_port(uint32_t number)
{
	uint32_t n = number / HOSTS;

	return n % 16 == 5 ? 512 + n % 500 : 1024 + n * 7 % 64000;
}

static void talk_outbound(struct talk *t)
{
	enum wire circuit = draw(3) ? WAN : ER;

	t->client.address = inside_host(t->family, t->number % HOSTS);
	t->target.address = remote_host(t->family, circuit, draw(REMOTES));
	t->target.port = t->protocol == IPPROTO_ICMP ? 0 : 7000 + draw(3);
	t->server = t->target;
	t->wire[CLIENT] = LAN;
	t->wire[SERVER] = circuit;
}

static struct end service(uint8_t family, uint8_t protocol)
{
	return (struct end){address_at(family, "198.51.100.5", "2001:db8:5::5", 0),
			    protocol == IPPROTO_ICMP ? 0 : 7000 + draw(2)};
}

static void talk_inward(struct talk *t)
{
	t->target = service(t->family, t->protocol);
	t->server = (struct end){address_at(t->family, "10.1.8.101", "2001:db8:10:8::101", 0), t->target.port};
	t->wire[SERVER] = LAN;
	if (t->kind == HAIRPIN) {
		t->client.address = inside_host(t->family, t->number % HOSTS);
		t->wire[CLIENT] = LAN;
		return;
	}
	t->wire[CLIENT] = draw(2) ? WAN : ER;
	/* any remote speaks by any circuit; which it is, is the provider's matter */
	t->client.address = remote_host(t->family, t->wire[CLIENT], 100 + t->number % HOSTS);
}

void talk_number(uint32_t first)
{
	numbers = first;
}

/* A connection that began before the gateways were there. */
static void pick_up(struct talk *t)
{
	t->picked = true;
	for (enum by by = 0; by < SIDES; by++) {
		struct side *me = &t->side[by];

		me->syn = me->met = me->sure = true;
		me->next = me->begin;
		t->side[!by].got = me->next;
	}
}

void talk_begin(struct talk *t)
{
	static const char *const kinds[KINDS] = {"outbound", "inbound", "hairpin"};
	uint32_t what = draw(100), which = draw(100);

	memset(t, 0, offsetof(struct talk, sent));
	t->told = 0;
	t->number = ++numbers;
	t->family = draw(100) < 70 ? 4 : 6;
	t->protocol = what < 64 ? IPPROTO_TCP : what < 88 ? IPPROTO_UDP : IPPROTO_ICMP;
	t->kind = which < 60 ? OUTBOUND : which < 88 ? INBOUND : HAIRPIN;
	t->client.port = client_port(t->number);
	if (t->kind == OUTBOUND)
		talk_outbound(t);
	else
		talk_inward(t);
	t->side[CLIENT].begin = draw(0xffffffff);
	t->side[SERVER].begin = draw(0xffffffff);
	if (t->protocol == IPPROTO_TCP && t->kind == OUTBOUND && !draw(16))
		pick_up(t);
	talk_note(t, "%s talk %u: %s > %s", kinds[t->kind], t->number, end_text(&t->client),
		  end_text(&t->target));
}

/* Whom a packet by this side is from or to, before the gateway or behind it. */
const struct end *talk_end(const struct talk *t, enum rig rig, enum by by, bool behind, bool source)
{
	bool at_client = (by == CLIENT) != behind, is_client = (by == CLIENT) == source;

	if (at_client)
		return is_client ? &t->client : &t->target;
	return is_client ? &t->worn[rig] : &t->server;
}

/* The pools: first and last of the addresses that a conversation may wear. */
static const struct {
	enum kind kind;
	enum wire circuit;
	const char *first[2], *last[2]; /* of each family */
} pools[] = {
	{OUTBOUND, WAN, {"203.0.113.16", "2001:db8:2::"}, {"203.0.113.19", "2001:db8:2::ffff"}},
	{OUTBOUND, ER, {"203.0.113.32", "2001:db8:1::"}, {"203.0.113.35", "2001:db8:1::ffff"}},
	{INBOUND, WAN, {"192.168.5.16", "2001:db8:10:f5::"}, {"192.168.5.31", "2001:db8:10:f5::ffff"}},
	{INBOUND, ER, {"192.168.6.16", "2001:db8:10:f6::"}, {"192.168.6.31", "2001:db8:10:f6::ffff"}},
	{HAIRPIN, LAN, {"10.0.0.1", "2001:db8:10:ff::1"}, {"10.0.0.1", "2001:db8:10:ff::1"}},
};

static bool of_pool(const struct talk *t, const struct in6_addr *a)
{
	enum wire circuit = t->kind == OUTBOUND ? t->wire[SERVER] : t->kind == INBOUND ? t->wire[CLIENT] : LAN;
	struct in6_addr first, last;

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		if (pools[i].kind != t->kind || pools[i].circuit != circuit)
			continue;
		first = address_at(t->family, pools[i].first[0], pools[i].first[1], 0);
		last = address_at(t->family, pools[i].last[0], pools[i].last[1], 0);
		return memcmp(a, &first, 16) >= 0 && memcmp(a, &last, 16) <= 0;
	}
	return false;
}

bool talk_ending(const struct talk *t)
{
	const struct side *c = &t->side[CLIENT], *s = &t->side[SERVER];

	return t->protocol == IPPROTO_TCP && (t->closed || c->gone || s->gone || (c->fin && s->fin));
}

/* May it be so that two wear the same? Only when the kernel takes the port of one that ends, or was refused. */
static bool displaces(struct talk *other, enum rig rig)
{
	if (other->expired)
		return true;
	if (rig != KERNEL || !(talk_ending(other) || other->renews))
		return false;
	other->displaced = true;
	return true;
}

bool talk_name(struct talk *t, enum rig rig, const struct view *v, const char **why)
{
	for (struct talk *other = talks; other < talks + TALKS; other++) {
		if (other == t || !other->number || !other->known[rig] || other->protocol != t->protocol)
			continue;
		if (same_end(&other->server, &t->server) && same_end(&other->worn[rig], &v->from) &&
		    !displaces(other, rig)) {
			*why = "wears what another conversation wears toward the same remote";
			talk_show(other);
			return false;
		}
	}
	if (!of_pool(t, &v->from.address)) {
		*why = "wears an address of another pool";
		return false;
	}
	t->worn[rig] = v->from;
	t->known[rig] = true;
	talk_note(t, "%s: wears %s", rig_names[rig], end_text(&v->from));
	return true;
}

const char *end_text(const struct end *e)
{
	static char texts[4][64];
	static int turn;
	char *text = texts[turn++ % 4], address[INET6_ADDRSTRLEN];

	if (is_mapped(&e->address))
		inet_ntop(AF_INET, e->address.s6_addr + 12, address, sizeof(address));
	else
		inet_ntop(AF_INET6, &e->address, address, sizeof(address));
	snprintf(text, sizeof(texts[0]), "%s %u", address, e->port);
	return text;
}

void talk_note(struct talk *t, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(t->history[t->told++ % HISTORY], sizeof(t->history[0]), format, list);
	va_end(list);
}

void talk_show(const struct talk *t)
{
	for (uint32_t i = t->told > HISTORY ? t->told - HISTORY : 0; i < t->told; i++)
		printf("    %s\n", t->history[i % HISTORY]);
}
