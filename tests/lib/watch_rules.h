/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the watcher was told: the wires, and whose each address is. One line a fact:
 *
 *   wire NAME NETNS DEVICE CIRCUIT     the far end of a wire of the gateway; CIRCUIT is "inside" for one of those
 *   own WIRE PREFIX                    the gateway's own address there
 *   pool CIRCUIT PREFIX [each]         its outbound pool; each: UDP has one inside socket behind each port
 *   inbound CIRCUIT PREFIX             its inbound pool
 *   public PREFIX                      services, on every circuit
 *   inside PREFIX                      segments
 *   host ADDRESS                       an inside host that talks: its bytes are looked for in whole errors
 *   only PREFIX CIRCUIT[,CIRCUIT]      destinations that new and old connections reach by these alone
 *   life SECONDS                       the shortest of the gateway's timeouts of flows, less one
 */
#ifndef SAMEPATH_WATCH_RULES_H
#define SAMEPATH_WATCH_RULES_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include "watch_frame.h"

#define WIRES_MAX 8
#define CIRCUITS 8
#define OWNED_MAX 64
#define NOBODY (-1)
#define WORDS 5

/* What is counted when it does not hold: name, its number among "What always holds" of the design, text. */
#define COUNTS(X) \
	X(SOURCE, "source", "1", "left a circuit with a source that it does not own") \
	X(INSIDE, "inside", "1, 3", "an inside address on a circuit, in a header or in a quote") \
	X(FOREIGN, "foreign", "1, 2", "an address of another circuit's pool, in a header or in a quote") \
	X(PIN, "pin", "2", "one connection left by two circuits") \
	X(RETURN, "return", "2", "let in by another circuit than that of its connection") \
	X(STRAY, "stray", "3", "sent to the inside, but to no inside address") \
	X(SHARED, "shared", "5, 12", "two inside tuples behind one outside tuple at the same time") \
	X(CHANGED, "changed", "4, 7, 8", "a live connection got another outside tuple") \
	X(POLICY, "policy", "6", "left by a circuit that no rule names for its destination") \
	X(ORIGIN, "origin", "9", "sent on, but nothing like it had come in") \
	X(TTL, "ttl", "9", "time to live, or hop limit, not one less than it came with") \
	X(CHECKSUM, "checksum", "10", "a wrong checksum, in a packet or in the header that an error quotes") \
	X(QUOTE, "quote", "10", "an error to the inside that does not quote what that host sent") \
	X(UNASKED, "unasked", "11", "let in though nobody inside had asked") \
	X(MALFORMED, "malformed", "9", "of no kind that a gateway sends, or of lengths that lie")

#define COUNT_ENUM(name, word, invariant, text) COUNT_##name,
enum count { COUNTS(COUNT_ENUM) COUNT_MAX, COUNT_NONE = COUNT_MAX };
#undef COUNT_ENUM

enum owner { OWNER_OWN, OWNER_POOL, OWNER_INBOUND, OWNER_PUBLIC, OWNER_INSIDE, OWNER_HOST, OWNER_ONLY };

struct owned {
	enum owner owner;
	int family, bits;
	unsigned char address[16];
	int who; /* of OWNER_OWN the wire, of a pool the circuit */
	unsigned int circuits; /* of OWNER_ONLY: bits */
	bool each;
};

struct wire {
	char name[16], space[96], device[16];
	int circuit; /* NOBODY: the inside's */
	uint64_t from, toward; /* frames, as seen from the gateway */
	uint64_t matched; /* of those from it: known again */
	uint64_t counts[COUNT_MAX];
};

static struct wire wires[WIRES_MAX];
static int wire_count, circuit_count, owned_count;
static char circuits[CIRCUITS][16];
static struct owned owned[OWNED_MAX];
static uint32_t life = 19000; /* ms */

static inline int circuit_number(const char *name)
{
	int i;

	for (i = 0; i < circuit_count; i++)
		if (!strcmp(circuits[i], name))
			return i;
	if (circuit_count == CIRCUITS)
		return NOBODY;
	snprintf(circuits[circuit_count], sizeof(circuits[0]), "%s", name);
	return circuit_count++;
}

static inline int wire_number(const char *name)
{
	int i;

	for (i = 0; i < wire_count; i++)
		if (!strcmp(wires[i].name, name))
			return i;
	return NOBODY;
}

static inline bool covers(const struct owned *o, int family, const unsigned char *address)
{
	int bytes = o->bits / 8, rest = o->bits % 8;

	if (o->family != family || memcmp(o->address, address, (size_t)bytes))
		return false;
	return !rest || !((o->address[bytes] ^ address[bytes]) & (0xff << (8 - rest)));
}

/* Whose an address is, by its longest prefix. The table is in the order of their lengths. */
static inline const struct owned *owner_of(int family, const unsigned char *address)
{
	int i;

	for (i = 0; i < owned_count; i++)
		if (owned[i].owner <= OWNER_INSIDE && covers(&owned[i], family, address))
			return &owned[i];
	return NULL;
}

static inline bool owned_add(struct owned o, const char *prefix)
{
	char address[64];
	int i;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(prefix, "/"), prefix);
	o.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	o.bits = strchr(prefix, '/') ? atoi(strchr(prefix, '/') + 1) : o.family == AF_INET ? 32 : 128;
	if (owned_count == OWNED_MAX || o.who < NOBODY || inet_pton(o.family, address, o.address) != 1)
		return false;
	for (i = owned_count++; i && owned[i - 1].bits < o.bits; i--)
		owned[i] = owned[i - 1];
	owned[i] = o;
	return true;
}

static inline bool wire_add(char **word)
{
	struct wire *w = &wires[wire_count];

	if (wire_count == WIRES_MAX)
		return false;
	snprintf(w->name, sizeof(w->name), "%s", word[1]);
	snprintf(w->space, sizeof(w->space), "%s", word[2]);
	snprintf(w->device, sizeof(w->device), "%s", word[3]);
	w->circuit = strcmp(word[4], "inside") ? circuit_number(word[4]) : NOBODY;
	wire_count++;
	return true;
}

static inline unsigned int circuits_named(char *list)
{
	unsigned int bits = 0;
	char *name;

	for (name = strtok(list, ","); name; name = strtok(NULL, ","))
		bits |= 1u << circuit_number(name);
	return bits;
}

/* One line of the description; false when it is not understood. */
static inline bool rule_read(char *line)
{
	static const struct {
		const char *word;
		enum owner owner;
		int least;
	} kinds[] = { { "own", OWNER_OWN, 3 }, { "pool", OWNER_POOL, 3 }, { "inbound", OWNER_INBOUND, 3 },
		      { "public", OWNER_PUBLIC, 2 }, { "inside", OWNER_INSIDE, 2 }, { "host", OWNER_HOST, 2 },
		      { "only", OWNER_ONLY, 3 } };
	char *word[WORDS] = { NULL };
	struct owned o = { .who = NOBODY };
	size_t i;
	int n = 0;

	for (word[0] = strtok(line, " \n"); n < WORDS && word[n]; n++)
		if (n + 1 < WORDS)
			word[n + 1] = strtok(NULL, " \n");
	if (!n)
		return true;
	if (!strcmp(word[0], "wire"))
		return n == 5 && wire_add(word);
	if (!strcmp(word[0], "life")) {
		life = n == 2 ? (uint32_t)atoi(word[1]) * 1000 : 0;
		return life;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].word, word[0]); i++)
		;
	if (i == sizeof(kinds) / sizeof(kinds[0]) || n < kinds[i].least)
		return false;
	o.owner = kinds[i].owner;
	o.each = n == 4 && !strcmp(word[3], "each");
	if (o.owner == OWNER_OWN && (o.who = wire_number(word[1])) == NOBODY)
		return false;
	if (o.owner == OWNER_POOL || o.owner == OWNER_INBOUND)
		o.who = circuit_number(word[1]);
	if (o.owner == OWNER_ONLY)
		o.circuits = circuits_named(word[2]);
	return owned_add(o, word[o.owner <= OWNER_INBOUND ? 2 : 1]);
}

#endif
