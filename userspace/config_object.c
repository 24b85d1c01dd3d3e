// SPDX-License-Identifier: GPL-2.0-only
/* An object: its keys against its table. */
#include <stdio.h>
#include <string.h>
#include "config_read.h"

#define KEY_MAX 32

/* Levenshtein's distance of two short words. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[KEY_MAX + 1], left, above, cost;
	size_t i, j, n = strlen(b);

	if (strlen(a) > KEY_MAX || n > KEY_MAX)
		return KEY_MAX;
	for (j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (i = 0; a[i]; i++) {
		above = row[0];
		left = row[0] = (unsigned int)i + 1;
		for (j = 0; j < n; j++) {
			cost = above + (a[i] != b[j]);
			above = row[j + 1];
			if (above + 1 < cost)
				cost = above + 1;
			if (left + 1 < cost)
				cost = left + 1;
			left = row[j + 1] = cost;
		}
	}
	return row[n];
}

void nearest_keys(const char *key, const struct field *fields, char *out, size_t size)
{
	const struct field *f;
	unsigned int best = KEY_MAX;
	size_t used;
	bool first = true;

	for (f = fields; f->key; f++)
		if (distance(key, f->key) < best)
			best = distance(key, f->key);
	/* A third of the word may be wrong; beyond that a guess is noise. */
	if (best > 1 + strlen(key) / 3)
		best = KEY_MAX;
	used = (size_t)snprintf(out, size, best < KEY_MAX ? "nearest: " : "known: ");
	for (f = fields; f->key && used < size; f++) {
		if (best < KEY_MAX && distance(key, f->key) != best)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s", first ? "" : ", ", f->key);
		first = false;
	}
}

static const struct field *find_field(const struct object *o, const yaml_node_t *key)
{
	const struct field *f;

	for (f = o->fields; f->key; f++)
		if (key->type == YAML_SCALAR_NODE && !strcmp(f->key, (char *)key->data.scalar.value))
			return f;
	return NULL;
}

/* Appends to the path; returns the length to cut it back to. */
static size_t path_add(struct reader *r, const char *format, const char *word)
{
	size_t used = strlen(r->path);

	snprintf(r->path + used, sizeof(r->path) - used, used || format[0] != '.' ? format : format + 1,
		 word);
	return used;
}

static void unknown_key(struct reader *r, const yaml_node_t *key, const struct object *o)
{
	char known[256], value[64];
	size_t used = strlen(r->path);

	reader_value(key, value, sizeof(value));
	nearest_keys(value, o->fields, known, sizeof(known));
	report_error(r->report, r->file, node_line(key), "%s%s%s: unknown key; %s", r->path,
		     used ? ": " : "", value, known);
}

static const yaml_node_t *member(struct reader *r, const yaml_node_t *node, const char *key)
{
	const yaml_node_pair_t *p;
	const yaml_node_t *k;

	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		k = yaml_document_get_node(r->document, p->key);
		if (k->type == YAML_SCALAR_NODE && !strcmp((char *)k->data.scalar.value, key))
			return yaml_document_get_node(r->document, p->value);
	}
	return NULL;
}

/* "circuits[chicago]" when the element says its name, "policy[line 40]" otherwise. */
static size_t path_element(struct reader *r, const yaml_node_t *node, const struct object *o)
{
	const yaml_node_t *name = member(r, node, "name");
	char label[64];

	if (!o->size || !r->path[0])
		return strlen(r->path);
	if (name && name->type == YAML_SCALAR_NODE)
		reader_value(name, label, sizeof(label));
	else
		snprintf(label, sizeof(label), "line %d", node_line(node));
	return path_add(r, "[%s]", label);
}

static void read_pair(struct reader *r, const yaml_node_t *key, const yaml_node_t *value,
		      const struct object *o, void *base, uint64_t *seen)
{
	const struct field *f = find_field(o, key);
	size_t cut;
	uint64_t bit;

	if (!f) {
		unknown_key(r, key, o);
		return;
	}
	cut = path_add(r, ".%s", f->key);
	bit = 1ULL << (f - o->fields);
	if (*seen & bit)
		report_error(r->report, r->file, node_line(key),
			     "%s: the key stands twice; accepted: once in each object", r->path);
	else if (value->type == YAML_SCALAR_NODE && !value->data.scalar.length &&
		 value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		reader_error(r, value, "no value", "write one or leave the key out");
	else
		read_value(r, value, f, base);
	*seen |= bit;
	r->path[cut] = '\0';
}

void read_object(struct reader *r, const yaml_node_t *node, const struct object *o, void *base)
{
	const yaml_node_pair_t *p;
	const struct field *f;
	uint64_t seen = 0;
	size_t cut;

	if (node->type != YAML_MAPPING_NODE) {
		if (!r->path[0])
			snprintf(r->path, sizeof(r->path), "configuration");
		reader_error(r, node, "not an object", "accepted: keys with values, such as {name: value}");
		return;
	}
	if (o->has_line)
		*(int *)((char *)base + o->line_at) = node_line(node);
	cut = path_element(r, node, o);
	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++)
		read_pair(r, yaml_document_get_node(r->document, p->key),
			  yaml_document_get_node(r->document, p->value), o, base, &seen);
	for (f = o->fields; f->key; f++)
		if (f->required && !(seen & (1ULL << (f - o->fields))))
			report_error(r->report, r->file, node_line(node), "%s%s%s: missing; it is required",
				     r->path, r->path[0] ? "." : "", f->key);
	r->path[cut] = '\0';
}
