// SPDX-License-Identifier: GPL-2.0-only
/* What leads where: routes of a site, what is received on a circuit, what the provider has of this site. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "walk.h"

static bool link_up(const struct walk *w, const struct paper_circuit *c, const struct paper_link *l)
{
	const struct failure *f = w->failure;

	return !l->session.down && !(f && f->kind == FAIL_LINK && f->circuit == c && f->link == l);
}

bool circuit_up(const struct walk *w, const struct paper_circuit *c)
{
	const struct failure *f = w->failure;
	bool up = !c->link_count;

	if (f && ((f->kind == FAIL_CIRCUIT && f->circuit == c) ||
		  (f->kind == FAIL_GATEWAY && f->gateway == c->at) ||
		  (f->kind == FAIL_MEET_ME && c->meet_me && !strcmp(f->meet_me, c->meet_me))))
		return false;
	for (size_t i = 0; i < c->link_count; i++)
		up |= link_up(w, c, &c->links[i]);
	return up;
}

/* The provider's routes are many, and asked at every hop: they are sorted, and looked for by length. Where
 * a longer one is filtered out, a shorter one that is not leads there. */
bool circuit_reaches(const struct paper_circuit *c, const struct config_prefixes *except,
		     const struct in6_addr *a, struct prefix *by)
{
	struct prefix p = host_prefix(a);
	unsigned int bit = prefix_mapped_length(&p);

	while (c->received.at.count) {
		if (bsearch(&p, c->received.at.at, c->received.at.count, sizeof(*c->received.at.at),
			    prefix_compare) &&
		    !(except && longest_of(except, &p))) {
			*by = p;
			return true;
		}
		if (!p.length)
			break;
		p.length--;
		bit--;
		p.address.s6_addr[bit / 8] &= (unsigned char)~(0x80u >> (bit % 8));
	}
	return false;
}

static bool route_leads(const struct walk *w, const struct paper_route *r, const struct in6_addr *dst,
			struct prefix *by)
{
	const struct failure *f = w->failure;
	const struct prefix host = host_prefix(dst);
	const struct config_prefix *p;

	if (r == w->suppose.hidden || (f && f->kind == FAIL_GATEWAY && r->hop.kind == PLACE_GATEWAY &&
				       r->hop.gateway == f->gateway))
		return false;
	if (r->circuit)
		return circuit_up(w, r->circuit) && circuit_reaches(r->circuit, &r->except, dst, by);
	p = longest_of(&r->to, &host);
	if (p)
		*by = p->prefix;
	return p;
}

bool route_find(const struct walk *w, const struct paper_routes *routes,
		const struct config_words *without, const struct in6_addr *dst, struct found_route *best)
{
	struct prefix by;

	for (size_t i = 0; i < routes->count; i++) {
		const struct paper_route *r = &routes->at[i];

		if (r->circuit && without && words_have(without, r->circuit->name))
			continue;
		if (route_leads(w, r, dst, &by) && (!best->route || by.length > best->by.length))
			*best = (struct found_route){ r, by, r->hop };
	}
	return best->route;
}

/* What the other side is seen to have counts, and only where that is not given what it is told.
 * The pool that a repair supposes is advertised on the question's own circuit alone. */
static const struct config_prefix *advertised(const struct walk *w, const struct paper_circuit *c,
					      const struct prefix *host)
{
	static struct config_prefix own;
	const struct in6_addr pool = imaginary(host->family);

	own.prefix = host_prefix(&pool);
	if (w->suppose.own_pool && prefix_equal(host, &own.prefix))
		return c == w->circuit ? &own : NULL;
	return longest_of(c->accepted.given ? &c->accepted.at : circuit_advertised(c), host);
}

/* Longer first; of equal ones a private circuit before the internet. */
static int better(const struct paper_circuit *c, const struct config_prefix *p,
		  const struct paper_circuit *than, const struct config_prefix *other)
{
	if (p->prefix.length != other->prefix.length)
		return p->prefix.length - other->prefix.length;
	return (c->kind != KIND_INTERNET) - (than->kind != KIND_INTERNET);
}

static void say_entries(const struct walk *w, const struct prefix *host,
			const struct config_prefix *best, size_t count, char *why)
{
	char text[PREFIX_TEXT];

	if (!best)
		snprintf(why, WALK_WHY, "no circuit that is up%s advertises %s",
			 w->outside->provider ? "" : " and of the internet",
			 address_text(&host->address, text));
	else
		snprintf(why, WALK_WHY, "%s is advertised here%s", prefix_text(&best->prefix, text),
			 count > 1 ? ", and on other circuits alike: any of them may be taken" :
				     ", and nowhere longer");
}

size_t walk_entries(const struct walk *w, const struct in6_addr *address,
		    const struct paper_circuit **out, char *why)
{
	const struct prefix host = host_prefix(address);
	const struct config_prefix *best = NULL;
	size_t count = 0;

	for (size_t i = 0; i < w->plan->circuit_count; i++) {
		const struct paper_circuit *c = &w->plan->circuits[i];
		const struct config_prefix *p = advertised(w, c, &host);
		int order;

		if (!p || !circuit_up(w, c) || (!w->outside->provider && c->kind != KIND_INTERNET))
			continue;
		order = best ? better(c, p, out[0], best) : 1;
		if (order > 0) {
			best = p;
			count = 0;
		}
		if (order >= 0 && count < WALK_ENTRIES)
			out[count++] = c;
	}
	say_entries(w, &host, best, count, why);
	return count;
}
