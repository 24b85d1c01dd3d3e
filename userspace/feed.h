/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Feeds: published lists of destination prefixes, read into one internal record. A reader of one
 * format is one file (feed_microsoft365.c) and a row of the table in feed.c; feed_body.h is what
 * they share.
 */
#ifndef SAMEPATH_USERSPACE_FEED_H
#define SAMEPATH_USERSPACE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include "config.h"

enum feed_category { CATEGORY_DEFAULT, CATEGORY_ALLOW, CATEGORY_OPTIMIZE }; /* highest wins */

/* An endpoint set: prefixes with the same tags. A tag that the format does not have is NULL. */
struct feed_set {
	int id; /* 0: its format numbers none */
	char *name; /* tag of Azure */
	char *area; /* service area, or service */
	char *region;
	char *group; /* network border group of AWS */
	enum feed_category category;
	bool expressroute, required;
	struct prefix *prefixes;
	size_t prefix_count;
	char *tcp_ports, *udp_ports; /* normalised "80,443", NULL: none */
	char **urls;
	size_t url_count;
	bool leaving; /* it left the feed and stays for its grace */
};
struct feed {
	char *name, *source;
	struct feed_set *sets;
	size_t set_count;
	char *version; /* NULL: the body does not say */
	char *odd; /* what was not known and tolerated; NULL: nothing */
};

#define FEED_BODY_MAX (16u << 20) /* bytes */
#define FEED_ODD 160 /* bytes of what was odd */
#define FEED_LABEL 400 /* bytes of a label */

/* What a body may hold, as the configuration says. */
struct feed_rules {
	bool lab;
	uint32_t min4, min6; /* length of the shortest prefix accepted */
};

/*
 * Reads a body. On failure NULL, and one line in `report` naming source and cause. Refused: not JSON,
 * truncated, duplicate keys, too deep, too big, default routes, prefixes shorter than the rules say,
 * private, multicast, link-local and other special prefixes always; documentation and benchmarking
 * prefixes unless `lab`; a version of odd characters. Tolerated: unknown keys, areas, categories.
 */
struct feed *feed_read(const char *name, enum feed_format format, const char *path,
		       const struct feed_rules *rules, struct report *report);
/* Same, of a body in memory; errors name the feed. `body` need not end in a zero byte. */
struct feed *feed_parse(const char *name, enum feed_format format, const char *body, size_t size,
			const struct feed_rules *rules, struct report *report);
void feed_free(struct feed *feed);
/* A path of the configuration: relative to its file. For the caller to free; NULL: out of memory. */
char *feed_path(const char *config_file, const char *path);
void feed_set_clear(struct feed_set *set); /* what it points to is freed, the set itself is not */

/* All feeds of a configuration, in its order; an entry may be NULL (a URL: not fetched yet). */
struct feeds {
	struct feed **at;
	size_t count;
};
/* As the configuration would be applied now: bodies from files, and of places on the network what is
 * kept in the state of `gateway` (NULL: gateway.name). False when one that should be readable is not;
 * one that was never fetched is a warning, and its classes are empty. */
bool feeds_load(const struct config *c, const char *gateway, struct feeds *out, struct report *report);
/* As it was applied: the records in the run directory of `gateway`; where one is missing, as above. */
bool feeds_applied(const struct config *c, const char *gateway, struct feeds *out,
		   struct report *report);
void feeds_free(struct feeds *feeds);

/* Every prefix of every set, sorted by prefix, then by set; a prefix in two sets stands twice. */
struct feed_entry {
	struct prefix prefix; /* first, so that prefix_compare sorts entries too */
	const struct feed_set *set; /* lives as long as the feed */
};
/* The caller frees *out. 0 or -ENOMEM. */
int feed_entries(const struct feed *feed, struct feed_entry **out, size_t *count);
const char *feed_category_text(enum feed_category category);
/* What a person calls the set: its number, its name, "service/region/group", or "all". */
void feed_set_label(const struct feed_set *s, char *out, size_t size);

/* The body of the feed a class names, NULL when there is none or it is not at hand. */
const struct feed *class_feed(const struct config *c, const struct feeds *feeds,
			      const struct config_class *class);
bool class_takes_set(const struct config_class *class, const struct feed_set *set);

/* Whether the bodies of all feeds that it depends on are at hand, those of excepted classes too. */
bool class_known(const struct config *c, const struct feeds *feeds, const struct config_class *class);

/* The prefixes that the class selects (literal ones too) and does not except, sorted, without
 * duplicates. A feed that is not at hand selects nothing; where that is the feed of an excepted class,
 * the whole class selects nothing, for what it would hold too much is not known.
 * The caller frees *out. 0 or -ENOMEM. */
int class_select(const struct config *c, const struct feeds *feeds, const struct config_class *class,
		 struct prefix **out, size_t *count);

#endif
