// SPDX-License-Identifier: GPL-2.0-only
/* The devices themselves: up, driver, queues, MTU, and what their hardware does to frames before XDP
 * sees them. */
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "doctor_link.h"

#define REPAIR 96

static void judge_up(struct doctor *d, const struct doctor_device *v)
{
	const char *name = v->link->name;
	char repair[REPAIR];

	snprintf(repair, sizeof(repair), "ip link set dev %s up", name);
	if (!v->link->up)
		doctor_add(d, "up", name, DOCTOR_WARNING, repair, "the interface is down");
	else if (!v->link->carrier)
		doctor_add(d, "up", name, DOCTOR_WARNING, NULL,
			   "no carrier: look at the cable, and at the far end");
	else
		doctor_add(d, "up", name, DOCTOR_OK, NULL, "up");
}

void judge_queues(struct doctor *d, const char *device, const struct card *card, unsigned int cpus)
{
	uint32_t best = card->rx_most < cpus ? card->rx_most : cpus;
	char repair[REPAIR];

	snprintf(repair, sizeof(repair), "ethtool -L %s %s %u", device,
		 card->combined ? "combined" : "rx", best);
	if (card->virtual)
		doctor_add(d, "queues", device, DOCTOR_OK, NULL, "no hardware, no queues to spread");
	else if (!card->rx)
		doctor_add(d, "queues", device, DOCTOR_OK, NULL, "the driver does not tell its queues");
	else if (card->rx < best)
		doctor_add(d, "queues", device, DOCTOR_WARNING, repair,
			   "%u receive queues for %u CPUs, and the card has %u", card->rx, cpus,
			   card->rx_most);
	else
		doctor_add(d, "queues", device, DOCTOR_OK, NULL, "%u receive queues for %u CPUs",
			   card->rx, cpus);
}

/* Without a program of its own some cards have no queues for redirected frames; a veth always says. */
static bool loses_redirected(const struct doctor_device *v, const struct card *card, uint64_t bits)
{
	return !(bits & CARD_XDP_TRANSMIT) &&
	       (v->trunk->xdp == XDP_ATTACHED_DRV || !strcmp(card->driver, "veth"));
}

void judge_driver(struct doctor *d, const struct doctor_device *v, const struct card *card,
		  uint64_t bits)
{
	const char *name = v->trunk->name, *again = "there is native: `stop` and `apply` try again";
	bool native = bits & CARD_XDP_NATIVE;

	if (d->running && v->trunk->xdp == XDP_ATTACHED_SKB)
		doctor_add(d, "xdp-mode", name, DOCTOR_WARNING, NULL, "generic XDP, which is slow; of %s %s",
			   card->driver, native ? again : "there is no native");
	else if (!native)
		doctor_add(d, "xdp-mode", name, DOCTOR_WARNING, NULL,
			   "%s has no native XDP here, and generic XDP is slow", card->driver);
	else
		doctor_add(d, "xdp-mode", name, DOCTOR_OK, NULL, "native XDP (%s)", card->driver);
	if (native && loses_redirected(v, card, bits))
		doctor_add(d, "xdp-transmit", name, d->running ? DOCTOR_FATAL : DOCTOR_WARNING, NULL,
			   "frames that are redirected to it are lost: %s",
			   strcmp(card->driver, "veth") ? "its driver takes none" :
							  "its far end needs an XDP program, or GRO on");
	else
		doctor_add(d, "xdp-transmit", name, DOCTOR_OK, NULL, "takes redirected frames");
}

static void judge_size(struct doctor *d, const struct doctor_device *v)
{
	const char *name = v->trunk->name;
	char repair[REPAIR];

	snprintf(repair, sizeof(repair), "ip link set dev %s mtu 1500", name);
	if (v->trunk->mtu > ONE_BUFFER_MTU && v->trunk->xdp != XDP_ATTACHED_DRV)
		doctor_add(
			d, "mtu-buffer", name, DOCTOR_WARNING, repair,
			"MTU %u is more than one buffer holds: many drivers refuse native XDP above %u",
			v->trunk->mtu, ONE_BUFFER_MTU);
	else
		doctor_add(d, "mtu-buffer", name, DOCTOR_OK, NULL, "MTU %u", v->trunk->mtu);
}

void judge_mtu(struct doctor *d, const struct doctor_device *v, uint32_t inside)
{
	const char *name = v->link->name;
	char repair[REPAIR];

	snprintf(repair, sizeof(repair), "ip link set dev %s mtu %u", name, inside);
	if (v->link->mtu >= inside)
		doctor_add(d, "mtu", name, DOCTOR_OK, NULL, "MTU %u, inside %u", v->link->mtu, inside);
	else if (v->circuit->mss)
		doctor_add(d, "mtu", name, DOCTOR_OK, NULL, "MTU %u, inside %u, and mss holds TCP below",
			   v->link->mtu, inside);
	else
		doctor_add(
			d, "mtu", name, DOCTOR_WARNING, repair,
			"MTU %u, and %u inside: larger is cut or refused; or circuits[%s].mss: auto",
			v->link->mtu, inside, v->circuit->name);
}

/* What merges frames, or takes their tags off, before the program. */
static void judge_offloads(struct doctor *d, const char *name)
{
	static const struct {
		const char *feature, *check, *word, *what;
	} rows[] = {
		{ "rx-lro", "lro", "lro", "merges" },
		{ "rx-gro-hw", "gro-hw", "rx-gro-hw", "merges" },
	};
	char repair[REPAIR];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(repair, sizeof(repair), "ethtool -K %s %s off", name, rows[i].word);
		if (kernel_card_feature(name, rows[i].feature))
			doctor_add(
				d, rows[i].check, name, DOCTOR_WARNING, repair,
				"the card %s segments before XDP sees them: they do not fit the way out",
				rows[i].what);
		else
			doctor_add(d, rows[i].check, name, DOCTOR_OK, NULL, "off");
	}
}

/* The smallest of the inside: who has larger frames there knows that the world's are smaller. */
static uint32_t inside_mtu(const struct doctor *d)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < d->device_count; i++)
		if (!d->devices[i].circuit && d->devices[i].link->mtu < least)
			least = d->devices[i].link->mtu;
	return least == UINT32_MAX ? 0 : least;
}

void doctor_links(struct doctor *d)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t inside = inside_mtu(d);

	for (size_t i = 0; i < d->device_count; i++) {
		const struct doctor_device *v = &d->devices[i];
		struct card card;
		uint64_t bits;

		judge_up(d, v);
		if (v->circuit)
			judge_mtu(d, v, inside);
		if (!v->first)
			continue;
		judge_size(d, v);
		judge_offloads(d, v->trunk->name);
		if (kernel_card(v->trunk->name, &card))
			continue;
		judge_queues(d, v->trunk->name, &card, cpus);
		if (!kernel_card_xdp(v->trunk->ifindex, &bits))
			judge_driver(d, v, &card, bits);
		else if (d->running && v->trunk->xdp == XDP_ATTACHED_SKB)
			judge_driver(d, v, &card, 0);
	}
}
