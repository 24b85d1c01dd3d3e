/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image: what one slot of the maps shall hold, compiled from configuration and feeds without
 * touching the kernel. Pure: same input and numbers, same image.
 */
#ifndef SAMEPATH_USERSPACE_IMAGE_H
#define SAMEPATH_USERSPACE_IMAGE_H

#include "config.h"
#include "feed.h"
#include "../maps/circuit.h"
#include "../maps/prefix.h"
#include "../maps/service.h"
#include "../maps/settings.h"

struct image_entry {
	struct prefix prefix;
	uint32_t value; /* set number; of owners: struct owner copied bytewise */
};
struct image_trie {
	struct image_entry *at;
	size_t count;
};

struct image_port {
	struct service_key key;
	uint32_t service; /* number */
};

struct image {
	struct settings settings;
	struct circuit circuits[CIRCUITS_MAX]; /* by number */
	char circuit_names[CIRCUITS_MAX][64]; /* "" : none; [0] is "inside" */
	struct rule rules[RULES_MAX];
	uint32_t rule_count; /* highest index + 1 */
	char class_names[CLASSES_MAX][64]; /* [0] is "any" */
	struct service services[SERVICES_MAX]; /* by number */
	char service_names[SERVICES_MAX][64]; /* "" : none */
	struct image_port *ports;
	size_t port_count;
	struct image_trie segments4, segments6, classes4, classes6, owners;
	uint32_t source_sets, destination_sets;
	struct policy_cell *policy; /* source_sets * destination_sets cells */
};

/* Gives numbers to names: the same name the same number, new names the lowest free one. The loader
 * backs it with the pinned map `names`; tests with a table. Returns the number or -1 when full. */
typedef int (*image_number)(void *context, enum name_kind kind, const char *name);

/* NULL on error, reported. */
struct image *image_compile(const struct config *c, const struct feeds *feeds, image_number number,
			    void *context, struct report *report);
void image_free(struct image *image);

/* Ranges of a pool: usable addresses (network and broadcast of a connected subnet are left out by the
 * loader). Shared with the loader, which adds retiring ranges. */
struct pool_range pool_range_of(const struct prefix *p);
/* A prefix of an inbound pool has no .0 and .255 in it, so that a large one is several ranges; all of
 * them have the length of the prefix. */
size_t pool_inbound_parts(const struct prefix *p);
struct pool_range pool_inbound_part(const struct prefix *p, size_t part);

/* Is a server of it the public address itself? Then nothing is translated. */
bool service_passes_through(const struct config_service *s);

/* Semantic checks of DESIGN.md section 5 that need feeds or the whole policy: rule nothing can reach,
 * segment without a rule for `any`, class that selects nothing. */
void policy_check(const struct config *c, const struct feeds *feeds, struct report *report);

#endif
