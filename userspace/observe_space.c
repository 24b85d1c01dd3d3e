// SPDX-License-Identifier: GPL-2.0-only
/* The fullest port spaces, out of the list that the daemon writes after a sweep (daemon_space.c). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "flow_filter.h"
#include "instance.h"
#include "observe.h"
#include "print.h"

/* A line of the list; texts as they stand there. */
struct line {
	char circuit[OBSERVE_NAME], address[PREFIX_TEXT], destination[PREFIX_TEXT], seconds[24];
	unsigned int protocol, port, used, ports;
	int64_t growth; /* thousandths of a port a second */
	int is_short;
};

static FILE *list_open(const struct observe *o)
{
	struct instance instance;
	char path[192];

	if (instance_open(&instance, o->name))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", instance.run, SPACES_FILE);
	return fopen(path, "re");
}

static bool list_next(FILE *in, struct line *l)
{
	_Static_assert(OBSERVE_NAME == 64 && PREFIX_TEXT >= 48, "widths below");
	return fscanf(in, "%63s %u %47s %47s %u %u %u %" SCNd64 " %23s %d", l->circuit, &l->protocol,
		      l->address, l->destination, &l->port, &l->used, &l->ports, &l->growth, l->seconds,
		      &l->is_short) == 10;
}

static void show_line(const struct line *l)
{
	const char *protocol = flow_protocol_text((uint8_t)l->protocol);
	bool all = l->destination[0] == '-';

	print_cell_text(l->circuit);
	print_cell_text(l->address);
	print_cell_text(protocol ? protocol : "other");
	print_cell_text(all ? NULL : l->destination);
	if (all)
		print_cell_text(NULL);
	else
		print_cell_number(l->port);
	print_cell_number(l->used);
	print_cell_number(l->ports);
	print_cell_number(l->ports ? (uint64_t)l->used * 100 / l->ports : 0);
	print_cell_number(l->growth > 0 ? (uint64_t)l->growth * 60 / 1000 : 0);
	if (l->seconds[0] == '-')
		print_cell_text(NULL);
	else
		print_cell_number(strtoull(l->seconds, NULL, 10));
	print_row_end();
}

void observe_spaces_table(const struct observe *o, int circuit)
{
	static const char *const columns[] = {"circuit", "address", "proto", "dst", "dport", "ports-used",
					      "ports", "percent", "growth-per-minute", "seconds-left", NULL};
	FILE *in = list_open(o);
	struct line l;

	if (!in)
		return;
	print_table_begin("port-spaces", columns);
	while (list_next(in, &l))
		if (circuit < 0 || !strcmp(l.circuit, observe_circuit_name(o, (unsigned int)circuit)))
			show_line(&l);
	print_table_end();
	fclose(in);
}

/* Of a circuit: how full its fullest space is, how soon the first is used up, how many are short. */
struct worst {
	uint64_t percent, seconds, count;
};

static void worst_of(FILE *in, const char *circuit, struct worst *w)
{
	struct line l;

	*w = (struct worst){ .seconds = UINT64_MAX };
	rewind(in);
	while (list_next(in, &l)) {
		uint64_t seconds = l.seconds[0] == '-' ? UINT64_MAX : strtoull(l.seconds, NULL, 10);
		uint64_t percent = l.ports ? (uint64_t)l.used * 100 / l.ports : 0;

		if (strcmp(l.circuit, circuit) != 0)
			continue;
		w->percent = percent > w->percent ? percent : w->percent;
		w->seconds = seconds < w->seconds ? seconds : w->seconds;
		w->count += l.is_short != 0;
	}
}

static void metric(const struct observe *o, FILE *in, FILE *out, int which, const char *name,
		   const char *help)
{
	fprintf(out, "# HELP samepath_%s %s\n# TYPE samepath_%s gauge\n", name, help, name);
	for (unsigned int i = 1; i < CIRCUITS_MAX; i++) {
		struct worst w;
		uint64_t value;

		if (!o->circuits[i][0])
			continue;
		worst_of(in, o->circuits[i], &w);
		value = which == 0 ? w.percent : which == 1 ? w.seconds : w.count;
		if (value == UINT64_MAX)
			continue;
		fprintf(out, "samepath_%s{gateway=\"", name);
		observe_label(out, o->name);
		fputs("\",circuit=\"", out);
		observe_label(out, o->circuits[i]);
		fprintf(out, "\"} %" PRIu64 "\n", value);
	}
}

void observe_spaces_metrics(const struct observe *o, FILE *out)
{
	FILE *in = observe_daemon(o->name) ? list_open(o) : NULL;

	if (!in)
		return;
	metric(o, in, out, 0, "circuit_port_space_percent",
	       "Ports in use of the fullest port space: one pool address toward one destination.");
	metric(o, in, out, 1, "circuit_port_space_seconds",
	       "Until a port space is used up, as it grows now; absent when none grows.");
	metric(o, in, out, 2, "circuit_port_spaces_short",
	       "Port spaces above the mark, or used up within minutes.");
	fclose(in);
}
