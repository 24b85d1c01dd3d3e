/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs on devices, as steps: XDP through a pinned bpf_link (link_DEVICE in the pin directory), the
 * egress guard and the resolving program through clsact. What is attached with the right program
 * already gets no step; another program of ours is replaced in place, so no packet passes unseen.
 *
 * The journal has a line "tc DEVICE DIRECTION" for each filter and "clsact DEVICE" for each qdisc that
 * we made. A filter is ours when it has our handle and priority and the name of our program.
 */
#ifndef SAMEPATH_USERSPACE_ATTACH_H
#define SAMEPATH_USERSPACE_ATTACH_H

#include <stdbool.h>
#include "steps.h"

struct maps;
struct instance;

/* The guard must speak before other people's filters do. */
#define ATTACH_PRIORITY 1
#define ATTACH_HANDLE 0x5a

enum attach_direction { ATTACH_INGRESS, ATTACH_EGRESS };

/* Everything by name and ifindex; `maps` and `instance` must outlive the steps. 0 or -errno, said. */
int attach_xdp(struct steps *s, const struct maps *m, const char *device, int ifindex);
int attach_tc(struct steps *s, const struct maps *m, const struct instance *i, const char *device,
	      int ifindex, enum attach_direction direction);

/* Removes what is ours on the device; nothing there, no step. `ifindex` 0: the device is gone, then
 * only the traces go. */
int detach_xdp(struct steps *s, const char *pins, const char *device);
int detach_tc(struct steps *s, const struct instance *i, const char *device, int ifindex,
	      enum attach_direction direction);
/* The clsact qdisc, when we made it and nothing else is in it by then. */
int detach_clsact(struct steps *s, const struct instance *i, const char *device, int ifindex);

/* Keeps a descriptor for the steps, and hands it on; to be called by those alone. */
int attach_hold(int fd);
/* Closes them all: to be called when no step of these will be run or undone any more. */
void attach_release(void);

/* The steps, detach_xdp's all and run, unpinned their attachments and keep them in hand. Now XDP is off
 * when this returns; what merely loses its last descriptor goes off some time later. */
int detach_xdp_finish(struct steps *s);

/* Is the XDP attachment of this device there, and on this very device? */
bool attached_xdp(const char *pins, const char *device, int ifindex);
/* Is our filter of this direction there? */
bool attached_tc(const char *device, int ifindex, enum attach_direction direction);
/*
 * Was it applied, and are programs of ours attached here, but pins of nobody to be seen? So it is within
 * `ip netns exec`, which mounts a /sys of its own: whoever looked or undid there would take a gateway that lives for
 * one that is gone. Said in one line.
 */
bool attach_hidden(const struct instance *i);
/* Name of the device behind a file name of the pin directory; NULL: no attachment. */
const char *attach_pin_device(const char *file, char *device);

#endif
