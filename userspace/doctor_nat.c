// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rival NAT. What XDP translates passes netfilter by; what the gateway itself sends does not: its BGP
 * sessions, probes and answers would change their sources, and a flowtable would carry on what nobody
 * pinned. So each such rule that may match on one of our devices is told, with what deletes it.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "doctor_nat.h"

static const char advice[] = "translates or forwards what the gateway itself sends or gets";

static bool is_ours(const struct doctor *d, const char *pattern)
{
	size_t length = strlen(pattern);
	bool open_ended = length && (pattern[length - 1] == '*' || pattern[length - 1] == '+');

	for (size_t i = 0; i < d->device_count; i++)
		if (open_ended ? !strncmp(d->devices[i].link->name, pattern, length - 1) :
				 !strcmp(d->devices[i].link->name, pattern))
			return true;
	return false;
}

/* A device, a list of them, or something that is not spelt out here, as the name of a set. */
static bool value_is_ours(const struct doctor *d, json_t *value)
{
	json_t *list = json_object_get(value, "set"), *one;
	size_t i;

	if (json_is_string(value))
		return json_string_value(value)[0] == '@' || is_ours(d, json_string_value(value));
	if (!list)
		return true;
	json_array_foreach(list, i, one)
		if (!json_is_string(one) || is_ours(d, json_string_value(one)))
			return true;
	return false;
}

static bool is_device_key(const char *key)
{
	return key && (!strcmp(key, "iif") || !strcmp(key, "iifname") || !strcmp(key, "oif") ||
		       !strcmp(key, "oifname"));
}

/* May the rule match on a device of ours? Each of its conditions about devices must allow that. */
static bool rule_may_match(const struct doctor *d, json_t *expressions)
{
	json_t *e;
	size_t i;

	json_array_foreach(expressions, i, e) {
		json_t *match = json_object_get(e, "match");
		const char *key = json_string_value(
			json_object_get(json_object_get(json_object_get(match, "left"), "meta"), "key"));
		const char *op = json_string_value(json_object_get(match, "op"));

		if (is_device_key(key) && op && strcmp(op, "!=") &&
		    !value_is_ours(d, json_object_get(match, "right")))
			return false;
	}
	return true;
}

/* The word of its statement that translates; NULL: none does. */
static const char *statement_of(json_t *expressions)
{
	static const char *const words[] = { "masquerade", "snat", "dnat", "redirect", "flow", NULL };
	json_t *e;
	size_t i;

	json_array_foreach(expressions, i, e)
		for (size_t w = 0; words[w]; w++)
			if (json_object_get(e, words[w]))
				return words[w];
	return NULL;
}

static const char *word(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static int judge_rule(struct doctor *d, json_t *rule)
{
	json_t *expressions = json_object_get(rule, "expr");
	const char *statement = statement_of(expressions);
	char place[160], repair[256];

	if (!statement || !rule_may_match(d, expressions))
		return 0;
	snprintf(place, sizeof(place), "%s %s %s", word(rule, "family"), word(rule, "table"),
		 word(rule, "chain"));
	snprintf(repair, sizeof(repair), "nft delete rule %s handle %lld", place,
		 (long long)json_integer_value(json_object_get(rule, "handle")));
	doctor_add(d, "rival-nat", place, DOCTOR_WARNING, repair, "%s: %s", statement, advice);
	return 1;
}

static int judge_flowtable(struct doctor *d, json_t *table)
{
	json_t *devices = json_object_get(table, "dev"), *one;
	bool ours = json_is_string(devices) && is_ours(d, json_string_value(devices));
	char place[160], repair[256];
	size_t i;

	json_array_foreach(devices, i, one)
		ours |= json_is_string(one) && is_ours(d, json_string_value(one));
	if (!ours)
		return 0;
	snprintf(place, sizeof(place), "%s %s %s", word(table, "family"), word(table, "table"),
		 word(table, "name"));
	snprintf(repair, sizeof(repair), "nft delete flowtable %s", place);
	doctor_add(d, "flowtable", place, DOCTOR_WARNING, repair,
		   "a flowtable on our interfaces, behind its rules: %s", advice);
	return 1;
}

int judge_ruleset(struct doctor *d, const char *json)
{
	json_t *root = json_loads(json, 0, NULL), *objects = json_object_get(root, "nftables"), *one;
	int found = 0;
	size_t i;

	if (!json_is_array(objects)) {
		json_decref(root);
		return -EINVAL;
	}
	json_array_foreach(objects, i, one) {
		if (json_object_get(one, "rule"))
			found += judge_rule(d, json_object_get(one, "rule"));
		if (json_object_get(one, "flowtable"))
			found += judge_flowtable(d, json_object_get(one, "flowtable"));
	}
	json_decref(root);
	return found;
}

/* The word behind the option of the line; "": it has none, and "!" counts as none. */
static void option_of(const char *line, const char *option, char *out, size_t size)
{
	const char *at = strstr(line, option);

	out[0] = '\0';
	if (at && (at == line || at[-1] != '!'))
		snprintf(out, size, "%.*s", (int)strcspn(at + strlen(option), " "), at + strlen(option));
}

int judge_iptables(struct doctor *d, const char *tool, char *text)
{
	char *rest = text, *line, in[32], out[32], target[32], repair[512];
	int found = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "-A ", 3))
			continue;
		option_of(line, " -j ", target, sizeof(target));
		option_of(line, " -i ", in, sizeof(in));
		option_of(line, " -o ", out, sizeof(out));
		if ((strcmp(target, "MASQUERADE") && strcmp(target, "SNAT") && strcmp(target, "DNAT") &&
		     strcmp(target, "REDIRECT")) ||
		    (in[0] && !is_ours(d, in)) || (out[0] && !is_ours(d, out)))
			continue;
		snprintf(repair, sizeof(repair), "%s -t nat -D %s", tool, line + 3);
		doctor_add(d, "rival-nat", tool, DOCTOR_WARNING, repair, "%s: %s", target, advice);
		found++;
	}
	return found;
}

static void ask_nft(struct doctor *d)
{
	const char *const words[] = { "nft", "-j", "list", "ruleset", NULL };
	char *text = NULL;
	int err = command_output(words, &text), found = err ? err : judge_ruleset(d, text);

	free(text);
	if (err == -ENOENT)
		doctor_add(d, "rival-nat", "", DOCTOR_OK, NULL, "no nft here to make such rules");
	else if (found < 0)
		doctor_add(d, "rival-nat", "", DOCTOR_NOTE, NULL, "nft does not tell its rules: %s",
			   strerror(-found));
	else if (!found)
		doctor_add(d, "rival-nat", "", DOCTOR_OK, NULL,
			   "nftables neither translates nor forwards here");
}

/* The older tables, where the kernel has them; their tools write the newer ones otherwise. */
static void ask_iptables(struct doctor *d, const char *names, const char *save, const char *tool)
{
	const char *const words[] = { save, "-t", "nat", NULL };
	char line[64] = "", *text = NULL;
	FILE *in = fopen(names, "re");
	bool nat = false;

	while (in && fgets(line, sizeof(line), in))
		nat |= !strcmp(line, "nat\n");
	if (in)
		fclose(in);
	if (nat && !command_output(words, &text))
		judge_iptables(d, tool, text);
	else if (nat)
		doctor_add(d, "rival-nat", tool, DOCTOR_NOTE, NULL,
			   "the kernel has the older NAT table, and %s does not tell what is in it",
			   save);
	free(text);
}

void doctor_nat(struct doctor *d)
{
	ask_nft(d);
	ask_iptables(d, "/proc/net/ip_tables_names", "iptables-legacy-save", "iptables-legacy");
	ask_iptables(d, "/proc/net/ip6_tables_names", "ip6tables-legacy-save", "ip6tables-legacy");
}
