/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of halves (maps/flow_table.h) from outside the packet path: its beginning, and one look. */
#ifndef SAMEPATH_USERSPACE_FLOW_TABLE_H
#define SAMEPATH_USERSPACE_FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "../maps/flow_table.h"

/* Descriptors of one family's maps; the caller's. */
struct flow_table_maps {
	int family; /* 4 or 6 */
	int tables, flows, near, far;
};

/* Writes the table of a family that has none yet into `flow_tables`. 0 or -errno. */
int flow_table_start(int tables, int family, uint32_t entries);

/* The half of this key, IPv4 as mapped in key and half. Returns the number of its entry, 0: there is none. */
uint32_t flow_table_find(const struct flow_table_maps *m, const struct flow_key6 *key, struct flow6 *half);

#endif
