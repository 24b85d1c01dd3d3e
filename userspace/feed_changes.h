/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the Microsoft 365 web service says has changed: `/changes/INSTANCE/SINCE`. The full body is what
 * counts; the changes tell from which day an addition is used, and replayed over the last body they
 * must give the new one, or one of the two is damaged.
 *
 * One record is about one endpoint set in one version. `add` and `remove` may both be there, whatever
 * `disposition` and `impact` say, and both are done; attributes that `current` does not have stay.
 */
#ifndef SAMEPATH_USERSPACE_FEED_CHANGES_H
#define SAMEPATH_USERSPACE_FEED_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include "feed.h"
#include "feed_service.h"

enum feed_disposition { SET_CHANGED, SET_ADDED, SET_REMOVED };

struct feed_change {
	int id; /* of the record */
	size_t order; /* in which the service lists it, from 0 */
	enum feed_disposition disposition;
	char version[FEED_VERSION_DIGITS + 1]; /* that it came with */
	char effective[9]; /* YYYYMMDD, the day additions are used from; "": not said */
	char *impact; /* one of the service's words, for people; NULL: none */
	struct feed_set add; /* what is added, and the attributes of `current`; id: the endpoint set */
	struct feed_set remove; /* prefixes and URLs only */
	bool says_category, says_expressroute, says_required; /* they are in add */
	bool says_tcp, says_udp; /* ports are in add; NULL there: none are left */
};
struct feed_changes {
	struct feed_change *at; /* by version, and within one as the service lists them */
	size_t count;
};

/*
 * Reads a body of changes as feed_parse reads one of sets: NULL, and one line in `report`, when it is
 * refused; prefixes are judged alike. Tolerated: unknown keys, categories and impacts, no dates, no
 * record at all; and with a warning a disposition other than Change, Add, Remove (in any case).
 */
struct feed_changes *feed_changes_parse(const char *name, const char *body, size_t size,
					const struct feed_rules *rules, struct report *report);
void feed_changes_free(struct feed_changes *changes);

void feed_urls_order(struct feed_set *set); /* sorts them, each once */

/*
 * Does to the sets of `feed`, which lie by id, what the records with after < version <= upto say, in
 * their order, and sets its version to `upto`. Changes of sets that are not there do nothing: they may
 * be long gone. 0 or -ENOMEM, after which the feed is only good for feed_free.
 */
int feed_changes_replay(struct feed *feed, const struct feed_changes *c, const char *after,
			const char *upto);

/*
 * Do both, whose sets lie by id, say the same of the same sets: attributes, ports, prefixes, URLs in any
 * order? If not, `why` has the first difference in one line. What was asked for with a choice of areas,
 * a tenant or without IPv6 cannot be expected to equal what changes give, for those know no choice.
 * False also without memory.
 */
bool feed_equal(const struct feed *a, const struct feed *b, char *why, size_t size);

/* An addition and the day from which it is used. */
struct feed_dated {
	int set;
	struct prefix prefix;
	char date[9], version[FEED_VERSION_DIGITS + 1];
};
/*
 * Additions with a date in versions above `after` (NULL: in all), by set and prefix. What was added
 * twice has the date of the last time, and is not listed when that had none. The caller frees *out.
 * 0 or -ENOMEM.
 */
int feed_changes_dated(const struct feed_changes *c, const char *after, struct feed_dated **out,
		       size_t *count);

#endif
