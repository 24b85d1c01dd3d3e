/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event: one packet, sent into both rigs, and what is to come out by the rules of translation alone. Most
 * are lawful. One that is not says in which way it is odd, for only there the two gateways may differ, each
 * odd thing in the one way that is declared.
 */
#ifndef DIFFER_EVENT_H
#define DIFFER_EVENT_H

#include "talk.h"

#define ODDS(X) \
	X(PLAIN, "lawful") \
	X(TTL_ENDS, "time to live of 1 or 0") \
	X(BAD_SUM, "wrong transport checksum") \
	X(BAD_SUM4, "wrong IPv4 header checksum") \
	X(FLAGS, "random TCP flags") \
	X(OUT_OF_WINDOW, "segment far from the numbers of its connection") \
	X(RESET_NEAR, "reset in the window, not exact") \
	X(RESET_FAR, "reset out of the window") \
	X(SYN_WITHIN, "SYN in a connection") \
	X(FIN_FIRST, "FIN of a connection that nobody saw before") \
	X(CROSSED_AGAIN, "SYN-ACK once more, where both opened at once") \
	X(ZERO_PORT, "destination port zero") \
	X(SHORT, "length that lies") \
	X(TRAILER, "bytes behind the packet") \
	X(ASTRAY, "on another wire than its conversation's") \
	X(STRANGER, "of nobody") \
	X(ERROR_SUM, "ICMP error with a wrong checksum") \
	X(ERROR_QUOTE4, "ICMP error whose quote has a wrong IPv4 checksum") \
	X(ERROR_SHORT, "ICMP error with too short a quote") \
	X(ERROR_STRAY, "ICMP error about nothing that was sent") \
	X(ERROR_TURNED, "ICMP error to another than it quotes") \
	X(ERROR_MORE, "ICMP error with extensions") \
	X(REDIRECT, "ICMP redirect") \
	X(QUERY, "ICMP that is neither echo nor error") \
	X(OPTION_ADDRESS, "IP option that may hold an address, or is not known") \
	X(OPTION_ROUTE, "source route") \
	X(OPTION_BAD, "IP option of no possible length") \
	X(ERROR_ROUTER, "ICMP error of a router on the way") \
	X(ERROR_HALF, "ICMP error that quotes a part of a TCP header, with its checksum") \
	X(LAND, "from itself to itself") \
	X(LINK_LOCAL, "to a link-local address") \
	X(RESERVED, "to an address of class E") \
	X(FRAGMENTS, "fragments") \
	X(FRAGMENT_GONE, "fragments, one missing") \
	X(FRAGMENT_LAPS, "fragments that overlap") \
	X(FRAGMENT_TWICE, "fragments, one twice") \
	X(TOO_BIG, "larger than the MTU")

#define ODD_ENUM(name, text) name,
enum odd { ODDS(ODD_ENUM) ODD_MAX };
#undef ODD_ENUM

struct event {
	const char *name;
	enum odd odd;
	struct talk *talk; /* NULL: of no conversation, and the shape has the ends */
	enum by by;
	enum wire wire; /* where it is sent */
	struct shape shape;
	bool renamed; /* samepath gives it an id of its own, as it does to all that leaves in pieces */
	bool quotes; /* an ICMP error: its body is what the other side sent last, this many bytes of it */
	bool router; /* and it is not from the end itself */
	uint32_t quoted;
	void (*damage)(struct frame *f, uint32_t salt); /* to the finished frame, sent and expected */
	void (*quote_damage)(uint8_t *quote, uint8_t family, uint32_t salt);
	uint32_t salt;
	uint8_t pieces, order, cut; /* fragments: how many, which comes when, how they are cut */
	struct frame in[RIGS], want[RIGS];
	bool wanted[RIGS]; /* `want` is known: the name is */
};

enum fate { NOTHING, FORWARDED, ANSWERED, PIECES, OTHER };

/* Fills what all events of a conversation have. */
void event_of(struct event *e, struct talk *t, enum by by, const char *name);
/* Sends it, waits, compares. True when it came out of both, as it was to. */
bool event_judge(struct event *e);

/* The next event of the conversation; it is over when there is none. */
bool talk_play(struct talk *t);
bool tcp_play(struct talk *t);

/* A packet that this side could send now and nothing would change; false: there is none. */
bool neutral(struct talk *t, enum by by, struct event *e);
/* Something that no host should do; false: this conversation offers no occasion now. */
bool odd_play(struct talk *t);
/* And what belongs to no conversation. */
void stranger_play(void);
/* All are silent for so many seconds; then what is over speaks once more, and what is not. */
void idle_play(double seconds);
extern uint64_t idle_over, idle_alive;

/* The same frame with all that is each gateway's own choice taken out of it. */
void canon(struct frame *to, const struct frame *from, const struct event *e, enum rig rig);
void canon_name(uint8_t *ip, uint8_t family); /* no id, no flow label */

/* The piece of the frame that is sent as the i-th; false: it is not sent. */
bool pieces_cut(const struct event *e, const struct frame *whole, int i, struct frame *piece);
/* Datagrams whose pieces are all there become whole. */
void pieces_join(struct output *out);

/* Is this difference declared? Counts it. `ends`: the conversation cannot go on. */
bool declared(const struct event *e, const enum fate fates[RIGS], const struct output out[RIGS], bool *ends);
void declared_print(void);
void unexplained_print(void);

/* Counts what is lawful, by kind of conversation, protocol and family, and what both forwarded of it. */
void share_count(const struct event *e, const enum fate fates[RIGS]);
/* False: too little of one kind came out of both for the run to say anything about it. */
bool shares_print(void);

extern unsigned int shown; /* of one kind */
extern uint64_t unexplained, events_done, agreed[OTHER + 1];

#endif
