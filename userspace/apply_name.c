// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of circuits, classes and services: given once per name, kept in the pinned map `names`. A number whose
 * name vanished is given back only when no flow holds it, and reused by a later `apply` at the earliest.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "print.h"

static struct name *append(struct plan *p, const struct name_key *key, uint32_t number)
{
	struct name *grown = realloc(p->names, (p->name_count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	p->names = grown;
	grown[p->name_count] = (struct name){ .key = *key, .number = number };
	return &grown[p->name_count++];
}

int names_load(struct plan *p)
{
	struct name_key key;
	void *at = NULL;
	uint32_t number;
	int err;

	while (!(err = maps_next(&p->maps, MAP_names, at, &key))) {
		at = &key;
		if (!maps_get(&p->maps, MAP_names, &key, &number) && !append(p, &key, number))
			return -ENOMEM;
	}
	return err == -ENOENT ? 0 : err;
}

static bool taken(const struct plan *p, uint8_t kind, uint32_t number)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (p->names[i].key.kind == kind && p->names[i].number == number)
			return true;
	return false;
}

int names_number(void *plan, enum name_kind kind, const char *name)
{
	static const uint32_t most[] = { [NAME_CIRCUIT] = CIRCUITS_MAX, [NAME_CLASS] = CLASSES_MAX,
					 [NAME_SERVICE] = SERVICES_MAX };
	uint32_t number = 1;
	struct name_key key = { .kind = (uint8_t)kind };
	struct plan *p = plan;
	struct name *entry;

	if (strlen(name) >= sizeof(key.name))
		return -1;
	memcpy(key.name, name, strlen(name));
	for (size_t i = 0; i < p->name_count; i++)
		if (!memcmp(&p->names[i].key, &key, sizeof(key))) {
			p->names[i].used = true;
			return (int)p->names[i].number;
		}
	while (number < most[kind] && taken(p, key.kind, number))
		number++;
	entry = number < most[kind] ? append(p, &key, number) : NULL;
	if (!entry)
		return -1;
	entry->fresh = entry->used = true;
	return (int)number;
}

int names_write(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->name_count && !err; i++)
		if (p->names[i].fresh)
			err = maps_set(&p->maps, MAP_names, &p->names[i].key, &p->names[i].number);
	return err;
}

static int zero_counters(const struct maps *m, enum map_index map, uint32_t number, size_t size)
{
	int cpus = libbpf_num_possible_cpus(), err;
	void *zeros = cpus < 0 ? NULL : calloc((size_t)cpus, size);

	if (!zeros)
		return -ENOMEM;
	err = maps_set(m, map, &number, zeros);
	free(zeros);
	return err;
}

struct release {
	const struct maps *maps;
	struct name name;
};

/* The next of this number begins with its own counters, and a circuit undrained. */
static int release_run(struct step *s)
{
	struct release *r = s->data;
	uint32_t number = r->name.number, zero = 0;
	int err = 0;

	switch (r->name.key.kind) {
	case NAME_CIRCUIT:
		err = maps_set(r->maps, MAP_drains, &number, &zero);
		err = err ? err : zero_counters(r->maps, MAP_circuit_counters, number,
						sizeof(struct circuit_counter));
		break;
	case NAME_CLASS:
		err = zero_counters(r->maps, MAP_class_counters, number, sizeof(struct class_counter));
		break;
	case NAME_SERVICE:
		err = zero_counters(r->maps, MAP_service_counters, number,
				    sizeof(struct service_counter));
		break;
	}
	return err ? err : maps_delete(r->maps, MAP_names, &r->name.key);
}

static int release_undo(struct step *s)
{
	struct release *r = s->data;

	return maps_set(r->maps, MAP_names, &r->name.key, &r->name.number);
}

static bool held(const struct plan *p, const struct name *n)
{
	if (!p->census.taken)
		return true;
	if (n->key.kind == NAME_CIRCUIT)
		return p->census.circuits[n->number];
	return n->key.kind == NAME_CLASS ? p->census.classes[n->number] : p->census.services[n->number];
}

int plan_names(struct plan *p)
{
	static const char *const words[] = { [NAME_CIRCUIT] = "circuit", [NAME_CLASS] = "class",
					     [NAME_SERVICE] = "service" };

	for (size_t i = 0; i < p->name_count; i++) {
		const struct name *n = &p->names[i];
		struct release *r;

		if (n->used || held(p, n))
			continue;
		r = malloc(sizeof(*r));
		if (!r)
			return -ENOMEM;
		*r = (struct release){ .maps = &p->maps, .name = *n };
		if (!steps_add(&p->after, release_run, release_undo, r, "number %u of %s %s given back",
			       n->number, words[n->key.kind], n->key.name))
			return -ENOMEM;
	}
	return 0;
}
