// SPDX-License-Identifier: GPL-2.0-only
/*
 * The differences that are declared: what kind of oddity an event has, what each of the two makes of it, and why
 * that is so. Everything else is unexplained, and fails. `holds` says what else must be true.
 */
#include <stdio.h>

#include "event.h"

struct declared {
	const char *name;
	enum odd odd;
	enum fate kernel, samepath;
	bool ends; /* what the two know differs after it */
	bool (*holds)(const struct event *e, const struct output out[RIGS]);
	const char *row, *why;
};

static const struct declared table[] = {
	{"answers are limited", TTL_ENDS, ANSWERED, NOTHING, false, NULL, "2, ICMP spoofing",
	 "samepath sends at most so many errors a second, at random; the kernel's limit is off here"},
};

#define DECLARED (sizeof(table) / sizeof(table[0]))

static uint64_t counts[DECLARED];

bool declared(const struct event *e, const enum fate fates[RIGS], const struct output out[RIGS], bool *ends)
{
	for (const struct declared *d = table; d < table + DECLARED; d++) {
		if (d->odd != e->odd || d->kernel != fates[KERNEL] || d->samepath != fates[SAMEPATH] ||
		    (d->holds && !d->holds(e, out)))
			continue;
		counts[d - table]++;
		*ends = d->ends;
		return true;
	}
	return false;
}

void declared_print(void)
{
	static const char *const words[] = {"nothing", "forwards", "answers", "other"};

	printf("\ndeclared differences\n%9s  %-34s %-9s %-9s %-18s %s\n", "times", "name", "kernel", "samepath",
	       "requirement", "reason");
	for (const struct declared *d = table; d < table + DECLARED; d++)
		printf("%9lu  %-34s %-9s %-9s %-18s %s\n", (unsigned long)counts[d - table], d->name, words[d->kernel],
		       words[d->samepath], d->row, d->why);
}
