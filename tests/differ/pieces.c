// SPDX-License-Identifier: GPL-2.0-only
/*
 * pieces: datagrams in fragments. The kernel puts them together before it translates, samepath sends on each by
 * itself; to the host at the end it is the same, and so it is here: what came in pieces is compared whole.
 */
#include <string.h>

#include "event.h"

#define PIECES_MAX 4
#define FRAGMENT_HEADER 8

/* The order in which they are sent: which one is the i-th. */
static int piece_at(uint8_t pieces, uint8_t order, int i)
{
	int left[PIECES_MAX] = {0, 1, 2, 3}, count = pieces, at = 0;

	for (int turn = 0; turn <= i; turn++) {
		int place = order % count, chosen = left[place];

		order /= count;
		memmove(&left[place], &left[place + 1], (count - place - 1) * sizeof(left[0]));
		count--;
		at = chosen;
	}
	return at;
}

static void write_piece(const struct event *e, const struct frame *whole, const struct view *v, uint32_t from,
			uint32_t length, struct frame *piece)
{
	uint8_t *ip = piece->bytes + ETHERNET;
	uint32_t header = v->l4 - ETHERNET, gap = v->family == 6 ? FRAGMENT_HEADER : 0;
	bool more = from + length < (uint32_t)v->end - v->l4;

	memcpy(piece->bytes, whole->bytes, v->l4);
	memcpy(piece->bytes + v->l4 + gap, whole->bytes + v->l4 + from, length);
	piece->length = v->l4 + gap + length;
	if (v->family == 4) {
		put16(ip + 2, header + length);
		put16(ip + 6, from / 8 | (more ? 0x2000 : 0));
		frame_sum4(piece, ETHERNET);
		return;
	}
	put16(ip + 4, gap + length);
	ip[header] = ip[6];
	ip[6] = IPPROTO_FRAGMENT;
	ip[header + 1] = 0;
	put16(ip + header + 2, from | more);
	put32(ip + header + 4, e->salt);
}

bool pieces_cut(const struct event *e, const struct frame *whole, int i, struct frame *piece)
{
	int count = e->pieces, last = count - 1, which;
	uint32_t length, size, from;
	struct view v;

	if (e->odd == FRAGMENT_TWICE) { /* the second is the first once more */
		count--;
		last--;
		i -= i > 0;
	}
	which = piece_at(count, e->order, i);
	if (!frame_read(whole, &v) || (e->odd == FRAGMENT_GONE && which == (int)(e->salt % count)))
		return false;
	length = v.end - v.l4;
	size = (length / count + 7) & ~7u;
	from = which * size;
	if (from >= length)
		return false;
	size = which == last || from + size > length ? length - from : size;
	if (e->odd == FRAGMENT_LAPS && which == 1) {
		from -= 8;
		size += 8;
	}
	write_piece(e, whole, &v, from, size, piece);
	return true;
}

struct join {
	struct output *out;
	struct view views[OUTPUT_MAX];
	bool used[OUTPUT_MAX];
};

static bool same_datagram(const struct join *j, int a, int b)
{
	const struct view *v = &j->views[a], *w = &j->views[b];

	return j->out->wire[a] == j->out->wire[b] && w->fragment && v->id == w->id && v->family == w->family &&
	       v->protocol == w->protocol && same_address(&v->from.address, &w->from.address) &&
	       same_address(&v->to.address, &w->to.address);
}

/* The piece that begins there and is as far as the others like the first. */
static int next_piece(const struct join *j, int first, uint32_t offset)
{
	const uint8_t *ip = j->out->frame[first].bytes + ETHERNET, *other;
	bool four = j->views[first].family == 4;

	for (int i = 0; i < j->out->count; i++) {
		other = j->out->frame[i].bytes + ETHERNET;
		if (same_datagram(j, first, i) && j->views[i].offset == offset && ip[1] == other[1] &&
		    ip[four ? 8 : 7] == other[four ? 8 : 7])
			return i;
	}
	return -1;
}

static void finish(struct frame *f, const struct view *v, uint32_t length)
{
	uint8_t *ip = f->bytes + ETHERNET;
	uint32_t header = v->l4 - ETHERNET;

	f->length = v->l4 + length;
	if (v->family == 4) {
		put16(ip + 2, header + length);
		put16(ip + 6, get16(ip + 6) & 0xc000);
		frame_sum4(f, ETHERNET);
		return;
	}
	ip[6] = f->bytes[v->unit];
	memmove(f->bytes + v->unit, f->bytes + v->unit + FRAGMENT_HEADER, f->length - v->unit);
	f->length -= FRAGMENT_HEADER;
	put16(ip + 4, f->length - ETHERNET - 40);
}

/* From its first piece on; false: one is missing. */
static bool join_from(struct join *j, int first)
{
	static struct frame whole;
	const struct view *v = &j->views[first];
	uint32_t length = 0, n;
	bool used[OUTPUT_MAX] = {};
	int at = first;

	whole = j->out->frame[first];
	for (;;) {
		n = j->views[at].end - j->views[at].l4;
		if (v->l4 + length + n > FRAME_MAX || used[at] || !n)
			return false;
		memcpy(whole.bytes + v->l4 + length, j->out->frame[at].bytes + j->views[at].l4, n);
		used[at] = true;
		length += n;
		if (!j->views[at].more)
			break;
		at = next_piece(j, first, length);
		if (at < 0)
			return false;
	}
	finish(&whole, v, length);
	j->out->frame[first] = whole;
	for (int i = 0; i < j->out->count; i++)
		j->used[i] |= i != first && same_datagram(j, first, i);
	j->views[first].fragment = false;
	return true;
}

void pieces_join(struct output *out)
{
	static struct join j;
	int kept = 0;

	j = (struct join){.out = out};
	for (int i = 0; i < out->count; i++)
		if (!frame_read(&out->frame[i], &j.views[i]))
			j.views[i].fragment = false;
	for (int i = 0; i < out->count; i++)
		if (j.views[i].fragment && !j.views[i].offset && !j.used[i])
			join_from(&j, i);
	for (int i = 0; i < out->count; i++) {
		if (j.used[i])
			continue;
		if (kept != i) {
			out->frame[kept] = out->frame[i];
			out->wire[kept] = out->wire[i];
		}
		kept++;
	}
	out->count = kept;
}
