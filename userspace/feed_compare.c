// SPDX-License-Identifier: GPL-2.0-only
/* `feed diff`: which two states are meant, and where their bodies are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>

#include "feed_command.h"
#include "feed_current.h"
#include "feed_diff.h"
#include "feed_sync.h"
#include "print.h"

struct compare {
	struct feed_gateway gateway;
	const struct config_feed *feed;
	size_t at;
	struct feed_state state;
	struct feeds feeds; /* as they are applied */
	char from[FEED_TEXT], to[FEED_TEXT]; /* versions or files */
};

/* Of what a configuration says, a feed by its name, or the only one. */
static int find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->feed_count; i++)
		if (name ? !strcmp(c->feeds[i].name, name) : c->feed_count == 1)
			return (int)i;
	return -1;
}

/* The change made last, from the state's line of the history. */
static bool last_change(struct compare *x)
{
	json_t *line = x->state.change ? json_loads(x->state.change, 0, NULL) : NULL;
	const char *from = json_string_value(json_object_get(line, "from"));
	bool known = from && from[0] && feed_state_find(&x->state, from);

	if (known)
		snprintf(x->from, sizeof(x->from), "%s", from);
	json_decref(line);
	return known;
}

/* What is compared when less than two are named. */
static int fill_in(struct compare *x)
{
	const char *name = x->feed->name;

	if (!x->to[0])
		snprintf(x->to, sizeof(x->to), "%s", x->state.in_force);
	if (x->from[0] && !x->to[0]) /* a file's feed has no version: what is applied */
		snprintf(x->to, sizeof(x->to), "applied");
	if (x->from[0])
		return 0;
	if (x->state.held[0]) {
		snprintf(x->from, sizeof(x->from), "%s", x->state.in_force);
		snprintf(x->to, sizeof(x->to), "%s", x->state.held);
		return 0;
	}
	if (last_change(x))
		return 0;
	return print_error("feed %s: no version before it is kept; two versions or files are accepted", name);
}

/* The feed that a word means: a kept version, what is applied, or a file. NULL, said. */
static struct feed *side(struct compare *x, const char *word)
{
	const struct config *c = x->gateway.config;
	const struct feed_kept *k = feed_state_find(&x->state, word);
	struct feed_rules rules = feed_rules(c, x->feed);
	struct report report = { 0 };
	struct feed *feed = NULL;
	size_t size = 0;
	char *body;

	if (k) {
		body = feed_state_body(&x->state, k, &size);
		if (body)
			feed = feed_parse(x->feed->name, x->feed->format, body, size, &rules, &report);
		else
			print_error("feed %s: version %s: its body is gone or damaged", x->feed->name, word);
		free(body);
	} else if (!access(word, F_OK)) {
		feed = feed_read(x->feed->name, x->feed->format, word, &rules, &report);
	} else {
		print_error("feed %s: %s: no kept version (`feed show` lists them) and no file", x->feed->name,
			    word);
	}
	if (report.errors)
		report_print(&report);
	report_free(&report);
	return feed;
}

static int compare(struct compare *x, struct observe *o)
{
	bool applied = !strcmp(x->to, "applied");
	struct feed *was = side(x, x->from), *is = was && !applied ? side(x, x->to) : NULL;
	struct feeds a = { .count = x->feeds.count }, b = a;
	int status = EXIT_TROUBLE;

	a.at = calloc(a.count + 1, sizeof(*a.at));
	b.at = calloc(b.count + 1, sizeof(*b.at));
	if (was && (is || applied) && a.at && b.at) {
		memcpy(a.at, x->feeds.at, a.count * sizeof(*a.at));
		memcpy(b.at, x->feeds.at, b.count * sizeof(*b.at));
		a.at[x->at] = was;
		if (!applied)
			b.at[x->at] = is;
		status = feed_diff(x->gateway.config, &a, &b, x->feed->name, x->from, x->to, o);
	}
	free(a.at);
	free(b.at);
	feed_free(was);
	feed_free(is);
	return status;
}

static int prepare(struct compare *x, int argc, char **argv)
{
	const struct config *c = x->gateway.config;
	int at = argc ? find(c, argv[0]) : -1, words = at >= 0;

	if (at < 0)
		at = find(c, NULL);
	if (at < 0)
		return print_error("feed diff: the name of a feed comes first where there is not just one");
	if (argc - words > 2)
		return print_error("feed diff %s: no such feed in %s", argv[0], c->file);
	x->at = (size_t)at;
	x->feed = &c->feeds[at];
	if (argc > words)
		snprintf(x->from, sizeof(x->from), "%s", argv[words]);
	if (argc > words + 1)
		snprintf(x->to, sizeof(x->to), "%s", argv[words + 1]);
	if (feed_is_remote(x->feed) && feed_state_read(&x->gateway.instance, x->feed->name, &x->state))
		return print_error("feed %s: %s: not readable", x->feed->name, x->state.directory);
	return fill_in(x);
}

int feed_command_diff(int argc, char **argv)
{
	struct report report = { 0 };
	struct observe *o = NULL;
	struct compare x;
	int status;

	memset(&x, 0, sizeof(x));
	if (feed_gateway_open(&x.gateway))
		return EXIT_TROUBLE;
	status = prepare(&x, argc, argv);
	if (!status && !feeds_applied(x.gateway.config, x.gateway.instance.name, &x.feeds, &report)) {
		report_print(&report);
		status = EXIT_TROUBLE;
	}
	if (!status && x.gateway.applied) {
		o = calloc(1, sizeof(*o));
		if (!o || observe_open(o, x.gateway.instance.name))
			status = EXIT_TROUBLE;
	}
	if (!status)
		status = compare(&x, o);
	free(o);
	feeds_free(&x.feeds);
	feed_state_free(&x.state);
	feed_gateway_close(&x.gateway);
	report_free(&report);
	return status;
}
