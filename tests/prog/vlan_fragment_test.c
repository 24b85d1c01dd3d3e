/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vlan: fragments between tags, the last first. What the daemon held has no tags any more, and is put back on
 * the VLAN device itself.
 */
#include "vlan.h"
#include "pieces.h"

static const struct tags in = {AD, 7, Q, 10}, out = {Q, 100, 0, 0};

/* One that waited, on the device that its note names. */
static struct frame came_back(const struct fragment_note *note, int family)
{
	struct outcome o = put_back(LAN, note);

	assert_int_equal(note->ifindex, rig.ifindex[LAN]);
	verdict_is(o.verdict, V_FORWARDED, "put back", family);
	assert_true(wears(&o.frame, out));
	return untagged(o.frame, out);
}

static void fragments_of_any_order_wear_the_tags(void **state)
{
	vlan(LAN, in);
	vlan(ER0, out);
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame whole = frame_make(&t, &(struct shape){.payload = 1000}), pieces[PIECES];
		unsigned int i;

		pieces_reset(state);
		set_up(state);
		vlan(LAN, in);
		vlan(ER0, out);
		cut(&whole, 0x1234, pieces);
		for (i = PIECES; i-- > 0;) {
			struct outcome o = hear_tagged(LAN, in, &pieces[i]);

			verdict_is(o.verdict, i ? V_FRAGMENT_HELD : V_FORWARDED, "a piece", f);
			if (!i)
				assert_true(wears(&o.frame, out));
			if (!i)
				pieces[0] = untagged(o.frame, out);
		}
		ring_buffer__consume(held.ring);
		assert_int_equal(held.count, PIECES - 1);
		assert_true(held.wakes);
		for (i = 0; i < PIECES - 1; i++)
			pieces[i + 1] = came_back(&held.at[i], f);
		whole = together(pieces, PIECES);
		assert_true(sums_right(&whole));
		assert_int_equal(ip_length(&whole), ip_header(&whole) + 8 + 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fragments_of_any_order_wear_the_tags, set_up),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
