/* SPDX-License-Identifier: GPL-2.0-only */
/* The judge's memory of translations, see datapath_judge.h. */

static struct pair *pair_of(unsigned int from, const struct tuple *t)
{
	for (unsigned int i = 0; i < judge.count; i++)
		if (judge.pairs[i].from == from && same_tuple(judge.pairs[i].tuple, *t))
			return &judge.pairs[i];
	return NULL;
}

static bool pair_lives(const struct pair *pair)
{
	return pair && setting.now - pair->last < LIVE;
}

/* Of this tuple from this place comes that one, to that place. */
static void pair_note(const struct passage *p, unsigned int from, const struct tuple *t, unsigned int to,
		      const struct tuple *becomes, bool counts)
{
	struct pair *pair = pair_of(from, t);

	if (pair_lives(pair))
		hold(pair->to == to && same_tuple(pair->becomes, *becomes),
		     "a live tuple has one translation, and no other tuple has it", p);
	if (!pair && judge.count < PAIRS)
		pair = &judge.pairs[judge.count++];
	if (!pair)
		return;
	*pair = (struct pair){from, to, *t, *becomes, counts ? setting.now : pair->last};
}

/* A packet, or a first fragment, of a flow went through. */
static void pair_passed(const struct passage *p)
{
	struct tuple t = p->was.tuple, becomes = p->is.tuple, back = turned(becomes), answer = turned(t);
	unsigned int from = place_of(p->in), to = place_of(p->out), c;
	const uint8_t *l4 = p->was.ip + p->was.l4;
	bool counts = t.protocol != IPPROTO_TCP || (p->o.verdict == V_FORWARDED && !(l4[13] & RST));

	for (c = CHICAGO; c <= INTERNET && from != INSIDE; c++)
		hold(c == from || setting.monitor || pair_lives(pair_of(from, &t)) ||
			     !pair_lives(pair_of(c, &t)),
		     "a flow is held to its circuit", p);
	if (setting.monitor && from != INSIDE && !pair_lives(pair_of(from, &t)))
		return; /* perhaps a violation that was let through */
	pair_note(p, from, &t, to, &becomes, counts);
	pair_note(p, to, &back, from, &answer, counts);
}

/* An error went through: the quote is of the flow that the answer to it would be of. */
static void pair_quoted(const struct passage *p, const struct view *was, const struct view *is)
{
	struct tuple t = turned(was->tuple), becomes = turned(is->tuple);
	struct pair *pair = pair_of(place_of(p->in), &t);

	if (!pair || setting.monitor)
		return;
	hold(pair->to == place_of(p->out) && same_tuple(pair->becomes, becomes),
	     "a quote becomes what was sent", p);
}

/* A SYN ended the flow of this tuple, wherever it was. */
static void pair_ended(const struct passage *p)
{
	for (unsigned int i = 0; i < judge.count; i++)
		if (same_tuple(judge.pairs[i].tuple, p->was.tuple) ||
		    same_tuple(turned(judge.pairs[i].becomes), p->was.tuple))
			judge.pairs[i].last = setting.now - LIVE;
}
