// SPDX-License-Identifier: GPL-2.0-only
/*
 * differ: random but lawful conversations through two gateways at once, the kernel's NAT and samepath, one
 * event after the other; what comes out of both must be the same, but for what is declared.
 *
 *   differ [-i SECONDS] [-m MOST] [-s SHOWN] [-n FIRST] EVENTS SEED
 *
 * With -i it is silent for so long in the end, which is longer than the gateways keep what is not established.
 * FIRST is where it begins to number its conversations. It gives up after MOST unexplained differences, and
 * shows SHOWN of one kind. Status 0: there is none, and enough of what is lawful came out of both (share.c).
 * See tests/netns/differ.sh for the rigs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void play(uint64_t events, uint64_t most)
{
	double refreshed = now();

	while (events_done < events && unexplained < most) {
		step();
		if (now() - refreshed > 0.5) {
			rig_refresh();
			refreshed = now();
		}
	}
}

static void sum_up(uint64_t seed, double seconds)
{
	printf("%lu events, seed %lu, %.0f a second\n", (unsigned long)events_done,
	       (unsigned long)seed, events_done / seconds);
	printf("alike: %lu forwarded, %lu answered, %lu to nowhere, %lu otherwise\n",
	       (unsigned long)agreed[FORWARDED], (unsigned long)agreed[ANSWERED], (unsigned long)agreed[NOTHING],
	       (unsigned long)(agreed[PIECES] + agreed[OTHER]));
	declared_print();
	unexplained_print();
}

int main(int argc, char **argv)
{
	uint64_t most = 20, seed;
	double idle = 0, begun, took;
	int option;
	bool enough;

	while ((option = getopt(argc, argv, "i:m:s:n:")) != -1) {
		if (option == 'i')
			idle = atof(optarg);
		else if (option == 'm')
			most = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			talk_number(atoi(optarg));
		else if (option == 's')
			shown = atoi(optarg);
	}
	if (optind + 2 != argc)
		die("usage: differ [-i SECONDS] [-m MOST] [-s SHOWN] [-n FIRST] EVENTS SEED");
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = strtoull(argv[optind + 1], NULL, 10);
	draw_seed(seed);
	rig_open();
	begun = now();
	play(strtoull(argv[optind], NULL, 10), most);
	took = now() - begun;
	if (idle) {
		idle_play(idle);
		printf("after %.1f s: %lu were over, %lu packets of connections\n", idle,
		       (unsigned long)idle_over, (unsigned long)idle_alive);
	}
	sum_up(seed, took);
	enough = shares_print();
	return unexplained || !enough ? 1 : 0;
}
