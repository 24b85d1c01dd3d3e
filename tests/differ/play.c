// SPDX-License-Identifier: GPL-2.0-only
/* play: what a conversation does next. TCP has a file of its own. */
#include "event.h"

static bool datagram_play(struct talk *t)
{
	static struct event e;
	bool server = t->known[KERNEL] && t->known[SAMEPATH] && draw(2);

	event_of(&e, t, server ? SERVER : CLIENT, "datagram");
	e.shape.payload = draw(4) ? draw(120) : draw(1400);
	e.shape.no_sum = t->family == 4 && !draw(10);
	event_judge(&e);
	return true;
}

static bool echo_play(struct talk *t)
{
	static struct event e;
	bool server = t->known[KERNEL] && t->known[SAMEPATH] && draw(2);

	event_of(&e, t, server ? SERVER : CLIENT, server ? "echo reply" : "echo request");
	if (t->family == 4)
		e.shape.type = server ? 0 : 8;
	else
		e.shape.type = server ? 129 : 128;
	e.shape.word = draw(65536);
	e.shape.payload = draw(300);
	event_judge(&e);
	return true;
}

bool talk_play(struct talk *t)
{
	uint32_t number = t->number;
	bool goes_on;

	t->events++;
	goes_on = t->protocol == IPPROTO_TCP ? tcp_play(t) :
		  t->protocol == IPPROTO_UDP ? datagram_play(t) : echo_play(t);
	return goes_on && t->number == number && (t->protocol == IPPROTO_TCP || draw(12)) && t->events < 60;
}
