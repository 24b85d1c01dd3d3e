// SPDX-License-Identifier: GPL-2.0-only
/*
 * The witness of a circuit wire: notes what arrives there, and cries out about a foreign source.
 *
 *   wire [-s|-q] INTERFACE SEEN FOREIGN PREFIX...
 *
 * Runs in the namespace at the far end. Every new (protocol, source, destination) goes to the file
 * SEEN, one line each: "tcp 203.0.113.33 40000 198.18.1.10 80". A frame whose source lies in none of
 * the prefixes goes to FOREIGN. What has no owner to speak of is let through: link-local and
 * unspecified IPv6 sources, DHCP from 0.0.0.0, ARP probes. Ends on SIGTERM, having read what had
 * arrived by then. Status 1: a foreign source was seen; 2: it could not watch.
 *
 * With -s it judges one span of time, which others bound. Nothing counts before SIGUSR1. Behind that
 * a foreign frame counts only when a later frame has a translated source, which is one within a
 * prefix of several addresses. So the end of a gateway is judged in the order of the wire, and no
 * clock is asked when it ended: the foreign frames behind its last are none of its own.
 *
 * With -q an ICMP error is foreign, too, when what it quotes was for nobody of the prefixes: it came by
 * this wire, so it was for an address of the circuit, and an inside address in its place is told outside.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX_MAX 64
#define SEEN_SLOTS 65536 /* remembered tuples; beyond that a line may stand twice */
#define FRAME_SIZE 256u /* headers are what matters */
#define BLOCK_SIZE (1u << 16)
#define BLOCKS 256u
#define FRAMES (BLOCK_SIZE / FRAME_SIZE * BLOCKS)

struct prefix {
	int family;
	unsigned int bits;
	unsigned char address[16];
};

/* One frame, as far as the witness cares. Ports in host order, 0 where there are none. */
struct sight {
	int family;
	const char *protocol;
	unsigned int sport, dport;
	unsigned char source[16], destination[16];
	bool error; /* an ICMP error, and whom what it quotes was for */
	unsigned char quoted[16];
};

static struct prefix prefixes[PREFIX_MAX];
static int prefix_count;
static bool span; /* -s */
static bool quotes; /* -q */
static struct sight seen[SEEN_SLOTS];
static volatile sig_atomic_t ending, begun = 1;

static void begin(int signal_number)
{
	(void)signal_number;
	begun = 1;
}

static void end(int signal_number)
{
	(void)signal_number;
	ending = 1;
}

static bool prefix_read(const char *text)
{
	struct prefix *p = &prefixes[prefix_count];
	char address[64];
	const char *slash = strchr(text, '/');

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	p->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	p->bits = slash ? (unsigned int)atoi(slash + 1) : p->family == AF_INET ? 32 : 128;
	if (prefix_count == PREFIX_MAX || inet_pton(p->family, address, p->address) != 1)
		return false;
	prefix_count++;
	return true;
}

static bool inside(const struct prefix *p, int family, const unsigned char *address)
{
	unsigned int bytes = p->bits / 8, rest = p->bits % 8;

	if (p->family != family || memcmp(p->address, address, bytes))
		return false;
	return !rest || !((p->address[bytes] ^ address[bytes]) & (0xff << (8 - rest)));
}

static const struct prefix *owner(int family, const unsigned char *address)
{
	int i;

	for (i = 0; i < prefix_count; i++)
		if (inside(&prefixes[i], family, address))
			return &prefixes[i];
	return NULL;
}

static bool translated(const struct sight *s)
{
	const struct prefix *p = owner(s->family, s->source);

	return p && p->bits < (p->family == AF_INET ? 32 : 128);
}

static bool unspecified(const unsigned char *address, size_t size)
{
	static const unsigned char zero[16];

	return !memcmp(address, zero, size);
}

static bool link_local(int family, const unsigned char *address)
{
	return family == AF_INET6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool allowed(const struct sight *s)
{
	if (quotes && s->error && !owner(s->family, s->quoted) && !link_local(s->family, s->quoted))
		return false;
	if (owner(s->family, s->source))
		return true;
	if (s->family == AF_INET6)
		return unspecified(s->source, 16) || link_local(s->family, s->source);
	if (!unspecified(s->source, 4))
		return false;
	return !strcmp(s->protocol, "arp") || (s->sport == 68 && s->dport == 67);
}

/* Echo and neighbour discovery quote nothing, nor does what is cut short. */
static void quote_read(struct sight *s, const unsigned char *icmp, long left)
{
	bool six = s->family == AF_INET6;

	if (left < (six ? 48 : 28) || (six ? icmp[0] >= 128 : !strchr("\3\4\5\13\14", icmp[0]) || !icmp[0]))
		return;
	s->error = true;
	memcpy(s->quoted, icmp + 8 + (six ? 24 : 16), six ? 16 : 4);
}

static void transport_read(struct sight *s, int protocol, const unsigned char *l4, long left)
{
	static char other[16];

	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		s->protocol = "icmp";
		s->sport = left > 0 ? l4[0] : 0; /* the type, in the place of a port */
		quote_read(s, l4, left);
		return;
	}
	snprintf(other, sizeof(other), "%d", protocol);
	s->protocol = protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : other;
	if (left >= 4 && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)) {
		s->sport = (unsigned int)(l4[0] << 8 | l4[1]);
		s->dport = (unsigned int)(l4[2] << 8 | l4[3]);
	}
}

/* False: a frame of a kind that no circuit wire should carry. */
static bool sight_read(struct sight *s, const unsigned char *frame, long length)
{
	const unsigned char *l3 = frame + ETH_HLEN;
	long left = length - ETH_HLEN;
	int type = frame[12] << 8 | frame[13];

	memset(s, 0, sizeof(*s));
	s->family = type == ETHERTYPE_IPV6 ? AF_INET6 : AF_INET;
	if (type == ETHERTYPE_ARP && left >= 28) {
		s->protocol = "arp";
		memcpy(s->source, l3 + 14, 4);
		memcpy(s->destination, l3 + 24, 4);
	} else if (type == ETHERTYPE_IP && left >= 20) {
		memcpy(s->source, l3 + 12, 4);
		memcpy(s->destination, l3 + 16, 4);
		transport_read(s, l3[9], l3 + (l3[0] & 15) * 4, left - (l3[0] & 15) * 4);
	} else if (type == ETHERTYPE_IPV6 && left >= 40) {
		memcpy(s->source, l3 + 8, 16);
		memcpy(s->destination, l3 + 24, 16);
		transport_read(s, l3[6], l3 + 40, left - 40);
	} else {
		return false;
	}
	return true;
}

static void sight_print(FILE *out, const struct sight *s)
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(s->family, s->source, source, sizeof(source));
	inet_ntop(s->family, s->destination, destination, sizeof(destination));
	fprintf(out, "%s %s %u %s %u\n", s->protocol, source, s->sport, destination, s->dport);
	fflush(out);
}

/* Remembers a sight; true the first time. */
static bool first_time(const struct sight *s)
{
	unsigned int hash = s->sport * 31 + s->dport + (unsigned char)s->protocol[0] * 7919u;
	struct sight *slot;
	int i;

	for (i = 0; i < 16; i++)
		hash = hash * 16777619u ^ s->source[i] ^ (unsigned int)(s->destination[i] << 8);
	slot = &seen[hash % SEEN_SLOTS];
	if (slot->protocol && !strcmp(slot->protocol, s->protocol) && slot->family == s->family &&
	    slot->sport == s->sport && slot->dport == s->dport &&
	    !memcmp(slot->source, s->source, 16) && !memcmp(slot->destination, s->destination, 16))
		return false;
	*slot = *s;
	return true;
}

/* A ring of heads of frames: a receive buffer holds the whole of each, and is soon full. */
static int wire_open(const char *interface, unsigned char **ring)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct tpacket_req request = { .tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS,
				       .tp_frame_size = FRAME_SIZE, .tp_frame_nr = FRAMES };
	int version = TPACKET_V2, one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		return -1;
	*ring = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*ring == MAP_FAILED)
		return -1;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

/* Notes one frame; the number of foreign ones that count from now on. */
static unsigned long judge(const unsigned char *frame, long length, FILE *log, FILE *alarm_log)
{
	static unsigned long tail;
	unsigned long foreign = 0;
	struct sight s;

	if (length < ETH_HLEN || !sight_read(&s, frame, length)) {
		fprintf(alarm_log, "a frame of %ld bytes that is none of ours\n", length);
		fflush(alarm_log);
		return 1;
	}
	if (first_time(&s))
		sight_print(log, &s);
	if (translated(&s)) {
		foreign = tail;
		tail = 0;
	}
	if (allowed(&s))
		return foreign;
	sight_print(alarm_log, &s);
	tail += span;
	return !span;
}

/* Reads until told to end and nothing is left. Returns the foreign frames. */
static unsigned long watch(int fd, unsigned char *ring, FILE *log, FILE *alarm_log)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	unsigned long foreign = 0;
	bool judging = false;
	unsigned int next = 0;

	for (;;) {
		struct tpacket2_hdr *head = (void *)(ring + (size_t)next * FRAME_SIZE);

		if (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			if (ending)
				return foreign;
			if (begun && !judging) {
				/* what had come by then is read: from here on */
				judging = true;
				fprintf(log, "judging\n");
				fflush(log);
				continue;
			}
			poll(&ready, 1, judging ? 100 : 1);
			continue;
		}
		if (judging)
			foreign += judge((unsigned char *)head + head->tp_mac,
					 (long)head->tp_snaplen, log, alarm_log);
		__atomic_store_n(&head->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		next = (next + 1) % FRAMES;
	}
}

/* What the socket could not hold was not watched, so it counts as a failure. */
static unsigned int lost(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	return stats.tp_drops;
}

int main(int argc, char **argv)
{
	unsigned long foreign;
	FILE *log, *alarm_log;
	unsigned char *ring;
	int i, fd;

	if (argc > 1) {
		span = !strcmp(argv[1], "-s");
		quotes = !strcmp(argv[1], "-q");
		begun = !span;
		argc -= span || quotes;
		argv += span || quotes;
	}
	for (i = 4; i < argc; i++)
		if (!prefix_read(argv[i]))
			return 2;
	if (argc < 4 || (fd = wire_open(argv[1], &ring)) < 0) {
		fprintf(stderr, "wire: cannot watch: %s\n", strerror(errno));
		return 2;
	}
	log = fopen(argv[2], "w");
	alarm_log = fopen(argv[3], "w");
	if (!log || !alarm_log)
		return 2;
	signal(SIGTERM, end);
	signal(SIGUSR1, begin);
	signal(SIGINT, SIG_IGN);
	fprintf(log, "watching\n");
	fflush(log);
	foreign = watch(fd, ring, log, alarm_log);
	if (lost(fd)) {
		fprintf(stderr, "wire: %s: frames lost to the witness\n", argv[1]);
		return 2;
	}
	return foreign ? 1 : 0;
}
