// SPDX-License-Identifier: GPL-2.0-only
/* One value of each type, from a node of the tree into its place. */
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config_read.h"
#include "../maps/circuit.h"

#define QUOTED "in quotes, which makes it a text"

typedef void (*read_element)(struct reader *r, const yaml_node_t *node, const struct field *f, char *base);

static bool is_plain(const yaml_node_t *node)
{
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static void accepted_choices(const struct field *f, char *out, size_t size)
{
	size_t used = 0, i;

	used = (size_t)snprintf(out, size, "accepted: ");
	for (i = 0; f->choices[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", f->choices[i]);
}

/* The index among the choices, -1 reported. */
static int choose(struct reader *r, const yaml_node_t *node, const struct field *f)
{
	char accepted[256];
	const char *text;
	int i;

	accepted_choices(f, accepted, sizeof(accepted));
	text = reader_scalar(r, node, accepted);
	for (i = 0; text && f->choices[i]; i++)
		if (!strcmp(text, f->choices[i]))
			return i;
	if (text)
		reader_error(r, node, "not a known word", accepted);
	return -1;
}

bool parse_number(const char *text, uint64_t *out)
{
	size_t i;

	*out = 0;
	if (!text[0] || (text[0] == '0' && text[1]))
		return false; /* 010 is eight to YAML 1.1 and ten to people */
	for (i = 0; text[i]; i++) {
		if (!isdigit((unsigned char)text[i]) || i > 10)
			return false;
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

static bool read_number(struct reader *r, const yaml_node_t *node, uint32_t min, uint32_t max,
			uint32_t *out)
{
	char accepted[64];
	const char *text;
	uint64_t value;

	snprintf(accepted, sizeof(accepted), "accepted: a whole number from %u to %u", min, max);
	text = reader_scalar(r, node, accepted);
	if (!text)
		return false;
	if (!is_plain(node) || !parse_number(text, &value)) {
		reader_error(r, node, is_plain(node) ? "not a number" : QUOTED, accepted);
		return false;
	}
	if (value < min || value > max) {
		reader_error(r, node, "out of range", accepted);
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

static int read_bool(struct reader *r, const yaml_node_t *node)
{
	const char *accepted = "accepted: true, false";
	const char *text = reader_scalar(r, node, accepted);

	if (text && is_plain(node) && !strcmp(text, "true"))
		return 1;
	if (text && is_plain(node) && !strcmp(text, "false"))
		return 0;
	if (text)
		reader_error(r, node, is_plain(node) ? "not a boolean" : QUOTED, accepted);
	return -1;
}

static bool name_ok(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
		    (text[i] != '-' || !i))
			return false;
	return i > 0 && i <= 32;
}

static bool interface_ok(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!isgraph((unsigned char)text[i]) || text[i] == '/' || text[i] == ':')
			return false;
	return i > 0 && i < 16 && strcmp(text, ".") && strcmp(text, "..");
}

static char *read_text(struct reader *r, const yaml_node_t *node, enum field_type type)
{
	const char *accepted = "accepted: a word", *text;

	if (type == FIELD_NAME)
		accepted = "accepted: up to 32 of a-z, 0-9 and -, not - first";
	else if (type == FIELD_INTERFACE)
		accepted = "accepted: a device name of up to 15 characters";
	text = reader_scalar(r, node, accepted);
	if (!text)
		return NULL;
	if ((type == FIELD_NAME && !name_ok(text)) || (type == FIELD_INTERFACE && !interface_ok(text)) ||
	    !text[0]) {
		reader_error(r, node, type == FIELD_INTERFACE ? "not a device name" : "not a name",
			     accepted);
		return NULL;
	}
	/* It comes back in messages, where a line break would be a line of its own. */
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			reader_error(r, node, "holds a control character", accepted);
			return NULL;
		}
	return config_copy(text);
}

static void one_prefix(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	struct config_prefixes *list = (struct config_prefixes *)(base + f->at);
	bool address = f->type == FIELD_ADDRESSES;
	const char *accepted = address ? "accepted: an address such as 192.0.2.1 or 2001:db8::1" :
					 "accepted: a prefix such as 192.0.2.0/24 or 2001:db8::/48";
	const char *text = reader_scalar(r, node, accepted), *why;
	struct config_prefix *p;
	struct prefix parsed;

	if (!text)
		return;
	if (address ? address_parse(text, &parsed, &why) : prefix_parse(text, &parsed, &why)) {
		reader_error(r, node, why, accepted);
		return;
	}
	list->at = config_grow(list->at, &list->count, sizeof(*list->at));
	p = &list->at[list->count - 1];
	p->prefix = parsed;
	p->line = node_line(node);
}

static void one_word(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	struct config_words *list = (struct config_words *)(base + f->at);
	char *text;

	if (f->choices && choose(r, node, f) < 0)
		return;
	text = read_text(r, node, f->type == FIELD_INTERFACES ? FIELD_INTERFACE : FIELD_TEXT);
	if (!text)
		return;
	list->at = config_grow(list->at, &list->count, sizeof(*list->at));
	list->at[list->count - 1] = (struct config_word){ text, node_line(node) };
}

static void one_id(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	int **array = (int **)(base + f->at);
	uint32_t id;

	if (!read_number(r, node, 0, INT32_MAX, &id))
		return;
	*array = config_grow(*array, (size_t *)(base + f->count_at), sizeof(int));
	(*array)[*(size_t *)(base + f->count_at) - 1] = (int)id;
}

/* "443" or "100-200", both ends from 1 to 65535. */
static bool parse_ports(const char *text, uint16_t *first, uint16_t *last)
{
	const char *dash = strchr(text, '-');
	uint64_t a, b;
	char copy[8];

	if (strlen(text) > 11 || (dash && dash - text > 5))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", dash ? (int)(dash - text) : 7, text);
	if (!parse_number(copy, &a) || !parse_number(dash ? dash + 1 : copy, &b))
		return false;
	if (a < 1 || b > 65535 || a > b)
		return false;
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return true;
}

static void one_port(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	const char *accepted = "accepted: tcp/443, tcp/5000-5010, udp/3478, icmp";
	const char *text = reader_scalar(r, node, accepted);
	struct config_port port = { .line = node_line(node) }, **array;

	if (!text)
		return;
	if (!strncmp(text, "tcp/", 4))
		port.protocol = IPPROTO_TCP;
	else if (!strncmp(text, "udp/", 4))
		port.protocol = IPPROTO_UDP;
	else if (!strcmp(text, "icmp"))
		port.protocol = IPPROTO_ICMP;
	if (!port.protocol ||
	    (port.protocol != IPPROTO_ICMP && !parse_ports(text + 4, &port.first, &port.last))) {
		reader_error(r, node, "not a protocol with port", accepted);
		return;
	}
	array = (struct config_port **)(base + f->at);
	*array = config_grow(*array, (size_t *)(base + f->count_at), sizeof(port));
	(*array)[*(size_t *)(base + f->count_at) - 1] = port;
}

static void port_range(struct reader *r, const yaml_node_t *node, uint16_t *ends)
{
	const char *accepted = "accepted: a range such as 1024-65535";
	const char *text = reader_scalar(r, node, accepted);

	if (text && (!strchr(text, '-') || !parse_ports(text, &ends[0], &ends[1])))
		reader_error(r, node, "not a range of ports", accepted);
}

/* What Linux takes from a peer (88), and what a packet of 65535 bytes has room for. */
static void read_mss(struct reader *r, const yaml_node_t *node, uint16_t *mss)
{
	const char *accepted = "accepted: auto, or bytes from 88 to 65495";
	const char *text = reader_scalar(r, node, accepted);
	uint32_t bytes;

	if (!text)
		return;
	if (!strcmp(text, "auto"))
		*mss = MSS_AUTO;
	else if (text[0] < '0' || text[0] > '9')
		reader_error(r, node, "not a segment size", accepted);
	else if (read_number(r, node, 88, 65495, &bytes))
		*mss = (uint16_t)bytes;
}

static void read_port(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	uint32_t port;

	if (read_number(r, node, 1, UINT16_MAX, &port))
		*(uint16_t *)(base + f->at) = (uint16_t)port;
	*(int *)(base + f->line_at) = node_line(node);
}

/* One value stands for a list of one. */
static void read_list(struct reader *r, const yaml_node_t *node, const struct field *f, char *base,
		      read_element element)
{
	const yaml_node_item_t *i;

	if (node->type == YAML_SEQUENCE_NODE) {
		if (node->data.sequence.items.start == node->data.sequence.items.top &&
		    f->type != FIELD_DSCPS) /* which may keep none */
			reader_error(r, node, "empty list", "accepted: at least one value, or leave the key out");
		for (i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
			element(r, yaml_document_get_node(r->document, *i), f, base);
	} else {
		element(r, node, f, base);
	}
}

static void one_object(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	char **array = (char **)(base + f->at);
	size_t *count = (size_t *)(base + f->count_at), size = f->object->size;
	char *element;

	*array = config_grow(*array, count, size);
	element = *array + (*count - 1) * size;
	if (f->object->defaults)
		f->object->defaults(element);
	read_object(r, node, f->object, element);
}

static void read_objects(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	if (node->type != YAML_SEQUENCE_NODE)
		reader_error(r, node, "not a list", "accepted: a list of objects, each beginning with -");
	else
		read_list(r, node, f, base, one_object);
}

static void read_choice(struct reader *r, const yaml_node_t *node, const struct field *f, char *at)
{
	int choice = choose(r, node, f);

	if (choice >= 0 && f->size == 1)
		*(bool *)at = choice;
	else if (choice >= 0)
		memcpy(at, &choice, sizeof(choice));
}

static void read_single(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	char *at = base + f->at;
	int flag;

	if (f->type == FIELD_BOOL || f->type == FIELD_TRISTATE) {
		flag = read_bool(r, node);
		if (flag >= 0 && f->type == FIELD_BOOL)
			*(bool *)at = flag;
		else if (flag >= 0)
			*(int *)at = flag;
	} else if (f->type == FIELD_WORD) {
		((struct config_word *)at)->text = read_text(r, node, FIELD_TEXT);
		((struct config_word *)at)->line = node_line(node);
	} else if (f->type != FIELD_ONE_OF || choose(r, node, f) >= 0) {
		*(char **)at = read_text(r, node, f->type);
		if (f->line_at)
			*(int *)(base + f->line_at) = node_line(node);
	}
}

void read_value(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	if (f->given_at)
		*(bool *)(base + f->given_at) = true;
	switch (f->type) {
	case FIELD_NUMBER:
		read_number(r, node, f->min, f->max, (uint32_t *)(base + f->at));
		break;
	case FIELD_CHOICE:
		read_choice(r, node, f, base + f->at);
		break;
	case FIELD_PREFIXES:
	case FIELD_ADDRESSES:
		read_list(r, node, f, base, one_prefix);
		break;
	case FIELD_WORDS:
	case FIELD_INTERFACES:
		read_list(r, node, f, base, one_word);
		break;
	case FIELD_IDS:
		read_list(r, node, f, base, one_id);
		break;
	case FIELD_PORTS:
		read_list(r, node, f, base, one_port);
		break;
	case FIELD_PORT_RANGE:
		port_range(r, node, (uint16_t *)(base + f->at));
		break;
	case FIELD_MSS:
		read_mss(r, node, (uint16_t *)(base + f->at));
		break;
	case FIELD_PORT:
		read_port(r, node, f, base);
		break;
	case FIELD_DSCP:
		read_dscp(r, node, (uint8_t *)(base + f->at));
		break;
	case FIELD_DSCPS:
		read_list(r, node, f, base, one_dscp);
		break;
	case FIELD_TARGET:
		read_target(r, node, (struct config_check *)(base + f->at));
		break;
	case FIELD_SERVER_TARGET:
		read_server_target(r, node, (struct config_check *)(base + f->at));
		break;
	case FIELD_CHECK:
	case FIELD_EITHER:
		read_check(r, node, f, base);
		break;
	case FIELD_OBJECT:
		read_object(r, node, f->object, base + f->at);
		break;
	case FIELD_OBJECTS:
		read_objects(r, node, f, base);
		break;
	default:
		read_single(r, node, f, base);
	}
}
