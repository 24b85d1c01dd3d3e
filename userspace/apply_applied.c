// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of an `apply` in the run directory: the configuration, where it came from, and the
 * records of its feeds; and what a feed's own state learns in the same breath. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "apply_plan.h"
#include "feed_record.h"
#include "phase.h"

struct applied {
	struct plan *plan;
	bool configuration; /* it is not the applied copy itself */
	bool wrote, committed;
};

static int put_back(const char *run, const char *file, const struct former_file *former)
{
	char path[PATH_MAX];

	if (former->data)
		return file_write(run, file, former->data, former->size);
	snprintf(path, sizeof(path), "%s/%s", run, file);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static void remember_former(const char *run, const char *file, struct former_file *former)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", run, file);
	if (file_read(path, FEED_RECORD_MOST, &former->data, &former->size))
		former->data = NULL;
}

/* Which records this apply writes: of an exchange only the one that is exchanged. */
static bool writes_record(const struct plan *p, size_t feed)
{
	return !p->request->feed || !strcmp(p->request->feed->name, p->config->feeds[feed].name);
}

static int applied_undo(struct step *s)
{
	struct applied *a = s->data;
	struct plan *p = a->plan;
	int err = 0, one;

	if (a->committed)
		err = p->request->feed->revert(p->request->feed->context);
	if (!a->wrote)
		return err;
	if (a->configuration) {
		one = put_back(p->instance.run, INSTANCE_APPLIED, &p->former_applied);
		err = err ? err : one;
		one = put_back(p->instance.run, APPLY_ORIGIN, &p->former_origin);
		err = err ? err : one;
	}
	for (size_t i = 0; p->former_feeds && i < p->config->feed_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), FEED_RECORD, p->config->feeds[i].name);
		one = writes_record(p, i) ? put_back(p->instance.run, name, &p->former_feeds[i]) : 0;
		err = err ? err : one;
	}
	return err;
}

static int write_record(const struct plan *p, size_t feed)
{
	char name[64], path[PATH_MAX], *text;
	size_t size;
	int err;

	snprintf(name, sizeof(name), FEED_RECORD, p->config->feeds[feed].name);
	if (!p->feeds.at[feed]) { /* never fetched: what another configuration left is not it */
		snprintf(path, sizeof(path), "%s/%s", p->instance.run, name);
		return unlink(path) && errno != ENOENT ? -errno : 0;
	}
	text = feed_record_text(p->feeds.at[feed], &size);
	err = text ? file_write(p->instance.run, name, text, size) : -ENOMEM;
	free(text);
	return err;
}

/* The records too: an interface that comes back must not wait for a feed file that is away or half
 * written, nor bring one in that nobody applied. */
static int write_records(struct plan *p)
{
	int err = 0;

	p->former_feeds = calloc(p->config->feed_count + 1, sizeof(*p->former_feeds));
	if (!p->former_feeds)
		return -ENOMEM;
	for (size_t i = 0; i < p->config->feed_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), FEED_RECORD, p->config->feeds[i].name);
		if (writes_record(p, i))
			remember_former(p->instance.run, name, &p->former_feeds[i]);
	}
	for (size_t i = 0; i < p->config->feed_count && !err; i++)
		if (writes_record(p, i))
			err = write_record(p, i);
	return err;
}

static int write_configuration(struct plan *p)
{
	int err;

	remember_former(p->instance.run, INSTANCE_APPLIED, &p->former_applied);
	remember_former(p->instance.run, APPLY_ORIGIN, &p->former_origin);
	err = file_write(p->instance.run, APPLY_ORIGIN, p->origin, strlen(p->origin));
	return err ? err : file_write(p->instance.run, INSTANCE_APPLIED, p->config->source,
				      p->config->source_size);
}

/* What was checked is what is kept, whatever became of the file since. */
static int applied_run(struct step *s)
{
	struct applied *a = s->data;
	struct plan *p = a->plan;
	const struct apply_feed *feed = p->request->feed;
	int err = 0;

	if (!a->configuration && !feed)
		return 0;
	if (a->configuration)
		err = write_configuration(p);
	a->wrote = true;
	err = err ? err : write_records(p);
	phase_end("record");
	if (!err && feed) {
		err = feed->commit(feed->context);
		a->committed = !err;
	}
	if (err)
		applied_undo(s);
	return err;
}

/* Not a change of the machine, so it is no line of the list; but it can fail, so it is a step. */
int plan_applied(struct plan *p)
{
	struct applied *a = calloc(1, sizeof(*a));
	char path[PATH_MAX];

	if (!a)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/" INSTANCE_APPLIED, p->instance.run);
	a->plan = p;
	a->configuration = strcmp(path, p->request->file) != 0;
	return steps_add(&p->last, applied_run, applied_undo, a, "%s", "") ? 0 : -ENOMEM;
}
