// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include "judge.h"

const char *judged_text(enum judged what)
{
	static const char *const text[] = {
		[JUDGED_SYMMETRIC] = "symmetric",
		[JUDGED_ASYMMETRIC] = "asymmetric",
		[JUDGED_BLACK_HOLED] = "black-holed",
	};

	return text[what];
}

static const struct hop *last_hop(const struct way *way)
{
	return &way->hops[way->count - 1];
}

/* The number of the answer's hops that lie on the question's way, seen from its end. */
static size_t common(const struct walk *w)
{
	const struct way *q = &w->question, *a = &w->answer;
	size_t i = 0;

	while (i < a->count && i < q->count && place_same(a->hops[i].at, q->hops[q->count - 1 - i].at))
		i++;
	return i;
}

static void judge_answer(const struct walk *w, struct judgement *j)
{
	size_t same = common(w);
	const struct hop *last = last_hop(&w->answer);
	bool whole = same == w->answer.count && same == w->question.count;
	char text[WALK_WHY];

	/* An answer that ends before the way is gone to its end has not left it. */
	if (!whole && same && same < w->answer.count)
		j->parts = w->answer.hops[same - 1].at;
	if (w->answer.end != WAY_ARRIVED)
		j->ends = last->at;
	j->works = w->answer.end == WAY_ARRIVED;
	if (j->works && whole) {
		j->what = JUDGED_SYMMETRIC;
	} else if (j->works || w->answer.end == WAY_REFUSED) {
		j->what = JUDGED_ASYMMETRIC;
	} else {
		j->what = JUDGED_BLACK_HOLED;
		j->stated = w->answer.end == WAY_DROPPED;
	}
	if (j->what == JUDGED_SYMMETRIC)
		return;
	snprintf(text, sizeof(text), "%s", j->works ? "nothing stateful is in its way" : last->why);
	if (j->parts.kind != PLACE_NONE)
		snprintf(j->why, sizeof(j->why), "the answer leaves the question's way at %s; %s%s%s",
			 place_name(j->parts), j->works ? "" : place_name(j->ends), j->works ? "" : ": ",
			 text);
	else
		snprintf(j->why, sizeof(j->why), "the answer ends at %s: %s", place_name(j->ends), text);
}

static const struct paper_circuit *owner(const struct walk *w, const struct in6_addr *a)
{
	const struct prefix host = host_prefix(a);

	for (size_t i = 0; i < w->plan->circuit_count; i++) {
		const struct paper_circuit *c = &w->plan->circuits[i];

		if (longest_of(w->inbound ? circuit_inbound(c) : circuit_outbound(c), &host))
			return c;
	}
	return NULL;
}

/* Carried to a meet-me of another region, though what is asked does not lie there. */
static void hairpin(const struct walk *w, struct judgement *j)
{
	const char *here = w->inside->site->region, *far = w->outside->region;
	const char *there = w->circuit ? w->circuit->region : NULL;

	if (!here || !there || !strcmp(here, there) || (far && !strcmp(far, there)))
		return;
	j->region = here;
	j->away = there;
}

void judge(const struct walk *w, struct judgement *j)
{
	const struct hop *last = last_hop(&w->question);

	memset(j, 0, sizeof(*j));
	j->worn = last->src;
	j->translated = memcmp(&last->src, &w->question.hops[0].src, sizeof(last->src)) != 0;
	j->pool = j->translated ? owner(w, &last->src) : NULL;
	hairpin(w, j);
	if (w->question.end == WAY_ARRIVED) {
		judge_answer(w, j);
		return;
	}
	j->what = JUDGED_BLACK_HOLED;
	j->stated = w->question.end == WAY_DROPPED;
	j->ends = last->at;
	snprintf(j->why, sizeof(j->why), "the question ends at %s: %s", place_name(last->at), last->why);
}
