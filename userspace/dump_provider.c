// SPDX-License-Identifier: GPL-2.0-only
/*
 * The provider's table of a circuit: rows {network, nextHop, locPrf, weight, path}, alone or under
 * `value`, their names in whatever case the tool wrote them. It holds the provider's routes and this
 * site's alike; the path tells them apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "dump_frr.h"

static const char *cell(json_t *row, const char *name)
{
	json_t *value;
	const char *key;

	json_object_foreach(row, key, value)
		if (!strcasecmp(key, name) && json_is_string(value))
			return json_string_value(value);
	return NULL;
}

static bool has_number(const char *path, uint32_t asn)
{
	char *end;

	while (path && *path) {
		unsigned long number = strtoul(path, &end, 10);

		if (end != path && number == asn)
			return true;
		path = end == path ? path + 1 : end;
	}
	return false;
}

static bool wanted(json_t *row, const struct dump_ask *ask)
{
	return !ask->asn || has_number(cell(row, "path"), ask->asn) == ask->ours;
}

int dump_provider(const char *text, size_t size, const struct dump_ask *ask, struct dump *out)
{
	json_t *root, *rows, *row;
	struct prefix p;
	size_t i;
	int err = 0;

	memset(out, 0, sizeof(*out));
	root = dump_json(text, size, out);
	if (!root)
		return -EINVAL;
	rows = json_is_object(root) ? json_object_get(root, "value") : root;
	if (!json_is_array(rows))
		err = dump_refuse(out, 0, "no table; a list of rows with network and path is accepted");
	json_array_foreach(rows, i, row) {
		const char *network = cell(row, "network");

		if (err)
			break;
		if (!network || !dump_prefix(network, &p))
			err = dump_refuse(
				out, 0,
				"row %zu: %.60s: no network; a prefix such as 192.0.2.0/24 is accepted",
				i + 1, network ? network : "(none)");
		else if (wanted(row, ask))
			err = dump_add(out, &p);
		else
			out->others++;
	}
	json_decref(root);
	return err;
}
