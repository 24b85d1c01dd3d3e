// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "apply_look.h"
#include "apply_plan.h"
#include "print.h"

/* Interfaces, servers, and what somebody else has in the way of rules and routes. */
static int judge(struct plan *p)
{
	struct report aside = { 0 }; /* of devices that are down, which is no judgment of apply's */
	int err;

	if (!plan_devices(p))
		plan_sources(p);
	err = kernel_want_build(p->config, p->links, p->link_count, p->addresses, p->address_count,
				&p->want, &aside);
	report_free(&aside);
	return err ? err : kernel_plan_conflicts(&p->want, p->instance.run, &p->report);
}

int apply_look(const struct config *c, const char *gateway, struct apply_look *out)
{
	const struct apply_request request = { 0 };
	struct plan *p = calloc(1, sizeof(*p));
	int err;

	memset(out, 0, sizeof(*out));
	if (!p)
		return print_error("out of memory"), -ENOMEM;
	p->request = &request;
	p->config = (struct config *)c;
	err = instance_open(&p->instance, gateway);
	err = err ? err : plan_facts(p);
	err = err ? err : judge(p);
	*out = (struct apply_look){ .links = p->links,
				    .link_count = p->link_count,
				    .addresses = p->addresses,
				    .address_count = p->address_count,
				    .want = p->want,
				    .report = p->report };
	free(p->sources.at);
	free(p->answers.at);
	free(p->names);
	free(p);
	return err;
}

void apply_look_free(struct apply_look *look)
{
	kernel_want_free(&look->want);
	report_free(&look->report);
	free(look->links);
	free(look->addresses);
}
