/* SPDX-License-Identifier: GPL-2.0-only */
/* Who else translates or takes short cuts on our interfaces: judged from what their own tools print. */
#ifndef SAMEPATH_USERSPACE_DOCTOR_NAT_H
#define SAMEPATH_USERSPACE_DOCTOR_NAT_H

#include "doctor.h"

/* Rows for the rules and flowtables of `nft -j list ruleset` that may touch one of our devices. How
 * many; -EINVAL: that is no such text. */
int judge_ruleset(struct doctor *d, const char *json);
/* The same of `iptables-save -t nat` of the tool named. */
int judge_iptables(struct doctor *d, const char *tool, char *text);

#endif
