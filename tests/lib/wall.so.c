// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be preloaded: a program's time of day, off by the seconds that stand in the file $WALL at that
 * moment. Every other clock is left alone; libfaketime would move the timers of the monotonic one too.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long seconds_off(void)
{
	const char *path = getenv("WALL");
	FILE *in = path ? fopen(path, "re") : NULL;
	long off = 0;

	if (in && fscanf(in, "%ld", &off) != 1)
		off = 0;
	if (in)
		fclose(in);
	return off;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	int err = real(clock, out);

	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		out->tv_sec += seconds_off();
	return err;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;
	int err = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	*out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return err;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
