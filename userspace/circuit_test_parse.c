// SPDX-License-Identifier: GPL-2.0-only
/* The words of `circuit test`, and the destinations that the configuration itself gives. */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "circuit_test.h"
#include "feed_sync.h"
#include "policy_way.h"
#include "prefix.h"
#include "print.h"

#define DERIVED 4 /* endpoint sets that are asked, one address each */

int test_target_parse(const char *text, struct test_target *out)
{
	const char *colon = strrchr(text, ':'), *why;
	bool bracket = *text == '[',
	     port = colon && (bracket ? colon[-1] == ']' : strchr(text, ':') == colon);
	size_t length = (port ? (size_t)(colon - text) : strlen(text)) - (bracket ? 2 : 0);
	char address[PREFIX_TEXT], *end;
	struct prefix p;
	unsigned long number = 0;

	if (length >= sizeof(address) || (bracket && !strchr(text, ']')))
		return -EINVAL;
	memcpy(address, text + bracket, length);
	address[length] = 0;
	if (address_parse(address, &p, &why))
		return -EINVAL;
	if (port) {
		number = strtoul(colon + 1, &end, 10);
		if (*end || end == colon + 1 || colon[1] < '0' || colon[1] > '9' || !number ||
		    number > 65535)
			return -EINVAL;
	}
	*out = (struct test_target){ .address = p.address,
				     .family = p.family,
				     .port = (uint16_t)number };
	return 0;
}

static int number(const char *what, const char *text, unsigned int most, unsigned int *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !value || value > most)
		return print_error("circuit test: %s %s: no number from 1 to %u", what, text, most),
		       -EINVAL;
	*out = (unsigned int)value;
	return 0;
}

/* One host that is asked by way of a circuit: not a group, not this machine, and nothing of no use there. */
static bool is_host(const struct test_target *t)
{
	const struct in6_addr *a = &t->address;
	uint8_t first = a->s6_addr[12];

	if (t->family == 4)
		return first && first != 127 && first < 224;
	return !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
	       !IN6_IS_ADDR_V4MAPPED(a);
}

static int add_target(struct test_request *q, const char *value)
{
	if (q->targets == TEST_DESTINATIONS)
		return print_error("circuit test: --to %s: at most %d destinations are accepted", value,
				   TEST_DESTINATIONS),
		       -EINVAL;
	if (test_target_parse(value, &q->to[q->targets++]))
		return print_error(
			       "circuit test: --to %s: accepted: ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT",
			       value),
		       -EINVAL;
	if (!is_host(&q->to[q->targets - 1]))
		return print_error("circuit test: --to %s: accepted: the address of one host elsewhere", value),
		       -EINVAL;
	return 0;
}

static int set_from(struct test_request *q, const char *value)
{
	struct test_target from;

	if (test_target_parse(value, &from) || from.port)
		return print_error("circuit test: --from %s: accepted: an address of the outbound pool",
				   value),
		       -EINVAL;
	q->from = from.address;
	q->from_family = from.family;
	return 0;
}

static int option(struct test_request *q, const char *word, const char *value)
{
	static const char *const words[] = { "--to", "--from", "--count", "--timeout", NULL };
	unsigned int seconds = 0, at = 0;
	int err;

	while (words[at] && strcmp(words[at], word))
		at++;
	if (!words[at])
		return print_error(
			       "circuit test %s: unknown; accepted: --to, --from, --count, --timeout, --trace",
			       word),
		       -EINVAL;
	if (!value)
		return print_error("circuit test: %s: its value is missing", word), -EINVAL;
	switch (at) {
	case 0:
		return add_target(q, value);
	case 1:
		return set_from(q, value);
	case 2:
		return number(word, value, TEST_COUNT, &q->count);
	}
	err = number(word, value, 10, &seconds);
	q->timeout = seconds * 1000;
	return err;
}

int test_parse(struct test_request *q, int argc, char **argv)
{
	*q = (struct test_request){ .count = 3, .timeout = 1000 };
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--trace"))
			q->trace = true;
		else if (argv[i][0] != '-' && q->circuit)
			return print_error("circuit test %s: one circuit is accepted", argv[i]), -EINVAL;
		else if (argv[i][0] != '-')
			q->circuit = argv[i];
		else if (option(q, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
			return -EINVAL;
		else
			i++;
	}
	if (!q->circuit)
		return print_error("circuit test: the name of a circuit is missing"), -EINVAL;
	return 0;
}

static bool put(struct test_target *out, unsigned int *count, uint8_t families, const struct prefix *p,
		uint16_t port, uint32_t oif)
{
	if (*count == TEST_DESTINATIONS || !(families & (p->family == 4 ? 4 : 2)))
		return false;
	out[*count] = (struct test_target){
		.address = p->address, .family = p->family, .port = port, .oif = oif
	};
	/* the network itself is no host */
	if (p->length < (p->family == 4 ? 31 : 127))
		out[*count].address.s6_addr[15] |= 1;
	++*count;
	return true;
}

/* 443 when the set has it, else the first port that it names; 0: none of TCP. */
static uint16_t port_of(const char *ports)
{
	const char *at = ports ? strstr(ports, "443") : NULL;

	if (!ports)
		return 0;
	if (at && (at == ports || at[-1] == ',') && (!at[3] || at[3] == ','))
		return 443;
	return (uint16_t)strtoul(ports, NULL, 10);
}

static bool leads(const struct config *c, const char *circuit, const struct config_class *class)
{
	for (size_t r = 0; r < c->rule_count; r++) {
		const struct config_rule *rule = &c->rules[r];

		for (size_t i = 0; i < rule->to.count; i++)
			if (!strcmp(rule->to.at[i].text, class->name))
				return policy_way_count(rule) &&
				       !strcmp(policy_way_at(rule, 0), circuit);
	}
	return false;
}

static void from_feeds(const struct config *c, const char *circuit, uint8_t families,
		       struct test_target *out, unsigned int *count, const struct feeds *feeds)
{
	for (size_t k = 0; k < c->class_count; k++) {
		const struct feed *feed = class_feed(c, feeds, &c->classes[k]);

		if (!feed || !leads(c, circuit, &c->classes[k]))
			continue;
		for (size_t s = 0; s < feed->set_count && *count < DERIVED; s++) {
			const struct feed_set *set = &feed->sets[s];

			if (!class_takes_set(&c->classes[k], set))
				continue;
			for (size_t i = 0; i < set->prefix_count; i++)
				if (put(out, count, families, &set->prefixes[i],
					port_of(set->tcp_ports), 0))
					break;
		}
	}
}

static void from_links(const struct config_circuit *k, uint8_t families, struct test_target *out,
		       unsigned int *count)
{
	for (size_t l = 0; l < k->link_count; l++) {
		const struct config_check *check = &k->links[l].check;
		uint32_t oif = if_nametoindex(k->links[l].interface);

		/* of one that is gone it is told that nothing leaves by it */
		oif = oif ? oif : INT_MAX;
		if (check->protocol)
			put(out, count, families, &check->target,
			    check->protocol == IPPROTO_TCP ? check->port : 0, oif);
		for (size_t i = 0; i < k->links[l].next_hops.count; i++)
			put(out, count, families, &k->links[l].next_hops.at[i].prefix, 0, oif);
	}
}

unsigned int test_derive(const char *circuit, uint8_t families, struct test_target *out)
{
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	struct feed_gateway g;
	unsigned int count = 0;

	if (feed_gateway_open(&g))
		return 0;
	if (feeds_applied(g.config, g.instance.name, &feeds, &report))
		from_feeds(g.config, circuit, families, out, &count, &feeds);
	for (size_t i = 0; i < g.config->circuit_count; i++)
		if (!strcmp(g.config->circuits[i].name, circuit))
			from_links(&g.config->circuits[i], families, out, &count);
	feeds_free(&feeds);
	feed_gateway_close(&g);
	report_free(&report);
	return count;
}
