/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames with something between the IP header and the transport: IPv4 options, IPv6 extension headers. */
#ifndef SAMEPATH_TEST_CHAIN_H
#define SAMEPATH_TEST_CHAIN_H

#include "frame.h"

#define HOP_BY_HOP 0
#define ROUTING 43
#define FRAGMENT 44
#define AUTHENTICATION 51
#define NO_NEXT 59
#define DESTINATION 60

/* The sum of the IPv4 header, options and all. */
static inline uint16_t ip_sum_whole(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return sum_end(sum_bytes(ip, (ip[0] & 15) * 4) - get16(ip + 10));
}

static inline void length_add(struct frame *f, int bytes)
{
	uint8_t *ip = f->data + ETHER;

	f->length += bytes;
	if (ip[0] >> 4 == 6) {
		put16(ip + 4, get16(ip + 4) + bytes);
		return;
	}
	ip[0] += bytes / 4;
	put16(ip + 2, get16(ip + 2) + bytes);
	put16(ip + 10, ip_sum_whole(f));
}

/* Puts the bytes between the IP header and what follows it; of IPv4, a whole number of words. */
static inline void frame_insert(struct frame *f, const uint8_t *bytes, unsigned int count)
{
	unsigned int at = ETHER + ip_header(f);

	memmove(f->data + at + count, f->data + at, f->length - at);
	memcpy(f->data + at, bytes, count);
	length_add(f, count);
}

/* And takes them out, with the sum of the IPv4 header as right or wrong as it was. */
static inline void frame_remove(struct frame *f, unsigned int count)
{
	unsigned int at = ETHER + ip_header(f);

	memmove(f->data + at, f->data + at + count, f->length - at - count);
	length_add(f, -(int)count);
}

/* An IPv6 extension header before what is there: its second byte and what follows are given. */
static inline void frame_extend(struct frame *f, uint8_t type, const uint8_t *rest, unsigned int count)
{
	uint8_t bytes[2048], *next = f->data + ETHER + 6;

	bytes[0] = *next;
	memcpy(bytes + 1, rest, count);
	*next = type;
	frame_insert(f, bytes, count + 1);
}

#endif
