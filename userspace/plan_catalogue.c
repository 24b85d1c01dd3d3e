// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan_catalogue.h"
#include "print.h"

#define GUIDE_OUTBOUND 4 /* numbers of the guide's list */
#define GUIDE_INBOUND 15
#define TITLE_WIDTH 52

struct catalogue_row *catalogue_row(struct catalogue *c)
{
	struct catalogue_row *grown = realloc(c->rows, (c->count + 1) * sizeof(*grown));
	static struct catalogue_row spare;

	c->failed |= !grown;
	if (!grown)
		return &spare;
	c->rows = grown;
	grown[c->count] = (struct catalogue_row){ 0 };
	return &grown[c->count++];
}

static bool has_item(const char *cell, const char *item)
{
	size_t length = strlen(item);

	for (const char *at = cell; at; at = strstr(at, "; ") ? strstr(at, "; ") + 2 : NULL)
		if (!strncmp(at, item, length) && (!at[length] || !strncmp(at + length, "; ", 2)))
			return true;
	return false;
}

void catalogue_put(struct catalogue *c, char **cell, const char *format, ...)
{
	char *item = NULL, *grown = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&item, format, arguments) < 0)
		item = NULL;
	va_end(arguments);
	if (item && !(*cell && has_item(*cell, item)) &&
	    asprintf(&grown, "%s%s%s", *cell ? *cell : "", *cell ? "; " : "", item) < 0)
		grown = NULL;
	c->failed |= !item || (!grown && !(*cell && has_item(*cell, item)));
	free(item);
	if (!grown)
		return;
	free(*cell);
	*cell = grown;
}

void catalogue_controls(struct catalogue *c, char **cell, const struct flow_row *row)
{
	const struct way *way = &row->walk.question;
	char text[160];
	size_t used = 0;

	for (size_t i = 0; i < way->count && used < sizeof(text); i++)
		if (way->hops[i].at.kind == PLACE_FIREWALL || way->hops[i].at.kind == PLACE_GATEWAY)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", place_name(way->hops[i].at));
	if (used && row->walk.circuit)
		catalogue_put(c, cell, "%s: %s", row->walk.circuit->name, text);
}

void catalogue_free(struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < CATALOGUE_CELLS; k++)
			free(c->rows[i].cell[k]);
	free(c->rows);
	memset(c, 0, sizeof(*c));
}

/* A property a line, as in the guide; each item of a cell has a line of its own. */
static void print_text(const struct catalogue_form *form, const struct catalogue *c,
		       unsigned int guide)
{
	for (size_t i = 0; i < c->count; i++) {
		print_line("\n%s %zu (%u)", form->name, i + 1, guide);
		for (size_t k = 0; form->keys[k]; k++) {
			const char *at = c->rows[i].cell[k], *end;

			if (!at)
				print_line("  %-*s  %s", TITLE_WIDTH, form->titles[k], "-");
			for (bool first = true; at; first = false) {
				end = strstr(at, "; ");
				print_line("  %-*s  %.*s", TITLE_WIDTH,
					   first ? form->titles[k] : "",
					   (int)(end ? end - at : (long)strlen(at)), at);
				at = end ? end + 2 : NULL;
			}
		}
	}
}

static void print_rows(const struct catalogue_form *form, const struct catalogue *c)
{
	print_table_begin(form->name, form->keys);
	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; form->keys[k]; k++)
			print_cell_text(c->rows[i].cell[k]);
		print_row_end();
	}
	print_table_end();
}

/* What the guide's form asks for and the plan does not say. */
static void print_missing(const struct catalogue_form *form, const struct catalogue *c,
			  unsigned int guide)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; form->keys[k]; k++) {
			if (c->rows[i].cell[k])
				continue;
			print_cell_number(guide);
			print_cell_text(form->name);
			print_cell_text(c->rows[i].cell[1]);
			print_cell_text(form->titles[k]);
			print_row_end();
		}
}

/* RFC 4180: what holds a comma, a quote or a line break is quoted, a quote in it doubled. What a
 * spreadsheet would compute, as a name of a feed may be made to look, is marked as text. */
static void csv_field(FILE *out, const char *text, bool last)
{
	const bool quoted = text && strpbrk(text, ",\"\r\n");

	if (quoted)
		fputc('"', out);
	if (text && *text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; text && *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputs(quoted ? "\"" : "", out);
	if (!last)
		fputc(',', out);
}

static int print_csv(const struct catalogue_form *form, const struct catalogue *c)
{
	char *line = NULL;
	size_t size;

	for (size_t i = 0; i <= c->count; i++) { /* titles first */
		FILE *out = open_memstream(&line, &size);

		if (!out)
			return print_error("plan catalogue: out of memory");
		for (size_t k = 0; form->keys[k]; k++)
			csv_field(out, i ? c->rows[i - 1].cell[k] : form->titles[k],
				  !form->keys[k + 1]);
		fclose(out);
		print_line("%s\r", line); /* a line ends in both */
		free(line);
	}
	return EXIT_DONE;
}

static void print_all(const struct plan *p, const struct catalogue *out, const struct catalogue *in)
{
	static const char *const missing[] = { "number", "form", "flow", "missing", NULL };

	print_begin();
	print_value_text("plan", p->paper->name);
	if (print_json) {
		print_rows(&catalogue_outbound, out);
		print_rows(&catalogue_inbound, in);
	} else {
		print_text(&catalogue_outbound, out, GUIDE_OUTBOUND);
		print_text(&catalogue_inbound, in, GUIDE_INBOUND);
		print_line("%s", "");
	}
	print_table_begin("missing", missing);
	print_missing(&catalogue_outbound, out, GUIDE_OUTBOUND);
	print_missing(&catalogue_inbound, in, GUIDE_INBOUND);
	print_table_end();
	print_end();
}

int plan_catalogue(const struct plan *p)
{
	const char *csv = p->words->csv;
	struct catalogue out = { 0 }, in = { 0 };
	int status = EXIT_DONE;

	if (csv && strcmp(csv, catalogue_outbound.name) && strcmp(csv, catalogue_inbound.name))
		return print_error(
			"plan catalogue --csv %s: no form; outbound and inbound are accepted", csv);
	if (csv && print_json)
		return print_error("plan catalogue: --csv is text; forms are JSON without it");
	catalogue_fill_outbound(p, &out);
	catalogue_fill_inbound(p, &in);
	if (out.failed || in.failed)
		status = print_error("plan catalogue: out of memory");
	else if (!csv)
		print_all(p, &out, &in);
	else
		status = strcmp(csv, catalogue_inbound.name) ?
				 print_csv(&catalogue_outbound, &out) :
				 print_csv(&catalogue_inbound, &in);
	catalogue_free(&out);
	catalogue_free(&in);
	return status;
}
