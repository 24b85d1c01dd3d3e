// SPDX-License-Identifier: GPL-2.0-only
/* Names of a plan in the public DNS: what they stand for, and who may send mail for them. */
#include <ctype.h>
#include <string.h>
#include "paper_read.h"

const struct paper_service *paper_service(const struct paper *p, const char *name)
{
	for (size_t i = 0; i < p->service_count; i++)
		if (!strcmp(p->services[i].name, name))
			return &p->services[i];
	return NULL;
}

/* Labels of letters, digits, - and _, with dots between; what zone files and messages can hold
 * as it is. */
static bool name_good(const char *text)
{
	size_t label = 0, length = strlen(text);

	for (const char *c = text; *c; c++) {
		if (*c == '.' ? !label : !isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
		label = *c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label && length <= 253;
}

static bool one(struct paper *p, const struct paper_dns *d, struct report *r)
{
	size_t before = r->errors;

	if (!name_good(d->name))
		report_error(
			r, p->file, d->line,
			"dns.name: %.80s: no name of the DNS; one such as mail.example.com is accepted",
			d->name);
	if (!d->service.text && !d->spf.count)
		report_error(
			r, p->file, d->line,
			"dns[%.80s]: stands for nothing; accepted: a service, or circuits and services in `spf`",
			d->name);
	if (d->service.text && !paper_service(p, d->service.text))
		report_error(r, p->file, d->service.line,
			     "dns[%.80s].service: %s: no such service; accepted: one of the plan",
			     d->name, d->service.text);
	for (size_t i = 0; i < d->spf.count; i++)
		if (!paper_circuit(p, d->spf.at[i].text) && !paper_service(p, d->spf.at[i].text))
			report_error(
				r, p->file, d->spf.at[i].line,
				"dns[%.80s].spf: %s: no such circuit or service; accepted: one of the plan",
				d->name, d->spf.at[i].text);
	return r->errors == before;
}

bool paper_dns(struct paper *p, struct report *r)
{
	bool good = true;

	for (size_t i = 0; i < p->dns_count; i++)
		good &= one(p, &p->dns[i], r);
	return good;
}
