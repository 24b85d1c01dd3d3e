// SPDX-License-Identifier: GPL-2.0-only
/* What doctor calls fatal is what apply refuses for. */
#include <errno.h>
#include <string.h>
#include "apply_plan.h"
#include "doctor.h"
#include "print.h"

static int code_of(const struct doctor_row *row)
{
	return !strcmp(row->check, "privileges") ? -EPERM :
	       !strcmp(row->check, "bpffs")	 ? -ENODEV :
						   -ENOSYS;
}

int apply_environment(void)
{
	struct doctor d = { 0 };
	const struct doctor_row *row;
	int err = 0;

	doctor_environment(&d);
	row = doctor_fatal(&d);
	if (row && row->repair)
		print_error("%s; run `%s`", row->reason, row->repair);
	else if (row)
		print_error("%s", row->reason);
	if (row)
		err = code_of(row);
	doctor_free(&d);
	return err;
}

int plan_machine(struct plan *p)
{
	struct doctor d = { .config = p->config,
			    .instance = &p->instance,
			    .running = maps_pinned(p->instance.pins),
			    .links = p->links,
			    .link_count = p->link_count };

	/* a reconciliation leaves out what it can, and the kernel refuses the rest */
	if (p->request->tolerant)
		return 0;
	doctor_refusals(&d);
	for (size_t i = 0; i < d.count; i++)
		if (d.rows[i].verdict == DOCTOR_FATAL)
			report_error(&p->report, p->config->file, 0, "%s", d.rows[i].reason);
	doctor_free(&d);
	return p->report.errors ? -EINVAL : 0;
}
