// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of plain lists: one prefix or address a line, blank lines, comments behind '#', line ends of
 * either kind. All prefixes are one set, for there is nothing to tell them apart by.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_body.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The text of a line without blanks and comment, as a string; -EINVAL, reported, when it is too much. */
static int line_text(const struct feed_reader *r, const char *at, size_t length, char *out)
{
	const char *comment = memchr(at, '#', length);

	if (comment)
		length = (size_t)(comment - at);
	while (length && blank(at[length - 1]))
		length--;
	for (; length && blank(*at); length--)
		at++;
	if (memchr(at, '\0', length))
		return feed_refuse_text(r, NULL, NULL,
					"a zero byte in it; one prefix a line is accepted");
	memcpy(out, at, length < FEED_LINE_MAX ? length : FEED_LINE_MAX);
	out[length < FEED_LINE_MAX ? length : FEED_LINE_MAX] = '\0';
	if (length > FEED_LINE_MAX || strpbrk(out, " \t,;"))
		return feed_refuse_text(r, NULL, out, "one prefix a line is accepted");
	return 0;
}

static size_t line_count(const char *body, size_t size)
{
	size_t n = 1;

	for (const char *at = body, *end = body + size; (at = memchr(at, '\n', (size_t)(end - at)));
	     at++)
		n++;
	return n;
}

static int read_lines(struct feed_reader *r, const char *body, size_t size, struct feed_set *set)
{
	const char *end = body + size, *next;
	char text[FEED_LINE_MAX + 1];
	int err = 0;

	for (const char *at = body; at < end && !err; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			next = end;
		r->line++;
		err = line_text(r, at, (size_t)(next - at), text);
		if (!err && text[0])
			err = feed_prefix_text(r, NULL, text, &set->prefixes[set->prefix_count++]);
	}
	r->line = 0;
	return err;
}

/* What an error page or a portal sends in place of the list deserves a word of its own. */
static bool web_page(const char *body, size_t size)
{
	for (; size && (blank(*body) || *body == '\n'); size--)
		body++;
	return size && *body == '<';
}

int feed_lines(struct feed_reader *r, struct feed *feed, const char *body, size_t size)
{
	struct feed_set *set;
	int err;

	if (web_page(body, size))
		return feed_refuse(r, NULL, NULL,
				   "a web page, not a list; one prefix a line is accepted");
	feed->sets = set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	feed->set_count = 1;
	set->prefixes = calloc(line_count(body, size), sizeof(*set->prefixes));
	if (!set->prefixes)
		return -ENOMEM;
	err = read_lines(r, body, size, set);
	if (!err && !set->prefix_count)
		err = feed_refuse(r, NULL, NULL, "no prefix in it; one prefix a line is accepted");
	if (!err)
		set->prefix_count = prefixes_order(set->prefixes, set->prefix_count);
	return err;
}
