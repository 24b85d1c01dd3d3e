/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames for the tests of the packet path: built from a tuple, taken apart into one, and their
 * checksums computed anew and naively, so that the incremental arithmetic has a judge.
 */
#ifndef SAMEPATH_TEST_FRAME_H
#define SAMEPATH_TEST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#define ETHER 14u
#define SYN 0x02
#define ACK 0x10
#define FIN 0x01
#define RST 0x04

struct frame {
	uint8_t data[2048];
	unsigned int length;
};

/* Ports in host order; addresses of IPv4 as mapped. The identifier of an echo is its port. */
struct tuple {
	int family; /* 4 or 6 */
	uint8_t protocol;
	uint16_t sport;
	uint16_t dport;
	struct in6_addr saddr;
	struct in6_addr daddr;
};

/* What else there is to a packet; all zero is an ordinary one. */
struct shape {
	uint8_t tcp; /* flags, 0: SYN */
	uint8_t ttl; /* 0: 64 */
	bool answer; /* echo reply */
	bool no_sum; /* UDP without checksum */
	bool bad_sum;
	bool whole; /* don't fragment */
	uint16_t payload;
	uint32_t seq, ack; /* TCP; a SYN-ACK without `ack` acknowledges a SYN without `seq` */
	uint16_t window;
	const uint8_t *options; /* TCP, */
	uint8_t options_length; /* a multiple of four */
};

static inline uint8_t icmp_of(int family)
{
	return family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static inline void put16(uint8_t *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static inline unsigned int get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static inline struct in6_addr address(const char *text)
{
	struct in6_addr a = {0};

	if (strchr(text, ':')) {
		inet_pton(AF_INET6, text, &a);
		return a;
	}
	a.s6_addr[10] = a.s6_addr[11] = 0xff;
	inet_pton(AF_INET, text, &a.s6_addr[12]);
	return a;
}

static inline bool same_address(struct in6_addr a, struct in6_addr b)
{
	return !memcmp(&a, &b, sizeof(a));
}

static inline uint64_t sum_bytes(const uint8_t *at, size_t length)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < length; i++)
		sum += (uint64_t)at[i] << (i & 1 ? 0 : 8);
	return sum;
}

static inline uint16_t sum_end(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline unsigned int ip_header(const struct frame *f)
{
	return f->data[ETHER] >> 4 == 4 ? 20 : 40;
}

static inline unsigned int ip_length(const struct frame *f)
{
	const uint8_t *ip = f->data + ETHER;

	return ip[0] >> 4 == 4 ? get16(ip + 2) : 40 + get16(ip + 4);
}

static inline uint8_t *l4_of(struct frame *f)
{
	return f->data + ETHER + ip_header(f);
}

/* Where the transport's checksum stands, from the start of the transport header. */
static inline unsigned int sum_at(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

/* Computed over everything but the checksum itself. */
static inline uint16_t transport_sum(struct frame *f, uint8_t protocol)
{
	uint8_t *l4 = l4_of(f), *ip = f->data + ETHER;
	unsigned int length = ip_length(f) - ip_header(f);
	uint64_t sum = sum_bytes(l4, length) - get16(l4 + sum_at(protocol));
	uint16_t end;

	if (ip_header(f) == 40)
		sum += sum_bytes(ip + 8, 32) + length + protocol;
	else if (protocol != IPPROTO_ICMP)
		sum += sum_bytes(ip + 12, 8) + length + protocol;
	end = sum_end(sum);
	return !end && protocol == IPPROTO_UDP ? 0xffff : end;
}

static inline uint16_t ip_sum(struct frame *f)
{
	uint8_t *ip = f->data + ETHER;

	return sum_end(sum_bytes(ip, 20) - get16(ip + 10));
}

static inline uint8_t protocol_of(const struct frame *f)
{
	return f->data[ETHER + (ip_header(f) == 20 ? 9 : 6)];
}

/* Both checksums equal what a full computation gives. */
static inline bool sums_right(struct frame *f)
{
	uint8_t protocol = protocol_of(f);

	if (ip_header(f) == 20 && get16(f->data + ETHER + 10) != ip_sum(f))
		return false;
	return get16(l4_of(f) + sum_at(protocol)) == transport_sum(f, protocol);
}

static inline void sums_set(struct frame *f)
{
	uint8_t protocol = protocol_of(f);

	if (ip_header(f) == 20)
		put16(f->data + ETHER + 10, ip_sum(f));
	put16(l4_of(f) + sum_at(protocol), transport_sum(f, protocol));
}

static inline unsigned int frame_l4(uint8_t *l4, const struct tuple *t, const struct shape *s)
{
	if (t->protocol == IPPROTO_TCP) {
		put16(l4, t->sport);
		put16(l4 + 2, t->dport);
		put32(l4 + 4, s->seq);
		put32(l4 + 8, s->tcp == (SYN | ACK) && !s->ack ? 1 : s->ack);
		l4[12] = (5 + s->options_length / 4) << 4;
		l4[13] = s->tcp ? s->tcp : SYN;
		put16(l4 + 14, s->window);
		if (s->options_length)
			memcpy(l4 + 20, s->options, s->options_length);
		return 20 + s->options_length;
	}
	if (t->protocol == IPPROTO_UDP) {
		put16(l4, t->sport);
		put16(l4 + 2, t->dport);
		put16(l4 + 4, 8 + s->payload);
		return 8;
	}
	if (t->family == 4)
		l4[0] = s->answer ? 0 : 8;
	else
		l4[0] = s->answer ? 129 : 128;
	put16(l4 + 4, s->answer ? t->dport : t->sport);
	put16(l4 + 6, 1);
	return 8;
}

static inline void frame_ip(struct frame *f, const struct tuple *t, const struct shape *s,
			    unsigned int length)
{
	uint8_t *ip = f->data + ETHER;

	if (t->family == 4) {
		ip[0] = 0x45;
		put16(ip + 2, 20 + length);
		put16(ip + 4, 0x1234);
		put16(ip + 6, s->whole ? 0x4000 : 0);
		ip[8] = s->ttl ? s->ttl : 64;
		ip[9] = t->protocol;
		memcpy(ip + 12, &t->saddr.s6_addr[12], 4);
		memcpy(ip + 16, &t->daddr.s6_addr[12], 4);
		return;
	}
	ip[0] = 0x60;
	put16(ip + 4, length);
	ip[6] = t->protocol;
	ip[7] = s->ttl ? s->ttl : 64;
	memcpy(ip + 8, &t->saddr, 16);
	memcpy(ip + 24, &t->daddr, 16);
}

static inline struct frame frame_make(const struct tuple *t, const struct shape *shape)
{
	static const struct shape plain;
	const struct shape *s = shape ? shape : &plain;
	struct frame f = {.length = 0};
	unsigned int header = t->family == 4 ? 20 : 40, length, i;
	uint8_t *l4 = f.data + ETHER + header;

	memcpy(f.data, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(f.data + 12, t->family == 4 ? 0x0800 : 0x86dd);
	length = frame_l4(l4, t, s);
	for (i = 0; i < s->payload; i++)
		l4[length + i] = i * 7 + 3;
	length += s->payload;
	frame_ip(&f, t, s, length);
	f.length = ETHER + header + length;
	sums_set(&f);
	if (s->no_sum)
		put16(l4 + sum_at(t->protocol), 0);
	if (s->bad_sum)
		put16(l4 + sum_at(t->protocol), get16(l4 + sum_at(t->protocol)) ^ 0x0101);
	return f;
}

/* The tuple as it stands in the frame; an echo's identifier is its source or destination port. */
static inline struct tuple tuple_of(struct frame *f)
{
	struct tuple t = {.family = ip_header(f) == 20 ? 4 : 6, .protocol = protocol_of(f)};
	uint8_t *ip = f->data + ETHER, *l4 = l4_of(f);

	if (t.family == 4) {
		t.saddr = t.daddr = address("0.0.0.0");
		memcpy(&t.saddr.s6_addr[12], ip + 12, 4);
		memcpy(&t.daddr.s6_addr[12], ip + 16, 4);
	} else {
		memcpy(&t.saddr, ip + 8, 16);
		memcpy(&t.daddr, ip + 24, 16);
	}
	if (t.protocol == IPPROTO_TCP || t.protocol == IPPROTO_UDP) {
		t.sport = get16(l4);
		t.dport = get16(l4 + 2);
	} else if (l4[0] == 0 || l4[0] == 129) {
		t.dport = get16(l4 + 4);
	} else {
		t.sport = get16(l4 + 4);
	}
	return t;
}

static inline struct tuple turned(struct tuple t)
{
	struct tuple back = t;

	back.saddr = t.daddr;
	back.daddr = t.saddr;
	back.sport = t.dport;
	back.dport = t.sport;
	return back;
}

static inline bool same_tuple(struct tuple a, struct tuple b)
{
	return a.family == b.family && a.protocol == b.protocol && a.sport == b.sport &&
	       a.dport == b.dport && same_address(a.saddr, b.saddr) &&
	       same_address(a.daddr, b.daddr);
}

#endif
