// SPDX-License-Identifier: GPL-2.0-only
/* Steps that change a sysctl and put it back. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "journal.h"
#include "kernel_step.h"
#include "offload.h"

#define IPV6_ALL "net/ipv6/conf/all/forwarding"

struct setting {
	char directory[128];
	char path[96], former[32], ours[32];
	char line[JOURNAL_LINE]; /* of the journal, behind this step */
	char old_line[JOURNAL_LINE]; /* before it, "": none */
	char before[32]; /* the value that this step found */
	bool held; /* by another instance: restoring is left to it */
	bool wrote;
};

/* Writing `all` writes every device. Which of them forwarded on their own must be known to put back
 * exactly what was. */
static int keep_devices(const char *directory)
{
	char path[320], value[32];
	struct dirent *entry;
	DIR *d = opendir("/proc/sys/net/ipv6/conf");
	int err = 0;

	if (!d)
		return -errno;
	while (!err && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "net/ipv6/conf/%s/forwarding", entry->d_name);
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "all") ||
		    kernel_sysctl_get(path, value, sizeof(value)) || strcmp(value, "1"))
			continue;
		snprintf(path, sizeof(path), "kept net/ipv6/conf/%s/forwarding 1", entry->d_name);
		err = journal_add(directory, path);
	}
	closedir(d);
	return err;
}

/* Another gateway of this namespace switched forwarding on: what it keeps is ours to put back as
 * well, for whoever leaves last does it. */
static int keep_what_others_keep(const char *directory)
{
	struct journal others;
	int err = journal_read_others(directory, &others);

	for (size_t i = 0; i < others.count && !err; i++)
		if (!strncmp(others.lines[i], "kept ", 5))
			err = journal_add(directory, others.lines[i]);
	journal_free(&others);
	return err;
}

/* What vanished meanwhile needs no former value. */
static int put_devices_back(const char *directory, bool write)
{
	struct journal j;
	int err = journal_read(directory, &j);

	for (size_t i = 0; i < j.count && !err; i++) {
		char path[96], value[32];

		if (sscanf(j.lines[i], "kept %95s %31s", path, value) != 2)
			continue;
		if (write)
			kernel_sysctl_set(path, value);
		err = journal_drop(directory, j.lines[i]);
	}
	journal_free(&j);
	return err;
}

static int swap_lines(const struct setting *t, const char *drop, const char *add)
{
	int err = add[0] ? journal_add(t->directory, add) : 0;

	if (!err && drop[0] && strcmp(drop, add))
		err = journal_drop(t->directory, drop);
	return err;
}

static int set_undo(struct step *s)
{
	struct setting *t = s->data;
	int err = t->wrote ? kernel_sysctl_set(t->path, t->before) : 0;

	if (!err && !t->old_line[0] && !strcmp(t->path, IPV6_ALL))
		err = put_devices_back(t->directory, t->wrote);
	return err ? err : swap_lines(t, t->line, t->old_line);
}

static int set_run(struct step *s)
{
	struct setting *t = s->data;
	int err = kernel_sysctl_get(t->path, t->before, sizeof(t->before));

	if (err)
		return err;
	err = swap_lines(t, t->old_line, t->line);
	if (!err && !strcmp(t->path, IPV6_ALL) && !t->old_line[0])
		err = strcmp(t->before, t->ours) ? keep_devices(t->directory) :
						   keep_what_others_keep(t->directory);
	if (!err && strcmp(t->before, t->ours)) {
		err = kernel_sysctl_set(t->path, t->ours);
		t->wrote = !err;
	}
	if (err)
		set_undo(s);
	return err;
}

static int restore_run(struct step *s)
{
	struct setting *t = s->data;
	bool all = !strcmp(t->path, IPV6_ALL);
	int err = kernel_sysctl_get(t->path, t->before, sizeof(t->before));

	if (err && err != -ENOENT)
		return err;
	t->wrote = !err && !t->held && !strcmp(t->before, t->ours) && strcmp(t->former, t->ours);
	err = t->wrote ? kernel_sysctl_set(t->path, t->former) : 0;
	if (!err && all)
		err = put_devices_back(t->directory, t->wrote);
	return err ? err : journal_drop(t->directory, t->old_line);
}

static int restore_undo(struct step *s)
{
	struct setting *t = s->data;
	int err = journal_add(t->directory, t->old_line);

	/* Devices stand now as they stood before forwarding: the list can be made anew. */
	if (!err && !strcmp(t->path, IPV6_ALL))
		err = t->wrote ? keep_devices(t->directory) : keep_what_others_keep(t->directory);
	return err || !t->wrote ? err : kernel_sysctl_set(t->path, t->before);
}

int step_sysctl_set(struct steps *s, const char *directory, const struct kernel_sysctl *want,
		    const char *line, const char *former)
{
	struct setting *t = calloc(1, sizeof(*t));
	char text[160];

	if (!t)
		return -ENOMEM;
	snprintf(t->directory, sizeof(t->directory), "%s", directory);
	snprintf(t->path, sizeof(t->path), "%s", want->path);
	snprintf(t->ours, sizeof(t->ours), "%s", want->value);
	snprintf(t->old_line, sizeof(t->old_line), "%s", line ? line : "");
	snprintf(t->line, sizeof(t->line), "sysctl %s %s %s", want->path, former, want->value);
	return steps_add(s, set_run, set_undo, t, "%s",
			 offload_text(want->path, want->value, text, sizeof(text))) ? 0 : -ENOMEM;
}

int step_sysctl_restore(struct steps *s, const char *directory, const char *line, bool held)
{
	struct setting *t = calloc(1, sizeof(*t));
	char text[160];

	if (!t)
		return -ENOMEM;
	if (sscanf(line, "sysctl %95s %31s %31s", t->path, t->former, t->ours) != 3) {
		free(t);
		return 0;
	}
	snprintf(t->directory, sizeof(t->directory), "%s", directory);
	snprintf(t->old_line, sizeof(t->old_line), "%s", line);
	t->held = held;
	return steps_add(s, restore_run, restore_undo, t, "%s",
			 offload_text(t->path, t->former, text, sizeof(text))) ? 0 : -ENOMEM;
}
