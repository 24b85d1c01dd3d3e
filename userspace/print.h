/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one module that prints. A command builds a table or a record once; print writes it as aligned
 * text or, under -j, as JSON. Large listings are streamed: a row goes out when it is ended.
 */
#ifndef SAMEPATH_USERSPACE_PRINT_H
#define SAMEPATH_USERSPACE_PRINT_H

#include <stdbool.h>
#include <stdint.h>

extern bool print_json; /* -j */
extern bool print_aside; /* lines for people go to stderr: stdout is a document's */

/* 0 done, 1 the answer is no, 2 usage or environment. */
enum exit_status { EXIT_DONE = 0, EXIT_NO = 1, EXIT_TROUBLE = 2 };

struct json_t;
/* A JSON string for an error, which must not be lost: when it is no UTF-8, "?" for what is no ASCII. */
struct json_t *print_json_string(const char *text);

/* One line on stderr, "samepath: ...", or {"error": "..."} on stdout under -j. Returns EXIT_TROUBLE. */
int print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line for people on stdout; nothing under -j. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A document is an object of named tables and values; begin first, end last. Text: a heading and
 * aligned columns for each table. JSON: {"name": value, "table": [{"column": value}, ...]}. */
void print_begin(void);
/* Writes out what is left. 0, or the -errno of the first failure of all. */
int print_flush(void);
void print_end(void);
void print_value_text(const char *name, const char *value);
void print_value_number(const char *name, uint64_t value);
/* Columns: NULL-ended list of names. Widths of text columns come from the first 256 rows. */
void print_table_begin(const char *name, const char *const *columns);
void print_cell_text(const char *value); /* NULL: "-" / null */
void print_cell_alarm(const char *value); /* a text, in red where somebody looks */
void print_cell_number(uint64_t value);
void print_cell_list(const char *const *values); /* "a,b" / ["a","b"], NULL-ended */
void print_row_end(void);
void print_table_end(void);

#endif
