// SPDX-License-Identifier: GPL-2.0-only
/* The two lists that have no slots: a source or an answer is added before the switch and removed behind
 * it, so that for the moment between the two both configurations are served. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "print.h"

struct entry {
	const struct maps *maps;
	enum map_index map;
	struct scoped_prefix key;
	uint32_t value, former; /* 0: no entry */
};

static int put(const struct entry *e, uint32_t value)
{
	int err;

	if (value)
		return maps_set(e->maps, e->map, &e->key, &value);
	err = maps_delete(e->maps, e->map, &e->key);
	return err == -ENOENT ? 0 : err;
}

static int entry_run(struct step *s)
{
	const struct entry *e = s->data;

	return put(e, e->value);
}

static int entry_undo(struct step *s)
{
	const struct entry *e = s->data;

	return put(e, e->former);
}

int scoped_read(const struct maps *m, enum map_index map, struct scoped_set *out)
{
	struct scoped_prefix key;
	uint32_t value;
	void *at = NULL;
	int err;

	while (!(err = maps_next(m, map, at, &key))) {
		struct prefix prefix = scoped_prefix_of(&key);

		at = &key;
		err = maps_get(m, map, &key, &value);
		err = err ? err : scoped_put(out, key.scope, &prefix, value);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

/* Who stands behind a scope: a circuit for sources, a device for answers. */
static const char *scope_name(const struct plan *p, enum map_index map, uint32_t scope)
{
	const struct kernel_link *link;

	if (map == MAP_answers) {
		link = plan_link_at(p, (int)scope);
		return link ? link->name : "vanished device";
	}
	for (size_t i = 0; i < p->name_count; i++)
		if (p->names[i].key.kind == NAME_CIRCUIT && p->names[i].number == scope)
			return p->names[i].key.name;
	return "former circuit";
}

static const char *verb(uint32_t former, uint32_t value)
{
	if (!value)
		return "del";
	if (value == SOURCE_RETIRING)
		return "retire";
	return former ? "restore" : "add";
}

static int entry_step(struct plan *p, enum map_index map, const struct scoped *what, uint32_t former,
		      uint32_t value)
{
	struct entry *e = malloc(sizeof(*e));
	char text[PREFIX_TEXT];

	if (!e)
		return -ENOMEM;
	*e = (struct entry){ .maps = &p->maps, .map = map, .value = value, .former = former,
			     .key = scoped_prefix(what->scope, &what->prefix) };
	return steps_add(value ? &p->before : &p->after, entry_run, entry_undo, e, "%s %s %s %s",
			 map == MAP_sources ? "source" : "answer", verb(former, value),
			 scope_name(p, map, what->scope), prefix_text(&what->prefix, text)) ? 0 : -ENOMEM;
}

static int plan_map(struct plan *p, enum map_index map, const struct scoped_set *want)
{
	struct scoped_set is = { 0 };
	int err = p->has_maps ? scoped_read(&p->maps, map, &is) : 0;

	for (size_t i = 0; i < want->count && !err; i++) {
		const struct scoped *w = &want->at[i], *now = scoped_find(&is, w->scope, &w->prefix);
		uint32_t former = now ? now->value : 0;

		if (former != w->value)
			err = entry_step(p, map, w, former, w->value);
	}
	for (size_t i = 0; i < is.count && !err; i++)
		if (!scoped_find(want, is.at[i].scope, &is.at[i].prefix))
			err = entry_step(p, map, &is.at[i], is.at[i].value, 0);
	free(is.at);
	return err;
}

int plan_entries(struct plan *p)
{
	int err = plan_map(p, MAP_sources, &p->sources);

	return err ? err : plan_map(p, MAP_answers, &p->answers);
}
