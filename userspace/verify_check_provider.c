// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what the provider takes of a site: its prefixes, and its number. */
#include "check.h"
#include "verify_check.h"

#define PROVIDER_ASN 12076
#define RESERVED_FIRST 65515
#define RESERVED_LAST 65520

static bool refused(const struct check_run *r, const struct prefix *p)
{
	enum prefix_scope scope = prefix_scope(p);

	return scope != SCOPE_PUBLIC &&
	       (!r->plan->lab || scope == SCOPE_SPECIAL || scope == SCOPE_PRIVATE);
}

void check_advertised_public(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_PRIVATE(r, c)
	for (size_t i = 0; i < circuit_advertised(c)->count; i++) {
		const struct prefix *p = &circuit_advertised(c)->at[i].prefix;

		if (refused(r, p))
			check_say(
				r, CHECK_NO, SEVERITY_ERROR, c->line,
				"%s advertises %s: %s; the provider refuses it, public prefixes are accepted",
				c->name, prefix_text(p, text),
				p->length ? check_scope(prefix_scope(p)) : "a default route");
	}
}

/* The provider may come in by either circuit then; what holds an answer on its way is the pool alone. */
void check_advertised_separate(struct check_run *r)
{
	char text[PREFIX_TEXT];

	EACH_PRIVATE(r, c)
	EACH_PRIVATE(r, o)
	for (size_t i = 0; c < o && i < circuit_advertised(c)->count; i++) {
		const struct prefix *p = &circuit_advertised(c)->at[i].prefix;

		if (prefixes_have(circuit_advertised(o), p))
			check_say(
				r, CHECK_NO, SEVERITY_WARNING, o->line,
				"%s and %s both advertise %s: the provider may come in by either; prefixes of its own on each circuit are recommended",
				c->name, o->name, prefix_text(p, text));
	}
}

void check_asn(struct check_run *r)
{
	uint32_t asn = r->plan->asn;

	EACH_PRIVATE(r, c)
	if (!r->said && (asn == PROVIDER_ASN || (asn >= RESERVED_FIRST && asn <= RESERVED_LAST)))
		check_say(
			r, CHECK_NO, SEVERITY_ERROR, r->plan->name_line,
			"the site's number %u is the provider's own or reserved by it (%d, %d to %d): no session of %s comes up",
			asn, PROVIDER_ASN, RESERVED_FIRST, RESERVED_LAST, c->name);
}
