// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config_read.h"
#include "print.h"

#define VALUE_SHOWN 60

void *config_grow(void *array, size_t *count, size_t size)
{
	char *grown = realloc(array, (*count + 1) * size);

	if (!grown)
		exit(print_error("configuration: out of memory"));
	memset(grown + *count * size, 0, size);
	(*count)++;
	return grown;
}

char *config_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		exit(print_error("configuration: out of memory"));
	return copy;
}

int node_line(const yaml_node_t *node)
{
	return (int)node->start_mark.line + 1;
}

const char *reader_value(const yaml_node_t *node, char *out, size_t size)
{
	size_t i, length;

	if (node->type != YAML_SCALAR_NODE) {
		snprintf(out, size, "%s", node->type == YAML_MAPPING_NODE ? "{...}" : "[...]");
		return out;
	}
	length = node->data.scalar.length;
	for (i = 0; i < length && i + 4 < size; i++) {
		unsigned char c = node->data.scalar.value[i];

		out[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	/* Cut between characters: what is cut within one is no UTF-8, and JSON would lose the line. */
	while (i < length && i > 0 && (node->data.scalar.value[i] & 0xc0) == 0x80)
		i--;
	snprintf(out + i, size - i, "%s", i < length ? "..." : "");
	if (!length)
		snprintf(out, size, "(empty)");
	return out;
}

void reader_error(struct reader *r, const yaml_node_t *node, const char *why, const char *accepted)
{
	char value[VALUE_SHOWN + 4];

	report_error(r->report, r->file, node_line(node), "%s: %s: %s; %s", r->path,
		     reader_value(node, value, sizeof(value)), why, accepted);
}

const char *reader_scalar(struct reader *r, const yaml_node_t *node, const char *accepted)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE) {
		reader_error(r, node, "not a single value", accepted);
		return NULL;
	}
	if (strlen(text) != node->data.scalar.length) {
		reader_error(r, node, "holds a zero byte", accepted);
		return NULL;
	}
	return text;
}

static void free_words(struct config_words *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		free(w->at[i].text);
	free(w->at);
}

static void free_array(const struct field *f, char *base)
{
	char *array = *(char **)(base + f->at);
	size_t i, count = *(size_t *)(base + f->count_at);

	for (i = 0; f->object && i < count; i++)
		object_free(f->object, array + i * f->object->size);
	free(array);
}

void object_free(const struct object *o, void *base)
{
	const struct field *f;

	for (f = o->fields; f->key; f++) {
		char *at = (char *)base + f->at;

		switch (f->type) {
		case FIELD_NAME: case FIELD_TEXT: case FIELD_INTERFACE: case FIELD_ONE_OF:
			free(*(char **)at);
			break;
		case FIELD_WORD:
			free(((struct config_word *)at)->text);
			break;
		case FIELD_PREFIXES: case FIELD_ADDRESSES:
			free(((struct config_prefixes *)at)->at);
			break;
		case FIELD_WORDS: case FIELD_INTERFACES:
			free_words((struct config_words *)at);
			break;
		case FIELD_IDS: case FIELD_PORTS: case FIELD_OBJECTS:
			free_array(f, base);
			break;
		case FIELD_OBJECT: case FIELD_CHECK: case FIELD_EITHER:
			object_free(f->object, at);
			break;
		default:
			break;
		}
	}
}

void config_free(struct config *config)
{
	if (!config)
		return;
	object_free(&config_object, config);
	free(config->file);
	free(config->source);
	free(config);
}

/* What was not written follows limits.flows, so that a small table needs one key and not three. */
static void late_defaults(struct config *c)
{
	uint32_t flows = c->limits.flows;

	if (c->limits.flows_per_host == UINT32_MAX)
		c->limits.flows_per_host = flows < 20000 ? flows : 20000;
	if (c->limits.half_open == UINT32_MAX)
		c->limits.half_open = flows < 100000 ? flows : 100000;
}

static int load(yaml_document_t *document, const char *file, const char *bytes, size_t size,
		struct report *report)
{
	yaml_parser_t parser;
	int err = -1;

	if (yaml_parser_initialize(&parser)) {
		yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
		err = yaml_parser_load(&parser, document) ? 0 : -1;
		if (err) /* the events were fine, so this is memory */
			report_error(report, file, 0, "cannot be loaded: out of memory");
		yaml_parser_delete(&parser);
	}
	return err;
}

bool config_same(const struct config *a, const struct config *b)
{
	return a->source_size == b->source_size && !memcmp(a->source, b->source, a->source_size);
}

void *document_read(const char *file, const struct object *o, struct document *d, struct report *report)
{
	struct reader r = { .file = file, .report = report };
	yaml_document_t document;
	size_t one = 0;
	char *base;

	d->bytes = config_source(file, o->fields[0].key, &d->size, report);
	if (!d->bytes || load(&document, file, d->bytes, d->size, report)) {
		free(d->bytes);
		d->bytes = NULL;
		return NULL;
	}
	base = config_grow(NULL, &one, o->size);
	if (o->defaults)
		o->defaults(base);
	r.document = &document;
	read_object(&r, yaml_document_get_root_node(&document), o, base);
	yaml_document_delete(&document);
	return base;
}

struct config *config_read(const char *file, struct report *report)
{
	size_t before = report->errors;
	struct document d = { 0 };
	struct config *c = document_read(file, &config_object, &d, report);

	if (!c)
		return NULL;
	c->file = config_copy(file);
	c->source = d.bytes;
	c->source_size = d.size;
	late_defaults(c);
	if (report->errors == before)
		return c;
	config_free(c);
	return NULL;
}

const struct config_circuit *config_circuit(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->circuit_count; i++)
		if (!strcmp(c->circuits[i].name, name))
			return &c->circuits[i];
	return NULL;
}

const struct config_class *config_class(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->class_count; i++)
		if (!strcmp(c->classes[i].name, name))
			return &c->classes[i];
	return NULL;
}

const struct config_segment *config_segment(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->segment_count; i++)
		if (!strcmp(c->segments[i].name, name))
			return &c->segments[i];
	return NULL;
}
