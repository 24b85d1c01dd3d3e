/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "rxvlan" of a device (ethtool -k: rx-vlan-offload). While it is on, hardware takes the outer VLAN tag off
 * a frame and tells it beside the frame, where XDP does not see it: on a trunk it must be off. It is read,
 * set, journaled and put back like a sysctl, under a path that none of these has.
 */
#ifndef SAMEPATH_USERSPACE_OFFLOAD_H
#define SAMEPATH_USERSPACE_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>

#define OFFLOAD_PATH "ethtool/"

bool offload_is(const char *path);
/* "on" or "off". 0 or -errno, -ENOENT: no such device. */
int offload_get(const char *path, char *value, size_t size);
/* -EOPNOTSUPP: it cannot be changed on this device. */
int offload_set(const char *path, const char *value);
/* How a person would set this setting, sysctls included. Returns `text`. */
const char *offload_text(const char *path, const char *value, char *text, size_t size);

#endif
