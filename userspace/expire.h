/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expiry: the daemon drives iterator programs over the tables; what is dead for a further second is
 * deleted by them, in the kernel. A sweep is: flows, then mappings (a mapping lives while a sweep
 * finds a flow under it, so flows must have been walked first), then hosts without flows.
 */
#ifndef SAMEPATH_USERSPACE_EXPIRE_H
#define SAMEPATH_USERSPACE_EXPIRE_H

#include <stdbool.h>
#include "observe.h"
#include "space.h"

#define EXPIRE_READ 4096 /* bytes a read: bounds the time in the kernel */
#define EXPIRE_HOST_REST (2 * NANOSECONDS)

/* A descriptor that runs the pinned iterator program over the pinned map while it is read.
 * -errno, said. The caller closes it. */
int expire_iterate(const struct observe *o, const char *program, const char *map);

/* A sweep on its way, so that whoever drives it has time for other things in between. Zeroed: none. */
struct expire {
	struct sweep result; /* what the programs counted, valid when the sweep is over */
	unsigned int stage; /* which table */
	uint32_t last; /* of a flow table: the entry at which the walk ends */
	int fd; /* of its iterator, 0: none yet */
	int sum; /* of the map `sweep` while a flow table is walked, else not above 0 */
	int err; /* the first failure */
	bool running;
	struct spaces *spaces; /* that count the ports which are taken, the caller's; NULL: nobody does */
	char rest[sizeof(struct taken6)]; /* what the last read had of a record that it did not have all of */
	size_t rest_size;
};

/* Goes on with the sweep, or begins one, for about `slice` ns; one read may take longer. 1: it is over,
 * 0: it is not. A failure is said; one in a table does not keep the others from their sweep, but mappings
 * are swept only after their flows. */
int expire_step(const struct observe *o, struct expire *e, uint64_t slice);

/* Lets go of a sweep in its middle, so that the next step begins one. */
void expire_end(struct expire *e);

/* Pause behind `took` ns of sweeping: nine times as long, so that it costs a tenth of a core. */
uint64_t expire_pause(uint64_t took);
/* The least pause behind a whole sweep: a second, more when nearly all that it walked were entries of flows that
 * have been. */
uint64_t expire_rest(const struct sweep *s);

#endif
