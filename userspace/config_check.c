// SPDX-License-Identifier: GPL-2.0-only
/* Who is asked whether a link or a server works, and how. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "config_read.h"

/* "192.0.2.1:443" or "[2001:db8::1]:443", cut in two; a bare IPv6 address has too many colons. */
static bool cut_port(const char *text, char *address, size_t size, uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *first = text, *end = colon;
	uint64_t value;

	if (!colon || !parse_number(colon + 1, &value) || value < 1 || value > 65535)
		return false;
	if (text[0] == '[') {
		first++;
		end--;
		if (end < first || *end != ']')
			return false;
	} else if (strchr(text, ':') != colon) {
		return false;
	}
	*port = (uint16_t)value;
	return snprintf(address, size, "%.*s", (int)(end - first), first) < (int)size;
}

/* Somebody else's address, and one only. */
static bool is_host(const struct prefix *p)
{
	const struct in6_addr *a = &p->address;

	if (p->family == 6)
		return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
		       !IN6_IS_ADDR_MULTICAST(a);
	return a->s6_addr[12] && a->s6_addr[12] != 127 && a->s6_addr[12] < 224;
}

void read_target(struct reader *r, const yaml_node_t *node, struct config_check *check)
{
	const char *accepted = "accepted: icmp/192.0.2.1, tcp/192.0.2.1:443, tcp/[2001:db8::1]:443";
	const char *text = reader_scalar(r, node, accepted), *why;
	char address[64] = "";
	bool tcp;

	if (!text)
		return;
	tcp = !strncmp(text, "tcp/", 4);
	if (!strncmp(text, "icmp/", 5))
		snprintf(address, sizeof(address), "%s", text + 5);
	else if (!tcp || !cut_port(text + 4, address, sizeof(address), &check->port)) {
		reader_error(r, node, tcp ? "not an address with a port" : "not a target", accepted);
		return;
	}
	if (address_parse(address, &check->target, &why))
		reader_error(r, node, why, accepted);
	else if (!is_host(&check->target))
		reader_error(r, node, "no other host has this address", accepted);
	check->protocol = tcp ? IPPROTO_TCP : IPPROTO_ICMP;
	check->line = node_line(node);
}

/* No address: each server is asked at its own. */
void read_server_target(struct reader *r, const yaml_node_t *node, struct config_check *check)
{
	const char *accepted = "accepted: icmp, tcp/443";
	const char *text = reader_scalar(r, node, accepted);
	uint64_t port = 0;
	bool tcp;

	if (!text)
		return;
	tcp = !strncmp(text, "tcp/", 4) && parse_number(text + 4, &port) && port && port <= UINT16_MAX;
	if (!tcp && strcmp(text, "icmp")) {
		reader_error(r, node, "not a way to ask a server", accepted);
		return;
	}
	check->protocol = tcp ? IPPROTO_TCP : IPPROTO_ICMP;
	check->port = tcp ? (uint16_t)port : 0;
	check->line = node_line(node);
}

/* What stands alone is the object's first key. */
void read_check(struct reader *r, const yaml_node_t *node, const struct field *f, char *base)
{
	if (node->type == YAML_MAPPING_NODE)
		read_object(r, node, f->object, base + f->at);
	else
		read_value(r, node, f->object->fields, base + f->at);
}
