// SPDX-License-Identifier: GPL-2.0-only
/* judge: one event in both rigs, what came out of each, and whether that is the same. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "event.h"

uint64_t unexplained, events_done, agreed[OTHER + 1];

static struct output outputs[RIGS];
static const char *const fate_names[] = {"nothing", "forwarded", "answered", "pieces", "something else"};
static const char *const odd_names[] = {
#define ODD_NAME(name, text) text,
	ODDS(ODD_NAME)
};

void event_of(struct event *e, struct talk *t, enum by by, const char *name)
{
	memset(e, 0, offsetof(struct event, in));
	e->name = name;
	e->talk = t;
	e->by = by;
	e->wire = t->wire[by];
	e->shape = (struct shape){.family = t->family, .protocol = t->protocol, .ttl = 33 + draw(200),
				  .tos = draw(4) ? 0 : draw(64) << 2 | draw(4), .id = draw(65536),
				  .whole = draw(4), .fill = draw(1 << 30)};
}

/* Any router on the way may send an error; its own address stays, but for one inside. */
static struct in6_addr router(uint8_t family, bool inside)
{
	struct in6_addr a = mapped(inside ? 0x0a01f101 : 0xc633f101 + 0x100);

	if (family == 6)
		inet_pton(AF_INET6, inside ? "2001:db8:10:f1::1" : "2001:db8:f1::1", &a);
	return a;
}

/* What the error quotes: as this side got it, or as the other one sent it, a hop later. */
static void event_quote(struct event *e, enum rig rig, bool behind, struct shape *s)
{
	static uint8_t body[FRAME_MAX];
	struct talk *t = e->talk;
	struct frame f = behind ? t->sent[!e->by][rig] : t->came[!e->by][rig];
	bool stays = behind && e->wire == LAN;

	if (behind) {
		f.bytes[ETHERNET + (t->family == 4 ? 8 : 7)]--;
		if (t->family == 4)
			frame_sum4(&f, ETHERNET);
	}
	memset(body, 0, sizeof(body));
	memcpy(body, f.bytes + ETHERNET, f.length - ETHERNET);
	if (e->quote_damage)
		e->quote_damage(body, t->family, e->salt);
	s->body = body;
	s->payload = e->quoted < f.length - ETHERNET || e->odd == ERROR_MORE ? e->quoted : f.length - ETHERNET;
	if (e->router && !stays)
		s->from.address = router(t->family, e->wire == LAN);
	s->from.port = s->to.port = 0;
	s->protocol = IPPROTO_ICMP;
}

/* The frame as it is sent, or as it is to come out. */
static void event_frame(struct event *e, enum rig rig, bool behind, struct frame *f)
{
	struct shape s = e->shape;
	enum wire wire = behind ? e->talk->wire[!e->by] : e->wire;

	if (e->talk) {
		s.from = *talk_end(e->talk, rig, e->by, behind, true);
		s.to = *talk_end(e->talk, rig, e->by, behind, false);
	}
	if (e->quotes)
		event_quote(e, rig, behind, &s);
	s.ttl -= behind;
	frame_make(f, &s);
	if (e->damage)
		e->damage(f, e->salt);
	/* what comes out is from the gateway's end of the wire to this */
	memcpy(f->bytes, behind ? (uint8_t[]){2, 0, 0, 0, 0, wire + 1, 2, 0, 0, 0, 1, wire + 1} :
				  (uint8_t[]){2, 0, 0, 0, 1, wire + 1, 2, 0, 0, 0, 0, wire + 1}, 12);
}

static void complain(const struct event *e, const char *what)
{
	unexplained++;
	printf("UNEXPLAINED: event %lu, %s (%s): %s\n", (unsigned long)events_done, e->name,
	       odd_names[e->odd], what);
	if (e->talk)
		talk_show(e->talk);
}

static void hex(const char *what, enum wire wire, const struct frame *f)
{
	printf("  %s on %s, %u bytes:", what, wire_names[wire], f->length);
	for (uint32_t i = 0; i < f->length && i < 220; i++)
		printf("%s%02x", i % 2 ? "" : i == 6 || i == 12 || i == 14 || i == 34 ? "  " : " ", f->bytes[i]);
	printf("\n");
}

/* The first packet that comes out of a conversation names it. */
static void event_name(struct event *e, enum rig rig)
{
	struct talk *t = e->talk;
	const struct output *out = &outputs[rig];
	const char *why;
	struct view v;

	if (!t || e->by != CLIENT || (t->known[rig] && !t->renews))
		return;
	for (int i = 0; i < out->count; i++) {
		if (out->wire[i] != t->wire[SERVER] || !frame_read(&out->frame[i], &v) ||
		    !same_end(&v.to, &t->server))
			continue;
		if (t->known[rig] && same_end(&v.from, &t->worn[rig]))
			return;
		if (!talk_name(t, rig, &v, &why))
			complain(e, why);
		return;
	}
}

static bool equal(const struct frame *a, const struct frame *b)
{
	return a->length == b->length && !memcmp(a->bytes, b->bytes, a->length);
}

static bool pieces_only(const struct output *out)
{
	struct view v;

	for (int i = 0; i < out->count; i++)
		if (!frame_read(&out->frame[i], &v) || !v.fragment)
			return false;
	return true;
}

static enum fate event_fate(struct event *e, enum rig rig)
{
	static struct frame is, wanted;
	const struct output *out = &outputs[rig];
	const struct frame *first = &out->frame[0];
	struct view v, sent;

	if (!out->count)
		return NOTHING;
	if (pieces_only(out))
		return PIECES;
	if (out->count > 1)
		return OTHER;
	if (e->wanted[rig] && out->wire[0] == e->talk->wire[!e->by]) {
		canon(&is, first, e, rig);
		canon(&wanted, &e->want[rig], e, rig);
		if (equal(&is, &wanted))
			return FORWARDED;
	}
	if (out->wire[0] == e->wire && frame_read(first, &v) && frame_read(&e->in[rig], &sent) &&
	    same_address(&v.to.address, &sent.from.address) &&
	    (v.error || (v.protocol == IPPROTO_TCP && first->bytes[v.l4 + 13] & RST)))
		return ANSWERED;
	return OTHER;
}

/* Do the two say the same, wire by wire? */
static bool outputs_equal(const struct event *e)
{
	static struct frame a, b;
	const struct output *k = &outputs[KERNEL], *s = &outputs[SAMEPATH];

	if (k->count != s->count)
		return false;
	for (int i = 0; i < k->count; i++) {
		canon(&a, &k->frame[i], e, KERNEL);
		canon(&b, &s->frame[i], e, SAMEPATH);
		if (k->wire[i] != s->wire[i] || !equal(&a, &b))
			return false;
	}
	return true;
}

/* How often what was not declared happened: two of a kind are shown. */
unsigned int shown = 2;
static uint64_t seen[ODD_MAX][OTHER + 1][OTHER + 1];

static void show(const struct event *e, const enum fate fates[RIGS])
{
	char what[128];
	static struct frame f;

	snprintf(what, sizeof(what), "the kernel: %s, samepath: %s", fate_names[fates[KERNEL]],
		 fate_names[fates[SAMEPATH]]);
	if (seen[e->odd][fates[KERNEL]][fates[SAMEPATH]]++ >= shown) {
		unexplained++;
		return;
	}
	complain(e, what);
	for (enum rig rig = 0; rig < RIGS; rig++) {
		printf("  %s\n", rig_names[rig]);
		hex("  sent", e->wire, &e->in[rig]);
		if (e->wanted[rig])
			hex("  to come out", e->talk->wire[!e->by], &e->want[rig]);
		for (int i = 0; i < outputs[rig].count; i++) {
			hex("  came", outputs[rig].wire[i], &outputs[rig].frame[i]);
			canon(&f, &outputs[rig].frame[i], e, rig);
			hex("  canonical", outputs[rig].wire[i], &f);
		}
	}
}

static void describe(const struct event *e)
{
	const struct shape *s = &e->shape;

	if (!e->talk)
		return;
	if (s->protocol == IPPROTO_TCP)
		talk_note(e->talk, "%lu %s: %s flags %s%s%s%s%s seq %u ack %u payload %u ttl %u",
			  (unsigned long)events_done, e->by == CLIENT ? "client" : "server", e->name,
			  s->flags & SYN ? "S" : "", s->flags & FIN ? "F" : "", s->flags & RST ? "R" : "",
			  s->flags & PSH ? "P" : "", s->flags & ACK ? "A" : "", s->seq, s->ack, s->payload,
			  s->ttl);
	else
		talk_note(e->talk, "%lu %s: %s payload %u ttl %u", (unsigned long)events_done,
			  e->by == CLIENT ? "client" : "server", e->name, s->payload, s->ttl);
}

/* For errors to quote. */
static void remember(struct event *e)
{
	struct talk *t = e->talk;

	if (e->quotes || e->pieces || e->damage || e->renamed || e->shape.ip_options_length)
		return;
	t->renews &= e->by != CLIENT;
	t->quotable[e->by] = true;
	for (enum rig rig = 0; rig < RIGS; rig++) {
		t->sent[e->by][rig] = e->in[rig];
		t->came[e->by][rig] = outputs[rig].frame[0];
	}
}

/* In pieces or not. What a gateway holds until the rest is there comes a little later than the marker. */
static void event_send(struct event *e, enum rig rig)
{
	struct frame piece;
	double until;

	for (int i = 0; i < e->pieces; i++)
		if (pieces_cut(e, &e->in[rig], i, &piece))
			rig_send(rig, e->wire, &piece);
	if (!e->pieces)
		rig_send(rig, e->wire, &e->in[rig]);
	rig_collect(rig, e->wire, &outputs[rig]);
	pieces_join(&outputs[rig]);
	if (!e->pieces || e->odd != FRAGMENTS)
		return;
	for (until = now() + 1; now() < until && (!outputs[rig].count || pieces_only(&outputs[rig]));) {
		rig_wait(rig, 20, &outputs[rig]);
		pieces_join(&outputs[rig]);
	}
}

bool event_judge(struct event *e)
{
	enum fate fates[RIGS];
	bool ends = false;

	events_done++;
	describe(e);
	for (enum rig rig = 0; rig < RIGS; rig++) {
		event_frame(e, rig, false, &e->in[rig]);
		event_send(e, rig);
		event_name(e, rig);
		e->wanted[rig] = e->talk && e->talk->known[rig];
		if (e->wanted[rig])
			event_frame(e, rig, true, &e->want[rig]);
		fates[rig] = event_fate(e, rig);
	}
	share_count(e, fates);
	if (outputs_equal(e)) {
		agreed[fates[KERNEL]]++;
		if (fates[KERNEL] == OTHER && !e->odd)
			show(e, fates);
	} else if (!declared(e, fates, outputs, &ends)) {
		show(e, fates);
		ends = true;
	}
	if (ends && e->talk)
		e->talk->number = 0;
	if (ends || fates[KERNEL] != FORWARDED || fates[SAMEPATH] != FORWARDED)
		return false;
	if (e->talk)
		remember(e);
	return true;
}

void unexplained_print(void)
{
	printf("unexplained: %lu\n", (unsigned long)unexplained);
	for (enum odd odd = 0; odd < ODD_MAX; odd++)
		for (enum fate k = 0; k <= OTHER; k++)
			for (enum fate s = 0; s <= OTHER; s++)
				if (seen[odd][k][s])
					printf("%9lu  %s: the kernel: %s, samepath: %s\n",
					       (unsigned long)seen[odd][k][s], odd_names[odd], fate_names[k],
					       fate_names[s]);
}
