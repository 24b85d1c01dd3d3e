// SPDX-License-Identifier: GPL-2.0-only
/* Feeds: a body from a file, and what is common to all formats. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed_body.h"

static feed_format_reader *const readers[] = {
	[FEED_MICROSOFT365] = feed_microsoft365,
	[FEED_AZURE_SERVICE_TAGS] = feed_azure,
	[FEED_AWS_IP_RANGES] = feed_aws,
	[FEED_GOOGLE] = feed_google,
	[FEED_CIDR_LINES] = feed_lines,
};

void feed_set_clear(struct feed_set *set)
{
	free(set->name);
	free(set->area);
	free(set->region);
	free(set->group);
	free(set->prefixes);
	free(set->tcp_ports);
	free(set->udp_ports);
	for (size_t i = 0; i < set->url_count; i++)
		free(set->urls[i]);
	free(set->urls);
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	for (size_t i = 0; i < feed->set_count; i++)
		feed_set_clear(&feed->sets[i]);
	free(feed->sets);
	free(feed->name);
	free(feed->source);
	free(feed->version);
	free(feed->odd);
	free(feed);
}

static struct feed *feed_parse_from(const char *name, const char *source, enum feed_format format,
				    const char *body, size_t size, const struct feed_rules *rules,
				    struct report *report)
{
	struct feed_reader reader = { .source = source, .name = name, .rules = rules, .report = report };
	struct feed *feed = calloc(1, sizeof(*feed));
	int err = -ENOMEM;

	if (!feed)
		goto out;
	feed->name = strdup(name);
	feed->source = strdup(source);
	if (!feed->name || !feed->source)
		goto out;
	err = readers[format](&reader, feed, body, size);
out:
	if (err == -ENOMEM)
		report_error(report, source, 0, "feed %s: out of memory", name);
	if (err) {
		feed_free(feed);
		feed = NULL;
	}
	return feed;
}

struct feed *feed_parse(const char *name, enum feed_format format, const char *body, size_t size,
			const struct feed_rules *rules, struct report *report)
{
	return feed_parse_from(name, name, format, body, size, rules, report);
}

/*
 * The size is taken from what is read, not from fstat: a file that grows meanwhile must not pass
 * the limit. O_NONBLOCK, so that a FIFO is refused instead of waited for.
 */
static char *body_read(int fd, size_t *size, const char **why)
{
	char *body = NULL, *grown;
	size_t room = 0, have = 0;
	ssize_t n;

	*why = NULL;
	do {
		if (room - have < 2) {
			room = room ? room * 2 : 65536;
			grown = realloc(body, room);
			if (!grown)
				goto fail;
			body = grown;
		}
		n = read(fd, body + have, room - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		have += (size_t)n;
		if (have > FEED_BODY_MAX) {
			*why = "larger than 16 MiB";
			goto fail;
		}
	} while (n);
	*size = have;
	return body;
fail:
	if (!*why)
		*why = strerror(errno);
	free(body);
	return NULL;
}

static char *body_of_file(const char *path, size_t *size, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *body = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if (st.st_size > (off_t)FEED_BODY_MAX)
		*why = "larger than 16 MiB";
	else
		body = body_read(fd, size, why);
	if (fd >= 0)
		close(fd);
	return body;
}

struct feed *feed_read(const char *name, enum feed_format format, const char *path,
		       const struct feed_rules *rules, struct report *report)
{
	const char *why = NULL;
	struct feed *feed;
	size_t size = 0;
	char *body = body_of_file(path, &size, &why);

	if (!body) {
		report_error(report, path, 0, "feed %s: cannot read its body: %s", name, why);
		return NULL;
	}
	feed = feed_parse_from(name, path, format, body, size, rules, report);
	free(body);
	return feed;
}

const char *feed_category_text(enum feed_category category)
{
	static const char *const text[] = {
		[CATEGORY_DEFAULT] = "Default",
		[CATEGORY_ALLOW] = "Allow",
		[CATEGORY_OPTIMIZE] = "Optimize",
	};

	return text[category];
}

void feed_set_label(const struct feed_set *s, char *out, size_t size)
{
	const char *const tags[] = { s->area, s->region, s->group };
	size_t used = 0;

	if (s->id)
		snprintf(out, size, "%d", s->id);
	else
		snprintf(out, size, "%s", s->name ? s->name : "all");
	for (size_t i = 0; !s->id && !s->name && i < 3 && used < size; i++)
		if (tags[i])
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "/" : "", tags[i]);
}

static int entry_compare(const void *a, const void *b)
{
	const struct feed_entry *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	return order ? order : (x->set > y->set) - (x->set < y->set);
}

int feed_entries(const struct feed *feed, struct feed_entry **out, size_t *count)
{
	struct feed_entry *entries;
	size_t n = 0;

	for (size_t i = 0; i < feed->set_count; i++)
		n += feed->sets[i].prefix_count;
	entries = calloc(n + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < feed->set_count; i++)
		for (size_t j = 0; j < feed->sets[i].prefix_count; j++)
			entries[n++] = (struct feed_entry){ feed->sets[i].prefixes[j], &feed->sets[i] };
	qsort(entries, n, sizeof(*entries), entry_compare);
	*out = entries;
	*count = n;
	return 0;
}
