// SPDX-License-Identifier: GPL-2.0-only
/* Where the feeds of a configuration come from: files, what is kept of fetched ones, what was applied. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed_current.h"
#include "feed_judge.h"
#include "feed_record.h"
#include "report.h"

char *feed_path(const char *config_file, const char *path)
{
	const char *slash = config_file ? strrchr(config_file, '/') : NULL;
	char *whole;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&whole, "%.*s%s", (int)(slash - config_file + 1), config_file, path) < 0)
		return NULL;
	return whole;
}

static struct feed *from_file(const struct config *c, const struct config_feed *f, struct report *report)
{
	const struct feed_rules rules = feed_rules(c, f);
	char *path = feed_path(c->file, f->source);
	struct feed *feed = NULL;

	if (path)
		feed = feed_read(f->name, f->format, path, &rules, report);
	else
		report_error(report, c->file, f->line, "feeds[%s]: out of memory", f->name);
	free(path);
	return feed;
}

/* NULL is no error when nothing was reported as one. */
static struct feed *from_state(const struct config *c, const struct config_feed *f,
			       const struct instance *i, struct report *report)
{
	struct feed_state state;
	struct feed *feed = NULL;
	int64_t wake;
	int err = feed_state_read(i, f->name, &state);

	/* `check` is for everybody, the state is root's. */
	if (err == -EACCES)
		report_warning(report, c->file, f->line,
			       "feeds[%s].source: %s: only root sees what was fetched; its classes are taken as empty",
			       f->name, f->source);
	else if (err)
		report_error(report, c->file, f->line, "feeds[%s]: %s: %s", f->name, state.directory,
			     strerror(-err));
	else
		feed = feed_current(c, f, &state, time(NULL), &wake, report);
	feed_state_free(&state);
	return feed;
}

static bool load(const struct config *c, const struct config_feed *f, const struct instance *i,
		 struct feed **out, struct report *report)
{
	size_t before = report->errors;

	*out = feed_is_remote(f) ? from_state(c, f, i, report) : from_file(c, f, report);
	if (*out && report->errors == before && feed_is_foreign(c, *out, report))
		return true;
	feed_free(*out);
	*out = NULL;
	return report->errors == before;
}

struct feed *feed_recorded(const struct instance *i, const char *name)
{
	struct feed *feed = NULL;
	char path[256], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/" FEED_RECORD, i->run, name);
	if (!file_read(path, FEED_RECORD_MOST, &text, &size)) {
		feed = feed_record_parse(name, text, size);
		free(text);
	}
	return feed;
}

static bool load_all(const struct config *c, const char *gateway, bool applied, struct feeds *out,
		     struct report *report)
{
	struct instance i;
	bool good = true;

	out->count = c->feed_count;
	out->at = calloc(c->feed_count + 1, sizeof(*out->at));
	if (!out->at || instance_open(&i, gateway ? gateway : c->name)) {
		out->count = 0;
		report_error(report, c->file, 0, out->at ? "gateway: not a name" : "feeds: out of memory");
		return false;
	}
	for (size_t k = 0; k < c->feed_count; k++) {
		out->at[k] = applied ? feed_recorded(&i, c->feeds[k].name) : NULL;
		if (!out->at[k])
			good &= load(c, &c->feeds[k], &i, &out->at[k], report);
	}
	return good;
}

bool feeds_load(const struct config *c, const char *gateway, struct feeds *out, struct report *report)
{
	return load_all(c, gateway, false, out, report);
}

bool feeds_applied(const struct config *c, const char *gateway, struct feeds *out, struct report *report)
{
	return load_all(c, gateway, true, out, report);
}

void feeds_free(struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->count; i++)
		feed_free(feeds->at[i]);
	free(feeds->at);
	feeds->at = NULL;
	feeds->count = 0;
}
