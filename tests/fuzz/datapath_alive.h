/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must go on: a plain packet of a flow without sequence numbers that lives, while nothing around
 * the gateway is broken; and a later fragment of a datagram whose first went through, as long as all
 * that came of it fit together.
 */

#define DATAGRAMS 16
#define RANGES 16

struct went {
	unsigned int place; /* where it comes in */
	struct tuple tuple; /* of its first fragment */
	uint32_t id;
	uint64_t born;
	bool spoilt; /* its fragments did not fit together, or are too many */
	unsigned int end, count; /* 0: the last is still to come */
	unsigned int from[RANGES], to[RANGES];
};

static struct went went[DATAGRAMS];
static unsigned int went_count;

/* Without anything before or in its headers that is not of every packet. */
static bool plain(const struct passage *p)
{
	const struct view *v = &p->was;
	unsigned int at = v->ip - p->before.data;

	return at == ETHER + (p->in == ER0 && setting.tagged ? 4 : 0) && !(p->before.data[0] & 1) &&
	       v->l4 == (v->family == 4 ? 20 : 40) + (v->header ? 8u : 0) &&
	       v->ip[v->family == 4 ? 8 : 7] > 1;
}

/* Is it a datagram or an echo by the book? */
static bool complete(const struct view *v)
{
	const uint8_t *l4 = v->ip + v->l4;

	if (v->part || v->header || !v->ports)
		return false;
	if (v->protocol == IPPROTO_UDP)
		return get16(l4 + 4) >= 8 && get16(l4 + 4) <= v->end - v->l4;
	return v->protocol == icmp_of(v->family) && !l4[1];
}

static uint32_t id_of(const struct view *v)
{
	const uint8_t *at = v->ip + (v->family == 4 ? 4 : v->header + 4);

	return v->family == 4 ? get16(at) : (uint32_t)get16(at) << 16 | get16(at + 2);
}

static struct went *went_of(const struct passage *p)
{
	const struct tuple *t = &p->was.tuple;
	unsigned int i;

	for (i = 0; i < went_count; i++) {
		struct went *w = &went[i];

		if (w->place == place_of(p->in) && w->id == id_of(&p->was) &&
		    w->tuple.family == t->family && same_address(w->tuple.saddr, t->saddr) &&
		    same_address(w->tuple.daddr, t->daddr) &&
		    (t->family == 6 || w->tuple.protocol == t->protocol))
			return w;
	}
	return NULL;
}

/* Does the fragment fit those that came? It is one of them from now on. */
static bool fits(struct went *w, const struct view *v)
{
	unsigned int from = v->offset, to = from + v->end - v->l4, i;
	bool fit = to > from && (!v->more || !((to - from) % 8)) && w->count < RANGES && to <= 0xffff &&
		   !(w->end && (!v->more || to > w->end));

	for (i = 0; i < w->count && fit; i++)
		fit = (from >= w->to[i] || to <= w->from[i]) && (v->more || w->to[i] <= to);
	if (!fit) {
		w->spoilt = true;
		return false;
	}
	w->from[w->count] = from;
	w->to[w->count++] = to;
	if (!v->more)
		w->end = to;
	return true;
}

static bool is_whole(const struct went *w)
{
	unsigned int bytes = 0, i;

	for (i = 0; i < w->count; i++)
		bytes += w->to[i] - w->from[i];
	return w->end && bytes == w->end;
}

static void first_went(const struct passage *p, struct went *w)
{
	if (w) {
		w->spoilt = true;
		return;
	}
	if (p->out == NOWHERE || !p->was.more || went_count == DATAGRAMS)
		return;
	w = &went[went_count++];
	*w = (struct went){.place = place_of(p->in), .tuple = p->was.tuple, .id = id_of(&p->was),
			   .born = setting.now};
	fits(w, &p->was);
}

/* Is its flow alive, and can whom it is for be reached? Anybody may have opened it in another's name. */
static bool must_arrive(const struct passage *p, unsigned int place, const struct tuple *t)
{
	const struct pair *pair = pair_of(place, t);
	const struct fib_entry *route;

	if (setting.faults || !plain(p) || !pair_lives(pair))
		return false;
	if (pair->to != INSIDE)
		return true;
	route = fib_find(MAIN, &pair->becomes.daddr, 0);
	return route && !route->local && route->device == LAN;
}

static void fragment_alive(const struct passage *p)
{
	struct went *w = went_of(p);
	bool must;

	if (!p->was.offset) {
		first_went(p, w);
		return;
	}
	if (!w || w->spoilt)
		return;
	must = fits(w, &p->was) && setting.now - w->born < LIVE &&
	       w->tuple.protocol == IPPROTO_UDP && must_arrive(p, w->place, &w->tuple);
	hold(!must || p->out != NOWHERE, "a fragment follows its first", p);
	if (is_whole(w))
		*w = went[--went_count];
}

/*
 * From outside in the name of one of the gateway's own pools: the kernel's rules by source lead what
 * answers it, and what it answers, into that circuit's table.
 */
static bool impostor(const struct passage *p)
{
	unsigned int c;

	for (c = CHICAGO; c <= INTERNET && p->in != LAN; c++)
		if (is_owned(c, p->was.tuple.saddr))
			return true;
	return false;
}

static void judge_alive(const struct passage *p)
{
	if (!p->readable || p->in == ALIEN || impostor(p))
		return;
	if (p->was.part) {
		fragment_alive(p);
		return;
	}
	if (complete(&p->was) && must_arrive(p, place_of(p->in), &p->was.tuple))
		hold(p->out != NOWHERE, "a packet of a live flow goes on", p);
}
