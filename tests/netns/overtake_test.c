// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who applies again what is applied, as the daemon does, and has to wait for another command, must find
 * what that one applied, and not put the former configuration back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "apply.h"
#include "instance.h"
#include "maps.h"

static char name[32], file[64];

static const char configuration[] =
	"gateway: {name: %s, lab: true}\n"
	"inside:\n"
	"  interfaces: [lan0]\n"
	"  segments: [{name: all, prefixes: [10.0.0.0/8]}]\n"
	"circuits:\n"
	"  - {name: internet, kind: internet, links: [{interface: wan0}], outbound-pool: [203.0.113.0/28],\n"
	"     advertise: [203.0.113.0/28]}\n"
	"policy: [{from: [all], to: [any], circuits: [internet], otherwise: drop}]\n"
	"timeouts: {udp: %d}\n"
	"limits: {flows: 100, half-open: 100}\n";

static void write_configuration(const char *path, int udp)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, configuration, name, udp);
	assert_int_equal(fclose(f), 0);
}

static uint64_t live_timeout(void)
{
	struct settings s;
	struct instance i;
	struct maps m;
	uint32_t slot;

	assert_int_equal(instance_open(&i, name), 0);
	assert_int_equal(maps_open(&m, i.pins), 0);
	slot = maps_live(&m).slot;
	assert_int_equal(maps_get(&m, MAP_settings, &slot, &s), 0);
	maps_close(&m);
	return s.timeout[STATE_UDP] / NANOSECONDS;
}

/* Applies again in another process; its words come through the pipe. */
static pid_t again(const char *applied, int lock, int *words)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(lock); /* a copy of the descriptor would keep the lock */
		dup2(ends[1], STDOUT_FILENO);
		_exit(apply_reconcile(applied, name) ? 1 : 0);
	}
	close(ends[1]);
	*words = ends[0];
	return pid;
}

static void who_waited_applies_what_is_applied_then(void **state)
{
	char applied[300], said[256] = "";
	struct instance i;
	int words, status;
	pid_t pid;

	(void)state;
	assert_int_equal(apply(&(struct apply_request){.file = file, .quiet = true}), 0);
	assert_int_equal(live_timeout(), 300);
	assert_int_equal(instance_open(&i, name), 0);
	assert_int_equal(instance_lock(&i), 0);
	snprintf(applied, sizeof(applied), "%s/%s", i.run, INSTANCE_APPLIED);
	pid = again(applied, i.lock, &words);
	assert_true(read(words, said, sizeof(said) - 1) > 0);
	assert_non_null(strstr(said, "waiting"));
	write_configuration(applied, 200); /* as whoever has the lock would */
	instance_unlock(&i);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(live_timeout(), 200);
	close(words);
}

static int begin(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "overtake%d", getpid());
	snprintf(file, sizeof(file), "/tmp/%s.yaml", name);
	if (unshare(CLONE_NEWNET) ||
	    system("ip link set lo up && ip link add lan0 type veth peer name lan0p && "
		   "ip link add wan0 type veth peer name wan0p && ip addr add 10.0.0.1/24 dev lan0 && "
		   "ip addr add 192.0.2.1/30 dev wan0 && ip link set lan0 up && ip link set wan0 up"))
		return -1;
	write_configuration(file, 300);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(file);
	return apply_stop(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_waited_applies_what_is_applied_then)};

	return cmocka_run_group_tests(tests, begin, end);
}
