/* SPDX-License-Identifier: GPL-2.0-only */
/* The TC filters of a device's clsact, and the programs that tcx (Linux 6.6) runs ahead of them. */
#ifndef SAMEPATH_USERSPACE_KERNEL_FILTER_H
#define SAMEPATH_USERSPACE_KERNEL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_filter {
	bool egress;
	char kind[16];
	uint16_t priority, protocol; /* protocol in host order, an EtherType */
	uint32_t handle;
};
/* malloc'ed. 0 or -errno; a device without clsact has none. */
int kernel_filters(int ifindex, bool egress, struct kernel_filter **out, size_t *count);

#define TCX_MOST 16
struct kernel_tcx {
	uint32_t program[TCX_MOST], link[TCX_MOST]; /* ids; link 0: attached without one */
	uint32_t count;
};
/* 0 or -errno, a kernel without tcx has none. */
int kernel_tcx(int ifindex, bool egress, struct kernel_tcx *out);

#endif
