// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes one half into a gateway's flow table.
 *
 *   flow_put PINS 4|6 KEY FLOW     key and flow in the family's form, bytes as decimal numbers
 */
#include <stdio.h>
#include <stdlib.h>
#include "flow_put.h"

static int pin(const char *pins, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pins, name);
	fd = bpf_obj_get(path);
	if (fd >= 0)
		return fd;
	perror(path);
	exit(1);
}

static void bytes(const char *text, uint8_t *to, size_t size)
{
	char *end = (char *)text;
	size_t i;

	for (i = 0; i < size && *end; i++)
		to[i] = strtoul(end, &end, 10);
	if (i == size && !*end)
		return;
	fprintf(stderr, "flow_put: %zu bytes wanted: %s\n", size, text);
	exit(2);
}

int main(int argc, char **argv)
{
	bool four = argc == 5 && !strcmp(argv[2], "4");
	struct flow_table_maps m = {.family = four ? 4 : 6};
	union flow_place p;

	if (argc != 5) {
		fprintf(stderr, "usage: flow_put PINS 4|6 KEY FLOW\n");
		return 2;
	}
	m.tables = pin(argv[1], "flow_tables");
	m.flows = pin(argv[1], four ? "flows4" : "flows6");
	m.near = pin(argv[1], four ? "flow_near4" : "flow_near6");
	m.far = pin(argv[1], four ? "flow_far4" : "flow_far6");
	bytes(argv[3], flow_place_key(&m, &p), flow_key_size(&m));
	bytes(argv[4], flow_place_flow(&m, &p), four ? sizeof(struct flow4) : sizeof(struct flow6));
	if (flow_put_half(&m, flow_place_key(&m, &p), flow_place_flow(&m, &p)))
		return 0;
	fprintf(stderr, "flow_put: the table is full\n");
	return 1;
}
