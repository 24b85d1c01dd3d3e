/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames for watch_test.c, and a gateway of one inside wire and three of circuits. */
#ifndef SAMEPATH_WATCH_HELP_H
#define SAMEPATH_WATCH_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../lib/watch_judge.h"

#define LAN 0
#define ER0 1
#define ER1 2
#define WAN 3
#define FROM false
#define TOWARD true
#define TCP_SYN 0x02
#define TCP_ACK 0x10

#define CLIENT "10.1.20.2"
#define OTHER "10.1.20.3"
#define SERVER "198.18.1.10"
#define POOL "203.0.113.33"
#define PUBLIC "198.51.100.5"
#define INBOUND "192.168.1.7"
#define CLIENT6 "2001:db8:10:20::2"
#define SERVER6 "2001:db8:e::10"
#define POOL6 "2001:db8:1::7"

static void lost_none(void) /* no ring here loses any */
{
}

struct frame {
	unsigned char at[512];
	size_t size;
};

static uint32_t now;
static unsigned int serial; /* makes each packet another */

static int setup(void **state)
{
	static const char *const lines[] = {
		"wire lan0 - - inside", "wire er0 - - chicago", "wire er1 - - chicago", "wire wan0 - - internet",
		"own lan0 10.1.20.1", "own er0 172.16.0.1", "own er1 172.16.0.5",
		"pool chicago 203.0.113.32/28 each", "pool chicago 2001:db8:1::/64", "pool internet 203.0.113.0/28",
		"public 198.51.100.5", "inbound chicago 192.168.1.0/24", "inside 10.0.0.0/8", "inside 2001:db8:10::/48",
		"host 10.1.20.2", "only 198.18.1.0/24 chicago", "life 19",
	};
	char line[64];
	size_t i;

	(void)state;
	memset(noted, 0, sizeof(noted));
	memset(worn, 0, sizeof(worn));
	wire_count = circuit_count = owned_count = 0;
	memset(wires, 0, sizeof(wires));
	now = 1000;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(line, sizeof(line), "%s", lines[i]);
		assert_true(rule_read(line));
	}
	snprintf(line, sizeof(line), "pools chicago");
	assert_false(rule_read(line));
	return 0;
}

static void put16(unsigned char *at, unsigned int value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static unsigned char *ip_make(struct frame *f, unsigned int protocol, const char *src, const char *dst,
			      unsigned int ttl, size_t size)
{
	bool six = strchr(src, ':');
	unsigned char *l3 = f->at + ETH_HLEN;

	memset(f, 0, sizeof(*f));
	put16(f->at + 12, six ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	f->size = ETH_HLEN + (six ? 40 : 20) + size;
	if (six) {
		l3[0] = 0x60;
		put16(l3 + 4, (unsigned int)size);
		l3[6] = (unsigned char)protocol;
		l3[7] = (unsigned char)ttl;
		assert_int_equal(1, inet_pton(AF_INET6, src, l3 + 8));
		assert_int_equal(1, inet_pton(AF_INET6, dst, l3 + 24));
		return l3 + 40;
	}
	l3[0] = 0x45;
	put16(l3 + 2, (unsigned int)size + 20);
	l3[8] = (unsigned char)ttl;
	l3[9] = (unsigned char)protocol;
	assert_int_equal(1, inet_pton(AF_INET, src, l3 + 12));
	assert_int_equal(1, inet_pton(AF_INET, dst, l3 + 16));
	put16(l3 + 10, ~sum16(l3, 20, 0));
	return l3 + 20;
}

/* Writes the checksum that lies at l4 + offset. */
static void sums_make(struct frame *f, unsigned char *l4, unsigned int offset, unsigned int protocol)
{
	size_t size = (size_t)(f->at + f->size - l4), addresses = l4 - f->at == ETH_HLEN + 40 ? 32 : 8;
	uint64_t pseudo = protocol == IPPROTO_ICMP ? 0 : sum16(l4 - addresses, addresses, protocol + size);

	put16(l4 + offset, ~sum16(l4, size, pseudo));
}

/* A packet with the body of the number `serial`: what the same number makes again is the same packet. */
static struct frame udp(const char *src, unsigned int sport, const char *dst, unsigned int dport, unsigned int ttl)
{
	struct frame f;
	unsigned char *l4 = ip_make(&f, IPPROTO_UDP, src, dst, ttl, 12);

	put16(l4, sport);
	put16(l4 + 2, dport);
	put16(l4 + 4, 12);
	put16(l4 + 10, serial);
	sums_make(&f, l4, 6, IPPROTO_UDP);
	return f;
}

static struct frame tcp(const char *src, unsigned int sport, const char *dst, unsigned int dport, unsigned int ttl,
			unsigned char flags)
{
	struct frame f;
	unsigned char *l4 = ip_make(&f, IPPROTO_TCP, src, dst, ttl, 20);

	put16(l4, sport);
	put16(l4 + 2, dport);
	put16(l4 + 6, serial);
	l4[12] = 5 << 4;
	l4[13] = flags;
	sums_make(&f, l4, 16, IPPROTO_TCP);
	return f;
}

/* "Port unreachable" about a packet. */
static struct frame error(const char *src, const char *dst, const struct frame *about)
{
	bool six = strchr(src, ':');
	unsigned int protocol = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	struct frame f;
	unsigned char *l4 = ip_make(&f, protocol, src, dst, 63, 8 + about->size - ETH_HLEN);

	l4[0] = six ? 1 : 3;
	l4[1] = 3;
	memcpy(l4 + 8, about->at + ETH_HLEN, about->size - ETH_HLEN);
	sums_make(&f, l4, 2, protocol);
	return f;
}

static void on(int wire, bool toward, struct frame f)
{
	judge(&wires[wire], toward, f.at, f.size, now);
}

/* One of inside, translated there and back. */
static void converse(const char *client, unsigned int sport, const char *pool, unsigned int pool_port,
		     const char *server, int wire)
{
	serial++;
	on(LAN, TOWARD, udp(client, sport, server, 53, 64));
	on(wire, FROM, udp(pool, pool_port, server, 53, 63));
	serial++;
	on(wire, TOWARD, udp(server, 53, pool, pool_port, 64));
	on(LAN, FROM, udp(server, 53, client, sport, 63));
}

static void serve(unsigned int port, int wire, const char *inbound, unsigned char flags)
{
	serial++;
	on(wire, TOWARD, tcp(SERVER, port, PUBLIC, 80, 64, flags));
	on(LAN, FROM, tcp(inbound, port, OTHER, 80, 63, flags));
	serial++;
	on(LAN, TOWARD, tcp(OTHER, 80, inbound, port, 64, TCP_ACK));
	on(wire, FROM, tcp(PUBLIC, 80, SERVER, port, 63, TCP_ACK));
}

/* Exactly these have risen by one since the beginning; COUNT_NONE: none has. */
static void risen(enum count count)
{
	static const char *const words[] = {
#define WORD(name, word, invariant, text) word,
		COUNTS(WORD)
#undef WORD
	};
	uint64_t sum;
	int i, w;

	for (i = 0; i < COUNT_MAX; i++) {
		for (sum = 0, w = 0; w < wire_count; w++)
			sum += wires[w].counts[i];
		if (sum != (i == (int)count))
			fail_msg("%s is %d", words[i], (int)sum);
	}
}

#endif
