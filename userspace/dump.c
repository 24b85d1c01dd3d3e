// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dump.h"

int dump_refuse(struct dump *d, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(d->why, sizeof(d->why), format, arguments);
	va_end(arguments);
	/* It quotes foreign bytes, and is for a terminal. */
	for (char *c = d->why; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	d->line = line;
	return -EINVAL;
}

int dump_add(struct dump *d, const struct prefix *p)
{
	struct prefix *grown;

	if (d->count && prefix_equal(&d->at[d->count - 1], p))
		return 0;
	if (d->count == DUMP_ROUTES_MOST)
		return dump_refuse(
			d, 0,
			"more than %d routes; a dump of one session is accepted, and of the internet its default",
			DUMP_ROUTES_MOST);
	if (d->count == d->room) {
		d->room = d->room ? d->room * 2 : 256;
		grown = realloc(d->at, d->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		d->at = grown;
	}
	d->at[d->count++] = *p;
	return 0;
}

void dump_free(struct dump *d)
{
	free(d->at);
	memset(d, 0, sizeof(*d));
}

bool dump_line(struct dump_lines *l)
{
	size_t length, used;
	const char *end;
	char *save = NULL;

	if (l->at >= l->end)
		return false;
	end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	end = end ? end : l->end;
	length = (size_t)(end - l->at);
	used = length < DUMP_LINE ? length : DUMP_LINE - 1;
	memcpy(l->text, l->at, used);
	l->text[used] = '\0';
	l->indented = l->text[0] == ' ' || l->text[0] == '\t';
	l->at = end + 1;
	l->number++;
	l->count = 0;
	for (char *word = strtok_r(l->text, " \t\r", &save); word && l->count < DUMP_TOKENS;
	     word = strtok_r(NULL, " \t\r", &save))
		l->word[l->count++] = word;
	return true;
}

bool dump_prefix(const char *word, struct prefix *out)
{
	const char *why;

	return strchr(word, '/') && !prefix_parse(word, out, &why);
}
