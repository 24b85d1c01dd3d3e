// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_ports.h"

#define RANGE_TEXT sizeof("65535-65535,")

struct port_span {
	unsigned int first, last;
};

static const char *skip_space(const char *text)
{
	return text + strspn(text, " \t");
}

static bool port_read(const char **text, unsigned int *out)
{
	const char *p = *text;
	unsigned int value = 0;

	for (; *p >= '0' && *p <= '9' && value <= UINT16_MAX; p++)
		value = value * 10 + (unsigned int)(*p - '0');
	*out = value;
	*text = skip_space(p);
	return value >= 1 && value <= UINT16_MAX;
}

static bool span_read(const char **text, struct port_span *out)
{
	if (!port_read(text, &out->first))
		return false;
	out->last = out->first;
	if (**text != '-')
		return true;
	*text = skip_space(*text + 1);
	return port_read(text, &out->last) && out->last >= out->first;
}

static int span_compare(const void *a, const void *b)
{
	const struct port_span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static size_t spans_join(struct port_span *spans, size_t count)
{
	size_t kept = 0;

	qsort(spans, count, sizeof(*spans), span_compare);
	for (size_t i = 0; i < count; i++) {
		if (!kept || spans[i].first > spans[kept - 1].last)
			spans[kept++] = spans[i];
		else if (spans[i].last > spans[kept - 1].last)
			spans[kept - 1].last = spans[i].last;
	}
	return kept;
}

static char *spans_write(const struct port_span *spans, size_t count)
{
	char *text = malloc(count * RANGE_TEXT + 1), *p = text;

	for (size_t i = 0; text && i < count; i++) {
		p += sprintf(p, "%s%u", i ? "," : "", spans[i].first);
		if (spans[i].last != spans[i].first)
			p += sprintf(p, "-%u", spans[i].last);
	}
	return text;
}

int feed_ports(const char *text, char **out)
{
	struct port_span *spans;
	size_t n = 0, room = 1;
	int err = -EINVAL;

	*out = NULL;
	text = skip_space(text);
	if (!*text)
		return 0;
	for (const char *p = text; *p; p++)
		room += *p == ',';
	spans = calloc(room, sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	do {
		if (!span_read(&text, &spans[n++]))
			goto out;
		if (*text == ',')
			text = skip_space(text + 1);
		else if (*text)
			goto out;
		else
			break;
	} while (true);
	*out = spans_write(spans, spans_join(spans, n));
	err = *out ? 0 : -ENOMEM;
out:
	free(spans);
	return err;
}
