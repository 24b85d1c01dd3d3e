// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed_change.h"
#include "feed_current.h"
#include "feed_judge.h"
#include "feed_request.h"
#include "feed_service.h"
#include "feed_sync.h"
#include "phase.h"

static const char *const results[] = {
	[FEED_UNCHANGED] = "unchanged", [FEED_CHANGED] = "changed", [FEED_HELD] = "held",
	[FEED_FAILED] = "failed",	[FEED_NOT_DUE] = "not due",
};

const char *feed_result_text(enum feed_result result)
{
	return results[result];
}

/* One poll, from the answer to its end. */
struct sync {
	struct feed_gateway *gateway;
	size_t at;
	const struct config_feed *config;
	bool force;
	int64_t now;
	struct feed_state state; /* as it is on disk */
	struct feed_fetched fetched;
	struct feed *feed; /* what came, read */
	char version[FEED_VERSION_SIZE]; /* of it */
	char asked[FEED_TEXT]; /* what the request was */
	char since[FEED_VERSION_SIZE]; /* the version it told; "": none */
	char doubt[FEED_TEXT]; /* the changes do not give the body; "": they do, or there were none */
	struct feed_outcome out;
};

/* Are what is in force and what is held still there? */
static bool has_body(struct sync *s)
{
	struct feed_state *state = &s->state;

	return feed_state_whole(state, state->in_force) && (!state->held[0] || feed_state_whole(state, state->held));
}

static int ask(struct sync *s)
{
	const struct feed_state *state = &s->state;
	char id[FEED_REQUEST_ID], *newest = s->since, *ca = NULL;
	struct feed_poll q = { .feed = s->config, .request_id = id };
	int err = feed_request_id(instance_state_root, id);

	q.always = !has_body(s) || s->force || strcmp(state->request, s->asked);

	if (err) {
		snprintf(s->fetched.why, sizeof(s->fetched.why), "%s/" FEED_REQUEST_ID_FILE ": %s",
			 instance_state_root, strerror(-err));
		return err;
	}
	/* Without what name_version put behind it. */
	snprintf(newest, sizeof(s->since), "%s", state->held[0] ? state->held : state->in_force);
	if (s->config->format == FEED_MICROSOFT365)
		newest[strcspn(newest, ".")] = '\0';
	q.version = newest[0] ? newest : NULL;
	if (s->config->ca) {
		ca = feed_path(s->gateway->config->file, s->config->ca);
		q.ca = ca;
		if (!ca)
			return -ENOMEM;
	}
	if (!q.always && state->etag[0])
		q.etag = state->etag;
	if (!q.always && state->modified[0])
		q.modified = state->modified;
	err = feed_poll(&q, &s->fetched);
	free(ca);
	return err;
}

static void refuse(struct sync *s, const char *why)
{
	s->out.result = FEED_FAILED;
	snprintf(s->out.why, sizeof(s->out.why), "%s", why);
}

static void refuse_report(struct sync *s, struct report *report)
{
	refuse(s, report->count ? report->lines[0].text : "out of memory");
	report_free(report);
}

/* The version of what came: the service's word, the body's, or for want of both the body's digest. The
 * same version with another body, which other questions bring, has the digest behind it. */
static bool name_version(struct sync *s)
{
	uint64_t digest = feed_digest(s->fetched.body, s->fetched.size);
	const char *said = s->fetched.version ? s->fetched.version : s->feed->version;
	const struct feed_kept *k;

	if (said)
		snprintf(s->version, sizeof(s->version), "%s", said);
	else
		snprintf(s->version, sizeof(s->version), "%016" PRIx64, digest);
	if (!feed_version_fits(s->version))
		return false;
	k = feed_state_find(&s->state, s->version);
	if (k && k->digest && k->digest != digest)
		snprintf(s->version, sizeof(s->version), "%.30s.%08" PRIx32, said ? said : "",
			 (uint32_t)digest);
	return true;
}

/* Of one version two bodies, for two questions, are equally old. */
static bool older(const struct sync *s)
{
	const char *said = s->fetched.version ? s->fetched.version : s->feed->version;
	char was[FEED_VERSION_SIZE], *dot;

	if (strcmp(s->state.request, s->asked))
		return false; /* another source may count from elsewhere */
	snprintf(was, sizeof(was), "%s", s->state.in_force);
	dot = strrchr(was, '.');
	if (dot && strlen(dot + 1) == 8 && dot[1 + strspn(dot + 1, "0123456789abcdef")] == '\0')
		*dot = '\0'; /* what name_version put there */
	return said && was[0] && feed_version_compare(said, was) < 0;
}

/* Reads what came; false when it can never be applied. */
static bool read_body(struct sync *s)
{
	struct feed_rules rules = feed_rules(s->gateway->config, s->config);
	struct report report = { 0 };
	char line[FEED_TEXT];

	s->feed = feed_parse(s->config->name, s->config->format, s->fetched.body, s->fetched.size, &rules,
			     &report);
	if (!s->feed || !feed_is_foreign(s->gateway->config, s->feed, &report)) {
		refuse_report(s, &report);
		return false;
	}
	report_free(&report);
	if (!name_version(s)) {
		refuse(s, "its version has characters that none has");
		return false;
	}
	if (!older(s) || s->force)
		return true;
	snprintf(line, sizeof(line), "version %s is older than %s, which is in force; `feed fetch --force` takes it",
		 s->version, s->state.in_force);
	refuse(s, line);
	return false;
}

static void take_tags(const struct sync *s, struct feed_state *fresh)
{
	snprintf(fresh->etag, sizeof(fresh->etag), "%s", s->fetched.etag ? s->fetched.etag : "");
	snprintf(fresh->modified, sizeof(fresh->modified), "%s",
		 s->fetched.modified ? s->fetched.modified : "");
	snprintf(fresh->request, sizeof(fresh->request), "%s", s->asked);
	snprintf(fresh->tried, sizeof(fresh->tried), "%s", s->asked);
}

/* After an answer: nothing is wrong, and when to ask again. */
static void answered(const struct sync *s, struct feed_state *fresh)
{
	fresh->failures = 0;
	fresh->error[0] = '\0';
	fresh->checked = s->now;
	fresh->next = s->now + feed_jittered(s->config->interval);
	if (s->fetched.wait && fresh->next < s->now + s->fetched.wait)
		fresh->next = s->now + s->fetched.wait;
}

/* After none, or one that cannot be applied. The last good one stays. */
static void failed(const struct sync *s, struct feed_state *fresh)
{
	fresh->failures++;
	if (fresh->checked > s->now)
		fresh->checked = s->now;
	snprintf(fresh->error, sizeof(fresh->error), "%s", s->out.why);
	fresh->next = s->now + (s->fetched.wait ? feed_jittered(s->fetched.wait) : feed_retry(s->config, fresh->failures));
}

static void write_state(struct sync *s, struct feed_state *fresh)
{
	int err;

	snprintf(fresh->tried, sizeof(fresh->tried), "%s", s->asked);
	err = feed_state_write(fresh);

	if (!err)
		return;
	s->out.result = FEED_FAILED;
	snprintf(s->out.why, sizeof(s->out.why), "%.180s: %s", fresh->directory, strerror(-err));
}

/* Dates of additions, from the changes that came along; a day that has passed is forgotten. */
static int take_changes(struct sync *s, struct feed_state *fresh)
{
	const struct feed_told told = { .changes = s->fetched.changes, .size = s->fetched.changes_size,
					.since = s->since, .version = s->version, .feed = s->feed };
	size_t kept = 0;

	for (size_t i = 0; i < fresh->dated_count; i++)
		if (feed_day(fresh->dated[i].date) > s->now)
			fresh->dated[kept++] = fresh->dated[i];
	fresh->dated_count = kept;
	if (!told.changes)
		return 0;
	return feed_take_changes(s->gateway->config, s->config, fresh, &told, s->now, s->doubt,
				 sizeof(s->doubt));
}

static void hold(struct sync *s, struct feed_state *fresh, const struct feed_judgement *j)
{
	int err = feed_state_keep(fresh, s->version, s->fetched.body, s->fetched.size, true, s->now,
				  s->config->removal_grace);

	if (err) {
		refuse(s, strerror(-err));
		return;
	}
	snprintf(fresh->held, sizeof(fresh->held), "%s", s->version);
	snprintf(fresh->why_held, sizeof(fresh->why_held), "%s", j->why);
	s->out.result = FEED_HELD;
	snprintf(s->out.why, sizeof(s->out.why), "%s", j->why);
	snprintf(s->out.version, sizeof(s->out.version), "%s", s->version);
	s->out.news = true;
	feed_tell(s->gateway, s->config->name, E_FEED_HELD, s->version, j->added, j->removed);
}

static void put_in_force(struct sync *s, struct feed_state *fresh, const char *how)
{
	struct feed_kept *was;
	int err = feed_state_keep(fresh, s->version, s->fetched.body, s->fetched.size, false, s->now,
				  s->config->removal_grace);

	if (err) {
		refuse(s, strerror(-err));
		return;
	}
	phase_end("keep");
	was = feed_state_find(fresh, fresh->in_force);
	if (was && strcmp(was->version, s->version))
		was->left = s->now;
	snprintf(fresh->in_force, sizeof(fresh->in_force), "%s", s->version);
	fresh->held[0] = fresh->why_held[0] = '\0';
	fresh->changed = s->now;
	s->out.news = true;
	if (feed_change(s->gateway, s->at, &s->state, fresh, how, &s->out) &&
	    !feed_state_find(&s->state, s->version)) /* else it is one to go back to */
		feed_state_drop(fresh, s->version);
}

static int judge(struct sync *s, struct feed_judgement *j)
{
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	int err = -EINVAL;

	if (feeds_applied(s->gateway->config, s->gateway->instance.name, &feeds, &report)) {
		if (!s->state.in_force[0]) { /* a seed was nobody's choice against the source's first word */
			feed_free(feeds.at[s->at]);
			feeds.at[s->at] = NULL;
		}
		err = feed_judge(s->gateway->config, s->at, &feeds, s->feed, j);
	}
	if (err == -EINVAL)
		refuse_report(s, &report);
	else if (err)
		refuse(s, strerror(-err));
	feeds_free(&feeds);
	report_free(&report);
	phase_end("judge");
	return err;
}

/* It was held once, and nobody has approved it: it waits again, whatever has waited since. */
static void hold_again(struct sync *s, struct feed_state *fresh)
{
	struct feed_judgement j = { .why = "held before, or rolled back from" };

	if (strcmp(fresh->held, s->version) || !feed_state_whole(fresh, s->version))
		hold(s, fresh, &j);
	else
		s->out.result = FEED_HELD;
}

/* A body that was read: nothing new, held, or in force. */
static void decide(struct sync *s, struct feed_state *fresh)
{
	const struct feed_kept *k = feed_state_find(fresh, s->version);
	struct feed_judgement j = { 0 };
	bool same = !strcmp(s->version, fresh->in_force);

	if (k && k->held && !s->force)
		hold_again(s, fresh);
	else if (same && feed_state_whole(fresh, s->version))
		fresh->held[0] = fresh->why_held[0] = s->state.held[0] = '\0'; /* the source left it */
	else if (same && k && k->digest == feed_digest(s->fetched.body, s->fetched.size))
		put_in_force(s, fresh, HOW_HEALED); /* the very body that got lost: it was judged when it came */
	else if (take_changes(s, fresh))
		refuse(s, "out of memory");
	else if (!judge(s, &j) && j.held && !s->force)
		hold(s, fresh, &j);
	else if (s->out.result != FEED_FAILED)
		put_in_force(s, fresh, s->force ? HOW_FORCED : HOW_AUTOMATIC);
}

/* What a day or the end of a grace brings, without the source. */
static void wake_up(struct sync *s)
{
	struct feed_state fresh;

	feed_state_free(&s->state);
	if (feed_state_read(&s->gateway->instance, s->config->name, &s->state) || !s->state.wake ||
	    s->now < s->state.wake || feed_state_copy(&fresh, &s->state))
		return;
	s->out.news = true;
	feed_change(s->gateway, s->at, &s->state, &fresh, HOW_DATE, &s->out);
	feed_state_free(&fresh);
}

/* The configuration may have begun to wait for days, or to keep what left: when does that end? */
static void look_ahead(struct sync *s, struct feed_state *fresh)
{
	struct report report = { 0 };
	bool left = false;

	for (size_t i = 0; i < fresh->kept_count; i++)
		left |= fresh->kept[i].left + s->config->removal_grace > s->now;
	if ((s->config->additions_on_date && fresh->dated_count) || (s->config->removal_grace && left))
		feed_free(feed_current(s->gateway->config, s->config, fresh, s->now, &fresh->wake, &report));
	report_free(&report);
}

/* Under the lock: what the answer means for what is kept. */
static void settle(struct sync *s, int asked)
{
	struct feed_state fresh;
	bool was_failing = s->state.failures > 0;

	if (feed_state_copy(&fresh, &s->state)) {
		refuse(s, "out of memory");
		return;
	}
	if (asked) {
		refuse(s, s->fetched.why[0] ? s->fetched.why : strerror(-asked));
	} else {
		answered(s, &fresh);
		take_tags(s, &fresh);
		if (!s->fetched.unchanged && read_body(s)) {
			phase_end("read");
			decide(s, &fresh);
		}
	}
	s->out.news |= s->out.result == FEED_FAILED ? strcmp(s->out.why, s->state.error) != 0 : was_failing;
	if (s->out.result == FEED_FAILED) {
		/* What was half done in `fresh` is not what is. */
		feed_state_free(&fresh);
		if (feed_state_copy(&fresh, &s->state))
			return;
		failed(s, &fresh);
		if (!was_failing)
			feed_tell(s->gateway, s->config->name, E_FEED_FAILED, fresh.in_force, 0, 0);
	}
	if (s->out.result == FEED_UNCHANGED)
		look_ahead(s, &fresh);
	if (s->out.result != FEED_CHANGED)
		write_state(s, &fresh);
	feed_state_free(&fresh);
}

static int lock_and_read(struct sync *s)
{
	int err = feed_gateway_lock(s->gateway);

	if (err) {
		s->out.news = true; /* and every time, for nothing can be noted of it */
		refuse(s, err == -EBUSY ? "another command has held the lock of the feeds for a minute" :
					  strerror(-err));
		return err;
	}
	feed_state_free(&s->state);
	err = feed_state_read(&s->gateway->instance, s->config->name, &s->state);
	if (err)
		refuse(s, strerror(-err));
	return err;
}

static void add_note(struct feed_outcome *out, const char *note)
{
	size_t used = strlen(out->why);

	snprintf(out->why + used, sizeof(out->why) - used, "%s%s", used ? "; " : "", note);
}

struct feed_outcome feed_sync(struct feed_gateway *g, size_t at, bool due, bool force)
{
	struct sync s = { .gateway = g, .at = at, .config = &g->config->feeds[at], .force = force,
			  .now = time(NULL) };
	char odd[FEED_ODD + 32];
	int err = feed_state_read(&g->instance, s.config->name, &s.state);
	bool poll = !due || s.now >= s.state.next || feed_due(s.config, &s.state, s.now) == 1;

	feed_request_text(s.config, s.asked, sizeof(s.asked));
	s.out.result = poll ? FEED_UNCHANGED : FEED_NOT_DUE;
	snprintf(s.out.version, sizeof(s.out.version), "%s", s.state.in_force);
	if (err)
		refuse(&s, strerror(-err));
	else if (poll)
		err = ask(&s);
	phase_end("fetch");
	s.now = time(NULL);
	if (s.out.result != FEED_FAILED && !lock_and_read(&s)) {
		if (poll)
			settle(&s, err);
		if (s.out.result == FEED_UNCHANGED || s.out.result == FEED_NOT_DUE)
			wake_up(&s);
	}
	feed_gateway_unlock(g);
	if (s.out.result != FEED_FAILED && s.doubt[0])
		add_note(&s.out, s.doubt);
	if (s.out.result == FEED_CHANGED && s.feed && s.feed->odd) {
		snprintf(odd, sizeof(odd), "not known, and tolerated: %s", s.feed->odd);
		add_note(&s.out, odd);
	}
	if ((s.out.result == FEED_UNCHANGED || (s.out.result == FEED_HELD && !s.out.news)) && s.state.held[0]) {
		s.out.result = FEED_HELD;
		snprintf(s.out.version, sizeof(s.out.version), "%s", s.state.held);
		snprintf(s.out.why, sizeof(s.out.why), "%s", s.state.why_held);
	}
	feed_fetched_free(&s.fetched);
	feed_state_free(&s.state);
	feed_free(s.feed);
	return s.out;
}
