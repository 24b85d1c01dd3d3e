// SPDX-License-Identifier: GPL-2.0-only
/* Feeds among what `show` and the metrics say. */
#include <inttypes.h>
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

static void one_feed(FILE *out, const struct observe *o, const char *name, const struct feed_state *s,
		     size_t metric)
{
	switch (metric) {
	case 0:
		value(out, o, "prefixes", name, ",family=\"ipv4\"", s->ipv4);
		value(out, o, "prefixes", name, ",family=\"ipv6\"", s->ipv6);
		break;
	case 1:
		value(out, o, "held", name, "", s->held[0] != '\0');
		break;
	case 2:
		value(out, o, "failures", name, "", s->failures);
		break;
	case 3:
		value(out, o, "checked_timestamp_seconds", name, "", s->checked);
		break;
	case 4:
		value(out, o, "changed_timestamp_seconds", name, "", s->changed);
		break;
	}
}

/* From the states alone, which are small: the daemon writes this every few seconds. */
void observe_feed_metrics(const struct observe *o, FILE *out)
{
	static const char *const heads[][2] = {
		{ "prefixes", "Prefixes in force, each counted once." },
		{ "held", "1: a version waits for approval." },
		{ "failures", "Polls in a row that failed." },
		{ "checked_timestamp_seconds", "When the source last answered, 0: never." },
		{ "changed_timestamp_seconds", "When another version came in force, 0: never." },
	};
	struct feed_gateway g;

	if (!feed_gateway_applied(&g, o->name))
		return;
	for (size_t m = 0; m < sizeof(heads) / sizeof(heads[0]); m++) {
		bool headed = false;

		for (size_t i = 0; i < g.config->feed_count; i++) {
			struct feed_state s;

			if (!feed_is_remote(&g.config->feeds[i]))
				continue;
			if (!headed)
				fprintf(out, "# HELP samepath_feed_%s %s\n# TYPE samepath_feed_%s gauge\n",
					heads[m][0], heads[m][1], heads[m][0]);
			headed = true;
			if (!feed_state_read(&g.instance, g.config->feeds[i].name, &s))
				one_feed(out, o, g.config->feeds[i].name, &s, m);
			feed_state_free(&s);
		}
	}
	feed_gateway_close(&g);
}
