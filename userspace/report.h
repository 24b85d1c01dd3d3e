/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for people and for programs. All text output of a command goes through print.h; errors
 * that name a place in a file are collected here so that they all come in one run.
 *   samepath.yaml:12: circuits[chicago].outbound-pool: 10.0.0.0/8: private range; a public prefix is accepted
 */
#ifndef SAMEPATH_USERSPACE_REPORT_H
#define SAMEPATH_USERSPACE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct report_line {
	char *file, *text; /* text is everything behind "file:line: " */
	int line; /* 0: none */
	bool warning;
};
struct report {
	struct report_line *lines;
	size_t count, errors;
};

void report_error(struct report *r, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void report_warning(struct report *r, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Sorted by file and line; text to stderr, or with JSON output one object {"errors":[...],"warnings":[...]}. */
void report_print(const struct report *r);
/* Warnings alone, as a table of a document that has begun. */
void report_warnings(const struct report *r);
void report_free(struct report *r);

#endif
