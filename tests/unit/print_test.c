// SPDX-License-Identifier: GPL-2.0-only
/* The printer: the same rows as text and as JSON, errors of commands, order of a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define print_error cmocka_print_error /* print.h has one of its own */
#include <cmocka.h>
#undef print_error
#include <jansson.h>
#include "../../userspace/print.h"
#include "../../userspace/report.h"

static FILE *saved;
static char *text;
static size_t size;

static void capture(FILE **stream)
{
	saved = *stream;
	*stream = open_memstream(&text, &size);
	assert_non_null(*stream);
}

/* The text is the caller's to free. */
static char *captured(FILE **stream)
{
	fclose(*stream);
	*stream = saved;
	print_json = false;
	return text;
}

static const char *const columns[] = { "circuit", "flows", "links", NULL };

static void write_document(void)
{
	print_begin();
	print_value_text("gateway", "edge");
	print_value_number("epoch", 18446744073709551615u);
	print_table_begin("circuits", columns);
	print_cell_text("chicago");
	print_cell_number(7);
	print_cell_list((const char *const[]){ "er0", "er1", NULL });
	print_row_end();
	print_cell_text("net");
	print_cell_number(1000000);
	print_row_end(); /* the last cell is left out */
	print_table_end();
	print_table_begin("none", columns);
	print_table_end();
	print_end();
}

static void bytes_that_are_no_text_are_still_an_error(void **state)
{
	struct report r = { 0 };
	json_t *got;
	char *out;

	(void)state;
	print_json = true;
	capture(&stdout);
	print_error("%s: unknown", "a\xff");
	out = captured(&stdout);
	assert_string_equal(out, "{\"error\": \"a?: unknown\"}\n");
	free(out);
	report_error(&r, "\xfe.yaml", 0, "cannot be read");
	print_json = true;
	capture(&stdout);
	report_print(&r);
	out = captured(&stdout);
	got = json_loads(out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(got, "errors")), 1);
	json_decref(got);
	free(out);
	report_free(&r);
}

static void text_is_aligned_and_numbers_stand_right(void **state)
{
	char *got;

	(void)state;
	capture(&stdout);
	write_document();
	got = captured(&stdout);
	assert_string_equal(got,
			    "gateway: edge\n"
			    "epoch: 18446744073709551615\n"
			    "circuits\n"
			    "  circuit    flows  links\n"
			    "  chicago        7  er0,er1\n"
			    "  net      1000000  -\n"
			    "\nnone\n"
			    "  circuit  flows  links\n");
	free(got);
}

static void json_has_the_same_rows(void **state)
{
	json_t *root, *rows;
	json_error_t error;
	char *got;

	(void)state;
	print_json = true;
	capture(&stdout);
	write_document();
	got = captured(&stdout);
	root = json_loads(got, JSON_DECODE_INT_AS_REAL, &error);
	if (!root)
		fail_msg("line %d: %s: %s", error.line, error.text, got);
	rows = json_object_get(root, "circuits");
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_string_value(json_object_get(root, "gateway")), "edge");
	assert_true(json_real_value(json_object_get(json_array_get(rows, 1), "flows")) == 1000000.0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(rows, 0),
									     "links"), 1)), "er1");
	assert_true(json_is_null(json_object_get(json_array_get(rows, 1), "links")));
	assert_int_equal(json_array_size(json_object_get(root, "none")), 0);
	json_decref(root);
	free(got);
}

static void json_survives_any_bytes(void **state)
{
	static const char *const one[] = { "a", NULL };
	static const char *const values[] = { "\"quoted\"", "back\\slash", "line\nbreak", "\xc3\xa9", "\xff" };
	json_t *root, *row;
	char *got;
	size_t i;

	(void)state;
	print_json = true;
	capture(&stdout);
	print_begin();
	print_table_begin("rows", one);
	for (i = 0; i < 5; i++) {
		print_cell_text(values[i]);
		print_row_end();
	}
	print_table_end();
	print_end();
	got = captured(&stdout);
	root = json_loads(got, 0, NULL);
	assert_non_null(root);
	for (i = 0; i < 5; i++) {
		row = json_object_get(json_array_get(json_object_get(root, "rows"), i), "a");
		if (i < 4)
			assert_string_equal(json_string_value(row), values[i]);
		else /* no UTF-8: unknown rather than a broken document */
			assert_true(json_is_null(row));
	}
	json_decref(root);
	free(got);
}

/* Far more rows than are kept for the widths: all come, in order, each once, under the sanitizer. */
static void long_tables_are_streamed_in_order(void **state)
{
	static const char *const names[] = { "number", "word", NULL };
	unsigned int i, rows = 0;
	char *got, *line, *rest;

	(void)state;
	capture(&stdout);
	print_table_begin("long", names);
	for (i = 0; i < 5000; i++) {
		print_cell_number(i);
		print_cell_text(i == 4000 ? "much wider than any that came before" : "w");
		print_row_end();
	}
	print_table_end();
	got = captured(&stdout);
	strtok_r(got, "\n", &rest); /* name */
	strtok_r(NULL, "\n", &rest); /* columns */
	for (line = strtok_r(NULL, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		assert_int_equal(strtoul(line, NULL, 10), rows++);
	assert_int_equal(rows, 5000);
	free(got);
}

static void an_error_obeys_json(void **state)
{
	json_t *root;
	char *got;

	(void)state;
	capture(&stderr);
	assert_int_equal(print_error("map %s: cannot pin: %s", "flows", "Permission denied"), EXIT_TROUBLE);
	got = captured(&stderr);
	assert_string_equal(got, "samepath: map flows: cannot pin: Permission denied\n");
	free(got);
	print_json = true;
	capture(&stdout);
	assert_int_equal(print_error("no \"%s\"", "x"), EXIT_TROUBLE);
	got = captured(&stdout);
	root = json_loads(got, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "error")), "no \"x\"");
	json_decref(root);
	free(got);
}

static void a_line_for_people_is_none_for_programs(void **state)
{
	char *got;

	(void)state;
	capture(&stdout);
	print_line("%d flows", 3);
	print_json = true;
	print_line("%d flows", 4);
	got = captured(&stdout);
	assert_string_equal(got, "3 flows\n");
	free(got);
}

static void a_report_is_sorted_by_place(void **state)
{
	struct report r = { 0 };
	char *got;

	(void)state;
	report_warning(&r, "b.yaml", 10, "ten");
	report_error(&r, "b.yaml", 9, "nine");
	report_error(&r, "b.yaml", 9, "nine again");
	report_error(&r, "b.yaml", 0, "whole file");
	report_error(&r, "a.json", 100, "other");
	report_error(&r, "", 0, "nowhere");
	assert_int_equal(r.count, 6);
	assert_int_equal(r.errors, 5);
	capture(&stderr);
	report_print(&r);
	got = captured(&stderr);
	assert_string_equal(got, "nowhere\n"
				 "a.json:100: other\n"
				 "b.yaml: whole file\n"
				 "b.yaml:9: nine\n"
				 "b.yaml:9: nine again\n"
				 "b.yaml:10: warning: ten\n");
	free(got);
	report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_no_text_are_still_an_error),
		cmocka_unit_test(text_is_aligned_and_numbers_stand_right),
		cmocka_unit_test(json_has_the_same_rows),
		cmocka_unit_test(json_survives_any_bytes),
		cmocka_unit_test(long_tables_are_streamed_in_order),
		cmocka_unit_test(an_error_obeys_json),
		cmocka_unit_test(a_line_for_people_is_none_for_programs),
		cmocka_unit_test(a_report_is_sorted_by_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
