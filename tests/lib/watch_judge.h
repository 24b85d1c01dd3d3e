/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The judgement of every frame on every wire of a gateway, by one watcher that sees them all in their order.
 *
 * It knows which packet became which (watch_known.h): that there was one, that its hops are one fewer, which
 * tuple is behind which. Two connections may wear one tuple when `life` lies between them.
 */
#ifndef SAMEPATH_WATCH_JUDGE_H
#define SAMEPATH_WATCH_JUDGE_H

#include "watch_known.h"

#define TOLD_MOST 1000 /* violations in words */

static FILE *told;

/* Ends the watcher, where a ring has lost frames: what it knows of the others judges nothing any more. */
static void lost_none(void);

static inline void found(const struct sighting *s, enum count count)
{
#define COUNT_WORD(name, word, invariant, text) word,
	static const char *const words[] = { COUNTS(COUNT_WORD) };
#undef COUNT_WORD
	char source[INET6_ADDRSTRLEN] = "-", destination[INET6_ADDRSTRLEN] = "-";
	static unsigned int lines;

	if (count == COUNT_NONE)
		return;
	lost_none();
	s->wire->counts[count]++;
	if (!told || ++lines > TOLD_MOST)
		return;
	if (s->v->family) {
		inet_ntop(s->v->family, s->v->source, source, sizeof(source));
		inet_ntop(s->v->family, s->v->destination, destination, sizeof(destination));
	}
	fprintf(told, "%s on %s: protocol %u type %u %s %u %s %u ttl %u\n", words[count], s->wire->name,
		s->v->protocol, s->v->type, source, s->v->sport, destination, s->v->dport, s->v->ttl);
	fflush(told);
}

/* `anew`: a connection of the outside that begins may be another over the tuple of one that ended. */
static inline void wears(const struct sighting *s, uint64_t inside, uint64_t outside, bool anew)
{
	struct worn *in = worn_of(inside, s->now), *out = worn_of(outside, s->now);

	if (out->peer && out->peer != inside && !anew)
		found(s, COUNT_SHARED);
	if (in->peer && in->peer != outside && !anew)
		found(s, COUNT_CHANGED);
	out->peer = inside;
	in->peer = outside;
}

static inline const struct noted *known_again(const struct sighting *s, enum way way)
{
	const struct noted *n = noted_find(print_of(s->v, way), s->now);

	if (!n) {
		found(s, COUNT_ORIGIN);
		return NULL;
	}
	s->wire->matched++;
	if (n->several)
		return NULL;
	if (n->ttl != s->v->ttl + 1)
		found(s, COUNT_TTL);
	return n;
}

static inline bool followed(const struct view *v)
{
	return v->ported && !v->piece;
}

/* A frame toward the gateway, on any wire. */
static inline void goes(const struct sighting *s)
{
	const struct owned *to = owner_of(s->v->family, s->v->destination);

	if (!followed(s->v))
		return;
	if (s->wire->circuit == NOBODY) {
		if (!to)
			note(s, WAY_OUT, 'i');
		else if (to->owner == OWNER_INBOUND)
			note(s, WAY_SERVICE_OUT, 'i');
	} else if (to && to->owner == OWNER_POOL) {
		note(s, WAY_IN, 'o');
	} else if (to && to->owner == OWNER_PUBLIC) {
		note(s, WAY_SERVICE_IN, 'o');
	}
}

static inline bool unowned_is_right(int family, const unsigned char *address)
{
	static const unsigned char zero[16];

	if (!memcmp(address, zero, family == AF_INET ? 4 : 16))
		return true; /* looks for an address, or for its double */
	return family == AF_INET6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static inline bool many(int family, const unsigned char *address)
{
	return family == AF_INET ? address[0] >= 224 : address[0] == 0xff;
}

/* An address on a circuit's wire: whose may it not be? */
static inline enum count address_fault(const struct wire *w, int family, const unsigned char *address, bool source)
{
	const struct owned *o = owner_of(family, address);

	if (!o)
		return !source || unowned_is_right(family, address) ? COUNT_NONE : COUNT_SOURCE;
	switch (o->owner) {
	case OWNER_INSIDE:
	case OWNER_INBOUND:
		return COUNT_INSIDE;
	case OWNER_POOL:
		return o->who == w->circuit ? COUNT_NONE : COUNT_FOREIGN;
	case OWNER_OWN:
		if (wires[o->who].circuit == NOBODY)
			return COUNT_INSIDE;
		return !source || &wires[o->who] == w ? COUNT_NONE : COUNT_SOURCE;
	default:
		return COUNT_NONE;
	}
}

static inline bool holds_host(const struct view *v)
{
	const unsigned char *from = v->l4;
	size_t size = (size_t)(v->end - from);
	int i;

	for (i = 0; i < owned_count; i++)
		if (owned[i].owner == OWNER_HOST &&
		    memmem(from, size, owned[i].address, owned[i].family == AF_INET ? 4 : 16))
			return true;
	return false;
}

static inline void error_leaves(const struct sighting *s)
{
	enum count fault = COUNT_NONE;
	struct view quote;

	if (view_quote(s->v, &quote)) {
		fault = address_fault(s->wire, quote.family, quote.source, false);
		if (fault == COUNT_NONE)
			fault = address_fault(s->wire, quote.family, quote.destination, false);
		if (head_sum_wrong(&quote))
			found(s, COUNT_CHECKSUM);
	}
	if (fault == COUNT_NONE && holds_host(s->v))
		fault = COUNT_INSIDE;
	found(s, fault);
}

static inline void policy_judge(const struct sighting *s)
{
	int i;

	for (i = 0; i < owned_count; i++)
		if (owned[i].owner == OWNER_ONLY && covers(&owned[i], s->v->family, s->v->destination) &&
		    !(owned[i].circuits & 1u << s->wire->circuit))
			found(s, COUNT_POLICY);
}

static inline void flow_leaves(const struct sighting *s)
{
	const struct owned *o = owner_of(s->v->family, s->v->source);
	uint64_t outside = tuple('o', s->v, true, true);
	const struct noted *n;
	struct worn *out;

	if (!o || (o->owner != OWNER_POOL && o->owner != OWNER_PUBLIC))
		return;
	n = known_again(s, o->owner == OWNER_POOL ? WAY_OUT : WAY_SERVICE_OUT);
	if (o->owner == OWNER_POOL)
		policy_judge(s);
	out = worn_of(outside, s->now);
	if (out->circuit == NOBODY)
		out->circuit = s->wire->circuit;
	else if (out->circuit != s->wire->circuit)
		found(s, COUNT_PIN);
	if (!n)
		return;
	wears(s, n->tuple, outside, false);
	if (o->each && s->v->protocol == IPPROTO_UDP)
		wears(s, mix(n->socket, (uint64_t)s->wire->circuit) | 1, tuple('O', s->v, true, false), false);
}

/* On a circuit's wire, from the gateway. */
static inline void leaves(const struct sighting *s)
{
	const struct view *v = s->v;
	enum count fault = address_fault(s->wire, v->family, v->source, true);

	if (fault == COUNT_NONE)
		fault = address_fault(s->wire, v->family, v->destination, false);
	found(s, fault);
	if (v->error)
		error_leaves(s);
	if (followed(v))
		flow_leaves(s);
}

static inline void flow_enters(const struct sighting *s)
{
	const struct owned *o = owner_of(s->v->family, s->v->source);
	uint64_t inside = tuple('i', s->v, false, true);
	const struct noted *n;
	struct worn *out;

	if (o && o->owner != OWNER_INBOUND)
		return;
	n = known_again(s, o ? WAY_SERVICE_IN : WAY_IN);
	if (!n)
		return;
	out = worn_find(n->tuple);
	if (!out && !o)
		found(s, COUNT_UNASKED);
	else if (out && out->circuit != NOBODY && out->circuit != n->circuit && s->now - out->at <= life)
		found(s, COUNT_RETURN);
	wears(s, inside, n->tuple, o && s->v->protocol == IPPROTO_TCP && (s->v->l4[13] & 0x12) == 0x02);
	out = worn_of(n->tuple, s->now);
	if (out->circuit == NOBODY)
		out->circuit = n->circuit;
}

/* On a wire of the inside, from the gateway. */
static inline void enters(const struct sighting *s)
{
	const struct view *v = s->v;
	const struct owned *to = owner_of(v->family, v->destination);
	struct view quote;

	if (v->arp || unowned_is_right(v->family, v->destination) || many(v->family, v->destination))
		return;
	if (!to || to->owner != OWNER_INSIDE)
		found(s, COUNT_STRAY);
	if (v->error && view_quote(v, &quote)) {
		to = owner_of(quote.family, quote.source);
		if (!to || to->owner != OWNER_INSIDE ||
		    memcmp(quote.source, v->destination, v->family == AF_INET ? 4 : 16))
			found(s, COUNT_QUOTE);
		if (head_sum_wrong(&quote))
			found(s, COUNT_CHECKSUM);
	}
	if (followed(v))
		flow_enters(s);
}

/* A frame on a wire, `toward` the gateway or from it, at `now` ms. */
static inline void judge(struct wire *wire, bool toward, const unsigned char *frame, size_t length, uint32_t now)
{
	struct sighting s = { .wire = wire, .now = now };
	struct view v;
	bool sound = view_read(&v, frame, length);

	s.v = &v;
	if (toward) {
		wire->toward++;
		if (sound)
			goes(&s);
		return;
	}
	wire->from++;
	if (!sound) {
		found(&s, COUNT_MALFORMED);
		return;
	}
	if (sums_wrong(&v))
		found(&s, COUNT_CHECKSUM);
	if (wire->circuit == NOBODY)
		enters(&s);
	else
		leaves(&s);
}

#endif
