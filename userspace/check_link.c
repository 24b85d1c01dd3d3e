// SPDX-License-Identifier: GPL-2.0-only
/* Links: a device belongs to one circuit or to the inside, once. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "kernel.h"
#include "../maps/circuit.h"

struct place {
	const char *interface, *circuit; /* NULL: of the inside */
	int line;
};

/* The last tag that the name tells, and the length of what is before it; -1: none. */
static long tag_of(const char *name, size_t length, size_t *before)
{
	unsigned long tag;
	char *end;

	for (*before = length; *before && name[*before - 1] != '.';)
		--*before;
	if (!*before || *before == length || name[*before] < '0' || name[*before] > '9')
		return -1;
	tag = strtoul(name + *before, &end, 10);
	--*before; /* the dot */
	return end == name + length && tag <= INT_MAX ? (long)tag : -1;
}

/*
 * The identity that the name tells: "er2.0100" is tag 100 on er2 however it is spelled, and so are the
 * tags below it. What the kernel calls a VLAN device of another name only apply can see.
 */
static bool same_name(const char *a, size_t m, const char *b, size_t n)
{
	size_t before_a, before_b;
	long tag;

	if (m == n && !strncmp(a, b, n))
		return true;
	tag = tag_of(a, m, &before_a);
	return tag >= 0 && tag == tag_of(b, n, &before_b) && same_name(a, before_a, b, before_b);
}

static bool same_device(const char *a, const char *b)
{
	return same_name(a, strlen(a), b, strlen(b));
}

static void place_once(const struct config *c, struct report *r, struct place *seen, size_t count)
{
	const struct place *a = &seen[count];
	size_t i;

	for (i = 0; i < count; i++) {
		if (!same_device(a->interface, seen[i].interface))
			continue;
		report_error(r, c->file, a->line,
			     "%s%s%s: %s: belongs to %s already (line %d); accepted: a device of its own",
			     a->circuit ? "circuits[" : "", a->circuit ? a->circuit : "inside.interfaces",
			     a->circuit ? "].links" : "", a->interface,
			     seen[i].circuit ? seen[i].circuit : "the inside", seen[i].line);
		return;
	}
}

/* More would be left out without a word: the packet path and a route hold so many. */
static void sizes(const struct config *c, const struct config_circuit *k, struct report *r)
{
	size_t i, j, hops[2] = { 0 };

	if (k->link_count > CIRCUIT_LINKS)
		report_error(r, c->file, k->links[CIRCUIT_LINKS].line,
			     "circuits[%s].links: %zu: too many; accepted: at most %d", k->name, k->link_count,
			     CIRCUIT_LINKS);
	for (i = 0; i < k->link_count; i++)
		for (j = 0; j < k->links[i].next_hops.count; j++) {
			const struct config_prefix *hop = &k->links[i].next_hops.at[j];

			if (++hops[hop->prefix.family == 6] == KERNEL_HOPS + 1)
				report_error(r, c->file, hop->line,
					     "circuits[%s].links[%s].next-hop: too many of IPv%d; accepted: at most %d in one circuit",
					     k->name, k->links[i].interface, hop->prefix.family, KERNEL_HOPS);
		}
}

/* What comes from a circuit with an inside source is dropped, so no answer could arrive. */
static void check_target(const struct config *c, const struct config_circuit *k,
			 const struct config_link *l, struct report *r)
{
	char text[PREFIX_TEXT], prefix[PREFIX_TEXT];

	for (size_t i = 0; l->check.protocol && i < c->segment_count; i++)
		for (size_t n = 0; n < c->segments[i].prefixes.count; n++) {
			const struct prefix *p = &c->segments[i].prefixes.at[n].prefix;

			if (!prefix_contains(p, &l->check.target))
				continue;
			report_error(r, c->file, l->check.line,
				     "circuits[%s].links[%s].check: %s: is in %s of segment %s (line %d); accepted: an address outside",
				     k->name, l->interface, address_text(&l->check.target.address, text),
				     prefix_text(p, prefix), c->segments[i].name, c->segments[i].line);
			return;
		}
}

void check_links(const struct config *c, struct report *report)
{
	size_t i, j, count = c->interfaces.count, used = 0;
	struct place *seen;

	for (i = 0; i < c->circuit_count; i++)
		count += c->circuits[i].link_count;
	seen = calloc(count + 1, sizeof(*seen));
	if (!seen) {
		report_error(report, c->file, 0, "out of memory");
		return;
	}
	for (i = 0; i < c->interfaces.count; i++, used++) {
		seen[used] = (struct place){ c->interfaces.at[i].text, NULL, c->interfaces.at[i].line };
		place_once(c, report, seen, used);
	}
	for (i = 0; i < c->circuit_count; i++) {
		const struct config_circuit *k = &c->circuits[i];

		sizes(c, k, report);
		for (j = 0; j < k->link_count; j++, used++) {
			seen[used] = (struct place){ k->links[j].interface, k->name, k->links[j].line };
			place_once(c, report, seen, used);
			check_target(c, k, &k->links[j], report);
		}
	}
	free(seen);
}
