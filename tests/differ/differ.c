// SPDX-License-Identifier: GPL-2.0-only
/*
 * differ: random but lawful conversations through two gateways at once, the kernel's NAT and samepath, one event
 * after the other; what comes out of both must be the same, but for what is declared.
 *
 *   differ EVENTS SEED
 *
 * Status 0: no difference is unexplained. See tests/netns/differ.sh for the rigs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "event.h"

static void step(void)
{
	struct talk *t = &talks[draw(TALKS)];

	if (!draw(25)) {
		stranger_play();
		return;
	}
	if (!t->number || t->displaced)
		talk_begin(t);
	if (!talk_play(t))
		t->number = 0;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t most = argc > 3 ? strtoull(argv[3], NULL, 10) : 20; /* unexplained differences, and it gives up */
	double begun = now(), refreshed;

	if (argc > 4)
		shown = atoi(argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	draw_seed(seed);
	rig_open();
	refreshed = now();
	while (events_done < events && unexplained < most) {
		step();
		if (now() - refreshed > 0.5) {
			rig_refresh();
			refreshed = now();
		}
	}
	printf("%lu events, seed %lu, %.0f a second\n", (unsigned long)events_done, (unsigned long)seed,
	       events_done / (now() - begun));
	printf("alike: %lu forwarded, %lu answered, %lu to nowhere, %lu otherwise\n", (unsigned long)agreed[FORWARDED],
	       (unsigned long)agreed[ANSWERED], (unsigned long)agreed[NOTHING], (unsigned long)agreed[OTHER]);
	declared_print();
	unexplained_print();
	return unexplained ? 1 : 0;
}
