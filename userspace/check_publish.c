// SPDX-License-Identifier: GPL-2.0-only
/* The circuits of a service: what asks for it arrives there, is let in, and finds its way back. */
#include "check.h"
#include "image.h"

static bool advertises(const struct config_circuit *k, const struct prefix *p)
{
	size_t i;

	for (i = 0; i < k->advertise.count; i++)
		if (prefix_contains(&k->advertise.at[i].prefix, p))
			return true;
	return false;
}

/* Without an address of the circuit's own toward the server, its answers would not come back here. */
static bool has_pool(const struct config_circuit *k, unsigned char family)
{
	for (size_t i = 0; i < k->inbound_pool.count; i++)
		if (k->inbound_pool.at[i].prefix.family == family)
			return true;
	return false;
}

static void check_circuit(const struct config *c, const struct config_service *s,
			  const struct config_word *word, const struct config_circuit *k, struct report *r)
{
	bool asked[2] = { false };
	char text[PREFIX_TEXT];

	if (k->inbound_off)
		report_warning(r, c->file, word->line,
			       "services[%s].circuits: %s: says inbound: off (line %d); nothing new comes in there",
			       s->name, k->name, k->line);
	for (size_t i = 0; i < s->public.count; i++) {
		const struct prefix *p = &s->public.at[i].prefix;

		if (!advertises(k, p))
			report_error(r, c->file, word->line,
				     "services[%s].circuits: %s: does not advertise %s; accepted: a circuit whose advertise holds it",
				     s->name, k->name, address_text(&p->address, text));
		if (s->source_nat && !has_pool(k, p->family) && !asked[p->family == 6])
			report_error(r, c->file, word->line,
				     "services[%s].circuits: %s: has no inbound-pool of IPv%d for source-nat; accepted: a circuit that has one, or source-nat: none",
				     s->name, k->name, p->family);
		asked[p->family == 6] = true;
	}
}

void check_published(const struct config *c, const struct config_service *s, struct report *report)
{
	for (size_t i = 0; i < s->circuits.count; i++) {
		const struct config_circuit *k = config_circuit(c, s->circuits.at[i].text);

		if (k)
			check_circuit(c, s, &s->circuits.at[i], k, report);
	}
}
