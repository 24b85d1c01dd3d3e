// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a datagram is on its way to an echo and back: real sockets at both ends, one in flight.
 *
 * Sender and echo share the core that this program is bound to, so what the sender's core does for a packet is
 * on its way, and no core has to be woken for it. With a rate, another core sends to the echo's host
 * meanwhile, through the same devices; its socket refuses what comes, and so counts it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define HOST "10.1.0.1"
#define SERVER "192.0.2.2"
#define PORT_ECHO 7777
#define PORT_LOAD 9999
#define WARM 500 /* round trips before those that count */
#define PATIENCE 200000 /* us, after which an answer is lost */

struct ping {
	__u64 number;
	struct in_addr seen; /* by the echo */
	char rest[20];
};

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000u + (__u64)t.tv_nsec;
}

static struct sockaddr_in place(const char *address, __u16 port)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &place.sin_addr);
	return place;
}

/* Stays in its namespace, wherever the process goes. */
static int socket_open(const struct bench *b, const char *space, struct sockaddr_in from)
{
	char path[128];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s%s", b->prefix, space);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		return fail(-errno, "%s", path);
	close(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)))
		return fail(-errno, "%s: a socket", space);
	return fd;
}

static int socket_asking(const struct bench *b, __u16 port)
{
	struct sockaddr_in server = place(SERVER, port);
	int fd = socket_open(b, "in", place(HOST, 0));

	if (fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof(server)))
		return fail(-errno, "connect");
	return fd;
}

/* What arrives there is counted as dropped. */
static int socket_refusing(const struct bench *b)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &none };
	int fd = socket_open(b, "out", place(SERVER, PORT_LOAD));

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return fail(-errno, "a filter");
	return fd;
}

static __u32 refused(int fd)
{
	__u32 seen[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(seen);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, seen, &size) ? 0 : seen[SK_MEMINFO_DROPS];
}

static void echo(int fd)
{
	struct sockaddr_in from;
	struct ping ping;

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(fd, &ping, sizeof(ping), 0, (struct sockaddr *)&from, &size);

		ping.seen = from.sin_addr;
		if (got > 0)
			sendto(fd, &ping, (size_t)got, 0, (struct sockaddr *)&from, size);
	}
}

/* Evenly spaced; who comes late to a packet sends the next ones at once, and forgives itself a millisecond. */
static void flood(int fd, __u32 rate, int cpu)
{
	const __u64 gap = 1000000000u / rate;
	struct ping ping = {};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (__u64 next = now();;) {
		__u64 at = now();

		if (at < next)
			continue;
		next = at > next + 1000000 ? at : next + gap;
		send(fd, &ping, sizeof(ping), 0);
	}
}

/* ns, and who asked as the echo saw it; 0: lost. */
static __u64 round_trip(int fd, __u64 number, struct in_addr *seen)
{
	struct ping ping = { .number = number };
	__u64 start = now();

	if (send(fd, &ping, sizeof(ping), 0) < 0)
		return 0;
	do
		if (recv(fd, &ping, sizeof(ping), 0) < 0)
			return 0;
	while (ping.number != number); /* the answer to one that was given up */
	*seen = ping.seen;
	return now() - start;
}

static int ascending(const void *a, const void *b)
{
	const __u64 one = *(const __u64 *)a, other = *(const __u64 *)b;

	return (one > other) - (one < other);
}

/* The load flows, or has had a second to. */
static void load_await(int refusing)
{
	for (__u64 end = now() + 1000000000u; !refused(refusing) && now() < end;)
		usleep(1000);
}

static void trips_print(const struct bench *b, const __u64 *times, __u64 count, double load,
			struct in_addr seen)
{
	printf("{\"row\": \"%s\", \"round\": %u, \"rate\": %u, \"load\": %.0f, \"translated\": %s, ",
	       b->row, b->round, b->rate, load,
	       seen.s_addr == place(HOST, 0).sin_addr.s_addr ? "false" : "true");
	printf("\"samples\": %llu, \"lost\": %llu, \"median\": %llu, \"p99\": %llu}\n", count,
	       b->packets - count, count ? times[count / 2] : 0,
	       count ? times[count * 99 / 100] : 0);
	fflush(stdout);
}

static int trips_measure(const struct bench *b, int asking, int refusing)
{
	struct timeval patience = { .tv_usec = PATIENCE };
	__u64 *times = calloc(b->packets, sizeof(*times)), count = 0, start;
	struct in_addr seen = {};
	__u32 before;

	if (!times || setsockopt(asking, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return fail(-errno, "prepare");
	for (__u64 i = 0; i < WARM; i++)
		round_trip(asking, i, &seen);
	start = now();
	before = refused(refusing);
	for (__u64 i = 0; i < b->packets; i++) {
		times[count] = round_trip(asking, WARM + i, &seen);
		count += !!times[count];
	}
	qsort(times, count, sizeof(*times), ascending);
	trips_print(b, times, count,
		    (double)(refused(refusing) - before) / (double)(now() - start) * 1e9, seen);
	free(times);
	return 0;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

int latency_run(const struct bench *b)
{
	int answering = socket_open(b, "out", place(SERVER, PORT_ECHO)),
	    refusing = socket_refusing(b);
	int asking = socket_asking(b, PORT_ECHO), loading = socket_asking(b, PORT_LOAD);
	pid_t server, load = 0;
	int err;

	if (answering < 0 || refusing < 0 || asking < 0 || loading < 0)
		return -EIO;
	server = child();
	if (!server)
		echo(answering);
	if (b->rate)
		load = child();
	if (b->rate && !load)
		flood(loading, b->rate, sched_getcpu() ? 0 : 1);
	if (b->rate)
		load_await(refusing);
	err = trips_measure(b, asking, refusing);
	kill(server, SIGKILL);
	if (load)
		kill(load, SIGKILL);
	while (wait(NULL) > 0)
		;
	return err;
}
