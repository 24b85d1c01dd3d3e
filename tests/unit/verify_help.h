/* SPDX-License-Identifier: GPL-2.0-only */
/* Plans for tests: read, changed by words, walked, judged. */
#ifndef SAMEPATH_TESTS_UNIT_VERIFY_HELP_H
#define SAMEPATH_TESTS_UNIT_VERIFY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define print_error cmocka_print_error /* print.h has one of its own */
#include <cmocka.h>
#undef print_error
#include "../../userspace/verify.h"

#define SOUND "tests/data/plans/sound.yaml"
#define LAB "tests/lab/plans/"
#define EDITS 4

struct judged_plan {
	struct paper *plan;
	struct verify v;
	struct findings f;
};

static inline char *slurp(const char *file)
{
	char *text = calloc(1, 64 * 1024);
	FILE *in = fopen(file, "r");

	if (!in)
		fail_msg("%s: not there", file);
	assert_true(fread(text, 1, 64 * 1024 - 1, in) < 64 * 1024 - 1);
	fclose(in);
	return text;
}

static inline void print_report(const struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		fprintf(stderr, "%s:%d: %s\n", r->lines[i].file, r->lines[i].line, r->lines[i].text);
}

/* Replaces every place where `from` stands; it must stand somewhere. */
static inline char *edit(char *text, const char *from, const char *to)
{
	size_t size = strlen(text) + 1, more = strlen(to);
	char *out, *at = text, *next;

	if (!strstr(text, from))
		fail_msg("not in the plan: %s", from);
	for (next = strstr(text, from); next; next = strstr(next + strlen(from), from))
		size += more;
	out = calloc(1, size);
	while ((next = strstr(at, from))) {
		strncat(out, at, (size_t)(next - at));
		strcat(out, to);
		at = next + strlen(from);
	}
	strcat(out, at);
	free(text);
	return out;
}

/* A plan of the lab that may be read from anywhere. */
static inline char *lab_text(const char *name)
{
	char path[128], cwd[256], feed[320];

	snprintf(path, sizeof(path), LAB "%s", name);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(feed, sizeof(feed), "%s/tests/data/demo-feed.json", cwd);
	return edit(slurp(path), "../../data/demo-feed.json", feed);
}

static inline struct paper *read_text(const char *text, struct report *report)
{
	int fd = memfd_create("plan.yaml", MFD_CLOEXEC);
	struct paper *plan;
	char path[32];

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	plan = paper_read(path, report);
	close(fd);
	return plan;
}

static inline void judge_plan(struct paper *plan, struct report *report, struct judged_plan *out)
{
	if (!plan)
		print_report(report);
	assert_non_null(plan);
	report_free(report);
	out->plan = plan;
	assert_int_equal(verify_walk(plan, &out->v), 0);
	assert_int_equal(verify_checks(&out->v, &out->f), 0);
}

static inline void judge_text(const char *text, struct judged_plan *out)
{
	struct report report = { 0 };

	judge_plan(read_text(text, &report), &report, out);
}

static inline void judge_file(const char *file, struct judged_plan *out)
{
	struct report report = { 0 };

	judge_plan(paper_read(file, &report), &report, out);
}

static inline void done(struct judged_plan *p)
{
	findings_free(&p->f);
	verify_free(&p->v);
	paper_free(p->plan);
}

/* How often the check says no with that severity at least, about something with this text. */
static inline size_t red(const struct judged_plan *p, const char *name, enum severity least,
			 const char *about)
{
	size_t count = 0;

	for (size_t i = 0; i < p->f.count; i++)
		count += p->f.at[i].verdict == CHECK_NO && p->f.at[i].severity >= least &&
			 !strcmp(p->f.at[i].name, name) && strstr(p->f.at[i].reason, about);
	return count;
}

static inline size_t errors(const struct judged_plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->f.count; i++)
		count += p->f.at[i].verdict == CHECK_NO && p->f.at[i].severity == SEVERITY_ERROR;
	return count;
}

static inline void print_findings(const struct judged_plan *p)
{
	for (size_t i = 0; i < p->f.count; i++)
		if (p->f.at[i].verdict == CHECK_NO)
			fprintf(stderr, "  %u %s: %s\n", p->f.at[i].number, p->f.at[i].name,
				p->f.at[i].reason);
}

#endif
