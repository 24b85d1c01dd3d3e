/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes as a program: each is a choice, so that any bytes are a lawful story, and a byte more or
 * less another one. A story is a configuration of the rig and a sequence of steps: a new connection
 * from either side, the answer to a packet that went through, the next one of its sender, an error
 * about it, fragments, time, sweeps. A packet is lawful until a twist makes it otherwise.
 */
#ifndef SAMEPATH_TEST_DATAPATH_PROGRAM_H
#define SAMEPATH_TEST_DATAPATH_PROGRAM_H

#include "datapath_judge.h"
#include "datapath_setting.h"

#define KEPT 8 /* packets that went through, to be answered */
#define STEPS 64
#define PIECES_KEPT 8
#define HELD_KEPT 4

static struct {
	struct passage kept[KEPT];
	unsigned int kept_count;
	struct frame pieces[PIECES_KEPT]; /* of a packet whose first or other piece was sent */
	enum device pieces_in;
	unsigned int pieces_count;
	struct frame held[HELD_KEPT]; /* fragments that the packet path gave to the daemon */
	unsigned int held_count;
	enum device held_in;
	struct frame challenge; /* the latest answer that asks for a proof, */
	enum device challenged; /* and where it went */
} story;

/* A device in place of `usual`, seldom another one. */
static enum device take_device(enum device usual)
{
	static const enum device others[] = {LAN, ER0, ER2, WAN, ALIEN};
	uint8_t b = take();

	return b < 240 ? usual : others[b % 5];
}

static struct shape take_shape(void)
{
	static const uint8_t flags[] = {SYN,	   SYN,	 SYN | ACK, ACK,     ACK,
					FIN | ACK, RST,	 RST | ACK, ACK | 8, ACK | 0x20,
					SYN | FIN, 0x3f, 0xc2,	    SYN | 8};
	static const uint16_t payloads[] = {0, 1, 12, 64, 65, 512, 1200, 1400};
	static const uint8_t options[][12] = {
		{2, 4, 5, 0xb4, 1, 3, 3, 7}, {1, 2, 4, 0x20, 0, 3, 3, 14},
		{3, 3, 15, 2, 4, 0xff, 0xff, 0}, {2, 4, 2, 0x18, 4, 2, 8, 0},
		{2, 0, 3, 1, 1, 1, 1, 1}, {8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1},
		{1, 1, 1, 1, 1, 1, 2, 4}, {1, 1, 1, 1, 1, 2, 4, 0xff},
	};
	uint8_t b = take();
	struct shape s = {.tcp = b & 1 ? 0 : PICK(flags),
			  .payload = b & 2 ? PICK(payloads) : 0,
			  .whole = b & 4,
			  .no_sum = (b & 0x18) == 0x18,
			  .bad_sum = (b & 0xe0) == 0xe0};

	s.window = b & 0x20 ? 65535 : 512;
	s.seq = 7000;
	if (b & 0x40 && s.tcp != ACK) {
		s.options = PICK(options);
		s.options_length = s.options[0] == 8 ? 12 : 8;
	}
	return s;
}

/* Somebody inside speaks to somebody outside, to a service, or to another one inside. */
static struct frame packet_from_inside(void)
{
	static const enum place from[] = {PILOT, PILOT, PILOT_TWO, CAMPUS, SERVER_ONE, NOBODY};
	static const enum place to[] = {AT_EXCHANGE, AT_EXCHANGE, AT_EXCHANGE_TWO, AT_PARTNER,
					AT_LARGE,    AT_BLOCKED,  AT_PUBLIC,	   AT_PUBLIC_TWO,
					AT_GATEWAY,  AT_CHICAGO,  WEARING_CHICAGO, PILOT_TWO};
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_ICMP,
					    47,		 50,	      132};
	static const uint16_t ports[] = {443, 443, 53, 80};
	int family = take() & 1 ? 6 : 4;
	uint8_t protocol = PICK(protocols);
	enum place source = PICK(from), target = PICK(to);
	uint8_t port = take();
	struct tuple t = talk(family, protocol, source, target, (port & 0x40 ? 500 : 4000) + port % 8,
			      PICK(ports));
	struct shape s = take_shape();

	return frame_make(&t, &s);
}

static struct frame packet_from_outside(void)
{
	static const enum place from[] = {AT_LARGE,   AT_EXCHANGE, AT_EXCHANGE_TWO,
					  AT_PARTNER, PILOT,	   AT_INTERNET};
	static const enum place to[] = {AT_PUBLIC,   AT_PUBLIC, AT_PUBLIC_TWO, AT_CHICAGO,
					AT_INTERNET, AT_DALLAS, PILOT,	       AT_GATEWAY};
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 47};
	static const uint16_t ports[] = {443, 443, 443, 80, 4000};
	int family = take() & 1 ? 6 : 4;
	uint8_t protocol = PICK(protocols);
	enum place source = PICK(from), target = PICK(to);
	struct tuple t = talk(family, protocol, source, target, 5000 + take() % 16, PICK(ports));
	struct shape s = take_shape();

	return frame_make(&t, &s);
}

/* A packet that went through; 0 is the latest. NULL: none did. */
static struct passage *take_kept(void)
{
	uint8_t b = take();

	return story.kept_count ? &story.kept[(story.kept_count - 1 -
					       b % (story.kept_count < KEPT ? story.kept_count : KEPT)) %
					      KEPT] :
				  NULL;
}

/* How many sequence numbers the TCP segment takes. */
static uint32_t segment_of(const struct view *v)
{
	const uint8_t *l4 = v->ip + v->l4;

	return v->end - v->l4 - (l4[12] >> 4) * 4 + !!(l4[13] & SYN) + !!(l4[13] & FIN);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* The numbers of a segment that answers one, or that follows it. */
static void numbers(struct shape *s, const struct view *v, bool answers)
{
	static const uint32_t slips[] = {0, 0, 0, 0, 1, -1, 70000, 0x80000000, 1000};
	const uint8_t *l4 = v->ip + v->l4;

	if (v->protocol != IPPROTO_TCP || v->l4 + 20 > v->end)
		return;
	s->seq = answers ? get32(l4 + 8) : get32(l4 + 4) + segment_of(v);
	s->ack = answers ? get32(l4 + 4) + segment_of(v) : get32(l4 + 8);
	if (answers && !(l4[13] & ACK))
		s->seq = 9000;
	if (!s->ack)
		s->ack = 1; /* frame_make() would take its own */
	s->seq += PICK(slips);
	s->ack += PICK(slips);
}

static struct frame packet_that_answers(const struct passage *p)
{
	struct tuple t = turned(p->is.tuple);
	struct shape s = take_shape();

	if (t.protocol == IPPROTO_TCP && s.tcp == SYN)
		s.tcp = p->is.ip[p->is.l4 + 13] & ACK ? ACK : SYN | ACK;
	if (!s.tcp)
		s.tcp = p->is.ip[p->is.l4 + 13] & ACK ? ACK : SYN | ACK;
	s.answer = t.dport && t.protocol == icmp_of(t.family);
	numbers(&s, &p->is, true);
	return frame_make(&t, &s);
}

static struct frame packet_that_follows(const struct passage *p)
{
	struct shape s = take_shape();

	if (!s.tcp)
		s.tcp = ACK;
	s.answer = p->was.tuple.dport && p->was.protocol == icmp_of(p->was.family);
	numbers(&s, &p->was, false);
	return frame_make(&p->was.tuple, &s);
}

/*
 * A UDP packet once more, but that its checksum comes out as zero behind the gateway. Of any other,
 * itself.
 */
static struct frame packet_with_zero_sum(const struct passage *p)
{
	struct frame f = p->before;
	uint8_t *l4 = f.data + (p->was.ip - p->before.data) + p->was.l4;
	unsigned int sum = get16(p->is.ip + p->is.l4 + 6);

	if (p->was.protocol != IPPROTO_UDP || p->was.l4 + 10 > p->was.end ||
	    p->was.ip != p->before.data + ETHER || !sum)
		return f;
	sum += get16(l4 + 8);
	put16(l4 + 8, (sum & 0xffff) + (sum >> 16));
	sum = get16(l4 + 6) + (0xffff - get16(p->is.ip + p->is.l4 + 6));
	sum = (sum & 0xffff) + (sum >> 16);
	put16(l4 + 6, sum ? sum : 0xffff);
	return f;
}

/* An ICMP error about a packet, from whom it was for or from a router. */
static struct frame packet_that_complains(const struct passage *p)
{
	static const uint8_t four[] = {3, 3, 11, 12, 4, 5}, six[] = {1, 2, 3, 4, 1, 137};
	static const char *const routers[][2] = {{"192.0.2.77", "2001:db8:ba::77"},
						 {"10.1.30.5", "2001:db8:10:30::5"}};
	static const uint16_t lengths[] = {28, 48, 60, 100, 200, 300, 576, 24, 1400};
	int family = p->is.family;
	uint8_t b = take();
	struct tuple t = {.family = family,
			  .protocol = icmp_of(family),
			  .saddr = p->is.tuple.daddr,
			  .daddr = p->is.tuple.saddr};
	struct frame f = frame_make(&t, &(struct shape){.payload = 1400});
	uint8_t *icmp = l4_of(&f);
	unsigned int length = (family == 6 ? 20 : 0) + PICK(lengths), whole = p->is.end;

	if (b & 1)
		t.saddr = address(routers[p->out == LAN][family == 6]);
	if (length > whole)
		length = whole;
	if (b & 2)
		length = whole < 1400 ? whole : 1400;
	f = frame_make(&t, &(struct shape){.payload = length + (b & 4 ? 20 : 0)});
	icmp[0] = family == 4 ? PICK(four) : PICK(six);
	icmp[1] = b >> 5;
	put32(icmp + 4, b & 8 ? 1300 : 0);
	if (b & 4)
		icmp[family == 4 ? 5 : 4] = length / (family == 4 ? 4 : 8);
	memcpy(icmp + 8, p->is.ip, length);
	if (b & 16 && length > 30)
		icmp[8 + take() % 30] ^= 1 << (b >> 5);
	sums_set(&f);
	return f;
}

#include "datapath_twist.h"

#endif
