/* SPDX-License-Identifier: GPL-2.0-only */
/* A TCP connection through the gateway on paper, seen from both of its ends. After rig.c. */
#ifndef SAMEPATH_TEST_CONNECTION_H
#define SAMEPATH_TEST_CONNECTION_H

#define CLIENT 1000u /* the numbers of their SYNs */
#define SERVER 5000000u

/* A connection, seen from both of its ends. */
struct talk {
	int family;
	bool outside; /* opened from there */
	enum device near, far; /* where the client's segments come in, and the server's */
	struct tuple there, back; /* keys of the two halves */
	uint32_t client, server; /* the next number of each */
	uint16_t window;
	const uint8_t *options[2]; /* of the SYNs, 4 bytes; NULL: none */
};

enum end { BY_CLIENT, BY_SERVER };

static inline struct talk talk_of(int family, bool outside, int port)
{
	struct talk t = {.family = family, .outside = outside, .near = outside ? ER0 : LAN,
			 .far = outside ? LAN : ER0, .client = CLIENT, .server = SERVER, .window = 60000};

	t.there = outside ? talk(family, IPPROTO_TCP, AT_LARGE, AT_PUBLIC, port, 443) :
			    talk(family, IPPROTO_TCP, PILOT, AT_EXCHANGE, port, 443);
	return t;
}

static inline struct frame segment(const struct talk *t, enum end by, uint8_t flags, uint32_t seq, uint32_t ack,
			    unsigned int payload)
{
	struct shape s = {.tcp = flags, .seq = seq, .ack = ack, .payload = payload, .window = t->window};

	if (flags & SYN && t->options[by]) {
		s.options = t->options[by];
		s.options_length = 4;
	}
	return frame_make(by == BY_CLIENT ? &t->there : &t->back, &s);
}

/* What becomes of it. */
static inline int sends(struct talk *t, enum end by, uint8_t flags, uint32_t seq, uint32_t ack, unsigned int payload)
{
	struct frame f = segment(t, by, flags, seq, ack, payload);
	struct outcome o = run(by == BY_CLIENT ? t->near : t->far, &f);

	if (flags == SYN && by == BY_CLIENT && o.verdict == V_FORWARDED)
		t->back = reply_of(&o);
	return o.verdict;
}

#define SENDS(verdict, t, ...) verdict_is(sends(t, __VA_ARGS__), verdict, #__VA_ARGS__, (t)->family)

/* Ordinary data, that goes through and is acknowledged. */
static inline void speaks(struct talk *t, enum end by, unsigned int payload)
{
	uint32_t *own = by == BY_CLIENT ? &t->client : &t->server;
	uint32_t other = by == BY_CLIENT ? t->server : t->client;

	SENDS(V_FORWARDED, t, by, ACK, *own, other, payload);
	*own += payload;
	SENDS(V_FORWARDED, t, !by, ACK, other, *own, 0);
}

static inline void shakes_hands(struct talk *t)
{
	SENDS(V_FORWARDED, t, BY_CLIENT, SYN, t->client, 0, 0);
	SENDS(V_FORWARDED, t, BY_SERVER, SYN | ACK, t->server, t->client + 1, 0);
	t->client++;
	t->server++;
	SENDS(V_FORWARDED, t, BY_CLIENT, ACK, t->client, t->server, 0);
}

static inline struct talk connected(int family, bool outside, int port)
{
	struct talk t = talk_of(family, outside, port);

	shakes_hands(&t);
	speaks(&t, BY_CLIENT, 100);
	speaks(&t, BY_SERVER, 1400);
	return t;
}

static inline struct half forward_of(const struct talk *t)
{
	struct half half = {0};

	assert_true(half_get(&t->there, &half));
	return half;
}

static inline struct half reply_half_of(const struct talk *t)
{
	struct half half = {0};

	assert_true(half_get(&t->back, &half));
	return half;
}

static inline bool closing(const struct talk *t)
{
	uint32_t one = forward_of(t).flags, other = reply_half_of(t).flags;

	return (one | other) & FLOW_RST || one & other & FLOW_FIN;
}

static inline bool half_open(const struct talk *t)
{
	return forward_of(t).flags & FLOW_HALF_OPEN;
}

/* Who is outside of this connection. */
static inline enum end outsider(const struct talk *t)
{
	return t->outside ? BY_CLIENT : BY_SERVER;
}

static inline uint32_t own(const struct talk *t, enum end by)
{
	return by == BY_CLIENT ? t->client : t->server;
}

/* Both halves, but for when the kernel was asked for the way: nothing else may have changed. */
struct picture {
	struct half half[2];
};

static inline struct picture picture_of(const struct talk *t)
{
	struct picture p = {{forward_of(t), reply_half_of(t)}};

	for (int i = 0; i < 2; i++)
		p.half[i].asked = p.half[i].hop = p.half[i].generation = 0;
	return p;
}

static inline void nothing_changed(const struct talk *t, const struct picture *before)
{
	struct picture after = picture_of(t);

	assert_memory_equal(before, &after, sizeof(after));
}

#define EACH_OPENING(o) for (int o = 0; o < 2; o++)
#define EACH_END(e) for (enum end e = BY_CLIENT; e <= BY_SERVER; e++)

#endif
