/* SPDX-License-Identifier: GPL-2.0-only */
/* BGP sessions as BIRD and FRR list them. */
#ifndef SAMEPATH_USERSPACE_DOCTOR_SESSION_H
#define SAMEPATH_USERSPACE_DOCTOR_SESSION_H

#include "doctor.h"

/* Rows for `birdc -r show protocols`; `text` is taken apart. How many sessions. */
int judge_bird(struct doctor *d, char *text);
/* The same for `vtysh -c 'show bgp summary json'`; -EINVAL: that is no such text. */
int judge_frr(struct doctor *d, const char *json);

#endif
