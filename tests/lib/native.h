/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lets the stages of the packet path that ask no map be compiled for this machine, so that
 * sanitizers and random input reach them. Stands in for bpf/bpf_helpers.h, whose guard it takes.
 */
#ifndef SAMEPATH_TEST_NATIVE_H
#define SAMEPATH_TEST_NATIVE_H

#define __BPF_HELPERS__

/* Before any header of the kernel: libc's in6_addr and the kernel's are the same then. */
#include <netinet/in.h>
#include <linux/types.h>

#undef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))
#undef __noinline
#define __noinline __attribute__((noinline, unused))

#endif
