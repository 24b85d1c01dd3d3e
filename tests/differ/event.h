/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event: one packet, sent into both rigs, and what is to come out by the rules of translation alone. Most are
 * lawful. One that is not says in which way it is odd, for only there the two gateways may differ, each odd
 * thing in the one way that is declared.
 */
#ifndef DIFFER_EVENT_H
#define DIFFER_EVENT_H

#include "talk.h"

#define ODDS(X) \
	X(PLAIN, "lawful") \
	X(TTL_ENDS, "time to live of 1")

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
	bool quiet; /* refreshes nothing */
	bool parts; /* whatever comes of it, the two rigs know different things after */
	struct frame in[RIGS], want[RIGS];
	bool wanted[RIGS]; /* `want` is known: the name is */
};

enum fate { NOTHING, FORWARDED, ANSWERED, OTHER };

/* Fills what all events of a conversation have. */
void event_of(struct event *e, struct talk *t, enum by by, const char *name);
/* Sends it, waits, compares. True when it came out of both, as it was to. */
bool event_judge(struct event *e);

/* The next event of the conversation; it is over when there is none. */
bool talk_play(struct talk *t);
bool tcp_play(struct talk *t);

/* The same frame with all that is each gateway's own choice taken out of it. */
void canon(struct frame *to, const struct frame *from, const struct talk *t, enum rig rig);

/* Is this difference declared? Counts it. `ends`: the conversation cannot go on. */
bool declared(const struct event *e, const enum fate fates[RIGS], const struct output out[RIGS], bool *ends);
void declared_print(void);

extern uint64_t unexplained, events_done, agreed[OTHER + 1];

#endif
