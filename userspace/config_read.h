/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to config*.c: the tables that describe the configuration, and what reads by them.
 * One table an object, one row a key; reading, defaults' places, errors and freeing all follow it.
 */
#ifndef SAMEPATH_USERSPACE_CONFIG_READ_H
#define SAMEPATH_USERSPACE_CONFIG_READ_H

#include <yaml.h>
#include "config.h"
#include "report.h"

enum field_type {
	FIELD_NAME, /* char *, and the int of its line at `line_at` */
	FIELD_TEXT, /* char * */
	FIELD_INTERFACE, /* char * */
	FIELD_BOOL, /* bool */
	FIELD_TRISTATE, /* int: -1 absent, 0, 1 */
	FIELD_NUMBER, /* uint32_t, min to max */
	FIELD_CHOICE, /* unsigned char or int wide at `size`: the index in `choices` */
	FIELD_ONE_OF, /* char *, but one of `choices` */
	FIELD_PREFIXES, FIELD_ADDRESSES, /* struct config_prefixes */
	FIELD_WORDS, FIELD_INTERFACES, /* struct config_words, each one of `choices` when there are any */
	FIELD_WORD, /* struct config_word */
	FIELD_IDS, /* int *, count at `count_at` */
	FIELD_PORTS, /* struct config_port *, count at `count_at` */
	FIELD_PORT_RANGE, /* uint16_t[2] */
	FIELD_MSS, /* uint16_t, MSS_AUTO for the word auto */
	FIELD_PORT, /* uint16_t, host order; its line at `line_at` */
	FIELD_DSCP, /* uint8_t */
	FIELD_DSCPS, /* uint64_t, a bit for each */
	FIELD_TARGET, /* struct config_check: who is asked, and how */
	FIELD_SERVER_TARGET, /* struct config_check: how each server is asked */
	FIELD_CHECK, /* struct config_check: a target alone, or an object that begins with one */
	FIELD_EITHER, /* the first field of its object alone, or the object, at `at` */
	FIELD_OBJECT, /* its fields lie in the same struct, at `at` */
	FIELD_OBJECTS, /* array of structs, count at `count_at` */
};

struct object;
struct field {
	const char *key;
	enum field_type type;
	bool required;
	unsigned char size; /* FIELD_CHOICE: 1 or 4 bytes */
	size_t at, count_at, line_at;
	uint32_t min, max;
	const char *const *choices; /* NULL-ended */
	const struct object *object;
	size_t given_at; /* a bool to set when the key is there, 0: none */
};
struct object {
	const struct field *fields; /* key NULL ends */
	size_t size; /* of an array's element */
	size_t line_at; /* of the element's int line */
	bool has_line;
	void (*defaults)(void *element); /* NULL: all zero */
};

extern const struct object config_object; /* the whole file */
extern const struct object feed_object, rule_object; /* which a plan has as well */

#define READER_PATH 256
struct reader {
	yaml_document_t *document;
	const char *file;
	struct report *report;
	char path[READER_PATH];
};

/* "file:line: path: value: why; accepted". Bytes of `value` that are no plain text are shown as ?. */
void reader_error(struct reader *r, const yaml_node_t *node, const char *why, const char *accepted);
const char *reader_value(const yaml_node_t *node, char *out, size_t size);
/* Text of a scalar, or NULL with an error saying that `accepted` was expected. */
const char *reader_scalar(struct reader *r, const yaml_node_t *node, const char *accepted);
/* Appends a zeroed element to an array. Never NULL: without memory the process ends. */
void *config_grow(void *array, size_t *count, size_t size);
char *config_copy(const char *text);

void read_object(struct reader *r, const yaml_node_t *node, const struct object *o, void *base);
void read_value(struct reader *r, const yaml_node_t *node, const struct field *f, char *base);
int node_line(const yaml_node_t *node);
/* Up to eleven digits. False for anything else, a leading zero too. */
bool parse_number(const char *text, uint64_t *out);

/* What must answer (config_check.c). */
void read_target(struct reader *r, const yaml_node_t *node, struct config_check *check);
void read_server_target(struct reader *r, const yaml_node_t *node, struct config_check *check);
void read_check(struct reader *r, const yaml_node_t *node, const struct field *f, char *base);

/* Class of service (config_dscp.c). */
void read_dscp(struct reader *r, const yaml_node_t *node, uint8_t *out);
void one_dscp(struct reader *r, const yaml_node_t *node, const struct field *f, char *base);

struct document {
	char *bytes; /* the caller's */
	size_t size;
};
/* A struct of that shape, its size the object's, read from a file: NULL when it is no such document.
 * Errors of what it holds are reported, and what could be read is there all the same. The caller frees
 * what is in it with object_free, and then it. */
void *document_read(const char *file, const struct object *o, struct document *d, struct report *report);
void object_free(const struct object *o, void *base);

/* The bytes of the file, fit to be loaded as one small document; NULL, reported, when they are not.
 * `first` is the key that one begins with. */
char *config_source(const char *file, const char *first, size_t *size, struct report *report);
/* "did you mean" for a key that is not known, or all keys. */
void nearest_keys(const char *key, const struct field *fields, char *out, size_t size);

#endif
