/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doctor: is this machine ready for the gateway, and is what runs still whole? One row for each thing
 * that was looked at: what, where, how it is, why that matters, and the command that mends it.
 *
 * Before the gateway is applied the file is judged, and what `apply` sets itself is no fault; while it
 * runs, what was applied is, and all that `apply` made must be there. A fatal row is one that `apply`
 * refuses for, in the same words and by the same code, or with which the gateway that runs loses
 * packets.
 */
#ifndef SAMEPATH_USERSPACE_DOCTOR_H
#define SAMEPATH_USERSPACE_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config.h"
#include "instance.h"
#include "kernel.h"
#include "observe.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FATAL };

struct doctor_row {
	const char *check; /* what is looked at, a constant */
	char *on; /* interface, circuit, address; "": the machine */
	enum doctor_verdict verdict;
	char *reason;
	char *repair; /* a command for the shell, NULL: none mends it from here */
};

/* A device of the configuration that is there. */
struct doctor_device {
	const struct kernel_link *link;
	const struct kernel_link
		*trunk; /* where its frames go by: the device itself, or that below its tags */
	const struct config_circuit *circuit; /* NULL: inside */
	const struct config_link *at; /* of a circuit */
	bool first; /* of its trunk in the list */
};

/* What is judged, and the rows. Whoever fills it in keeps what it points to. */
struct doctor {
	const struct config *config;
	const struct instance *instance;
	bool running; /* it is applied */
	char again[512]; /* the command that applies it again */
	const struct kernel_link *links;
	size_t link_count;
	const struct kernel_address *addresses;
	size_t address_count;
	const struct kernel_want *want;
	struct kernel_route *routes;
	struct kernel_rule *rules;
	size_t route_count, rule_count;
	struct observe *observe; /* while it runs */
	struct doctor_device *devices;
	size_t device_count;
	struct doctor_row *rows;
	size_t count;
};

/* Looks at everything and prints it; with `all` what is well too. Status for the shell. */
int doctor(bool all);

/* What apply refuses for, beyond its own errors; devices are made from config and links. */
void doctor_refusals(struct doctor *d);
/* The first fatal row; NULL: none. */
const struct doctor_row *doctor_fatal(const struct doctor *d);
void doctor_free(struct doctor *d); /* rows, devices, routes, rules */

/* For the probes. `repair` may be NULL. */
void doctor_add(struct doctor *d, const char *check, const char *on, enum doctor_verdict verdict,
		const char *repair, const char *reason, ...) __attribute__((format(printf, 6, 7)));
void doctor_devices(struct doctor *d);
/* The device of the list with this number; NULL: none. */
const struct doctor_device *doctor_device_at(const struct doctor *d, int ifindex);

/* The groups, each in a file of its own. */
void doctor_environment(struct doctor *d); /* needs nothing of *d */
void doctor_features(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_links(struct doctor *d);
void doctor_rivals_xdp(struct doctor *d);
void doctor_attached(struct doctor *d);
void doctor_filters(struct doctor *d);
void doctor_settings(struct doctor *d);
void doctor_rules(struct doctor *d);
void doctor_routes(struct doctor *d);
void doctor_neighbours(struct doctor *d);
void doctor_nat(struct doctor *d);
void doctor_host(struct doctor *d);
void doctor_sessions(struct doctor *d);

#endif
