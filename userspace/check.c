// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "check.h"
#include "image.h"

static void check_tables(const struct config *c, struct report *r)
{
	const struct config_circuit *a;
	size_t i, j;

	for (i = 0; i < c->circuit_count; i++) {
		a = &c->circuits[i];
		if (a->table >= 253 && a->table <= 255)
			report_error(r, c->file, a->line,
				     "circuits[%s].table: %u: the kernel's own; accepted: 1 to 252, or above 255",
				     a->name, a->table);
		for (j = 0; a->table && j < i; j++)
			if (c->circuits[j].table == a->table)
				report_error(r, c->file, a->line,
					     "circuits[%s].table: %u: circuit %s has it (line %d); accepted: a table of its own",
					     a->name, a->table, c->circuits[j].name, c->circuits[j].line);
		for (j = 0; !a->table && j < a->link_count; j++)
			if (a->links[j].next_hops.count)
				report_error(r, c->file, a->links[j].next_hops.at[0].line,
					     "circuits[%s].links[%s].next-hop: would replace the default route of the main table; accepted: with a table of the circuit's own, or without next-hop",
					     a->name, a->links[j].interface);
	}
}

static void check_sizes(const struct config *c, struct report *r)
{
	if (c->circuit_count > CIRCUITS_MAX - 1)
		report_error(r, c->file, c->circuits[CIRCUITS_MAX - 1].line,
			     "circuits: %zu: too many; accepted: at most %d", c->circuit_count,
			     CIRCUITS_MAX - 1);
	if (c->class_count > CLASSES_MAX - 1)
		report_error(r, c->file, c->classes[CLASSES_MAX - 1].line,
			     "classes: %zu: too many; accepted: at most %d", c->class_count,
			     CLASSES_MAX - 1);
	if (c->service_count > SERVICES_MAX - 1)
		report_error(r, c->file, c->services[SERVICES_MAX - 1].line,
			     "services: %zu: too many; accepted: at most %d", c->service_count,
			     SERVICES_MAX - 1);
	if (c->rule_count > RULES_MAX - 1)
		report_error(r, c->file, c->rules[RULES_MAX - 1].line,
			     "policy: %zu rules: too many; accepted: at most %d", c->rule_count,
			     RULES_MAX - 1);
}

static void check_timeouts(const struct config *c, struct report *r)
{
	const struct {
		const char *key, *rfc;
		uint32_t value, floor;
	} rows[] = {
		{ "tcp-established", "RFC 5382 REQ-5", c->timeouts.tcp_established, 7440 },
		{ "tcp-transitory", "RFC 5382 REQ-5", c->timeouts.tcp_transitory, 240 },
		{ "udp", "RFC 4787 REQ-5", c->timeouts.udp, 120 },
		{ "icmp", "RFC 5508 REQ-2", c->timeouts.icmp, 60 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value < rows[i].floor)
			report_warning(r, c->file, c->timeouts.line,
				       "timeouts.%s: %u: below the %u seconds of %s", rows[i].key,
				       rows[i].value, rows[i].floor, rows[i].rfc);
}

static void check_rules(const struct config *c, struct report *r)
{
	size_t i, count;

	for (i = 0; i < c->rule_count; i++) {
		const struct config_rule *u = &c->rules[i];

		count = u->circuits.count + (strcmp(u->otherwise.text, "drop") != 0);
		if (count > RULE_CIRCUITS)
			report_error(r, c->file, u->line,
				     "policy: %zu circuits in one rule: too many; accepted: at most %d with otherwise",
				     count, RULE_CIRCUITS);
	}
}

bool config_check(const struct config *c, struct report *report)
{
	bool named = check_names(c, report);

	check_sizes(c, report);
	check_tables(c, report);
	check_timeouts(c, report);
	check_feeds(c, report);
	check_classes(c, report);
	check_rules(c, report);
	check_links(c, report);
	check_pools(c, report);
	check_services(c, report);
	return named;
}

struct config *check_all(const char *file, const char *gateway, struct feeds *feeds, struct report *report)
{
	struct config *c;
	size_t before = report->errors;
	bool named, fed;

	memset(feeds, 0, sizeof(*feeds));
	c = config_read(file, report);
	if (!c)
		return NULL;
	named = config_check(c, report);
	fed = feeds_load(c, gateway, feeds, report);
	/* Over names that do not resolve, the policy says nothing that a person could use. */
	if (named && fed)
		policy_check(c, feeds, report);
	if (fed && report->errors == before)
		return c;
	feeds_free(feeds);
	memset(feeds, 0, sizeof(*feeds));
	config_free(c);
	return NULL;
}
