// SPDX-License-Identifier: GPL-2.0-only
/* DSCP values, by number or by name (RFC 2474, 2597, 3246, 5865, 8622). */
#include <stdlib.h>
#include <string.h>
#include "config_read.h"

#define DSCP_MAX 63
#define ACCEPTED \
	"accepted: 0 to 63, be, le, ef, va, cs0 to cs7, or af11 to af43 with a class of 1 to 4 and a " \
	"drop precedence of 1 to 3"

/* af41 is class 4, drop precedence 1; cs5 is class 5. -1: neither. */
static int class_value(const char *text)
{
	if (!strncmp(text, "cs", 2) && text[2] >= '0' && text[2] <= '7' && !text[3])
		return (text[2] - '0') * 8;
	if (!strncmp(text, "af", 2) && text[2] >= '1' && text[2] <= '4' && text[3] >= '1' && text[3] <= '3' &&
	    !text[4])
		return (text[2] - '0') * 8 + (text[3] - '0') * 2;
	return -1;
}

/* -1: none. */
static int dscp_parse(const char *text)
{
	static const struct {
		const char *name;
		int value;
	} names[] = { { "be", 0 }, { "le", 1 }, { "va", 44 }, { "ef", 46 } };
	uint64_t number;

	if (parse_number(text, &number))
		return number <= DSCP_MAX ? (int)number : -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i].name))
			return names[i].value;
	return class_value(text);
}

/* -1, reported. */
static int dscp(struct reader *r, const yaml_node_t *node)
{
	const char *text = reader_scalar(r, node, ACCEPTED);
	int value = text ? dscp_parse(text) : -1;

	if (text && value < 0)
		reader_error(r, node, "not a DSCP", ACCEPTED);
	return value;
}

void read_dscp(struct reader *r, const yaml_node_t *node, uint8_t *out)
{
	int value = dscp(r, node);

	if (value >= 0)
		*out = (uint8_t)value;
}

void one_dscp(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	uint64_t *set = (uint64_t *)(base + f->at);
	int value = dscp(r, node);

	if (value < 0)
		return;
	if (*set >> value & 1)
		reader_error(r, node, "stands there twice", "accepted: each value once, by number or by name");
	*set |= 1ull << value;
}
