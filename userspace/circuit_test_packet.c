// SPDX-License-Identifier: GPL-2.0-only
/* The packets of `circuit test`. */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>
#include "circuit_test.h"

static uint32_t add(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *at = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

uint8_t test_protocol(const struct test_target *t)
{
	return t->port ? IPPROTO_TCP : t->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static uint32_t put_transport(const struct test_question *q, bool reset, uint8_t *l4)
{
	uint8_t protocol = test_protocol(q->to);
	uint32_t size = q->to->port ? sizeof(struct tcphdr) : 16, sum = size + protocol;
	struct tcphdr tcp = { .source = htons(q->port),
			      .dest = htons(q->to->port),
			      .seq = htonl(q->serial + reset),
			      .doff = 5,
			      .syn = !reset,
			      .rst = reset,
			      .window = htons(reset ? 0 : 1024) };
	struct icmphdr icmp = { .type = q->to->family == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST };

	icmp.un.echo.id = htons(q->port);
	icmp.un.echo.sequence = htons((uint16_t)q->serial);
	memset(l4, 0, size);
	if (q->to->port)
		memcpy(l4, &tcp, sizeof(tcp));
	else
		memcpy(l4, &icmp, sizeof(icmp));
	/* the prefix of a mapped address adds as much to both ends as 0xffff, which is nothing */
	if (protocol == IPPROTO_ICMP)
		sum = 0;
	else
		sum = add(&q->from, 16, add(&q->to->address, 16, sum));
	sum = add(l4, size, sum);
	((uint16_t *)l4)[q->to->port ? 8 : 1] = fold(sum);
	return size;
}

uint32_t test_packet(const struct test_question *q, bool reset, uint8_t *out)
{
	bool four = q->to->family == 4;
	uint32_t head = four ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	uint32_t size = put_transport(q, reset, out + head);
	uint8_t ttl = reset ? 64 : q->ttl;

	if (four) {
		struct iphdr ip = { .version = 4,
				    .ihl = 5,
				    .tot_len = htons((uint16_t)(head + size)),
				    .ttl = ttl,
				    .protocol = test_protocol(q->to),
				    .id = htons((uint16_t)q->serial),
				    .saddr = q->from.s6_addr32[3],
				    .daddr = q->to->address.s6_addr32[3] };

		ip.check = fold(add(&ip, sizeof(ip), 0));
		memcpy(out, &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip = { .ip6_src = q->from, .ip6_dst = q->to->address };

		ip.ip6_flow = htonl(6U << 28);
		ip.ip6_plen = htons((uint16_t)size);
		ip.ip6_nxt = test_protocol(q->to);
		ip.ip6_hlim = ttl;
		memcpy(out, &ip, sizeof(ip));
	}
	return head + size;
}
