// SPDX-License-Identifier: GPL-2.0-only
/* `circuit show`, `drain` and `restore`. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "observe_circuit.h"
#include "prefix.h"
#include "print.h"

static void show_brief(const struct observe *o, const struct observe_counts *c, int only)
{
	static const char *const columns[] = {"circuit", "state", "flows", "addresses4",
					      "addresses6", "table", "violations", "exhausted", NULL};
	char state[64];

	print_table_begin("circuits", columns);
	for (int i = 1; i < CIRCUITS_MAX; i++) {
		const struct circuit *k = &c->circuits[i];

		if ((only >= 0 && only != i) || (only < 0 && !(k->flags & CIRCUIT_PRESENT)))
			continue;
		print_cell_text(observe_circuit_name(o, (unsigned int)i));
		print_cell_text(observe_circuit_state(k, c->drains[i], state, sizeof(state)));
		print_cell_number(observe_flows(c, (unsigned int)i));
		print_cell_number(k->out4.addresses);
		print_cell_number(k->out6.addresses);
		print_cell_number(k->table);
		print_cell_number(c->circuit[i].violations);
		print_cell_number(c->circuit[i].exhausted);
		print_row_end();
	}
	print_table_end();
}

struct flows_on {
	struct pool_usages *usages;
	uint64_t ports;
	int circuit;
};

static int count_flow(void *context, const struct flow_record *r)
{
	struct flows_on *on = context;
	struct pool_usage *u;

	/* Who came from outside may wear his own address, which is of no pool. */
	if (r->forward.circuit != on->circuit || IN6_ARE_ADDR_EQUAL(&r->saddr, &r->key.saddr))
		return 0;
	u = pool_usages_entry(on->usages, r->forward.circuit, &r->saddr,
			      r->forward.flags & FLOW_OPENED_OUTSIDE ? INBOUND_PORTS : on->ports);
	if (!u)
		return -ENOMEM;
	u->flows++;
	return 0;
}

static int show_usage(const struct observe *o, const struct observe_counts *c, int circuit)
{
	static const char *const columns[] = {"address", "flows", "mapped-ports", "ports", "percent",
					      NULL};
	struct pool_usages usages = {0};
	struct flows_on on = {.usages = &usages, .circuit = circuit,
			      .ports = observe_ports(&c->circuits[circuit])};
	int err = pool_usages_mapped(o, c->circuits, circuit, &usages);
	char text[PREFIX_TEXT];

	if (!err)
		err = observe_walk_flows(o, count_flow, &on);
	if (!err)
		print_table_begin("pool-addresses", columns);
	for (size_t i = 0; !err && i < usages.count; i++) {
		const struct pool_usage *u = &usages.at[i];

		print_cell_text(address_text(&u->address, text));
		print_cell_number(u->flows);
		print_cell_number(u->mapped);
		print_cell_number(u->ports);
		print_cell_number(u->ports ? u->mapped * 100 / u->ports : 0);
		print_row_end();
	}
	if (!err)
		print_table_end();
	pool_usages_free(&usages);
	return err;
}

static int number_or_error(const struct observe *o, const char *name)
{
	int number = observe_circuit_number(o, name);

	if (number <= 0) {
		print_error("circuit %s: gateway %s has none of this name", name, o->name);
		return -1;
	}
	return number;
}

int observe_circuit_show(const struct observe *o, const char *name)
{
	struct observe_counts *c;
	int number = -1, err;

	if (name) {
		number = number_or_error(o, name);
		if (number < 0)
			return EXIT_NO;
	}
	c = malloc(sizeof(*c));
	err = c ? observe_counts(o, c) : -ENOMEM;
	if (!err) {
		print_begin();
		show_brief(o, c, number);
		if (name)
			err = show_usage(o, c, number);
		if (name && observe_daemon(o->name))
			observe_spaces_table(o, number);
		print_end();
	}
	free(c);
	return err ? EXIT_TROUBLE : EXIT_DONE;
}

int observe_circuit_drain(const struct observe *o, const char *name, bool drain)
{
	int number = number_or_error(o, name), fd, err;
	uint32_t key = (uint32_t)number, value = drain;

	if (number < 0)
		return EXIT_NO;
	fd = observe_map(o, "drains");
	err = fd < 0 ? fd : bpf_map_update_elem(fd, &key, &value, BPF_ANY) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (err)
		return print_error("map drains: cannot write: %s", strerror(-err));
	print_begin();
	print_value_text("circuit", name);
	print_value_text("state", drain ? "drained" : "restored");
	print_end();
	return EXIT_DONE;
}
