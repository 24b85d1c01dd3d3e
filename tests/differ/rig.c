// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

const char *const rig_names[RIGS] = {"kernel", "samepath"};
const char *const wire_names[WIRES] = {"lan", "wan", "er"};

static int sockets[RIGS][WIRES];

/* A conversation for each circuit, from a host that speaks of nothing else, and what it wears there. */
#define MARKER_PORT 9
static struct end marker_worn[RIGS][WIRES];
static const char marker_word[8] = "marker!";
static uint64_t marker_count;

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fprintf(stderr, "differ: ");
	vfprintf(stderr, format, list);
	fprintf(stderr, "\n");
	va_end(list);
	exit(2);
}

static int socket_open(const char *device)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(device),
				      .sll_protocol = htons(0x0003)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = 8 << 20;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", device, strerror(errno));
	return fd;
}

void rig_send(enum rig rig, enum wire wire, const struct frame *f)
{
	uint8_t bytes[FRAME_MAX];
	/* that of the gateway's end, and of this one */
	const uint8_t macs[12] = {2, 0, 0, 0, 1, wire + 1, 2, 0, 0, 0, 0, wire + 1};

	memcpy(bytes, f->bytes, f->length);
	memcpy(bytes, macs, sizeof(macs));
	while (send(sockets[rig][wire], bytes, f->length, 0) != (ssize_t)f->length)
		if (errno != ENOBUFS && errno != EAGAIN)
			die("%s %s: %s", rig_names[rig], wire_names[wire], strerror(errno));
}

/* The marker with this count, from the wire; false: it has no way yet. */
static void marker_send(enum rig rig, enum wire wire, enum wire circuit, uint64_t count)
{
	uint8_t body[16];
	struct shape s = {.family = 4, .protocol = IPPROTO_UDP, .ttl = 64, .payload = sizeof(body),
			  .body = body};
	struct frame f;

	memcpy(body, marker_word, 8);
	memcpy(body + 8, &count, 8);
	s.from = (struct end){mapped(0x0a01fffa), MARKER_PORT};
	s.to = (struct end){mapped(circuit == ER ? 0xc612fffa : 0xc613fffa), MARKER_PORT};
	if (wire != LAN) {
		s.from = s.to;
		s.to = marker_worn[rig][circuit];
	}
	frame_make(&f, &s);
	rig_send(rig, wire, &f);
}

/* Is it a marker? Then its count. */
static bool marker_read(const struct frame *f, uint64_t *count)
{
	if (f->length < ETHERNET + 28 + 16 || memcmp(f->bytes + ETHERNET + 28, marker_word, 8))
		return false;
	memcpy(count, f->bytes + ETHERNET + 28 + 8, 8);
	return true;
}

/* One frame off a wire; 0: none is there. */
static bool receive(enum rig rig, enum wire wire, struct frame *f)
{
	ssize_t length = recv(sockets[rig][wire], f->bytes, sizeof(f->bytes), 0);

	if (length < 0 && errno != EAGAIN)
		die("%s %s: %s", rig_names[rig], wire_names[wire], strerror(errno));
	f->length = length < 0 ? 0 : length;
	return length > 0;
}

/* Takes what is there on all wires of the rig; true when a marker of that count is among it. */
static bool drain(enum rig rig, struct output *out, uint64_t count, struct end *worn)
{
	struct frame *f;
	bool found = false;
	struct view v;
	uint64_t said;

	for (enum wire wire = 0; wire < WIRES; wire++) {
		while (out->count < OUTPUT_MAX) {
			f = &out->frame[out->count];
			if (!receive(rig, wire, f))
				break;
			if (marker_read(f, &said)) {
				found |= said == count;
				if (said == count && worn && frame_read(f, &v))
					*worn = v.from;
				continue;
			}
			out->wire[out->count++] = wire;
		}
	}
	return found;
}

static void sleep_on(enum rig rig, int ms)
{
	struct pollfd fds[WIRES];

	for (enum wire wire = 0; wire < WIRES; wire++)
		fds[wire] = (struct pollfd){.fd = sockets[rig][wire], .events = POLLIN};
	poll(fds, WIRES, ms);
}

static void marker_wait(enum rig rig, enum wire wire, struct output *out, struct end *worn)
{
	double until = now() + 5;

	while (!drain(rig, out, marker_count, worn)) {
		if (now() > until)
			die("%s: a marker from %s did not come out", rig_names[rig], wire_names[wire]);
		sleep_on(rig, 1000);
	}
	drain(rig, out, 0, NULL);
}

void rig_collect(enum rig rig, enum wire wire, struct output *out)
{
	out->count = 0;
	marker_send(rig, wire, wire == LAN ? WAN : wire, ++marker_count);
	marker_wait(rig, wire, out, NULL);
}

void rig_wait(enum rig rig, int ms, struct output *out)
{
	sleep_on(rig, ms);
	drain(rig, out, 0, NULL);
}

void rig_refresh(void)
{
	struct output *nothing = calloc(1, sizeof(*nothing));

	for (enum rig rig = 0; rig < RIGS; rig++) {
		for (enum wire circuit = WAN; circuit < WIRES; circuit++) {
			marker_send(rig, LAN, circuit, ++marker_count);
			marker_wait(rig, LAN, nothing, &marker_worn[rig][circuit]);
			marker_send(rig, circuit, circuit, ++marker_count);
			marker_wait(rig, circuit, nothing, NULL);
		}
	}
	free(nothing);
}

void rig_open(void)
{
	char name[IF_NAMESIZE];
	cpu_set_t here;

	/* what is sent is then received, forwarded and delivered before the next line of this program */
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
	for (enum rig rig = 0; rig < RIGS; rig++) {
		for (enum wire wire = 0; wire < WIRES; wire++) {
			snprintf(name, sizeof(name), "%s-%s", rig_names[rig], wire_names[wire]);
			sockets[rig][wire] = socket_open(name);
		}
	}
	rig_refresh();
}
