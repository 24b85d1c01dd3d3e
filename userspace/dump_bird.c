// SPDX-License-Identifier: GPL-2.0-only
/*
 * BIRD, versions 1 and 2: `birdc show route`, with or without `all`, of any table, protocol or export.
 *   198.18.1.0/24        unicast [chicago_primary 05:17:19.719] * (100) [AS12076i]
 *   	via 172.16.2.2 on er0
 *                        unicast [chicago_secondary 05:17:20.004] (100) [AS12076i]
 * and `birdc show protocols`.
 */
#include <errno.h>
#include <string.h>
#include "dump.h"

/* "[NAME" opens what is said of the protocol; the next word is the time. */
static const char *protocol(const struct dump_lines *l)
{
	for (size_t i = 0; i + 1 < l->count; i++)
		if (l->word[i][0] == '[' && l->word[i][1] && !strchr(l->word[i], ']'))
			return l->word[i] + 1;
	return NULL;
}

/* What `birdc` says before anything else, and before each table. */
static bool heading(const struct dump_lines *l)
{
	return !l->indented && l->count >= 2 &&
	       (!strcmp(l->word[0], "BIRD") || !strcmp(l->word[0], "Table"));
}

int dump_bird(const char *text, size_t size, const struct dump_ask *ask, struct dump *out)
{
	struct dump_lines l = { .at = text, .end = text + size };
	struct prefix current, p;
	bool known = false, route = false;
	const char *from;
	int err = 0;

	memset(out, 0, sizeof(*out));
	while (!err && dump_line(&l)) {
		known |= heading(&l);
		from = protocol(&l);
		if (!from)
			continue;
		if (!l.indented)
			route = dump_prefix(l.word[0], &p);
		if (!l.indented && route)
			current = p;
		if (!route)
			continue;
		known = true;
		if (ask->peer && strcmp(ask->peer, from))
			out->others++;
		else
			err = dump_add(out, &current);
	}
	if (!err && !known)
		err = dump_refuse(out, 0, "no route in it; what `birdc show route` prints is accepted");
	return err;
}

int dump_bird_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out)
{
	struct dump_lines l = { .at = text, .end = text + size };
	size_t found = 0;

	memset(out, 0, sizeof(*out));
	while (dump_line(&l)) {
		if (l.indented || l.count < 5 || strcmp(l.word[1], "BGP") ||
		    (peer && strcmp(peer, l.word[0])))
			continue;
		found++;
		*up = !strcmp(l.word[l.count - 1], "Established");
	}
	if (found == 1)
		return 0;
	if (found)
		return dump_refuse(out, 0, "%zu BGP sessions; with `peer`, the name of one is accepted",
				   found);
	return dump_refuse(out, 0, "no BGP session%s%s; what `birdc show protocols` prints is accepted",
			   peer ? " " : "", peer ? peer : "");
}
