/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of doctor_memory.c that ask nobody. */
#ifndef SAMEPATH_USERSPACE_DOCTOR_MEMORY_H
#define SAMEPATH_USERSPACE_DOCTOR_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* MemAvailable of the text of /proc/meminfo, bytes; UINT64_MAX: it does not say. */
uint64_t doctor_available(const char *meminfo);
/* Bytes that the tightest of the cgroups from `group` ("/a/b") up to `root` still gives, and which that
 * is; UINT64_MAX: none has a limit. */
uint64_t doctor_cgroup_room(const char *root, const char *group, char *tightest, size_t size);

#endif
