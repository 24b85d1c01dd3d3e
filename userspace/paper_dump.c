// SPDX-License-Identifier: GPL-2.0-only
/* What routers and the provider show, in place of what a plan would write out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "config_read.h"
#include "dump.h"
#include "instance.h"
#include "paper_read.h"

struct dumper {
	const struct paper *plan;
	const struct paper_circuit *circuit;
	struct report *report;
	bool good;
};

typedef int (*dump_reader)(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);

static void say(struct dumper *d, const char *file, int line, const char *why)
{
	report_error(d->report, file, line, "%s", why);
	report_error(d->report, d->plan->file, d->circuit->line, "circuits[%s]: %s: cannot be used",
		     d->circuit->name, file);
	d->good = false;
}

/* The caller frees both. NULL, said, when it cannot be read. */
static char *slurp(struct dumper *d, const char *name, char **path, size_t *size)
{
	char *text = NULL;
	int err = -ENOMEM;

	*path = feed_path(d->plan->file, name);
	if (*path)
		err = file_read(*path, DUMP_BYTES_MOST, &text, size);
	if (err)
		say(d, *path ? *path : name, 0, err == -EFBIG ? "larger than 16 MiB" : strerror(-err));
	return err ? NULL : text;
}

static void take(struct dumper *d, const char *name, dump_reader read, const struct dump_ask *ask,
		 struct config_prefixes *into)
{
	size_t size = 0;
	struct dump dump = { 0 };
	char *path, *text = name ? slurp(d, name, &path, &size) : NULL;
	int err;

	if (!text) {
		if (name)
			free(path);
		return;
	}
	err = read(text, size, ask, &dump);
	if (err)
		say(d, path, dump.line, err == -EINVAL ? dump.why : strerror(-err));
	else if (ask->peer && !dump.count && dump.others)
		report_warning(d->report, path, 0, "no route of %s in it, and %zu of others", ask->peer,
			       dump.others);
	dump.count = prefixes_order(dump.at, dump.count);
	for (size_t i = 0; !err && i < dump.count; i++) {
		into->at = config_grow(into->at, &into->count, sizeof(*into->at));
		into->at[into->count - 1] = (struct config_prefix){ dump.at[i], d->circuit->line };
	}
	dump_free(&dump);
	free(text);
	free(path);
}

static void take_all(struct dumper *d, struct paper_prefixes *p, bool ours)
{
	const struct dump_ask ask = { .peer = p->peer, .asn = d->plan->asn, .ours = ours };

	take(d, p->bird, dump_bird, &ask, &p->at);
	take(d, p->frr, dump_frr, &ask, &p->at);
	take(d, p->provider, dump_provider, &ask, &p->at);
}

static void session(struct dumper *d, struct paper_session *s)
{
	const char *name = s->bird ? s->bird : s->frr;
	struct dump dump = { 0 };
	size_t size = 0;
	bool up = false;
	char *path, *text;
	int err;

	if (!name)
		return;
	text = slurp(d, name, &path, &size);
	if (text) {
		err = (s->bird ? dump_bird_session : dump_frr_session)(text, size, s->peer, &up, &dump);
		if (err)
			say(d, path, dump.line, dump.why);
		s->down = !up;
	}
	free(text);
	free(path);
}

bool paper_dumps(struct paper *p, struct report *r)
{
	struct dumper d = { .plan = p, .report = r, .good = true };

	for (size_t i = 0; i < p->circuit_count; i++) {
		struct paper_circuit *c = &p->circuits[i];

		d.circuit = c;
		take_all(&d, &c->received, false);
		take_all(&d, &c->accepted, true);
		for (size_t k = 0; k < c->link_count; k++)
			session(&d, &c->links[k].session);
	}
	return d.good;
}
