// SPDX-License-Identifier: GPL-2.0-only
/* Feeds among what `show` and the metrics say. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include "feed_current.h"
#include "feed_show.h"
#include "feed_sync.h"
#include "observe.h"
#include "print.h"

int observe_feed_table(const struct observe *o)
{
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	struct feed_gateway g;
	int err = 0;

	if (!feed_gateway_applied(&g, o->name))
		return 0;
	if (g.config->feed_count && feeds_applied(g.config, o->name, &feeds, &report))
		err = feed_show_table(g.config, &g.instance, &feeds, NULL);
	feeds_free(&feeds);
	report_free(&report);
	feed_gateway_close(&g);
	return err;
}

void observe_feed_values(const struct observe *o)
{
	uint64_t held = 0, failing = 0;
	struct feed_gateway g;

	if (!feed_gateway_applied(&g, o->name))
		return;
	for (size_t i = 0; i < g.config->feed_count; i++) {
		struct feed_state s = { 0 };

		if (feed_is_remote(&g.config->feeds[i]) &&
		    !feed_state_read(&g.instance, g.config->feeds[i].name, &s)) {
			held += s.held[0] != '\0';
			failing += s.failures > 0;
		}
		feed_state_free(&s);
	}
	print_value_number("feeds-held", held);
	print_value_number("feeds-failing", failing);
	feed_gateway_close(&g);
}

static void value(FILE *out, const struct observe *o, const char *metric, const char *feed,
		  const char *extra, int64_t number)
{
	fprintf(out, "samepath_feed_%s{gateway=\"", metric);
	observe_label(out, o->name);
	fputs("\",feed=\"", out);
	observe_label(out, feed);
	fprintf(out, "\"%s} %" PRId64 "\n", extra, number);
}

/* What the metrics say of one feed. */
struct numbers {
	const char *feed;
	int64_t ipv4, ipv6, held, failures, checked, changed;
};

static size_t read_numbers(const struct feed_gateway *g, struct numbers *n)
{
	size_t count = 0;

	for (size_t i = 0; i < g->config->feed_count; i++) {
		const struct config_feed *f = &g->config->feeds[i];
		struct feed_state s = { 0 };

		if (feed_is_remote(f) && !feed_state_read(&g->instance, f->name, &s))
			n[count++] = (struct numbers){ f->name, s.ipv4, s.ipv6, s.held[0] != '\0',
						       s.failures, s.checked, s.changed };
		feed_state_free(&s);
	}
	return count;
}

static void gauge(FILE *out, const struct observe *o, const struct numbers *n, size_t count,
		  const char *metric, size_t at, const char *help)
{
	fprintf(out, "# HELP samepath_feed_%s %s\n# TYPE samepath_feed_%s gauge\n", metric, help, metric);
	for (size_t i = 0; i < count; i++)
		value(out, o, metric, n[i].feed, "", *(const int64_t *)((const char *)&n[i] + at));
}

/* From the states alone, which are small: the daemon writes this every few seconds. */
void observe_feed_metrics(const struct observe *o, FILE *out)
{
	struct feed_gateway g;
	struct numbers *n;
	size_t count = 0;

	if (!feed_gateway_applied(&g, o->name))
		return;
	n = calloc(g.config->feed_count + 1, sizeof(*n));
	if (n)
		count = read_numbers(&g, n);
	if (count) {
		fputs("# HELP samepath_feed_prefixes Prefixes in force, each counted once.\n"
		      "# TYPE samepath_feed_prefixes gauge\n", out);
		for (size_t i = 0; i < count; i++) {
			value(out, o, "prefixes", n[i].feed, ",family=\"ipv4\"", n[i].ipv4);
			value(out, o, "prefixes", n[i].feed, ",family=\"ipv6\"", n[i].ipv6);
		}
#define GAUGE(metric, member, help) gauge(out, o, n, count, metric, offsetof(struct numbers, member), help)
		GAUGE("held", held, "1: a version waits for approval.");
		GAUGE("failures", failures, "Polls in a row that failed.");
		GAUGE("checked_timestamp_seconds", checked, "When the source last answered, 0: never.");
		GAUGE("changed_timestamp_seconds", changed, "When another version came in force, 0: never.");
#undef GAUGE
	}
	free(n);
	feed_gateway_close(&g);
}
