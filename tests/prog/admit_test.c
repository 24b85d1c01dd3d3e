/* SPDX-License-Identifier: GPL-2.0-only */
/* admit: what somebody outside may do to flows of services, and what they may not. */
#include "rig.c"

static struct tuple asks(int family, uint8_t protocol, int sport)
{
	return talk(family, protocol, AT_LARGE, AT_PUBLIC, sport, 443);
}

static struct outcome answer(struct outcome *asked, uint8_t tcp, uint32_t seq)
{
	struct shape shape = {.tcp = tcp, .answer = true, .seq = seq, .ack = 1};

	return hear(LAN, reply_of(asked), &shape);
}

static int says(enum device in, struct tuple t, uint8_t tcp, uint32_t ack)
{
	struct shape shape = {.tcp = tcp, .seq = 0xbad, .ack = ack};

	return hear(in, t, &shape).verdict;
}

/* By somebody who knows the numbers only nearly. */
static int forges(struct tuple t, uint8_t tcp)
{
	struct shape shape = {.tcp = tcp, .seq = 0xbad + 1000};

	return hear(ER0, t, &shape).verdict;
}

/* A connection that is there: the answer of its server. */
static struct outcome connects(int family, struct tuple t)
{
	struct outcome o = hear(ER0, t, NULL), syn_ack;

	verdict_is(o.verdict, V_FORWARDED, "SYN", family);
	syn_ack = answer(&o, SYN | ACK, 9);
	verdict_is(syn_ack.verdict, V_FORWARDED, "SYN, ACK", family);
	verdict_is(says(ER0, t, ACK, 10), V_FORWARDED, "ACK", family);
	return o;
}

static void echo_has_no_server_port(void **state)
{
	struct service s = service_get(1);

	(void)state;
	s.port = htons(8443);
	service_put(1, &s);
	EACH_FAMILY(f) for (enum device d = LAN; d <= ER0; d++) {
		struct tuple t = talk(f, IPPROTO_ICMP, d == LAN ? PILOT : AT_LARGE, AT_PUBLIC, 2000 + d, 0);
		struct outcome o = hear(d, t, NULL);

		verdict_is(o.verdict, V_FORWARDED, "echo", f);
		assert_true(sums_right(&o.frame));
		o = answer(&o, 0, 0);
		verdict_is(o.verdict, V_FORWARDED, "its answer", f);
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		assert_true(sums_right(&o.frame));
	}
}

static void forged_reset_and_syn_elsewhere_end_nothing(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 6000);

		connects(f, t);
		verdict_is(forges(t, RST), V_TCP_IDLE, "forged RST", f);
		verdict_is(says(WAN, t, SYN, 0), V_VIOLATION, "forged SYN", f);
		verdict_is(says(ER0, t, ACK, 10), V_FORWARDED, "goes on", f);
	}
}

static void forged_reset_and_syn_shorten_no_life(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 6100);

		connects(f, t);
		forges(t, RST);
		forges(t, SYN);
		verdict_is(says(ER0, t, ACK, 10), V_FORWARDED, "goes on", f);
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 0);
		age(&t, 30 * NANOSECONDS);
		verdict_is(says(ER0, t, ACK, 10), V_FORWARDED, "half a minute later", f);
	}
}

static void what_a_server_says_too_late_leaves_by_no_circuit(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_UDP, 6200);
		struct outcome o = hear(ER0, t, NULL);

		age(&t, 400 * NANOSECONDS);
		sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
		assert_int_equal(halves(f), 0);
		verdict_is(answer(&o, 0, 0).verdict, V_INBOUND_POOL, "late", f);
		assert_int_equal(halves(f), 0);
	}
}

static void what_is_not_published_leaves_by_no_circuit_either(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		verdict_is(hear(LAN, talk(f, IPPROTO_TCP, PILOT, AT_PUBLIC, 6250, 444), NULL).verdict,
			   V_NOT_PUBLISHED, "from inside", f);
		assert_int_equal(halves(f), 0);
	}
}

static void what_is_unpublished_is_not_opened_again_over_an_old_tuple(void **state)
{
	unsigned int slot = 0, id;
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 6300);
		struct outcome o = connects(f, t);
		struct service_key key = {.length = SERVICE_KEY_PORTS + 16, .address = at(AT_PUBLIC, f),
					  .port = htons(443), .protocol = IPPROTO_TCP};
		int fd;

		get("ports", &slot, &id);
		fd = bpf_map_get_fd_by_id(id);
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
		close(fd);
		verdict_is(says(ER0, t, ACK, 10), V_FORWARDED, "goes on", f);
		verdict_is(says(ER0, t, FIN | ACK, 10), V_FORWARDED, "goes on", f);
		answer(&o, FIN | ACK, 10);
		verdict_is(says(ER0, t, SYN, 0), V_NOT_PUBLISHED, "SYN", f);
		verdict_is(says(ER0, t, ACK, 11), V_FORWARDED, "last ACK", f);
	}
}

static void link_local_source_opens_nothing(void **state)
{
	struct tuple t = asks(6, IPPROTO_TCP, 6400);

	(void)state;
	t.saddr = address("fe80::1");
	verdict_is(hear(ER0, t, NULL).verdict, V_MARTIAN, "link-local", 6);
}

static void connection_over_an_old_tuple_is_a_new_one(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (int rst = 0; rst < 2; rst++) {
		struct tuple t = asks(f, IPPROTO_TCP, 6600 + rst);
		struct outcome o = connects(f, t);
		struct half half = {0};

		if (rst) {
			says(ER0, t, RST, 0);
		} else {
			says(ER0, t, FIN | ACK, 10);
			answer(&o, FIN | ACK, 10);
		}
		verdict_is(says(ER0, t, SYN, 0), V_TCP_IDLE, "SYN", f);
		answer(&o, SYN | ACK, 99);
		assert_true(half_get(&t, &half));
		assert_true(half.flags & FLOW_HALF_OPEN);
		assert_int_equal(load_of(1).half_open, 1);
		says(ER0, t, ACK, 77);
		assert_int_equal(load_of(1).half_open, 1);
		says(ER0, t, ACK, 100);
		assert_int_equal(load_of(1).half_open, 0);
		age(&t, 7000 * NANOSECONDS);
		verdict_is(says(ER0, t, ACK, 100), V_FORWARDED, "established", f);
	}
}

static void mapping_does_not_keep_a_port_that_is_published(void **state)
{
	struct circuit c = circuit_get(INTERNET);
	struct tuple t = talk(4, IPPROTO_UDP, CAMPUS, AT_LARGE, 5000, 443);
	struct outcome o;

	(void)state;
	c.flags |= CIRCUIT_UDP_EIM;
	c.out4.range[0] = (struct pool_range){.first = at(AT_PUBLIC, 4), .count = 1, .length = 32,
					      .flags = RANGE_HAS_SERVICE};
	c.out4.addresses = 1;
	circuit_put(INTERNET, &c);
	o = hear(LAN, t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "first", 4);
	assert_int_equal(tuple_of(&o.frame).sport, 5000);
	port_put(AT_PUBLIC, IPPROTO_UDP, 5000, 1);
	t.dport = 444;
	o = hear(LAN, t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "second", 4);
	assert_int_not_equal(tuple_of(&o.frame).sport, 5000);
}

/* Gives the answer to its challenge. */
static void proves(int family, struct tuple t)
{
	struct outcome o = hear(ER0, t, NULL);
	struct shape proof = {.tcp = RST};
	uint8_t *tcp = l4_of(&o.frame);

	verdict_is(o.verdict, V_CHALLENGED, "full", family);
	proof.seq = (uint32_t)get16(tcp + 8) << 16 | get16(tcp + 10);
	verdict_is(hear(ER0, t, &proof).verdict, V_PROVEN, "the number", family);
}

static void proven_source_leaves_room_for_other_services(void **state)
{
	struct settings s = settings_get();
	struct tuple t = asks(4, IPPROTO_TCP, 7000);
	int i;

	(void)state;
	s.half_open_max = 40;
	settings_put(&s);
	for (i = 0; i < 10; i++, t.sport++)
		verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "within the quarter", 4);
	proves(4, t);
	for (i = 0; i < 40 && hear(ER0, t, NULL).verdict == V_FORWARDED; i++, t.sport++)
		;
	assert_int_equal(i, 10);
	verdict_is(hear(ER0, t, NULL).verdict, V_HALF_OPEN_LIMIT, "no more", 4);
	t.daddr = at(AT_PUBLIC_TWO, 4);
	verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "another service", 4);
}

#define TEST(name) cmocka_unit_test_setup(name, rig_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(echo_has_no_server_port),
		TEST(forged_reset_and_syn_elsewhere_end_nothing),
		TEST(forged_reset_and_syn_shorten_no_life),
		TEST(what_a_server_says_too_late_leaves_by_no_circuit),
		TEST(what_is_not_published_leaves_by_no_circuit_either),
		TEST(what_is_unpublished_is_not_opened_again_over_an_old_tuple),
		TEST(link_local_source_opens_nothing),
		TEST(connection_over_an_old_tuple_is_a_new_one),
		TEST(proven_source_leaves_room_for_other_services),
		TEST(mapping_does_not_keep_a_port_that_is_published),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
