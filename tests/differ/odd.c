// SPDX-License-Identifier: GPL-2.0-only
/*
 * odd: what no host should do, or only a router does. Each row takes a packet that its conversation could send
 * at any time without changing anything, and changes one thing in it.
 */
#include <string.h>

#include "event.h"

static void damage_sum(struct frame *f, uint32_t salt)
{
	struct view v;
	uint16_t *check;
	uint32_t sum;

	if (!frame_read(f, &v) || !(check = frame_sum(f, &v)))
		return;
	/* added, so that however it is adjusted it stays wrong by as much */
	sum = get16((uint8_t *)check) + 1 + salt % 0xfffd;
	sum = (sum & 0xffff) + (sum >> 16);
	put16((uint8_t *)check, sum ? sum : 0xffff);
}

static void damage_sum4(struct frame *f, uint32_t salt)
{
	uint32_t sum = get16(f->bytes + ETHERNET + 10) + 1 + salt % 0xfffd;

	put16(f->bytes + ETHERNET + 10, (sum & 0xffff) + (sum >> 16));
}

/* The destination port becomes zero, and the sum is right. */
static void damage_port(struct frame *f, uint32_t salt)
{
	struct view v;
	uint16_t *check;

	(void)salt;
	if (!frame_read(f, &v))
		return;
	put16(f->bytes + v.l4 + 2, 0);
	check = frame_sum(f, &v);
	*check = 0xffff; /* adds nothing, and is not UDP's "none" */
	*check = htons(~frame_residue(f, &v));
}

static void damage_length4(uint8_t *ip, uint32_t which, uint32_t salt)
{
	switch (which) {
	case 0:
		ip[0] = 0x40 | salt % 5;
		break;
	case 1:
		ip[0] = (salt % 4 ? 5 + salt % 11 : salt % 4) << 4 | 5;
		break;
	case 2:
		put16(ip + 2, salt % 20);
		break;
	default:
		put16(ip + 2, get16(ip + 2) + 1 + salt % 1000);
	}
}

/* A length that cannot be: of the frame, of IP, or of the transport. */
static void damage_length(struct frame *f, uint32_t salt)
{
	uint8_t *ip = f->bytes + ETHERNET, *l4;
	uint32_t which = salt % 7;
	struct view v;

	salt /= 7;
	if (!frame_read(f, &v))
		return;
	l4 = f->bytes + v.l4;
	if (which < 4 && v.family == 4) {
		damage_length4(ip, which, salt);
		frame_sum4(f, ETHERNET);
	} else if (which < 4) {
		put16(ip + 4, get16(ip + 4) + 1 + salt % 1000);
	} else if (which == 4 && v.protocol == IPPROTO_TCP) {
		l4[12] = (salt % 2 ? salt % 5 : 15) << 4;
	} else if (which == 4 && v.protocol == IPPROTO_UDP) {
		put16(l4 + 4, salt % 2 ? salt % 8 : get16(l4 + 4) + 1 + salt % 100);
	} else {
		f->length -= 1 + salt % (f->length - ETHERNET - 1);
	}
}

static void damage_trailer(struct frame *f, uint32_t salt)
{
	uint32_t more = 1 + salt % 46;

	memset(f->bytes + f->length, 0x5a, more);
	f->length += more;
}

static void ttl_ends(struct event *e)
{
	e->shape.ttl = draw(4) ? 1 : 0;
}

/* Flags that say nothing together. */
static void flags(struct event *e)
{
	uint8_t f;

	do
		e->shape.flags = draw(256);
	while (f = e->shape.flags & (FIN | SYN | RST | ACK),
	       f == ACK || f == SYN || f == (SYN | ACK) || f == RST || f == (RST | ACK) || f == (FIN | ACK));
}

static void out_of_window(struct event *e)
{
	e->shape.seq += draw(2) ? 0x20000000 + draw(0x10000000) : -0x20000000 - draw(0x10000000);
}

static void reset_near(struct event *e)
{
	e->shape.flags = RST;
	e->shape.ack = 0;
	e->shape.seq += 1 + draw(8000);
}

static void reset_far(struct event *e)
{
	reset_near(e);
	e->shape.seq += 0x20000000 + draw(0x40000000);
}

static void syn_within(struct event *e)
{
	e->shape.flags = SYN;
	e->shape.ack = 0;
	e->shape.seq = draw(0xffffffff);
}

static void astray(struct event *e)
{
	e->wire = (e->wire + 1 + draw(2)) % WIRES;
}

/* ICMP of no conversation's own kind: timestamps, information, masks, routers. */
static void query(struct event *e)
{
	static const uint8_t types[2][6] = {{13, 14, 15, 17, 9, 10}, {133, 134, 140, 139, 141, 200}};

	e->shape.protocol = IPPROTO_ICMP;
	e->shape.type = types[e->talk->family == 6][draw(6)];
	if (e->talk->kind == HAIRPIN) /* the gateway itself would tell the time */
		e->shape.type = 140;
	e->shape.payload = 12;
}

/* Eight bytes of options; of IPv6 a destination header of as many. */
static const struct {
	enum odd odd;
	uint8_t family, bytes[8];
} options[] = {
	{PLAIN, 4, {1, 1, 1, 0}}, /* nothing */
	{PLAIN, 4, {148, 4, 0, 0}}, /* router alert */
	{PLAIN, 4, {25, 8}}, /* quick start */
	{OPTION_ADDRESS, 4, {7, 7, 4, 0, 0, 0, 0, 0}}, /* record route */
	{OPTION_ADDRESS, 4, {68, 8, 5}}, /* timestamp */
	{OPTION_ADDRESS, 4, {94, 4, 0, 1}}, /* nobody knows it */
	{OPTION_ROUTE, 4, {131, 7, 4, 10, 9, 9, 9}},
	{OPTION_ROUTE, 4, {137, 7, 4, 10, 9, 9, 9}},
	{OPTION_BAD, 4, {130, 1}},
	{OPTION_BAD, 4, {148, 12}},
	{PLAIN, 6, {0, 0, 1, 4}}, /* padding */
	{PLAIN, 6, {0, 0, 5, 2, 0, 0, 1, 0}}, /* router alert */
	{OPTION_ADDRESS, 6, {0, 0, 0x3e, 4}},
	{OPTION_ADDRESS, 6, {0, 0, 0xc9, 4}}, /* home address */
};

static void option(struct event *e)
{
	uint32_t which;

	do
		which = draw(sizeof(options) / sizeof(options[0]));
	while (options[which].family != e->talk->family);
	e->odd = options[which].odd;
	e->shape.ip_options_length = 8;
	memcpy(e->shape.ip_options, options[which].bytes, 8);
	if (e->talk->family == 6)
		e->shape.extension = IPPROTO_DSTOPTS;
}

static void in_pieces(struct event *e)
{
	e->pieces = 2 + draw(3);
	e->order = draw(3) || e->odd != FRAGMENTS ? 0 : draw(24); /* of a spoilt one nothing comes late */
	e->shape.whole = false;
	if (e->shape.payload < 200)
		e->shape.payload = 200 + draw(1000);
	e->pieces += e->odd == FRAGMENT_TWICE;
}

/* Errors. */
static void error(struct event *e)
{
	static const uint8_t kinds[2][10][2] = {
		{{3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {3, 13}, {11, 0}, {11, 1}, {12, 0}, {4, 0}},
		{{1, 0}, {1, 1}, {1, 3}, {1, 4}, {2, 0}, {1, 5}, {3, 0}, {3, 1}, {4, 0}, {4, 1}},
	};
	bool six = e->talk->family == 6;
	const uint8_t *kind = kinds[six][draw(10)];
	uint32_t least = six ? 48 : 28;

	/* what is to no flow is the gateway's own, and a smaller MTU of its own ways changes those of others */
	if (e->talk->kind == HAIRPIN && (six ? kind[0] == 2 : kind[1] == 4))
		kind = kinds[six][0];

	e->quotes = true;
	e->router = draw(2);
	if (e->router && e->odd == PLAIN)
		e->odd = ERROR_ROUTER;
	e->shape.type = kind[0];
	e->shape.code = kind[1];
	if (!six && kind[0] == 3 && kind[1] == 4)
		e->shape.word = 576 + draw(900);
	if (six && kind[0] == 2)
		e->shape.word = 1280 + draw(200);
	e->shape.tos = 0xc0;
	e->quoted = draw(3) ? least + draw(400) : draw(2) ? least : 520;
	if (e->talk->protocol == IPPROTO_TCP && e->quoted > least + 8 && e->quoted < least + 12)
		e->quoted = least;
}

/* Too little to adjust the sum in, by the kernel; of half a sum nobody can. */
static void error_half(struct event *e)
{
	error(e);
	e->odd = ERROR_HALF;
	e->quoted = (e->talk->family == 4 ? 20 : 40) + 17 + draw(3);
}

static void error_short(struct event *e)
{
	error(e);
	e->quoted = (e->talk->family == 4 ? 20 : 40) + draw(8);
}

static void redirect(struct event *e)
{
	error(e);
	e->shape.type = e->talk->family == 4 ? 5 : 137;
	e->shape.code = e->talk->family == 4 ? 1 : 0;
	e->shape.word = 0x0a000002;
}

/* 128 bytes of quote, and an MPLS label stack behind (RFC 4950). */
static void extension(uint8_t *quote, uint8_t family, uint32_t salt)
{
	static const uint8_t stack[] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 0, 0xa1, 0xff};

	(void)family;
	(void)salt;
	memcpy(quote + 128, stack, sizeof(stack));
	put16(quote + 130, ~sum_of(quote + 128, 12, 0));
}

static void error_more(struct event *e)
{
	bool four = e->talk->family == 4;

	error(e);
	e->shape.type = four ? 11 : 3;
	e->shape.code = 0;
	e->shape.word = four ? 32 << 16 : 16u << 24;
	e->quoted = 140;
	e->quote_damage = extension;
}

static void quote_sum4(uint8_t *quote, uint8_t family, uint32_t salt)
{
	uint32_t sum = get16(quote + 10) + 1 + salt % 0xfffd;

	(void)family;
	put16(quote + 10, (sum & 0xffff) + (sum >> 16));
}

static void quote_stray(uint8_t *quote, uint8_t family, uint32_t salt)
{
	uint32_t l4 = family == 4 ? (quote[0] & 15) * 4 : 40;

	(void)salt;
	quote[l4 + 1] ^= 0x55; /* another port, or another kind of ICMP */
	quote[l4 + 3] ^= 0xaa;
	quote[l4 + 5] ^= 0x11;
}

static void error_quote4(struct event *e)
{
	error(e);
	e->quote_damage = quote_sum4;
}

static void error_stray(struct event *e)
{
	error(e);
	e->quote_damage = quote_stray;
}

static const struct oddity {
	const char *name;
	enum odd odd;
	uint8_t family, protocol; /* 0: any */
	bool quotes; /* it needs something to quote */
	void (*shape)(struct event *e);
	void (*damage)(struct frame *f, uint32_t salt);
} oddities[] = {
	{"error", PLAIN, 0, 0, true, error, NULL},
	{"error", PLAIN, 0, 0, true, error, NULL},
	{"error", PLAIN, 0, 0, true, error, NULL},
	{"error with a part of a TCP header", ERROR_HALF, 0, IPPROTO_TCP, true, error_half, NULL},
	{"error with a wrong sum", ERROR_SUM, 0, 0, true, error, damage_sum},
	{"error with a wrong sum in its quote", ERROR_QUOTE4, 4, 0, true, error_quote4, NULL},
	{"error with a short quote", ERROR_SHORT, 0, 0, true, error_short, NULL},
	{"error about nothing", ERROR_STRAY, 0, 0, true, error_stray, NULL},
	{"error with more than a quote", ERROR_MORE, 0, 0, true, error_more, NULL},
	{"redirect", REDIRECT, 0, 0, true, redirect, NULL},
	{"TTL at its end", TTL_ENDS, 0, 0, false, ttl_ends, NULL},
	{"wrong sum", BAD_SUM, 0, 0, false, NULL, damage_sum},
	{"wrong IPv4 sum", BAD_SUM4, 4, 0, false, NULL, damage_sum4},
	{"flags", FLAGS, 0, IPPROTO_TCP, false, flags, NULL},
	{"out of window", OUT_OF_WINDOW, 0, IPPROTO_TCP, false, out_of_window, NULL},
	{"reset near", RESET_NEAR, 0, IPPROTO_TCP, false, reset_near, NULL},
	{"reset far", RESET_FAR, 0, IPPROTO_TCP, false, reset_far, NULL},
	{"SYN within", SYN_WITHIN, 0, IPPROTO_TCP, false, syn_within, NULL},
	{"port zero", ZERO_PORT, 0, IPPROTO_TCP, false, NULL, damage_port},
	{"port zero", ZERO_PORT, 0, IPPROTO_UDP, false, NULL, damage_port},
	{"false length", SHORT, 0, 0, false, NULL, damage_length},
	{"false length", SHORT, 0, 0, false, NULL, damage_length},
	{"trailer", TRAILER, 0, 0, false, NULL, damage_trailer},
	{"astray", ASTRAY, 0, 0, false, astray, NULL},
	{"query", QUERY, 0, IPPROTO_ICMP, false, query, NULL},
	{"options", PLAIN, 0, 0, false, option, NULL},
	{"pieces", FRAGMENTS, 0, IPPROTO_UDP, false, in_pieces, NULL},
	{"pieces", FRAGMENTS, 0, IPPROTO_ICMP, false, in_pieces, NULL},
	{"pieces, one gone", FRAGMENT_GONE, 0, IPPROTO_UDP, false, in_pieces, NULL},
	{"pieces that overlap", FRAGMENT_LAPS, 0, IPPROTO_UDP, false, in_pieces, NULL},
	{"pieces, one twice", FRAGMENT_TWICE, 0, IPPROTO_UDP, false, in_pieces, NULL},
};

bool neutral(struct talk *t, enum by by, struct event *e)
{
	const struct side *me = &t->side[by], *other = &t->side[!by];

	event_of(e, t, by, "");
	e->salt = draw(0x7fffffff);
	if (t->protocol == IPPROTO_UDP) {
		e->shape.payload = draw(200);
		return true;
	}
	if (t->protocol == IPPROTO_ICMP) {
		e->shape.type = t->family == 4 ? (by == CLIENT ? 8 : 0) : by == CLIENT ? 128 : 129;
		e->shape.word = draw(65536);
		e->shape.payload = draw(64);
		return true;
	}
	if (!me->sure || !other->sure || me->gone || other->gone || t->closed || me->fin || other->fin ||
	    other->got != me->next || me->got != other->next)
		return false;
	e->shape.flags = ACK;
	e->shape.seq = me->next;
	e->shape.ack = me->got;
	e->shape.window = 16384 + me->begin % 40000;
	return true;
}

bool odd_play(struct talk *t)
{
	static struct event e;
	const struct oddity *o = &oddities[draw(sizeof(oddities) / sizeof(oddities[0]))];
	enum by by = draw(2);

	if (!t->known[KERNEL] || !t->known[SAMEPATH] || t->renews)
		return false;
	if ((o->family && o->family != t->family) || (o->protocol && o->protocol != t->protocol))
		return false;
	if (o->odd == OUT_OF_WINDOW && t->picked && !t->quotable[SERVER])
		return false; /* who speaks first is believed, however far off it was */
	if (o->quotes && !t->quotable[!by])
		return false;
	if (!neutral(t, by, &e) && !o->quotes)
		return false;
	e.name = o->name;
	e.odd = o->odd;
	if (o->shape)
		o->shape(&e);
	e.damage = o->damage;
	event_judge(&e);
	t->disturbed |= o->odd == SYN_WITHIN || o->odd == RESET_NEAR;
	if (t->picked && (o->odd == RESET_NEAR || o->odd == RESET_FAR))
		t->number = 0; /* the kernel believes any reset of a connection whose windows it does not know */
	return true;
}
