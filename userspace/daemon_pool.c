// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pools that run short are announced before a flow is refused: an address whose mappings take more
 * than POOL_FULL_PERCENT of its ports, and, where ports are taken per destination and no number says
 * how full that is, a circuit whose searches for a port get long. Each is told when it begins, and
 * again only after it had ended.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include "daemon.h"
#include "observe_circuit.h"
#include "prefix.h"

#define POOLS_EVERY (10 * NANOSECONDS)
#define POOLS_REST 100 /* times as long as a look took: one per cent of a core at most */

struct look {
	uint64_t long_searches, opened;
	bool crowded;
};

static void tell_address(void *context, const struct pool_usage *u)
{
	struct event event = {.kind = E_POOL_FILLING, .circuit = u->circuit, .pool = u->address,
			      .family = IN6_IS_ADDR_V4MAPPED(&u->address) ? 4 : 6,
			      .packets = {u->mapped, u->ports}};
	struct daemon *d = context;
	char text[PREFIX_TEXT];

	daemon_log(LOG_WARNING, "pool-filling: circuit %s, address %s: %llu of %llu ports",
		   observe_circuit_name(d->observe, u->circuit), address_text(&u->address, text),
		   (unsigned long long)u->mapped, (unsigned long long)u->ports);
	observe_report(d->observe, &event);
}

static void tell_circuit(struct daemon *d, uint8_t circuit, uint64_t searches, uint64_t opened)
{
	struct event event = {.kind = E_POOL_FILLING, .circuit = circuit,
			      .packets = {searches, opened}};

	daemon_log(LOG_WARNING, "pool-filling: circuit %s: %llu of %llu new flows had to try many "
		   "ports", observe_circuit_name(d->observe, circuit), (unsigned long long)searches,
		   (unsigned long long)opened);
	observe_report(d->observe, &event);
}

/* The first look of a daemon only remembers. */
static void look_at_searches(struct daemon *d, const struct observe_counts *c)
{
	static struct look last[CIRCUITS_MAX];
	static bool looked;

	for (uint8_t i = 0; i < CIRCUITS_MAX; i++) {
		const struct circuit_counter *n = &c->circuit[i];
		bool crowded = looked && n->long_searches > last[i].long_searches;

		if (crowded && !last[i].crowded)
			tell_circuit(d, i, n->long_searches - last[i].long_searches,
				     n->opened - last[i].opened);
		last[i] = (struct look){n->long_searches, n->opened, crowded};
	}
	looked = true;
}

/* What `show` reads: "CIRCUIT ADDRESS PERCENT" a line. */
static void write_filling(struct daemon *d, const struct pool_usages *filling)
{
	char *list = NULL, text[PREFIX_TEXT];
	size_t size = 0;
	FILE *out = open_memstream(&list, &size);

	if (!out)
		return;
	for (size_t i = 0; i < filling->count; i++)
		fprintf(out, "%s %s %llu\n",
			observe_circuit_name(d->observe, filling->at[i].circuit),
			address_text(&filling->at[i].address, text),
			(unsigned long long)(filling->at[i].mapped * 100 / filling->at[i].ports));
	if (!fclose(out))
		file_write(d->instance.run, "filling", list, size);
	free(list);
}

/* Where all mappings together would not bring one address above the mark, there is no need to look
 * whose they are: a walk over a million takes a second. */
static bool may_fill(const struct observe_counts *c)
{
	uint64_t mapped = (c->sweep.entries[SWEPT_MAPPINGS4] + c->sweep.entries[SWEPT_MAPPINGS6]) / 2;

	for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
		const struct circuit *k = &c->circuits[i];

		if (k->flags & (CIRCUIT_TCP_EIM | CIRCUIT_UDP_EIM) &&
		    mapped * 100 > observe_ports(k) * POOL_FULL_PERCENT)
			return true;
	}
	return false;
}

static void look_at_mappings(struct daemon *d, const struct observe_counts *c)
{
	static struct pool_usages filling;
	struct pool_usages now = {0};

	if (may_fill(c) && pool_usages_mapped(d->observe, c->circuits, -1, &now))
		goto out;
	if (!pool_filling(&now, &filling, tell_address, d))
		write_filling(d, &filling);
out:
	pool_usages_free(&now);
}

void daemon_pools(struct daemon *d)
{
	struct observe_counts *c;
	uint64_t now = observe_now(), took;

	if (now < d->pools_due)
		return;
	c = malloc(sizeof(*c));
	if (c && !observe_counts(d->observe, c)) {
		look_at_searches(d, c);
		look_at_mappings(d, c);
	}
	free(c);
	took = observe_now() - now;
	d->pools_due = now + (took * POOLS_REST > POOLS_EVERY ? took * POOLS_REST : POOLS_EVERY);
}
