/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Apply: makes the data plane equal to a configuration, by the difference to what is there.
 *
 * Everything is planned first, as steps that can be undone, in the order of DESIGN.md section 6: pins
 * and guards, XDP, routes and rules, the slot that is not live and the switch to it, forwarding last,
 * then removals. A failure anywhere puts everything back. What vanishes from the configuration while
 * flows use it stays, retiring (retire.h).
 */
#ifndef SAMEPATH_USERSPACE_APPLY_H
#define SAMEPATH_USERSPACE_APPLY_H

#include <stdbool.h>
#include "feed.h"

#define APPLY_ORIGIN "origin" /* in the run directory: where the applied configuration came from */

#define APPLY_MEANWHILE "another configuration was applied meanwhile; by that it is judged the next time"

/* A feed of which another version comes in force, under the applied configuration. */
struct apply_feed {
	const char *name;
	const struct config *judged; /* by which it was judged: under another it does not come in force */
	void *context; /* of the three */
	struct feed *(*take)(void *context); /* the feed, which then belongs to the apply; NULL: no memory */
	/* Records the version, after the maps hold it; and puts that back when a later step fails. 0 or
	 * -errno. Both run under the lock of the instance. */
	int (*commit)(void *context);
	int (*revert)(void *context);
	char *why; /* the first error of the configuration or the feed, instead of printing it */
	size_t why_size;
};

/* Everything that can be asked of `apply`. */
struct apply_request {
	const char *file;
	const char *gateway; /* NULL: gateway.name of the file */
	bool dry_run; /* say the changes, change nothing */
	bool tolerant; /* an interface that is away is left out with a warning */
	bool quiet; /* do not list the changes */
	const struct apply_feed *feed; /* NULL: the feeds as they are */
};

/* Takes the lock of the instance. Status for the shell; everything is said. */
int apply(const struct apply_request *q);

/* For the daemon: a configuration again, with what is there of its interfaces. When `file` is the applied
 * copy, feeds are looked for where the original was. 0 or -errno, said. */
int apply_reconcile(const char *file, const char *gateway);

/* Exchanges one feed of what is applied. 0 or -errno, said. */
int apply_exchange(const char *gateway, const struct apply_feed *feed);

/* Detaches and removes everything that samepath made for this gateway: forwarding first, then the rest
 * in reverse, and goes on after a failure. Takes the lock. Status for the shell. */
int apply_stop(const char *gateway);

/* Is a kernel of this release, as uname gives it, 6.1 or later? */
bool apply_kernel_will_do(const char *release);

/* root, bpffs, kernel version, BTF: one line for what is missing. 0 or -errno. */
int apply_environment(void);

#endif
