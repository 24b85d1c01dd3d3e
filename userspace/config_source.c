// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of a configuration file before they become a tree. libyaml's event parser keeps its
 * place in a list, not on the stack, so anything may be shown to it; the tree is built only from
 * what turned out to be one shallow document without aliases.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "config_read.h"

#define SOURCE_MAX (4u << 20) /* bytes */
#define DEPTH_MAX 16
#define NODES_MAX 200000

struct scan {
	const char *file, *first; /* the key that it begins with */
	struct report *report;
	int depth, documents, nodes;
};

static int refuse(struct scan *s, const yaml_event_t *e, const char *why)
{
	report_error(s->report, s->file, (int)e->start_mark.line + 1, "%s", why);
	return -1;
}

static bool anchored(const yaml_event_t *e)
{
	return (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
	       (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor) ||
	       (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor);
}

static bool tagged(const yaml_event_t *e)
{
	return (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
	       (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag) ||
	       (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag);
}

static int scan_event(struct scan *s, const yaml_event_t *e)
{
	if (e->type == YAML_DOCUMENT_START_EVENT && ++s->documents > 1)
		return refuse(s, e, "a second document; a configuration is one document");
	if (e->type == YAML_ALIAS_EVENT || anchored(e))
		return refuse(s, e, "YAML anchors (&) and aliases (*) are not accepted; write the value out");
	if (tagged(e))
		return refuse(s, e, "YAML tags (!) are not accepted");
	if (++s->nodes > NODES_MAX)
		return refuse(s, e, "more than 200000 values; this is no configuration");
	if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
		if (++s->depth > DEPTH_MAX)
			return refuse(s, e, "nested deeper than 16 levels; this is no configuration");
	if (e->type == YAML_SEQUENCE_END_EVENT || e->type == YAML_MAPPING_END_EVENT)
		s->depth--;
	return 0;
}

/* libyaml says "cannot start any token" of a tab, which an editor shows as blanks. */
static bool indented_by_tab(const char *bytes, size_t size, size_t line)
{
	const char *end = bytes + size, *at = bytes;

	for (; line && at; line--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	while (at && at < end && *at == ' ')
		at++;
	return at && at < end && *at == '\t';
}

static void syntax_error(struct scan *s, const yaml_parser_t *p, const char *bytes, size_t size)
{
	const char *problem = p->problem ? p->problem : "cannot be read";
	int line = (int)p->problem_mark.line + 1;

	/* Of a reader's error libyaml knows the offset only. */
	if (p->error == YAML_READER_ERROR)
		report_error(s->report, s->file, 0, "byte %zu: %s; a text file in UTF-8 is accepted",
			     p->problem_offset, problem);
	else if (indented_by_tab(bytes, size, p->problem_mark.line))
		report_error(s->report, s->file, line, "not YAML: indented by a tab; accepted: blanks");
	else if (p->context)
		report_error(s->report, s->file, line, "not YAML: %s, %s that begins in line %d", problem,
			     p->context, (int)p->context_mark.line + 1);
	else
		report_error(s->report, s->file, line, "not YAML: %s", problem);
}

static int scan_all(struct scan *s, const char *bytes, size_t size)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;
	int err = -1;

	if (!yaml_parser_initialize(&parser))
		return -1;
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
	while (!end) {
		if (!yaml_parser_parse(&parser, &event)) {
			syntax_error(s, &parser, bytes, size);
			err = -1;
			goto out;
		}
		err = scan_event(s, &event);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (err)
			goto out;
	}
	if (!s->documents) {
		report_error(s->report, s->file, 0, "empty; a configuration begins with %s:", s->first);
		err = -1;
	}
out:
	yaml_parser_delete(&parser);
	return err;
}

static char *slurp(const char *file, size_t *size, struct report *report)
{
	struct stat st;
	char *bytes = NULL;
	FILE *in;

	in = fopen(file, "re");
	if (!in || fstat(fileno(in), &st)) {
		report_error(report, file, 0, "cannot be read: %s", strerror(errno));
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		report_error(report, file, 0, "is a directory; a YAML file is accepted");
		goto out;
	}
	/* Read to the end instead of trusting st_size: a pipe has none. */
	bytes = malloc(SOURCE_MAX + 1);
	if (!bytes) {
		report_error(report, file, 0, "cannot be read: %s", strerror(ENOMEM));
		goto out;
	}
	*size = fread(bytes, 1, SOURCE_MAX + 1, in);
	if (ferror(in) || *size > SOURCE_MAX) {
		report_error(report, file, 0, "%s", ferror(in) ? "cannot be read" : "larger than 4 MiB");
		free(bytes);
		bytes = NULL;
	}
out:
	if (in)
		fclose(in);
	return bytes;
}

char *config_source(const char *file, const char *first, size_t *size, struct report *report)
{
	struct scan s = { .file = file, .first = first, .report = report };
	char *bytes = slurp(file, size, report);

	/* libyaml would take UTF-16 by its mark. */
	if (bytes && *size >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2))) {
		report_error(report, file, 0, "UTF-16; a text file in UTF-8 is accepted");
		goto refused;
	}
	if (!bytes || !scan_all(&s, bytes, *size))
		return bytes;
refused:
	free(bytes);
	return NULL;
}
