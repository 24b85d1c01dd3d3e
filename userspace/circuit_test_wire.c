// SPDX-License-Identifier: GPL-2.0-only
/* The sockets of `circuit test`. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "circuit_test.h"

static int set(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof(one));
}

/* From an address that the kernel need not have. With RECVERR the kernel says when the guard drops. */
static int raw_socket(const struct in6_addr *from)
{
	bool four = IN6_IS_ADDR_V4MAPPED(from);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = from->s6_addr32[3] };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = *from };
	int fd = socket(four ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), err;
	int level = four ? IPPROTO_IP : IPPROTO_IPV6;

	if (fd < 0)
		return -errno;
	err = set(fd, level, four ? IP_FREEBIND : IPV6_FREEBIND);
	err = err ? err : set(fd, level, four ? IP_HDRINCL : IPV6_HDRINCL);
	err = err ? err : set(fd, level, four ? IP_RECVERR : IPV6_RECVERR);
	err = err ? err : four ? bind(fd, (void *)&in, sizeof(in)) : bind(fd, (void *)&in6, sizeof(in6));
	if (!err)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/*
 * What the kernel sends from this address on any device, behind the guard; the packet path's own does not come by
 * here. With all that a busy machine sends, the queue would be full before it is read.
 */
static int packet_socket(const struct in6_addr *address)
{
	bool four = IN6_IS_ADDR_V4MAPPED(address);
	struct sock_filter outgoing[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 3),
		/* of IPv6 the last word */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 four ? offsetof(struct iphdr, saddr) : offsetof(struct ip6_hdr, ip6_src) + 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(address->s6_addr32[3]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, TEST_PACKET),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(outgoing) / sizeof(*outgoing), outgoing };
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	/* the filter first: nothing else is ever in the queue */
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) &&
	    !bind(fd, (void *)&all, sizeof(all)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int test_wire_open(struct test_wire *w, const struct in6_addr *from)
{
	w->seen = -1;
	w->out = raw_socket(from);
	if (w->out < 0)
		return w->out;
	w->seen = packet_socket(from);
	return w->seen < 0 ? w->seen : 0;
}

void test_wire_close(struct test_wire *w)
{
	if (w->out >= 0)
		close(w->out);
	if (w->seen >= 0)
		close(w->seen);
}

int test_wire_send(const struct test_wire *w, const struct test_question *q, bool reset)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = q->to->address.s6_addr32[3] };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = q->to->address };
	uint8_t packet[TEST_PACKET];
	uint32_t size = test_packet(q, reset, packet);
	bool four = q->to->family == 4;
	int oif = (int)q->to->oif;

	if (setsockopt(w->out, SOL_SOCKET, SO_BINDTOIFINDEX, &oif, sizeof(oif)))
		return -errno;
	return sendto(w->out, packet, size, 0, four ? (void *)&in : (void *)&in6,
		      four ? sizeof(in) : sizeof(in6)) < 0 ?
		       -errno :
		       0;
}

void test_wire_clear(const struct test_wire *w)
{
	uint8_t byte;

	while (recv(w->seen, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}

uint32_t test_wire_left(const struct test_wire *w, const struct test_question *q)
{
	uint8_t sent[TEST_PACKET], seen[TEST_PACKET];
	struct sockaddr_ll from;
	socklen_t room = sizeof(from);
	uint32_t size = test_packet(q, false, sent);
	/* the kernel fills in what it likes of an IPv4 header that is given */
	uint32_t head = q->to->family == 4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr),
		 addresses = head - 8;
	ssize_t got;

	if (q->to->family == 6)
		addresses = head - 32;
	while ((got = recvfrom(w->seen, seen, sizeof(seen), 0, (void *)&from, &room)) >= 0) {
		if ((size_t)got >= size && *seen >> 4 == q->to->family &&
		    !memcmp(seen + addresses, sent + addresses, size - addresses))
			return (uint32_t)from.sll_ifindex;
		room = sizeof(from);
	}
	return 0;
}
