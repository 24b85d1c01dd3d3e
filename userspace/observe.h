/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeing: what the pinned maps of a gateway say. Nothing here needs the daemon, and nothing writes
 * what the data plane reads. Everything is read through the pins, so a look never disturbs a packet.
 */
#ifndef SAMEPATH_USERSPACE_OBSERVE_H
#define SAMEPATH_USERSPACE_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "flow_table.h"
#include "../maps/circuit.h"
#include "../maps/event.h"
#include "../maps/fragment.h"
#include "../maps/settings.h"
#include "../maps/verdict.h"

#define OBSERVE_NAME 64

/* A gateway whose pins are open for reading. */
struct observe {
	char name[OBSERVE_NAME];
	char directory[192];
	unsigned int cpus; /* possible ones: copies of a per-CPU value */
	struct live live;
	struct settings settings; /* of the live slot */
	char circuits[CIRCUITS_MAX][OBSERVE_NAME]; /* "": no such number */
	char classes[CLASSES_MAX][OBSERVE_NAME];
	char services[SERVICES_MAX][OBSERVE_NAME];
};

/* What `show` and the metrics say: one reading of everything that is counted. */
struct observe_counts {
	struct circuit_counter circuit[CIRCUITS_MAX];
	struct class_counter class[CLASSES_MAX];
	struct tally verdict[V_MAX];
	uint64_t lost[E_MAX];
	uint64_t answers[ANSWER_COUNT_MAX];
	uint64_t half_open[SIDE_MAX];
	struct circuit circuits[CIRCUITS_MAX]; /* of the live slot */
	uint32_t drains[CIRCUITS_MAX];
	struct sweep sweep; /* the last whole one */
	struct fragment_holder fragments;
};

/* A table of the data plane: entries in it, and how many it holds. */
struct observe_fill {
	const char *name;
	uint64_t used, limit;
};

/* A link as the live slot knows it. */
struct observe_link {
	uint32_t ifindex;
	uint32_t trunk; /* of a VLAN device */
	struct role role;
	char interface[16];
	bool up;
	uint8_t xdp; /* XDP_ATTACHED_* */
	unsigned int failed; /* next hops whose neighbour does not answer */
	bool checked; /* it has a probe */
	struct probe probe;
};

/* Name of the gateway: option -g, or gateway.name of the configuration. 0 or EXIT_TROUBLE, said. */
int observe_gateway(char *name, size_t size);
/* Both steps for a command: the gateway it is about, for free(); NULL, said. */
struct observe *observe_begin(void);
/* Opens the pins of a gateway and reads what is live. 0 or -errno, said once. */
int observe_open(struct observe *o, const char *gateway);
/* Reads slot, settings and names again. 0 or -errno. */
int observe_refresh(struct observe *o);
/* Descriptor of a pinned map, of a pinned program; -errno. The caller closes it. */
int observe_map(const struct observe *o, const char *map);
int observe_program(const struct observe *o, const char *program);
/* The inner map of a slot; -errno. The caller closes it. */
int observe_inner(const struct observe *o, const char *outer, uint32_t slot);
/* Reads `count` entries of an array, each of `size` bytes, from `first` on. `copies` above 1: one a
 * CPU, added up, and `size` is of 64-bit words. 0 or -errno with the map named on stderr. */
int observe_read(const struct observe *o, const char *map, uint32_t first, uint32_t count,
		 size_t size, unsigned int copies, void *out);
/* Number of a circuit, class or service by name, -1: none. */
int observe_circuit_number(const struct observe *o, const char *name);
int observe_class_number(const struct observe *o, const char *name);
int observe_service_number(const struct observe *o, const char *name);
const char *observe_circuit_name(const struct observe *o, unsigned int number);
const char *observe_class_name(const struct observe *o, unsigned int number);
const char *observe_service_name(const struct observe *o, unsigned int number);

/* Reads all counters, added up over the CPUs. 0 or -errno with the map named on stderr. */
int observe_counts(const struct observe *o, struct observe_counts *c);
/* Flows pinned to a circuit now. */
uint64_t observe_flows(const struct observe_counts *c, unsigned int circuit);
/* Links of the live slot, malloc'ed. 0 or -errno. */
int observe_links(const struct observe *o, struct observe_link **out, size_t *count);
/* State of the probe: "-" without one, "up", "down", "unknown" when nobody asks any more. */
const char *observe_probe_text(const struct observe_link *l, bool daemon);
/* Whether the daemon of this gateway runs. */
bool observe_daemon(const char *gateway);
/* Nanoseconds of the packet path's clock: CLOCK_MONOTONIC outside of every time namespace. */
uint64_t observe_now(void);
/* Adds `cpus` copies of a value made of 64-bit words into `sum`. */
void observe_add(uint64_t *sum, const uint64_t *copies, size_t words, unsigned int cpus);
#define INBOUND_PORTS 65535 /* of an address of an inbound pool, whatever the circuit's port-range */
/* Ports that translation may use on one address of the circuit's outbound pool. */
uint64_t observe_ports(const struct circuit *c);
/* "ready", "retiring,monitor", ... */
const char *observe_circuit_state(const struct circuit *c, bool drained, char *buffer, size_t size);

/* How full the tables are: as the last sweep saw them where a daemon sweeps, which costs nothing, and
 * counted now where none does. `fills` has room for SWEPT_MAX; `age` is that of the numbers, ns. */
size_t observe_fills(const struct observe *o, const struct observe_counts *c, bool daemon,
		     struct observe_fill *fills, uint64_t *age);

/* Calls `each` for every flow that the data plane holds, one family after the other, in bounded
 * memory; a value other than 0 ends the walk and is returned. 0 or -errno. */
typedef int (*observe_each)(void *context, const struct flow_record *record);
int observe_walk_flows(const struct observe *o, observe_each each, void *context);
/* Opens the table of one family for flow_table_find(). 0 or -errno; to be closed either way. */
int observe_flow_table(const struct observe *o, int family, struct flow_table_maps *m);
void observe_flow_table_close(struct flow_table_maps *m);
/* The last entry of a family's table that was ever given out, behind which all are free; UINT32_MAX: not known. */
uint32_t observe_flows_begun(const struct observe *o, int family);
/* Prints events until a signal ends it. Status for the shell. */
int observe_watch(const struct observe *o);

/* An event that userspace saw itself, to those who watch; what nobody watches is lost, and counted. */
void observe_report(const struct observe *o, const struct event *event);

/* `show`, and the same numbers for a textfile collector. */
int observe_show(const struct observe *o);
int observe_metrics(const struct observe *o, FILE *out);
/* Writes the metrics beside `path` and renames them over it. 0 or -errno. */
int observe_metrics_file(const struct observe *o, const char *path);
/* How many feeds wait for approval, and how many fail: two values of `show`. */
void observe_feed_values(const struct observe *o);
/* Feeds: a table of `show`, 0 or -errno; and their metrics. */
int observe_feed_table(const struct observe *o);
void observe_feed_metrics(const struct observe *o, FILE *out);
/* The fullest port spaces, as the daemon last wrote them: a table, of all circuits (-1) or one; metrics. */
#define SPACES_FILE "spaces" /* in the run directory */
void observe_spaces_table(const struct observe *o, int circuit);
void observe_spaces_metrics(const struct observe *o, FILE *out);
/* A label value: backslash, quote and newline escaped. */
void observe_label(FILE *out, const char *value);

#endif
