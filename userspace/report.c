// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf */
#endif
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "print.h"
#include "report.h"

static void add(struct report *r, bool warning, const char *file, int line, const char *format,
		va_list arguments)
{
	struct report_line *lines, *l;

	lines = realloc(r->lines, (r->count + 1) * sizeof(*lines));
	if (!warning)
		r->errors++; /* an error counts even where memory is too short to keep its words */
	if (!lines)
		return;
	r->lines = lines;
	l = &lines[r->count];
	l->file = strdup(file ? file : "");
	l->line = line;
	l->warning = warning;
	if (vasprintf(&l->text, format, arguments) < 0)
		l->text = NULL;
	if (l->file && l->text) {
		r->count++;
		return;
	}
	free(l->file);
	free(l->text);
}

void report_error(struct report *r, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(r, false, file, line, format, arguments);
	va_end(arguments);
}

void report_warning(struct report *r, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(r, true, file, line, format, arguments);
	va_end(arguments);
}

/* The lines lie in one array, so their addresses keep the order in which they came. */
static int by_place(const void *a, const void *b)
{
	const struct report_line *x = *(struct report_line *const *)a;
	const struct report_line *y = *(struct report_line *const *)b;
	int order = strcmp(x->file, y->file);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void print_one(const struct report_line *l)
{
	if (l->file[0] && l->line)
		fprintf(stderr, "%s:%d: ", l->file, l->line);
	else if (l->file[0])
		fprintf(stderr, "%s: ", l->file);
	fprintf(stderr, "%s%s\n", l->warning ? "warning: " : "", l->text);
}

static void print_all_json(struct report_line *const *lines, size_t count)
{
	json_t *errors = json_array(), *warnings = json_array(), *all, *one;
	size_t i;

	for (i = 0; i < count; i++) {
		one = json_pack("{s:o,s:i,s:o}", "file", print_json_string(lines[i]->file), "line",
				lines[i]->line, "text", print_json_string(lines[i]->text));
		json_array_append_new(lines[i]->warning ? warnings : errors, one);
	}
	all = json_pack("{s:o,s:o}", "errors", errors, "warnings", warnings);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

void report_print(const struct report *r)
{
	struct report_line **lines = calloc(r->count + 1, sizeof(*lines));
	size_t i;

	if (!lines)
		return;
	for (i = 0; i < r->count; i++)
		lines[i] = &r->lines[i];
	qsort(lines, r->count, sizeof(*lines), by_place);
	if (print_json)
		print_all_json(lines, r->count);
	for (i = 0; i < r->count && !print_json; i++)
		print_one(lines[i]);
	free(lines);
}

void report_warnings(const struct report *r)
{
	static const char *const columns[] = { "file", "line", "text", NULL };

	print_table_begin("warnings", columns);
	for (size_t i = 0; i < r->count; i++) {
		if (!r->lines[i].warning)
			continue;
		print_cell_text(r->lines[i].file);
		print_cell_number((uint64_t)r->lines[i].line);
		print_cell_text(r->lines[i].text);
		print_row_end();
	}
	print_table_end();
}

void report_free(struct report *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		free(r->lines[i].file);
		free(r->lines[i].text);
	}
	free(r->lines);
	memset(r, 0, sizeof(*r));
}
