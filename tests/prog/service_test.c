/* SPDX-License-Identifier: GPL-2.0-only */
/* service: what is published is let in on its circuits, reaches a server, and is answered there. */
#include "rig.c"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static struct tuple asks(int family, uint8_t protocol, int sport)
{
	return talk(family, protocol, AT_LARGE, AT_PUBLIC, sport, 443);
}

/* What the server sends back for the packet that reached it. */
static struct outcome answer(struct outcome *asked, uint8_t tcp, uint32_t seq)
{
	struct shape shape = {.tcp = tcp, .answer = true, .seq = seq, .ack = 1};

	return hear(LAN, reply_of(asked), &shape);
}

static bool is_server(struct in6_addr address, int family)
{
	for (enum place s = SERVER_ONE; s <= SERVER_THREE; s++)
		if (same_address(address, at(s, family)))
			return true;
	return false;
}

static bool begins(struct in6_addr worn, const char *prefix, unsigned int bytes)
{
	struct in6_addr want = address(prefix);

	return !memcmp(&worn, &want, bytes);
}

/* Wears the inbound pool of the circuit. */
static bool wears(struct in6_addr address, enum circuit_number circuit, int family)
{
	if (family == 4)
		return begins(address, circuit == CHICAGO ? "192.168.1.0" : "192.168.5.5",
			      circuit == CHICAGO ? 15 : 16);
	return begins(address, circuit == CHICAGO ? "2001:db8:a:1::" : "2001:db8:a:5::", 8);
}

static void comes_and_goes(int family, uint8_t protocol, enum device in, enum circuit_number circuit)
{
	static int port = 3000;
	struct tuple t = asks(family, protocol, ++port), to, back;
	struct outcome o = hear(in, t, NULL);
	struct half half;

	verdict_is(o.verdict, V_FORWARDED, "let in", family);
	assert_int_equal(o.action, XDP_REDIRECT);
	assert_true(sums_right(&o.frame));
	to = tuple_of(&o.frame);
	assert_true(is_server(to.daddr, family));
	assert_true(wears(to.saddr, circuit, family));
	assert_int_equal(to.sport, port);
	assert_true(half_get(&t, &half));
	assert_int_equal(half.circuit, circuit);
	assert_int_equal(oif_of(&half), rig.ifindex[LAN]);
	assert_int_equal(half.class, 1);
	o = answer(&o, SYN | ACK, 1);
	verdict_is(o.verdict, V_FORWARDED, "answered", family);
	assert_true(sums_right(&o.frame));
	back = turned(t);
	assert_true(same_tuple(tuple_of(&o.frame), back));
	to = turned(to);
	assert_true(half_get(&to, &half));
	assert_int_equal(oif_of(&half), rig.ifindex[in]);
}

static void question_and_answer_use_the_circuit_of_the_question(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (unsigned int i = 0; i < sizeof(protocols); i++) {
		comes_and_goes(f, protocols[i], ER0, CHICAGO);
		comes_and_goes(f, protocols[i], WAN, INTERNET);
	}
}

static void nobody_is_in(void)
{
	put("service_loads", &(unsigned int){1}, &(struct service_load){0});
	put("half_open", &(unsigned int){SIDE_OUTSIDE}, &(uint64_t){0});
}

/* Which server the remote with this number gets, by a probe that leaves no flow behind. */
static enum place server_of(int family, unsigned int remote)
{
	struct tuple t = asks(family, IPPROTO_UDP, 4000), to, back;
	struct outcome o;

	put16(&t.saddr.s6_addr[14], 1000 + remote);
	o = hear(WAN, t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "remote", family);
	to = tuple_of(&o.frame);
	back = turned(to);
	half_forget(&t);
	half_forget(&back);
	nobody_is_in();
	for (enum place s = SERVER_ONE; s <= SERVER_THREE; s++)
		if (same_address(to.daddr, at(s, family)))
			return s;
	fail_msg("no server");
	return PLACES;
}

#define REMOTES 300

static void server_that_goes_moves_only_its_own(void **state)
{
	enum place before[REMOTES];
	unsigned int count[PLACES] = {0}, i;
	struct service s = service_get(1);

	(void)state;
	EACH_FAMILY(f) {
		memset(count, 0, sizeof(count));
		for (i = 0; i < REMOTES; i++)
			count[before[i] = server_of(f, i)]++;
		for (enum place p = SERVER_ONE; p <= SERVER_THREE; p++)
			assert_in_range(count[p], REMOTES / 5, REMOTES / 2);
		s.servers[1].drained = s.servers[4].drained = 1;
		service_put(1, &s);
		for (i = 0; i < REMOTES; i++) {
			enum place now = server_of(f, i);

			assert_int_not_equal(now, SERVER_TWO);
			if (before[i] != SERVER_TWO)
				assert_int_equal(now, before[i]);
		}
		s.servers[1].drained = s.servers[4].drained = 0;
		service_put(1, &s);
	}
}

static void server_that_is_down_takes_no_new_flow_until_the_mark_ends(void **state)
{
	struct server_health h = {0};
	unsigned int i;

	(void)state;
	h.servers[0].down_until = h.servers[2].down_until = monotonic() + 3600 * NANOSECONDS;
	h.servers[3] = h.servers[5] = h.servers[0];
	health_put(1, &h);
	EACH_FAMILY(f) for (i = 0; i < 30; i++)
		assert_int_equal(server_of(f, i), SERVER_TWO);
	h.servers[0].down_until = h.servers[2].down_until = 1; /* over */
	health_put(1, &h);
	for (i = 0; i < 30 && server_of(4, i) == SERVER_TWO; i++)
		;
	assert_in_range(i, 0, 29);
}

static void drained_server_keeps_its_flows(void **state)
{
	struct service s = service_get(1);
	struct tuple t = asks(4, IPPROTO_UDP, 4100), to;
	struct outcome o = hear(ER0, t, NULL);

	(void)state;
	to = tuple_of(&o.frame);
	for (int i = 0; i < 6; i++)
		s.servers[i].drained = 1;
	service_put(1, &s);
	o = hear(ER0, t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "old flow", 4);
	assert_true(same_tuple(tuple_of(&o.frame), to));
	t.sport++;
	verdict_is(hear(ER0, t, NULL).verdict, V_NO_SERVER, "new flow", 4);
}

static void servers_may_listen_elsewhere(void **state)
{
	struct service s = service_get(1);

	(void)state;
	s.port = htons(8443);
	service_put(1, &s);
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4200), back = turned(t);
		struct outcome o = hear(ER0, t, NULL);

		verdict_is(o.verdict, V_FORWARDED, "server-port", f);
		assert_int_equal(tuple_of(&o.frame).dport, 8443);
		assert_true(sums_right(&o.frame));
		o = answer(&o, SYN | ACK, 1);
		assert_true(same_tuple(tuple_of(&o.frame), back));
		assert_true(sums_right(&o.frame));
	}
}

static void source_is_kept_where_it_says_none(void **state)
{
	struct service s = service_get(1);

	(void)state;
	s.flags |= SERVICE_KEEP_SOURCE;
	service_put(1, &s);
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4300), back = turned(t);
		struct outcome o = hear(ER0, t, NULL);

		verdict_is(o.verdict, V_FORWARDED, "source-nat none", f);
		assert_true(same_address(tuple_of(&o.frame).saddr, at(AT_LARGE, f)));
		assert_true(is_server(tuple_of(&o.frame).daddr, f));
		assert_true(sums_right(&o.frame));
		o = answer(&o, SYN | ACK, 1);
		verdict_is(o.verdict, V_FORWARDED, "its answer", f);
		assert_true(same_tuple(tuple_of(&o.frame), back));
		assert_true(sums_right(&o.frame));
	}
}

static void server_with_the_public_address_is_only_pinned(void **state)
{
	struct service s = {.flags = SERVICE_PRESENT | SERVICE_KEEP_ALL, .circuits = 1 << CHICAGO,
			    .servers4 = 1, .servers6 = 1};

	(void)state;
	s.servers[0].address = at(SERVER_ONE, 4);
	s.servers[1].address = at(SERVER_ONE, 6);
	service_put(3, &s);
	port_put(SERVER_ONE, IPPROTO_TCP, 80, 3);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_LARGE, SERVER_ONE, 4400, 80), back = turned(t);
		struct half half;
		struct outcome o = hear(ER0, t, NULL);

		verdict_is(o.verdict, V_FORWARDED, "no translation", f);
		assert_true(same_tuple(tuple_of(&o.frame), t));
		assert_true(sums_right(&o.frame));
		assert_true(half_get(&t, &half));
		assert_true(half.flags & FLOW_PIN_ONLY);
		o = answer(&o, SYN | ACK, 1);
		verdict_is(o.verdict, V_FORWARDED, "its answer", f);
		assert_true(same_tuple(tuple_of(&o.frame), back));
		verdict_is(hear(WAN, t, NULL).verdict, V_VIOLATION, "on another circuit", f);
	}
}

static void what_is_not_published_is_dropped_by_name(void **state)
{
	struct circuit c;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4500);

		verdict_is(hear(ER2, t, NULL).verdict, V_OTHER_CIRCUIT, "not on dallas", f);
		t.dport = 444;
		verdict_is(hear(ER0, t, NULL).verdict, V_NOT_PUBLISHED, "other port", f);
		t = talk(f, IPPROTO_UDP, AT_LARGE, WEARING_CHICAGO, 4500, 443);
		verdict_is(hear(ER0, t, NULL).verdict, V_INBOUND_POOL, "inbound pool", f);
		t = talk(f, IPPROTO_TCP, PILOT, AT_PUBLIC, 4500, 443);
		verdict_is(hear(ER0, t, NULL).verdict, V_INSIDE_SOURCE, "inside source", f);
		t = talk(f, IPPROTO_TCP, AT_CHICAGO, AT_PUBLIC, 4500, 443);
		verdict_is(hear(ER0, t, NULL).verdict, V_MARTIAN, "a pool as source", f);
		t = talk(f, IPPROTO_TCP, WEARING_CHICAGO, AT_PUBLIC, 4500, 443);
		verdict_is(hear(ER0, t, NULL).verdict, V_MARTIAN, "an inbound pool as source", f);
		assert_int_equal(halves(f), 0);
	}
	c = circuit_get(CHICAGO);
	c.flags |= CIRCUIT_INBOUND_OFF;
	circuit_put(CHICAGO, &c);
	put("drains", &(unsigned int){INTERNET}, &(unsigned int){1});
	EACH_FAMILY(f) {
		verdict_is(hear(ER0, asks(f, IPPROTO_TCP, 4501), NULL).verdict, V_INBOUND_OFF,
			   "inbound off", f);
		verdict_is(hear(WAN, asks(f, IPPROTO_TCP, 4501), NULL).verdict, V_INBOUND_OFF,
			   "drained", f);
		assert_int_equal(halves(f), 0);
	}
}

static void what_retires_lets_nobody_in(void **state)
{
	struct circuit c = circuit_get(CHICAGO);
	struct link_key key = {rig.ifindex[WAN], NO_TAG, NO_TAG};
	struct link link;

	(void)state;
	c.flags |= CIRCUIT_RETIRING;
	circuit_put(CHICAGO, &c);
	get("links", &key, &link);
	link.role[0].retiring = 1;
	put("links", &key, &link);
	generation_move();
	EACH_FAMILY(f) {
		verdict_is(hear(ER0, asks(f, IPPROTO_TCP, 4550), NULL).verdict, V_INBOUND_OFF,
			   "a retiring circuit", f);
		verdict_is(hear(WAN, asks(f, IPPROTO_TCP, 4550), NULL).verdict, V_INBOUND_OFF,
			   "a retiring link", f);
	}
}

static void server_that_is_not_inside_gets_nothing(void **state)
{
	struct service s = service_get(1);

	(void)state;
	for (int i = 0; i < 6; i++)
		s.servers[i].address = at(AT_LARGE, i < 3 ? 4 : 6);
	service_put(1, &s);
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4560);

		t.saddr = at(AT_PARTNER, f);
		verdict_is(hear(ER0, t, NULL).verdict, V_NO_ROUTE, "out again", f);
		t = talk(f, IPPROTO_TCP, PILOT, AT_PUBLIC, 4560, 443);
		verdict_is(hear(LAN, t, NULL).verdict, V_NO_ROUTE, "out by a hairpin", f);
		assert_int_equal(halves(f), 0);
	}
}

static void what_is_used_up_on_the_way_makes_no_flow(void **state)
{
	struct shape last = {.ttl = 1};

	(void)state;
	EACH_FAMILY(f) {
		verdict_is(hear(ER0, asks(f, IPPROTO_TCP, 4570), &last).verdict, V_TTL_EXCEEDED,
			   "last hop", f);
		assert_int_equal(halves(f), 0);
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 0);
	}
}

static void only_a_syn_opens(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (unsigned int flags = 1; flags < 64; flags++) {
		struct shape shape = {.tcp = flags};
		struct outcome o = hear(ER0, asks(f, IPPROTO_TCP, 4600 + flags), &shape);
		bool sound = (flags & 0x17) == SYN;

		if ((o.verdict == V_FORWARDED) != sound)
			fail_msg("flags %02x: %s", flags, verdict_name(o.verdict));
		assert_int_equal(o.verdict == V_FORWARDED || o.action == XDP_DROP, 1);
	}
}

static void without_a_server_it_answers_as_it_is_told(void **state)
{
	struct service s = service_get(1);

	(void)state;
	for (int i = 0; i < 6; i++)
		s.servers[i].drained = 1;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4700), back = turned(t);
		struct shape syn = {.seq = 1000, .payload = 8};
		struct outcome o;

		s.flags = SERVICE_PRESENT;
		service_put(1, &s);
		o = hear(ER0, t, &syn);
		verdict_is(o.verdict, V_NO_SERVER, "drop", f);
		assert_int_equal(o.action, XDP_DROP);
		s.flags = SERVICE_PRESENT | SERVICE_DOWN_ICMP;
		service_put(1, &s);
		o = hear(ER0, t, &syn);
		verdict_is(o.verdict, V_NO_SERVER, "icmp", f);
		told_unreachable(&o, f, false);
		s.flags = SERVICE_PRESENT | SERVICE_DOWN_RESET;
		service_put(1, &s);
		o = hear(ER0, t, &syn);
		verdict_is(o.verdict, V_NO_SERVER_RESET, "reset", f);
		assert_int_equal(o.action, XDP_TX);
		assert_true(same_tuple(tuple_of(&o.frame), back));
		assert_true(sums_right(&o.frame));
		assert_int_equal(l4_of(&o.frame)[13], RST | ACK);
		assert_int_equal(get16(l4_of(&o.frame) + 10), 1001);
		o = hear(ER0, asks(f, IPPROTO_UDP, 4700), NULL);
		verdict_is(o.verdict, V_NO_SERVER, "reset of UDP", f);
		assert_int_equal(o.action, XDP_DROP);
	}
}

/* A remote with this number opens; the answer of its server comes with `seq`. */
static struct outcome shakes_hands(int family, struct tuple t, uint32_t seq)
{
	struct outcome o = hear(ER0, t, NULL);

	verdict_is(o.verdict, V_FORWARDED, "SYN", family);
	return answer(&o, SYN | ACK, seq);
}

static bool half_open(const struct tuple *t)
{
	struct half half;

	assert_true(half_get(t, &half));
	return half.flags & FLOW_HALF_OPEN;
}

static void only_who_heard_the_server_ends_the_half_open_state(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4800);
		struct shape ack = {.tcp = ACK, .ack = 0xffffffff};

		shakes_hands(f, t, 0xffffffff);
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 1);
		assert_int_equal(load_of(1).half_open, 1);
		verdict_is(hear(ER0, t, &ack).verdict, V_TCP_IDLE, "forged ACK", f);
		assert_true(half_open(&t));
		ack.ack = 0;
		verdict_is(hear(ER0, t, &ack).verdict, V_FORWARDED, "true ACK", f);
		assert_false(half_open(&t));
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 0);
		assert_int_equal(load_of(1).half_open, 0);
		assert_int_equal(load_of(1).flows, f == 4 ? 1 : 2);
		age(&t, 7000 * NANOSECONDS);
		verdict_is(hear(ER0, t, &ack).verdict, V_FORWARDED, "established", f);
	}
}

static void half_open_flow_of_the_outside_dies_soon_and_gives_its_share_back(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 4900);

		shakes_hands(f, t, 7);
		age(&t, 20 * NANOSECONDS + NANOSECONDS / 2);
		verdict_is(hear(ER0, t, NULL).verdict, V_FLOW_ENDING, "dead, not for the grace", f);
		age(&t, NANOSECONDS);
		sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
		assert_int_equal(halves(f), 0);
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 0);
		assert_int_equal(load_of(1).half_open, 0);
		assert_int_equal(load_of(1).flows, 0);
	}
}

static void half_open_max(unsigned int max)
{
	struct settings s = settings_get();

	s.half_open_max = max;
	settings_put(&s);
}

static void flood_takes_a_quarter_and_nothing_of_the_inside(void **state)
{
	struct outcome o;
	int i;

	(void)state;
	half_open_max(80);
	for (i = 0; i < 20; i++)
		verdict_is(hear(ER0, asks(4, IPPROTO_UDP, 5000 + i), NULL).verdict, V_FORWARDED,
			   "within the quarter", 4);
	verdict_is(hear(ER0, asks(4, IPPROTO_UDP, 5020), NULL).verdict, V_HALF_OPEN_LIMIT,
		   "a fifth of 80 and one", 4);
	o = hear(ER0, asks(4, IPPROTO_TCP, 5020), NULL);
	verdict_is(o.verdict, V_CHALLENGED, "TCP may prove itself", 4);
	assert_int_equal(half_open_of(SIDE_OUTSIDE), 20);
	assert_int_equal(load_of(1).flows, 20);
	verdict_is(hear(ER0, talk(4, IPPROTO_TCP, AT_LARGE, AT_PUBLIC_TWO, 5021, 443), NULL).verdict,
		   V_FORWARDED, "another service", 4);
	verdict_is(hear(LAN, talk(4, IPPROTO_TCP, PILOT, AT_LARGE, 5022, 443), NULL).verdict,
		   V_FORWARDED, "the inside", 4);
	verdict_is(hear(ER0, asks(4, IPPROTO_UDP, 5000), NULL).verdict, V_FORWARDED, "an old flow", 4);
}

static void outside_leaves_room_in_the_table(void **state)
{
	struct settings s = settings_get();

	(void)state;
	s.outside_flows = 5;
	settings_put(&s);
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_UDP, 5060);
		struct outcome o;

		for (int i = 0; i < 5; i++, t.sport++) {
			o = hear(ER0, t, NULL);
			verdict_is(o.verdict, V_FORWARDED, "within", f);
			verdict_is(answer(&o, 0, 0).verdict, V_FORWARDED, "established", f);
		}
		verdict_is(hear(ER0, t, NULL).verdict, V_OUTSIDE_LIMIT, "one more", f);
		assert_int_equal(half_open_of(OUTSIDE_FLOWS), 5);
		verdict_is(hear(LAN, talk(f, IPPROTO_TCP, PILOT, AT_LARGE, 5070, 443), NULL).verdict,
			   V_FORWARDED, "the inside", f);
		for (t.sport = 5060; t.sport < 5065; t.sport++)
			age(&t, 400 * NANOSECONDS);
		sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
		assert_int_equal(half_open_of(OUTSIDE_FLOWS), 0);
		verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "room again", f);
		put("half_open", &(unsigned int){OUTSIDE_FLOWS}, &(uint64_t){0});
	}
}

static void answer_to_nothing_opens_nothing(void **state)
{
	struct shape shape = {.tcp = SYN | ACK, .ack = 1};

	(void)state;
	EACH_FAMILY(f) {
		verdict_is(hear(LAN, talk(f, IPPROTO_TCP, PILOT, AT_LARGE, 5080, 443), &shape).verdict,
			   V_NO_FLOW, "SYN, ACK from inside", f);
		assert_int_equal(halves(f), 0);
	}
}

/* Every proof there is gets this until (0: as it is), and a tag that is other by so much. */
static void proofs_change(uint32_t until, uint32_t tag)
{
	struct proof proof;

	for (unsigned int i = 0; i < PROOFS_MAX; i++) {
		get("proofs", &i, &proof);
		if (!proof.until)
			continue;
		proof.tag ^= tag;
		proof.until = until ? until : proof.until;
		put("proofs", &i, &proof);
	}
}

static void proven_source_gets_in_beside_a_flood(void **state)
{
	struct settings s = settings_get();

	(void)state;
	s.half_open_max = 8;
	settings_put(&s);
	EACH_FAMILY(f) {
		struct shape syn = {.seq = 77, .payload = 4}, proof = {.tcp = RST};
		struct tuple t = asks(f, IPPROTO_TCP, 5100), other;
		struct outcome o;
		uint8_t *tcp;

		hear(ER0, asks(f, IPPROTO_UDP, 5101), NULL);
		hear(ER0, asks(f, IPPROTO_UDP, 5102), NULL);
		o = hear(ER0, t, &syn);
		verdict_is(o.verdict, V_CHALLENGED, "full", f);
		assert_int_equal(o.action, XDP_TX);
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		assert_true(sums_right(&o.frame));
		tcp = l4_of(&o.frame);
		assert_int_equal(tcp[13], ACK);
		proof.seq = ((uint32_t)get16(tcp + 8) << 16 | get16(tcp + 10)) + 1;
		verdict_is(hear(ER0, t, &proof).verdict, V_NO_FLOW, "a guess", f);
		verdict_is(hear(ER0, t, &syn).verdict, V_CHALLENGED, "proves nothing", f);
		proof.seq--;
		verdict_is(hear(ER0, t, &proof).verdict, V_PROVEN, "the number", f);
		verdict_is(hear(ER0, t, &syn).verdict, V_FORWARDED, "let in", f);
		t.sport += 100;
		proofs_change(0, UINT32_MAX / 2);
		verdict_is(hear(ER0, t, &syn).verdict, V_CHALLENGED, "another's proof in its place", f);
		proofs_change(1, UINT32_MAX / 2); /* its own again, but over */
		verdict_is(hear(ER0, t, &syn).verdict, V_CHALLENGED, "a proof of long ago", f);
		proofs_change(UINT32_MAX, 0);
		verdict_is(hear(ER0, t, &syn).verdict, V_FORWARDED, "still proven", f);
		other = t;
		other.saddr.s6_addr[15] ^= 1;
		verdict_is(hear(ER0, other, &syn).verdict, V_CHALLENGED, "another source", f);
		/* not even a proven one beyond the outside's share */
		put("half_open", &(unsigned int){SIDE_OUTSIDE}, &(uint64_t){8});
		t.sport++;
		verdict_is(hear(ER0, t, &syn).verdict, V_HALF_OPEN_LIMIT, "beyond the share", f);
		nobody_is_in();
	}
}

/* Waits for the beginning of a second, so that what follows lies in one also by the coarse clock. */
static void second_begins(void)
{
	uint64_t now = monotonic();

	while ((monotonic() - NANOSECONDS / 50) / NANOSECONDS <= now / NANOSECONDS)
		;
}

static void rates_hold_by_service_and_by_remote_prefix(void **state)
{
	struct service s = service_get(1), two = service_get(2);
	int i;

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_UDP, 5200), other = t;

		s.rate = 0;
		s.remote_rate = 3;
		service_put(1, &s);
		/* within the /24 or /56; and beyond it */
		other.saddr.s6_addr[f == 4 ? 15 : 7] ^= 0x55;
		second_begins();
		for (i = 0; i < 3; i++, t.sport++)
			verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "within the rate", f);
		verdict_is(hear(ER0, t, NULL).verdict, V_RATE_LIMIT, "one more", f);
		verdict_is(hear(ER0, other, NULL).verdict, V_RATE_LIMIT, "same prefix", f);
		other.saddr.s6_addr[f == 4 ? 14 : 6] ^= 1;
		verdict_is(hear(ER0, other, NULL).verdict, V_FORWARDED, "other prefix", f);
		two.remote_rate = 1;
		service_put(2, &two);
		verdict_is(hear(ER0, talk(f, IPPROTO_TCP, AT_LARGE, AT_PUBLIC_TWO, 5200, 443), NULL).verdict,
			   V_FORWARDED, "same prefix, other service", f);
		second_begins();
		verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "next second", f);
		s.remote_rate = 0;
		s.rate = 2;
		service_put(1, &s);
		second_begins();
		t.sport++;
		verdict_is(hear(ER0, t, NULL).verdict, V_FORWARDED, "first", f);
		other.sport++;
		verdict_is(hear(ER0, other, NULL).verdict, V_FORWARDED, "second", f);
		t.sport++;
		verdict_is(hear(ER0, t, NULL).verdict, V_RATE_LIMIT, "third, anybody's", f);
		t.protocol = IPPROTO_TCP;
		verdict_is(hear(ER0, t, NULL).verdict, V_CHALLENGED, "TCP may prove itself", f);
	}
}

static void flow_does_not_move_whatever_is_sent_on_another_circuit(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 5300), to, now;
		struct shape ack = {.tcp = ACK, .ack = 10};
		struct half before, after;
		uint64_t violations;
		size_t at = offsetof(struct circuit_counter, violations);
		struct outcome o;
		int sound = 0;

		o = hear(ER0, t, NULL);
		to = tuple_of(&o.frame);
		answer(&o, SYN | ACK, 9);
		hear(ER0, t, &ack);
		violations = total("circuit_counters", CHICAGO, sizeof(struct circuit_counter), at);
		assert_true(half_get(&t, &before));
		for (unsigned int flags = 1; flags < 64; flags++) {
			struct shape shape = {.tcp = flags, .seq = flags, .ack = 10};

			o = hear(WAN, t, &shape);
			assert_int_equal(o.action, XDP_DROP);
			sound += o.verdict == V_VIOLATION;
			if (o.verdict != V_VIOLATION)
				verdict_is(o.verdict, V_BAD_FLAGS, "nonsense", f);
		}
		assert_true(sound > 20);
		assert_int_equal(total("circuit_counters", CHICAGO, sizeof(struct circuit_counter), at),
				 violations + sound);
		assert_true(half_get(&t, &after));
		assert_memory_equal(&before, &after, sizeof(before));
		o = hear(ER0, t, &ack);
		verdict_is(o.verdict, V_FORWARDED, "goes on", f);
		now = tuple_of(&o.frame);
		assert_true(same_tuple(now, to));
		/* nor does the server's side move it */
		verdict_is(hear(WAN, turned(to), NULL).verdict, V_WRONG_SIDE, "a server's packet outside", f);
	}
}

static void begins_anew_elsewhere_when_its_circuit_is_gone(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = asks(f, IPPROTO_TCP, 5400);
		struct shape ack = {.tcp = ACK, .ack = 10};
		struct half half;

		shakes_hands(f, t, 9);
		hear(ER0, t, &ack);
		verdict_is(hear(WAN, t, NULL).verdict, V_VIOLATION, "while it is there", f);
		rig.broken = true;
		shell("ip route del default via 172.16.0.2 table 101; "
		      "ip -6 route del default via 2001:db8:f:1::2 table 101");
		generation_move();
		verdict_is(hear(WAN, t, &ack).verdict, V_VIOLATION, "not by an ACK", f);
		verdict_is(hear(ER2, t, NULL).verdict, V_VIOLATION, "not where it is not published", f);
		verdict_is(hear(WAN, t, NULL).verdict, V_FLOW_ENDING, "by a SYN", f);
		verdict_is(hear(WAN, t, NULL).verdict, V_FLOW_ENDING, "for a second", f);
		age(&t, NANOSECONDS);
		verdict_is(hear(WAN, t, NULL).verdict, V_FORWARDED, "then anew", f);
		assert_true(half_get(&t, &half));
		assert_int_equal(half.circuit, INTERNET);
		assert_int_equal(load_of(1).flows, f == 4 ? 1 : 2);
		routes_make();
		generation_move();
	}
}

static void inside_reaches_its_own_service_by_a_hairpin(void **state)
{
	(void)state;
	EACH_FAMILY(f) for (unsigned int i = 0; i < 2; i++) {
		static const enum place clients[] = {PILOT, SERVER_TWO};
		struct tuple t = talk(f, IPPROTO_TCP, clients[i], AT_PUBLIC, 5500, 443), to;
		struct outcome o = hear(LAN, t, NULL);
		struct half half;

		verdict_is(o.verdict, V_FORWARDED, "hairpin", f);
		assert_true(sums_right(&o.frame));
		to = tuple_of(&o.frame);
		assert_true(is_server(to.daddr, f));
		assert_true(same_address(to.saddr, at(AT_GATEWAY, f)));
		assert_true(half_get(&t, &half));
		assert_int_equal(half.circuit, INSIDE);
		assert_int_equal(oif_of(&half), rig.ifindex[LAN]);
		o = answer(&o, SYN | ACK, 1);
		verdict_is(o.verdict, V_FORWARDED, "its answer", f);
		assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
		assert_true(sums_right(&o.frame));
		verdict_is(hear(WAN, turned(to), NULL).verdict, V_WRONG_SIDE, "from outside", f);
		assert_int_equal(load_of(1).half_open, 0);
		assert_int_equal(load_of(1).flows, f == 4 ? i + 1 : i + 3);
		assert_int_equal(half_open_of(SIDE_OUTSIDE), 0);
	}
}

static void hairpin_takes_no_port_of_the_gateway(void **state)
{
	struct tuple t = talk(4, IPPROTO_TCP, PILOT, AT_PUBLIC, 40000, 443), to;
	struct listener l = {.port = htons(2222), .protocol = IPPROTO_TCP};
	struct outcome o = hear(LAN, t, NULL);

	(void)state;
	verdict_is(o.verdict, V_FORWARDED, "ephemeral", 4);
	to = tuple_of(&o.frame);
	assert_true(to.sport < 32768 || to.sport > 60999);
	put("listeners", &l, &(unsigned int){1});
	t.sport = 2222;
	o = hear(LAN, t, NULL);
	assert_int_not_equal(tuple_of(&o.frame).sport, 2222);
}

static void two_remotes_with_one_port_get_two(void **state)
{
	struct service s = service_get(1);
	struct tuple t = asks(4, IPPROTO_UDP, 5600), one, two;
	struct outcome o;

	(void)state;
	s.servers4 = 1;
	service_put(1, &s);
	o = hear(WAN, t, NULL);
	one = tuple_of(&o.frame);
	t.saddr.s6_addr[15]++;
	o = hear(WAN, t, NULL);
	verdict_is(o.verdict, V_FORWARDED, "second remote", 4);
	two = tuple_of(&o.frame);
	assert_true(same_address(one.saddr, two.saddr));
	assert_int_equal(one.sport, 5600);
	assert_int_not_equal(two.sport, 5600);
	o = answer(&o, 0, 0);
	assert_true(same_tuple(tuple_of(&o.frame), turned(t)));
}

static void nobody_wears_the_port_of_a_service(void **state)
{
	struct circuit c = circuit_get(INTERNET);
	struct tuple t = talk(4, IPPROTO_TCP, CAMPUS, AT_LARGE, 8443, 443);

	(void)state;
	/* the public address is the only one of the pool */
	c.out4.range[0] = (struct pool_range){.first = at(AT_PUBLIC, 4), .count = 1, .length = 32,
					      .flags = RANGE_HAS_SERVICE};
	c.out4.addresses = 1;
	circuit_put(INTERNET, &c);
	for (int port = 1024; port < 1024 + 64; port++)
		port_put(AT_PUBLIC, IPPROTO_TCP, port, 1);
	c.port_min = 1024;
	c.port_max = 1024 + 65;
	circuit_put(INTERNET, &c);
	for (int i = 0; i < 2; i++, t.sport++) {
		struct outcome o;

		for (int tries = 0; tries < 50; tries++) {
			o = hear(LAN, t, NULL);
			if (o.verdict == V_FORWARDED)
				break;
		}
		verdict_is(o.verdict, V_FORWARDED, "a free port", 4);
		assert_in_range(tuple_of(&o.frame).sport, 1024 + 64, 1024 + 65);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, rig_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(question_and_answer_use_the_circuit_of_the_question),
		TEST(server_that_goes_moves_only_its_own),
		TEST(server_that_is_down_takes_no_new_flow_until_the_mark_ends),
		TEST(drained_server_keeps_its_flows),
		TEST(servers_may_listen_elsewhere),
		TEST(source_is_kept_where_it_says_none),
		TEST(server_with_the_public_address_is_only_pinned),
		TEST(what_is_not_published_is_dropped_by_name),
		TEST(what_retires_lets_nobody_in),
		TEST(server_that_is_not_inside_gets_nothing),
		TEST(what_is_used_up_on_the_way_makes_no_flow),
		TEST(only_a_syn_opens),
		TEST(without_a_server_it_answers_as_it_is_told),
		TEST(only_who_heard_the_server_ends_the_half_open_state),
		TEST(half_open_flow_of_the_outside_dies_soon_and_gives_its_share_back),
		TEST(flood_takes_a_quarter_and_nothing_of_the_inside),
		TEST(outside_leaves_room_in_the_table),
		TEST(answer_to_nothing_opens_nothing),
		TEST(proven_source_gets_in_beside_a_flood),
		TEST(rates_hold_by_service_and_by_remote_prefix),
		TEST(flow_does_not_move_whatever_is_sent_on_another_circuit),
		TEST(begins_anew_elsewhere_when_its_circuit_is_gone),
		TEST(inside_reaches_its_own_service_by_a_hairpin),
		TEST(hairpin_takes_no_port_of_the_gateway),
		TEST(two_remotes_with_one_port_get_two),
		TEST(nobody_wears_the_port_of_a_service),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
