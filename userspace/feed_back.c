// SPDX-License-Identifier: GPL-2.0-only
/* What a person decides: to bring in force what is held, or to go back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "feed_change.h"

static struct feed_outcome no(struct feed_outcome out, const char *why)
{
	out.result = FEED_FAILED;
	snprintf(out.why, sizeof(out.why), "%s", why);
	return out;
}

/* Reads the state under the lock. */
static int begin(struct feed_gateway *g, size_t at, struct feed_state *s, struct feed_outcome *out)
{
	int err = feed_gateway_lock(g);

	memset(s, 0, sizeof(*s));
	err = err ? err : feed_state_read(&g->instance, g->config->feeds[at].name, s);
	if (err)
		*out = no(*out, err == -EBUSY ?
				"another command has held the lock of the feeds for a minute" :
				strerror(-err));
	else
		snprintf(out->version, sizeof(out->version), "%s", s->in_force);
	return err;
}

/* What is newer and was held before waits on: what is approved is no word about it. */
static void still_held(struct feed_state *fresh, const struct feed_kept *now)
{
	for (const struct feed_kept *k = fresh->kept; k < now; k++)
		if (k->held) {
			if (strcmp(fresh->held, k->version))
				snprintf(fresh->why_held, sizeof(fresh->why_held),
					 "held before, or rolled back from");
			snprintf(fresh->held, sizeof(fresh->held), "%s", k->version);
			return;
		}
	fresh->held[0] = fresh->why_held[0] = '\0';
}

/* After a failure, for a body that is held must never be found by its name alone. */
static void names_back(struct feed_state *fresh, const struct feed_state *former)
{
	for (size_t i = 0; i < former->kept_count; i++) {
		struct feed_kept *k = feed_state_find(fresh, former->kept[i].version);

		if (k)
			feed_state_hold(fresh, k, former->kept[i].held);
	}
}

/* `version` in force. What held it up is over; what it takes the place of leaves with its grace, and after a
 * rollback, being a person's word, without one, and held. */
static void move(struct feed_gateway *g, size_t at, const struct feed_state *former, const char *version,
		 const char *how, bool back, struct feed_outcome *out)
{
	struct feed_kept *now, *was;
	struct feed_state fresh;
	int err = feed_state_copy(&fresh, former);

	if (err) {
		*out = no(*out, strerror(-err));
		return;
	}
	now = feed_state_find(&fresh, version);
	was = feed_state_find(&fresh, fresh.in_force);
	err = feed_state_hold(&fresh, now, false);
	/* Newer ones lie in front: what a person goes back past leaves nothing for a grace either. */
	for (struct feed_kept *k = fresh.kept; back && k < now; k++)
		k->left = 0;
	now->left = 0;
	if (was && back && !err) {
		err = feed_state_hold(&fresh, was, true);
		if (err == -ENOENT) /* its body is gone, perhaps the very reason to go back */
			err = 0;
	}
	if (was && !back)
		was->left = time(NULL);
	if (!back)
		still_held(&fresh, now);
	if (back) {
		snprintf(fresh.held, sizeof(fresh.held), "%s", fresh.in_force);
		snprintf(fresh.why_held, sizeof(fresh.why_held), "rolled back from");
	}
	snprintf(fresh.in_force, sizeof(fresh.in_force), "%s", version);
	fresh.changed = time(NULL);
	if (err)
		*out = no(*out, err == -ENOENT ? "its body is gone or damaged" : strerror(-err));
	else
		err = feed_change(g, at, former, &fresh, how, out);
	if (err)
		names_back(&fresh, former);
	feed_state_free(&fresh);
}

struct feed_outcome feed_approve(struct feed_gateway *g, size_t at, const char *version)
{
	struct feed_outcome out = { 0 };
	struct feed_state s;

	if (!begin(g, at, &s, &out)) {
		const char *to = version ? version : s.held;
		const struct feed_kept *k = feed_state_find(&s, to);

		if (!to[0])
			out = no(out, "nothing is held");
		else if (version && (!k || !k->held))
			out = no(out, "no such version is held; `feed show` lists them");
		else if (!k)
			out = no(out, "the body that was held is gone; `feed fetch` gets it again");
		else
			move(g, at, &s, to, HOW_APPROVED, false, &out);
	}
	feed_state_free(&s);
	feed_gateway_unlock(g);
	return out;
}

/* The one fetched last before what is in force that is not held itself. */
static const char *one_before(struct feed_state *s)
{
	const struct feed_kept *now = feed_state_find(s, s->in_force);

	for (size_t i = now ? (size_t)(now - s->kept) + 1 : 0; i < s->kept_count; i++)
		if (!s->kept[i].held)
			return s->kept[i].version;
	return NULL;
}

struct feed_outcome feed_rollback(struct feed_gateway *g, size_t at, const char *version)
{
	struct feed_outcome out = { 0 };
	struct feed_state s;

	if (!begin(g, at, &s, &out)) {
		const char *to = version ? version : one_before(&s);
		const struct feed_kept *k = to ? feed_state_find(&s, to) : NULL;

		if (!to)
			out = no(out, "no version before it is kept");
		else if (!strcmp(to, s.in_force))
			out = no(out, "this version is in force");
		else if (!k)
			out = no(out, "no such version is kept; `feed show` lists them");
		else if (k->held)
			out = no(out, "this version is held; `feed approve` brings it in force");
		else
			move(g, at, &s, to, HOW_ROLLBACK, true, &out);
	}
	feed_state_free(&s);
	feed_gateway_unlock(g);
	return out;
}
