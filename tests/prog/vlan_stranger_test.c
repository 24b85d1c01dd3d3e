/* SPDX-License-Identifier: GPL-2.0-only */
/* vlan: tags of no link, in and out. */
#include "vlan.h"

/* Inside is tag 10, and tag 30 of service tag 7; the circuit is tag 100. */
static const struct {
	const char *claim;
	struct tags tags;
	int trunk, inside; /* verdict on a trunk, and where the device itself is inside */
} strangers[] = {
	{"untagged", {0, 0, 0, 0}, V_UNMANAGED, V_FORWARDED},
	{"the tag", {Q, 10, 0, 0}, V_FORWARDED, V_FORWARDED},
	{"both tags", {AD, 7, Q, 30}, V_FORWARDED, V_FORWARDED},
	{"another tag", {Q, 11, 0, 0}, V_UNMANAGED, V_VLAN_TAG},
	{"one", {Q, 1, 0, 0}, V_UNMANAGED, V_VLAN_TAG},
	{"reserved", {Q, 4095, 0, 0}, V_VLAN_TAG, V_VLAN_TAG},
	{"reserved inner", {AD, 7, Q, 4095}, V_VLAN_TAG, V_VLAN_TAG},
	{"reserved service tag", {AD, 4095, Q, 30}, V_VLAN_TAG, V_VLAN_TAG},
	{"the id as a service tag", {AD, 10, 0, 0}, V_UNMANAGED, V_VLAN_TAG},
	{"service tag alone", {AD, 7, 0, 0}, V_UNMANAGED, V_VLAN_TAG},
	{"inner tag alone", {Q, 30, 0, 0}, V_UNMANAGED, V_VLAN_TAG},
	{"TPIDs swapped", {Q, 7, AD, 30}, V_UNMANAGED, V_VLAN_TAG},
	{"802.1Q in 802.1Q", {Q, 7, Q, 30}, V_UNMANAGED, V_VLAN_TAG},
	{"tags swapped", {AD, 30, Q, 7}, V_UNMANAGED, V_VLAN_TAG},
	{"unknown behind the tag", {Q, 10, Q, 11}, V_VLAN_TAG, V_VLAN_TAG},
	{"unknown behind the service tag", {AD, 7, Q, 31}, V_UNMANAGED, V_VLAN_TAG},
	{"priority only", {Q, 0, 0, 0}, V_UNMANAGED, V_FORWARDED},
	{"priority 5 only", {Q, 0xa000, 0, 0}, V_UNMANAGED, V_FORWARDED},
	{"802.1ad, priority only", {AD, 0, 0, 0}, V_UNMANAGED, V_FORWARDED},
	{"priority before the tag", {Q, 0, Q, 10}, V_FORWARDED, V_FORWARDED},
	{"priority behind the tag", {Q, 10, Q, 0}, V_FORWARDED, V_FORWARDED},
	{"priority before another tag", {Q, 0, Q, 11}, V_UNMANAGED, V_VLAN_TAG},
	{"priority twice", {Q, 0, Q, 0}, V_UNMANAGED, V_FORWARDED},
};

#define STRANGERS (sizeof(strangers) / sizeof(strangers[0]))

static void unknown_tags_are_never_untagged(void **state)
{
	unsigned int i, j;

	EACH_FAMILY(f) for (j = 0; j < 2; j++) for (i = 0; i < STRANGERS; i++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
		struct frame frame = frame_make(&t, NULL), sent = tagged(frame, strangers[i].tags);
		int wanted = j ? strangers[i].inside : strangers[i].trunk;
		struct outcome o;

		set_up(state);
		trunk_is(j ? ROLE_INSIDE : ROLE_TRUNK);
		vlan(LAN, (struct tags){Q, 10, 0, 0});
		vlan(LAN, (struct tags){AD, 7, Q, 30});
		vlan(ER0, link_tags[1]);
		o = run(ALIEN, &sent);
		verdict_is(o.verdict, wanted, strangers[i].claim, f);
		if (wanted == V_FORWARDED)
			assert_true(wears(&o.frame, link_tags[1]));
		else
			assert_int_equal(halves(f), 0);
		if (wanted != V_UNMANAGED)
			continue;
		assert_int_equal(o.action, XDP_PASS);
		assert_int_equal(o.frame.length, sent.length);
		assert_memory_equal(o.frame.data, sent.data, sent.length);
	}
}

static void three_tags_are_too_many(void **state)
{
	static const struct tags outer[] = {{Q, 10, 0, 0}, {Q, 0, 0, 0}, {Q, 200, 0, 0}, {AD, 7, 0, 0}};
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	unsigned int i;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(LAN, inside_tags[2]);
	for (i = 0; i < 4; i++) {
		struct frame f = tagged(tagged(frame_make(&t, NULL), inside_tags[2]), outer[i]);

		verdict_is(run(ALIEN, &f).verdict, V_VLAN_TAG, "three tags", 4);
	}
}

/* What is in a frame decides, not what stands in it like an IP packet. */
static void snap_and_short_frames_are_no_packets(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, PILOT, AT_EXCHANGE, 4000, 443);
	struct frame f = tagged(frame_make(&t, &(struct shape){.payload = 40}), inside_tags[1]), snap = f;
	unsigned int length;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, link_tags[1]);
	memmove(snap.data + 26, snap.data + 18, snap.length - 18);
	snap.length += 8;
	put16(snap.data + 16, snap.length - 18);
	memcpy(snap.data + 18, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	verdict_is(run(ALIEN, &snap).verdict, V_NOT_IP, "IP in SNAP", 4);
	for (length = 14; length < 18 + 28; length++) {
		f.length = length;
		verdict_is(run(ALIEN, &f).verdict, V_TRUNCATED, "cut", 4);
	}
}

/* Of the kernel's own frames on the device. */
static void guard_reads_the_tags(void **state)
{
	static const struct {
		const char *claim, *source;
		struct tags tags;
		int trunk, link; /* verdict on a trunk, and on a link of another circuit */
	} rows[] = {
		{"owned, with its tag", "203.0.113.34", {Q, 100, 0, 0}, V_GUARD_PASSED, V_GUARD_PASSED},
		{"owned, with its two tags", "203.0.113.2", {AD, 7, Q, 30}, V_GUARD_PASSED, V_GUARD_PASSED},
		{"owned IPv6", "2001:db8:1::5", {Q, 100, 0, 0}, V_GUARD_PASSED, V_GUARD_PASSED},
		{"with a priority", "203.0.113.34", {Q, 0xe064, 0, 0}, V_GUARD_PASSED, V_GUARD_PASSED},
		{"behind a priority", "203.0.113.34", {Q, 0, Q, 100}, V_GUARD_PASSED, V_GUARD_PASSED},
		{"of the other VLAN", "203.0.113.2", {Q, 100, 0, 0}, V_GUARD_SOURCE, V_GUARD_SOURCE},
		{"of the one VLAN", "203.0.113.34", {AD, 7, Q, 30}, V_GUARD_SOURCE, V_GUARD_SOURCE},
		{"inside host", "10.1.20.5", {Q, 100, 0, 0}, V_GUARD_SOURCE, V_GUARD_SOURCE},
		{"inside IPv6 host", "2001:db8:10:20::5", {Q, 100, 0, 0}, V_GUARD_SOURCE, V_GUARD_SOURCE},
		{"inside host behind a priority", "10.1.20.5", {Q, 0, Q, 100}, V_GUARD_SOURCE,
		 V_GUARD_SOURCE},
		{"unknown behind the tag", "203.0.113.34", {Q, 100, Q, 5}, V_GUARD_PROTOCOL,
		 V_GUARD_PROTOCOL},
		{"toward the inside", "10.1.0.1", {Q, 10, 0, 0}, V_NOT_GUARDED, V_NOT_GUARDED},
		{"unknown tag", "10.1.20.5", {Q, 11, 0, 0}, V_NOT_GUARDED, V_GUARD_PROTOCOL},
		{"service tag", "203.0.113.34", {AD, 100, 0, 0}, V_NOT_GUARDED, V_GUARD_PROTOCOL},
		{"reserved", "203.0.113.34", {Q, 4095, 0, 0}, V_GUARD_PROTOCOL, V_GUARD_PROTOCOL},
		{"untagged", "10.1.20.5", {0, 0, 0, 0}, V_NOT_GUARDED, V_GUARD_SOURCE},
		{"priority only", "10.1.20.5", {Q, 0xe000, 0, 0}, V_NOT_GUARDED, V_GUARD_SOURCE},
	};
	unsigned int i, j;
	int verdict;

	(void)state;
	vlan(LAN, inside_tags[1]);
	vlan(ER0, link_tags[1]);
	vlan(WAN, (struct tags){AD, 7, Q, 30});
	for (j = 0; j < 2; j++) for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool six = strchr(rows[i].source, ':');
		struct tuple t = {.family = six ? 6 : 4, .protocol = IPPROTO_UDP, .sport = 4000, .dport = 443,
				  .saddr = address(rows[i].source), .daddr = at(AT_LARGE, six ? 6 : 4)};
		struct frame f = tagged(frame_make(&t, NULL), rows[i].tags);
		int wanted = j ? rows[i].link : rows[i].trunk, action;

		trunk_is(j ? ROLE_LINK : ROLE_TRUNK);
		action = guard(ALIEN, &f, &verdict);
		verdict_is(verdict, wanted, rows[i].claim, t.family);
		assert_int_equal(action, wanted == V_GUARD_PASSED || wanted == V_NOT_GUARDED ? -1 : 2);
	}
}

static void guard_lets_no_third_tag_by(void **state)
{
	struct tuple t = talk(4, IPPROTO_UDP, AT_CHICAGO, AT_LARGE, 4000, 443);
	static const struct tags outer[] = {{Q, 100, 0, 0}, {Q, 200, 0, 0}};
	int verdict;

	(void)state;
	vlan(ER0, link_tags[1]);
	for (unsigned int i = 0; i < 2; i++) {
		struct frame f = tagged(tagged(frame_make(&t, NULL), (struct tags){AD, 7, Q, 30}), outer[i]);

		guard(ALIEN, &f, &verdict);
		verdict_is(verdict, V_GUARD_PROTOCOL, "three tags", 4);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(unknown_tags_are_never_untagged),
		CASE(three_tags_are_too_many),
		CASE(snap_and_short_frames_are_no_packets),
		CASE(guard_reads_the_tags),
		CASE(guard_lets_no_third_tag_by),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
