// SPDX-License-Identifier: GPL-2.0-only
// Options: -max_len=512 -len_control=0 -entropic=0
// Slice: 4
/* The packet path under any sequence of packets, judged after each. */
#include "datapath_program.h"
#include "datapath_record.h"
#include "datapath_state.h"
#include "random.h"

#define SEEDS 400
#define TIME_ZERO (1000000 * NANOSECONDS) /* where the clock begins, */
#define TIME_STORY (86400 * NANOSECONDS) /* and how long after a story's end the next of a transcript begins, */
#define TIME_LAST (UINT64_MAX / 2) /* until here: a story may take days, and these are 292 years */

void native_told(const char *ring, const void *record, size_t size)
{
	const struct fragment_note *note = record;
	struct frame *f = &story.held[story.held_count % HELD_KEPT];

	if (strcmp(ring, "fragment_notes") || size <= FRAGMENT_NOTE_HEAD || note->length > 1800)
		return;
	f->length = note->length;
	memcpy(f->data, note->frame, note->length);
	story.held_count++;
}

static enum device device_of(unsigned int ifindex)
{
	for (unsigned int d = 0; d < DEVICES; d++)
		if (rig.ifindex[d] == ifindex)
			return d;
	return NOWHERE;
}

/* Of a frame on this wire: er0 is what its tag makes of it, where that is a VLAN device. One of VLAN 0 is none. */
static enum device worn_on(enum device wire, const struct frame *f)
{
	unsigned int tags = 0, vlan = 0;

	for (const uint8_t *t = f->data + 12; t + 4 <= f->data + f->length; t += 4) {
		unsigned int type = t[0] << 8 | t[1], id = (t[2] & 0xf) << 8 | t[3];

		if (type != 0x8100 && type != 0x88a8)
			break;
		tags += id != 0;
		vlan = id && type == 0x8100 ? id : vlan;
	}
	return wire == ALIEN && setting.tagged && tags == 1 && vlan == 100 ? ER0 : wire;
}

/* Where it went. */
static enum device out_of(const struct native_outcome *o, const struct frame *f)
{
	uint32_t handed = 0;

	if (o->action == XDP_PASS && o->meta == 32) {
		memcpy(&handed, o->metadata + 4, sizeof(handed));
		return device_of(handed);
	}
	return o->action == XDP_REDIRECT ? worn_on(device_of(o->out), f) : NOWHERE;
}

/* What er0 sends and hears wears its tag, where er0 is a VLAN device. */
static void tag(struct frame *f)
{
	memmove(f->data + 16, f->data + 12, f->length - 12);
	memcpy(f->data + 12, "\x81\0\0\x64", 4);
	f->length += 4;
}

/* In on `wire`, where the program sits; the judge thinks of `in`. */
static void hear_on(enum device wire, enum device in, const void *meta, unsigned int size,
		    const struct frame *f)
{
	struct passage *p = &story.kept[story.kept_count % KEPT], before = *p;

	*p = (struct passage){.in = in, .before = *f, .after = *f};
	p->o = native_xdp(rig.ifindex[wire], meta, size, p->after.data, f->length);
	p->after.length = p->o.length;
	p->out = out_of(&p->o, &p->after);
	record_frame(wire, p, meta, size);
	if (p->o.verdict == V_FRAGMENT_HELD) {
		const struct frame *held = &story.held[(story.held_count - 1) % HELD_KEPT];

		story.held_in = wire;
		hold(held->length == f->length && !memcmp(held->data, f->data, f->length),
		     "a fragment is held as it came", p);
	}
	judge_passage(p);
	if (p->o.verdict == V_CHALLENGED) {
		story.challenge = p->after;
		story.challenged = in;
	}
	if (p->out < ALIEN && p->o.meta == 0 && !p->was.error && p->was.ports && !p->is.part)
		story.kept_count++;
	else
		*p = before;
}

static void deliver_as_it_is(enum device in, const struct frame *f)
{
	struct frame worn = *f;
	bool tagged = in == ER0 && setting.tagged;

	if (f->length < ETHER)
		return;
	if (tagged)
		tag(&worn);
	hear_on(tagged ? ALIEN : in, worn_on(in, f), NULL, 0, &worn);
}

static void deliver(enum device in, struct frame f)
{
	in = twist(&f, in);
	deliver_as_it_is(in, &f);
}

/* An operator ends the flow. */
static void step_kill(const struct passage *p)
{
	const struct tuple *t = &p->was.tuple;
	struct flow_key6 key = {.saddr = t->saddr, .daddr = t->daddr, .sport = htons(t->sport),
				.dport = htons(t->dport), .protocol = t->protocol};
	struct record r = record_of(RECORD_KILL);

	native_kill(&key, t->family);
	judge.count = 0;
	r.family = t->family;
	record_step(r, &key, sizeof(key));
}

/* A step about a packet that went through; without one it is nothing. */
static void step_about(uint8_t what)
{
	struct passage *p = take_kept(), of;

	if (!p)
		return;
	of = *p;
	of.was.ip = of.before.data + (p->was.ip - p->before.data);
	of.is.ip = of.after.data + (p->is.ip - p->after.data);
	if (what == 0)
		deliver(take_device(of.out), packet_that_answers(&of));
	else if (what == 1)
		deliver(of.in, packet_that_follows(&of));
	else if (what == 2)
		deliver(take_device(of.out), packet_that_complains(&of));
	else if (take() & 1)
		step_kill(&of);
	else
		deliver(of.in, packet_with_zero_sum(&of));
}

static void step_piece(void)
{
	if (story.pieces_count)
		deliver_as_it_is(take_device(story.pieces_in),
				 &story.pieces[take() % story.pieces_count]);
}

/* The daemon puts a fragment back that it held. */
static void step_return(void)
{
	struct fragment_returned mark = {.magic = FRAGMENT_MAGIC};
	enum device in = story.held_in == ALIEN ? ER0 : story.held_in;
	struct frame f;

	if (!story.held_count)
		return;
	f = story.held[(story.held_count - 1) % HELD_KEPT];
	hear_on(story.held_in, in, &mark, sizeof(mark), &f);
}

static void step_time(void)
{
	static const uint64_t lengths[] = {
		1000000,	   100000000,	      NANOSECONDS,	 11 * NANOSECONDS / 10,
		5 * NANOSECONDS,   19 * NANOSECONDS,  21 * NANOSECONDS,	 61 * NANOSECONDS,
		122 * NANOSECONDS, 242 * NANOSECONDS, 302 * NANOSECONDS, 7442 * NANOSECONDS};

	setting.now += PICK(lengths);
	native_clock(setting.now);
}

static void step_change(void)
{
	const uint8_t *from = choices.at;

	setting_change();
	record_step(record_of(RECORD_CHANGE), from, choices.at - from);
}

static void step_sweep(void)
{
	native_sweep();
	record_step(record_of(RECORD_SWEEP), NULL, 0);
}

#include "datapath_wire.h"

static void step(void)
{
	static const enum device circuits[] = {ER0, ER0, WAN, ER2};
	static void (*const others[])(void) = {
		step_piece, step_piece, step_return, step_time, step_sweep,
		step_change, step_proof, step_guard, step_question,
	};
	uint8_t what = take() % 21;
	enum device in;

	if (what < 3) {
		deliver(take_device(LAN), packet_from_inside());
	} else if (what < 5) {
		in = PICK(circuits);
		deliver(in, packet_from_outside());
	} else if (what < 12) {
		static const uint8_t about[] = {0, 0, 0, 1, 1, 2, 3};

		step_about(about[what - 5]);
	} else {
		others[what - 12]();
	}
}

/*
 * Stories that nobody thought of, in the directory SEEDS; and the transcript of those that are
 * told.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *directory = getenv("SEEDS"), *told = getenv("TRANSCRIPT");
	uint32_t random = 1;
	char name[512];
	FILE *file;

	(void)argc;
	(void)argv;
	if (told)
		transcript = fopen(told, "w");
	for (unsigned int i = 0; directory && i < SEEDS; i++) {
		snprintf(name, sizeof(name), "%s/story-%u", directory, i);
		file = fopen(name, "w");
		if (!file)
			return 1;
		for (unsigned int n = 0; n < 40 + i % 8 * 40; n++)
			fputc(n == 1 && i % 2 ? 0 : random_next(&random) >> 16 & 0xff, file);
		fclose(file);
	}
	return 0;
}

static void story_begin(void)
{
	const uint64_t begin = transcript && setting.now ? setting.now + TIME_STORY : TIME_ZERO;
	struct record r;
	uint8_t random = take();
	const uint8_t *from = choices.at;

	if (begin > TIME_LAST) {
		fprintf(stderr, "more stories than a clock has time for\n");
		abort();
	}
	memset(&setting, 0, sizeof(setting));
	judge.count = went_count = 0;
	memset(judge.pairs, 0, sizeof(judge.pairs));
	story.kept_count = story.pieces_count = story.held_count = story.challenge.length = 0;
	setting.now = begin;
	native_rig_reset(setting.now, random);
	setting_choose();
	r = record_of(RECORD_STORY);
	r.random = random;
	record_step(r, from, choices.at - from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	choices.at = data;
	choices.end = data + size;
	story_begin();
	for (i = 0; i < STEPS && choices.at < choices.end; i++)
		step();
	state_holds();
	if (transcript)
		fflush(transcript);
	return 0;
}
