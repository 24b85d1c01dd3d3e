// SPDX-License-Identifier: GPL-2.0-only
/* The packet of an explanation: read from words, and made. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "flow_filter.h"
#include "prefix.h"
#include "print.h"

#define ETHERNET 14
#define QUOTE 8 /* bytes of the transport header that a router must quote (RFC 792) */

static const struct error {
	const char *name;
	uint8_t type4, code4, type6, code6;
} errors[] = {
	{ "unreachable", ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR },
	{ "port-unreachable", ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT },
	{ "too-big", ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, ICMP6_PACKET_TOO_BIG, 0 },
	{ "time-exceeded", ICMP_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0 },
};

static const struct error *error_named(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, name))
			return &errors[i];
	return NULL;
}

static int number(const char *what, const char *text, unsigned long most, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *out <= most)
		return 0;
	print_error("explain: %s %s: not a number from 0 to %lu", what, text, most);
	return -EINVAL;
}

static int read_protocol(const char *text, struct explain_packet *p)
{
	const struct protoent *known;
	unsigned long value;

	if (!strcmp(text, "echo-reply"))
		p->reply = true;
	if (!strcmp(text, "icmp") || !strcmp(text, "echo") || p->reply) {
		p->protocol = IPPROTO_ICMP; /* of IPv6 its own, once the addresses are known */
		return 0;
	}
	if (*text >= '0' && *text <= '9') {
		if (number("protocol", text, 255, &value))
			return -EINVAL;
		p->protocol = (uint8_t)value;
		return 0;
	}
	/* these without /etc/protocols, which a small system may not have */
	if (!strcmp(text, "tcp") || !strcmp(text, "udp")) {
		p->protocol = text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
		return 0;
	}
	known = getprotobyname(text);
	if (known) {
		p->protocol = (uint8_t)known->p_proto;
		return 0;
	}
	print_error("explain: %s: not a protocol; accepted: tcp, udp, icmp, echo-reply, a name of /etc/protocols, a "
		    "number, or an ICMP error: unreachable, port-unreachable, too-big, time-exceeded", text);
	return -EINVAL;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80". */
static int read_endpoint(const char *text, struct in6_addr *address, uint8_t *family, uint16_t *port)
{
	const char *first = text, *end = text + strlen(text), *colon = strrchr(text, ':'), *why;
	char bare[INET6_ADDRSTRLEN + 1];
	struct prefix parsed;
	unsigned long value = 0;

	if (*text == '[' && (end = strchr(text, ']'))) {
		first++;
		colon = end[1] == ':' ? end + 1 : NULL;
		if (end[1] && !colon)
			end = text;
	} else if (colon && strchr(text, ':') == colon) {
		end = colon;
	} else {
		colon = NULL;
	}
	if (end <= first || (size_t)(end - first) >= sizeof(bare)) {
		print_error("explain: %s: not an address; accepted: 192.0.2.1:443, [2001:db8::1]:443, or without a port",
			    text);
		return -EINVAL;
	}
	snprintf(bare, sizeof(bare), "%.*s", (int)(end - first), first);
	if (address_parse(bare, &parsed, &why)) {
		print_error("explain: %s: %s; accepted: 192.0.2.1:443, [2001:db8::1]:443, or without a port", text, why);
		return -EINVAL;
	}
	if (colon && number("port", colon + 1, 65535, &value))
		return -EINVAL;
	*address = parsed.address;
	*family = parsed.family;
	*port = (uint16_t)value;
	return 0;
}

static bool has_ports(const struct explain_packet *p)
{
	return p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP;
}

/* Protocol, source and destination: three words. */
static int read_packet(char **argv, struct explain_packet *p)
{
	uint8_t family;

	*p = (struct explain_packet){ .ttl = 64, .flags = TH_SYN };
	if (read_protocol(argv[0], p) || read_endpoint(argv[1], &p->saddr, &p->family, &p->sport) ||
	    read_endpoint(argv[2], &p->daddr, &family, &p->dport))
		return -EINVAL;
	if (family != p->family) {
		print_error("explain: %s and %s: not of one family", argv[1], argv[2]);
		return -EINVAL;
	}
	if (p->protocol == IPPROTO_ICMP && p->family == 6)
		p->protocol = IPPROTO_ICMPV6;
	if (!has_ports(p) || (p->sport && p->dport))
		return 0;
	print_error("explain: %s %s %s: a port is missing; accepted: 192.0.2.1:443", argv[0], argv[1], argv[2]);
	return -EINVAL;
}

static int read_flags(const char *text, uint8_t *flags)
{
	static const struct { const char *name; uint8_t bit; } names[] = {
		{ "syn", TH_SYN }, { "ack", TH_ACK }, { "fin", TH_FIN }, { "rst", TH_RST }, { "psh", TH_PUSH },
	};
	char copy[64], *at = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text);
	for (*flags = 0; (word = strsep(&at, ","));) {
		size_t i = 0;

		while (i < sizeof(names) / sizeof(names[0]) && strcasecmp(names[i].name, word))
			i++;
		if (i == sizeof(names) / sizeof(names[0])) {
			print_error("explain: flags %s: accepted are syn, ack, fin, rst and psh, with commas", text);
			return -EINVAL;
		}
		*flags |= names[i].bit;
	}
	return 0;
}

static int read_word(struct explain_request *q, const char *word, const char *value)
{
	unsigned long n = 0;
	int err = 0;

	if (!strcmp(word, "on")) {
		q->interface = value;
	} else if (!strcmp(word, "flags")) {
		q->flags_given = true;
		err = read_flags(value, &q->packet.flags);
	} else if (!strcmp(word, "ttl")) {
		err = number(word, value, 255, &n);
		q->packet.ttl = (uint8_t)n;
	} else if (!strcmp(word, "size")) {
		err = number(word, value, EXPLAIN_SIZE, &n);
		q->packet.size = (uint16_t)n;
	} else {
		print_error("explain: %s: unknown; accepted: on INTERFACE, flags, ttl, size, and of an ICMP error about", word);
		err = -EINVAL;
	}
	return err;
}

static int read_error(struct explain_request *q, const struct error *e, int argc, char **argv)
{
	if (argc < 7 || strcmp(argv[3], "about")) {
		print_error("explain %s: accepted: explain %s SRC DST about PROTO SRC DST", e->name, e->name);
		return -EINVAL;
	}
	argv[0] = (char *)"icmp";
	if (read_packet(argv, &q->packet) || read_packet(argv + 4, &q->about))
		return -EINVAL;
	if (q->about.family != q->packet.family) {
		print_error("explain %s: the error and what it is about are not of one family", e->name);
		return -EINVAL;
	}
	q->error = true;
	q->type = q->packet.family == 4 ? e->type4 : e->type6;
	q->code = q->packet.family == 4 ? e->code4 : e->code6;
	q->mtu = q->packet.family == 4 ? 576 : 1280;
	return 0;
}

int explain_parse(struct explain_request *q, int argc, char **argv)
{
	const struct error *e = argc ? error_named(argv[0]) : NULL;
	int at = e ? 7 : 3, err;

	memset(q, 0, sizeof(*q));
	if (argc < 3) {
		print_error("explain: accepted: explain PROTO SRC DST [on INTERFACE], as in: explain tcp 10.1.20.2:40000 "
			    "198.18.1.10:443");
		return -EINVAL;
	}
	err = e ? read_error(q, e, argc, argv) : read_packet(argv, &q->packet);
	for (; !err && at < argc; at += 2) {
		if (at + 1 == argc) {
			print_error("explain: %s: its value is missing", argv[at]);
			return -EINVAL;
		}
		err = read_word(q, argv[at], argv[at + 1]);
	}
	return err;
}

static void endpoint_text(const struct explain_packet *p, const struct in6_addr *a, uint16_t port, char *out, size_t size)
{
	char text[PREFIX_TEXT];

	if (!port)
		snprintf(out, size, "%s", address_text(a, text));
	else
		snprintf(out, size, p->family == 6 ? "[%s]:%u" : "%s:%u", address_text(a, text), port);
}

static void packet_text(const struct explain_packet *p, char *out, size_t size)
{
	static const struct { uint8_t bit; const char *name; } flags[] = {
		{ TH_SYN, " SYN" }, { TH_FIN, " FIN" }, { TH_RST, " RST" }, { TH_PUSH, " PSH" }, { TH_ACK, " ACK" },
	};
	char from[PREFIX_TEXT + 8], to[PREFIX_TEXT + 8];
	size_t used;

	endpoint_text(p, &p->saddr, p->sport, from, sizeof(from));
	endpoint_text(p, &p->daddr, p->dport, to, sizeof(to));
	used = (size_t)snprintf(out, size, "%s%s %s > %s", flow_protocol_text(p->protocol), p->reply ? " reply" : "", from,
				to);
	for (size_t i = 0; p->protocol == IPPROTO_TCP && i < sizeof(flags) / sizeof(flags[0]) && used < size; i++)
		if (p->flags & flags[i].bit)
			used += (size_t)snprintf(out + used, size - used, "%s", flags[i].name);
}

const char *explain_text(const struct explain_request *q, char *buffer, size_t size)
{
	char from[PREFIX_TEXT], to[PREFIX_TEXT], about[3 * PREFIX_TEXT];

	if (!q->error) {
		packet_text(&q->packet, buffer, size);
		return buffer;
	}
	packet_text(&q->about, about, sizeof(about));
	snprintf(buffer, size, "icmp type %u code %u %s > %s about %s", q->type, q->code,
		 address_text(&q->packet.saddr, from), address_text(&q->packet.daddr, to), about);
	return buffer;
}

static uint32_t add(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? byte[i] : (uint32_t)byte[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The transport's checksum over the pseudo-header and `size` bytes at `data` (RFC 9293 3.1, RFC 8200 8.1). */
static uint16_t transport_sum(const struct explain_packet *p, uint8_t protocol, const void *data, size_t size)
{
	size_t from = p->family == 4 ? 12 : 0;
	uint32_t sum = 0;

	if (protocol != IPPROTO_ICMP) {
		sum = add((const uint8_t *)&p->saddr + from, 16 - from, 0);
		sum = add((const uint8_t *)&p->daddr + from, 16 - from, sum);
		sum += protocol + (uint32_t)size;
	}
	return fold(add(data, size, sum));
}

static size_t transport_size(const struct explain_packet *p)
{
	return p->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : 8;
}

static size_t network_size(const struct explain_packet *p)
{
	return p->family == 4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
}

static void put_network(const struct explain_packet *p, uint8_t protocol, size_t payload, uint8_t *at)
{
	struct iphdr ip4 = { .version = 4, .ihl = 5, .ttl = p->ttl, .protocol = protocol };
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6u << 28), .ip6_nxt = protocol, .ip6_hlim = p->ttl };

	if (p->family == 6) {
		ip6.ip6_plen = htons((uint16_t)payload);
		ip6.ip6_src = p->saddr;
		ip6.ip6_dst = p->daddr;
		memcpy(at, &ip6, sizeof(ip6));
		return;
	}
	ip4.tot_len = htons((uint16_t)(sizeof(ip4) + payload));
	ip4.frag_off = htons(0x4000);
	memcpy(&ip4.saddr, &p->saddr.s6_addr32[3], 4);
	memcpy(&ip4.daddr, &p->daddr.s6_addr32[3], 4);
	ip4.check = fold(add(&ip4, sizeof(ip4), 0));
	memcpy(at, &ip4, sizeof(ip4));
}

/* The header and `size` bytes in all; they are zero before. */
static void put_transport(const struct explain_packet *p, size_t size, uint8_t *at)
{
	struct tcphdr tcp = { .source = htons(p->sport), .dest = htons(p->dport), .seq = htonl(p->seq),
			      .ack_seq = htonl(p->ack), .doff = 5, .window = htons(65535) };
	struct udphdr udp = { .source = htons(p->sport), .dest = htons(p->dport), .len = htons((uint16_t)size) };
	struct icmphdr echo = { .un.echo.id = htons(p->reply ? p->dport : p->sport), .un.echo.sequence = htons(1) };

	switch (p->protocol) {
	case IPPROTO_TCP:
		memcpy(at, &tcp, sizeof(tcp));
		at[13] = p->flags;
		tcp.check = transport_sum(p, p->protocol, at, size);
		memcpy(at + offsetof(struct tcphdr, check), &tcp.check, 2);
		break;
	case IPPROTO_UDP:
		memcpy(at, &udp, sizeof(udp));
		udp.check = transport_sum(p, p->protocol, at, size);
		if (!udp.check)
			udp.check = 0xffff;
		memcpy(at + offsetof(struct udphdr, check), &udp.check, 2);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (p->protocol == IPPROTO_ICMP)
			echo.type = p->reply ? ICMP_ECHOREPLY : ICMP_ECHO;
		else
			echo.type = p->reply ? ICMP6_ECHO_REPLY : ICMP6_ECHO_REQUEST;
		memcpy(at, &echo, sizeof(echo));
		echo.checksum = transport_sum(p, p->protocol, at, size);
		memcpy(at + offsetof(struct icmphdr, checksum), &echo.checksum, 2);
		break;
	}
}

static size_t put_tags(const uint16_t tags[2], uint8_t *at)
{
	size_t size = 0;

	for (int i = 0; i < 2 && tags[i]; i++, size += 4) {
		uint16_t tpid = htons(tags[i] & TAG_8021AD ? 0x88a8 : 0x8100), tci = htons(tags[i] & TAG_ID);

		memcpy(at + size, &tpid, 2);
		memcpy(at + size + 2, &tci, 2);
	}
	return size;
}

/* The ICMP error behind its IP header: what a router says of the packet. */
static size_t put_error(const struct explain_request *q, uint8_t *at)
{
	const struct explain_packet *about = &q->about;
	size_t network = network_size(about), whole = transport_size(about), size = 8 + network + QUOTE;
	uint8_t quote[64] = { 0 };
	uint16_t sum;

	put_network(about, about->protocol, whole, at + 8);
	put_transport(about, whole, quote);
	memcpy(at + 8 + network, quote, QUOTE);
	at[0] = q->type;
	at[1] = q->code;
	if (q->packet.family == 4 && q->code == ICMP_FRAG_NEEDED && q->type == ICMP_DEST_UNREACH) {
		at[6] = (uint8_t)(q->mtu >> 8);
		at[7] = (uint8_t)q->mtu;
	} else if (q->packet.family == 6 && q->type == ICMP6_PACKET_TOO_BIG) {
		at[6] = (uint8_t)(q->mtu >> 8);
		at[7] = (uint8_t)q->mtu;
	}
	sum = transport_sum(&q->packet, q->packet.protocol, at, size);
	memcpy(at + 2, &sum, 2);
	return size;
}

int explain_frame(const struct explain_request *q, const uint16_t tags[2], uint8_t *frame, size_t size)
{
	const struct explain_packet *p = &q->packet;
	size_t network = network_size(p), payload = transport_size(p), at;
	uint16_t type = htons(p->family == 4 ? 0x0800 : 0x86dd);

	if (p->size > network + payload)
		payload = p->size - network;
	if (size < ETHERNET + 8 + network + payload || size < 256)
		return -EMSGSIZE;
	memset(frame, 0, size);
	frame[0] = frame[6] = 2; /* local addresses, of nobody in particular */
	frame[5] = 1;
	frame[11] = 2;
	at = 12 + put_tags(tags, frame + 12);
	memcpy(frame + at, &type, 2);
	at += 2;
	if (q->error)
		payload = put_error(q, frame + at + network);
	else
		put_transport(p, payload, frame + at + network);
	put_network(p, p->protocol, payload, frame + at);
	return (int)(at + network + payload);
}
