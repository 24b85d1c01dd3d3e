/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments for the tests of the packet path: a frame cut into pieces, pieces put together again, and a naive
 * daemon that holds what came too early and puts it back.
 */
#ifndef SAMEPATH_TEST_PIECES_H
#define SAMEPATH_TEST_PIECES_H

#include "rig.h"

#define PIECES 4
#define HELD_MAX 64

struct held {
	unsigned int count, wakes;
	struct fragment_note at[HELD_MAX];
	struct ring_buffer *ring;
};

static struct held held;

static inline unsigned int header_of(const struct frame *f)
{
	return ip_header(f) == 20 ? 20 : 48;
}

/* The fragment of `length` bytes at `offset` of the packet, whose transport header begins at offset 0. */
static inline struct frame piece(const struct frame *whole, uint32_t id, unsigned int offset,
			  unsigned int length, bool more)
{
	unsigned int header = ip_header(whole);
	struct frame f = *whole;
	uint8_t *ip = f.data + ETHER;

	memset(f.data + ETHER + header, 0, sizeof(f.data) - ETHER - header);
	if (header == 20) {
		put16(ip + 2, 20 + length);
		put16(ip + 4, id);
		put16(ip + 6, offset / 8 | (more ? 0x2000 : 0));
	} else {
		put16(ip + 4, 8 + length);
		ip[40] = ip[6];
		ip[6] = 44;
		ip[41] = 0;
		put16(ip + 42, offset | more);
		put32(ip + 44, id);
	}
	f.length = ETHER + header_of(whole) + length;
	if (offset < ip_length(whole) - header) {
		unsigned int there = ip_length(whole) - header - offset;

		memcpy(ip + header_of(whole), whole->data + ETHER + header + offset,
		       length < there ? length : there);
	}
	if (header == 20)
		put16(ip + 10, ip_sum(&f));
	return f;
}

/* All pieces but the last are of the same size. */
static inline void cut(const struct frame *whole, uint32_t id, struct frame pieces[PIECES])
{
	unsigned int length = ip_length(whole) - ip_header(whole), i;
	unsigned int size = (length / PIECES + 7) & ~7u;

	for (i = 0; i < PIECES; i++)
		pieces[i] = piece(whole, id, i * size, i < PIECES - 1 ? size : length - i * size,
				  i < PIECES - 1);
}

static inline uint32_t id_of(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? get16(ip + 4) : (uint32_t)get16(ip + 44) << 16 | get16(ip + 46);
}

static inline unsigned int offset_of(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? (get16(ip + 6) & 0x1fff) * 8 : get16(ip + 42) & 0xfff8;
}

static inline unsigned int data_of(const struct frame *f)
{
	return ip_length(f) - header_of(f);
}

/* What a receiver makes of the pieces; asserts that they are of one datagram. */
static inline struct frame together(struct frame *pieces, unsigned int count)
{
	unsigned int header = ip_header(pieces), length = 0, i;
	struct frame f = pieces[0];
	uint8_t *ip = f.data + ETHER;

	for (i = 0; i < count; i++) {
		struct frame *p = &pieces[i];

		assert_int_equal(id_of(p), id_of(pieces));
		if (header == 20) {
			assert_memory_equal(p->data + ETHER + 12, ip + 12, 8);
			assert_int_equal(get16(p->data + ETHER + 10), ip_sum(p));
		} else {
			assert_memory_equal(p->data + ETHER + 8, ip + 8, 32);
		}
		assert_memory_equal(p->data, f.data, 12);
		memcpy(ip + header + offset_of(p), p->data + ETHER + header_of(p), data_of(p));
		length += data_of(p);
	}
	if (header == 20) {
		put16(ip + 2, 20 + length);
		put16(ip + 6, 0);
		put16(ip + 10, ip_sum(&f));
	} else {
		put16(ip + 4, length);
		ip[6] = pieces[0].data[ETHER + 40];
	}
	f.length = ETHER + header + length;
	return f;
}

static inline int hold(void *context, void *data, size_t size)
{
	struct fragment_note *note = data;

	(void)context;
	assert_true(size >= FRAGMENT_NOTE_HEAD && size >= FRAGMENT_NOTE_HEAD + note->length);
	if (!note->length) {
		held.wakes++;
		return 0;
	}
	assert_true(held.count < HELD_MAX);
	memcpy(&held.at[held.count++], note, FRAGMENT_NOTE_HEAD + note->length);
	return 0;
}

/* There is a daemon, which holds `count` and may hold `limit`. */
static inline void daemon_is_there(unsigned int count, unsigned int limit)
{
	struct fragment_holder holder = {monotonic() + 19 * NANOSECONDS / 10, count, limit, 0, 0, 0};
	unsigned int zero = 0;

	put("fragment_holder", &zero, &holder);
}

static inline void daemon_is_gone(void)
{
	unsigned int zero = 0;

	put("fragment_holder", &zero, &(struct fragment_holder){0});
}

/* A held frame, put back with the mark that says so. */
static inline struct outcome put_back(enum device in, const struct fragment_note *note)
{
	struct fragment_returned mark = {.magic = FRAGMENT_MAGIC};
	struct frame frame = {.length = note->length};

	assert_true(note->length <= sizeof(frame.data));
	memcpy(frame.data, note->frame, note->length);
	return run_behind(in, &mark, sizeof(mark), &frame);
}

/* The rates of this second, of every source and of all. */
static inline void rates_forget(void)
{
	uint8_t none[64 * 8] = {0};
	unsigned int i;

	for (i = 0; i <= 1024; i++)
		put("fragment_rates", &i, none);
}

/* Table, ring and naive daemon as at the start. */
static inline int pieces_reset(void **state)
{
	static const struct fragment_set4 four;
	static const struct fragment_set6 six;
	unsigned int i;

	if (!held.ring)
		held.ring = ring_buffer__new(map_of("fragment_notes"), hold, NULL, NULL);
	assert_non_null(held.ring);
	ring_buffer__consume(held.ring);
	held.count = held.wakes = 0;
	for (i = 0; i < FRAGMENT_SETS; i++) {
		put("fragments4", &i, &four);
		put("fragments6", &i, &six);
	}
	rates_forget();
	daemon_is_there(0, 1024);
	return rig_reset(state);
}

#endif
