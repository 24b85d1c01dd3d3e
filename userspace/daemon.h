/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon: applies, then keeps going what needs somebody awake: expiry, neighbours, listening
 * ports, probes, generations, metrics. It holds no state that the pins and the kernel do not have, so it may
 * die at any moment; and when it ends, the data plane stays.
 */
#ifndef SAMEPATH_USERSPACE_DAEMON_H
#define SAMEPATH_USERSPACE_DAEMON_H

#include <stdarg.h>
#include <systemd/sd-event.h>
#include "config.h"
#include "expire.h"
#include "instance.h"
#include "observe.h"

struct probes; /* daemon_probe.c */
struct fragments; /* daemon_fragment.c */

struct daemon {
	struct instance instance; /* its lock is not held between tasks */
	struct observe *observe;
	struct config *config; /* the applied one */
	uint64_t readings; /* of it: another number, another configuration */
	sd_event *loop;
	sd_event_source *settling; /* one for all changes: a source of its own for each would never be freed */
	const char *textfile; /* NULL: no metrics */
	int lock, watch;
	int changes; /* bits of enum kernel_change, until they are acted on */
	bool wants_reconcile;
	bool stopped; /* `stop` took the gateway away, and no apply has brought it back yet */
	struct expire sweep;
	char *spaces_text; /* the list of port spaces as it was last written; NULL: none */
	uint64_t pools_due; /* ns */
	uint64_t retire_looked; /* ns */
	struct probes *probes; /* NULL: none yet */
	struct fragments *fragments; /* NULL: none yet */
	sd_event_source *fetching; /* the process that asks the sources of feeds; NULL: none runs */
	int64_t feeds_due; /* seconds since 1970; 0: never */
	uint64_t feeds_wait, feeds_looked, feeds_reading; /* ns, ns, a value of `readings` */
};

/* Runs until SIGTERM or SIGINT. Status for the shell. */
int daemon_run(const char *textfile);

/* A line for the journal, or for stderr when nobody connected one. `priority` as in syslog.h. */
void daemon_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes the data plane equal to the configuration; `reload`: to a changed one, else the applied one.
 * On failure the old stays, one line said. 0 or -errno. */
int daemon_apply(struct daemon *d, bool reload);
/* Reads the applied configuration again, after another command applied one. */
void daemon_reread(struct daemon *d);
/* Moves the generation, so that every flow asks its way again. 0 or -errno. */
int daemon_generation(struct daemon *d);
/* Has somebody stopped the gateway? Then there is nothing to do, until somebody applies it again. */
bool daemon_stopped(const struct daemon *d);
/* Answers for the next WATCH_LENGTH: what changed in the kernel until now has moved the generation. */
void daemon_vouch(struct daemon *d);
/* A slice of a sweep. True when the sweep is over; `pause` until the next slice, ns. */
bool daemon_sweep(struct daemon *d, uint64_t *pause);
/* Port spaces: counted from here to there, and then told of. */
void daemon_spaces_begin(struct daemon *d);
void daemon_spaces_end(struct daemon *d);
void daemon_spaces_free(struct daemon *d);
/* One round of each duty. */
void daemon_pools(struct daemon *d);
void daemon_retire(struct daemon *d);
void daemon_neighbours(struct daemon *d);
void daemon_refresh_stale(struct daemon *d);
void daemon_listeners(struct daemon *d);
void daemon_probes(struct daemon *d);
void daemon_feeds(struct daemon *d);
void daemon_probes_end(struct daemon *d);
void daemon_fragments(struct daemon *d);
void daemon_fragments_end(struct daemon *d);
/* Keeps only the capabilities that the duties need. 0 or -errno. */
int daemon_drop_capabilities(void);

#endif
