// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <jansson.h>

#include "apply.h"
#include "feed_change.h"
#include "feed_current.h"
#include "feed_judge.h"
#include "feed_record.h"
#include "observe.h"
#include "phase.h"
#include "print.h"

#define LISTED_MAX 1000 /* prefixes that a line of the history names, of each kind */

/* Who runs the command, for the history. */
static const char *feed_who(char *buffer, size_t size)
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd *user = getpwuid(getuid());

	snprintf(buffer, size, "%s", sudo && sudo[0] ? sudo : user ? user->pw_name : "?");
	for (char *c = buffer; *c; c++)
		if (*c < '!' || *c > '~')
			*c = '?';
	return buffer;
}

void feed_tell(const struct feed_gateway *g, const char *feed, enum event_kind kind, const char *version,
	       uint64_t added, uint64_t removed)
{
	struct event event = { .time = observe_now(), .kind = (uint8_t)kind,
			       .packets = { added, removed } };
	struct observe *o = g->applied ? calloc(1, sizeof(*o)) : NULL;
	char *end;

	if (!o || observe_open(o, g->instance.name)) {
		free(o);
		return;
	}
	strncpy(event.feed, feed, sizeof(event.feed));
	event.bytes[0] = strtoull(version, &end, 10);
	if (*end)
		event.bytes[0] = 0;
	observe_report(o, &event);
	free(o);
}

struct listed {
	json_t *added, *removed;
	size_t additions, removals;
	uint32_t ipv4, ipv6; /* of what comes in force */
};

/* What one exchange works on; the context of struct apply_feed. */
struct exchange {
	const char *name;
	const struct feed_state *former;
	struct feed_state *fresh;
	struct feed *feed; /* until apply takes it */
	struct listed listed;
};

static void list_one(void *listed, const struct prefix *p, bool arrives)
{
	struct listed *l = listed;
	size_t *count = arrives ? &l->additions : &l->removals;
	char text[PREFIX_TEXT];

	if ((*count)++ < LISTED_MAX)
		json_array_append_new(arrives ? l->added : l->removed, json_string(prefix_text(p, text)));
}

/* Both feeds may be NULL: nothing was, or is, at hand. */
static int list_moves(const struct feed *was, const struct feed *is, struct listed *l)
{
	struct prefix *a = NULL, *b = NULL;
	size_t m = 0, n = 0;
	int err = was ? feed_unique(was, &a, &m) : 0;

	err = err || !is ? err : feed_unique(is, &b, &n);
	l->ipv4 = l->ipv6 = 0;
	for (size_t all = 0; !err && all < n; all++)
		*(b[all].family == 4 ? &l->ipv4 : &l->ipv6) += 1;
	if (!err)
		prefixes_differ(a, m, b, n, list_one, l);
	free(a);
	free(b);
	return err;
}

/* A line of the history; NULL: out of memory. */
static char *change_line(const char *feed, const char *from, const char *to, const char *how,
			 const struct listed *l)
{
	time_t now = time(NULL);
	char when[32], who[64], *text;
	struct tm day;
	json_t *line;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &day));
	line = json_pack("{ss ss ss ss ss ss sI sI sO sO}", "time", when, "feed", feed, "version", to,
			 "from", from, "how", how, "by", feed_who(who, sizeof(who)), "added-count",
			 (json_int_t)l->additions, "removed-count", (json_int_t)l->removals, "added",
			 l->added, "removed", l->removed);
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	return text;
}

static struct feed *take(void *context)
{
	struct exchange *x = context;
	struct feed *feed = x->feed;

	x->feed = NULL;
	return feed;
}

static int commit(void *context)
{
	struct exchange *x = context;
	struct feed_state former = *x->former;
	int err = feed_state_mend(x->former);

	if (err)
		return err;
	err = feed_state_write(x->fresh);
	/* Where the history is what failed, the state is there already, and must not say what is not. */
	if (err)
		feed_state_write(&former);
	return err;
}

/* The history keeps both lines: it happened, and it was undone. */
static int revert(void *context)
{
	const struct exchange *x = context;
	const struct listed back = { .added = x->listed.removed, .removed = x->listed.added,
				     .additions = x->listed.removals, .removals = x->listed.additions };
	struct feed_state former = *x->former;
	int err;

	former.change = change_line(x->name, x->fresh->in_force, former.in_force, HOW_UNDONE, &back);
	err = feed_state_write(&former);
	free(former.change);
	return err;
}

/* Where nothing is applied the state is all there is, unless an `apply` has come first. */
static int commit_alone(struct feed_gateway *g, struct exchange *x, struct feed_outcome *out)
{
	char path[PATH_MAX];
	int err = instance_lock(&g->instance);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/" INSTANCE_APPLIED, g->instance.run);
	if (access(path, F_OK)) {
		err = commit(x);
	} else {
		snprintf(out->why, sizeof(out->why), APPLY_MEANWHILE);
		err = -ESTALE;
	}
	instance_unlock(&g->instance);
	return err;
}

/* What goes wrong below is for stderr, whatever the answer of this command is written in. */
static int exchange(struct feed_gateway *g, struct exchange *x, struct feed_outcome *out)
{
	const struct apply_feed request = { .name = x->name, .judged = g->config, .context = x,
					    .take = take, .commit = commit, .revert = revert,
					    .why = out->why, .why_size = sizeof(out->why) };
	bool json = print_json;
	int err;

	print_json = false;
	print_aside = true;
	err = g->applied ? apply_exchange(g->instance.name, &request) : commit_alone(g, x, out);
	print_json = json;
	print_aside = false;
	return err;
}

/* What was in force: as it was applied, or as it would have been. */
static struct feed *feed_before(struct feed_gateway *g, size_t at, const struct feed_state *former)
{
	struct feed *feed = feed_recorded(&g->instance, g->config->feeds[at].name);
	struct feed_state state = *former;
	struct report report = { 0 };
	int64_t wake;

	if (!feed && former->in_force[0])
		feed = feed_current(g->config, &g->config->feeds[at], &state, time(NULL), &wake, &report);
	report_free(&report);
	return feed;
}

static int prepare(struct feed_gateway *g, size_t at, struct exchange *x, const char *how,
		   struct feed_outcome *out)
{
	struct report report = { 0 };
	int64_t now = time(NULL);
	struct feed *was;
	int err;

	x->feed = feed_current(g->config, &g->config->feeds[at], x->fresh, now, &x->fresh->wake, &report);
	/* Asked for was this version, not the one that its body gives way to; a day asks for what there is. */
	if (!report.errors && strcmp(how, HOW_DATE) &&
	    (!x->feed || strcmp(x->feed->version, x->fresh->in_force)))
		snprintf(out->why, sizeof(out->why),
			 "version %s: its body is gone or damaged, or the configuration refuses it now",
			 x->fresh->in_force);
	else if (!x->feed || report.errors)
		snprintf(out->why, sizeof(out->why), "%s",
			 report.count ? report.lines[0].text : "out of memory");
	report_free(&report);
	if (out->why[0])
		return -EINVAL;
	was = feed_before(g, at, x->former);
	err = list_moves(was, x->feed, &x->listed);
	feed_free(was);
	x->fresh->ipv4 = x->listed.ipv4;
	x->fresh->ipv6 = x->listed.ipv6;
	free(x->fresh->change);
	x->fresh->change = err ? NULL :
				 change_line(x->name, x->former->in_force, x->fresh->in_force, how,
					     &x->listed);
	return x->fresh->change ? 0 : -ENOMEM;
}

int feed_change(struct feed_gateway *g, size_t at, const struct feed_state *former,
		struct feed_state *fresh, const char *how, struct feed_outcome *out)
{
	struct exchange x = { .name = g->config->feeds[at].name, .former = former, .fresh = fresh,
			      .listed = { .added = json_array(), .removed = json_array() } };
	const struct listed *l = &x.listed;
	int err = prepare(g, at, &x, how, out);

	phase_end("compare");
	err = err ? err : exchange(g, &x, out);
	phase_end("end");
	if (err && !out->why[0])
		snprintf(out->why, sizeof(out->why), "cannot come in force: %s", strerror(-err));
	if (!err) {
		snprintf(out->why, sizeof(out->why), "%zu prefixes added, %zu removed", l->additions,
			 l->removals);
		feed_tell(g, x.name, E_FEED_CHANGED, fresh->in_force, l->additions, l->removals);
	}
	out->result = err ? FEED_FAILED : FEED_CHANGED;
	snprintf(out->version, sizeof(out->version), "%s", err ? former->in_force : fresh->in_force);
	feed_free(x.feed);
	json_decref(l->added);
	json_decref(l->removed);
	return err;
}
