/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The paper walk: one question and its answer, hop by hop over a plan.
 *
 * A question leaves a segment for an address outside, or an address outside for a service. At each
 * place what that place would do is done: sites look up the longest prefix they have a route for,
 * firewalls remember what they saw, gateways translate and remember, and outside the provider takes
 * the circuit on which the longest prefix of the address is advertised: of equal ones ExpressRoute
 * before the internet, and among equal circuits any.
 *
 * What remembered the question's translation turns it back when the answer passes it. The answer does
 * not have to: that is what is walked for. A firewall that is stateful, and a samepath, drop an answer
 * whose question they have not seen.
 */
#ifndef SAMEPATH_USERSPACE_WALK_H
#define SAMEPATH_USERSPACE_WALK_H

#include "paper.h"

#define WALK_HOPS 24
#define WALK_WHY 200
#define WALK_ENTRIES 16 /* circuits that the provider may choose between */

enum way_end {
	WAY_UNDER_WAY,
	WAY_ARRIVED,
	WAY_REFUSED, /* by what holds state and has not seen the question, or saw it elsewhere */
	WAY_DROPPED, /* a rule says so */
	WAY_LOST, /* no way on */
};
struct hop {
	struct place at;
	struct in6_addr src, dst; /* as it left */
	bool changed; /* other addresses than it came with */
	const struct paper_route *route; /* that led on, NULL: none did */
	char why[WALK_WHY];
};
struct way {
	struct hop hops[WALK_HOPS];
	size_t count;
	enum way_end end;
};

/* What fails; `circuit`, `gateway`, `link` or `meet_me` says which. */
enum failure_kind { FAIL_NOTHING, FAIL_CIRCUIT, FAIL_LINK, FAIL_GATEWAY, FAIL_MEET_ME };
struct failure {
	enum failure_kind kind;
	const struct paper_circuit *circuit; /* of a link as well */
	const struct paper_link *link;
	const struct paper_gateway *gateway;
	const char *meet_me;
};

/* What a device remembers of the question: its addresses as they came and as they left. */
struct memory {
	struct place at;
	const struct paper_circuit *circuit; /* NULL: of no circuit */
	struct in6_addr src, dst, src_out, dst_out;
};

/* What would be otherwise, to try a repair. */
struct suppose {
	const struct paper_route *hidden; /* nobody sees it */
	bool source_nat; /* whatever publishes translates the source to addresses that lead back to it */
	bool own_pool; /* the question's circuit has a pool that it alone advertises */
};

struct walk {
	const struct paper *plan;
	const struct failure *failure; /* NULL: nothing fails */
	struct suppose suppose;
	bool inbound;
	const struct paper_segment *inside; /* where it begins, or where the server is found */
	const struct paper_destination *outside;
	struct in6_addr host, remote; /* inside host that asks; address outside */
	const struct paper_service *service; /* that is asked; NULL outbound */
	struct in6_addr public, server;
	size_t choice, choices; /* of the circuits that a rule spreads hosts over */
	size_t wear, wears; /* of the kinds of addresses of the pool that is worn */
	/* What came of it. */
	const struct paper_circuit *circuit; /* that the question took, NULL: it did not get there */
	const struct paper_circuit *back; /* that the answer took */
	const struct config_rule *rule; /* of the gateway's policy */
	struct way question, answer;
	struct memory memory[WALK_HOPS];
	size_t memory_count;
};

/* Circuits on which what is outside sends to `address`, at most WALK_ENTRIES; 0: nobody advertises it.
 * `why` says how they were found (WALK_WHY bytes). */
size_t walk_entries(const struct walk *w, const struct in6_addr *address,
		    const struct paper_circuit **out, char *why);
/* The question, from inside; or over `entry`, from outside. */
void walk_question(struct walk *w, const struct paper_circuit *entry);
/* The answer to a question that arrived; of an outbound one over `entry`. */
void walk_answer(struct walk *w, const struct paper_circuit *entry);

/* Parts, for walk*.c. */
struct trip {
	struct walk *w;
	struct way *way;
	bool answer;
	struct in6_addr src, dst;
	struct place from, at; /* where it comes from, where it is */
	const struct paper_segment *view; /* whose routes count at the next site */
	const struct paper_circuit *circuit; /* that it came in on */
};
struct found_route {
	const struct paper_route *route;
	struct prefix by; /* the prefix that was the longest */
	struct place next;
};
bool circuit_up(const struct walk *w, const struct paper_circuit *c);
/* Does it receive a route there, that is not one of `except` (NULL: none)? */
bool circuit_reaches(const struct paper_circuit *c, const struct config_prefixes *except,
		     const struct in6_addr *a, struct prefix *by);
/* The longest of routes for the trip's destination, better than what `best` has; false: none. */
bool route_find(const struct walk *w, const struct paper_routes *routes,
		const struct config_words *without, const struct in6_addr *dst,
		struct found_route *best);
/* Does the i-th rule of its policy mean this source, or this destination? */
bool rule_from(const struct paper_gateway *g, const struct paper *plan, size_t i, const struct prefix *src);
bool rule_to(const struct paper_gateway *g, const struct paper *plan, size_t i, const struct prefix *dst);
const struct config_rule *rule_find(const struct paper_gateway *g, const struct paper *plan,
				    const struct in6_addr *src, const struct in6_addr *dst);

struct hop *trip_hop(struct trip *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trip_end(struct trip *t, enum way_end end);
/* On to the next place, through the firewalls before it. */
void trip_send(struct trip *t, struct place next);
const struct memory *trip_recall(const struct trip *t);
void trip_restore(struct trip *t, const struct memory *m);
void trip_remember(struct trip *t, const struct paper_circuit *c, const struct in6_addr *src,
		   const struct in6_addr *dst);
/* Translates to the server and inbound pool of what this place publishes there. */
const struct paper_service *trip_published(const struct trip *t);
void trip_at_gateway(struct trip *t);

unsigned char address_family(const struct in6_addr *a);
struct prefix host_prefix(const struct in6_addr *a);
/* An address of the prefix that a host may have. */
struct in6_addr some_host(const struct prefix *p);
/* One that stands for a pool that is not there yet. */
struct in6_addr imaginary(unsigned char family);

#endif
