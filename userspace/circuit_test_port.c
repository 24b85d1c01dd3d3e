// SPDX-License-Identifier: GPL-2.0-only
/* The ports of `circuit test`: those that translation may give a client of the circuit, bpf/snat.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "circuit_test.h"
#include "observe.h"

/* Is it the machine's own? Then the kernel's sockets have ports there. */
static bool is_local(int locals, const struct in6_addr *address)
{
	uint32_t any;

	return !bpf_map_lookup_elem(locals, address, &any);
}

int test_ports_open(struct test_ports *p, const struct observe *o, const struct circuit *c,
		    const struct in6_addr from[2])
{
	uint16_t low = c->port_min < 1024 && c->port_max >= 1024 ? 1024 : c->port_min;
	int locals = observe_map(o, "locals");

	if (locals < 0)
		return locals;
	*p = (struct test_ports){ .low = low ? low : 1, .listeners = observe_map(o, "listeners") };
	p->count = c->port_max >= p->low ? c->port_max - p->low + 1U : 0;
	p->local_min = o->settings.local_port_min;
	p->local_max = o->settings.local_port_max;
	for (unsigned int six = 0; six < 2; six++)
		p->local[six] = is_local(locals, &from[six]);
	close(locals);
	/* two tests at a time begin apart */
	getrandom(&p->start, sizeof(p->start), 0);
	return p->listeners < 0 ? p->listeners : 0;
}

void test_ports_close(struct test_ports *p)
{
	if (p->listeners >= 0)
		close(p->listeners);
	p->listeners = -1;
}

static bool is_ours(const struct test_ports *p, const struct test_target *to, uint16_t port)
{
	struct listener key = { .port = htons(port), .protocol = test_protocol(to) };
	uint32_t any;

	if (!p->local[to->family == 6])
		return false;
	return (port >= p->local_min && port <= p->local_max) ||
	       !bpf_map_lookup_elem(p->listeners, &key, &any);
}

uint16_t test_ports_next(struct test_ports *p, const struct test_target *to)
{
	while (p->tried < p->count) {
		uint16_t port = (uint16_t)(p->low + (p->start + p->tried++) % p->count);

		if (!is_ours(p, to, port))
			return port;
	}
	return 0;
}
