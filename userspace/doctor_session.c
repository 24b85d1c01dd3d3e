// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "doctor_session.h"

static void judge(struct doctor *d, const char *name, bool up, const char *repair, const char *state)
{
	if (up)
		doctor_add(d, "bgp", name, DOCTOR_OK, NULL, "Established");
	else
		doctor_add(d, "bgp", name, DOCTOR_WARNING, repair, "the session is not up: %s",
			   state[0] ? state : "it says nothing more");
}

/* Name, kind, table, state, since (one word or two, for BIRD writes day and time), and what BGP calls
 * it. */
int judge_bird(struct doctor *d, char *text)
{
	char *rest = text, *line, name[64], kind[16], state[16], repair[128];
	int found = 0;

	while ((line = strsep(&rest, "\n"))) {
		const char *more = line;

		if (sscanf(line, "%63s %15s %*s %15s", name, kind, state) != 3 || strcmp(kind, "BGP"))
			continue;
		for (int i = 0; i < 5; i++) {
			more += strspn(more, " ");
			more += strcspn(more, " ");
		}
		more += strspn(more, " ");
		if (strspn(more, "0123456789:.") > 3) /* the time behind the day */
			more += strcspn(more, " ");
		more += strspn(more, " ");
		snprintf(repair, sizeof(repair), "birdc %s %s",
			 strcmp(state, "down") ? "restart" : "enable", name);
		judge(d, name, !strcmp(state, "up") && strstr(more, "Established"), repair, more);
		found++;
	}
	return found;
}

static int judge_peers(struct doctor *d, json_t *family)
{
	json_t *peers = json_object_get(family, "peers"), *peer;
	const char *name;
	int found = 0;

	json_object_foreach(peers, name, peer) {
		const char *state = json_string_value(json_object_get(peer, "state"));
		char repair[128];

		snprintf(repair, sizeof(repair), "vtysh -c 'clear bgp %s'", name);
		judge(d, name, state && !strcmp(state, "Established"), repair, state ? state : "");
		found++;
	}
	return found;
}

int judge_frr(struct doctor *d, const char *json)
{
	json_t *root = json_loads(json, 0, NULL), *family;
	const char *name;
	int found = 0;

	if (!json_is_object(root)) {
		json_decref(root);
		return -EINVAL;
	}
	json_object_foreach(root, name, family)
		found += judge_peers(d, family);
	json_decref(root);
	return found;
}

/* A circuit with a table of its own and without next hops has its routes from such a session. */
static bool waits_for_routes(const struct config *c)
{
	for (size_t i = 0; i < c->circuit_count; i++) {
		size_t hops = 0;

		for (size_t k = 0; k < c->circuits[i].link_count; k++)
			hops += c->circuits[i].links[k].next_hops.count;
		if (c->circuits[i].table && !hops)
			return true;
	}
	return false;
}

void doctor_sessions(struct doctor *d)
{
	const char *const bird[] = { "birdc", "-r", "show", "protocols", NULL };
	const char *const frr[] = { "vtysh", "-c", "show bgp summary json", NULL };
	char *text = NULL;
	int found = 0;

	if (!access("/run/bird/bird.ctl", F_OK) && !command_output(bird, &text))
		found += judge_bird(d, text);
	free(text);
	text = NULL;
	if (!access("/run/frr/bgpd.vty", F_OK) && !command_output(frr, &text) && judge_frr(d, text) > 0)
		found++;
	free(text);
	if (!found && waits_for_routes(d->config))
		doctor_add(
			d, "bgp", "", DOCTOR_NOTE, NULL,
			"a circuit has a table and no next hop, and no BIRD or FRR is seen here");
	else if (!found)
		doctor_add(d, "bgp", "", DOCTOR_OK, NULL, "no session, and no circuit that needs one");
}
