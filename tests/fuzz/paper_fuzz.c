// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/plans/*.yaml tests/lab/plans/*.yaml
/* Plans: refused with lines that a terminal may show, or walked to the end; files that they name are not opened. */
#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../userspace/paper.c"
#include "../../userspace/verify.h"

#define WALKED_MOST 40 /* of each kind: more is only slower */

static bool names_files(const struct paper *p)
{
	bool named = p->registered || p->feed_count;

	for (size_t i = 0; i < p->gateway_count; i++)
		named |= p->gateways[i].file != NULL;
	return named;
}

static void walk(struct paper *p)
{
	struct findings f = { 0 };
	struct verify v;

	assert(!verify_walk(p, &v));
	for (size_t i = 0; i < v.row_count; i++)
		assert(v.rows[i]->walk.question.count > 0 &&
		       v.rows[i]->walk.question.end != WAY_UNDER_WAY);
	assert(!verify_checks(&v, &f));
	findings_free(&f);
	verify_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = { 0 };
	struct document d = { 0 };
	int fd = memfd_create("plan.yaml", MFD_CLOEXEC);
	struct paper *p;
	char path[32];

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = document_read(path, &paper_object, &d, &report);
	free(d.bytes);
	if (p) {
		p->file = config_copy(path);
		if (!report.errors && paper_names(p, &report) && !names_files(p) &&
		    paper_join(p, &report) &&
		    p->location_count + p->service_count + p->circuit_count + p->destination_count <
			    WALKED_MOST)
			walk(p);
		paper_free(p);
	}
	for (size_t i = 0; i < report.count; i++)
		for (const char *c = report.lines[i].text; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 0x7f);
	report_free(&report);
	close(fd);
	return 0;
}
