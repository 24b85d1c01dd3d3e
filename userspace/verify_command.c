// SPDX-License-Identifier: GPL-2.0-only
#include "print.h"
#include "report.h"
#include "verify.h"
#include "verify_command.h"

static int judged(struct paper *plan, bool paths)
{
	struct findings findings = { 0 };
	int status = EXIT_TROUBLE;
	struct verify v;

	if (verify_walk(plan, &v) || verify_checks(&v, &findings))
		print_error("%s: out of memory", plan->file);
	else
		status = verify_print(&v, &findings, paths) ? EXIT_DONE : EXIT_NO;
	findings_free(&findings);
	verify_free(&v);
	return status;
}

int verify_command(const char *file, bool paths)
{
	struct report report = { 0 };
	struct paper *plan = paper_read(file, &report);
	int status;

	/* Warnings about configurations are for who reads: a document has its own place for judgements. */
	if (!plan || !print_json)
		report_print(&report);
	report_free(&report);
	if (!plan)
		return EXIT_TROUBLE;
	status = judged(plan, paths);
	paper_free(plan);
	return status;
}
