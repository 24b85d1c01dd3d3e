// SPDX-License-Identifier: GPL-2.0-only
/* What `circuit test` reports. */
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include "circuit_test.h"
#include "observe.h"
#include "prefix.h"
#include "print.h"
#include "probe.h"

/* NULL: of none. */
static const char *device(uint32_t ifindex, char buffer[IFNAMSIZ])
{
	if (!ifindex)
		return NULL;
	if (!if_indextoname(ifindex, buffer))
		snprintf(buffer, IFNAMSIZ, "#%u", ifindex);
	return buffer;
}

/* "echo reply", "SYN, ACK", "time exceeded from 192.0.2.1", ... */
static const char *kind(const struct asked *a, const struct test_target *t, char *buffer, size_t size)
{
	bool four = t->family == 4;
	char text[PREFIX_TEXT];

	if (!a->error)
		return !t->port ? "echo reply" : a->type & TH_RST ? "RST" : "SYN, ACK";
	address_text(&a->source, text);
	if (a->type == (four ? ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED))
		snprintf(buffer, size, "time exceeded from %s", text);
	else if (a->type == (four ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH))
		snprintf(buffer, size, "unreachable (code %u) from %s", a->code, text);
	else
		snprintf(buffer, size, "ICMP error %u/%u from %s", a->type, a->code, text);
	return buffer;
}

static const char *destination(const struct test_target *to, char *buffer, size_t size)
{
	return probe_target_text(to->port ? IPPROTO_TCP : IPPROTO_ICMP, &to->address, to->port, buffer, size);
}

static void print_destination(const struct observe *o, const struct tested *t)
{
	char text[PREFIX_TEXT + 48], name[IFNAMSIZ];
	const struct test_target *to = t->target;

	print_cell_text(destination(to, text, sizeof(text)));
	print_cell_number(t->sent);
	print_cell_number(t->answered);
	print_cell_number(t->least / 1000);
	print_cell_number(t->answered ? t->sum / t->answered / 1000 : 0);
	print_cell_number(t->most / 1000);
	print_cell_text(device(t->oif, name));
	print_cell_text(t->heard ? device(t->answer.ifindex, name) : NULL);
	print_cell_text(t->heard ? observe_circuit_name(o, t->answer.circuit) : NULL);
	print_cell_text(t->heard ? kind(&t->answer, to, text, sizeof(text)) : NULL);
	if (strcmp(t->finding, TEST_SOUND))
		print_cell_alarm(t->finding);
	else
		print_cell_text(t->finding);
	print_row_end();
}

static void print_hops(const struct observe *o, const struct tested *t)
{
	char text[PREFIX_TEXT + 48], name[IFNAMSIZ];

	for (unsigned int h = 0; h < t->hop_count; h++) {
		const struct test_outcome *a = &t->hops[h];

		print_cell_text(destination(t->target, text, sizeof(text)));
		print_cell_number(h + 1);
		print_cell_text(a->heard ? address_text(&a->answer.source, text) : NULL);
		print_cell_number(a->heard ? (a->answer.time - a->sent) / 1000 : 0);
		print_cell_text(a->heard ? device(a->answer.ifindex, name) : NULL);
		print_cell_text(a->heard ? observe_circuit_name(o, a->answer.circuit) : NULL);
		print_row_end();
	}
}

void test_print(const struct observe *o, const struct test_request *q, const struct in6_addr from[2],
		const struct tested *all, const char *error)
{
	static const char *const columns[] = { "destination",  "sent",	 "answered", "min-us",
					       "avg-us",       "max-us", "out",	     "back",
					       "back-circuit", "answer", "finding",  NULL };
	static const char *const hops[] = { "destination", "hop",	   "address", "us",
					    "back",	   "back-circuit", NULL };
	char text[PREFIX_TEXT];

	print_begin();
	if (error && print_json)
		print_value_text("error", error);
	print_value_text("circuit", q->circuit);
	for (unsigned int six = 0; six < 2; six++)
		if (!IN6_IS_ADDR_UNSPECIFIED(&from[six]))
			print_value_text(six ? "from6" : "from4", address_text(&from[six], text));
	print_table_begin("destinations", columns);
	for (unsigned int i = 0; i < q->targets; i++)
		print_destination(o, &all[i]);
	print_table_end();
	if (q->trace) {
		print_table_begin("path", hops);
		for (unsigned int i = 0; i < q->targets; i++)
			print_hops(o, &all[i]);
		print_table_end();
	}
	print_end();
	if (error && !print_json)
		print_error("%s", error);
}
