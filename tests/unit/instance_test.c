// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/instance.h"
#include "../../userspace/journal.h"

static char root[] = "/tmp/spknXXXXXX";
static char pins[64], runs[64], states[64];

static void names_cannot_leave_their_directory(void **state)
{
	static const char *const bad[] = { "",
					   ".",
					   "..",
					   "a/b",
					   "../x",
					   "/x",
					   "a.b",
					   "-x",
					   "_x",
					   "a b",
					   "a\n",
					   "\xc3\xa4",
					   "a23456789012345678901234567890123" };
	struct instance i;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(*bad); n++)
		assert_int_equal(instance_open(&i, bad[n]), -EINVAL);
	assert_int_equal(instance_open(&i, "nj-edge_2"), 0);
	assert_int_equal(instance_open(&i, "a2345678901234567890123456789012"), 0);
}

static void who_only_looks_makes_nothing(void **state)
{
	struct instance i;
	struct stat st;

	(void)state;
	assert_int_equal(instance_open(&i, "gone"), 0);
	assert_int_equal(instance_lock_there(&i), -ENOENT);
	assert_int_equal(stat(i.run, &st), -1);
	assert_int_equal(stat(i.pins, &st), -1);
	assert_int_equal(instance_lock(&i), 0);
	instance_unlock(&i);
	assert_int_equal(instance_lock_there(&i), 0);
	instance_unlock(&i);
	assert_int_equal(instance_remove(&i), 0);
}

static void directories_are_private_and_removed(void **state)
{
	struct instance i;
	struct stat st;

	(void)state;
	assert_int_equal(instance_open(&i, "nj-edge"), 0);
	assert_int_equal(instance_create(&i), 0);
	assert_int_equal(chmod(i.run, 0755), 0);
	assert_int_equal(instance_create(&i), 0); /* again: no error, and closed again */
	assert_int_equal(stat(i.run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(i.pins, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(i.state, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(file_write(i.run, "kernel", "x", 1), 0);
	assert_int_equal(instance_remove(&i), 0);
	assert_int_equal(access(runs, F_OK), -1);
	assert_int_equal(access(pins, F_OK), -1);
	assert_int_equal(access(states, F_OK), -1);
}

static void removing_one_instance_leaves_the_other(void **state)
{
	struct instance a, b;

	(void)state;
	instance_open(&a, "a");
	instance_open(&b, "b");
	assert_int_equal(instance_create(&a), 0);
	assert_int_equal(instance_create(&b), 0);
	assert_int_equal(instance_remove(&a), 0);
	assert_int_equal(access(b.run, F_OK) | access(b.pins, F_OK) | access(b.state, F_OK), 0);
	assert_int_equal(instance_remove(&b), 0);
}

/* The child holds the lock until the parent closes the pipe, having said that it has it. */
static pid_t holder(int *release, bool removes)
{
	int say[2], wait_for[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(say) | pipe(wait_for), 0);
	pid = fork();
	if (!pid) {
		struct instance i;

		close(wait_for[1]);
		instance_open(&i, "nj");
		if (instance_lock(&i) || write(say[1], "x", 1) != 1)
			_exit(1);
		if (read(wait_for[0], &c, 1))
			_exit(1);
		if (removes)
			instance_remove(&i);
		_exit(0);
	}
	close(say[1]);
	close(wait_for[0]);
	assert_int_equal(read(say[0], &c, 1), 1);
	close(say[0]);
	*release = wait_for[1];
	return pid;
}

static void second_command_waits_for_the_first(void **state)
{
	for (int removes = 0; removes < 2; removes++) {
		int release, status;
		pid_t pid = holder(&release, removes), waiter;

		(void)state;
		waiter = fork();
		if (!waiter) {
			struct instance i;
			struct stat st;

			close(release);
			instance_open(&i, "nj");
			/* Also behind a `stop`, which took the directory away. */
			_exit(instance_lock(&i) || stat(i.run, &st));
		}
		close(release);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(waitpid(waiter, &status, 0), waiter);
		assert_int_equal(status, 0);
	}
}

/* A `stop` that ends takes away, one by one, what the next command makes. */
static void what_a_stop_takes_away_is_made_again(void **state)
{
	struct instance i;
	int status, err = 0;
	pid_t pid;

	(void)state;
	instance_open(&i, "nj");
	pid = fork();
	if (!pid)
		for (;;)
			instance_remove(&i);
	for (int n = 0; n < 3000 && !err; n++)
		err = instance_create(&i);
	kill(pid, SIGKILL);
	assert_int_equal(err, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	instance_remove(&i);
}

static void second_command_refuses_in_the_end(void **state)
{
	struct instance i;
	int release, status;
	pid_t pid = holder(&release, false);

	(void)state;
	instance_open(&i, "nj");
	assert_int_equal(instance_lock(&i), -EBUSY);
	assert_int_equal(i.lock, -1);
	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(instance_lock(&i), 0);
	assert_int_equal(instance_remove(&i), 0);
	instance_unlock(&i);
}

static void write_replaces_or_leaves(void **state)
{
	char *data, path[160];
	struct instance i;
	struct stat st;
	size_t size;

	(void)state;
	instance_open(&i, "nj");
	assert_int_equal(instance_create(&i), 0);
	snprintf(path, sizeof(path), "%s/f", i.run);
	assert_int_equal(file_write(i.run, "f", "old", 3), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_write(i.run, "f", "newer", 5), 0);
	assert_int_equal(file_read(path, 100, &data, &size), 0);
	assert_string_equal(data, "newer");
	free(data);
	assert_int_equal(file_read(path, 4, &data, &size), -EFBIG);
	free(data);
	assert_int_equal(file_write("/nonexistent", "f", "x", 1), -ENOENT);
	assert_int_equal(instance_remove(&i), 0);
}

static void journal_keeps_lines_once_and_in_order(void **state)
{
	struct journal j;
	struct instance a, b;

	(void)state;
	instance_open(&a, "a");
	instance_open(&b, "b");
	assert_int_equal(instance_create(&a) | instance_create(&b), 0);
	assert_int_equal(journal_read(a.run, &j), 0);
	assert_int_equal(j.count, 0);
	assert_int_equal(journal_add(a.run, "sysctl x/y 0 1"), 0);
	assert_int_equal(journal_add(a.run, "rule key b"), 0);
	assert_int_equal(journal_add(a.run, "sysctl x/y 0 1"), 0);
	assert_int_equal(journal_read(a.run, &j), 0);
	assert_int_equal(j.count, 2);
	assert_string_equal(j.lines[1], "rule key b");
	assert_string_equal(journal_find(&j, "sysctl x/y"), "sysctl x/y 0 1");
	assert_null(journal_find(&j, "sysctl x"));
	journal_free(&j);
	assert_int_equal(journal_read_others(a.run, &j), 0);
	assert_int_equal(j.count, 0);
	assert_int_equal(journal_read_others(b.run, &j), 0);
	assert_int_equal(j.count, 2);
	journal_free(&j);
	assert_int_equal(journal_drop(a.run, "sysctl x/y 0 1"), 0);
	assert_int_equal(journal_drop(a.run, "absent"), 0);
	assert_int_equal(journal_read(a.run, &j), 0);
	assert_int_equal(j.count, 1);
	journal_free(&j);
	/* One that was written in another namespace says nothing here. */
	assert_int_equal(file_write(a.run, "kernel", "netns 1\nrule key b\n", 19), 0);
	assert_int_equal(journal_read(a.run, &j), 0);
	assert_int_equal(j.count, 0);
	assert_int_equal(instance_remove(&a) | instance_remove(&b), 0);
}

static int elsewhere(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(pins, sizeof(pins), "%s/pins", root);
	snprintf(runs, sizeof(runs), "%s/run", root);
	snprintf(states, sizeof(states), "%s/state", root);
	instance_pin_root = pins;
	instance_run_root = runs;
	instance_state_root = states;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_cannot_leave_their_directory),
		cmocka_unit_test(who_only_looks_makes_nothing),
		cmocka_unit_test(directories_are_private_and_removed),
		cmocka_unit_test(removing_one_instance_leaves_the_other),
		cmocka_unit_test(second_command_waits_for_the_first),
		cmocka_unit_test(what_a_stop_takes_away_is_made_again),
		cmocka_unit_test(second_command_refuses_in_the_end),
		cmocka_unit_test(write_replaces_or_leaves),
		cmocka_unit_test(journal_keeps_lines_once_and_in_order),
	};

	return cmocka_run_group_tests(tests, elsewhere, clean);
}
