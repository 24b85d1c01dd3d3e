/* SPDX-License-Identifier: GPL-2.0-only */
/* fragments with VLAN tags: what waits is put back with the tags it came with, and leaves with those of the link. */
#include "vlan.h"
#include "pieces.h"

static int set_up_pieces(void **state)
{
	int error = pieces_reset(state);

	return error ? error : set_up(state);
}

/* The last piece comes before the first. */
static void swapped(int f, struct tags in, struct tags out)
{
	struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame whole = frame_make(&t, &(struct shape){.payload = 504}), early, got[2], all;
	enum device below = in.tpid ? ALIEN : LAN;
	struct outcome o;

	daemon_is_there(0, 1024);
	held.count = held.wakes = 0;
	early = piece(&whole, 5, 256, 256, false);
	verdict_is(hear_tagged(LAN, in, &early).verdict, V_FRAGMENT_HELD, "before its first", f);
	ring_buffer__consume(held.ring);
	assert_int_equal(held.count, 1);
	early = tagged(early, in);
	assert_int_equal(held.at[0].length, early.length);
	assert_memory_equal(held.at[0].frame, early.data, early.length);
	assert_int_equal(held.at[0].ifindex, rig.ifindex[below]);
	early = piece(&whole, 5, 0, 256, true);
	o = hear_tagged(LAN, in, &early);
	verdict_is(o.verdict, V_FORWARDED, "first", f);
	assert_true(wears(&o.frame, out));
	got[0] = untagged(o.frame, out);
	ring_buffer__consume(held.ring);
	assert_int_equal(held.wakes, 1);
	o = put_back(below, &held.at[0]);
	verdict_is(o.verdict, V_FORWARDED, "put back", f);
	assert_true(wears(&o.frame, out));
	got[1] = untagged(o.frame, out);
	all = together(got, 2);
	assert_true(sums_right(&all));
	assert_int_equal(all.length, whole.length);
}

static void held_frames_keep_their_tags(void **state)
{
	unsigned int i, k;

	EACH_FAMILY(f) for (i = 0; i < 4; i++) for (k = 0; k < 4; k++) {
		set_up_pieces(state);
		vlan(LAN, inside_tags[i]);
		vlan(ER0, link_tags[k]);
		swapped(f, inside_tags[i], link_tags[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(held_frames_keep_their_tags, set_up_pieces),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
