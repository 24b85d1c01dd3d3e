/* SPDX-License-Identifier: GPL-2.0-only */
/* The flow catalogue in the two forms that the guide prints: what goes out, and what comes in. */
#ifndef SAMEPATH_USERSPACE_PLAN_CATALOGUE_H
#define SAMEPATH_USERSPACE_PLAN_CATALOGUE_H

#include "plan.h"

#define CATALOGUE_CELLS 12
/* A form: its properties, in the guide's words, and their keys. */
struct catalogue_form {
	const char *name;
	const char *keys[CATALOGUE_CELLS + 1]; /* NULL-ended */
	const char *titles[CATALOGUE_CELLS];
	/* What no key of a plan says: a feed, or a service of the plan's own, does. */
	bool by_hand[CATALOGUE_CELLS];
};
struct catalogue_row {
	char *cell[CATALOGUE_CELLS]; /* items between "; ", NULL: the plan does not say */
};
struct catalogue {
	struct catalogue_row *rows;
	size_t count;
	bool failed; /* out of memory */
};
extern const struct catalogue_form catalogue_outbound, catalogue_inbound;

/* catalogue_free gives both back, also after failures. */
void catalogue_fill_outbound(const struct plan *p, struct catalogue *c);
void catalogue_fill_inbound(const struct plan *p, struct catalogue *c);
void catalogue_free(struct catalogue *c);
/* Private to both: a new row, and an item for a cell, which has each once. */
struct catalogue_row *catalogue_row(struct catalogue *c);
void catalogue_put(struct catalogue *c, char **cell, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Devices on the question's way, "chicago: perimeter, edge". */
void catalogue_controls(struct catalogue *c, char **cell, const struct flow_row *row);

#endif
