// SPDX-License-Identifier: GPL-2.0-only
/*
 * FRR, as JSON. Routes are an object whose keys are networks and whose values are lists of paths; what
 * it is called depends on who was asked. Sessions are in `peers` of each address family.
 */
#include <errno.h>
#include <string.h>
#include "dump_frr.h"

bool dump_is_json(const char *text, size_t size)
{
	size_t i = 0;

	while (i < size && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	return i < size && (text[i] == '{' || text[i] == '[');
}

json_t *dump_json(const char *text, size_t size, struct dump *out)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, 0, &error);

	if (!root)
		dump_refuse(out, error.line, "not JSON: %s", error.text);
	return root;
}

static bool equals(const json_t *value, const char *text)
{
	return json_is_string(value) && !strcmp(json_string_value(value), text);
}

static bool path_from(const json_t *path, const char *peer)
{
	const json_t *hops = json_object_get(path, "nexthops"), *hop;
	size_t i;

	json_array_foreach(hops, i, hop)
		if (equals(json_object_get(hop, "ip"), peer))
			return true;
	return equals(json_object_get(path, "peerId"), peer) ||
	       equals(json_object_get(path, "nextHop"), peer);
}

/* A route counts when one of its paths is valid, and from whom was asked for. */
static bool wanted(const json_t *paths, const struct dump_ask *ask)
{
	const json_t *path;
	size_t i;

	if (json_is_object(paths))
		return !json_is_false(json_object_get(paths, "valid")) &&
		       (!ask->peer || path_from(paths, ask->peer));
	json_array_foreach(paths, i, path)
		if (!json_is_false(json_object_get(path, "valid")) &&
		    (!ask->peer || path_from(path, ask->peer)))
			return true;
	return false;
}

static const json_t *routes_of(const json_t *root)
{
	static const char *const names[] = { "routes", "receivedRoutes", "advertisedRoutes",
					     "filteredRoutes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_is_object(json_object_get(root, names[i])))
			return json_object_get(root, names[i]);
	return root;
}

int dump_frr_json(const char *text, size_t size, const struct dump_ask *ask, struct dump *out)
{
	json_t *root = dump_json(text, size, out), *paths;
	const json_t *routes = root ? routes_of(root) : NULL;
	bool known = routes && (routes != root || !json_object_size(root));
	struct prefix p;
	const char *key;
	int err = root ? 0 : -EINVAL;

	json_object_foreach((json_t *)routes, key, paths) {
		if (err || !dump_prefix(key, &p))
			continue;
		known = true;
		if (wanted(paths, ask))
			err = dump_add(out, &p);
		else
			out->others++;
	}
	if (!err && !known)
		err = dump_refuse(
			out, 0, "no routes in it; what `show bgp ipv4 unicast json` prints is accepted");
	json_decref(root);
	return err;
}

static void sessions(const json_t *peers, const char *peer, size_t *found, bool *up)
{
	json_t *one;
	const char *name;

	json_object_foreach((json_t *)peers, name, one) {
		if (peer && strcmp(peer, name))
			continue;
		(*found)++;
		*up = equals(json_object_get(one, "state"), "Established");
	}
}

int dump_frr_json_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out)
{
	json_t *root = dump_json(text, size, out), *family;
	const char *name;
	size_t found = 0;
	int err = 0;

	if (!root)
		return -EINVAL;
	sessions(json_object_get(root, "peers"), peer, &found, up);
	json_object_foreach(root, name, family) {
		if (!found) /* a session of two families is one session */
			sessions(json_object_get(family, "peers"), peer, &found, up);
	}
	if (found != 1)
		err = dump_refuse(out, 0,
				  "%zu sessions%s%s; with `peer`, the address of one is accepted", found,
				  peer ? " with " : "", peer ? peer : "");
	json_decref(root);
	return err;
}
