// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"
#include "print.h"

bool plan_base(const struct verify *v, const struct flow_row *row)
{
	return row->walk.failure == &v->failures[0];
}

int plan_command(const struct plan_words *words, plan_artefact *artefact)
{
	struct report report = { 0 };
	struct plan p = { .words = words, .paper = paper_read(words->file, &report) };
	int status;

	/* What is printed is read by programs: warnings about configurations are `verify`'s to say. */
	if (!p.paper)
		report_print(&report);
	report_free(&report);
	if (!p.paper)
		return EXIT_TROUBLE;
	if (verify_walk(p.paper, &p.v) || verify_checks(&p.v, &p.findings))
		status = print_error("%s: out of memory", words->file);
	else
		status = artefact(&p);
	findings_free(&p.findings);
	verify_free(&p.v);
	paper_free(p.paper);
	return status;
}
