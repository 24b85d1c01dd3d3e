// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: two hosts that keep to RFC 9293 as far as a gateway between them can see. Each move asks whether that
 * host could say so now; what was lost behind the gateway is said again before anything new.
 */
#include <string.h>

#include "event.h"

struct play {
	struct event event;
	struct talk *t;
	struct side *me, *other;
	bool lost; /* behind the gateway */
};

static uint8_t syn_options(uint8_t *options, uint32_t seed)
{
	static const uint8_t most[] = {2, 4, 0x05, 0xb4, 1, 3, 3, 0, 4, 2, 1, 1};
	uint8_t length = seed % 4 == 0 ? 0 : seed % 4 == 1 ? 4 : sizeof(most);

	memcpy(options, most, length);
	if (length > 7)
		options[7] = seed / 4 % 11;
	return length;
}

static void say(struct play *p, const char *name, uint8_t flags, uint32_t seq, uint32_t payload, uint32_t fill)
{
	struct shape *s = &p->event.shape;

	p->event.name = name;
	s->flags = flags;
	s->seq = seq;
	s->ack = flags & ACK ? p->me->got : 0;
	s->payload = payload;
	s->fill = fill;
	s->window = 16384 + p->me->begin % 40000;
	if (flags & SYN)
		s->options_length = syn_options(s->options, p->me->begin);
}

static bool judge(struct play *p)
{
	return event_judge(&p->event) && !p->lost;
}

/* What both sides know when a SYN or a later segment has arrived. */
static void arrived(struct play *p, uint8_t flags, uint32_t behind)
{
	if (flags & SYN) {
		p->other->met = true;
		p->other->got = p->me->begin + 1;
	} else if (p->other->got != behind) {
		p->other->got = behind;
		p->other->got_fin |= flags & FIN;
	}
	if (flags & ACK && p->me->got == p->other->next)
		p->other->sure = true;
}

static bool segment(struct play *p, const char *name, uint8_t flags, uint32_t payload)
{
	struct side *me = p->me;
	uint32_t seq = me->next;

	me->last_seq = seq;
	me->last_flags = flags;
	me->last_payload = payload;
	me->last_fill = draw(1 << 30);
	say(p, name, flags, seq, payload, me->last_fill);
	me->next = seq + payload + (flags & FIN ? 1 : 0);
	me->fin |= flags & FIN;
	if (judge(p))
		arrived(p, flags, me->next);
	return true;
}

static bool open_move(struct play *p)
{
	struct side *me = p->me;
	bool again = me->syn;

	if (p->event.by != CLIENT || me->sure || me->met || p->t->closed)
		return false;
	if (!again)
		me->begin += 1000000 + draw(1 << 28); /* above what a connection before had */
	me->syn = true;
	me->next = me->begin + 1;
	say(p, again ? "SYN again" : "SYN", SYN, me->begin, 0, 0);
	if (judge(p))
		arrived(p, SYN, me->next);
	return true;
}

/* The server opens at the same time; the client's SYN is still under way, or lost. */
static bool cross_move(struct play *p)
{
	struct side *me = p->me;

	if (p->event.by != SERVER || p->t->kind != OUTBOUND || me->syn || me->met || !p->other->syn ||
	    p->t->renews || p->t->reused || draw(3))
		return false;
	p->t->crossed = true;
	me->begin += 1000000 + draw(1 << 28);
	me->syn = true;
	me->next = me->begin + 1;
	say(p, "SYN across", SYN, me->begin, 0, 0);
	if (judge(p))
		arrived(p, SYN, me->next);
	return true;
}

static bool answer_move(struct play *p)
{
	struct side *me = p->me;
	bool again = me->syn;

	if ((p->event.by != SERVER && !p->t->crossed) || !me->met || me->sure || me->fin)
		return false;
	if (!again)
		me->begin += 1000000 + draw(1 << 28);
	me->syn = true;
	me->next = me->begin + 1;
	if (again && p->t->crossed)
		p->event.odd = CROSSED_AGAIN;
	say(p, again ? "SYN-ACK again" : "SYN-ACK", SYN | ACK, me->begin, 0, 0);
	if (judge(p))
		arrived(p, SYN | ACK, me->next);
	return true;
}

static bool refuse_move(struct play *p)
{
	if (p->event.by != SERVER || !p->me->met || p->me->syn || p->t->crossed || draw(12))
		return false;
	say(p, "refusal", RST | ACK, 0, 0, 0);
	p->me->met = false; /* it remembers nothing */
	p->t->renews = true; /* and the kernel forgets a connection that never was */
	if (judge(p))
		p->t->closed = true;
	return true;
}

static bool ready(const struct play *p)
{
	return p->me->syn && p->me->met && p->me->sure && !p->me->gone;
}

static bool ack_move(struct play *p)
{
	if (!p->me->syn || !p->me->met || p->me->gone ||
	    ((p->event.by == SERVER || p->t->crossed) && !p->me->sure))
		return false;
	say(p, "acknowledgement", ACK, p->me->next, 0, 0);
	if (judge(p))
		arrived(p, ACK, p->me->next);
	return true;
}

/* Everything said was heard; else it is said again first. */
static bool heard(const struct play *p)
{
	return p->other->got == p->me->next;
}

static bool data_move(struct play *p)
{
	static const uint16_t sizes[] = {1, 2, 7, 64, 100, 333, 536, 1200};

	if (!ready(p) || p->me->fin || !heard(p))
		return false;
	return segment(p, "data", draw(3) ? ACK | PSH : ACK, sizes[draw(8)]);
}

static bool again_move(struct play *p)
{
	struct side *me = p->me;

	uint32_t end = me->last_seq + me->last_payload + (me->last_flags & FIN);

	if (!ready(p) || !me->last_flags || end != me->next)
		return false;
	say(p, "retransmission", me->last_flags, me->last_seq, me->last_payload, me->last_fill);
	if (judge(p))
		arrived(p, me->last_flags, me->next);
	return true;
}

static bool fin_move(struct play *p)
{
	if (!ready(p) || p->me->fin || !heard(p) || (draw(4) && !p->me->got_fin))
		return false;
	if (p->t->picked && !p->t->known[KERNEL])
		p->event.odd = FIN_FIRST;
	return segment(p, "FIN", FIN | ACK, draw(3) ? 0 : 20);
}

static bool reset_move(struct play *p)
{
	if (!p->me->gone && (!ready(p) || !heard(p) || draw(15)))
		return false;
	if (p->t->picked && !p->t->quotable[SERVER])
		return false; /* the kernel forgets at once what was reset before it was answered */
	say(p, "reset", draw(2) ? RST : RST | ACK, p->me->next, 0, 0);
	p->me->gone = true;
	if (judge(p))
		p->t->closed = true;
	return true;
}

/* A byte before what the other expects, to hear whether it is there (RFC 1122 4.2.3.6). */
static bool keepalive_move(struct play *p)
{
	if (!ready(p) || !heard(p) || p->me->fin || draw(3))
		return false;
	say(p, "keepalive", ACK, p->me->next - 1, 0, 0);
	if (judge(p))
		arrived(p, ACK, p->me->next);
	return true;
}

static bool (*const moves[])(struct play *p) = {
	open_move, cross_move, answer_move, answer_move, refuse_move, ack_move, data_move,
	data_move, data_move, again_move, fin_move, reset_move, keepalive_move,
};

/* Both have said and heard the last. */
static bool over(const struct talk *t)
{
	return t->closed || (t->side[CLIENT].got_fin && t->side[SERVER].got_fin);
}

/* The same two ports once more, as a host does that is short of them. */
static void begin_again(struct talk *t)
{
	const uint32_t next[SIDES] = {t->side[CLIENT].next, t->side[SERVER].next};

	memset(t->side, 0, sizeof(t->side));
	t->closed = false;
	t->side[CLIENT].begin = next[CLIENT];
	t->side[SERVER].begin = next[SERVER];
	t->renews = t->reused = true;
	t->quotable[CLIENT] = t->quotable[SERVER] = false;
}

bool tcp_play(struct talk *t)
{
	static struct play p;
	uint32_t number = t->number;

	for (int tries = 0; tries < 40; tries++) {
		enum by by = draw(2);

		if (by == SERVER && !(t->known[KERNEL] && t->known[SAMEPATH]))
			by = CLIENT;
		event_of(&p.event, t, by, "");
		p.t = t;
		p.me = &t->side[by];
		p.other = &t->side[!by];
		p.lost = !draw(14);
		if (moves[draw(sizeof(moves) / sizeof(moves[0]))](&p))
			break;
	}
	if (t->number != number)
		return false;
	if (!over(t) || draw(3))
		return !over(t) || draw(4);
	if (draw(2))
		return false;
	begin_again(t);
	return true;
}
