/* SPDX-License-Identifier: GPL-2.0-only */
/* What `apply` knows and would say of this machine before it changes anything: for doctor. */
#ifndef SAMEPATH_USERSPACE_APPLY_LOOK_H
#define SAMEPATH_USERSPACE_APPLY_LOOK_H

#include "config.h"
#include "kernel.h"
#include "report.h"

struct apply_look {
	struct kernel_link *links;
	struct kernel_address *addresses;
	size_t link_count, address_count;
	struct kernel_want want;
	struct report report;
};

/* Needs no lock and makes no directories. 0 or -errno, said; errors of the configuration are no failure,
 * they are in the report. Frees with apply_look_free. */
int apply_look(const struct config *c, const char *gateway, struct apply_look *out);
void apply_look_free(struct apply_look *look);

#endif
