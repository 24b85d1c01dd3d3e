/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors for the tests, and what must become of them: a model that knows the quoted packet as it was
 * sent and as it was seen, builds both from nothing, and computes every sum anew.
 */
#ifndef SAMEPATH_TEST_QUOTE_H
#define SAMEPATH_TEST_QUOTE_H

#include "rig.h"

/* A packet to be quoted, in more shapes than frame_make knows; all zero is a plain one. */
struct quoted {
	uint8_t extra; /* words of IPv4 options, or IPv6 extension headers */
	uint8_t ttl;
	bool answer; /* echo reply */
	bool no_sum; /* UDP without checksum */
	bool stale; /* its checksum is of another payload */
	bool first; /* fragment, the first of more */
	uint16_t ones; /* what the first two bytes of the payload are more than usual */
	uint16_t payload;
};

/* Packets of one direction: as sent, as seen behind the gateway, and where errors about them come and go. */
struct speech {
	struct tuple sent, seen;
	enum device at, to;
	bool answer;
};

struct error {
	uint8_t type, code, ttl;
	uint8_t rest[4];
	struct in6_addr source;
	struct quoted quoted;
	unsigned int transport; /* bytes that are quoted behind the quoted IP header */
	uint8_t tail[64]; /* behind the quote */
	unsigned int tailed;
};

/* IPv6 extension header number i: its kind, and its length in bytes. */
static inline uint8_t extension_kind(unsigned int i)
{
	static const uint8_t kinds[] = {0, 60, 43, 44, 51};

	return kinds[i % 5];
}

static inline unsigned int extension_length(unsigned int i)
{
	return extension_kind(i) == 44 ? 8 : extension_kind(i) == 51 ? 24 : 8 * (1 + i % 3);
}

static inline unsigned int quoted_head(const struct quoted *q, int family)
{
	unsigned int i, length = 40;

	if (family == 4)
		return 20 + 4 * q->extra;
	for (i = 0; i < q->extra; i++)
		length += extension_length(i);
	return length;
}

static inline void quoted_extensions(uint8_t *at, const struct quoted *q, uint8_t protocol)
{
	unsigned int i, length;

	for (i = 0; i < q->extra; i++, at += length) {
		length = extension_length(i);
		at[0] = i + 1 < q->extra ? extension_kind(i + 1) : protocol;
		at[1] = extension_kind(i) == 44 ? 0 : extension_kind(i) == 51 ? length / 4 - 2 : length / 8 - 1;
		if (extension_kind(i) == 44)
			put16(at + 2, q->first ? 1 : 0);
	}
}

static inline void quoted_ip(uint8_t *ip, const struct tuple *t, const struct quoted *q, unsigned int length)
{
	unsigned int head = quoted_head(q, t->family), i;

	if (t->family == 6) {
		put32(ip, 0x6ab12345);
		put16(ip + 4, head - 40 + length);
		ip[6] = q->extra ? extension_kind(0) : t->protocol;
		ip[7] = q->ttl ? q->ttl : 7;
		memcpy(ip + 8, &t->saddr, 16);
		memcpy(ip + 24, &t->daddr, 16);
		quoted_extensions(ip + 40, q, t->protocol);
		return;
	}
	ip[0] = 0x40 | head / 4;
	ip[1] = 0xb9;
	put16(ip + 2, head + length);
	put16(ip + 4, 0x4321);
	put16(ip + 6, q->first ? 0x2000 : 0x4000);
	ip[8] = q->ttl ? q->ttl : 7;
	ip[9] = t->protocol;
	memcpy(ip + 12, &t->saddr.s6_addr[12], 4);
	memcpy(ip + 16, &t->daddr.s6_addr[12], 4);
	for (i = 20; i < head; i++)
		ip[i] = i * 5;
	put16(ip + 10, sum_end(sum_bytes(ip, head)));
}

static inline uint16_t quoted_sum(const uint8_t *l4, unsigned int length, const struct tuple *t)
{
	uint64_t sum = sum_bytes(l4, length);
	uint16_t end;

	if (t->family == 6)
		sum += sum_bytes((void *)&t->saddr, 16) + sum_bytes((void *)&t->daddr, 16);
	else if (t->protocol != IPPROTO_ICMP)
		sum += sum_bytes(&t->saddr.s6_addr[12], 4) + sum_bytes(&t->daddr.s6_addr[12], 4);
	if (t->family == 6 || t->protocol != IPPROTO_ICMP)
		sum += length + t->protocol;
	end = sum_end(sum);
	return !end && t->protocol == IPPROTO_UDP ? 0xffff : end;
}

/* The whole packet from its IP header on; returns its length. */
static inline unsigned int quoted_make(uint8_t *ip, const struct tuple *t, const struct quoted *q)
{
	struct shape shape = {.payload = q->payload, .answer = q->answer, .tcp = ACK, .seq = 0x01020304,
			      .ack = 0xf0e0d0c0};
	unsigned int head = quoted_head(q, t->family), length, i;
	uint8_t *l4 = ip + head;

	length = frame_l4(l4, t, &shape);
	for (i = 0; i < q->payload; i++)
		l4[length + i] = i * 11 + 5;
	if (q->ones)
		put16(l4 + length, (uint16_t)~sum_end(get16(l4 + length) + q->ones));
	length += q->payload;
	if (!q->no_sum)
		put16(l4 + sum_at(t->protocol), quoted_sum(l4, length, t));
	if (q->stale)
		l4[length - 1] ^= 0x5a;
	quoted_ip(ip, t, q, length);
	return head + length;
}

/* The error from `source` to `target` with this quote. */
static inline struct frame error_frame(const struct error *e, int family, struct in6_addr source,
				       struct in6_addr target, const uint8_t *quote, unsigned int length)
{
	struct tuple t = {.family = family, .protocol = icmp_of(family), .saddr = source, .daddr = target};
	struct frame f = {.length = ETHER + (family == 4 ? 20 : 40) + 8 + length + e->tailed};
	uint8_t *icmp = f.data + ETHER + (family == 4 ? 20 : 40);

	memcpy(f.data, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(f.data + 12, family == 4 ? 0x0800 : 0x86dd);
	frame_ip(&f, &t, &(struct shape){.ttl = e->ttl}, 8 + length + e->tailed);
	icmp[0] = e->type;
	icmp[1] = e->code;
	memcpy(icmp + 4, e->rest, 4);
	memcpy(icmp + 8, quote, length);
	memcpy(icmp + 8 + length, e->tail, e->tailed);
	sums_set(&f);
	return f;
}

/* The error as it comes in, and as it must go out. */
static inline void error_both(const struct speech *s, const struct error *e, struct frame *in,
			      struct frame *out)
{
	uint8_t seen[2048] = {0}, sent[2048] = {0};
	struct quoted q = e->quoted;
	struct error later = *e;
	unsigned int length, head = quoted_head(&q, s->sent.family);
	struct in6_addr source = e->source;

	q.answer = s->answer;
	length = quoted_make(seen, &s->seen, &q);
	quoted_make(sent, &s->sent, &q);
	if (length > head + e->transport)
		length = head + e->transport;
	/* half a checksum cannot be put back */
	if (s->sent.protocol == IPPROTO_TCP && length == head + 17)
		sent[head + 16] = seen[head + 16];
	*in = error_frame(e, s->sent.family, source, s->seen.saddr, seen, length);
	if (s->at == LAN || same_address(source, s->seen.daddr))
		source = s->sent.daddr;
	later.ttl = (e->ttl ? e->ttl : 64) - 1;
	*out = error_frame(&later, s->sent.family, source, s->sent.saddr, sent, length);
}

static inline void error_passes(const struct speech *s, const struct error *e, const char *claim)
{
	struct frame in, out;
	struct outcome o;

	error_both(s, e, &in, &out);
	o = run(s->at, &in);
	verdict_is(o.verdict, V_FORWARDED, claim, s->sent.family);
	assert_int_equal(o.action, XDP_REDIRECT);
	assert_int_equal(o.frame.length, out.length);
	assert_int_equal(o.frame.data[4], 1); /* to a neighbour, from the device toward it */
	assert_int_equal(o.frame.data[11], s->to + 1);
	assert_memory_equal(o.frame.data + 12, out.data + 12, out.length - 12);
}

/* The error as it comes in; the caller changes it. */
static inline struct frame error_in(const struct speech *s, const struct error *e)
{
	struct frame in, out;

	error_both(s, e, &in, &out);
	return in;
}

static inline struct error error_plain(int family, const struct speech *s)
{
	return (struct error){.type = family == 4 ? 3 : 1, .code = family == 4 ? 3 : 4,
			      .source = s->seen.daddr, .transport = 8};
}

enum kind { OUTBOUND, PINNED, SERVED, KEPT, HAIRPIN, KINDS };

/* A router between the gateway and whoever sees these packets. */
static inline struct in6_addr router_of(const struct speech *s)
{
	if (s->at == LAN)
		return at(CAMPUS, s->sent.family);
	return address(s->sent.family == 4 ? "192.0.2.77" : "2001:db8:ba::77");
}

static inline void kind_prepare(enum kind kind)
{
	struct circuit c = circuit_get(CHICAGO);
	struct service s = service_get(1);

	if (kind == PINNED)
		c.flags |= CIRCUIT_PIN_ONLY;
	circuit_put(CHICAGO, &c);
	if (kind == KEPT)
		s.flags |= SERVICE_KEEP_SOURCE;
	service_put(1, &s);
}

/* Opens a flow; [0] is what its opener says, [1] what comes back. */
static inline void speak(enum kind kind, int f, uint8_t protocol, uint16_t port, struct speech s[2])
{
	bool outside = kind == SERVED || kind == KEPT;
	struct tuple t = talk(f, protocol, outside ? AT_LARGE : PILOT,
			      kind < SERVED ? AT_EXCHANGE : AT_PUBLIC, port, 443), there;
	enum device in = outside ? ER0 : LAN, out = kind < SERVED ? ER0 : LAN;

	kind_prepare(kind);
	verdict_is(hear(in, t, NULL).verdict, V_FORWARDED, "opens", f);
	assert_true(half_translated(&t, &there));
	s[0] = (struct speech){.sent = t, .seen = there, .at = out, .to = in};
	s[1] = (struct speech){.sent = turned(there), .seen = turned(t), .at = in, .to = out, .answer = true};
}

/* Types with so many codes, of each family; the translated ones. */
static const struct {
	int family;
	uint8_t type, codes;
} kinds[] = {{4, 3, 16}, {4, 4, 1}, {4, 11, 2}, {4, 12, 3}, {6, 1, 8}, {6, 2, 1}, {6, 3, 2}, {6, 4, 4}};

#define EACH_KIND(f, k) \
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) \
		if (kinds[k].family == (f))

static inline void dropped(struct outcome o, int verdict, const char *claim, int family)
{
	verdict_is(o.verdict, verdict, claim, family);
	assert_int_equal(o.action, XDP_DROP);
}

#endif
