/* SPDX-License-Identifier: GPL-2.0-only */
/* Port lists as feeds write them. */
#ifndef SAMEPATH_USERSPACE_FEED_PORTS_H
#define SAMEPATH_USERSPACE_FEED_PORTS_H

/*
 * Reads ports and ranges with commas, spaces anywhere between them, and writes them ascending, without
 * spaces, overlaps joined: "443, 80,5-7" gives "5-7,80,443". The caller frees *out; blank text gives
 * NULL. 0, -EINVAL (a port that is none, a range that runs backwards) or -ENOMEM.
 */
int feed_ports(const char *text, char **out);

#endif
