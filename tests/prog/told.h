/* SPDX-License-Identifier: GPL-2.0-only */
/* What the data plane's own ICMP errors must say, byte by byte; for the tests of answer.h and of what sets them off. */
#ifndef SAMEPATH_TEST_TOLD_H
#define SAMEPATH_TEST_TOLD_H

#include "rig.h"

static inline void mtu_set(enum device d, unsigned int mtu)
{
	shell("ip link set %s mtu %u", device_names[d], mtu);
	generation_move();
}

/* A flow of pilot with exchange over chicago, and its packets from there. */
static inline struct tuple flow_made(struct tuple t, struct tuple *back)
{
	struct outcome o = hear(LAN, t, NULL);

	verdict_is(o.verdict, V_FORWARDED, "opens", t.family);
	*back = reply_of(&o);
	return t;
}

static inline struct in6_addr link_address(int f)
{
	return address(f == 4 ? "172.16.0.1" : "2001:db8:f:1::1");
}

/* May the frame leave by this link? What its guard says of what the kernel sends is true of this too. */
static inline void leaves_by(enum device d, const struct frame *frame, int f)
{
	/* as `apply` has them of the circuit: what its link has, and its pool */
	struct scoped_prefix own = {.length = 160, .scope = CHICAGO, .address = link_address(f)};
	struct scoped_prefix pool = {.length = 32 + (f == 4 ? 96 + 28 : 64), .scope = CHICAGO,
				     .address = address(f == 4 ? "203.0.113.32" : "2001:db8:1::")};
	unsigned int wanted = SOURCE_WANTED;
	int verdict;

	put("sources", &own, &wanted);
	put("sources", &pool, &wanted);
	guard(d, frame, &verdict);
	verdict_is(verdict, V_GUARD_PASSED, "the error", f);
}

struct error {
	uint8_t type, code;
	unsigned int mtu;
};

static const struct error too_big[] = {{3, 4, 1300}, {2, 0, 1300}}, exceeded[] = {{11, 0, 0}, {3, 0, 0}};

/* Of the frame that came in: from this address of the gateway, and as much of it as there is room for. */
static inline void told(struct outcome *o, const struct frame *sent, struct error e, struct in6_addr from)
{
	int f = sent->data[ETHER] >> 4;
	unsigned int head = f == 4 ? 20 : 40, room = (f == 4 ? 576 : 1280) - head - 8;
	unsigned int quote = ip_length(sent) < room ? ip_length(sent) : room;
	uint8_t *ip = o->frame.data + ETHER, *icmp = ip + head;
	struct tuple t = tuple_of(&o->frame), of = tuple_of((struct frame *)sent);

	assert_int_equal(o->action, XDP_TX);
	assert_int_equal(o->frame.length, ETHER + head + 8 + quote);
	assert_int_equal(ip_length(&o->frame), head + 8 + quote);
	assert_memory_equal(o->frame.data, sent->data + 6, 6);
	assert_memory_equal(o->frame.data + 6, sent->data, 6);
	assert_int_equal(protocol_of(&o->frame), icmp_of(f));
	assert_true(same_address(t.saddr, from));
	assert_true(same_address(t.daddr, of.saddr));
	assert_int_equal(icmp[0], e.type);
	assert_int_equal(icmp[1], e.code);
	assert_int_equal(get16(icmp + 4), 0);
	assert_int_equal(get16(icmp + 6), e.mtu);
	assert_memory_equal(icmp + 8, sent->data + ETHER, quote);
	assert_true(sums_right(&o->frame));
}

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
#define EACH_PROTOCOL(p) \
	for (unsigned int p##_i = 0; p##_i < 3; p##_i++) \
		for (int p = protocols[p##_i], p##_once = 1; p##_once; p##_once = 0)

/* The size of the IP packet, whatever its headers are. */
static inline struct frame packet(const struct tuple *t, unsigned int length, struct shape shape)
{
	shape.payload = length - (t->family == 4 ? 20 : 40) - (t->protocol == IPPROTO_TCP ? 20 : 8);
	return frame_make(t, &shape);
}

#endif
