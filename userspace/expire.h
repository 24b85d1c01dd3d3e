/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expiry: the daemon drives iterator programs over the tables; what is dead for a further second is
 * deleted by them, in the kernel. A sweep is: flows, then mappings (a mapping lives while a sweep
 * finds a flow under it, so flows must have been walked first), then hosts without flows.
 */
#ifndef SAMEPATH_USERSPACE_EXPIRE_H
#define SAMEPATH_USERSPACE_EXPIRE_H

#include "observe.h"

#define EXPIRE_READ 4096 /* bytes a read: bounds the time in the kernel */
#define EXPIRE_HOST_REST (2 * NANOSECONDS)

/* A descriptor that runs the pinned iterator program over the pinned map while it is read.
 * -errno, said. The caller closes it. */
int expire_iterate(const struct observe *o, const char *program, const char *map);

/* One whole sweep. `result` is what the programs counted, `took` its length in ns.
 * 0 or -errno, said; a failure in one table does not keep the others from their sweep. */
int expire_sweep(const struct observe *o, struct sweep *result, uint64_t *took);

/* Pause behind a sweep: nine times its length, at least a second; ns. */
uint64_t expire_pause(uint64_t took);

#endif
