/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is handed to others from a plan: `samepath plan`. Each artefact is a file plan_*.c with one
 * function that prints it from the plan as it was read and walked, and returns an enum exit_status.
 */
#ifndef SAMEPATH_USERSPACE_PLAN_H
#define SAMEPATH_USERSPACE_PLAN_H

#include "verify.h"

/* Words of the command; each artefact takes those that the table in cmd_plan.c lets it have. */
struct plan_words {
	const char *file;
	const char *proxy, *location; /* NULL: not given */
	const char *before; /* an older plan */
	const char *csv; /* a form of the catalogue */
	const char *gateway; /* -g, NULL: all of the plan */
	bool svg, bird, frr;
};
/* A plan that was read, walked and checked. */
struct plan {
	const struct plan_words *words;
	struct paper *paper;
	struct verify v;
	struct findings findings;
};
typedef int plan_artefact(const struct plan *p);

plan_artefact plan_catalogue, plan_checklist, plan_dns, plan_graph, plan_pac, plan_prefix_lists;

int plan_command(const struct plan_words *words, plan_artefact *artefact);

/* Does the row tell of the plan as it stands, nothing failing? */
bool plan_base(const struct verify *v, const struct flow_row *row);

#endif
