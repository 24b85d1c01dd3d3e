/* SPDX-License-Identifier: GPL-2.0-only */
/* neighbour: ARP and neighbour solicitations for addresses that only the data plane has. */
#include "rig.c"

static int set_up(void **state)
{
	int error = rig_reset(state);
	struct scoped_prefix key = {.length = 32 + 96 + 28, .scope = rig.ifindex[ER0],
				    .address = address("203.0.113.32")};
	unsigned int one = 1;

	put("answers", &key, &one);
	key.length = 32 + 64;
	key.address = address("2001:db8:1::");
	put("answers", &key, &one);
	return error;
}

static struct frame arp(const char *sender, const char *target, unsigned int operation)
{
	struct frame f = {.length = 60};
	struct in6_addr from = address(sender), to = address(target);

	memset(f.data, 0xff, 6);
	memcpy(f.data + 6, "\x02\0\0\0\x01\x10", 6);
	memcpy(f.data + 12, "\x08\x06\0\x01\x08\0\x06\x04", 8);
	put16(f.data + 20, operation);
	memcpy(f.data + 22, "\x02\0\0\0\x01\x10", 6);
	memcpy(f.data + 28, &from.s6_addr[12], 4);
	memcpy(f.data + 38, &to.s6_addr[12], 4);
	return f;
}

static void arp_for_a_pool_address_is_answered(void **state)
{
	struct frame f = arp("172.16.0.2", "203.0.113.40", 1);
	struct outcome o = run(ER0, &f);

	(void)state;
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "ARP", 4);
	assert_int_equal(o.action, XDP_TX);
	assert_memory_equal(o.frame.data, "\x02\0\0\0\x01\x10\x02\0\0\0\0\x02\x08\x06", 14);
	assert_memory_equal(o.frame.data + 14, "\0\x01\x08\0\x06\x04\0\x02", 8);
	assert_memory_equal(o.frame.data + 22, "\x02\0\0\0\0\x02\xcb\0\x71\x28", 10);
	assert_memory_equal(o.frame.data + 32, "\x02\0\0\0\x01\x10\xac\x10\0\x02", 10);
}

static void other_arp_is_the_kernels(void **state)
{
	static const struct {
		const char *claim, *sender, *target;
		unsigned int operation;
		enum device in;
	} rows[] = {
		{"own address", "172.16.0.2", "172.16.0.1", 1, ER0},
		{"outside the pool", "172.16.0.2", "203.0.113.48", 1, ER0},
		{"another device", "198.18.0.2", "203.0.113.40", 1, WAN},
		{"a reply", "172.16.0.2", "203.0.113.40", 2, ER0},
		{"gratuitous", "203.0.113.40", "203.0.113.40", 1, ER0},
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f = arp(rows[i].sender, rows[i].target, rows[i].operation);
		struct outcome o = run(rows[i].in, &f);

		verdict_is(o.verdict, V_NOT_IP, rows[i].claim, 4);
		assert_int_equal(o.action, XDP_PASS);
		assert_memory_equal(o.frame.data, f.data, f.length);
	}
	for (i = 16; i < 20; i++) for (j = 14; j < 42; j++) {
		struct frame f = arp("172.16.0.2", "203.0.113.40", 1);

		f.data[i] ^= 1;
		f.length = j;
		verdict_is(run(ER0, &f).verdict, V_NOT_IP, "malformed or short", 4);
	}
}

/* With the option of the sender's own MAC, or, from ::, without any. */
static struct frame solicit(const char *source, const char *target, bool option)
{
	struct frame f = {.length = ETHER + 40 + 24 + (option ? 8 : 0)};
	struct in6_addr from = address(source), to = address(target);
	uint8_t *ip = f.data + ETHER, *nd = ip + 40;

	memcpy(f.data, "\x33\x33\xff\0\0\x22\x02\0\0\0\x01\x10\x86\xdd", 14);
	ip[0] = 0x60;
	put16(ip + 4, 24 + (option ? 8 : 0));
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 255;
	memcpy(ip + 8, &from, 16);
	memcpy(ip + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff", 13);
	memcpy(ip + 37, &to.s6_addr[13], 3);
	nd[0] = 135;
	memcpy(nd + 8, &to, 16);
	if (option)
		memcpy(nd + 24, "\x01\x01\x02\0\0\0\x01\x10", 8);
	sums_set(&f);
	return f;
}

static void advert_is(struct outcome *o, const char *to, const char *target, unsigned int flags)
{
	struct tuple t = tuple_of(&o->frame);
	uint8_t *nd = l4_of(&o->frame);
	struct in6_addr told = address(target);

	assert_int_equal(o->action, XDP_TX);
	assert_int_equal(o->frame.length, ETHER + 40 + 32);
	assert_int_equal(ip_length(&o->frame), 40 + 32);
	assert_int_equal(o->frame.data[ETHER + 7], 255);
	assert_true(same_address(t.saddr, told));
	assert_true(same_address(t.daddr, address(to)));
	assert_int_equal(nd[0], 136);
	assert_int_equal(nd[1], 0);
	assert_int_equal(nd[4] & 0x60, flags);
	assert_memory_equal(nd + 8, &told, 16);
	assert_memory_equal(nd + 24, "\x02\x01\x02\0\0\0\0\x02", 8);
	assert_memory_equal(o->frame.data + 6, "\x02\0\0\0\0\x02", 6);
	assert_true(sums_right(&o->frame));
}

static void solicitation_for_a_pool_address_is_answered(void **state)
{
	struct frame f = solicit("2001:db8:f:1::2", "2001:db8:1::22", true);
	struct outcome o = run(ER0, &f);

	(void)state;
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "NS", 6);
	advert_is(&o, "2001:db8:f:1::2", "2001:db8:1::22", 0x60);
	assert_memory_equal(o.frame.data, "\x02\0\0\0\x01\x10", 6);
	f = solicit("fe80::2", "2001:db8:1::22", true);
	o = run(ER0, &f);
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "NS from link-local", 6);
	advert_is(&o, "fe80::2", "2001:db8:1::22", 0x60);
}

static void address_detection_hears_on_all_nodes(void **state)
{
	struct frame f = solicit("::", "2001:db8:1::22", false);
	struct outcome o = run(ER0, &f);

	(void)state;
	verdict_is(o.verdict, V_NEIGHBOUR_ANSWERED, "DAD", 6);
	advert_is(&o, "ff02::1", "2001:db8:1::22", 0x20);
	assert_memory_equal(o.frame.data, "\x33\x33\0\0\0\x01", 6);
}

static void other_solicitations_are_the_kernels(void **state)
{
	struct frame f = solicit("2001:db8:f:1::2", "2001:db8:f:1::1", true);
	struct outcome o = run(ER0, &f);

	(void)state;
	verdict_is(o.verdict, V_MULTICAST, "own address", 6);
	assert_memory_equal(o.frame.data, f.data, f.length);
	f = solicit("2001:db8:f:1::2", "2001:db8:1::22", true);
	verdict_is(run(WAN, &f).verdict, V_MULTICAST, "another device", 6);
	f.data[ETHER + 7] = 254;
	verdict_is(run(ER0, &f).verdict, V_MULTICAST, "from afar", 6);
}

static void lying_solicitations_are_not_answered(void **state)
{
	struct frame f = solicit("2001:db8:f:1::2", "2001:db8:1::22", true);
	int verdict;

	(void)state;
	put16(f.data + ETHER + 4, 16);
	verdict = run(ER0, &f).verdict;
	assert_int_not_equal(verdict, V_NEIGHBOUR_ANSWERED);
	f = solicit("2001:db8:f:1::2", "2001:db8:1::22", true);
	f.data[ETHER] = 0x40;
	verdict = run(ER0, &f).verdict;
	assert_int_not_equal(verdict, V_NEIGHBOUR_ANSWERED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(arp_for_a_pool_address_is_answered),
		CASE(other_arp_is_the_kernels),
		CASE(solicitation_for_a_pool_address_is_answered),
		CASE(address_detection_hears_on_all_nodes),
		CASE(other_solicitations_are_the_kernels),
		CASE(lying_solicitations_are_not_answered),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
