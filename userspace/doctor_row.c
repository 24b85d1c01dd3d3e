// SPDX-License-Identifier: GPL-2.0-only
/* The rows of doctor, and the devices that most of them are about. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf */
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "doctor.h"

void doctor_add(struct doctor *d, const char *check, const char *on, enum doctor_verdict verdict,
		const char *repair, const char *reason, ...)
{
	struct doctor_row *grown = realloc(d->rows, (d->count + 1) * sizeof(*grown)), *row;
	va_list arguments;
	char *text;

	if (!grown)
		return;
	d->rows = grown;
	row = &grown[d->count];
	va_start(arguments, reason);
	if (vasprintf(&text, reason, arguments) < 0)
		text = NULL;
	va_end(arguments);
	*row = (struct doctor_row){ .check = check,
				    .on = strdup(on),
				    .verdict = verdict,
				    .reason = text,
				    .repair = repair ? strdup(repair) : NULL };
	if (row->on && row->reason)
		d->count++;
}

const struct doctor_row *doctor_fatal(const struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->rows[i].verdict == DOCTOR_FATAL)
			return &d->rows[i];
	return NULL;
}

void doctor_free(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->rows[i].on);
		free(d->rows[i].reason);
		free(d->rows[i].repair);
	}
	free(d->rows);
	free(d->devices);
	free(d->routes);
	free(d->rules);
	free(d->observe);
}

static void add_device(struct doctor *d, const char *name, const struct config_circuit *circuit,
		       const struct config_link *at)
{
	struct doctor_device *grown, device = { .circuit = circuit, .at = at, .first = true };
	struct kernel_place place;

	for (size_t i = 0; i < d->link_count; i++)
		if (!strcmp(d->links[i].name, name))
			device.link = &d->links[i];
	/* what is not there, or cannot be used, apply's own words are about */
	if (!device.link || kernel_place(d->links, d->link_count, device.link, &place))
		return;
	device.trunk = place.trunk;
	for (size_t i = 0; i < d->device_count; i++)
		if (d->devices[i].trunk == device.trunk)
			device.first = false;
	grown = realloc(d->devices, (d->device_count + 1) * sizeof(*grown));
	if (!grown)
		return;
	d->devices = grown;
	grown[d->device_count++] = device;
}

void doctor_devices(struct doctor *d)
{
	const struct config *c = d->config;

	for (size_t i = 0; i < c->interfaces.count; i++)
		add_device(d, c->interfaces.at[i].text, NULL, NULL);
	for (size_t i = 0; i < c->circuit_count; i++)
		for (size_t k = 0; k < c->circuits[i].link_count; k++)
			add_device(d, c->circuits[i].links[k].interface, &c->circuits[i],
				   &c->circuits[i].links[k]);
}

const struct doctor_device *doctor_device_at(const struct doctor *d, int ifindex)
{
	for (size_t i = 0; i < d->device_count; i++)
		if (d->devices[i].link->ifindex == ifindex)
			return &d->devices[i];
	return NULL;
}

void doctor_refusals(struct doctor *d)
{
	if (!d->devices)
		doctor_devices(d);
	doctor_rivals_xdp(d);
	doctor_memory(d);
}
