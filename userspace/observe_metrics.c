// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of `show` as text for node_exporter's textfile collector. A metric's samples stand
 * together behind its HELP and TYPE lines; every sample has the label `gateway`.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "observe_service.h"
#include "prefix.h"

void observe_label(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
}

static void head(FILE *out, const char *metric, const char *type, const char *help)
{
	fprintf(out, "# HELP samepath_%s %s\n# TYPE samepath_%s %s\n", metric, help, metric, type);
}

/* `name` NULL: no label but the gateway; `extra` is a ready label pair with a comma, or "". */
static void sample(FILE *out, const struct observe *o, const char *metric, const char *label,
		   const char *name, const char *extra, uint64_t value)
{
	fprintf(out, "samepath_%s{gateway=\"", metric);
	observe_label(out, o->name);
	fputc('"', out);
	if (name) {
		fprintf(out, ",%s=\"", label);
		observe_label(out, name);
		fputc('"', out);
	}
	fprintf(out, "%s} %" PRIu64 "\n", extra, value);
}

static void circuit_metrics(const struct observe *o, const struct observe_counts *c, FILE *out)
{
#define FIELD(field) offsetof(struct circuit_counter, field)
	static const struct {
		size_t field;
		const char *metric, *help;
	} rows[] = {
		{FIELD(out_packets), "circuit_out_packets_total", "Packets sent out."},
		{FIELD(out_bytes), "circuit_out_bytes_total", "Bytes of frames sent out."},
		{FIELD(in_packets), "circuit_in_packets_total", "Packets received."},
		{FIELD(in_bytes), "circuit_in_bytes_total", "Bytes of frames received."},
		{FIELD(opened), "circuit_flows_opened_total", "Flows opened."},
		{FIELD(closed), "circuit_flows_closed_total", "Flows deleted."},
		{FIELD(violations), "circuit_violations_total",
		 "Packets of its flows that came in elsewhere."},
		{FIELD(exhausted), "circuit_exhausted_total", "Flows refused for want of a port."},
		{FIELD(next_address), "circuit_next_address_total",
		 "Flows that took another address than their host's."},
		{FIELD(long_searches), "circuit_long_searches_total",
		 "Flows that had to try many ports: near exhaustion."},
	};
#undef FIELD

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		head(out, rows[r].metric, "counter", rows[r].help);
		for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
			uint64_t value;

			if (!o->circuits[i][0])
				continue;
			memcpy(&value, (const char *)&c->circuit[i] + rows[r].field, sizeof(value));
			sample(out, o, rows[r].metric, "circuit", o->circuits[i], "", value);
		}
	}
}

static void circuit_gauges(const struct observe *o, const struct observe_counts *c, FILE *out)
{
	head(out, "circuit_flows", "gauge", "Flows pinned to the circuit.");
	for (unsigned int i = 0; i < CIRCUITS_MAX; i++)
		if (o->circuits[i][0])
			sample(out, o, "circuit_flows", "circuit", o->circuits[i], "",
			       observe_flows(c, i));
	head(out, "circuit_accepting", "gauge", "1 when the circuit may take new flows.");
	for (unsigned int i = 1; i < CIRCUITS_MAX; i++)
		if (o->circuits[i][0])
			sample(out, o, "circuit_accepting", "circuit", o->circuits[i], "",
			       (c->circuits[i].flags & CIRCUIT_PRESENT) &&
			       !(c->circuits[i].flags & CIRCUIT_RETIRING) && !c->drains[i]);
}

static void probe_metrics(const struct observe *o, FILE *out)
{
	struct observe_link *links;
	char circuit[OBSERVE_NAME + 16];
	size_t count;

	if (observe_links(o, &links, &count))
		return;
	head(out, "link_probe_up", "gauge", "1 when the probe of the link is not down.");
	for (size_t i = 0; i < count; i++) {
		if (!links[i].checked)
			continue;
		/* a name of the configuration holds nothing to be escaped */
		snprintf(circuit, sizeof(circuit), ",circuit=\"%s\"",
			 observe_circuit_name(o, links[i].role.circuit));
		sample(out, o, "link_probe_up", "link", links[i].interface, circuit,
		       links[i].probe.down_until <= observe_now());
	}
	free(links);
}

static void verdict_metrics(const struct observe *o, const struct observe_counts *c, FILE *out)
{
#define VERDICT_NAME(name, action, text) [V_##name] = {#name, ",action=\"" #action "\""},
	static const char *const verdicts[V_MAX][2] = {VERDICTS(VERDICT_NAME)};
#undef VERDICT_NAME

	head(out, "verdict_packets_total", "counter", "Packets by what became of them.");
	for (unsigned int i = 0; i < V_MAX; i++)
		sample(out, o, "verdict_packets_total", "verdict", verdicts[i][0], verdicts[i][1],
		       c->verdict[i].packets);
	head(out, "verdict_bytes_total", "counter", "Bytes of frames by what became of them.");
	for (unsigned int i = 0; i < V_MAX; i++)
		sample(out, o, "verdict_bytes_total", "verdict", verdicts[i][0], verdicts[i][1],
		       c->verdict[i].bytes);
}

static void class_metrics(const struct observe *o, const struct observe_counts *c, FILE *out)
{
	head(out, "class_packets_total", "counter", "Packets by class of the matched rule.");
	for (unsigned int i = 0; i < CLASSES_MAX; i++) {
		if (!o->classes[i][0])
			continue;
		sample(out, o, "class_packets_total", "class", o->classes[i], ",direction=\"out\"",
		       c->class[i].out_packets);
		sample(out, o, "class_packets_total", "class", o->classes[i], ",direction=\"in\"",
		       c->class[i].in_packets);
	}
	head(out, "class_flows_opened_total", "counter", "Flows opened, by class.");
	for (unsigned int i = 0; i < CLASSES_MAX; i++)
		if (o->classes[i][0])
			sample(out, o, "class_flows_opened_total", "class", o->classes[i], "",
			       c->class[i].opened);
}

static void service_counters(const struct observe *o, const struct observe_services *s, FILE *out)
{
#define FIELD(field) offsetof(struct service_counter, field)
	static const struct {
		size_t field;
		const char *metric, *help, *label; /* `help` NULL: more samples of the metric before */
	} rows[] = {
		{FIELD(opened), "service_opened_total", "Flows opened to the service.", ""},
		{FIELD(in_packets), "service_packets_total", "Packets of its flows, as of circuits.",
		 ",direction=\"in\""},
		{FIELD(out_packets), "service_packets_total", NULL, ",direction=\"out\""},
		{FIELD(in_bytes), "service_bytes_total", "Bytes of frames, as of circuits.",
		 ",direction=\"in\""},
		{FIELD(out_bytes), "service_bytes_total", NULL, ",direction=\"out\""},
		{FIELD(refused), "service_refused_total",
		 "New flows refused for want of room, rate or server.", ""},
		{FIELD(challenged), "service_challenged_total",
		 "SYNs that were asked to prove their source.", ""},
		{FIELD(proven), "service_proven_total", "Sources that did.", ""},
	};
#undef FIELD

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		if (rows[r].help)
			head(out, rows[r].metric, "counter", rows[r].help);
		for (uint32_t i = 0; i < s->count; i++) {
			uint64_t value;

			if (!o->services[i][0])
				continue;
			memcpy(&value, (const char *)&s->counter[i] + rows[r].field, sizeof(value));
			sample(out, o, rows[r].metric, "service", o->services[i], rows[r].label, value);
		}
	}
}

static void service_gauges(const struct observe *o, const struct observe_services *s, FILE *out)
{
	head(out, "service_flows", "gauge", "Flows from outside that the service has.");
	for (uint32_t i = 0; i < s->count; i++)
		if (o->services[i][0])
			sample(out, o, "service_flows", "service", o->services[i], "", s->load[i].flows);
	head(out, "service_half_open", "gauge", "Half-open ones of them.");
	for (uint32_t i = 0; i < s->count; i++)
		if (o->services[i][0])
			sample(out, o, "service_half_open", "service", o->services[i], "",
			       s->load[i].half_open);
}

static void server_metrics(const struct observe *o, const struct observe_services *s, FILE *out)
{
	char server[PREFIX_TEXT], label[PREFIX_TEXT + 16];
	uint64_t now = observe_now();

	head(out, "server_up", "gauge", "1 when the server's check is not down.");
	for (uint32_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < service_servers(&s->service[i]); k++) {
			const struct probe *p = &s->health[i].servers[k];

			if (!p->changed || !observe_service_there(o, s, i))
				continue;
			snprintf(label, sizeof(label), ",server=\"%s\"",
				 address_text(&s->service[i].servers[k].address, server));
			sample(out, o, "server_up", "service", o->services[i], label,
			       p->down_until <= now);
		}
}

static void service_metrics(const struct observe *o, FILE *out)
{
	struct observe_services *s = observe_services(o);

	if (!s)
		return;
	service_counters(o, s, out);
	service_gauges(o, s, out);
	server_metrics(o, s, out);
	free(s);
}

static void other_metrics(const struct observe *o, const struct observe_counts *c, FILE *out)
{
#define EVENT_NAME(name, text) [E_##name] = text,
	static const char *const events[E_MAX] = {EVENTS(EVENT_NAME)};
#undef EVENT_NAME
	struct observe_fill fills[SWEPT_MAX];
	bool daemon = observe_daemon(o->name);
	uint64_t age;
	size_t count = observe_fills(o, c, daemon, fills, &age);

	head(out, "daemon_running", "gauge", "1 when the daemon runs.");
	sample(out, o, "daemon_running", NULL, NULL, "", daemon);
	head(out, "generation", "gauge", "Number that moves when routes or links change.");
	sample(out, o, "generation", NULL, NULL, "", o->live.generation);
	head(out, "half_open_flows", "gauge", "Half-open flows by side that opened them.");
	sample(out, o, "half_open_flows", "side", "inside", "", c->half_open[SIDE_INSIDE]);
	sample(out, o, "half_open_flows", "side", "outside", "", c->half_open[SIDE_OUTSIDE]);
	head(out, "answers_total", "counter", "ICMP errors sent, and withheld by the limit.");
	sample(out, o, "answers_total", "result", "sent", "", c->answers[ANSWER_SENT]);
	sample(out, o, "answers_total", "result", "withheld", "", c->answers[ANSWER_LIMITED]);
	head(out, "fragments_held", "gauge", "Fragments that wait for their first.");
	sample(out, o, "fragments_held", NULL, NULL, "", daemon ? c->fragments.held : 0);
	head(out, "fragments_waited_total", "counter", "Fragments that waited, by how it ended.");
	sample(out, o, "fragments_waited_total", "result", "returned", "", c->fragments.returned);
	sample(out, o, "fragments_waited_total", "result", "expired", "", c->fragments.expired);
	head(out, "events_lost_total", "counter", "Events that were not written, by kind.");
	for (unsigned int i = 0; i < E_MAX; i++)
		sample(out, o, "events_lost_total", "event", events[i], "", c->lost[i]);
	head(out, "table_entries", "gauge", "Entries of a table, as the last sweep saw them.");
	for (size_t i = 0; i < count; i++)
		sample(out, o, "table_entries", "table", fills[i].name, "", fills[i].used);
	head(out, "table_limit", "gauge", "Entries that a table holds.");
	for (size_t i = 0; i < count; i++)
		sample(out, o, "table_limit", "table", fills[i].name, "", fills[i].limit);
}

int observe_metrics(const struct observe *o, FILE *out)
{
	struct observe_counts *c = malloc(sizeof(*c));
	int err = c ? observe_counts(o, c) : -ENOMEM;

	if (!err) {
		circuit_metrics(o, c, out);
		circuit_gauges(o, c, out);
		probe_metrics(o, out);
		verdict_metrics(o, c, out);
		class_metrics(o, c, out);
		service_metrics(o, out);
		observe_feed_metrics(o, out);
		observe_spaces_metrics(o, out);
		other_metrics(o, c, out);
		if (fflush(out) || ferror(out))
			err = -EIO;
	}
	free(c);
	return err;
}

int observe_metrics_file(const struct observe *o, const char *path)
{
	char beside[512];
	FILE *out;
	int err;

	/* The collector takes only names that end in .prom, so it never reads a half-written one. */
	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	out = fopen(beside, "we");
	if (!out)
		return -errno;
	err = fchmod(fileno(out), 0644) ? -errno : observe_metrics(o, out);
	if (fclose(out) && !err)
		err = -EIO;
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	return err;
}
