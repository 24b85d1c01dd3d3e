/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: built from a shape, and read back into a view. Both families; the sums are computed here, by a way of
 * its own, so that what a gateway adjusts is compared with what it ought to be.
 */
#ifndef DIFFER_FRAME_H
#define DIFFER_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 4096
#define ETHERNET 14

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* One end of a conversation. IPv4 as mapped; the port in host order, of an echo its identifier. */
struct end {
	struct in6_addr address;
	uint16_t port;
};

struct frame {
	uint32_t length;
	uint8_t bytes[FRAME_MAX];
};

/* What a packet is to be. `protocol` is that of IPv4 for ICMP in both families. */
struct shape {
	uint8_t family, protocol, ttl, tos;
	bool whole; /* don't fragment */
	uint16_t id;
	struct end from, to;
	uint8_t flags, type, code; /* of TCP; of ICMP */
	uint32_t seq, ack;
	uint16_t window;
	uint32_t word; /* the second of an ICMP error: MTU, or nothing */
	uint8_t options[40], options_length; /* of TCP */
	uint8_t ip_options[40], ip_options_length; /* of IPv4, and of IPv6 a whole extension header */
	uint8_t extension; /* its kind, 0: none */
	bool no_sum; /* UDP without one */
	uint16_t payload; /* bytes, made up from `fill` */
	uint32_t fill;
	const uint8_t *body; /* instead of them */
};

/* Where what stands in a frame, and whether it can be believed. */
struct view {
	uint8_t family, protocol; /* the last header's; of ICMP that of IPv4 */
	uint16_t l3, l4, end; /* offsets in the frame */
	bool fragment, more;
	uint16_t offset; /* of the fragment, in bytes */
	uint16_t unit; /* of IPv6: offset of the fragment header in the frame */
	uint32_t id;
	struct end from, to;
	bool ports; /* it has ports, or an identifier */
	bool error; /* an ICMP error */
};

void frame_make(struct frame *f, const struct shape *s);
bool frame_read(const struct frame *f, struct view *v);
/* The same of a packet that begins at this offset of the frame: a quote. The end may be that of the frame. */
bool frame_read_at(const struct frame *f, uint32_t l3, bool quote, struct view *v);
/* 0xffff: right. What a checksum misses by, of the transport header; 0xffff too where there is none. */
uint16_t frame_residue(const struct frame *f, const struct view *v);
uint16_t frame_residue4(const struct frame *f, const struct view *v); /* of the IPv4 header */
uint16_t *frame_sum(struct frame *f, const struct view *v); /* where the transport's is, or NULL */
uint16_t sum_of(const uint8_t *bytes, uint32_t length, uint32_t start);
void frame_sum4(struct frame *f, uint32_t l3); /* the IPv4 header's, anew */
struct in6_addr mapped(uint32_t host_order);
bool is_mapped(const struct in6_addr *a);
bool same_end(const struct end *a, const struct end *b);
bool same_address(const struct in6_addr *a, const struct in6_addr *b);

static inline uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

#endif
