// SPDX-License-Identifier: GPL-2.0-only
/* `show`: one screen, of rows that are text or JSON alike. */
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include "instance.h"
#include "observe_service.h"
#include "prefix.h"
#include "print.h"

static void show_circuits(const struct observe *o, const struct observe_counts *c)
{
	static const char *const columns[] = {
		"circuit", "state", "flows", "opened", "out-packets", "out-bytes", "in-packets",
		"in-bytes", "violations", "exhausted", "next-address", "long-searches", NULL};
	char state[64];

	print_table_begin("circuits", columns);
	for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
		const struct circuit_counter *n = &c->circuit[i];

		if (!(c->circuits[i].flags & CIRCUIT_PRESENT) && !observe_flows(c, i))
			continue;
		print_cell_text(observe_circuit_name(o, i));
		print_cell_text(observe_circuit_state(&c->circuits[i], c->drains[i], state,
						      sizeof(state)));
		print_cell_number(observe_flows(c, i));
		print_cell_number(n->opened);
		print_cell_number(n->out_packets);
		print_cell_number(n->out_bytes);
		print_cell_number(n->in_packets);
		print_cell_number(n->in_bytes);
		print_cell_number(n->violations);
		print_cell_number(n->exhausted);
		print_cell_number(n->next_address);
		print_cell_number(n->long_searches);
		print_row_end();
	}
	print_table_end();
}

static int show_links(const struct observe *o, bool daemon)
{
	static const char *const columns[] = {"interface", "role", "state", "xdp", "next-hops-failed",
					      "probe", NULL};
	static const char *const modes[] = {[XDP_ATTACHED_NONE] = "none", [XDP_ATTACHED_DRV] = "native",
					    [XDP_ATTACHED_SKB] = "generic", [XDP_ATTACHED_HW] = "hardware",
					    [XDP_ATTACHED_MULTI] = "several"};
	struct observe_link *links;
	size_t count;
	int err = observe_links(o, &links, &count);

	if (err)
		return err;
	print_table_begin("links", columns);
	for (size_t i = 0; i < count; i++) {
		const struct role *role = &links[i].role;

		print_cell_text(links[i].interface);
		print_cell_text(role->kind == ROLE_INSIDE ? "inside" :
				observe_circuit_name(o, role->circuit));
		print_cell_text(role->retiring ? "retiring" : links[i].up ? "up" : "down");
		print_cell_text(modes[links[i].xdp <= XDP_ATTACHED_MULTI ? links[i].xdp : XDP_ATTACHED_NONE]);
		print_cell_number(links[i].failed);
		print_cell_text(observe_probe_text(&links[i], daemon));
		print_row_end();
	}
	print_table_end();
	free(links);
	return 0;
}

static void show_range(const char *circuit, const char *side, const struct pool_range *r,
		       uint8_t family, uint64_t ports)
{
	char first[PREFIX_TEXT];

	print_cell_text(circuit);
	print_cell_text(side);
	print_cell_text(address_text(&r->first, first));
	print_cell_number(r->length);
	print_cell_text(family == 4 ? "ipv4" : "ipv6");
	print_cell_number(r->count);
	print_cell_number(ports);
	print_cell_text(r->flags & RANGE_RETIRING ? "retiring" : "ready");
	print_row_end();
}

static void show_pool(const char *circuit, const char *side, const struct pool *pool, uint8_t family,
		      uint64_t ports)
{
	for (unsigned int r = 0; r < pool->ranges && r < POOL_RANGES; r++)
		show_range(circuit, side, &pool->range[r], family, ports);
}

static void show_pools(const struct observe *o, const struct observe_counts *c)
{
	static const char *const columns[] = {"circuit", "side", "first-address", "prefix-length", "family",
					      "addresses", "ports-each", "state", NULL};

	print_table_begin("pools", columns);
	for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
		const struct circuit *k = &c->circuits[i];

		const char *name = observe_circuit_name(o, i);

		show_pool(name, "outbound", &k->out4, 4, observe_ports(k));
		show_pool(name, "outbound", &k->out6, 6, observe_ports(k));
		show_pool(name, "inbound", &k->in4, 4, INBOUND_PORTS);
		show_pool(name, "inbound", &k->in6, 6, INBOUND_PORTS);
	}
	print_table_end();
}

/* Pool addresses above the mark, as the daemon last wrote them: "CIRCUIT ADDRESS PERCENT" a line. */
static void show_filling(const struct observe *o)
{
	static const char *const columns[] = {"circuit", "address", "percent", NULL};
	char path[192], circuit[OBSERVE_NAME], address[PREFIX_TEXT];
	struct instance instance;
	unsigned int percent;
	FILE *in;

	if (instance_open(&instance, o->name))
		return;
	snprintf(path, sizeof(path), "%s/filling", instance.run);
	in = fopen(path, "re");
	if (!in)
		return;
	print_table_begin("pools-filling", columns);
	while (fscanf(in, "%63s %63s %u", circuit, address, &percent) == 3) {
		print_cell_text(circuit);
		print_cell_text(address);
		print_cell_number(percent);
		print_row_end();
	}
	print_table_end();
	fclose(in);
}

static void show_tables(const struct observe_fill *fills, size_t count)
{
	static const char *const columns[] = {"table", "entries", "limit", "percent", NULL};

	print_table_begin("tables", columns);
	for (size_t i = 0; i < count; i++) {
		print_cell_text(fills[i].name);
		print_cell_number(fills[i].used);
		print_cell_number(fills[i].limit);
		print_cell_number(fills[i].limit ? fills[i].used * 100 / fills[i].limit : 0);
		print_row_end();
	}
	print_table_end();
}

static void show_verdicts(const struct observe_counts *c)
{
#define VERDICT_NAME(name, action, text) [V_##name] = {#name, #action, text},
	static const char *const verdicts[V_MAX][3] = {VERDICTS(VERDICT_NAME)};
#undef VERDICT_NAME
	static const char *const columns[] = {"verdict", "action", "packets", "bytes", "meaning",
					      NULL};

	print_table_begin("verdicts", columns);
	for (unsigned int i = 0; i < V_MAX; i++) {
		if (!c->verdict[i].packets)
			continue;
		print_cell_text(verdicts[i][0]);
		print_cell_text(verdicts[i][1]);
		print_cell_number(c->verdict[i].packets);
		print_cell_number(c->verdict[i].bytes);
		print_cell_text(verdicts[i][2]);
		print_row_end();
	}
	print_table_end();
}

static void show_classes(const struct observe *o, const struct observe_counts *c)
{
	static const char *const columns[] = {"class", "opened", "out-packets", "out-bytes",
					      "in-packets", "in-bytes", NULL};

	print_table_begin("classes", columns);
	for (unsigned int i = 0; i < CLASSES_MAX; i++) {
		const struct class_counter *n = &c->class[i];

		if (!n->opened && !n->out_packets && !n->in_packets)
			continue;
		print_cell_text(observe_class_name(o, i));
		print_cell_number(n->opened);
		print_cell_number(n->out_packets);
		print_cell_number(n->out_bytes);
		print_cell_number(n->in_packets);
		print_cell_number(n->in_bytes);
		print_row_end();
	}
	print_table_end();
}

static void show_head(const struct observe *o, const struct observe_counts *c, bool daemon)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < E_MAX; i++)
		lost += c->lost[i];
	print_value_text("gateway", o->name);
	print_value_text("daemon", daemon ? "running" : "not running");
	print_value_number("slot", o->live.slot);
	print_value_number("generation", o->live.generation);
	print_value_number("half-open-inside", c->half_open[SIDE_INSIDE]);
	print_value_number("half-open-outside", c->half_open[SIDE_OUTSIDE]);
	print_value_number("half-open-limit", o->settings.half_open_max);
	print_value_number("events-lost", lost);
	print_value_number("answers-sent", c->answers[ANSWER_SENT]);
	print_value_number("answers-withheld", c->answers[ANSWER_LIMITED]);
	print_value_number("fragments-held", daemon ? c->fragments.held : 0);
	print_value_number("fragments-returned", c->fragments.returned);
	print_value_number("fragments-expired", c->fragments.expired);
	observe_feed_values(o);
	if (!o->settings.ready)
		print_value_text("warning", "the live slot holds no configuration");
}

int observe_show(const struct observe *o)
{
	struct observe_counts *c = malloc(sizeof(*c));
	struct observe_fill fills[SWEPT_MAX];
	bool daemon = observe_daemon(o->name);
	uint64_t entries = 0, age;
	size_t count;
	int err = c ? observe_counts(o, c) : -1;

	if (err)
		goto out;
	count = observe_fills(o, c, daemon, fills, &age);
	for (size_t i = 0; i < count && i < 2; i++)
		entries += fills[i].used;
	print_begin();
	show_head(o, c, daemon);
	print_value_number("tables-seconds-old", age / NANOSECONDS);
	if (!daemon && entries)
		print_value_text("hint", "no daemon deletes what has expired: entries of dead flows "
				 "stay until `samepath run` or a colliding new flow");
	show_circuits(o, c);
	err = show_links(o, daemon);
	show_pools(o, c);
	if (daemon) { /* without it the lists are old */
		show_filling(o);
		observe_spaces_table(o, -1);
	}
	err = err ? err : observe_service_tables(o, daemon, -1);
	err = err ? err : observe_feed_table(o);
	show_tables(fills, count);
	show_classes(o, c);
	show_verdicts(c);
	print_end();
out:
	free(c);
	return err;
}
