/* SPDX-License-Identifier: GPL-2.0-only */
/* `flow show` and `flow flush` behind their words. */
#ifndef SAMEPATH_USERSPACE_OBSERVE_LIST_H
#define SAMEPATH_USERSPACE_OBSERVE_LIST_H

#include "flow_filter.h"

/* Streams the flows that match; the order is the table's own. Shell status. */
int observe_flow_show(const struct observe *o, const struct flow_filter *f);
/* Ends the flows that match and says how many. Shell status. */
int observe_flow_flush(const struct observe *o, const struct flow_filter *f);

#endif
