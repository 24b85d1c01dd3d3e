/* SPDX-License-Identifier: GPL-2.0-only */
/* How long the parts of a command take, for whoever sets SAMEPATH_TIMES: a line a part on stderr. */
#ifndef SAMEPATH_USERSPACE_PHASE_H
#define SAMEPATH_USERSPACE_PHASE_H

/* A part has ended: "phase NAME: 12.345 ms" since the one before it, or since the first call. */
void phase_end(const char *name);

#endif
