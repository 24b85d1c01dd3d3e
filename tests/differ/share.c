// SPDX-License-Identifier: GPL-2.0-only
/*
 * share: how much of what is lawful both gateways forwarded. Two that are silent are alike too, so a run in
 * which one kind of traffic came out of neither must not hold.
 */
#include <stdio.h>

#include "event.h"

#define LEAST 90 /* per cent; in a run that is as it should be it is all, or very nearly */
/* Events from which on some of each must be there: by chance a short run has no conversation of a rare kind. */
#define MANY 5000 /* for TCP and UDP from inside */
#define MANY_RARE 50000 /* for the rest */

enum what { TCP, UDP, ECHO, ERROR, WHATS };

static const char *const kind_names[] = {"outbound", "inbound", "hairpin"};
static const char *const what_names[] = {"TCP", "UDP", "echo", "errors"};
static struct {
	uint64_t sent, forwarded;
} shares[KINDS][WHATS][2];

void share_count(const struct event *e, const enum fate fates[RIGS])
{
	const struct talk *t = e->talk;
	enum what what = ECHO;

	if (e->odd || !t || t->expired) /* nobody hears what is over */
		return;
	if (e->quotes)
		what = ERROR;
	else if (t->protocol != IPPROTO_ICMP)
		what = t->protocol == IPPROTO_TCP ? TCP : UDP;
	shares[t->kind][what][t->family == 6].sent++;
	if (fates[KERNEL] == FORWARDED && fates[SAMEPATH] == FORWARDED)
		shares[t->kind][what][t->family == 6].forwarded++;
}

static bool share_print(enum kind kind, enum what what, bool six)
{
	uint64_t sent = shares[kind][what][six].sent, forwarded = shares[kind][what][six].forwarded;
	bool low = forwarded * 100 < sent * LEAST ||
		   (!forwarded && events_done >= (kind == OUTBOUND && what <= UDP ? MANY : MANY_RARE));

	printf("lawful, %s %s of IPv%d: %lu of %lu forwarded by both%s\n", kind_names[kind], what_names[what],
	       six ? 6 : 4, (unsigned long)forwarded, (unsigned long)sent, low ? ": TOO FEW" : "");
	return !low;
}

bool shares_print(void)
{
	bool enough = true;

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (enum what what = 0; what < WHATS; what++)
			enough &= share_print(kind, what, false) & share_print(kind, what, true);
	return enough;
}
