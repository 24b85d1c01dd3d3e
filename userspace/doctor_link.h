/* SPDX-License-Identifier: GPL-2.0-only */
/* The judgments of doctor_link.c, which ask nobody. */
#ifndef SAMEPATH_USERSPACE_DOCTOR_LINK_H
#define SAMEPATH_USERSPACE_DOCTOR_LINK_H

#include "doctor.h"
#include "kernel_card.h"

/* The largest MTU of a frame that lies in one page with the headroom of XDP and the kernel's own tail.
 */
#define ONE_BUFFER_MTU 3498

void judge_queues(struct doctor *d, const char *device, const struct card *card, unsigned int cpus);
/* `bits` are those of kernel_card_xdp; whether XDP is attached stands in the device. */
void judge_driver(struct doctor *d, const struct doctor_device *device, const struct card *card,
		  uint64_t bits);
void judge_mtu(struct doctor *d, const struct doctor_device *device, uint32_t inside);

#endif
