// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows are kept only until the width of each column is known (the first ROWS_KEPT); from then on a
 * row goes out when it ends, so a million rows need the memory of a few hundred.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf */
#endif
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "print.h"

#define COLUMNS_MAX 32
#define ROWS_KEPT 256

bool print_json, print_aside;

struct cell {
	char *text;
	bool number, alarm;
};
static struct {
	const char *const *columns;
	size_t column_count, cell, kept, row;
	size_t width[COLUMNS_MAX];
	bool right[COLUMNS_MAX];
	bool flushed; /* heading and kept rows are out */
	struct cell rows[ROWS_KEPT][COLUMNS_MAX];
} table;
static bool first_member;

json_t *print_json_string(const char *text)
{
	json_t *string = json_string(text);
	char *copy = string ? NULL : strdup(text);

	for (char *c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (copy)
		string = json_string(copy);
	free(copy);
	return string;
}

int print_error(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	json_t *object;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (print_json) {
		object = json_pack("{s:o}", "error",
				   print_json_string(text ? text : "out of memory"));
		json_dumpf(object, stdout, 0);
		putchar('\n');
		json_decref(object);
	} else {
		fprintf(stderr, "samepath: %s\n", text ? text : "out of memory");
	}
	free(text);
	return EXIT_TROUBLE;
}

void print_line(const char *format, ...)
{
	FILE *out = print_aside ? stderr : stdout;
	va_list arguments;

	if (print_json)
		return;
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fputc('\n', out);
}

static void json_text(const char *value)
{
	/* What is not UTF-8 cannot be JSON; jansson refuses it. */
	json_t *string = value ? json_string(value) : json_null();

	json_dumpf(string ? string : json_null(), stdout, JSON_ENCODE_ANY);
	json_decref(string);
}

static void member(const char *name)
{
	if (!first_member)
		putchar(',');
	first_member = false;
	fputs("\n  ", stdout);
	json_text(name);
	fputs(": ", stdout);
}

void print_begin(void)
{
	first_member = true;
	if (print_json)
		putchar('{');
}

void print_end(void)
{
	if (print_json)
		puts("\n}");
	print_flush();
}

int print_flush(void)
{
	static int failed;

	/* The stream keeps that it failed, but not why. */
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !failed)
		failed = -(errno ? errno : EIO);
	return failed;
}

void print_value_text(const char *name, const char *value)
{
	if (print_json) {
		member(name);
		json_text(value);
	} else {
		printf("%s: %s\n", name, value ? value : "-");
	}
}

void print_value_number(const char *name, uint64_t value)
{
	if (print_json)
		member(name);
	else
		printf("%s: ", name);
	printf("%" PRIu64 "%s", value, print_json ? "" : "\n");
}

void print_table_begin(const char *name, const char *const *columns)
{
	memset(&table, 0, sizeof(table));
	table.columns = columns;
	while (columns[table.column_count] && table.column_count < COLUMNS_MAX) {
		table.width[table.column_count] = strlen(columns[table.column_count]);
		table.column_count++;
	}
	if (print_json) {
		member(name);
		putchar('[');
	} else {
		printf("%s%s\n", first_member ? "" : "\n", name);
		first_member = false;
	}
}

static void json_cell_start(void)
{
	if (!table.cell)
		printf("%s\n    {", table.row ? "," : "");
	else
		fputs(", ", stdout);
	json_text(table.columns[table.cell]);
	fputs(": ", stdout);
}

static void text_cell(const char *value, bool number)
{
	struct cell *c = &table.rows[table.kept][table.cell];
	size_t width = strlen(value);

	c->text = strdup(value);
	c->number = number;
	c->alarm = false;
	if (table.flushed)
		return;
	if (number)
		table.right[table.cell] = true;
	if (width > table.width[table.cell])
		table.width[table.cell] = width;
}

void print_cell_text(const char *value)
{
	if (table.cell >= table.column_count)
		return;
	if (print_json) {
		json_cell_start();
		json_text(value);
	} else {
		text_cell(value ? value : "-", false);
	}
	table.cell++;
}

void print_cell_number(uint64_t value)
{
	char text[24];

	if (table.cell >= table.column_count)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (print_json) {
		json_cell_start();
		fputs(text, stdout);
	} else {
		text_cell(text, true);
	}
	table.cell++;
}

void print_cell_alarm(const char *value)
{
	size_t cell = table.cell;

	print_cell_text(value);
	/* A row that goes out by itself is still in its cells until it ends. */
	if (!print_json && cell < table.column_count)
		table.rows[table.kept][cell].alarm = true;
}

static char *join(const char *const *values)
{
	size_t size = 2, i;
	char *text;

	for (i = 0; values[i]; i++)
		size += strlen(values[i]) + 1;
	text = calloc(1, size);
	for (i = 0; text && values[i]; i++) {
		if (i)
			strcat(text, ",");
		strcat(text, values[i]);
	}
	if (text && !i)
		strcpy(text, "-");
	return text;
}

void print_cell_list(const char *const *values)
{
	char *text;
	size_t i;

	if (table.cell >= table.column_count)
		return;
	if (print_json) {
		json_cell_start();
		for (i = 0; values[i]; i++) {
			putchar(i ? ',' : '[');
			json_text(values[i]);
		}
		fputs(i ? "]" : "[]", stdout);
	} else {
		text = join(values);
		text_cell(text ? text : "-", false);
		free(text);
	}
	table.cell++;
}

static void write_cell(size_t column, const char *text)
{
	int width = (int)table.width[column];

	if (table.right[column])
		printf("  %*s", width, text);
	else if (column + 1 == table.column_count)
		printf("  %s", text); /* no blanks at the end of a line */
	else
		printf("  %-*s", width, text);
}

/* Red is for people at a terminal, who may say that they want none (no-color.org). */
static bool colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && no[0]);
}

static void write_row(struct cell *cells)
{
	size_t i;

	for (i = 0; i < table.column_count; i++) {
		bool red = cells[i].alarm && colours();

		fputs(red ? "\033[1;31m" : "", stdout);
		write_cell(i, cells[i].text ? cells[i].text : "-");
		fputs(red ? "\033[0m" : "", stdout);
		free(cells[i].text);
		cells[i].text = NULL;
	}
	putchar('\n');
}

static void flush_rows(void)
{
	size_t i;

	if (!table.flushed) {
		for (i = 0; i < table.column_count; i++)
			write_cell(i, table.columns[i]);
		putchar('\n');
	}
	table.flushed = true;
	for (i = 0; i < table.kept; i++)
		write_row(table.rows[i]);
	table.kept = 0;
}

void print_row_end(void)
{
	while (table.cell < table.column_count)
		print_cell_text(NULL);
	table.cell = 0;
	table.row++;
	if (print_json) {
		putchar('}');
		return;
	}
	table.kept++;
	if (table.flushed || table.kept == ROWS_KEPT)
		flush_rows();
}

void print_table_end(void)
{
	if (print_json)
		fputs(table.row ? "\n  ]" : "]", stdout);
	else
		flush_rows();
}
