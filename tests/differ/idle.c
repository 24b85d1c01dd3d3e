// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle: after a silence longer than the timers of all that is no established connection, what is over by then
 * is over in both gateways: the server is not heard any more, and the client begins anew. A connection that
 * is established goes on.
 */
#include <unistd.h>

#include "event.h"

uint64_t idle_over, idle_alive;

static bool established(const struct talk *t)
{
	const struct side *c = &t->side[CLIENT], *s = &t->side[SERVER];

	return t->protocol == IPPROTO_TCP && c->sure && s->sure && !talk_ending(t);
}

/* A bare packet of what was once. */
static void speak(struct talk *t, enum by by, bool anew, const char *name)
{
	static struct event e;
	const struct side *me = &t->side[by];

	event_of(&e, t, by, name);
	e.shape.payload = 10;
	if (t->protocol == IPPROTO_ICMP) {
		e.shape.type = t->family == 4 ? (by == CLIENT ? 8 : 0) : by == CLIENT ? 128 : 129;
	} else if (t->protocol == IPPROTO_TCP) {
		e.shape.payload = 0;
		e.shape.flags = !anew ? ACK : by == CLIENT ? SYN : SYN | ACK;
		e.shape.seq = me->next + (anew ? 0x01000000 : 0);
		e.shape.ack = e.shape.flags & ACK ? t->side[!by].next + (anew ? 0x01000001 : 0) : 0;
		e.shape.window = 30000;
	}
	event_judge(&e);
}

/* All of them before the first begins anew, for that may take the port of another. */
static void over(struct talk *t)
{
	t->expired = t->renews = true;
	idle_over++;
	speak(t, SERVER, false, "after its end");
}

static void anew(struct talk *t)
{
	uint32_t number = t->number;

	t->expired = false;
	speak(t, CLIENT, true, "anew");
	if (t->number == number)
		speak(t, SERVER, true, "answered anew");
}

/* A word of each side; the client's is the last, and behind it nobody doubts the connection. */
static void says(struct talk *t, const char *name)
{
	static struct event e;

	for (enum by by = SERVER; t->number && neutral(t, by, &e); by = CLIENT) {
		e.name = name;
		event_judge(&e);
		idle_alive++;
		if (by == CLIENT)
			return;
	}
	t->number = 0;
}

static bool usable(const struct talk *t)
{
	/* where both opened at once not each pair of the two gateways' states has the same timer */
	return t->number && !t->displaced && !t->crossed && t->known[KERNEL] && t->known[SAMEPATH];
}

void idle_play(double seconds)
{
	double until;

	for (struct talk *t = talks; t < talks + TALKS; t++) {
		if (!usable(t))
			t->number = 0;
		else if (established(t))
			says(t, "before a silence");
	}
	for (until = now() + seconds; now() < until; usleep(200000))
		rig_refresh(); /* the markers are not idle */
	for (struct talk *t = talks; t < talks + TALKS; t++) {
		if (t->number && established(t)) {
			says(t, "after a silence");
			t->number = 0;
		} else if (t->number) {
			over(t);
		}
	}
	for (struct talk *t = talks; t < talks + TALKS; t++)
		if (t->number)
			anew(t);
	rig_refresh();
}
