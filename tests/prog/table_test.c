/* SPDX-License-Identifier: GPL-2.0-only */
/* table: every half is found by its key, and by no other, however crowded its lines are and whoever else is at it. */
#include <pthread.h>
#include <sched.h>
#include "rig.c"

#define CROWD 40 /* flows; their forward halves are of one near line */
#define ROUNDS 200

static uint64_t hash_of(const struct flow_table_maps *m, const struct tuple *t)
{
	uint8_t key[sizeof(struct flow_key6)];
	uint32_t place = FLOW_TABLE(m->family);
	struct flow_table table;

	key_make(t, key);
	get("flow_tables", &place, &table);
	return flow_place_hash(m, &table, key);
}

/* UDP of one host whose forward keys have the near line of the first, and `far`: its far line too. */
static void crowd_make(int family, struct tuple *crowd, unsigned int count, bool far)
{
	struct flow_table_maps m = flows_maps(family);
	uint32_t place = FLOW_TABLE(family);
	uint64_t first = 0, hash;
	struct flow_table t;
	uint8_t key[sizeof(struct flow_key6)];
	unsigned int i, found = 0;

	get("flow_tables", &place, &t);
	for (i = 0; found < count; i++) {
		struct tuple next = talk(family, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000 + i / 60000, 1 + i % 60000);

		assert_true(i < 60000 * 2000);
		key_make(&next, key);
		hash = flow_place_hash(&m, &t, key);
		if (!found)
			first = hash;
		if (flow_near(hash) != flow_near(first) || (far && flow_far(&t, hash) != flow_far(&t, first)))
			continue;
		crowd[found++] = next;
	}
}

static struct flow_line line_at(int map, uint32_t place)
{
	struct flow_line line;

	assert_int_equal(bpf_map_lookup_elem(map, &place, &line), 0);
	return line;
}

/* The words of a line each lead to a half of this line. How many they are. */
static unsigned int line_holds(const struct flow_table_maps *m, const struct flow_table *t,
			       const struct flow_line *line, uint32_t place, bool near, unsigned int *displaced)
{
	unsigned int i, count = 0;

	for (i = 0; i < FLOW_WORDS; i++) {
		uint32_t number = line->word[i] & t->mask;
		union flow_place p;
		uint64_t hash;

		if (!line->word[i])
			continue;
		assert_int_equal(bpf_map_lookup_elem(m->flows, &number, &p), 0);
		assert_true(p.four.state & FLOW_LIVE);
		assert_int_equal(p.four.number, number);
		hash = flow_place_hash(m, t, flow_place_key(m, &p));
		assert_int_equal(line->word[i], flow_tag(t, hash) | number);
		assert_int_equal(near ? flow_near(hash) : flow_far(t, hash), place);
		if (!near)
			displaced[flow_near(hash)]++;
		count++;
	}
	return count;
}

/* Entries, index and free numbers agree, and nobody holds a lock. How many halves there are. */
static unsigned int table_holds(int family)
{
	static unsigned int displaced[FLOW_NEAR_LINES];
	struct flow_table_maps m = flows_maps(family);
	unsigned int live = 0, words = 0, unused = 0;
	uint32_t place = FLOW_TABLE(family), number = 0;
	struct flow_line line;
	struct flow_table t;
	union flow_place p;

	get("flow_tables", &place, &t);
	memset(displaced, 0, sizeof(displaced));
	while ((number = flow_next_half(&m, number, &p))) {
		assert_int_equal(flow_place_find(&m, flow_place_key(&m, &p)), number); /* so no key is there twice */
		live++;
	}
	for (place = 0; place < t.far_lines; place++) {
		line = line_at(m.far, place);
		words += line_holds(&m, &t, &line, place, false, displaced);
	}
	for (place = 0; place < FLOW_NEAR_LINES; place++) {
		line = line_at(m.near, place);
		words += line_holds(&m, &t, &line, place, true, NULL);
		assert_int_equal(line.head, displaced[place]);
	}
	assert_int_equal(words, live);
	for (number = t.free; number; number = p.four.number) {
		assert_int_equal(bpf_map_lookup_elem(m.flows, &number, &p), 0);
		assert_false(p.four.state & FLOW_LIVE);
		assert_true(++unused <= t.fresh);
	}
	assert_int_equal(live + unused, t.fresh);
	return live;
}

static void crowd_opens(const struct tuple *crowd, struct tuple *replies, unsigned int count, int f)
{
	struct outcome o;
	unsigned int i;

	for (i = 0; i < count; i++) {
		o = hear(LAN, crowd[i], NULL);
		verdict_is(o.verdict, V_FORWARDED, "opens", f);
		replies[i] = reply_of(&o);
	}
}

static void crowd_is_found(const struct tuple *crowd, const struct tuple *replies, unsigned int count, int f)
{
	for (unsigned int i = 0; i < count; i++) {
		verdict_is(hear(LAN, crowd[i], NULL).verdict, V_FORWARDED, "is found", f);
		verdict_is(hear(ER0, replies[i], NULL).verdict, V_FORWARDED, "its answer is found", f);
	}
	assert_int_equal(table_holds(f), 2 * count);
}

static void sweep(int f)
{
	sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
}

static void what_a_near_line_has_no_word_for_is_found_in_far_lines(void **state)
{
	struct tuple crowd[CROWD], replies[CROWD];
	unsigned int i, kept = 0;

	EACH_FAMILY(f) {
		struct flow_table_maps m = flows_maps(f);
		uint32_t place;

		rig_reset(state);
		crowd_make(f, crowd, CROWD, false);
		place = flow_near(hash_of(&m, &crowd[0]));
		crowd_opens(crowd, replies, CROWD, f);
		assert_true(line_at(m.near, place).head >= CROWD - FLOW_WORDS);
		crowd_is_found(crowd, replies, CROWD, f);
		/* every third goes, of those in the near line too; the others stay where they are */
		for (kept = i = 0; i < CROWD; i++) {
			if (i % 3) {
				crowd[kept] = crowd[i];
				replies[kept++] = replies[i];
			} else {
				age(&crowd[i], 310 * NANOSECONDS);
			}
		}
		sweep(f);
		crowd_is_found(crowd, replies, kept, f);
		for (i = 0; i < kept; i++)
			age(&crowd[i], 310 * NANOSECONDS);
		sweep(f);
		assert_int_equal(table_holds(f), 0);
		assert_int_equal(line_at(m.near, place).head, 0);
	}
}

static void flow_with_no_word_left_is_refused_and_leaves_nothing(void **state)
{
	struct tuple crowd[2 * FLOW_WORDS + 1], replies[2 * FLOW_WORDS + 1];
	struct host host;

	EACH_FAMILY(f) {
		unsigned int before;

		rig_reset(state);
		crowd_make(f, crowd, 2 * FLOW_WORDS + 1, true);
		crowd_opens(crowd, replies, 2 * FLOW_WORDS, f);
		before = table_holds(f);
		verdict_is(hear(LAN, crowd[2 * FLOW_WORDS], NULL).verdict, V_TABLE_FULL, "one too many", f);
		assert_int_equal(table_holds(f), before);
		assert_true(host_of(crowd[0].saddr, &host));
		assert_int_equal(host.flows, 2 * FLOW_WORDS);
		crowd_is_found(crowd, replies, 2 * FLOW_WORDS, f);
	}
}

/* A lock that is never let go, as by a processor that was stopped: the packet is dropped, not answered. */
static void flow_behind_a_lock_is_refused_in_time(void **state)
{
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct flow_table_maps m = flows_maps(f);
		uint32_t place = flow_near(hash_of(&m, &t));
		struct flow_line line = line_at(m.near, place);
		struct outcome o;

		rig_reset(state);
		line.head |= FLOW_LINE_LOCK;
		bpf_map_update_elem(m.near, &place, &line, BPF_ANY);
		o = hear(LAN, t, NULL);
		verdict_is(o.verdict, V_FLOW_ENDING, "locked", f);
		assert_int_equal(o.action, XDP_DROP);
		line.head = 0;
		bpf_map_update_elem(m.near, &place, &line, BPF_ANY);
		assert_int_equal(table_holds(f), 0);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		verdict_is(hear(LAN, t, NULL).verdict, V_FORWARDED, "unlocked", f);
	}
}

/* That no line let a reply half in does not say that the pool has nothing left. */
static void reply_behind_a_lock_is_not_an_exhausted_pool(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};
	unsigned int i;

	(void)state;
	EACH_FAMILY(f)
		for (i = 0; i < 2; i++) {
			struct tuple t = talk(f, protocols[i], PILOT, AT_EXCHANGE, 4100, 443);
			struct shape s = {.tcp = SYN};
			const char *mappings = f == 4 ? "mappings4" : "mappings6";
			unsigned int before = table_holds(f), mapped = entries(mappings);

			lines_lock(f, true);
			verdict_is(hear(LAN, t, &s).verdict, V_FLOW_ENDING, "locked", f);
			lines_lock(f, false);
			assert_int_equal(table_holds(f), before);
			assert_int_equal(entries(mappings), mapped); /* UDP made one, and took it back */
			verdict_is(hear(LAN, t, &s).verdict, V_FORWARDED, "unlocked", f);
			assert_int_equal(entries(mappings), mapped + (protocols[i] == IPPROTO_UDP ? 2 : 0));
		}
}

/* Two processors open the same flows at once, over flows that have just been dead for long enough. */
struct racer {
	pthread_t thread;
	int cpu;
	const struct frame *frames;
	pthread_barrier_t *start, *end;
};

static void *race(void *context)
{
	struct racer *r = context;
	struct xdp_md in = {.ingress_ifindex = rig.ifindex[LAN]};
	uint8_t out[4096];
	cpu_set_t cpu;
	int round, i;

	CPU_ZERO(&cpu);
	CPU_SET(r->cpu, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(r->start);
		for (i = 0; i < CROWD; i++) {
			const struct frame *f = &r->frames[(i * 7 + r->cpu * (round % 3)) % CROWD];
			LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = f->data, .data_size_in = f->length,
				    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &in,
				    .ctx_size_in = sizeof(in), .repeat = 1);

			in.data_end = f->length;
			bpf_prog_test_run_opts(program_of("samepath_xdp"), &options);
		}
		pthread_barrier_wait(r->end);
	}
	return NULL;
}

static void two_processors_and_a_sweep_leave_each_flow_once(void **state)
{
	struct tuple crowd[CROWD];
	struct frame frames[CROWD];
	pthread_barrier_t start, end;
	struct racer racers[2];
	struct host host;
	int round, i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	EACH_FAMILY(f) {
		rig_reset(state);
		crowd_make(f, crowd, CROWD, false);
		for (i = 0; i < CROWD; i++)
			frames[i] = frame_make(&crowd[i], NULL);
		pthread_barrier_init(&start, NULL, 3);
		pthread_barrier_init(&end, NULL, 3);
		for (i = 0; i < 2; i++) {
			racers[i] = (struct racer){.cpu = i, .frames = frames, .start = &start, .end = &end};
			pthread_create(&racers[i].thread, NULL, race, &racers[i]);
		}
		for (round = 0; round < ROUNDS; round++) {
			pthread_barrier_wait(&start);
			sweep(f);
			pthread_barrier_wait(&end);
			assert_true(table_holds(f) > 0);
			for (i = 0; i < CROWD; i++) {
				struct half half;

				if (half_get(&crowd[i], &half))
					age(&crowd[i], 310 * NANOSECONDS);
			}
		}
		for (i = 0; i < 2; i++)
			pthread_join(racers[i].thread, NULL);
		sweep(f);
		assert_int_equal(table_holds(f), 0);
		assert_int_equal(half_open_of(SIDE_INSIDE), 0);
		assert_true(host_of(crowd[0].saddr, &host));
		assert_int_equal(host.flows, 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(what_a_near_line_has_no_word_for_is_found_in_far_lines),
		CASE(flow_with_no_word_left_is_refused_and_leaves_nothing),
		CASE(flow_behind_a_lock_is_refused_in_time),
		CASE(reply_behind_a_lock_is_not_an_exhausted_pool),
		CASE(two_processors_and_a_sweep_leave_each_flow_once),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
