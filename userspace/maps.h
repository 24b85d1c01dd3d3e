/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pinned maps and programs of an instance: the one module that knows how they lie in its pin
 * directory. A map is pinned under its own name, a program as prog_NAME, an XDP attachment as
 * link_DEVICE. All are made by `apply`; everybody else opens what is pinned.
 */
#ifndef SAMEPATH_USERSPACE_MAPS_H
#define SAMEPATH_USERSPACE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "prefix.h"
#include "../maps/asked.h"
#include "../maps/circuit.h"
#include "../maps/event.h"
#include "../maps/flow_table.h"
#include "../maps/fragment.h"
#include "../maps/next_hop.h"
#include "../maps/prefix.h"
#include "../maps/service.h"
#include "../maps/settings.h"
#include "../maps/stage.h"
#include "../maps/trail.h"
#include "../maps/verdict.h"

struct config;
struct bpf_object;

/* Every map of the contract. What else the object holds belongs to its programs and is not pinned. */
#define MAPS(X) \
	X(flow_tables) X(flows4) X(flows6) X(flow_near4) X(flow_near6) X(flow_far4) X(flow_far6) X(hosts) X(half_open) X(sweep) X(mappings4) X(mappings6) X(locals) \
	X(listeners) X(circuits) X(rules) X(links) X(drains) X(sources) X(answers) X(failed) X(probes) \
	X(circuit_counters) X(class_counters) X(names) X(segments4) X(segments6) X(classes4) \
	X(classes6) X(owners) X(policy) X(live) X(watch) X(settings) X(version) X(verdicts) X(answers_sent) \
	X(next_hops) X(events) X(events_lost) X(event_budgets) X(ports) X(services) X(server_health) \
	X(service_loads) X(service_counters) X(rates) X(proofs) X(secret) \
	X(stages) X(fragments4) X(fragments6) X(fragment_ids) X(fragment_waits) X(fragment_notes) \
	X(fragment_holder) X(explain_stages) X(trail) X(asked)

/* A program explain_NAME is samepath_NAME of the object loaded once more, with `dry` set: see bpf/dry.h. */
#define PROGRAMS(X) \
	X(samepath_xdp) X(samepath_guard) X(samepath_resolve) X(expire_flows4) X(expire_flows6) \
	X(expire_mappings4) X(expire_mappings6) X(list_flows4) X(list_flows6) X(kill_flow) \
	X(report) X(samepath_rare4) X(samepath_rare6) \
	X(samepath_error4) X(samepath_error6) \
	X(explain_xdp) X(explain_rare4) X(explain_rare6) X(explain_error4) X(explain_error6)

#define MAPS_ENUM(name) MAP_##name,
enum map_index { MAPS(MAPS_ENUM) MAP_COUNT };
#undef MAPS_ENUM
#define PROGRAMS_ENUM(name) PROGRAM_##name,
enum program_index { PROGRAMS(PROGRAMS_ENUM) PROGRAM_COUNT };
#undef PROGRAMS_ENUM

struct maps {
	char pins[128]; /* directory */
	int map[MAP_COUNT]; /* descriptors, -1: not open */
	int program[PROGRAM_COUNT];
	int former[PROGRAM_COUNT]; /* pinned programs that `program` replaces, -1: none */
	bool replaces; /* by maps_load: other programs than the pinned ones */
	uint64_t digest; /* of the object that is built in */
	struct bpf_object *object; /* of maps_load */
	struct bpf_object *dry; /* the same, to explain */
};

const char *map_name(enum map_index map);
const char *program_name(enum program_index program);
/* Has the loaded program this name, as far as the kernel keeps it (15 characters)? `fd` negative: no. */
bool program_bears(int fd, const char *name);

/* Is there a gateway in this directory? Any pinned map counts. */
bool maps_pinned(const char *pins);
/* No descriptors yet. */
void maps_none(struct maps *m, const char *pins);
/* Opens all pins. 0 or -errno, said in one line that names the pin (-EPROTO: another version). */
int maps_open(struct maps *m, const char *pins);
/* Loads the object that is built in, over the maps that are pinned; new ones are sized by `limits`.
 * Pins nothing. A pinned map of another shape is refused in one line that says what to do. A program
 * that equals the pinned one is taken from the pin, so that it is not replaced for nothing; where all
 * pins are of this very object, nothing is loaded at all: to verify the programs takes most of a second. */
int maps_load(struct maps *m, const char *pins, const struct config *config);
/* Bytes that maps_load would take for a configuration. */
uint64_t maps_memory(const struct config *config);
struct map_shape {
	uint32_t type, flags, key_size, value_size;
	uint64_t entries;
};
uint64_t map_memory(const struct map_shape *m, unsigned int cpus);
/* Pins what is not pinned, and puts replaced programs over their pins. 0 or -errno, said. */
int maps_pin(struct maps *m);
/* Puts the former programs over the pins again. 0 or -errno. */
int maps_pin_former(struct maps *m);
/* Removes all pins of maps and programs. 0 or -errno, said. */
int maps_unpin(const char *pins);
void maps_close(struct maps *m);
/* The descriptors alone; what was opened to be loaded stays. */
void maps_close_descriptors(struct maps *m);

/* The inner map of a slot for reading; -errno. The caller closes it. */
int maps_inner(const struct maps *m, enum map_index outer, uint32_t slot);
/* Puts `inner` into the slot. Returns when no packet reads the former one any more. */
int maps_put_inner(const struct maps *m, enum map_index outer, uint32_t slot, int inner);
/* New inner maps. A descriptor or -errno. */
int maps_new_trie(size_t key_size);
int maps_new_table(uint32_t entries);
/* Writes many entries: by batch where the kernel can, else one by one. 0 or -errno. */
int maps_fill(int fd, void *keys, size_t key_size, void *values, size_t value_size, size_t count);

/* Single entries, with 0 or -errno. */
int maps_get(const struct maps *m, enum map_index map, const void *key, void *value);
int maps_set(const struct maps *m, enum map_index map, const void *key, const void *value);
int maps_delete(const struct maps *m, enum map_index map, const void *key);
/* The key behind `key` (NULL: the first). -ENOENT at the end. */
int maps_next(const struct maps *m, enum map_index map, const void *key, void *next);
/* Adds up the copies of a per-CPU value made of 64-bit words. 0 or -errno. */
int maps_sum(const struct maps *m, enum map_index map, uint32_t index, uint64_t *sum, size_t words);

struct live maps_live(const struct maps *m);
/* The one write that makes a slot live; the generation moves with it. 0 or -errno. */
int maps_switch(const struct maps *m, uint32_t slot);

/* Runs an iterator program over a map; the descriptor is read until it ends. -errno. */
int maps_iterate(const struct maps *m, enum program_index program, enum map_index map);

struct scoped_prefix scoped_prefix(uint32_t scope, const struct prefix *p);
/* Back again. */
struct prefix scoped_prefix_of(const struct scoped_prefix *s);

#endif
