// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutate: what goes over a wire, spoilt, and sent to the gateway again.
 *
 *   mutate inside|circuit INTERFACE MAC SECONDS RATE SEED ADDRESS...
 *
 * Runs at the far end of a wire of the gateway, whose address there is MAC. It hears both directions,
 * remembers frames of TCP, UDP and ICMP, and sends RATE a second that it makes of them: bits flipped, cut
 * and grown, fields set to values that are seldom right, addresses replaced by one of ADDRESS..., tails of
 * other frames, VLAN tags, errors that quote them, repeats, and frames sent back to where they came from.
 * The same SEED makes the same choices; the frames are those of this run.
 *
 * An honest conversation must survive all this, so nothing is sent that would break it on any network:
 * a frame that still has its tuple and says something else gets a checksum that its receiver rejects.
 * Where a checksum is made right again, and so the gateway's deeper stages are reached, the client's
 * port is moved among those that no client here is given (STRANGERS). Where the client's port is below
 * these the conversation is a new one, and one may not tell its host errors about it: such frames are not
 * made use of. Neighbour discovery is left alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "tests/lib/place.h"

#define FRAME_MAX 1514u
#define CORPUS 512u
#define ADDRESS_MAX 32u
#define BATCH 16u
#define STRANGERS 10000u /* to 26383: below the ports that the kernel gives out */
#define L3 ((size_t)ETH_HLEN)

struct frame {
	size_t length;
	bool heard; /* it came from the gateway */
	uint8_t bytes[FRAME_MAX + 4];
};

static struct frame corpus[CORPUS];
static size_t remembered;
static uint8_t addresses[ADDRESS_MAX][16];
static int families[ADDRESS_MAX];
static size_t address_count;
static uint8_t gateway_mac[ETH_ALEN], own_mac[ETH_ALEN];
static bool inside;
static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static void transport_repair(uint8_t *bytes, const struct place *p)
{
	uint8_t *at = checksum_of(bytes, p);
	unsigned int sum;

	write16(at, 0);
	sum = 0xffffu & ~(unsigned int)transport_sum(bytes, L3, p);
	write16(at, sum ? sum : 0xffff);
}

/* No receiver takes it: neither a sum that is right nor none. */
static void transport_spoil(uint8_t *bytes, const struct place *p)
{
	uint8_t *at = checksum_of(bytes, p);

	if (transport_sum(bytes, L3, p) == 0xffff || !read16(at))
		write16(at, read16(at) == 0x5555 ? 0x1234 : read16(at) ^ 0x5555u);
}

/* False: of it nobody could say whose tuple it has. */
static bool stranger_make(uint8_t *bytes, const struct place *p)
{
	unsigned int port = STRANGERS + draw(64) * 256 + draw(4);
	struct place quoted;

	if (!icmp(p->protocol)) {
		write16(bytes + p->l4 + (inside ? 0 : 2), port);
		return true;
	}
	if (!is_error(bytes, p)) {
		write16(bytes + p->l4 + 4, port);
		return true;
	}
	if (!place_find(bytes, p->l4 + 8, p->end, &quoted) || is_error(bytes, &quoted))
		return false;
	if (icmp(quoted.protocol))
		write16(bytes + quoted.l4 + 4, port);
	else
		write16(bytes + quoted.l4 + (inside ? 2 : 0), port);
	return true;
}

/* The edits: each of a whole frame, which may be spoilt already. */
static void flip(struct frame *f)
{
	for (uint32_t n = 1 + draw(8); n; n--)
		f->bytes[L3 + draw((uint32_t)(f->length - L3))] ^= (uint8_t)(1u << draw(8));
}

static void flip_header(struct frame *f)
{
	size_t most = f->length - L3 < 60 ? f->length - L3 : 60;

	f->bytes[L3 + draw((uint32_t)most)] ^= (uint8_t)(1u << draw(8));
}

static void cut(struct frame *f)
{
	f->length = L3 + 1 + draw((uint32_t)(f->length - L3));
}

static void grow(struct frame *f)
{
	while (f->length < FRAME_MAX && draw(24))
		f->bytes[f->length++] = draw(2) ? 0 : (uint8_t)draw(256);
}

static void field(struct frame *f)
{
	static const uint8_t values[] = { 0,  1,  4,  5,  6,   15,  17,	 44,
					  58, 60, 63, 64, 127, 128, 254, 255 };
	size_t most = f->length - L3 < 64 ? f->length - L3 : 64;

	f->bytes[L3 + draw((uint32_t)most)] = values[draw(sizeof(values))];
}

static void lengths(struct frame *f)
{
	struct place p;
	size_t at = f->bytes[L3] >> 4 == 6 ? L3 + 4 : L3 + 2;

	if (place_find(f->bytes, L3, f->length, &p) && draw(2))
		at = p.protocol == IPPROTO_TCP ? p.l4 + 12 : p.l4 + 4;
	if (at + 2 <= f->length)
		write16(f->bytes + at, read16(f->bytes + at) + draw(129) - 64);
}

static void flags(struct frame *f)
{
	struct place p;

	if (place_find(f->bytes, L3, f->length, &p) && p.protocol == IPPROTO_TCP)
		f->bytes[p.l4 + 13] = (uint8_t)draw(64);
	else
		flip_header(f);
}

static void fragment(struct frame *f)
{
	if (f->bytes[L3] >> 4 == 4 && f->length >= L3 + 20)
		write16(f->bytes + L3 + 6, draw(4) ? draw(4) << 13 | draw(200) : draw(65536));
	else if (f->length > L3 + 6)
		f->bytes[L3 + 6] =
			IPPROTO_FRAGMENT; /* what was a transport header is that of a fragment */
}

static void address(struct frame *f)
{
	bool six = f->bytes[L3] >> 4 == 6;
	size_t at = L3 + (six ? 8 : 12) + draw(2) * (six ? 16 : 4),
	       n = draw((uint32_t)address_count);

	if (families[n] == (six ? AF_INET6 : AF_INET) && at + 16 <= f->length)
		memcpy(f->bytes + at, addresses[n], six ? 16 : 4);
}

static void splice(struct frame *f)
{
	const struct frame *other = &corpus[draw((uint32_t)remembered)];
	size_t at = L3 + draw((uint32_t)(f->length - L3));

	if (at < other->length) {
		memcpy(f->bytes + at, other->bytes + at, other->length - at);
		f->length = other->length;
	}
}

static void tag(struct frame *f)
{
	if (f->length + 4 > sizeof(f->bytes))
		return;
	memmove(f->bytes + 16, f->bytes + 12, f->length - 12);
	f->length += 4;
	write16(f->bytes + 12, draw(2) ? ETHERTYPE_VLAN : 0x88a8);
	write16(f->bytes + 14, draw(4096));
}

static void (*const edits[])(struct frame *) = { flip,	  flip_header, cut,	 grow,	  field,
						 lengths, flags,       fragment, address, splice };

/* An error about what was heard, from whom it was for to whom it is from, or from a router. */
static bool quote(struct frame *f, bool exceeded)
{
	static const uint8_t kinds4[] = { 11, 3, 4, 5, 12 }, kinds6[] = { 3, 1, 2, 4, 127 };
	bool six = f->bytes[L3] >> 4 == 6;
	size_t head = six ? 40 : 20, size = f->length - L3, at = L3 + head + 8;
	uint8_t *b = f->bytes, from[16], to[16];
	struct place p;

	if (!f->heard || !place_find(b, L3, f->length, &p) || is_error(b, &p))
		return false;
	/* an error about its beginning ends a connection, and rightly */
	if (exceeded && p.protocol == IPPROTO_TCP && b[p.l4 + 13] & 2)
		return false;
	if (size > FRAME_MAX - at)
		size = FRAME_MAX - at;
	if (size > 120 && draw(4))
		size = 120;
	memcpy(from, b + (six ? L3 + 24 : L3 + 16), six ? 16 : 4);
	memcpy(to, b + (six ? L3 + 8 : L3 + 12), six ? 16 : 4);
	memmove(b + at, b + L3, size);
	memset(b + L3, 0, head + 8);
	b[L3] = six ? 0x60 : 0x45;
	write16(b + L3 + (six ? 4 : 2), (unsigned int)(size + 8 + (six ? 0 : head)));
	b[L3 + (six ? 6 : 9)] = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	b[L3 + (six ? 7 : 8)] = 64;
	memcpy(b + L3 + (six ? 8 : 12), from, six ? 16 : 4);
	memcpy(b + L3 + (six ? 24 : 16), to, six ? 16 : 4);
	b[L3 + head] = (six ? kinds6 : kinds4)[exceeded ? 0 : draw(5)];
	b[L3 + head + 1] = exceeded ? 0 : (uint8_t)draw(16);
	f->length = at + size;
	f->heard = false;
	return true;
}

static bool discovery(const uint8_t *bytes, const struct place *p)
{
	return p->protocol == IPPROTO_ICMPV6 && bytes[p->l4] >= 130 && bytes[p->l4] <= 143;
}

/* Makes of a remembered frame what is to be sent. */
static void spoil(struct frame *f)
{
	const struct frame was = *f;
	bool own = draw(2), quoted = !draw(8) && quote(f, own);
	struct place p;

	for (uint32_t n = quoted && own ? 0 : draw(4); n; n--)
		edits[draw(sizeof(edits) / sizeof(*edits))](f);
	if (draw(4))
		header_repair(f->bytes, L3, f->length);
	if (place_find(f->bytes, L3, f->length, &p)) {
		if (discovery(f->bytes, &p))
			f->bytes[p.l4] = 128;
		if ((quoted && own) || (!own && stranger_make(f->bytes, &p)))
			transport_repair(f->bytes, &p);
		else if (f->length != was.length ||
			 memcmp(f->bytes + L3, was.bytes + L3, was.length - L3))
			transport_spoil(f->bytes, &p);
	}
	memcpy(f->bytes, gateway_mac, ETH_ALEN);
	memcpy(f->bytes + ETH_ALEN, own_mac, ETH_ALEN);
	if (!draw(32))
		tag(f);
}

/* The client is inside, whatever side of the gateway this is. */
static unsigned int client_port(const struct frame *f, const struct place *p)
{
	return read16(f->bytes + p->l4 + (inside == f->heard ? 2 : 0));
}

static bool to_be_remembered(const struct frame *f)
{
	unsigned int type = f->bytes[L3] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	struct place p;

	if (f->bytes[0] & 1 || read16(f->bytes + 12) != type ||
	    !place_find(f->bytes, L3, f->length, &p) || discovery(f->bytes, &p) ||
	    is_error(f->bytes, &p) || transport_sum(f->bytes, L3, &p) != 0xffff)
		return false;
	return icmp(p.protocol) || client_port(f, &p) >= STRANGERS;
}

/* Own frames do not come here: a socket does not hear what it sends itself. */
static void listen_in(int fd)
{
	static size_t next;
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	struct frame f;
	ssize_t n;

	while ((n = recvfrom(fd, f.bytes, FRAME_MAX, MSG_DONTWAIT, (struct sockaddr *)&from,
			     &size)) > 0) {
		f.length = (size_t)n;
		f.heard = from.sll_pkttype != PACKET_OUTGOING;
		if (f.length < L3 + 20 || !to_be_remembered(&f))
			continue;
		corpus[next++ % CORPUS] = f;
		remembered += remembered < CORPUS;
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned long volley(int fd)
{
	struct frame f = corpus[draw((uint32_t)remembered)];
	unsigned long sent = 0;
	uint32_t times = draw(8) ? 1 : 1 + draw(BATCH); /* a repeat */

	spoil(&f);
	while (times--)
		sent += send(fd, f.bytes, f.length, 0) > 0;
	return sent;
}

static int wire_open(const char *interface)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	at.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(fd, (struct sockaddr *)&at, &size))
		return -1;
	memcpy(own_mac, at.sll_addr, ETH_ALEN);
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long sent = 0, rate;
	uint64_t begun, end;
	int fd;

	if (argc < 8 || (fd = wire_open(argv[2])) < 0 ||
	    sscanf(argv[3], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &gateway_mac[0], &gateway_mac[1],
		   &gateway_mac[2], &gateway_mac[3], &gateway_mac[4],
		   &gateway_mac[5]) != ETH_ALEN) {
		fprintf(stderr, "mutate: cannot begin: %s\n", strerror(errno));
		return 2;
	}
	inside = !strcmp(argv[1], "inside");
	rate = strtoul(argv[5], NULL, 10);
	state = 0x9e3779b97f4a7c15u * (strtoul(argv[6], NULL, 10) * 2 + 1);
	for (int i = 7; i < argc && address_count < ADDRESS_MAX; i++, address_count++)
		families[address_count] = strchr(argv[i], ':') ? AF_INET6 : AF_INET,
		inet_pton(families[address_count], argv[i], addresses[address_count]);
	begun = now();
	end = begun + strtoul(argv[4], NULL, 10) * 1000000000u;
	while (now() < end) {
		listen_in(fd);
		while (remembered && sent < (now() - begun) / 1000 * rate / 1000000)
			sent += volley(fd);
		usleep(1000);
	}
	printf("%lu frames sent, made of %zu\n", sent, remembered);
	return sent ? 0 : 1;
}
