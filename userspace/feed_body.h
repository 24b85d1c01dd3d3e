/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to what reads a provider's bodies (feed_*.c): foreign bytes in, one line for whatever is
 * refused. The first refusal ends the reading: half of a feed is worse than the last good one.
 */
#ifndef SAMEPATH_USERSPACE_FEED_BODY_H
#define SAMEPATH_USERSPACE_FEED_BODY_H

#include <jansson.h>
#include "feed.h"
#include "report.h"

#define FEED_SHOWN 72 /* bytes of a foreign value in a message */
#define FEED_WORD_MAX 127 /* characters of an area, region, tag name */
#define FEED_VERSION_MAX 40
#define FEED_LINE_MAX 127 /* characters of a line of text, without blanks and comment */

/* Where in which body the reader stands; refusals say it. */
struct feed_reader {
	const char *source, *name; /* the file or the feed; the feed */
	const struct feed_rules *rules;
	struct report *report;
	const char *what; /* "set", "entry"; NULL: the body as a whole */
	long long number; /* of what: its id, or its position from 1 */
	const char *label; /* foreign name, said in place of the number; NULL: none */
	int line; /* of the body, 0: none */
};

/* A reader of one format: fills sets and version of `feed`, or reports one line. 0 or -errno; what
 * was filled so far is freed with the feed. */
typedef int feed_format_reader(struct feed_reader *r, struct feed *feed, const char *body,
			       size_t size);
feed_format_reader feed_microsoft365, feed_azure, feed_aws, feed_google, feed_lines;

/* Foreign text for a message: one line, bounded, nothing that a terminal acts on. Returns `buffer`. */
const char *feed_shown(const char *text, char buffer[FEED_SHOWN]);
/* "feed NAME: set 7: KEY: VALUE: WHY"; `key` and `value` may be NULL. Always -EINVAL. */
int feed_refuse(const struct feed_reader *r, const char *key, const json_t *value, const char *why);
/* Same, of a value that is text. */
int feed_refuse_text(const struct feed_reader *r, const char *key, const char *text,
		     const char *why);

/* The body as JSON, to be given back with json_decref; NULL, reported, when it is none. */
json_t *feed_json(const struct feed_reader *r, const char *body, size_t size);

/* The list at `key`; NULL where it may be absent and is. 0 or -EINVAL. */
int feed_list(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	      const json_t **out);

/* One published prefix; refused: no prefix, or one that no provider can mean. 0 or -EINVAL. */
int feed_prefix(const struct feed_reader *r, const char *key, const json_t *value,
		struct prefix *out);
int feed_prefix_text(const struct feed_reader *r, const char *key, const char *text,
		     struct prefix *out);
/* Same, of the family that the key promises. */
int feed_prefix_of(const struct feed_reader *r, const char *key, const json_t *value, int family,
		   struct prefix *out);
/* A list of prefixes into a set, sorted, each once. 0, -EINVAL or -ENOMEM. */
int feed_prefixes(const struct feed_reader *r, const char *key, const json_t *list,
		  struct feed_set *out);

/* A name of 1 to 127 printable characters: areas, regions, "Google Cloud". Absent, null or empty is
 * NULL where it may be. feed_tag lends the text of the JSON; what feed_word gives, the caller frees.
 * 0, -EINVAL or -ENOMEM. */
int feed_tag(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	     const char **out);
int feed_word(const struct feed_reader *r, const json_t *object, const char *key, bool required,
	      char **out);
/* What says which body this is: text of 1 to 40 of [A-Za-z0-9._-], or a number; absent is NULL.
 * The caller frees *out. 0, -EINVAL or -ENOMEM. */
int feed_version(const struct feed_reader *r, const json_t *object, const char *key, char **out);

/* For formats that list prefixes with their tags: text is lent by the JSON, NULL where a tag is not. */
struct feed_row {
	const char *area, *region, *group;
	struct prefix prefix;
};
/* One set for each distinct triple of tags, in their order. Sorts `rows`. 0 or -ENOMEM. */
int feed_group(struct feed *feed, struct feed_row *rows, size_t count);

/* A body that is an object with a version and one list: `read` takes the list. 0 or -errno. */
int feed_listed(struct feed_reader *r, struct feed *feed, const char *body, size_t size,
		const char *version, const char *list,
		int (*read)(struct feed_reader *r, struct feed *feed, const json_t *list));

/* Names of hosts, into urls and url_count of a set; `list` NULL: none. 0, -EINVAL or -ENOMEM. */
int feed_urls(const struct feed_reader *r, const json_t *list, struct feed_set *out);

#endif
