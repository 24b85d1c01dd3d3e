// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of a feed, where the directory is not what was left there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed_state.h"

static char root[32];
static struct instance instance;
static struct feed_state state;

static int setup(void **context)
{
	char path[192];

	(void)context;
	strcpy(root, "/tmp/feed_state.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(instance.state, sizeof(instance.state), "%s", root);
	snprintf(path, sizeof(path), "%s/feeds", root);
	if (mkdir(path, 0700))
		return -1;
	snprintf(path, sizeof(path), "%s/feeds/f", root);
	return mkdir(path, 0700);
}

static int teardown(void **context)
{
	char command[64];

	(void)context;
	feed_state_free(&state);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* A file of the directory, written at `when`. */
static void file(const char *name, int64_t when)
{
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/feeds/f/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void without_a_state_the_newest_number_is_in_force(void **context)
{
	(void)context;
	file("body.2030010102", 100);
	file("body.2030010110", 100);
	file("body.2030010101", 300); /* brought again, after it was damaged */
	file("held.2030010111", 400);
	assert_int_equal(feed_state_read(&instance, "f", &state), 0);
	assert_true(state.damaged);
	assert_string_equal(state.in_force, "2030010110");
	assert_int_equal(state.kept_count, 4);
	assert_string_equal(state.kept[0].version, "2030010111");
	assert_true(state.kept[0].held);
	assert_string_equal(state.kept[2].version, "2030010102");
	assert_false(state.kept[2].held);
}

static void without_a_state_time_orders_what_is_no_number(void **context)
{
	(void)context;
	file("body.00aa000000000001", 300);
	file("body.ffaa000000000002", 100);
	file("body.00aa000000000003", 200);
	assert_int_equal(feed_state_read(&instance, "f", &state), 0);
	assert_string_equal(state.in_force, "00aa000000000001");
	assert_string_equal(state.kept[1].version, "00aa000000000003");
}

static void of_too_many_bodies_the_newest_are_found(void **context)
{
	char name[32];

	(void)context;
	for (int i = 0; i < 3 * FEED_KEPT_MOST; i++) {
		snprintf(name, sizeof(name), "body.%d", 1000 + i * 7 % (3 * FEED_KEPT_MOST));
		file(name, 100);
	}
	assert_int_equal(feed_state_read(&instance, "f", &state), 0);
	assert_int_equal(state.kept_count, FEED_KEPT_MOST);
	assert_string_equal(state.in_force, "1191");
	assert_string_equal(state.kept[FEED_KEPT_MOST - 1].version, "1128");
}

static void odd_names_are_nobodys(void **context)
{
	(void)context;
	file("body..x", 100);
	file("body.", 100);
	file("body.a b", 100);
	file("history", 100);
	assert_int_equal(symlink("history", strcat(strcpy((char[256]){ 0 }, root), "/feeds/f/body.1")), 0);
	assert_int_equal(feed_state_read(&instance, "f", &state), 0);
	assert_int_equal(state.kept_count, 0);
	assert_string_equal(state.in_force, "");
}

static void a_body_moved_already_can_be_moved(void **context)
{
	struct feed_kept *k;

	(void)context;
	assert_int_equal(feed_state_read(&instance, "f", &state), 0);
	assert_int_equal(feed_state_keep(&state, "7", "x", 1, true, 100, 0), 0);
	k = feed_state_find(&state, "7");
	assert_int_equal(feed_state_hold(&state, k, false), 0);
	k->held = true; /* as `state` has it, which was not written */
	assert_int_equal(feed_state_hold(&state, k, false), 0);
	k->held = false;
	assert_int_equal(feed_state_hold(&state, k, true), 0);
	feed_state_drop(&state, "7");
	assert_int_equal(feed_state_keep(&state, "8", "x", 1, true, 100, 0), 0);
	k = feed_state_find(&state, "8");
	assert_int_equal(unlink(strcat(strcpy((char[256]){ 0 }, root), "/feeds/f/held.8")), 0);
	assert_int_not_equal(feed_state_hold(&state, k, false), 0); /* it is gone under both names */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_state_the_newest_number_is_in_force),
		T(without_a_state_time_orders_what_is_no_number),
		T(of_too_many_bodies_the_newest_are_found),
		T(odd_names_are_nobodys),
		T(a_body_moved_already_can_be_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
