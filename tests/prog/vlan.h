/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tags for the tests of VLANs. The devices of the rig are VLAN devices on alien0 here, as the loader would
 * write them; frames come in on alien0, where the program sits, and leave by it.
 */
#ifndef SAMEPATH_TEST_VLAN_H
#define SAMEPATH_TEST_VLAN_H

#include "rig.c"

#define Q 0x8100
#define AD 0x88a8

/* Tags as they stand in a frame, outer first; the last has tpid 0. */
struct tags {
	uint16_t tpid, tci, inner_tpid, inner_tci;
};

static unsigned int count_of(struct tags t)
{
	return !!t.tpid + !!t.inner_tpid;
}

static struct frame tagged(struct frame f, struct tags t)
{
	unsigned int size = 4 * count_of(t);

	memmove(f.data + 12 + size, f.data + 12, f.length - 12);
	f.length += size;
	if (t.tpid) {
		put16(f.data + 12, t.tpid);
		put16(f.data + 14, t.tci);
	}
	if (t.inner_tpid) {
		put16(f.data + 16, t.inner_tpid);
		put16(f.data + 18, t.inner_tci);
	}
	return f;
}

static inline struct frame untagged(struct frame f, struct tags t)
{
	unsigned int size = 4 * count_of(t);

	f.length -= size;
	memmove(f.data + 12, f.data + 12 + size, f.length - 12);
	return f;
}

static uint16_t tag_of(uint16_t tpid, uint16_t tci)
{
	return (tci & 0xfff) | (tpid == AD ? TAG_8021AD : 0);
}

/* The rig's device is a VLAN device on alien0 with these tags; without tags it is what it was. */
static void vlan(enum device d, struct tags t)
{
	struct link_key key = {rig.ifindex[d], NO_TAG, NO_TAG};
	struct link link;

	if (!t.tpid)
		return;
	assert_true(get("links", &key, &link));
	link.device = rig.ifindex[d];
	link.trunk = rig.ifindex[ALIEN];
	link.tags[0] = tag_of(t.tpid, t.tci);
	link.tags[1] = t.inner_tpid ? tag_of(t.inner_tpid, t.inner_tci) : 0;
	put("links", &key, &link);
	key = (struct link_key){rig.ifindex[ALIEN], link.tags[0], t.inner_tpid ? link.tags[1] : NO_TAG};
	put("links", &key, &link);
}

static void trunk_is(int kind)
{
	struct link_key key = {rig.ifindex[ALIEN], NO_TAG, NO_TAG};
	struct link link = {.role[0] = {.kind = kind, .circuit = kind == ROLE_LINK ? DALLAS : 0}};

	put("links", &key, &link);
	generation_move(); /* each CPU remembers the role of a device without tags */
}

static int set_up(void **state)
{
	int error = rig_reset(state);
	static const struct {
		unsigned int scope;
		const char *prefix;
		unsigned int length;
	} owned[] = {
		{CHICAGO, "203.0.113.32", 96 + 28}, {CHICAGO, "2001:db8:1::", 64},
		{CHICAGO, "172.16.0.1", 128}, {INTERNET, "203.0.113.0", 96 + 28},
	};
	unsigned int i, one = 1;

	for (i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		struct scoped_prefix key = {32 + owned[i].length, owned[i].scope, address(owned[i].prefix)};

		put("sources", &key, &one);
		key.scope = rig.ifindex[ER0];
		if (owned[i].scope == CHICAGO && i < 2)
			put("answers", &key, &one);
	}
	trunk_is(ROLE_TRUNK);
	return error;
}

/* A frame for this device of the rig, with these tags, where it comes in. */
static inline struct outcome hear_tagged(enum device d, struct tags t, const struct frame *f)
{
	struct frame with = tagged(*f, t);

	return run(t.tpid ? ALIEN : d, &with);
}

static inline bool wears(const struct frame *f, struct tags t)
{
	static const uint8_t zeros[2048];
	struct frame bare = {.length = 12}, want = tagged(bare, t);
	unsigned int type = get16(f->data + want.length);

	assert_memory_equal(bare.data, zeros, 12);
	return !memcmp(f->data + 12, want.data + 12, want.length - 12) && (type == 0x0800 || type == 0x86dd);
}

/* Each is tried with each. */
static const struct tags inside_tags[] = {{0, 0, 0, 0}, {Q, 10, 0, 0}, {AD, 7, Q, 10}, {Q, 4094, Q, 1}};
static const struct tags link_tags[] = {{0, 0, 0, 0}, {Q, 100, 0, 0}, {AD, 100, 0, 0}, {AD, 7, Q, 100}};

#endif
