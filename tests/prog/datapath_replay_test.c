/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay: what the datapath fuzzer saw the packet path do, compiled for this machine, the kernel's
 * does too: verdict, action, bytes and metadata of every packet of every story, over real maps and
 * the real FIB. The stories are the fuzzer's own seeds, those that once failed, and what else is in
 * the directory STORIES.
 */
#include "rig.c"
#include "tests/fuzz/datapath_setting.h"
#include "tests/fuzz/datapath_transcript.h"
#include "tests/fuzz/replay.h"

#define FUZZER "build/tests/fuzz/datapath_fuzz"
#define PLACE "build/fuzz/replay"
#define LAST_RESORT "unreachable default metric 4294967295"

static FILE *told;
static struct ring_buffer *notes;
static unsigned int stories, frames;

static void tell_stories(void)
{
	const char *more = getenv("STORIES");

	shell("rm -rf " PLACE " && mkdir -p " PLACE "/seeds");
	shell("SEEDS=" PLACE "/seeds " FUZZER " -runs=0 -artifact_prefix=" PLACE "/ 2>/dev/null");
	shell("for f in tests/data/fuzz/datapath_fuzz/*; do [ ! -e $f ] || cp $f " PLACE "/seeds; done");
	shell("TRANSCRIPT=" PLACE "/told " FUZZER " -runs=0 -detect_leaks=0 -artifact_prefix=" PLACE
	      "/ " PLACE "/seeds %s 2>" PLACE "/log",
	      more ? more : "");
	told = fopen(PLACE "/told", "r");
	assert_non_null(told);
}

static bool next(void *to, size_t size)
{
	return !size || fread(to, size, 1, told) == 1;
}

/* A default route of chicago's table is there, or is not. */
static void chicago(bool there, const char *four, const char *six)
{
	const char *what = there ? "add" : "del";

	shell("ip route %s %s table 101 && ip -6 route %s %s table 101", what, four, what, six);
}

static bool gone(unsigned int faults)
{
	return faults & (FAULT_WITHDRAWN | FAULT_FALLS);
}

/* The routes, neighbours and devices become as the setting has them. */
static void faults_apply(void)
{
	static unsigned int now;
	unsigned int changed = now ^ setting.faults;

	now = setting.faults;
	if (changed & FAULT_NARROW)
		shell("for d in er0 wan0; do ip link set $d mtu %d; done",
		      now & FAULT_NARROW ? NARROW : 1500);
	if (gone(now) != gone(now ^ changed))
		chicago(!gone(now), "default via 172.16.0.2", "default via 2001:db8:f:1::2");
	if (changed & FAULT_FALLS)
		chicago(!(now & FAULT_FALLS), LAST_RESORT, LAST_RESORT);
	if (changed & FAULT_UNRESOLVED && now & FAULT_UNRESOLVED)
		shell("ip neigh del 198.18.0.2 dev wan0 && ip neigh del 2001:db8:f:3::2 dev wan0");
	else if (changed & FAULT_UNRESOLVED)
		shell("for a in 198.18.0.2 2001:db8:f:3::2; do "
		      "ip neigh replace $a lladdr 02:00:00:00:01:30 dev wan0 nud permanent; done");
}

static void clock_is(uint64_t now, const uint32_t *random)
{
	static struct replay replay;
	unsigned int zero = 0;

	get("replay", &zero, &replay);
	replay.now = now;
	if (random)
		replay.random = *random;
	put("replay", &zero, &replay);
	setting.now = now;
}

static void choices_are(const struct record *r, uint8_t *room, size_t size)
{
	assert_true(r->length <= size && next(room, r->length));
	choices.at = room;
	choices.end = room + r->length;
}

/* What the rig leaves of an earlier story. */
static void story_new(const struct record *r)
{
	static const struct secret secret = {{0x0123456789abcdef, 0xfedcba9876543210}};
	static const uint32_t none[FRAGMENT_IDS];
	static uint32_t indices[FRAGMENT_IDS];
	uint32_t count = FRAGMENT_IDS, zero = 0;
	uint8_t room[64];

	for (unsigned int i = 0; i < FRAGMENT_IDS; i++)
		indices[i] = i;
	memset(&setting, 0, sizeof(setting));
	clock_is(r->now, &r->random);
	rig_renew();
	put("secret", &zero, &secret);
	put("fragment_holder", &zero, &(struct fragment_holder){0});
	assert_int_equal(bpf_map_update_batch(map_of("fragment_ids"), indices, none, &count, NULL), 0);
	ring_buffer__consume(notes);
	choices_are(r, room, sizeof(room));
	setting_choose();
	faults_apply();
	stories++;
}

static void hex(const char *what, const uint8_t *at, unsigned int length)
{
	fprintf(stderr, "%s (%u):", what, length);
	for (unsigned int i = 0; i < length; i++)
		fprintf(stderr, "%s%02x", i % 4 == 2 ? " " : "", at[i]);
	fprintf(stderr, "\n");
}

/* Metadata names a device by its index, which is the fuzzer's own there. */
static void frame_again(const struct record *r)
{
	uint8_t meta[64], out_meta[64] = {0}, out[4096] = {0};
	struct frame in = {.length = r->length};
	struct outcome o;

	assert_true(r->meta <= sizeof(meta) && r->length <= sizeof(in.data) && r->out_meta <= 64 &&
		    r->out_length <= sizeof(out));
	assert_true(next(meta, r->meta) && next(in.data, r->length) && next(out_meta, r->out_meta) &&
		    next(out, r->out_length));
	clock_is(r->now, NULL);
	o = run_behind(r->device, meta, r->meta, &in);
	if (r->out_meta == 32)
		memcpy(out_meta + 4, o.metadata + 4, 4);
	frames++;
	if (o.verdict == r->verdict && o.action == r->action && o.meta == r->out_meta &&
	    o.frame.length == r->out_length && !memcmp(o.metadata, out_meta, o.meta) &&
	    !memcmp(o.frame.data, out, r->out_length))
		return;
	hex("in", in.data, in.length);
	hex("kernel", o.frame.data, o.frame.length);
	hex("native", out, r->out_length);
	fail_msg("story %u, packet %u on device %u: %s, action %d, the fuzzer saw %s, action %d",
		 stories, frames, r->device, verdict_name(o.verdict), o.action, verdict_name(r->verdict),
		 r->action);
}

static void kill_again(const struct record *r)
{
	struct flow_kill kill = {.family = r->family};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &kill, .ctx_size_in = sizeof(kill));

	assert_true(next(&kill.key, sizeof(kill.key)));
	assert_int_equal(bpf_prog_test_run_opts(program_of("kill_flow"), &options), 0);
}

static void guard_again(const struct record *r)
{
	struct frame frame = {.length = r->length};
	int verdict;

	assert_true(r->length <= sizeof(frame.data) && next(frame.data, r->length));
	guard(r->device, &frame, &verdict);
	if (verdict == r->verdict)
		return;
	hex("sent", frame.data, frame.length);
	fail_msg("story %u, guard on device %u: %s, the fuzzer saw %s", stories, r->device,
		 verdict_name(verdict), verdict_name(r->verdict));
}

static void step_again(const struct record *r)
{
	uint8_t room[64];

	switch (r->kind) {
	case RECORD_STORY:
		story_new(r);
		break;
	case RECORD_CHANGE:
		clock_is(r->now, NULL);
		choices_are(r, room, sizeof(room));
		setting_change();
		faults_apply();
		break;
	case RECORD_FRAME:
		frame_again(r);
		break;
	case RECORD_SWEEP:
		clock_is(r->now, NULL);
		EACH_FAMILY(f)
		{
			sweep_run(f == 4 ? "expire_flows4" : "expire_flows6", f == 4 ? "flows4" : "flows6");
			sweep_run(f == 4 ? "expire_mappings4" : "expire_mappings6", mappings_of(f));
		}
		break;
	case RECORD_GUARD:
		guard_again(r);
		break;
	case RECORD_KILL:
		clock_is(r->now, NULL);
		kill_again(r);
		break;
	default:
		fail_msg("record of kind %u", r->kind);
	}
}

static int drop(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

static void kernel_and_native_do_the_same(void **state)
{
	cpu_set_t one;
	struct record r;

	(void)state;
	CPU_ZERO(&one); /* budgets are a CPU's */
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	notes = ring_buffer__new(map_of("fragment_notes"), drop, NULL, NULL);
	assert_non_null(notes);
	tell_stories();
	while (next(&r, sizeof(r)))
		step_again(&r);
	printf("%u stories, %u packets\n", stories, frames);
	assert_true(stories > 100 && frames > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_and_native_do_the_same),
	};

	if (access(FUZZER, X_OK)) {
		printf("no %s\n", FUZZER);
		return 77;
	}
	setenv("SAMEPATH_OBJECT", "build/replay/samepath.bpf.o", 1);
	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
