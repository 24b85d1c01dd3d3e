// SPDX-License-Identifier: GPL-2.0-only
/* play: what a conversation does next, and what happens beside them. TCP has a file of its own. */
#include <arpa/inet.h>
#include <string.h>

#include "event.h"

#define MTU_ER 1400 /* of the gateway's device there */

/* Is it larger than that? In IPv4 it may have to go on in pieces, else the sender hears of it. */
static void sized(struct event *e, uint32_t header)
{
	uint32_t length = (e->talk->family == 4 ? 20 : 40) + header + e->shape.payload;

	if (e->talk->wire[!e->by] != ER || length <= MTU_ER)
		return;
	e->odd = TOO_BIG;
	e->renamed = e->talk->family == 4 && !e->shape.whole;
}

static bool datagram_play(struct talk *t)
{
	static struct event e;
	bool server = t->known[KERNEL] && t->known[SAMEPATH] && draw(2);
	uint32_t most = t->wire[server] == ER ? 1320 : 1430; /* what comes from there has come over it */

	event_of(&e, t, server ? SERVER : CLIENT, "datagram");
	e.shape.payload = draw(4) ? draw(120) : draw(3) ? draw(most) : most;
	e.shape.no_sum = t->family == 4 && !draw(10);
	sized(&e, 8);
	event_judge(&e);
	return true;
}

static bool echo_play(struct talk *t)
{
	static struct event e;
	bool server = t->known[KERNEL] && t->known[SAMEPATH] && draw(2);

	event_of(&e, t, server ? SERVER : CLIENT, server ? "echo reply" : "echo request");
	if (t->family == 4)
		e.shape.type = server ? 0 : 8;
	else
		e.shape.type = server ? 129 : 128;
	e.shape.word = draw(65536);
	e.shape.payload = draw(300);
	event_judge(&e);
	return true;
}

bool talk_play(struct talk *t)
{
	uint32_t number = t->number;
	bool goes_on;

	t->events++;
	if (!draw(4) && odd_play(t))
		return t->number == number;
	goes_on = t->protocol == IPPROTO_TCP ? tcp_play(t) :
		  t->protocol == IPPROTO_UDP ? datagram_play(t) : echo_play(t);
	return goes_on && t->number == number && (t->protocol == IPPROTO_TCP || draw(12)) && t->events < 60;
}

/* An address of IPv4 as mapped, or of IPv6. */
static struct in6_addr address(const char *text)
{
	struct in6_addr six;
	uint32_t four;

	if (inet_pton(AF_INET, text, &four) == 1)
		return mapped(ntohl(four));
	inet_pton(AF_INET6, text, &six);
	return six;
}

/* Who speaks to whom without being asked. */
static const struct stranger {
	enum wire wire;
	enum odd odd;
	const char *from, *to;
} strangers[] = {
	{WAN, STRANGER, "198.19.0.77", "203.0.113.17"}, /* a pool's address */
	{ER, STRANGER, "198.18.0.77", "203.0.113.34"},
	{WAN, STRANGER, "2001:db8:f::77", "2001:db8:2::77"},
	{ER, STRANGER, "198.18.0.77", "203.0.113.17"}, /* of another circuit */
	{WAN, STRANGER, "198.19.0.77", "198.51.100.5"}, /* where nothing is published */
	{ER, STRANGER, "2001:db8:e::77", "2001:db8:5::5"},
	{WAN, STRANGER, "198.19.0.77", "192.168.5.20"}, /* an inbound pool's */
	{WAN, STRANGER, "198.19.0.77", "10.1.0.20"}, /* the inside itself */
	{ER, STRANGER, "2001:db8:e::77", "2001:db8:10::20"},
	{WAN, STRANGER, "10.1.0.20", "203.0.113.17"}, /* and as one of it */
	{ER, STRANGER, "2001:db8:10::20", "2001:db8:1::20"},
	{WAN, STRANGER, "203.0.113.18", "203.0.113.17"},
	{WAN, STRANGER, "198.19.0.77", "192.0.2.1"}, /* the gateway */
	{ER, STRANGER, "172.16.0.2", "172.16.0.1"},
	{WAN, STRANGER, "2001:db8:f::77", "2001:db8:ff::1"},
	{LAN, STRANGER, "10.1.0.20", "10.0.0.1"},
	{LAN, STRANGER, "2001:db8:10::20", "2001:db8:10:ff::1"},
	{WAN, STRANGER, "127.0.0.1", "203.0.113.17"}, /* what is on no wire */
	{WAN, STRANGER, "0.0.0.0", "203.0.113.17"},
	{ER, STRANGER, "240.0.0.9", "203.0.113.34"},
	{ER, STRANGER, "255.255.255.255", "203.0.113.34"},
	{WAN, STRANGER, "224.0.0.9", "203.0.113.17"},
	{WAN, STRANGER, "::1", "2001:db8:2::77"},
	{WAN, STRANGER, "ff02::9", "2001:db8:2::77"},
	{LAN, STRANGER, "10.1.0.20", "127.0.0.1"},
	{LAN, RESERVED, "10.1.0.20", "240.0.0.9"},
	{LAN, STRANGER, "10.1.0.20", "0.0.0.0"},
	{LAN, STRANGER, "10.1.0.20", "255.255.255.255"},
	{LAN, STRANGER, "127.0.0.1", "198.19.0.16"},
	{LAN, STRANGER, "172.20.0.1", "198.19.0.16"}, /* in no segment */
	{LAN, STRANGER, "2001:db8:77::1", "2001:db8:f::16"},
	{LAN, STRANGER, "10.1.0.20", "10.1.0.30"}, /* and what stays inside */
	{LAN, STRANGER, "2001:db8:10::20", "2001:db8:10::30"},
	{LAN, STRANGER, "10.1.0.20", "192.168.5.20"},
	{LAN, STRANGER, "10.1.0.20", "198.51.100.5"},
	{LAN, LAND, "10.1.0.20", "10.1.0.20"},
	{LAN, LAND, "2001:db8:10::20", "2001:db8:10::20"},
	{WAN, STRANGER, "203.0.113.17", "203.0.113.17"},
	{LAN, LINK_LOCAL, "10.1.0.20", "169.254.7.7"},
};

void stranger_play(void)
{
	static struct event e;
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	static const uint8_t flags[] = {SYN, ACK, SYN | ACK, RST, RST | ACK, FIN | ACK};
	static struct talk nobody;
	const struct stranger *s = &strangers[draw(sizeof(strangers) / sizeof(strangers[0]))];

	nobody.family = strchr(s->from, ':') ? 6 : 4;
	nobody.protocol = protocols[draw(4)];
	if (nobody.protocol == IPPROTO_ICMP &&
	    (!strcmp(s->to, "198.51.100.5") || !strcmp(s->to, "2001:db8:5::5")))
		nobody.protocol = IPPROTO_UDP; /* an echo is let in */
	event_of(&e, &nobody, CLIENT, "stranger");
	e.talk = NULL;
	e.odd = s->odd;
	e.wire = s->wire;
	e.shape.from = (struct end){address(s->from), 1024 + draw(60000)};
	e.shape.to = (struct end){address(s->to), nobody.protocol == IPPROTO_ICMP ? 0 : 9000 + draw(1000)};
	if (nobody.protocol == IPPROTO_ICMP)
		e.shape.type = nobody.family == 4 ? 8 : 128;
	if (nobody.protocol == IPPROTO_ICMP && !draw(3))
		e.shape.type = nobody.family == 4 ? 0 : 129;
	e.shape.flags = flags[draw(6)];
	e.shape.seq = draw(0xffffffff);
	e.shape.ack = e.shape.flags & ACK ? draw(0xffffffff) : 0;
	e.shape.window = 30000;
	e.shape.payload = draw(40);
	event_judge(&e);
}
