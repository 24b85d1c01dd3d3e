// SPDX-License-Identifier: GPL-2.0-only
/* The flow of an explanation in words: that which lives, that which would be opened, and why none is. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include "explain.h"
#include "flow_filter.h"
#include "observe.h"
#include "prefix.h"
#include "print.h"

static const char *tuple_text(const struct in6_addr *from, uint16_t sport, const struct in6_addr *to, uint16_t dport,
			      char *buffer, size_t size)
{
	char source[PREFIX_TEXT], destination[PREFIX_TEXT];
	bool ip4 = IN6_IS_ADDR_V4MAPPED(from);

	snprintf(buffer, size, ip4 ? "%s:%u > %s:%u" : "[%s]:%u > [%s]:%u", address_text(from, source), ntohs(sport),
		 address_text(to, destination), ntohs(dport));
	return buffer;
}

/* Both halves, as `flow show` has them. */
static void print_state(const struct observe *o, const struct trail *t, const struct half *peer)
{
	struct flow_record r = { .family = t->family, .key = t->key, .has_reply = 1 };
	bool reply = t->half.flags & FLOW_REPLY;
	uint64_t now = observe_now(), end;
	char device[IF_NAMESIZE];

	r.forward = reply ? *peer : t->half;
	r.reply = reply ? t->half : *peer;
	end = flow_latest(&r) + flow_timeout(&r, &o->settings);
	print_value_text("direction", reply ? "reply" : "forward");
	print_value_text("state", flow_phase_text(flow_phase(&r, &o->settings, now)));
	print_value_text("opened", flow_opening_text(flow_opening(&r)));
	print_value_number("age", now / NANOSECONDS - r.forward.opened);
	print_value_number("idle", now > flow_latest(&r) ? (now - flow_latest(&r)) / NANOSECONDS : 0);
	print_value_number("left", end > now ? (end - now) / NANOSECONDS : 0);
	if (t->half.iif && if_indextoname(t->half.iif, device))
		print_value_text("last-came-in-on", device);
	if (peer->iif && if_indextoname(peer->iif, device))
		print_value_text("other-direction-came-in-on", device);
}

static void print_port(const struct explain_request *q, const struct trail *t)
{
	uint16_t wanted = q->packet.sport, high = (uint16_t)(t->span_low + t->span_count - 1);

	if (t->flags & TRAIL_MAPPED)
		print_value_text("mapping", t->flags & TRAIL_REUSED ? "the endpoint has one, and keeps its port" :
								      "a new one, endpoint-independent");
	print_value_text("port", ntohs(t->half.sport) == wanted ? "kept" : t->flags & TRAIL_REUSED ? "as mapped" :
								      "drawn, for the packet's own is taken or not allowed");
	if (ntohs(t->half.sport) != wanted && !(t->flags & TRAIL_REUSED) && t->span_count) {
		print_value_number("port-from", t->span_low);
		print_value_number("port-to", high);
	}
}

/* What was searched in vain. */
static void print_exhausted(const struct observe *o, const struct trail *t)
{
	if (t->verdict != V_POOL_EXHAUSTED)
		return;
	print_value_text("circuit", observe_circuit_name(o, t->half.circuit));
	print_value_number("pool-addresses", t->addresses);
	if (!(t->flags & TRAIL_SEARCHED) || !t->span_count)
		return;
	print_value_number("port-from", t->span_low);
	print_value_number("port-to", (uint64_t)t->span_low + t->span_count - 1);
}

/* It came in elsewhere than its flow is pinned to, and was let go on. */
static bool only_watched(const struct trail *t)
{
	bool belongs = t->half.flags & FLOW_FROM_CIRCUIT ?
			       t->role.kind == ROLE_LINK && t->role.circuit == t->half.circuit :
			       t->role.kind == ROLE_INSIDE;

	return !(t->flags & (TRAIL_OPENS | TRAIL_OVER)) && !belongs && t->verdict != V_VIOLATION &&
	       t->verdict != V_WRONG_SIDE;
}

void explain_print_flow(const struct observe *o, const struct explain_request *q, const struct trail *t,
			const struct half *peer)
{
	char text[2 * PREFIX_TEXT + 32];
	bool opens = t->flags & TRAIL_OPENS;

	if (!(t->flags & (TRAIL_FLOW | TRAIL_OPENS))) {
		print_value_text("flow", "none");
		print_exhausted(o, t);
		return;
	}
	print_value_text("flow", opens			     ? "would be opened" :
				 t->flags & TRAIL_OVER	     ? "over, and not yet removed" :
				 t->flags & TRAIL_QUOTED     ? "live, of the packet quoted" :
							       "live");
	print_value_text("circuit", observe_circuit_name(o, t->half.circuit));
	if (only_watched(t))
		print_value_text("violation", "of the circuit, whose pins are only monitored");
	if (t->half.flags & FLOW_SERVICE)
		print_value_text("service", observe_service_name(o, t->half.class));
	else
		print_value_text("class", observe_class_name(o, t->half.class));
	print_value_text("tuple", tuple_text(&t->key.saddr, t->key.sport, &t->key.daddr, t->key.dport, text, sizeof(text)));
	print_value_text("becomes", tuple_text(&t->saddr, t->half.sport, &t->daddr, t->half.dport, text, sizeof(text)));
	if (!opens)
		print_state(o, t, peer);
	else if (t->flags & TRAIL_KEEPS_SOURCE)
		print_value_text("port", "kept, for the source is not translated");
	else if (t->flags & TRAIL_SEARCHED)
		print_port(q, t);
}
