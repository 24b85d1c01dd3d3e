/* SPDX-License-Identifier: GPL-2.0-only */
/* The judgments of doctor_host.c, which ask nobody. */
#ifndef SAMEPATH_USERSPACE_DOCTOR_HOST_H
#define SAMEPATH_USERSPACE_DOCTOR_HOST_H

#include "doctor.h"

/* Ports of the circuit that translation is left on an address of the gateway whose own connections take
 * theirs from `low` to `high`. */
uint32_t ports_left(const struct config_circuit *c, uint32_t low, uint32_t high);
void judge_ports(struct doctor *d, const struct config_circuit *c, const char *address, uint32_t low,
		 uint32_t high);
/* Packets that XDP left to the kernel's neighbour output, and those that got there. */
void judge_handover(struct doctor *d, uint64_t handed, uint64_t resolved);

#endif
