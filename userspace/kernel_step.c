// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"
#include "kernel_step.h"

struct object {
	char directory[128], line[JOURNAL_LINE];
	bool journaled; /* when the step was planned */
	bool is_rule;
	struct kernel_rule rule;
	struct kernel_route route, former;
};

const char *route_line(const struct kernel_route *r, char *line)
{
	struct kernel_route key = *r;

	/* The kernel's own key: prefix, table and metric. */
	key.hop_count = 0;
	key.kind = ROUTE_UNICAST;
	return kernel_route_text(&key, "key", line, JOURNAL_LINE);
}

const char *rule_line(const struct kernel_rule *r, char *line)
{
	return kernel_rule_text(r, "key", line, JOURNAL_LINE);
}

static int object_make(struct object *o)
{
	return o->is_rule ? kernel_rule_add(&o->rule) : kernel_route_add(&o->route);
}

/* Gone already is as good as deleted: a device that vanished took its routes along. */
static int object_delete(struct object *o)
{
	int err = o->is_rule ? kernel_rule_delete(&o->rule) : kernel_route_delete(&o->route);

	return err == -ENOENT || err == -ESRCH ? 0 : err;
}

static int add_run(struct step *s)
{
	struct object *o = s->data;
	int err = journal_add(o->directory, o->line);

	if (err)
		return err;
	err = object_make(o);
	if (err && !o->journaled)
		journal_drop(o->directory, o->line);
	return err;
}

static int delete_run(struct step *s)
{
	struct object *o = s->data;
	int err = object_delete(o);

	/* The line outlives the object, not the other way round. */
	return err ? err : journal_drop(o->directory, o->line);
}

static int adopt_run(struct step *s)
{
	struct object *o = s->data;

	return journal_add(o->directory, o->line);
}

static int adopt_undo(struct step *s)
{
	struct object *o = s->data;

	return journal_drop(o->directory, o->line);
}

static int replace_run(struct step *s)
{
	struct object *o = s->data;
	int err = journal_add(o->directory, o->line);

	if (err || o->route.kind == o->former.kind)
		return err ? err : kernel_route_replace(&o->route);
	/* IPv6 replaces a route only by one of the same sort. */
	err = kernel_route_delete(&o->former);
	if (err)
		return err;
	err = kernel_route_add(&o->route);
	if (err)
		kernel_route_add(&o->former);
	return err;
}

static int replace_undo(struct step *s)
{
	struct object *o = s->data;

	if (o->route.kind == o->former.kind)
		return kernel_route_replace(&o->former);
	kernel_route_delete(&o->route);
	return kernel_route_add(&o->former);
}

static struct object *object_new(const char *directory)
{
	struct object *o = calloc(1, sizeof(*o));

	if (o)
		snprintf(o->directory, sizeof(o->directory), "%s", directory);
	return o;
}

static struct object *object_rule(const char *directory, const struct kernel_rule *r)
{
	struct object *o = object_new(directory);

	if (o) {
		o->is_rule = true;
		o->rule = *r;
		rule_line(r, o->line);
	}
	return o;
}

static struct object *object_route(const char *directory, const struct kernel_route *r)
{
	struct object *o = object_new(directory);

	if (o) {
		o->route = *r;
		route_line(r, o->line);
	}
	return o;
}

int step_rule_add(struct steps *s, const char *directory, const struct kernel_rule *r)
{
	struct object *o = object_rule(directory, r);
	char text[192];

	kernel_rule_text(r, "add", text, sizeof(text));
	return o && steps_add(s, add_run, delete_run, o, "%s", text) ? 0 : -ENOMEM;
}

int step_rule_delete(struct steps *s, const char *directory, const struct kernel_rule *r,
		     bool journaled)
{
	struct object *o = object_rule(directory, r);
	char text[192];

	kernel_rule_text(r, "del", text, sizeof(text));
	if (o)
		o->journaled = journaled;
	return o && steps_add(s, delete_run, add_run, o, "%s", text) ? 0 : -ENOMEM;
}

int step_route_add(struct steps *s, const char *directory, const struct kernel_route *r)
{
	struct object *o = object_route(directory, r);
	char text[192];

	kernel_route_text(r, "add", text, sizeof(text));
	return o && steps_add(s, add_run, delete_run, o, "%s", text) ? 0 : -ENOMEM;
}

int step_route_replace(struct steps *s, const char *directory, const struct kernel_route *r,
		       const struct kernel_route *former)
{
	struct object *o = object_route(directory, r);
	char text[192];

	kernel_route_text(r, "replace", text, sizeof(text));
	if (o)
		o->former = *former;
	return o && steps_add(s, replace_run, replace_undo, o, "%s", text) ? 0 : -ENOMEM;
}

int step_route_delete(struct steps *s, const char *directory, const struct kernel_route *r,
		      bool journaled)
{
	struct object *o = object_route(directory, r);
	char text[192];

	kernel_route_text(r, "del", text, sizeof(text));
	if (o)
		o->journaled = journaled;
	return o && steps_add(s, delete_run, add_run, o, "%s", text) ? 0 : -ENOMEM;
}

int step_adopt(struct steps *s, const char *directory, const char *line)
{
	struct object *o = object_new(directory);

	if (o)
		snprintf(o->line, sizeof(o->line), "%s", line);
	return o && steps_add(s, adopt_run, adopt_undo, o, "keep %s", line) ? 0 : -ENOMEM;
}
