// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/steps.h"

static char trace[64];

static void note(char what, const struct step *s)
{
	size_t n = strlen(trace);

	trace[n] = what;
	trace[n + 1] = *(const char *)s->data;
	trace[n + 2] = '\0';
}

static int run(struct step *s)
{
	note('+', s);
	return 0;
}

static int run_fails(struct step *s)
{
	note('!', s);
	return -ENETUNREACH;
}

static int undo(struct step *s)
{
	note('-', s);
	return 0;
}

static int undo_fails(struct step *s)
{
	note('?', s);
	return -EIO;
}

static void add(struct steps *s, int (*r)(struct step *), int (*u)(struct step *), const char *name)
{
	assert_non_null(steps_add(s, r, u, strdup(name), "step %s", name));
}

static int forget(void **state)
{
	(void)state;
	trace[0] = '\0';
	return 0;
}

static void steps_run_in_order_and_once(void **state)
{
	struct steps s = { 0 };

	(void)state;
	add(&s, run, undo, "a");
	add(&s, run, undo, "b");
	assert_string_equal(s.at[1].text, "step b");
	assert_int_equal(steps_run(&s), 0);
	add(&s, run, undo, "c");
	assert_int_equal(steps_run(&s), 0);
	assert_string_equal(trace, "+a+b+c");
	steps_free(&s);
	assert_int_equal(s.count, 0);
}

static void failure_undoes_what_was_done_in_reverse(void **state)
{
	struct steps s = { 0 };

	(void)state;
	add(&s, run, undo, "a");
	add(&s, run, NULL, "b");
	add(&s, run, undo, "c");
	add(&s, run_fails, undo, "d");
	add(&s, run, undo, "e");
	assert_int_equal(steps_run(&s), -ENETUNREACH);
	assert_string_equal(trace, "+a+b+c!d-c-a");
	for (size_t i = 0; i < s.count; i++)
		assert_false(s.at[i].done);
	steps_free(&s);
}

static void undo_goes_on_behind_a_failing_undo(void **state)
{
	struct steps s = { 0 };

	(void)state;
	add(&s, run, undo, "a");
	add(&s, run, undo_fails, "b");
	assert_int_equal(steps_run(&s), 0);
	steps_undo(&s);
	steps_undo(&s); /* and nothing twice */
	assert_string_equal(trace, "+a+b?b-a");
	steps_free(&s);
}

static void long_text_is_cut(void **state)
{
	struct steps s = { 0 };

	(void)state;
	assert_non_null(steps_add(&s, run, undo, NULL, "%0500d", 7));
	assert_int_equal(strlen(s.at[0].text), sizeof(s.at[0].text) - 1);
	steps_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(steps_run_in_order_and_once, forget),
		cmocka_unit_test_setup(failure_undoes_what_was_done_in_reverse, forget),
		cmocka_unit_test_setup(undo_goes_on_behind_a_failing_undo, forget),
		cmocka_unit_test_setup(long_text_is_cut, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
