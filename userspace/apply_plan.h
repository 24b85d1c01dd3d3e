/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan of one `apply`: what is, what shall be, and the steps between. Private to apply*.c and
 * retire.c. */
#ifndef SAMEPATH_USERSPACE_APPLY_PLAN_H
#define SAMEPATH_USERSPACE_APPLY_PLAN_H

#include "apply.h"
#include "config.h"
#include "feed.h"
#include "image.h"
#include "instance.h"
#include "kernel.h"
#include "maps.h"
#include "report.h"
#include "retire.h"
#include "steps.h"

#define DEVICES_MAX 256

struct plan_device {
	const struct kernel_link *link;
	struct kernel_place place; /* the programs sit on its trunk, once for all devices there */
	struct role role;
};

/* A set of (circuit or ifindex, prefix). */
struct scoped {
	uint32_t scope;
	struct prefix prefix;
	uint32_t value; /* enum source_state; of answers SOURCE_WANTED */
};
struct scoped_set {
	struct scoped *at;
	size_t count;
};

struct name {
	struct name_key key;
	uint32_t number;
	bool fresh, used;
};

/* A file of the run directory before it was written; data NULL: there was none. */
struct former_file {
	char *data;
	size_t size;
};

struct plan {
	const struct apply_request *request;
	struct instance instance;
	struct report report;
	struct config *config;
	struct feeds feeds;
	struct image *image;
	struct kernel_link *links;
	struct kernel_address *addresses;
	size_t link_count, address_count;
	struct plan_device devices[DEVICES_MAX];
	size_t device_count;
	struct scoped_set sources, answers; /* wanted */
	struct name *names;
	size_t name_count;
	struct kernel_want want;
	struct maps maps;
	bool again; /* what was applied, to be read when the lock is held */
	bool pinned; /* there were pins before */
	bool has_maps;
	struct live live;
	uint64_t digest; /* of what the slot shall hold */
	bool same_slot; /* what is live holds just that */
	char slot_text[256]; /* what is remembered of the live filling */
	struct census census;
	struct steps before, last, after;
	char origin[512]; /* absolute path of the configuration */
	struct former_file former_applied, former_origin, *former_feeds; /* NULL: none yet */
};

/* Facts and wishes (apply_facts.c). 0 or -errno, reported in plan->report. */
int plan_facts(struct plan *p);
int plan_devices(struct plan *p);
int plan_sources(struct plan *p);
/* What doctor calls fatal (apply_environment.c). */
int plan_machine(struct plan *p);
void plan_ranges(struct plan *p);
/* The links of each circuit, into the image. */
void plan_circuit_links(struct plan *p);
/* The gateway's own ephemeral ports, into the settings. */
void plan_ports(struct plan *p);
/* What is there already keeps its value. 0 or -errno. */
int scoped_add(struct scoped_set *s, uint32_t scope, const struct prefix *prefix);
int scoped_put(struct scoped_set *s, uint32_t scope, const struct prefix *prefix, uint32_t value);
/* NULL: not there. */
const struct scoped *scoped_find(const struct scoped_set *s, uint32_t scope, const struct prefix *prefix);
const struct kernel_link *plan_link(const struct plan *p, const char *name);
const struct kernel_link *plan_link_at(const struct plan *p, int ifindex);
bool plan_has_device(const struct plan *p, int ifindex);
/* Does a device of the plan go by this one, with `circuits` a link of a circuit? */
bool plan_has_trunk(const struct plan *p, const char *name, bool circuits);
/* Is the device the first of its trunk in the list? */
bool plan_first_there(const struct plan *p, const struct plan_device *d);
/* Adds a device that is there; -ENOSPC: there are too many, or what kernel_place() says. */
int plan_device_add(struct plan *p, const struct kernel_link *link, struct role role);

/* Answers for what of `pool` lies in a subnet of the circuit's links; circuit 0: of the inside
 * (apply_answer.c). 0 or -errno. */
int plan_answers(struct plan *p, uint32_t circuit, const struct prefix *pool);
/* Tells the neighbours where those addresses are now. */
void plan_announce(const struct plan *p);
struct prefix subnet_of(const struct kernel_address *a);
struct in6_addr last_of(const struct prefix *p);
/* The low 32 bits of an address, host order. */
uint32_t host_of(const struct in6_addr *a);
void set_host(struct in6_addr *a, uint32_t host);

/* Configuration and records of feeds in the run directory, as the last step but removals
 * (apply_applied.c). */
int plan_applied(struct plan *p);

/* The lines of the list: text, or rows of a table that has begun. How many. */
size_t list_steps(const struct steps *s, bool json);

/* Numbers of names (apply_name.c). */
int names_load(struct plan *p);
int names_number(void *plan, enum name_kind kind, const char *name);
int names_write(struct plan *p);
/* Gives numbers back that no flow holds. A step of `after`. */
int plan_names(struct plan *p);

/* Entries of `sources` and `answers`, as steps (apply_entry.c). */
int plan_entries(struct plan *p);
/* What the map holds now. */
int scoped_read(const struct maps *m, enum map_index map, struct scoped_set *out);

/* What is to be attached, as steps (apply_attach.c). */
int plan_attach(struct plan *p);

/* What is attached, or journaled so, on devices that the plan does not have (apply_remove.c). An empty
 * plan removes all. */
int plan_xdp_removals(struct plan *p, struct steps *s);
int plan_tc_removals(struct plan *p, struct steps *s);

/* The slot (apply_slot.c). */
void plan_digest(struct plan *p);
int plan_slot(struct plan *p);
/* Services, their ports and what is known of their servers, into a slot that no packet reads
 * (apply_service.c). 0 or -errno. */
int plan_fill_services(const struct plan *p, uint32_t slot);
/* The kernel's own addresses and listening ports, which change without us. */
int plan_locals(struct plan *p);

#endif
