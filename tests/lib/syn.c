// SPDX-License-Identifier: GPL-2.0-only
/*
 * syn: a flood of SYNs, each from another source and port, out of a raw socket.
 *
 *   syn [-f] INTERFACE MAC DESTINATION PORT COUNT RATE
 *
 * With -f they are later fragments of datagrams that have no first. Sources are drawn from 198.18.0.0/15 (RFC 2544), RATE is frames a second. Prints how many were sent, and
 * how long that took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static struct frame frames[BATCH];
static int orphans; /* -f */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint32_t draw(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> 32;
}

static uint16_t sum(const void *data, size_t size, uint32_t sum)
{
	const uint8_t *at = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static uint32_t words(uint32_t address)
{
	uint32_t host = ntohl(address);

	return (host >> 16) + (host & 0xffff);
}

static void make(struct frame *f, const uint8_t *from, const uint8_t *to, uint32_t destination, uint16_t port)
{
	memcpy(f->eth.ether_dhost, to, ETH_ALEN);
	memcpy(f->eth.ether_shost, from, ETH_ALEN);
	f->eth.ether_type = htons(ETHERTYPE_IP);
	f->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			       .tot_len = htons(sizeof(f->ip) + sizeof(f->tcp)),
			       .daddr = destination};
	f->ip.saddr = htonl(0xc6120000 | (draw() & 0x1ffff));
	if (orphans) {
		f->ip.protocol = IPPROTO_UDP;
		f->ip.id = draw();
		f->ip.frag_off = htons(185); /* 1480 bytes */
	}
	f->ip.check = sum(&f->ip, sizeof(f->ip), 0);
	f->tcp = (struct tcphdr){.doff = 5, .syn = 1, .window = htons(64240), .dest = htons(port),
				 .seq = draw()};
	f->tcp.source = htons(1024 + draw() % 64000);
	f->tcp.check = sum(&f->tcp, sizeof(f->tcp),
			   words(f->ip.saddr) + words(destination) + IPPROTO_TCP + sizeof(f->tcp));
}

static int wire(const char *interface, uint8_t *own)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(interface)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) ||
	    getsockname(fd, (struct sockaddr *)&address, &size)) {
		perror(interface);
		exit(2);
	}
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	memcpy(own, address.sll_addr, ETH_ALEN);
	return fd;
}

int main(int argc, char **argv)
{
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	unsigned int mac[ETH_ALEN];
	uint8_t to[ETH_ALEN], own[ETH_ALEN];
	uint64_t count, rate, sent = 0, begun;
	uint32_t destination;
	int fd;

	if (argc > 1 && !strcmp(argv[1], "-f")) {
		orphans = 1;
		argv++;
		argc--;
	}
	if (argc != 7 || sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
				&mac[5]) != ETH_ALEN ||
	    inet_pton(AF_INET, argv[3], &destination) != 1) {
		fprintf(stderr, "usage: syn [-f] INTERFACE MAC DESTINATION PORT COUNT RATE\n");
		return 2;
	}
	for (int i = 0; i < ETH_ALEN; i++)
		to[i] = mac[i];
	count = strtoull(argv[5], NULL, 10);
	rate = strtoull(argv[6], NULL, 10);
	fd = wire(argv[1], own);
	begun = now();
	while (sent < count) {
		int done;

		for (int i = 0; i < BATCH; i++) {
			make(&frames[i], own, to, destination, atoi(argv[4]));
			parts[i] = (struct iovec){&frames[i], sizeof(frames[i])};
			messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
		}
		while (now() - begun < sent * 1000000000ull / rate)
			;
		done = sendmmsg(fd, messages, BATCH, 0);
		if (done < 0 && errno != ENOBUFS && errno != EAGAIN) {
			perror("sendmmsg");
			return 1;
		}
		sent += done > 0 ? done : 0;
	}
	printf("%llu frames in %.1f s\n", (unsigned long long)sent, (now() - begun) / 1e9);
	return 0;
}
