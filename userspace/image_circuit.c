// SPDX-License-Identifier: GPL-2.0-only
/* Circuits, rules and owners of an image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_part.h"
#include "report.h"

static int add_circuit(struct image_job *j, const struct config_circuit *from, uint8_t *number)
{
	int n = j->number(j->context, NAME_CIRCUIT, from->name);
	struct circuit *to;

	if (n < 1 || n >= CIRCUITS_MAX) {
		report_error(j->report, j->config->file, from->line,
			     "circuits[%s]: no number left; %d circuits are accepted, retiring ones counted",
			     from->name, CIRCUITS_MAX - 1);
		return -E2BIG;
	}
	*number = (uint8_t)n;
	snprintf(j->image->circuit_names[n], sizeof(j->image->circuit_names[n]), "%s", from->name);
	to = &j->image->circuits[n];
	to->flags = CIRCUIT_PRESENT;
	to->flags |= from->translates ? 0 : CIRCUIT_PIN_ONLY;
	to->flags |= from->monitor ? CIRCUIT_MONITOR : 0;
	to->flags |= from->inbound_off ? CIRCUIT_INBOUND_OFF : 0;
	to->flags |= from->map_tcp == MAP_ENDPOINT_INDEPENDENT ? CIRCUIT_TCP_EIM : 0;
	to->flags |= from->map_udp == MAP_ENDPOINT_INDEPENDENT ? CIRCUIT_UDP_EIM : 0;
	to->flags |= from->other_protocols ? CIRCUIT_OTHER_PROTOCOLS : 0;
	to->flags |= from->dscp ? CIRCUIT_DSCP : 0;
	to->table = from->table;
	to->port_min = from->port_min;
	to->port_max = from->port_max;
	to->dscp_keep[0] = (uint32_t)from->dscp_keep;
	to->dscp_keep[1] = (uint32_t)(from->dscp_keep >> 32);
	to->dscp_rest = from->dscp_rest;
	j->image->settings.features |= from->dscp ? FEATURE_DSCP : 0;
	to->mss = from->mss;
	return image_pools(j, from, to);
}

int image_circuits(struct image_job *j)
{
	int err = 0;

	j->image->circuits[0].flags = CIRCUIT_PRESENT;
	snprintf(j->image->circuit_names[0], sizeof(j->image->circuit_names[0]), "inside");
	for (size_t i = 0; i < j->config->circuit_count && !err; i++)
		err = add_circuit(j, &j->config->circuits[i], &j->circuit_number[i]);
	return err;
}

/* Appends a circuit of a rule; one that is listed already adds nothing. */
static int rule_add(struct image_job *j, struct rule *to, const struct config_word *name)
{
	const struct config_circuit *circuit = config_circuit(j->config, name->text);
	uint8_t number;

	if (!circuit) {
		report_error(j->report, j->config->file, name->line,
			     "policy: %s: no such circuit; a name under circuits is accepted", name->text);
		return -EINVAL;
	}
	number = j->circuit_number[circuit - j->config->circuits];
	if (memchr(to->circuits, number, to->count))
		return 0;
	if (to->count == RULE_CIRCUITS) {
		report_error(j->report, j->config->file, name->line,
			     "policy: %s: more than %d circuits in one rule; %d are accepted", name->text,
			     RULE_CIRCUITS, RULE_CIRCUITS);
		return -E2BIG;
	}
	to->circuits[to->count++] = number;
	return 0;
}

static int add_rule(struct image_job *j, const struct config_rule *from, struct rule *to)
{
	int err = 0;

	for (size_t i = 0; i < from->circuits.count && !err; i++)
		err = rule_add(j, to, &from->circuits.at[i]);
	to->spread = to->count;
	if (!err && from->otherwise.text && strcmp(from->otherwise.text, "drop"))
		err = rule_add(j, to, &from->otherwise);
	to->flags |= from->translate ? 0 : RULE_NO_TRANSLATE;
	to->flags |= from->spread_by_host ? RULE_SPREAD_BY_HOST : 0;
	return err;
}

int image_rules(struct image_job *j)
{
	const struct config *c = j->config;
	int err = 0;

	if (c->rule_count >= RULES_MAX) {
		report_error(j->report, c->file, c->rules[RULES_MAX - 1].line,
			     "policy: %zu rules; at most %d are accepted", c->rule_count, RULES_MAX - 1);
		return -E2BIG;
	}
	for (size_t i = 0; i < c->rule_count && !err; i++)
		err = add_rule(j, &c->rules[i], &j->image->rules[i + 1]);
	j->image->rule_count = (uint32_t)c->rule_count + 1;
	return err;
}

static void own(struct image_trie *trie, const struct config_prefixes *list, struct owner owner)
{
	for (size_t i = 0; i < list->count; i++) {
		struct image_entry *e = &trie->at[trie->count++];

		e->prefix = list->at[i].prefix;
		memcpy(&e->value, &owner, sizeof(e->value));
	}
}

/* Of one prefix with two owners the service's says more than the pool's: highest kind first. */
static int owner_compare(const void *a, const void *b)
{
	const struct image_entry *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);
	struct owner p, q;

	memcpy(&p, &x->value, sizeof(p));
	memcpy(&q, &y->value, sizeof(q));
	return order ? order : q.kind - p.kind;
}

int image_owners(struct image_job *j)
{
	const struct config *c = j->config;
	struct image_trie *trie = &j->image->owners;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < c->circuit_count; i++)
		n += c->circuits[i].outbound_pool.count + c->circuits[i].inbound_pool.count;
	for (size_t i = 0; i < c->service_count; i++)
		n += c->services[i].public.count;
	trie->at = calloc(n + 1, sizeof(*trie->at));
	if (!trie->at)
		return -ENOMEM;
	for (size_t i = 0; i < c->circuit_count; i++) {
		struct owner out = { .kind = OWNER_OUTBOUND_POOL, .circuit = j->circuit_number[i] };
		struct owner in = { .kind = OWNER_INBOUND_POOL, .circuit = j->circuit_number[i] };

		own(trie, &c->circuits[i].outbound_pool, out);
		own(trie, &c->circuits[i].inbound_pool, in);
	}
	for (size_t i = 0; i < c->service_count; i++)
		own(trie, &c->services[i].public, (struct owner){ .kind = OWNER_SERVICE });
	qsort(trie->at, trie->count, sizeof(*trie->at), owner_compare);
	for (size_t i = 0; i < trie->count; i++)
		if (!kept || !prefix_equal(&trie->at[i].prefix, &trie->at[kept - 1].prefix))
			trie->at[kept++] = trie->at[i];
	trie->count = kept;
	return 0;
}
