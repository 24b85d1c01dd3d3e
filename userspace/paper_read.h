/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to paper*.c: the table of its keys, and what each part fills in. */
#ifndef SAMEPATH_USERSPACE_PAPER_READ_H
#define SAMEPATH_USERSPACE_PAPER_READ_H

#include "paper.h"

struct object;
extern const struct object paper_object; /* the whole file */

/* Configurations of gateways, their classes and services; destinations' feeds (paper_join.c). Each
 * reports what it cannot read; `paper_names` has been there before. */
bool paper_join(struct paper *plan, struct report *report);
/* What its names in the DNS stand for; services are joined by then (paper_dns.c). */
bool paper_dns(struct paper *plan, struct report *report);
/* What routers and the provider show, in place of what is written out (paper_dump.c). */
bool paper_dumps(struct paper *plan, struct report *report);

#endif
