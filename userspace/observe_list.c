// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "observe_list.h"
#include "print.h"

struct list {
	const struct observe *o;
	const struct flow_filter *filter;
	uint64_t now; /* one clock for the whole list */
	uint64_t matched, ended;
	int kill; /* program, -1: only show */
};

static uint64_t seconds(uint64_t from, uint64_t to)
{
	return to > from ? (to - from) / NANOSECONDS : 0;
}

static void cells_server(const struct flow_record *r)
{
	char server[PREFIX_TEXT];

	if (IN6_ARE_ADDR_EQUAL(&r->daddr, &r->key.daddr) && r->forward.dport == r->key.dport) {
		print_cell_text(NULL);
		print_cell_text(NULL);
		return;
	}
	print_cell_text(address_text(&r->daddr, server));
	print_cell_number(ntohs(r->forward.dport));
}

static void cells_counts(const struct flow_record *r)
{
	static const struct half none;
	const struct half *reply = r->has_reply ? &r->reply : &none;
	bool inward = flow_opening(r) == OPENED_OUTSIDE;
	const struct half *out = inward ? reply : &r->forward, *in = inward ? &r->forward : reply;

	print_cell_number(half_packets(out));
	print_cell_number(half_bytes(out));
	print_cell_number(half_packets(in));
	print_cell_number(half_bytes(in));
}

static void print_flow(const struct list *l, const struct flow_record *r)
{
	char saddr[PREFIX_TEXT], daddr[PREFIX_TEXT], pool[PREFIX_TEXT];
	uint64_t end = flow_latest(r) + flow_timeout(r, &l->o->settings);
	enum flow_phase phase = flow_phase(r, &l->o->settings, l->now);
	bool service = r->forward.flags & FLOW_SERVICE;

	print_cell_text(flow_protocol_text(r->key.protocol));
	print_cell_text(flow_phase_text(phase));
	print_cell_text(flow_opening_text(flow_opening(r)));
	print_cell_text(address_text(&r->key.saddr, saddr));
	print_cell_number(ntohs(r->key.sport));
	print_cell_text(address_text(&r->key.daddr, daddr));
	print_cell_number(ntohs(r->key.dport));
	print_cell_text(address_text(&r->saddr, pool));
	print_cell_number(ntohs(r->forward.sport));
	cells_server(r);
	print_cell_text(observe_circuit_name(l->o, r->forward.circuit));
	print_cell_text(service ? NULL : observe_class_name(l->o, r->forward.class));
	print_cell_text(service ? observe_service_name(l->o, r->forward.class) : NULL);
	print_cell_number(seconds(r->forward.opened * NANOSECONDS, l->now));
	print_cell_number(seconds(flow_latest(r), l->now));
	print_cell_number(phase == PHASE_DEAD ? 0 : seconds(l->now, end));
	cells_counts(r);
	print_row_end();
}

static int show_one(void *context, const struct flow_record *r)
{
	struct list *l = context;

	if (flow_filter_match(l->filter, r, &l->o->settings, l->now)) {
		print_flow(l, r);
		l->matched++;
	}
	return 0;
}

int observe_flow_show(const struct observe *o, const struct flow_filter *f)
{
	static const char *const columns[] = {
		"proto", "state", "opened", "src", "sport", "dst", "dport", "pool", "pool-port",
		"server", "server-port", "circuit", "class", "service", "age", "idle", "left", "out-packets", "out-bytes", "in-packets",
		"in-bytes", NULL};
	struct list l = {.o = o, .filter = f, .now = observe_now(), .kill = -1};
	int err;

	print_begin();
	print_table_begin("flows", columns);
	err = observe_walk_flows(o, show_one, &l);
	print_table_end();
	print_end();
	return err ? EXIT_TROUBLE : EXIT_DONE;
}

static int end_one(void *context, const struct flow_record *r)
{
	struct list *l = context;
	struct flow_kill kill = {.key = r->key, .family = r->family};
	/* The kernel writes the context of a syscall program back over ctx_in, and refuses ctx_out. */
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &kill, .ctx_size_in = sizeof(kill));

	if (!flow_filter_match(l->filter, r, &l->o->settings, l->now))
		return 0;
	l->matched++;
	if (bpf_prog_test_run_opts(l->kill, &options)) {
		int err = -errno;

		print_error("program kill_flow: %s", strerror(-err));
		return err;
	}
	/* Not done: it ended by itself since it was listed. */
	l->ended += kill.done == 1;
	return 0;
}

int observe_flow_flush(const struct observe *o, const struct flow_filter *f)
{
	struct list l = {.o = o, .filter = f, .now = observe_now()};
	int err;

	l.kill = observe_program(o, "kill_flow");
	if (l.kill < 0)
		return print_error("program kill_flow: cannot open: %s", strerror(-l.kill));
	err = observe_walk_flows(o, end_one, &l);
	close(l.kill);
	if (err)
		return EXIT_TROUBLE;
	print_begin();
	print_value_number("flushed", l.ended);
	print_end();
	return EXIT_DONE;
}
