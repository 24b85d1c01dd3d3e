// SPDX-License-Identifier: GPL-2.0-only
/* Every single thing of a plan that can fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "verify.h"

const char *failure_text(const struct failure *f, char *out, size_t size)
{
	switch (f->kind) {
	case FAIL_CIRCUIT:
		snprintf(out, size, "circuit %s", f->circuit->name);
		break;
	case FAIL_LINK:
		snprintf(out, size, "link %s of %s", f->link->name, f->circuit->name);
		break;
	case FAIL_GATEWAY:
		snprintf(out, size, "gateway %s", f->gateway->name);
		break;
	case FAIL_MEET_ME:
		snprintf(out, size, "meet-me %s", f->meet_me);
		break;
	default:
		snprintf(out, size, "nothing");
	}
	return out;
}

static void add(struct verify *v, struct failure f)
{
	v->failures[v->failure_count++] = f;
}

/* A meet-me with one circuit is that circuit. */
static void meet_me(struct verify *v, const struct paper_circuit *c)
{
	const struct paper *p = v->plan;
	bool earlier = false, shared = false;

	for (size_t i = 0; c->meet_me && i < p->circuit_count; i++) {
		const struct paper_circuit *o = &p->circuits[i];

		if (o == c || !o->meet_me || strcmp(o->meet_me, c->meet_me))
			continue;
		earlier |= o < c;
		shared = true;
	}
	if (shared && !earlier)
		add(v, (struct failure){ .kind = FAIL_MEET_ME, .meet_me = c->meet_me });
}

int verify_failures(struct verify *v)
{
	const struct paper *p = v->plan;
	size_t most = 1 + 2 * p->circuit_count + p->gateway_count;

	for (size_t i = 0; i < p->circuit_count; i++)
		most += p->circuits[i].link_count;
	v->failures = calloc(most, sizeof(*v->failures));
	if (!v->failures)
		return -ENOMEM;
	add(v, (struct failure){ .kind = FAIL_NOTHING });
	for (size_t i = 0; i < p->circuit_count; i++) {
		const struct paper_circuit *c = &p->circuits[i];

		add(v, (struct failure){ .kind = FAIL_CIRCUIT, .circuit = c });
		for (size_t k = 0; k < c->link_count && c->link_count > 1; k++)
			add(v,
			    (struct failure){ .kind = FAIL_LINK, .circuit = c, .link = &c->links[k] });
		meet_me(v, c);
	}
	for (size_t i = 0; i < p->gateway_count; i++)
		add(v, (struct failure){ .kind = FAIL_GATEWAY, .gateway = &p->gateways[i] });
	return 0;
}
