// SPDX-License-Identifier: GPL-2.0-only
/* Kernel settings: those that apply makes, while it runs, and reverse path filters as the kernel
 * combines them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "doctor.h"
#include "offload.h"

/* What a setting is called here, and what follows when it is not as apply made it. */
static const struct kind {
	const char *word, *check; /* word: the end of its path */
	enum doctor_verdict verdict;
	const char *why;
} kinds[] = {
	{ "forwarding", "forwarding", DOCTOR_FATAL,
	  "the kernel forwards nothing there, and neither does samepath" },
	{ "rxvlan", "vlan-offload", DOCTOR_FATAL, "the card takes VLAN tags off before XDP sees them" },
	{ "rp_filter", "rp-filter", DOCTOR_WARNING,
	  "answers to the probe of this link are dropped as martians" },
	{ "ignore_routes_with_linkdown", "linkdown", DOCTOR_WARNING,
	  "a dead wire keeps its routes, and flows follow them" },
	{ "accept_ra", "accept-ra", DOCTOR_WARNING, "a router does not hear advertisements there" },
};

static const struct kind *kind_of(const char *path)
{
	const char *word = strrchr(path, '/') + 1;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(word, kinds[i].word))
			return &kinds[i];
	return NULL;
}

/* "er0, ipv4" of "net/ipv4/conf/er0/forwarding". */
static void place_of(const char *path, char *out, size_t size)
{
	char family[8], device[32];

	if (sscanf(path, "net/%7[^/]/conf/%31[^/]", family, device) == 2)
		snprintf(out, size, "%s %s", device, family);
	else if (sscanf(path, OFFLOAD_PATH "%31[^/]", device) == 1)
		snprintf(out, size, "%s", device);
	else
		snprintf(out, size, "%.40s", path);
}

static void judge(struct doctor *d, const struct kernel_sysctl *want)
{
	const struct kind *kind = kind_of(want->path);
	char value[32], place[48], repair[160];

	if (!kind || kernel_sysctl_get(want->path, value, sizeof(value)))
		return;
	place_of(want->path, place, sizeof(place));
	if (!strcmp(value, want->value))
		doctor_add(d, kind->check, place, DOCTOR_OK, NULL, "%s", value);
	else
		doctor_add(d, kind->check, place, kind->verdict,
			   offload_text(want->path, want->value, repair, sizeof(repair)),
			   "%s, not %s: %s", value, want->value, kind->why);
}

/* The kernel takes the stricter reading of two: 2 over 1 over 0, of the device and of all. */
static int filter_of(const char *device)
{
	char path[96], all[16] = "0", own[16] = "0";

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", device);
	kernel_sysctl_get("net/ipv4/conf/all/rp_filter", all, sizeof(all));
	kernel_sysctl_get(path, own, sizeof(own));
	return atoi(all) > atoi(own) ? atoi(all) : atoi(own);
}

/*
 * Packets of flows pass a filter by, and for a link with a `check` apply sets what it needs. What is
 * left is what others of this machine hear over a link, as a BGP session through a neighbour's loopback.
 */
static void judge_filter(struct doctor *d, const struct doctor_device *v)
{
	const char *name = v->link->name;
	char repair[80];

	if (v->at->check.protocol)
		return;
	snprintf(repair, sizeof(repair), "sysctl -w net/ipv4/conf/%s/rp_filter=2", name);
	if (filter_of(name) == 1)
		doctor_add(
			d, "rp-filter", name, DOCTOR_NOTE, repair,
			"strict: the gateway hears only whom the main table reaches by this link");
	else
		doctor_add(d, "rp-filter", name, DOCTOR_OK, NULL, "%d", filter_of(name));
}

void doctor_settings(struct doctor *d)
{
	for (size_t i = 0; i < d->want->sysctl_count && d->running; i++)
		judge(d, &d->want->sysctls[i]);
	for (size_t i = 0; i < d->device_count; i++)
		if (d->devices[i].circuit)
			judge_filter(d, &d->devices[i]);
}
