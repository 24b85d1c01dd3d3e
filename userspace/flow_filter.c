// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "flow_filter.h"
#include "print.h"

static const char *const phases[PHASE_MAX] = {
	[PHASE_HALF_OPEN] = "half-open", [PHASE_ESTABLISHED] = "established",
	[PHASE_CLOSING] = "closing", [PHASE_UDP] = "udp",
	[PHASE_ICMP] = "icmp", [PHASE_OTHER] = "other", [PHASE_DEAD] = "dead",
};

static const char *const openings[OPENING_MAX] = {
	[OPENED_INSIDE] = "inside", [OPENED_OUTSIDE] = "outside", [OPENED_HAIRPIN] = "hairpin",
};

const char *flow_phase_text(enum flow_phase phase)
{
	return phase < PHASE_MAX ? phases[phase] : "unknown";
}

const char *flow_opening_text(enum flow_opening opening)
{
	return opening < OPENING_MAX ? openings[opening] : "unknown";
}

enum flow_opening flow_opening(const struct flow_record *r)
{
	if (!(r->forward.flags & (FLOW_TO_CIRCUIT | FLOW_FROM_CIRCUIT)))
		return OPENED_HAIRPIN;
	return r->forward.flags & FLOW_OPENED_OUTSIDE ? OPENED_OUTSIDE : OPENED_INSIDE;
}

const char *flow_protocol_text(uint8_t protocol)
{
	static char numbers[256][4];

	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_SCTP:
		return "sctp";
	}
	snprintf(numbers[protocol], sizeof(numbers[protocol]), "%u", protocol);
	return numbers[protocol];
}

uint64_t flow_latest(const struct flow_record *r)
{
	uint64_t reply = r->has_reply ? r->reply.last : 0;

	return r->forward.last > reply ? r->forward.last : reply;
}

static bool closing(const struct flow_record *r)
{
	uint32_t reply = r->reply.flags;

	return ((r->forward.flags | reply) & FLOW_RST) || (r->forward.flags & reply & FLOW_FIN);
}

static bool is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static enum flow_state state_of(const struct flow_record *r)
{
	bool half_open = r->forward.flags & FLOW_HALF_OPEN;

	if (r->key.protocol == IPPROTO_TCP && closing(r))
		return STATE_TCP_CLOSING;
	if (half_open && r->forward.flags & FLOW_OPENED_OUTSIDE)
		return STATE_INBOUND_HALF_OPEN;
	if (r->key.protocol == IPPROTO_TCP)
		return half_open ? STATE_TCP_HALF_OPEN : STATE_TCP_ESTABLISHED;
	return is_icmp(r->key.protocol) ? STATE_ICMP : STATE_UDP;
}

uint64_t flow_timeout(const struct flow_record *r, const struct settings *s)
{
	if ((r->forward.flags | r->reply.flags) & FLOW_KILLED)
		return 0;
	return s->timeout[state_of(r)];
}

enum flow_phase flow_phase(const struct flow_record *r, const struct settings *s, uint64_t now)
{
	uint64_t timeout = flow_timeout(r, s), latest = flow_latest(r);

	if (!timeout || (now > latest && now - latest > timeout))
		return PHASE_DEAD;
	if (r->key.protocol == IPPROTO_TCP && closing(r))
		return PHASE_CLOSING;
	if (r->forward.flags & FLOW_HALF_OPEN)
		return PHASE_HALF_OPEN;
	if (r->key.protocol == IPPROTO_TCP)
		return PHASE_ESTABLISHED;
	if (is_icmp(r->key.protocol))
		return PHASE_ICMP;
	return r->key.protocol == IPPROTO_UDP ? PHASE_UDP : PHASE_OTHER;
}

static int want_prefix(const char *word, const char *value, struct prefix *out, bool *has)
{
	const char *why = "";

	if (prefix_parse(value, out, &why))
		return print_error("%s: %s: %s; an address or prefix is accepted", word, value, why),
		       -EINVAL;
	*has = true;
	return 0;
}

static int want_address(const char *word, const char *value, struct prefix *out, bool *has)
{
	const char *why = "";

	if (address_parse(value, out, &why))
		return print_error("%s: %s: %s; an address is accepted", word, value, why), -EINVAL;
	*has = true;
	return 0;
}

static int want_port(const char *word, const char *value, int *out)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || n > 65535)
		return print_error("%s: %s: not a port; 0 to 65535 is accepted", word, value),
		       -EINVAL;
	*out = (int)n;
	return 0;
}

static int want_protocol(const char *word, const char *value, int *out)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || n > UINT8_MAX)
		/* that of IPv4 is first: ICMP stands for both families */
		for (n = 0; n <= UINT8_MAX && strcmp(value, flow_protocol_text((uint8_t)n)); n++)
			;
	if (n > UINT8_MAX)
		return print_error("%s: %s: unknown; tcp, udp, icmp, gre, esp, sctp or a number is accepted",
				   word, value),
		       -EINVAL;
	*out = n == IPPROTO_ICMPV6 ? IPPROTO_ICMP : (int)n;
	return 0;
}

static int want_phase(const char *word, const char *value, int *out)
{
	for (int i = 0; i < PHASE_MAX; i++)
		if (!strcmp(value, phases[i]))
			return *out = i, 0;
	print_error("%s: %s: unknown; half-open, established, closing, udp, icmp, other or dead is accepted",
		    word, value);
	return -EINVAL;
}

static int want_opening(const char *word, const char *value, int *out)
{
	for (int i = 0; i < OPENING_MAX; i++)
		if (!strcmp(value, openings[i]))
			return *out = i, 0;
	print_error("%s: %s: unknown; inside, outside or hairpin is accepted", word, value);
	return -EINVAL;
}

static int want_name(const char *word, const char *value, int number, int *out)
{
	if (number < 0)
		return print_error("%s: %s: the gateway knows no %s of this name", word, value, word),
		       -EINVAL;
	*out = number;
	return 0;
}

static int want(struct flow_filter *f, const char *word, const char *value, const struct observe *o)
{
	if (!strcmp(word, "src"))
		return want_prefix(word, value, &f->src, &f->has_src);
	if (!strcmp(word, "dst"))
		return want_prefix(word, value, &f->dst, &f->has_dst);
	if (!strcmp(word, "address"))
		return want_prefix(word, value, &f->address, &f->has_address);
	if (!strcmp(word, "pool"))
		return want_address(word, value, &f->pool, &f->has_pool);
	if (!strcmp(word, "sport"))
		return want_port(word, value, &f->sport);
	if (!strcmp(word, "dport"))
		return want_port(word, value, &f->dport);
	if (!strcmp(word, "port"))
		return want_port(word, value, &f->port);
	if (!strcmp(word, "proto"))
		return want_protocol(word, value, &f->protocol);
	if (!strcmp(word, "state"))
		return want_phase(word, value, &f->phase);
	if (!strcmp(word, "circuit"))
		return want_name(word, value, observe_circuit_number(o, value), &f->circuit);
	if (!strcmp(word, "class"))
		return want_name(word, value, observe_class_number(o, value), &f->class);
	if (!strcmp(word, "service"))
		return want_name(word, value, observe_service_number(o, value), &f->service);
	if (!strcmp(word, "server"))
		return want_address(word, value, &f->server, &f->has_server);
	if (!strcmp(word, "opened"))
		return want_opening(word, value, &f->opening);
	print_error("%s: unknown; src, dst, address, pool, server, sport, dport, port, proto, circuit, "
		    "class, service, opened or state is accepted", word);
	return -EINVAL;
}

int flow_filter_parse(struct flow_filter *f, int argc, char **argv, const struct observe *o)
{
	memset(f, 0, sizeof(*f));
	f->sport = f->dport = f->port = f->protocol = f->circuit = f->class = f->phase = -1;
	f->service = f->opening = -1;
	for (int i = 0; i < argc; i += 2) {
		int err;

		if (i + 1 == argc)
			return print_error("%s: a value is missing behind it", argv[i]), -EINVAL;
		err = want(f, argv[i], argv[i + 1], o);
		if (err)
			return err;
	}
	return 0;
}

static bool inside(const struct prefix *p, const struct in6_addr *address)
{
	struct prefix host = {.address = *address};
	bool mapped = IN6_IS_ADDR_V4MAPPED(address);

	host.family = mapped ? 4 : 6;
	host.length = mapped ? 32 : 128;
	return prefix_contains(p, &host);
}

static bool ports_match(const struct flow_filter *f, const struct flow_record *r)
{
	int sport = ntohs(r->key.sport), dport = ntohs(r->key.dport);

	return (f->sport < 0 || f->sport == sport) && (f->dport < 0 || f->dport == dport) &&
	       (f->port < 0 || f->port == sport || f->port == dport);
}

/* Its class, or its service when that is asked for; -1: it has the other. */
static int number_of(const struct flow_record *r, bool service)
{
	bool of_service = r->forward.flags & FLOW_SERVICE;

	return of_service == service ? r->forward.class : -1;
}

static bool names_match(const struct flow_filter *f, const struct flow_record *r)
{
	return (f->circuit < 0 || f->circuit == r->forward.circuit) &&
	       (f->class < 0 || f->class == number_of(r, false)) &&
	       (f->service < 0 || f->service == number_of(r, true));
}

static bool addresses_match(const struct flow_filter *f, const struct flow_record *r)
{
	/* saddr of the record is what the side that opened the flow wears: its pool address. */
	return (!f->has_src || inside(&f->src, &r->key.saddr)) &&
	       (!f->has_dst || inside(&f->dst, &r->key.daddr)) &&
	       (!f->has_address || inside(&f->address, &r->key.saddr) ||
		inside(&f->address, &r->key.daddr)) &&
	       (!f->has_pool || inside(&f->pool, &r->saddr)) &&
	       (!f->has_server || (r->forward.flags & FLOW_SERVICE && inside(&f->server, &r->daddr)));
}

bool flow_filter_match(const struct flow_filter *f, const struct flow_record *r,
		       const struct settings *s, uint64_t now)
{
	uint8_t protocol = r->key.protocol == IPPROTO_ICMPV6 ? IPPROTO_ICMP : r->key.protocol;

	return (f->protocol < 0 || f->protocol == protocol) &&
	       (f->opening < 0 || f->opening == (int)flow_opening(r)) && names_match(f, r) &&
	       ports_match(f, r) && addresses_match(f, r) &&
	       (f->phase < 0 || f->phase == (int)flow_phase(r, s, now));
}
