// SPDX-License-Identifier: GPL-2.0-only
/* One question over one device, and what a row of answers means. */
#include <errno.h>
#include <netinet/in.h> /* before linux/icmp.h, which would bring its own */
#include <netinet/icmp6.h>
#include <linux/icmp.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "probe.h"

#define WORD "samepath" /* what an echo carries: some filters drop an empty one */

struct echo {
	struct icmphdr head; /* of ICMPv6 alike */
	char word[sizeof(WORD) - 1];
};

union endpoint {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static bool is_four(const struct prober *p)
{
	return p->check.target.family == 4;
}

static socklen_t endpoint(const struct prober *p, const struct in6_addr *address, uint16_t port,
			  union endpoint *out)
{
	memset(out, 0, sizeof(*out));
	if (is_four(p)) {
		out->four.sin_family = AF_INET;
		out->four.sin_port = htons(port);
		memcpy(&out->four.sin_addr, &address->s6_addr[12], 4);
		return sizeof(out->four);
	}
	out->six.sin6_family = AF_INET6;
	out->six.sin6_port = htons(port);
	out->six.sin6_addr = *address;
	if (IN6_IS_ADDR_LINKLOCAL(address))
		out->six.sin6_scope_id = p->ifindex;
	return sizeof(out->six);
}

/* The gateway's address on the link; false: it has none of this family. */
static bool source_of(const struct prober *p, const struct link *link, struct in6_addr *out)
{
	*out = link->address6;
	if (!is_four(p))
		return !IN6_IS_ADDR_UNSPECIFIED(out);
	memset(out, 0, sizeof(*out));
	memcpy(&out->s6_addr[12], &link->address4, 4);
	return link->address4;
}

static int open_socket(const struct prober *p)
{
	int family = is_four(p) ? AF_INET : AF_INET6, flags = SOCK_CLOEXEC | SOCK_NONBLOCK, fd;
	/* All but echo replies would only fill the socket. */
	struct icmp_filter replies4 = { .data = ~(1u << ICMP_ECHOREPLY) };
	struct icmp6_filter replies6;

	if (p->check.protocol == IPPROTO_TCP)
		return socket(family, SOCK_STREAM | flags, IPPROTO_TCP);
	fd = socket(family, SOCK_RAW | flags, is_four(p) ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	ICMP6_FILTER_SETBLOCKALL(&replies6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &replies6);
	if (fd >= 0 && is_four(p))
		setsockopt(fd, SOL_RAW, ICMP_FILTER, &replies4, sizeof(replies4));
	else if (fd >= 0)
		setsockopt(fd, SOL_ICMPV6, ICMP6_FILTER, &replies6, sizeof(replies6));
	return fd;
}

static uint16_t checksum(const void *data, size_t size)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (; size > 1; size -= 2)
		sum += *word++;
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~(sum + (sum >> 16));
}

static bool send_echo(struct prober *p)
{
	struct echo e = { .head = { .type = is_four(p) ? ICMP_ECHO : ICMP6_ECHO_REQUEST } };

	memcpy(e.word, WORD, sizeof(e.word));
	e.head.un.echo.id = htons(p->identifier);
	e.head.un.echo.sequence = htons(++p->sequence);
	if (is_four(p)) /* of ICMPv6 the kernel makes it */
		e.head.checksum = checksum(&e, sizeof(e));
	return send(p->fd, &e, sizeof(e), 0) == sizeof(e);
}

static bool ask(struct prober *p, const struct link *link)
{
	struct in6_addr source = { 0 };
	union endpoint from, to;
	socklen_t size;

	errno = EADDRNOTAVAIL;
	if (link && !source_of(p, link, &source))
		return false;
	p->fd = open_socket(p);
	if (p->fd < 0 || setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE, p->interface,
				    (socklen_t)strlen(p->interface) + 1))
		return false;
	size = endpoint(p, &source, 0, &from);
	if (link && bind(p->fd, &from.any, size))
		return false;
	size = endpoint(p, &p->check.target.address, p->check.port, &to);
	if (connect(p->fd, &to.any, size) && errno != EINPROGRESS)
		return false;
	return p->check.protocol == IPPROTO_TCP || send_echo(p);
}

static void hang_up(struct prober *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void probe_ask(struct prober *p, const struct link *link)
{
	p->error = 0;
	p->answered = false;
	if (ask(p, link))
		return;
	p->error = -errno;
	hang_up(p);
}

/* The socket hears its target's replies to others on this machine too. */
static bool echo_answered(struct prober *p)
{
	unsigned char packet[128];
	ssize_t got;

	while ((got = recv(p->fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		size_t skip = is_four(p) ? (size_t)(packet[0] & 15) * 4 : 0;
		struct echo e;

		if ((size_t)got < skip + sizeof(e))
			continue;
		memcpy(&e, packet + skip, sizeof(e));
		if (e.head.un.echo.id == htons(p->identifier) &&
		    e.head.un.echo.sequence == htons(p->sequence))
			return true;
	}
	p->error = got < 0 && errno != EAGAIN ? -errno : 0;
	return false;
}

/* Accepted, not refused: who names a port means that something listens there. */
static bool connection_answered(struct prober *p)
{
	struct pollfd poll_fd = { .fd = p->fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	if (poll(&poll_fd, 1, 0) < 1)
		return false;
	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	p->error = -error;
	return !error;
}

void probe_listen(struct prober *p)
{
	if (p->fd < 0)
		return;
	p->answered = p->check.protocol == IPPROTO_TCP ? connection_answered(p) : echo_answered(p);
	if (p->answered || p->error)
		hang_up(p);
}

bool probe_answered(struct prober *p)
{
	probe_listen(p);
	hang_up(p);
	return p->answered;
}

bool probe_count(struct prober *p, bool answered)
{
	if (answered == p->up) {
		p->run = 0;
		return false;
	}
	if (++p->run < (p->up ? p->check.fall : p->check.rise))
		return false;
	p->up = answered;
	p->run = 0;
	return true;
}

const char *probe_target_text(uint8_t protocol, const struct in6_addr *address, uint16_t port,
			      char *buffer, size_t size)
{
	bool six = !IN6_IS_ADDR_V4MAPPED(address);
	char text[PREFIX_TEXT];

	address_text(address, text);
	if (protocol == IPPROTO_TCP)
		snprintf(buffer, size, "tcp/%s%s%s:%u", six ? "[" : "", text, six ? "]" : "", port);
	else
		snprintf(buffer, size, "icmp/%s", text);
	return buffer;
}
