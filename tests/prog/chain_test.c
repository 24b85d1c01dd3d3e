/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random chains of IPv6 extension headers and random IPv4 options, each held against a model that walks them
 * naively: the verdict is the model's, and what goes on carries the same bytes.
 */
#include "rig.c"
#include "chain.h"

#define CHAINS 6000
#define WITHIN 511 /* bytes of the frame that headers may reach to */
#define ANY_DROP -2

static unsigned int below(unsigned int n)
{
	return random() % n;
}

static bool one_of(uint8_t value, const uint8_t *list, unsigned int count)
{
	return memchr(list, value, count);
}

/* Options of one header, from a common stock with now and then a stranger or a lie. */
static unsigned int options_random(uint8_t *at, unsigned int room)
{
	static const uint8_t stock[] = {1, 1, 5, 4, 7, 0x0f, 0x26, 0x30, 0xc9, 0xc2, 0x1e, 0x8b};
	unsigned int used = 0, length;

	while (used < room) {
		if (room - used == 1 || !below(5)) {
			at[used++] = 0;
			continue;
		}
		at[used] = stock[below(below(12) ? 8 : sizeof(stock))];
		length = below(room - used - 1);
		if (!below(2))
			length = room - used - 2;
		at[used + 1] = below(60) ? length : below(256);
		memset(at + used + 2, below(256), length);
		used += 2 + length;
	}
	return used;
}

/* A header of this type, its first byte left for the caller. */
static unsigned int header_random(uint8_t *at, uint8_t type)
{
	unsigned int length = 8 * (1 + below(4) * !below(2));

	memset(at, 0, length);
	if (type == FRAGMENT) {
		put16(at + 2, below(3) ? 0 : below(65536));
		return 8;
	}
	at[1] = below(60) ? length / 8 - 1 : below(256);
	if (type == ROUTING) {
		at[2] = below(5);
		at[3] = below(3);
	} else if (type == HOP_BY_HOP || type == DESTINATION) {
		options_random(at + 2, length - 2);
	}
	return length;
}

/* UDP behind `depth` headers. */
static struct frame chain_random(unsigned int depth)
{
	static const uint8_t types[] = {60, 60, 60, 44, 0, 43, 51, 135, 139, 140};
	struct tuple t = talk(6, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = frame_make(&t, &(struct shape){.payload = 12});
	uint8_t chain[1024], *next = f.data + ETHER + 6, type, first = IPPROTO_UDP;
	unsigned int i, used = 0, last = 0;

	for (i = 0; i < depth && used < 900; i++) {
		type = !i && below(2) ? HOP_BY_HOP : types[below(below(3) ? 3 : sizeof(types))];
		if (i)
			chain[last] = type;
		else
			first = type;
		last = used;
		used += header_random(chain + used, type);
	}
	type = below(8) ? IPPROTO_UDP : (const uint8_t[]){NO_NEXT, 200, 47, 50}[below(4)];
	if (depth)
		chain[last] = type;
	*next = depth ? first : type;
	frame_insert(&f, chain, used);
	if (used && !below(8))
		f.data[ETHER + 40 + below(used)] = below(256);
	if (!below(20))
		put16(f.data + ETHER + 4, below(f.length - ETHER - 40 + 1));
	return f;
}

static int model_options6(const uint8_t *ip, unsigned int at, unsigned int last)
{
	static const uint8_t plain[] = {1, 4, 5, 7, 0x0f, 0x26, 0x30};
	unsigned int count;

	for (count = 0; at < last; count++) {
		if (count == 16 || ETHER + at > WITHIN)
			return V_EXTENSION_HEADER;
		if (!ip[at]) {
			at++;
			continue;
		}
		if (at + 2 > last)
			return V_BAD_HEADER;
		if (!one_of(ip[at], plain, sizeof(plain)))
			return V_EXTENSION_HEADER;
		at += 2 + ip[at + 1];
	}
	return at == last ? V_FORWARDED : V_BAD_HEADER;
}

static int model_transport(const uint8_t *l4, unsigned int room, uint8_t protocol)
{
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_ICMPV6)
		return ANY_DROP; /* what was no such packet; some other test's business */
	if (protocol != IPPROTO_UDP)
		return V_OTHER_PROTOCOL;
	if (room < 8 || get16(l4 + 4) < 8 || get16(l4 + 4) > room || !get16(l4) || !get16(l4 + 2))
		return V_BAD_TRANSPORT;
	return V_FORWARDED;
}

static int model_chain(const struct frame *f)
{
	static const uint8_t headers[] = {0, 43, 44, 51, 60, 135, 139, 140};
	const uint8_t *ip = f->data + ETHER;
	unsigned int at = 40, end = ip_length(f), place, destinations = 0, next;
	bool fragment = false;
	uint8_t type = ip[6];
	int verdict;

	for (place = 0; one_of(type, headers, sizeof(headers)); place++) {
		if (ETHER + at > WITHIN)
			return V_EXTENSION_HEADER;
		if (at + 8 > end)
			return V_BAD_HEADER;
		next = at + 8 * (ip[at + 1] + 1u);
		if (type == FRAGMENT) {
			if (fragment)
				return V_EXTENSION_HEADER;
			fragment = true;
			next = at + 8;
			if (get16(ip + at + 2) & 0xfff8)
				return ANY_DROP;
		} else if (type == ROUTING && !ip[at + 2]) {
			return V_SOURCE_ROUTE;
		} else if (!(type == HOP_BY_HOP && !place) && !(type == DESTINATION && ++destinations <= 2)) {
			return V_EXTENSION_HEADER;
		} else if (next > end) {
			return V_BAD_HEADER;
		} else if (ETHER + next > WITHIN) {
			return V_EXTENSION_HEADER;
		} else {
			verdict = model_options6(ip, at + 2, next);
			if (verdict != V_FORWARDED)
				return verdict;
		}
		type = ip[at];
		at = next;
	}
	return fragment ? ANY_DROP : model_transport(ip + at, end - at, type);
}

/* What goes on differs in addresses, hop limit, and within the transport header. */
static void chain_kept(const struct frame *sent, struct outcome *o)
{
	uint8_t *was = (uint8_t *)sent->data + ETHER, *is = o->frame.data + ETHER;

	assert_int_equal(o->frame.length, sent->length);
	assert_memory_equal(is, was, 7);
	assert_int_equal(is[7], was[7] - 1);
	assert_int_equal(get16(is + 8), 0x2001);
	assert_memory_not_equal(is + 8, was + 8, 16);
}

static void random_chains_of_every_depth_are_judged_by_the_rule(void **state)
{
	unsigned int i, forwarded = 0, count = 0, where;

	srandom(60);
	for (i = 0; i < CHAINS; i++) {
		struct frame f = chain_random(i % 21);
		int wanted = model_chain(&f);
		struct outcome o;

		if (!(i % 500))
			rig_reset(state);
		o = run(LAN, &f);
		if (o.verdict < 0 || o.action == XDP_ABORTED)
			fail_msg("chain %u has no verdict", i);
		if (wanted != ANY_DROP && o.verdict != wanted)
			fail_msg("chain %u of %u headers: %s, wanted %s", i, i % 21, verdict_name(o.verdict),
				 verdict_name(wanted));
		if (o.verdict != V_FORWARDED)
			continue;
		chain_kept(&f, &o);
		for (where = ETHER + 40, count = 0; where < f.length; where++)
			count += o.frame.data[where] != f.data[where];
		assert_true(count <= 6); /* ports and sum */
		forwarded++;
	}
	assert_true(forwarded > CHAINS / 20);
}

static int model_options4(const uint8_t *ip, unsigned int head)
{
	static const uint8_t plain[] = {25, 130, 133, 134, 148};
	int verdict = V_FORWARDED;
	unsigned int at = 20;

	while (at < head && ip[at]) {
		if (ip[at] == 1) {
			at++;
			continue;
		}
		if (at + 2 > head || ip[at + 1] < 2 || at + ip[at + 1] > head)
			return V_BAD_HEADER;
		if (ip[at] == 131 || ip[at] == 137)
			return V_SOURCE_ROUTE;
		if (!one_of(ip[at], plain, sizeof(plain)))
			verdict = V_IP_OPTIONS;
		at += ip[at + 1];
	}
	return verdict;
}

static void random_options_of_every_length_are_judged_by_the_rule(void **state)
{
	static const uint8_t stock[] = {1, 1, 148, 148, 130, 134, 25, 133, 0, 7, 68, 131, 137, 82, 30};
	unsigned int i, forwarded = 0;

	srandom(4);
	for (i = 0; i < CHAINS; i++) {
		struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame f = frame_make(&t, &(struct shape){.payload = 12}), before;
		unsigned int length = 4 * (1 + below(10)), at = 0;
		uint8_t options[64] = {0};
		struct outcome o;
		int wanted;

		if (!(i % 500))
			rig_reset(state);
		while (at < length) {
			options[at] = stock[below(below(3) ? 8 : sizeof(stock))];
			options[at + 1] = options[at] == 1 ? 1 : below(20) ? 2 + below(length - at) : below(256);
			at += options[at] == 1 ? 1 : options[at + 1] + !options[at + 1];
		}
		frame_insert(&f, options, length);
		before = f;
		wanted = model_options4(f.data + ETHER, 20 + length);
		o = run(LAN, &f);
		if (o.verdict != wanted)
			fail_msg("options %u: %s, wanted %s", i, verdict_name(o.verdict), verdict_name(wanted));
		if (wanted != V_FORWARDED)
			continue;
		assert_memory_equal(o.frame.data + ETHER + 20, before.data + ETHER + 20, length);
		assert_int_equal(get16(o.frame.data + ETHER + 10), ip_sum_whole(&o.frame));
		frame_remove(&o.frame, length);
		assert_true(sums_right(&o.frame));
		forwarded++;
	}
	assert_true(forwarded > CHAINS / 20);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(random_chains_of_every_depth_are_judged_by_the_rule),
		CASE(random_options_of_every_length_are_judged_by_the_rule),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
