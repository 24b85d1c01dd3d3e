/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame as the watcher sees it: read once, with bounds, written for clarity and apart from the packet
 * path that it judges. Addresses are 16 bytes, those of IPv4 in the first four; ports are in host order.
 */
#ifndef SAMEPATH_WATCH_FRAME_H
#define SAMEPATH_WATCH_FRAME_H

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EXTENSIONS_MAX 8

struct view {
	int family; /* of ARP that of the addresses in it */
	bool arp;
	bool piece; /* of a datagram: ports, where there are any, but no sum */
	bool ported; /* the two ports are known: TCP, UDP, and echo, whose identifier is the one of the asker */
	bool error; /* ICMP that quotes */
	unsigned int protocol, type, sport, dport, ttl, identifier;
	unsigned char source[16], destination[16];
	const unsigned char *l3, *l4, *end; /* the packet ends where its IP header says */
};

static inline unsigned int get16(const unsigned char *at)
{
	return (unsigned int)(at[0] << 8 | at[1]);
}

/* Folded one's complement sum of big-endian words: 0xffff when a header with its checksum is right. */
static inline unsigned int sum16(const unsigned char *at, size_t size, uint64_t sum)
{
	for (; size > 1; at += 2, size -= 2)
		sum += get16(at);
	if (size)
		sum += (uint64_t)at[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned int)sum;
}

static inline bool view_icmp(const struct view *v)
{
	return v->protocol == IPPROTO_ICMP || v->protocol == IPPROTO_ICMPV6;
}

/* A quote may be cut anywhere behind its IP header; a packet of a wire may not. */
static inline bool transport_read(struct view *v, bool quoted)
{
	const unsigned char *l4 = v->l4;
	long left = v->end - l4;

	if (view_icmp(v)) {
		bool six = v->family == AF_INET6;

		if (left < 8)
			return quoted;
		v->type = l4[0];
		v->error = six ? v->type < 128 : v->type == 3 || v->type == 4 || v->type == 11 || v->type == 12;
		if (v->type == (six ? 128 : 8))
			v->sport = get16(l4 + 4);
		else if (v->type == (six ? 129 : 0))
			v->dport = get16(l4 + 4);
		else
			return true;
		v->ported = true;
		return true;
	}
	if (v->protocol != IPPROTO_TCP && v->protocol != IPPROTO_UDP)
		return true;
	if (left < (quoted ? 4 : v->protocol == IPPROTO_UDP ? 8 : 20))
		return quoted;
	v->sport = get16(l4);
	v->dport = get16(l4 + 2);
	v->ported = true;
	if (quoted || v->piece)
		return true;
	if (v->protocol == IPPROTO_UDP)
		return get16(l4 + 4) == left;
	return (l4[12] >> 4) >= 5 && (l4[12] >> 4) * 4 <= left;
}

static inline bool view_read4(struct view *v, const unsigned char *limit, bool quoted)
{
	const unsigned char *l3 = v->l3;
	unsigned int head, total, field;

	v->family = AF_INET;
	if (limit - l3 < 20)
		return false;
	head = (l3[0] & 15) * 4u;
	total = get16(l3 + 2);
	if (l3[0] >> 4 != 4 || head < 20 || total < head || limit - l3 < head || (!quoted && total > limit - l3))
		return false;
	v->end = total < limit - l3 ? l3 + total : limit;
	v->identifier = get16(l3 + 4);
	field = get16(l3 + 6);
	v->piece = field & 0x3fff;
	v->ttl = l3[8];
	v->protocol = l3[9];
	memcpy(v->source, l3 + 12, 4);
	memcpy(v->destination, l3 + 16, 4);
	v->l4 = l3 + head;
	return field & 0x1fff || transport_read(v, quoted);
}

static inline bool view_read6(struct view *v, const unsigned char *limit, bool quoted)
{
	const unsigned char *l3 = v->l3;
	int i;

	v->family = AF_INET6;
	if (limit - l3 < 40 || l3[0] >> 4 != 6 || (!quoted && 40 + (long)get16(l3 + 4) > limit - l3))
		return false;
	v->end = 40 + (long)get16(l3 + 4) < limit - l3 ? l3 + 40 + get16(l3 + 4) : limit;
	v->ttl = l3[7];
	v->protocol = l3[6];
	memcpy(v->source, l3 + 8, 16);
	memcpy(v->destination, l3 + 24, 16);
	v->l4 = l3 + 40;
	for (i = 0; i < EXTENSIONS_MAX; i++) {
		unsigned int next = v->protocol;

		if (next != 0 && next != 43 && next != 44 && next != 60)
			return transport_read(v, quoted);
		if (v->end - v->l4 < 8)
			return quoted;
		v->protocol = v->l4[0];
		if (next == 44) {
			v->piece = true;
			if (get16(v->l4 + 2) & 0xfff8)
				return true;
			v->l4 += 8;
		} else {
			v->l4 += (v->l4[1] + 1) * 8;
		}
	}
	return false;
}

/* False: a frame of a kind that no wire here carries, or one that contradicts itself. */
static inline bool view_read(struct view *v, const unsigned char *frame, size_t length)
{
	const unsigned char *limit = frame + length;
	unsigned int type;

	memset(v, 0, sizeof(*v));
	if (length < ETH_HLEN)
		return false;
	type = get16(frame + 12);
	v->l3 = frame + ETH_HLEN;
	v->end = limit;
	if (type == ETHERTYPE_ARP) {
		v->arp = true;
		v->family = AF_INET;
		if (length < ETH_HLEN + 28)
			return false;
		memcpy(v->source, v->l3 + 14, 4);
		memcpy(v->destination, v->l3 + 24, 4);
		return true;
	}
	if (type == ETHERTYPE_IP)
		return view_read4(v, limit, false);
	return type == ETHERTYPE_IPV6 && view_read6(v, limit, false);
}

/* What an error quotes. False: too little of it to have addresses. */
static inline bool view_quote(const struct view *error, struct view *v)
{
	memset(v, 0, sizeof(*v));
	v->l3 = error->l4 + 8;
	return error->family == AF_INET ? view_read4(v, error->end, true) : view_read6(v, error->end, true);
}

static inline bool head_sum_wrong(const struct view *v)
{
	return v->family == AF_INET && sum16(v->l3, (size_t)(v->l4 - v->l3), 0) != 0xffff;
}

/* Is a checksum of this packet wrong? Of a piece only that of its IP header can be told. */
static inline bool sums_wrong(const struct view *v)
{
	size_t left = (size_t)(v->end - v->l4), size = v->family == AF_INET ? 4 : 16;
	uint64_t pseudo = v->protocol + left;

	if (v->arp)
		return false;
	if (head_sum_wrong(v))
		return true;
	if (v->piece || (v->protocol != IPPROTO_TCP && v->protocol != IPPROTO_UDP && !view_icmp(v)))
		return false;
	if (v->protocol == IPPROTO_UDP && v->family == AF_INET && !get16(v->l4 + 6))
		return false;
	if (v->protocol == IPPROTO_ICMP)
		return sum16(v->l4, left, 0) != 0xffff;
	pseudo += sum16(v->source, size, 0) + sum16(v->destination, size, 0);
	return sum16(v->l4, left, pseudo) != 0xffff;
}

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static inline uint64_t mix_bytes(uint64_t hash, const unsigned char *at, size_t size)
{
	uint64_t word;

	for (; size >= 8; at += 8, size -= 8) {
		memcpy(&word, at, 8);
		hash = mix(hash, word);
	}
	word = size;
	memcpy(&word, at, size);
	return mix(mix(hash, word), size);
}

/* A name of what no translation changes, so that a packet is known again on the other side. */
static inline uint64_t fingerprint(const struct view *v)
{
	const unsigned char *body = v->l4 + 8, *l4 = v->l4;
	uint64_t hash = mix(v->protocol, (uint64_t)v->family);

	if (v->protocol == IPPROTO_TCP) {
		body = l4 + (l4[12] >> 4) * 4;
		hash = mix(hash, (uint64_t)get16(l4 + 4) << 16 | get16(l4 + 6));
		hash = mix(hash, (uint64_t)get16(l4 + 8) << 16 | get16(l4 + 10));
		hash = mix(hash, (uint64_t)get16(l4 + 12) << 16 | get16(l4 + 14));
	} else if (view_icmp(v)) {
		hash = mix(hash, v->type << 16 | get16(l4 + 6));
	}
	if (v->protocol != IPPROTO_TCP && v->family == AF_INET)
		hash = mix(hash, v->identifier);
	return mix_bytes(hash, body, (size_t)(v->end - body));
}

#endif
