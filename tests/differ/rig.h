/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two rigs: the same gateway twice, one the kernel's, one samepath's, three wires each. All far ends are in
 * the namespace of the driver, as kernel-lan and so on, with equal MAC addresses. Behind what was sent a marker
 * goes the same way, and when it has come out on the other side, so has everything before it: nobody waits by
 * the clock.
 */
#ifndef DIFFER_RIG_H
#define DIFFER_RIG_H

#include "frame.h"

enum rig { KERNEL, SAMEPATH, RIGS };
enum wire { LAN, WAN, ER, WIRES }; /* inside; the two circuits */

#define OUTPUT_MAX 24

/* What came out of one rig: which frame on which wire. */
struct output {
	int count;
	enum wire wire[OUTPUT_MAX];
	struct frame frame[OUTPUT_MAX];
};

extern const char *const rig_names[RIGS], *const wire_names[WIRES];

void rig_open(void);
void rig_send(enum rig rig, enum wire wire, const struct frame *f);
/* What came out of the rig since the last time, up to the marker behind what was sent on this wire. */
void rig_collect(enum rig rig, enum wire wire, struct output *out);
/* What else comes within so many ms. */
void rig_wait(enum rig rig, int ms, struct output *out);
/* The markers' own conversations stay alive; called at least once a second. */
void rig_refresh(void);
double now(void);
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
