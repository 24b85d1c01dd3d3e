// SPDX-License-Identifier: GPL-2.0-only
/* What is wrong with a prefix at a circuit, and what becomes of connections to it, in words. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "drift_part.h"
#include "policy_way.h"

static const char *device_name(const struct drift_job *j, int ifindex)
{
	for (size_t i = 0; i < j->k->link_count; i++)
		if (j->k->links[i].ifindex == ifindex)
			return j->k->links[i].name;
	return "a device that is gone";
}

/* The first hop that is not by a link of the circuit, for there is one. */
static void say_device(FILE *f, const struct drift_job *j, size_t circuit,
		       const struct kernel_route *r)
{
	unsigned int ours = 0, i = 0;

	for (unsigned int n = 0; n < r->hop_count; n++)
		ours += drift_is_link(j, circuit, r->hops[n].ifindex);
	while (i + 1 < r->hop_count && drift_is_link(j, circuit, r->hops[i].ifindex))
		i++;
	fprintf(f, "goes out of %s%s", device_name(j, r->hops[i].ifindex), ours ? " as well" : "");
}

static void say_cause(FILE *f, const struct drift_job *j, size_t circuit,
		      const struct drift_seen *seen)
{
	static const char *const dead[] = { [ROUTE_UNREACHABLE] = "is unreachable",
					    [ROUTE_BLACKHOLE] = "is a blackhole",
					    [ROUTE_OTHER] = "is prohibited" };
	const struct config_circuit *k = &j->p->config->circuits[circuit];
	const struct kernel_route *r = seen->bad ? &j->k->routes[seen->bad - 1] : NULL;
	char text[PREFIX_TEXT];

	if (seen->states & (seen->states - 1)) /* not all of it alike */
		fprintf(f, "%s ", prefix_text(&seen->part, text));
	if (r && r->kind == ROUTE_UNICAST)
		say_device(f, j, circuit, r);
	else if (r)
		fputs(dead[r->kind], f);
	else
		fputs(k->translates ? "has no route" : "has no route by its links", f);
	if (k->table && k->table != RT_TABLE_MAIN)
		fprintf(f, " in table %u", k->table);
	else
		fputs(" in the main table", f);
}

/* Is the circuit able to carry all of it? */
static bool sound(const struct drift_job *j, size_t unit, const struct config_rule *rule,
		  const struct config_circuit *circuit)
{
	const struct drift_seen *seen =
		drift_seen(j, unit, (size_t)(circuit - j->p->config->circuits));

	return policy_way_carries(circuit, rule, j->family) && !(seen->states & ~DRIFT_GOOD);
}

/* The first of the rule's circuits [from, to) that carries all of it. */
static const struct config_circuit *first_sound(const struct drift_job *j,
						const struct config_rule *rule, size_t unit,
						size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct config_circuit *k =
			config_circuit(j->p->config, policy_way_at(rule, i));

		if (k && sound(j, unit, rule, k))
			return k;
	}
	return NULL;
}

/*
 * "new connections take dallas"; of a circuit behind a sound one "when chicago fails, new connections
 * are dropped". Circuits that hosts are shared out to stand behind no other: from each, hosts go round
 * to the one after it.
 */
static char *consequence(const struct drift_job *j, const struct config_rule *rule, size_t unit,
			 const struct config_circuit *circuit)
{
	size_t count = policy_way_count(rule), at = 0;
	size_t spread = rule->spread_by_host ? rule->circuits.count : 0;
	const struct config_circuit *before = NULL, *next;
	char *text;

	while (strcmp(policy_way_at(rule, at), circuit->name))
		at++;
	next = first_sound(j, rule, unit, at + 1, at < spread ? spread : count);
	if (!next && at < spread)
		next = first_sound(j, rule, unit, 0, at);
	if (!next && at < spread)
		next = first_sound(j, rule, unit, spread, count);
	if (at >= spread)
		before = first_sound(j, rule, unit, 0, at);
	if (asprintf(&text, "%s%s%snew connections %s%s", before ? "when " : "",
		     before ? before->name : "", before ? " fails, " : "",
		     next ? "take " : "are dropped", next ? next->name : "") < 0)
		return NULL;
	return text;
}

static bool said_already(const char *said, const char *text)
{
	const char *found = said;

	while ((found = strstr(found, text))) {
		bool whole = !strncmp(found - 2, "; ", 2); /* the cause comes before */

		found += strlen(text);
		if (whole && (!*found || *found == ';'))
			return true;
	}
	return false;
}

/* What rules say alike is said once. */
static bool say_consequences(FILE *f, char **said, const struct drift_job *j, size_t unit,
			     size_t circuit)
{
	const struct config *c = j->p->config;
	const uint64_t *rules = j->rules + (size_t)j->classes->at[unit].value * j->p->words;

	for (size_t r = 0; r < c->rule_count; r++) {
		char *text;

		if (!(rules[r / 64] >> (r % 64) & 1) || !(j->rule_circuits[r] >> circuit & 1))
			continue;
		text = consequence(j, &c->rules[r], unit, &c->circuits[circuit]);
		if (!text || fflush(f)) {
			free(text);
			return false;
		}
		if (!said_already(*said, text))
			fprintf(f, "; %s", text);
		free(text);
	}
	return true;
}

char *drift_detail(const struct drift_job *j, size_t unit, size_t circuit)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool good;

	if (!f)
		return NULL;
	say_cause(f, j, circuit, drift_seen(j, unit, circuit));
	good = say_consequences(f, &text, j, unit, circuit);
	if (fclose(f) || !good) {
		free(text);
		return NULL;
	}
	return text;
}
