// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long does the kernel keep a CPU to itself?
 *
 *   stall CPU
 *
 * A real-time process that wakes up there every millisecond and notes how late it was. Nothing of
 * ordinary priority makes it wait, only what the kernel does without letting go. On SIGUSR1, and on
 * SIGTERM at the end, it prints the longest delay since it was last asked, in microseconds.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PERIOD 1000000L /* ns */

static volatile sig_atomic_t asked, ending;

static void ask(int signal_number)
{
	asked = 1;
	ending |= signal_number == SIGTERM;
}

static long long nanoseconds(const struct timespec *t)
{
	return t->tv_sec * 1000000000LL + t->tv_nsec;
}

/* One period; returns by how many ns it was overslept, 0 when a signal cut it short. */
static long long oversleep(void)
{
	struct timespec now, until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PERIOD;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return nanoseconds(&now) - nanoseconds(&until);
}

static int become_first(int cpu)
{
	struct sched_param first = { .sched_priority = 50 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) || mlockall(MCL_CURRENT | MCL_FUTURE) ||
	       sched_setscheduler(0, SCHED_FIFO, &first);
}

int main(int argc, char **argv)
{
	long long longest = 0, late;

	if (argc != 2 || become_first(atoi(argv[1]))) {
		fprintf(stderr, "stall: %s\n", argc == 2 ? strerror(errno) : "CPU?");
		return 2;
	}
	signal(SIGUSR1, ask);
	signal(SIGTERM, ask);
	printf("watching\n");
	fflush(stdout);
	while (!ending) {
		late = oversleep();
		longest = late > longest ? late : longest;
		if (!asked)
			continue;
		asked = 0;
		printf("%lld\n", longest / 1000);
		fflush(stdout);
		longest = 0;
	}
	return 0;
}
