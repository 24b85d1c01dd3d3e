/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes a lawful packet another one, see datapath_program.h. */

/* Puts bytes into the frame at this place behind its IP header's start. */
static void insert(struct frame *f, unsigned int at, const uint8_t *bytes, unsigned int count)
{
	uint8_t *place = f->data + ETHER + at;

	if (f->length < ETHER + at)
		return;
	memmove(place + count, place, f->length - ETHER - at);
	memcpy(place, bytes, count);
	f->length += count;
}

static void twist_options(struct frame *f)
{
	static const uint8_t four[][8] = {{148, 4, 0, 0},
					  {1, 1, 148, 4, 0, 0, 0, 0},
					  {7, 7, 4, 10, 1, 20, 5, 0},
					  {131, 3, 4, 0},
					  {68, 4, 5, 0},
					  {148, 200, 0, 0},
					  {0, 9, 9, 9},
					  {130, 8, 1, 2, 3, 4, 5, 6}};
	static const uint8_t six[][8] = {{0, 0, 5, 2, 0, 0, 1, 0},
					 {0, 0, 1, 4, 0, 0, 0, 0},
					 {0, 0, 0xc9, 4, 1, 2, 3, 4},
					 {0, 0, 1, 9, 0, 0, 0, 0},
					 {0, 0, 0, 0, 0, 0, 0, 0}};
	static const uint8_t kinds[] = {0, 60, 60, 43, 51, 135, 44};
	uint8_t *ip = f->data + ETHER, bytes[8], kind;
	unsigned int count = 1 + take() % 3, size;

	if (ip_header(f) == 20) {
		memcpy(bytes, PICK(four), 8);
		size = bytes[0] == 148 || bytes[0] == 131 || bytes[0] == 68 || !bytes[0] ? 4 : 8;
		insert(f, 20, bytes, size);
		put16(ip + 2, get16(ip + 2) + size);
		ip[0] += size / 4;
		put16(ip + 10, 0);
		put16(ip + 10, sum_end(sum_bytes(ip, (ip[0] & 15) * 4)));
		return;
	}
	while (count--) {
		kind = PICK(kinds);
		memcpy(bytes, PICK(six), 8);
		bytes[0] = ip[6];
		if (kind == 44)
			memcpy(bytes + 1, "\0\0\0\0\0\0", 6);
		insert(f, 40, bytes, 8);
		ip[6] = kind;
		put16(ip + 4, get16(ip + 4) + 8);
	}
}

static struct frame fragment_of(const struct frame *whole, uint32_t id, unsigned int offset,
				unsigned int length, bool more)
{
	unsigned int head = ip_header(whole);
	uint8_t bytes[8] = {whole->data[ETHER + 6]}, *ip;
	struct frame f = *whole;

	ip = f.data + ETHER;
	memmove(ip + head, whole->data + ETHER + head + offset, length);
	f.length = ETHER + head + length;
	if (head == 20) {
		put16(ip + 2, 20 + length);
		put16(ip + 4, id);
		put16(ip + 6, offset / 8 | (more ? 0x2000 : 0));
		put16(ip + 10, ip_sum(&f));
		return f;
	}
	put16(bytes + 2, offset | more);
	put32(bytes + 4, id);
	put16(ip + 4, 8 + length);
	ip[6] = 44;
	insert(&f, 40, bytes, 8);
	return f;
}

/* One piece goes, the others may come later. */
static void twist_fragments(struct frame *f, enum device in)
{
	unsigned int head = ip_header(f), length = ip_length(f) - head, size, at = 0, n = 0, first;
	uint8_t b = take();

	if (ETHER + head + length != f->length || length < 9)
		return;
	size = (8 + b % 16 * 8 + (b & 0x80 ? 400 : 0));
	story.pieces_count = 0;
	story.pieces_in = in;
	while (at < length && n < PIECES_KEPT) {
		unsigned int part = length - at < size || n == PIECES_KEPT - 1 ? length - at : size;

		story.pieces[n++] = fragment_of(f, 7 + (b >> 5 & 3), at, part, at + part < length);
		at += part;
	}
	story.pieces_count = n;
	first = b & 0x10 ? take() % n : 0;
	*f = story.pieces[first];
}

static void twist_tags(struct frame *f)
{
	static const uint16_t tags[] = {100, 5, 0, 4095, 0xe064, 0x8000};
	uint8_t b = take(), bytes[4];
	unsigned int count = 1 + b % 3;

	while (count--) {
		put16(bytes, b & 8 ? 0x88a8 : 0x8100);
		put16(bytes + 2, PICK(tags));
		memmove(f->data + 16, f->data + 12, f->length - 12);
		memcpy(f->data + 12, bytes, 4);
		f->length += 4;
	}
}

static void twist_raw(struct frame *f)
{
	unsigned int count = 1 + take() % 4, at;

	while (count--) {
		at = take16() % f->length;
		f->data[at] = take();
	}
}

static void twist_length(struct frame *f)
{
	uint8_t b = take();

	if (b & 1) {
		memset(f->data + f->length, b, 1 + b % 24);
		f->length += 1 + b % 24;
	} else {
		f->length = 14 + take16() % (f->length - 13);
	}
}

/* Most packets stay as they are. */
static enum device twist(struct frame *f, enum device in)
{
	static const uint8_t ttls[] = {1, 2, 0, 255};
	uint8_t b = take();

	if (b < 144)
		return in;
	switch (b % 8) {
	case 0:
		f->data[ETHER + (ip_header(f) == 20 ? 8 : 7)] = PICK(ttls);
		f->data[ETHER + 1] ^= take();
		if (ip_header(f) == 20)
			put16(f->data + ETHER + 10, ip_sum(f));
		break;
	case 1:
		twist_options(f);
		if (b & 8)
			twist_tags(f);
		break;
	case 2:
	case 3:
		twist_fragments(f, in);
		break;
	case 4:
		twist_tags(f);
		break;
	case 5:
		twist_raw(f);
		break;
	case 6:
		twist_length(f);
		break;
	default:
		return take_device(in == LAN ? ER0 : in == ER0 ? WAN : ER0);
	}
	return in;
}
