// SPDX-License-Identifier: GPL-2.0-only
/* Feeds and classes: what a format has no tag for is neither asked of it nor selected by. */
#include <stdio.h>
#include <string.h>
#include "check.h"
#include "feed_current.h"
#include "feed_service.h"

#define FORMAT(format) (1u << (format))
#define SELECTORS_TEXT 96

static const char *const formats[] = {
	[FEED_MICROSOFT365] = "microsoft365",	[FEED_AZURE_SERVICE_TAGS] = "azure-service-tags",
	[FEED_AWS_IP_RANGES] = "aws-ip-ranges", [FEED_GOOGLE] = "google",
	[FEED_CIDR_LINES] = "cidr-lines",
};

#define MICROSOFT FORMAT(FEED_MICROSOFT365)
#define AZURE FORMAT(FEED_AZURE_SERVICE_TAGS)
#define AWS FORMAT(FEED_AWS_IP_RANGES)
#define GOOGLE FORMAT(FEED_GOOGLE)
#define TAG(kind, member) kind, offsetof(struct config_class, member)

/* A key of a class that selects by a tag, and the formats that have the tag. */
static const struct selector {
	const char *key;
	enum { WORDS, COUNT, TRISTATE } is; /* what lies at `at` */
	size_t at;
	unsigned int formats;
} selectors[] = {
	{ "areas", TAG(WORDS, areas), MICROSOFT },
	{ "categories", TAG(WORDS, categories), MICROSOFT },
	{ "ids", TAG(COUNT, id_count), MICROSOFT },
	{ "required", TAG(TRISTATE, required), MICROSOFT },
	{ "expressroute", TAG(TRISTATE, expressroute), MICROSOFT },
	{ "names", TAG(WORDS, names), AZURE },
	{ "services", TAG(WORDS, services), AZURE | AWS | GOOGLE },
	{ "regions", TAG(WORDS, regions), AZURE | AWS | GOOGLE },
	{ "groups", TAG(WORDS, groups), AWS },
};
#define SELECTORS (sizeof(selectors) / sizeof(selectors[0]))

/* The line where the class selects so; 0: it does not. */
static int selects_at(const struct config_class *k, const struct selector *s)
{
	const void *at = (const char *)k + s->at;
	const struct config_words *words = at;

	switch (s->is) {
	case WORDS:
		return words->count ? words->at[0].line : 0;
	case COUNT:
		return *(const size_t *)at ? k->line : 0;
	case TRISTATE:
		break;
	}
	return *(const int *)at >= 0 ? k->line : 0;
}

static void selectors_of(enum feed_format format, char *out, size_t size)
{
	size_t used = 0;

	snprintf(out, size, "no selector");
	for (size_t i = 0; i < SELECTORS; i++)
		if (selectors[i].formats & FORMAT(format))
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 selectors[i].key);
}

static void check_selectors(const struct config *c, const struct config_class *k,
			    const struct config_feed *f, struct report *r)
{
	char accepted[SELECTORS_TEXT];

	for (size_t i = 0; i < SELECTORS; i++) {
		int line = selects_at(k, &selectors[i]);

		if (!line)
			continue;
		if (!k->feed)
			report_error(r, c->file, line,
				     "classes[%s].%s: selects from a feed; accepted: with feed",
				     k->name, selectors[i].key);
		if (!f || selectors[i].formats & FORMAT(f->format))
			continue;
		selectors_of(f->format, accepted, sizeof(accepted));
		report_error(r, c->file, line,
			     "classes[%s].%s: no tag of the format %s; accepted: %s", k->name,
			     selectors[i].key, formats[f->format], accepted);
	}
}

static void check_wildcards(const struct config *c, const struct config_class *k, struct report *r)
{
	for (size_t i = 0; i < k->names.count; i++) {
		const struct config_word *w = &k->names.at[i];
		const char *star = strchr(w->text, '*');

		if (star && star[1])
			report_error(
				r, c->file, w->line,
				"classes[%s].names: %s: a * within; accepted: a name, or its beginning and *",
				k->name, w->text);
	}
}

void check_classes(const struct config *c, struct report *report)
{
	for (size_t i = 0; i < c->class_count; i++) {
		const struct config_class *k = &c->classes[i];
		const struct config_feed *f = NULL;

		for (size_t j = 0; k->feed && j < c->feed_count && !f; j++)
			if (!strcmp(c->feeds[j].name, k->feed))
				f = &c->feeds[j];
		if (!k->feed && !k->prefixes.count)
			report_error(
				report, c->file, k->line,
				"classes[%s]: selects nothing; accepted: feed, prefixes, or both",
				k->name);
		check_selectors(c, k, f, report);
		check_wildcards(c, k, report);
	}
}

#define POLL_LEAST 3600 /* seconds: the web service asks for no more than that */
#define POLL_LEAST_OTHERS 60

/* Where it is fetched from, and how often. */
static void check_source(const struct config *c, const struct config_feed *f, struct report *report)
{
	const char *why = feed_is_remote(f) ? feed_source_refused(f) : NULL;
	uint32_t least = f->format == FEED_MICROSOFT365 ? POLL_LEAST : POLL_LEAST_OTHERS;

	if (why)
		report_error(report, c->file, f->line, "feeds[%s].source: %s: %s", f->name, f->source, why);
	if (!c->lab && f->interval < least)
		report_error(report, c->file, f->line,
			     "feeds[%s].interval: %u: too often; accepted: %u seconds or more, or any with lab: true",
			     f->name, f->interval, least);
	if (!feed_is_remote(f) && (f->seed || f->ca))
		report_error(report, c->file, f->line,
			     "feeds[%s].%s: is for what is fetched; accepted: with a source that is a URL",
			     f->name, f->seed ? "seed" : "ca");
}

/* The endpoint web service is asked for parts; the other formats are one body for all. */
void check_feeds(const struct config *c, struct report *report)
{
	for (size_t i = 0; i < c->feed_count; i++) {
		const struct config_feed *f = &c->feeds[i];
		const struct {
			const char *key;
			int line; /* 0: not there */
		} keys[] = {
			{ "instance", f->instance ? f->line : 0 },
			{ "areas", f->areas.count ? f->areas.at[0].line : 0 },
			{ "tenant", f->tenant ? f->line : 0 },
			{ "ipv6", f->ipv6 ? 0 : f->line },
		};

		check_source(c, f, report);
		for (size_t j = 0;
		     f->format != FEED_MICROSOFT365 && j < sizeof(keys) / sizeof(keys[0]); j++)
			if (keys[j].line)
				report_error(
					report, c->file, keys[j].line,
					"feeds[%s].%s: cannot be asked of %s; accepted: with format microsoft365",
					f->name, keys[j].key, formats[f->format]);
	}
}
