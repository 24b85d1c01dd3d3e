/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A conversation: who speaks with whom through both rigs, what it wears behind each of them, and where it
 * stands. Ports and pool addresses are each gateway's own choice, so they have no place in a comparison: the
 * first that is seen is the conversation's name in that rig, checked once (is it of the right pool, does
 * nobody else wear it toward that remote?) and from then on exactly this must come out, and is taken back.
 */
#ifndef DIFFER_TALK_H
#define DIFFER_TALK_H

#include "rig.h"

enum kind { OUTBOUND, INBOUND, HAIRPIN, KINDS };
enum by { CLIENT, SERVER, SIDES };

#define TALKS 192 /* under way at a time */
#define HISTORY 24

/* One side of a TCP connection, as it sees it. */
struct side {
	uint32_t begin, next; /* the number of its SYN; what it sends next */
	uint32_t got; /* what it expects of the other */
	bool syn, fin; /* sent */
	bool met; /* it has the other's SYN */
	bool sure; /* its SYN was acknowledged */
	bool got_fin;
	bool gone; /* it has forgotten the connection, and refuses whatever comes */
	uint32_t last_seq, last_payload, last_fill; /* for retransmission */
	uint8_t last_flags;
};

struct talk {
	uint32_t number; /* 0: no talk */
	uint8_t family, protocol;
	enum kind kind;
	enum wire wire[SIDES];
	struct end client, target, server; /* target: the server as the client knows it */
	bool known[RIGS];
	struct end worn[RIGS]; /* the client as the server knows it */
	bool renews; /* a gateway may choose anew */
	struct side side[SIDES];
	bool closed;
	bool displaced; /* another has its port now */
	bool expired; /* or may have it */
	bool reused; /* by a second connection of the same ports */
	bool picked; /* begun before the gateways were there */
	bool disturbed; /* by a SYN or a reset of somebody who does not know its numbers */
	bool crossed; /* both opened at once (RFC 9293 3.5) */
	uint32_t events; /* so far */
	/* The latest packet by each side, as it was sent and as it came out: for errors to quote. */
	bool quotable[SIDES];
	struct frame sent[SIDES][RIGS], came[SIDES][RIGS];
	char history[HISTORY][160];
	uint32_t told;
};

extern struct talk talks[TALKS];

uint32_t draw(uint32_t below);
void draw_seed(uint64_t seed);
void talk_begin(struct talk *t);
void talk_number(uint32_t first); /* no conversation of another run has these ports */
/* Has it been reset, or has each side said its last? A gateway may think so before the hosts do. */
bool talk_ending(const struct talk *t);
/* Whatever an unnamed conversation wears in this output is its name. False, with why: it may not be. */
bool talk_name(struct talk *t, enum rig rig, const struct view *v, const char **why);
const struct end *talk_end(const struct talk *t, enum rig rig, enum by by, bool behind, bool source);
const char *end_text(const struct end *e);
void talk_show(const struct talk *t);
__attribute__((format(printf, 2, 3))) void talk_note(struct talk *t, const char *format, ...);

#endif
