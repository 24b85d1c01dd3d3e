/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal of an instance: the file `kernel` in its run directory, one line an object that it
 * made or a setting that it changed. A line is on disk (fsync, rename) before the change is made,
 * so that after a crash the journal lists too much, never too little.
 *
 *   netns COOKIE              first line: the namespace in which the rest is true
 *   rule KEY, route KEY       the words of kernel_rule_text and kernel_route_text without hops
 *   sysctl PATH FORMER OURS
 *   kept PATH VALUE           a setting that our changing another one overwrites
 *
 * A journal of another namespace than the caller's counts as empty.
 */
#ifndef SAMEPATH_USERSPACE_JOURNAL_H
#define SAMEPATH_USERSPACE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

struct journal {
	char **lines; /* without "netns" */
	size_t count;
};

/* A missing file is an empty journal. 0 or -errno. */
int journal_read(const char *directory, struct journal *out);
/* All journals of the sibling directories of `directory`, its own left out, in one. */
int journal_read_others(const char *directory, struct journal *out);
void journal_free(struct journal *j);
bool journal_has(const struct journal *j, const char *line);
/* The first line that begins with `start` and a blank; NULL: none. */
const char *journal_find(const struct journal *j, const char *start);
/* Read, change and write the file. Adding what is there and dropping what is not change nothing. */
int journal_add(const char *directory, const char *line);
int journal_drop(const char *directory, const char *line);

#endif
