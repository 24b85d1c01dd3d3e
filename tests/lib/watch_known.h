/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the watcher remembers: packets on their way through the gateway, and what connections wear.
 *
 * What goes toward the gateway is noted under a fingerprint of what no translation changes; what comes from
 * it is looked up there. A fingerprint that two connections share teaches nothing. Both tables forget the
 * oldest in the same place for something newer, long after it matters.
 */
#ifndef SAMEPATH_WATCH_KNOWN_H
#define SAMEPATH_WATCH_KNOWN_H

#include "watch_rules.h"

#define NOTED_SLOTS (1u << 20)
#define WORN_SLOTS (1u << 20)
#define PLACES 8 /* that an entry may be in */
#define NOTED_LIFE 10000 /* ms; nothing waits longer in a gateway */

/* The ways through a gateway. What is unchanged besides the packet's own body depends on it. */
enum way { WAY_OUT, WAY_IN, WAY_SERVICE_IN, WAY_SERVICE_OUT };

struct noted {
	uint64_t print, tuple, socket; /* socket: tuple without the remote */
	uint32_t at; /* ms */
	int16_t circuit;
	uint8_t ttl;
	bool several; /* connections share this print */
};

/* What an outside tuple has behind it, or an inside one before it; peer 0: not known. */
struct worn {
	uint64_t key, peer;
	uint32_t at; /* ms; of the latest frame from the gateway */
	int circuit;
};

struct sighting {
	const struct view *v;
	struct wire *wire;
	uint32_t now;
};

static struct noted noted[NOTED_SLOTS];
static struct worn worn[WORN_SLOTS];

static inline uint64_t tuple(char kind, const struct view *v, bool ours_first, bool remote)
{
	const unsigned char *ours = ours_first ? v->source : v->destination;
	const unsigned char *theirs = ours_first ? v->destination : v->source;
	unsigned int port = ours_first ? v->sport : v->dport, other = ours_first ? v->dport : v->sport;
	unsigned int protocol = v->protocol == IPPROTO_ICMPV6 ? IPPROTO_ICMP : v->protocol;
	uint64_t hash = mix_bytes(mix((uint64_t)kind, protocol << 16 | port), ours, 16);

	/* an echo has one identifier, which stands on the asker's side */
	if (view_icmp(v))
		hash = mix_bytes(mix((uint64_t)kind, v->sport | v->dport), ours, 16), other = 0;
	return (remote ? mix_bytes(mix(hash, other), theirs, 16) : hash) | 1;
}

static inline uint64_t print_of(const struct view *v, enum way way)
{
	uint64_t hash = mix(fingerprint(v), way);

	if (way == WAY_OUT)
		hash = mix_bytes(mix(hash, v->dport), v->destination, 16);
	if (way == WAY_IN)
		hash = mix_bytes(mix(hash, v->sport), v->source, 16);
	return hash | 1;
}

static inline struct noted *noted_find(uint64_t print, uint32_t now)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		struct noted *n = &noted[(print + i) % NOTED_SLOTS];

		if (n->print == print && now - n->at < NOTED_LIFE)
			return n;
	}
	return NULL;
}

static inline void note(const struct sighting *s, enum way way, char kind)
{
	bool ours_first = kind == 'i';
	uint64_t print = print_of(s->v, way), name = tuple(kind, s->v, ours_first, true);
	struct noted *n = noted_find(print, s->now);
	unsigned int i;

	if (n) {
		n->several |= n->tuple != name || n->circuit != s->wire->circuit || n->ttl != s->v->ttl;
		n->at = s->now;
		return;
	}
	n = &noted[print % NOTED_SLOTS];
	for (i = 1; i < PLACES; i++) {
		struct noted *other = &noted[(print + i) % NOTED_SLOTS];

		if (!other->print || (n->print && s->now - other->at > s->now - n->at))
			n = other;
	}
	*n = (struct noted){ .print = print, .tuple = name, .socket = tuple(kind, s->v, ours_first, false),
			     .at = s->now, .circuit = (int16_t)s->wire->circuit, .ttl = (uint8_t)s->v->ttl };
}

static inline struct worn *worn_find(uint64_t key)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++)
		if (worn[(key + i) % WORN_SLOTS].key == key)
			return &worn[(key + i) % WORN_SLOTS];
	return NULL;
}

/* The entry of a key, as it lives; made anew where it is none or an old one. */
static inline struct worn *worn_of(uint64_t key, uint32_t now)
{
	struct worn *w = worn_find(key), *other;
	unsigned int i;

	if (!w) {
		w = &worn[key % WORN_SLOTS];
		for (i = 1; i < PLACES; i++) {
			other = &worn[(key + i) % WORN_SLOTS];
			if (!other->key || (w->key && now - other->at > now - w->at))
				w = other;
		}
	}
	if (w->key != key || now - w->at > life)
		*w = (struct worn){ .key = key, .circuit = NOBODY };
	w->at = now;
	return w;
}

#endif
