// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "phase.h"

void phase_end(const char *name)
{
	static struct timespec last;
	struct timespec now;

	if (!getenv("SAMEPATH_TIMES"))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (last.tv_sec)
		fprintf(stderr, "phase %s: %.3f ms\n", name,
			(double)(now.tv_sec - last.tv_sec) * 1e3 +
				(double)(now.tv_nsec - last.tv_nsec) / 1e6);
	last = now;
}
