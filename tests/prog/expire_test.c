/* SPDX-License-Identifier: GPL-2.0-only */
/* expire: only what has been dead for a further second is deleted, and nothing is left behind. */
#include "rig.c"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
static const uint64_t timeouts[] = {240 * NANOSECONDS, 300 * NANOSECONDS, 60 * NANOSECONDS};

static struct sweep sweep_flows(int family)
{
	struct sweep sweep = {0};
	unsigned int zero = 0;

	put("sweep", &zero, &sweep);
	sweep_run(family == 4 ? "expire_flows4" : "expire_flows6", family == 4 ? "flows4" : "flows6");
	get("sweep", &zero, &sweep);
	return sweep;
}

static struct sweep sweep_mappings(int family)
{
	struct sweep sweep = {0};
	unsigned int zero = 0;

	put("sweep", &zero, &sweep);
	sweep_run(family == 4 ? "expire_mappings4" : "expire_mappings6",
		  family == 4 ? "mappings4" : "mappings6");
	get("sweep", &zero, &sweep);
	return sweep;
}

static struct tuple opened(int f, uint8_t protocol, int port)
{
	struct tuple t = talk(f, protocol, PILOT, AT_EXCHANGE, port, 443);

	verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "open", f);
	return t;
}

static void dead_flow_is_deleted_after_the_grace_only(void **state)
{
	unsigned int i;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		struct tuple t;
		struct sweep sweep;
		struct host host;

		rig_reset(state);
		t = opened(f, protocols[i], 4000);
		age(&t, timeouts[i] + NANOSECONDS / 4);
		sweep = sweep_flows(f);
		assert_int_equal(sweep.entries[f == 4 ? SWEPT_FLOWS4 : SWEPT_FLOWS6], 2);
		assert_int_equal(sweep.entries[f == 4 ? SWEPT_FLOWS6 : SWEPT_FLOWS4], 0);
		assert_int_equal(sweep.deleted, 0);
		assert_int_equal(halves(f), 2);
		age(&t, NANOSECONDS);
		sweep = sweep_flows(f);
		assert_int_equal(sweep.deleted, 1);
		assert_int_equal(sweep.orphans, 0);
		assert_int_equal(halves(f), 0);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		assert_true(host_of(t.saddr, &host));
		assert_int_equal(host.flows, 0);
		assert_int_equal(host.half_open, 0);
	}
}

static void live_flows_are_kept_and_counted(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		struct sweep sweep;

		for (i = 0; i < 30; i++)
			opened(f, protocols[i % 3], 4000 + i);
		sweep = sweep_flows(f);
		assert_int_equal(sweep.entries[f == 4 ? SWEPT_FLOWS4 : SWEPT_FLOWS6], 60);
		assert_int_equal(sweep.live[CHICAGO], 30);
		assert_int_equal(sweep.deleted, 0);
		assert_int_equal(halves(f), 60);
	}
}

static void many_dead_go_and_the_living_stay(void **state)
{
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		for (i = 0; i < 60; i++) {
			struct tuple t = opened(f, protocols[i % 3], 4000 + i);

			if (i & 1)
				age(&t, 2000 * NANOSECONDS);
		}
		sweep_flows(f);
		sweep_flows(f); /* an iterator may miss what moved under it */
		assert_int_equal(halves(f), 60);
	}
}

static void active_direction_keeps_both_halves(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = opened(f, IPPROTO_UDP, 4000);
		struct half half;

		half_get(&t, &half);
		half.last -= 10000 * NANOSECONDS;
		half_put(&t, &half);
		sweep_flows(f);
		assert_int_equal(halves(f), 2);
	}
}

static void lone_reply_half_is_an_orphan(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = opened(f, IPPROTO_UDP, 4000), there, back;
		struct sweep sweep;
		struct half half;

		assert_true(half_translated(&t, &there));
		back = turned(there);
		half_forget(&t);
		sweep = sweep_flows(f);
		assert_int_equal(sweep.orphans, 0);
		assert_true(half_get(&back, &half));
		half.last -= 400 * NANOSECONDS;
		half_put(&back, &half);
		sweep = sweep_flows(f);
		assert_int_equal(sweep.orphans, 1);
		assert_int_equal(halves(f), 0);
	}
}

/* A sweep may come by before the forward half is in. */
static void reply_half_that_is_being_made_is_no_orphan(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = opened(f, IPPROTO_UDP, 4000), there, back;
		struct half half;

		assert_true(half_translated(&t, &there));
		back = turned(there);
		assert_true(half_get(&back, &half));
		half.flags |= FLOW_UNBORN;
		half_put(&back, &half);
		half_forget(&t);
		assert_int_equal(sweep_flows(f).orphans, 0);
		assert_int_equal(halves(f), 1);
	}
}

static void killed_flow_is_gone_at_once_and_deleted_later(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = opened(f, IPPROTO_TCP, 4000), there;
		struct flow_kill kill = {.key = {.saddr = t.saddr, .daddr = t.daddr, .sport = htons(4000),
						 .dport = htons(443), .protocol = IPPROTO_TCP}, .family = f};
		LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &kill, .ctx_size_in = sizeof(kill));
		struct half half;

		half_translated(&t, &there);
		assert_int_equal(bpf_prog_test_run_opts(program_of("kill_flow"), &options), 0);
		assert_int_equal(kill.done, 1);
		verdict_is(hear(ER0, turned(there), &(struct shape){.tcp = ACK}).verdict,
			   V_UNSOLICITED, "killed", f);
		verdict_is(hear(LAN, t, NULL).verdict, V_FLOW_ENDING, "killed", f);
		assert_int_equal(sweep_flows(f).deleted, 0);
		assert_true(half_get(&t, &half));
		half.last -= 2 * NANOSECONDS;
		half_put(&t, &half);
		assert_int_equal(sweep_flows(f).deleted, 1);
		assert_int_equal(halves(f), 0);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		kill.done = 0;
		bpf_prog_test_run_opts(program_of("kill_flow"), &options);
		assert_int_equal(kill.done, 0);
	}
}

static void mapping_rests_then_dies_in_two_sweeps(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		opened(f, IPPROTO_UDP, 4000);
		assert_int_equal(entries(mappings_of(f)), 2);
		mappings_age(f, 119 * NANOSECONDS);
		sweep_mappings(f);
		sweep_mappings(f);
		assert_int_equal(entries(mappings_of(f)), 2);
		mappings_age(f, 4 * NANOSECONDS);
		sweep_mappings(f);
		assert_int_equal(entries(mappings_of(f)), 2);
		assert_int_equal(sweep_mappings(f).mappings, 1);
		assert_int_equal(entries(mappings_of(f)), 0);
	}
}

static void flow_under_a_mapping_keeps_it(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		opened(f, IPPROTO_UDP, 4000);
		mappings_age(f, 500 * NANOSECONDS);
		sweep_mappings(f); /* dying */
		sweep_flows(f); /* the flow is alive: back it comes */
		sweep_mappings(f);
		sweep_mappings(f);
		assert_int_equal(entries(mappings_of(f)), 2);
	}
}

static void new_flow_takes_a_dying_mapping_back(void **state)
{
	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = opened(f, IPPROTO_UDP, 4000);

		mappings_age(f, 500 * NANOSECONDS);
		sweep_mappings(f);
		t.daddr = at(AT_EXCHANGE_TWO, f);
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "again", f);
		sweep_mappings(f);
		assert_int_equal(entries(mappings_of(f)), 2);
	}
}

/* What a walk writes, from the start; how much of it. */
static size_t written(const char *program, const char *map, uint8_t *out, size_t room)
{
	union bpf_iter_link_info info = {.map = {.map_fd = map_of(map)}};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info, .iter_info_len = sizeof(info));
	int link = bpf_link_create(program_of(program), 0, BPF_TRACE_ITER, &options);
	int iterator = bpf_iter_create(link);
	size_t have = 0;
	ssize_t got;

	assert_true(iterator >= 0);
	while ((got = read(iterator, out + have, room - have < 100 ? room - have : 100)) > 0)
		have += (size_t)got;
	close(iterator);
	close(link);
	return have;
}

/* And behind the last place that ever was taken, that this is the end. */
static void list_writes_one_record_a_flow(void **state)
{
	static struct flow_record records[64];
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) {
		for (i = 0; i < 9; i++)
			opened(f, protocols[i % 3], 4000 + i);
		assert_true(written(f == 4 ? "list_flows4" : "list_flows6", f == 4 ? "flows4" : "flows6",
				    (uint8_t *)records, sizeof(records)) == sizeof(records));
		for (i = 0; i < 64; i++)
			assert_int_equal(records[i].family, i < 9 ? f : 0);
	}
}

/* The records among what was written that say so; the rest must be elements that take no port. */
static unsigned int taken(int f, const uint8_t *bytes, size_t size, uint8_t protocol, bool mapping)
{
	size_t record = f == 4 ? sizeof(struct taken4) : sizeof(struct taken6), addresses = record - 8;
	struct in6_addr exchange = at(AT_EXCHANGE, f);
	static const uint8_t none[16];
	unsigned int found = 0;
	size_t i;

	for (i = 0; i < size; i += bytes[i]) {
		const uint8_t *pool = bytes + i + 8, *to = pool + addresses / 2;

		assert_true(bytes[i] == TAKEN_NONE || bytes[i] == record);
		if (bytes[i] == TAKEN_NONE || bytes[i + 1] != protocol)
			continue;
		found++;
		assert_int_equal(bytes[i + 2], CHICAGO);
		assert_int_equal(bytes[i + 3], 0);
		assert_int_equal(get16(bytes + i + 4), mapping || protocol != IPPROTO_TCP ? 0 : 443);
		assert_memory_equal(to, mapping ? none : exchange.s6_addr + (f == 4 ? 12 : 0), addresses / 2);
		assert_int_equal(pool[0], f == 4 ? 203 : 0x20);
	}
	assert_int_equal(i, size);
	return found;
}

/* Of what maps it is the mapping that takes a port, and its flows tell of none. */
static void sweep_tells_of_each_port_that_is_taken(void **state)
{
	static uint8_t out[8192];
	size_t size;

	EACH_FAMILY(f) {
		struct tuple bare;
		struct half half;

		rig_reset(state);
		for (int i = 0; i < 90; i++)
			opened(f, protocols[i % 3], 4000 + i);
		bare = opened(f, IPPROTO_TCP, 4090);
		assert_true(half_get(&bare, &half));
		half.sport = 0; /* as of a protocol without ports */
		half_put(&bare, &half);
		size = written(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6", out,
			       sizeof(out));
		assert_int_equal(taken(f, out, size, IPPROTO_TCP, false), 30);
		assert_int_equal(taken(f, out, size, icmp_of(f), false), 30);
		assert_int_equal(taken(f, out, size, IPPROTO_UDP, false), 0);
		size = written(f == 4 ? "expire_mappings4" : "expire_mappings6", mappings_of(f), out,
			       sizeof(out));
		assert_int_equal(taken(f, out, size, IPPROTO_UDP, true), 30);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(dead_flow_is_deleted_after_the_grace_only),
		CASE(live_flows_are_kept_and_counted),
		CASE(many_dead_go_and_the_living_stay),
		CASE(active_direction_keeps_both_halves),
		CASE(lone_reply_half_is_an_orphan),
		CASE(reply_half_that_is_being_made_is_no_orphan),
		CASE(killed_flow_is_gone_at_once_and_deleted_later),
		CASE(mapping_rests_then_dies_in_two_sweeps),
		CASE(flow_under_a_mapping_keeps_it),
		CASE(new_flow_takes_a_dying_mapping_back),
		CASE(list_writes_one_record_a_flow),
		CASE(sweep_tells_of_each_port_that_is_taken),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
