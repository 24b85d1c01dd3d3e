// SPDX-License-Identifier: GPL-2.0-only
/* Programs on our devices: ours must be there, and nobody else's. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach.h"
#include "doctor.h"
#include "journal.h"
#include "kernel_filter.h"

/* Another gateway of this namespace that has the device, by its journal, which it drops when it stops.
 */
static bool other_gateway(const struct doctor *d, const char *device, char *name, size_t size)
{
	DIR *all = opendir(instance_run_root);
	struct dirent *entry;
	bool found = false;

	snprintf(name, size, "-");
	while (all && !found && (entry = readdir(all))) {
		struct instance other;
		struct journal j;
		char line[64];

		if (!strcmp(entry->d_name, d->instance->name) || instance_open(&other, entry->d_name) ||
		    journal_read(other.run, &j))
			continue;
		snprintf(line, sizeof(line), "tc %s ingress", device);
		found = journal_has(&j, line);
		journal_free(&j);
		if (found)
			snprintf(name, size, "%s", other.name);
	}
	if (all)
		closedir(all);
	return found;
}

void doctor_rivals_xdp(struct doctor *d)
{
	for (size_t i = 0; i < d->device_count; i++) {
		const struct kernel_link *l = d->devices[i].trunk;
		char name[INSTANCE_NAME_MAX + 1], repair[64];

		if (!d->devices[i].first)
			continue;
		snprintf(repair, sizeof(repair), "ip link set dev %s xdp off", l->name);
		if (other_gateway(d, l->name, name, sizeof(name)))
			doctor_add(d, "xdp", l->name, DOCTOR_FATAL, NULL,
				   "%s: another XDP program is attached there, of samepath gateway %s",
				   l->name, name);
		else if (l->xdp && !attached_xdp(d->instance->pins, l->name, l->ifindex))
			doctor_add(d, "xdp", l->name, DOCTOR_FATAL, repair,
				   "%s: another XDP program is attached there", l->name);
		else
			doctor_add(d, "xdp", l->name, DOCTOR_OK, NULL, "nobody else's XDP program");
	}
}

static bool has_link(const struct doctor *d, const struct kernel_link *trunk)
{
	for (size_t i = 0; i < d->device_count; i++)
		if (d->devices[i].trunk == trunk && d->devices[i].circuit)
			return true;
	return false;
}

void doctor_attached(struct doctor *d)
{
	for (size_t i = 0; i < d->device_count && d->running; i++) {
		const struct kernel_link *l = d->devices[i].trunk;

		if (!d->devices[i].first)
			continue;
		if (!l->xdp || !attached_xdp(d->instance->pins, l->name, l->ifindex))
			doctor_add(d, "attached", l->name, DOCTOR_FATAL, d->again,
				   "its XDP program is gone: packets pass samepath by");
		else if (!attached_tc(l->name, l->ifindex, ATTACH_INGRESS))
			doctor_add(
				d, "attached", l->name, DOCTOR_FATAL, d->again,
				"the TC program for packets without a neighbour is gone: they are lost");
		else if (has_link(d, l) && !attached_tc(l->name, l->ifindex, ATTACH_EGRESS))
			doctor_add(d, "attached", l->name, DOCTOR_FATAL, d->again,
				   "the egress guard is gone: inside addresses may leave");
		else
			doctor_add(d, "attached", l->name, DOCTOR_OK, NULL,
				   "all programs are in their places");
	}
}

static const char *way(bool egress)
{
	return egress ? "egress" : "ingress";
}

static size_t foreign_filters(struct doctor *d, const struct kernel_link *l, bool egress)
{
	struct kernel_filter *filters = NULL;
	size_t count = 0, foreign = 0;
	char repair[160], protocol[8];

	kernel_filters(l->ifindex, egress, &filters, &count);
	for (size_t i = 0; i < count; i++) {
		const struct kernel_filter *f = &filters[i];

		if (f->priority == ATTACH_PRIORITY && f->handle == ATTACH_HANDLE)
			continue;
		snprintf(protocol, sizeof(protocol), f->protocol == 3 ? "all" : "0x%04x", f->protocol);
		snprintf(repair, sizeof(repair),
			 "tc filter del dev %s %s protocol %s pref %u handle 0x%x %s", l->name,
			 way(egress), protocol, f->priority, f->handle, f->kind);
		doctor_add(d, "tc", l->name, DOCTOR_WARNING, repair,
			   "a TC filter of somebody else (%s, %s, pref %u) sees what the kernel %s",
			   way(egress), f->kind, f->priority, egress ? "sends" : "is handed");
		foreign++;
	}
	free(filters);
	return foreign;
}

/* One that says "pass" ends the way there, and the guard is not asked. */
static size_t foreign_tcx(struct doctor *d, const struct kernel_link *l, bool egress)
{
	struct kernel_tcx x;
	char repair[96];

	if (kernel_tcx(l->ifindex, egress, &x))
		return 0;
	for (uint32_t i = 0; i < x.count; i++) {
		snprintf(repair, sizeof(repair), "bpftool link detach id %u", x.link[i]);
		doctor_add(d, "tc", l->name, DOCTOR_WARNING, x.link[i] ? repair : NULL,
			   "a tcx program of somebody else (%s, id %u) runs before %s", way(egress),
			   x.program[i],
			   egress ? "the guard, and may keep it from being asked" :
				    "what resolves neighbours, and may take its packets");
	}
	return x.count;
}

void doctor_filters(struct doctor *d)
{
	for (size_t i = 0; i < d->device_count; i++) {
		const struct kernel_link *l = d->devices[i].trunk;
		size_t foreign = 0;

		if (!d->devices[i].first)
			continue;
		for (int egress = 0; egress <= 1; egress++)
			foreign += foreign_filters(d, l, egress) + foreign_tcx(d, l, egress);
		if (!foreign)
			doctor_add(d, "tc", l->name, DOCTOR_OK, NULL, "nobody else's TC filters");
	}
}
