/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the headers of a packet stand, and their checksums: for tools that make packets out of others. */
#ifndef TESTS_LIB_PLACE_H
#define TESTS_LIB_PLACE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the transport header of a packet stands, if it is one of ours. */
struct place {
	size_t l4, end;
	uint8_t protocol;
	bool six;
};

static inline uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void write16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline bool icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* The packet at `l3` in `bytes`, of which `length` are there. */
static inline bool place_find(const uint8_t *bytes, size_t l3, size_t length, struct place *p)
{
	static const uint8_t least[] = {
		[IPPROTO_ICMP] = 8, [IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8, [IPPROTO_ICMPV6] = 8
	};

	if (length < l3 + 20)
		return false;
	p->six = bytes[l3] >> 4 == 6;
	if (p->six && length >= l3 + 40) {
		p->l4 = l3 + 40;
		p->end = p->l4 + read16(bytes + l3 + 4);
		p->protocol = bytes[l3 + 6];
	} else if (bytes[l3] >> 4 == 4 && !(read16(bytes + l3 + 6) & 0x3fff)) {
		p->l4 = l3 + (bytes[l3] & 15) * 4u;
		p->end = l3 + read16(bytes + l3 + 2);
		p->protocol = bytes[l3 + 9];
	} else {
		return false;
	}
	if (p->end > length)
		p->end = length;
	return p->protocol < sizeof(least) && least[p->protocol] &&
	       p->l4 + least[p->protocol] <= p->end;
}

static inline uint32_t add(uint32_t sum, const uint8_t *at, size_t size)
{
	for (; size > 1; size -= 2, at += 2)
		sum += read16(at);
	return size ? sum + (uint32_t)(*at << 8) : sum;
}

static inline uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* 0xffff: the checksum is right. */
static inline uint16_t transport_sum(const uint8_t *bytes, size_t l3, const struct place *p)
{
	uint32_t sum = add(0, bytes + p->l4, p->end - p->l4);

	if (p->protocol != IPPROTO_ICMP)
		sum = add(sum, bytes + l3 + (p->six ? 8 : 12), p->six ? 32 : 8) + p->protocol +
		      (uint32_t)(p->end - p->l4);
	return fold(sum);
}

static inline uint8_t *checksum_of(uint8_t *bytes, const struct place *p)
{
	return bytes + p->l4 +
	       (p->protocol == IPPROTO_TCP ? 16 :
		p->protocol == IPPROTO_UDP ? 6 :
					     2);
}

static inline void header_repair(uint8_t *bytes, size_t l3, size_t length)
{
	size_t size = (bytes[l3] & 15) * 4u;

	if (bytes[l3] >> 4 != 4 || size < 20 || l3 + size > length)
		return;
	write16(bytes + l3 + 10, 0);
	write16(bytes + l3 + 10, 0xffffu & ~(unsigned int)fold(add(0, bytes + l3, size)));
}

static inline bool is_error(const uint8_t *bytes, const struct place *p)
{
	uint8_t type = bytes[p->l4];

	return p->protocol == IPPROTO_ICMPV6 ? type < 128 :
					       p->protocol == IPPROTO_ICMP && type && type != 8;
}

#endif
