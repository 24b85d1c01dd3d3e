/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `circuit test`: questions from a pool address of the circuit, and on which circuit their answers come back.
 *
 * A question is a raw packet of the gateway's own, so the routing rule of the pool and the guard decide as for any
 * other. Its answer belongs to no flow: the packet path drops it, and notes it before (maps/asked.h). A tuple that
 * a flow has is never asked from, and when one takes it meanwhile, the question is asked again with another port;
 * tables of flows are only read. A flow that takes it meanwhile finds the far end with half a connection for as
 * long as the reset of the question takes: its SYN may have to be sent twice.
 */
#ifndef SAMEPATH_USERSPACE_CIRCUIT_TEST_H
#define SAMEPATH_USERSPACE_CIRCUIT_TEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include "flow_table.h"
#include "../maps/asked.h"

struct circuit;
struct instance;
struct observe;

#define TEST_DESTINATIONS 16
#define TEST_COUNT 20
#define TEST_HOPS 30
#define TEST_SILENT 3 /* hops without an answer that end a path */

/* TCP with a port, an echo without. */
struct test_target {
	struct in6_addr address; /* mapped */
	uint8_t family;
	uint16_t port; /* host order, 0: echo */
	uint32_t oif; /* what belongs to one link is asked over it, 0: as the kernel chooses */
};

struct test_request {
	const char *circuit;
	struct test_target to[TEST_DESTINATIONS];
	unsigned int targets;
	struct in6_addr from;
	uint8_t from_family; /* 0: the first address of the pool */
	unsigned int count; /* questions to each */
	unsigned int timeout; /* ms */
	bool trace;
};

/* One question. */
struct test_question {
	const struct test_target *to;
	struct in6_addr from; /* mapped */
	uint16_t port; /* host order; the identifier of an echo */
	uint8_t ttl;
	uint32_t serial; /* tells it from others of the same port */
};

/* And what became of it. */
struct test_outcome {
	uint64_t sent; /* ns */
	uint32_t oif; /* device that it left by, 0: it did not */
	int error; /* -errno of sending */
	bool heard;
	struct asked answer; /* when heard */
};

/* Reads "NAME [--to ADDRESS[:PORT]]...". 0, or -EINVAL with one line printed. */
int test_parse(struct test_request *q, int argc, char **argv);
/* Reads "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443". 0 or -EINVAL. */
int test_target_parse(const char *text, struct test_target *out);
/* Destinations of the applied configuration. How many; 0: there are none. */
unsigned int test_derive(const char *circuit, uint8_t families, struct test_target *out);

/* The IP packet of a question, or of the reset that takes it back; its length. */
uint32_t test_packet(const struct test_question *q, bool reset, uint8_t *out);
#define TEST_PACKET 64
uint8_t test_protocol(const struct test_target *t);

/* The sockets of one pool address: what sends, and what sees by which device the gateway's own packets leave. */
struct test_wire {
	int out, seen;
};
/* 0 or -errno. */
int test_wire_open(struct test_wire *w, const struct in6_addr *from);
void test_wire_close(struct test_wire *w);
int test_wire_send(const struct test_wire *w, const struct test_question *q, bool reset);
/* Forgets what left until now: what is seen then is of the question that is sent next. */
void test_wire_clear(const struct test_wire *w);
/* The device that the question left by, as far as is known now; 0: none. */
uint32_t test_wire_left(const struct test_wire *w, const struct test_question *q);

/* Where questions are entered and answers found. */
struct test_maps {
	int asked;
	struct flow_table_maps flows[2]; /* at FLOW_TABLE(family) */
	/* Held while a packet is sent: `stop` takes guards away. NULL: there is nobody who would. */
	struct instance *instance;
};
int test_maps_open(struct test_maps *m, const struct observe *o);
void test_maps_close(struct test_maps *m);
/* Deletes questions that nobody waits for any more: a test that was killed could not. */
void test_maps_clear(const struct test_maps *m);
/*
 * Asks and waits. 0, -EEXIST: the tuple is a flow's, or another test's; another -errno: it cannot be asked, -ENOENT:
 * for the gateway was stopped, -EBUSY, said: for another command keeps it.
 */
int test_ask(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
	     unsigned int timeout, struct test_outcome *out);

/* Ports (identifiers) to ask from. No two questions of a test have the same. */
struct test_ports {
	uint16_t low; /* host order */
	uint32_t count, start, tried;
	bool local[2]; /* the address of IPv4, IPv6 is the machine's own, which has sockets of its own there */
	uint16_t local_min, local_max; /* the kernel's */
	int listeners;
};
int test_ports_open(struct test_ports *p, const struct observe *o, const struct circuit *c,
		    const struct in6_addr from[2]);
void test_ports_close(struct test_ports *p);
/* 0: none is left. */
uint16_t test_ports_next(struct test_ports *p, const struct test_target *to);

/* A signal ended the test. */
bool test_ended(void);

/* One destination, and what is known of it. */
struct tested {
	const struct test_target *target;
	unsigned int sent, answered, astray;
	unsigned int hops_astray; /* of the path, that answered on another circuit */
	bool elsewhere; /* a question left by what is no link of the circuit: `oif` is that */
	uint64_t least, most, sum; /* ns */
	uint32_t oif;
	bool heard;
	struct asked answer; /* that is told of: when one went astray, that one */
	const char *finding;
	struct test_outcome hops[TEST_HOPS];
	unsigned int hop_count;
};
#define TEST_SOUND "same circuit" /* the finding of a destination that is as it should be */
/* Did the answer come from the destination itself? Only errors come from others. */
bool test_arrived(const struct test_outcome *a, const struct test_target *t);
/* With `error` the test ended before its time. */
void test_print(const struct observe *o, const struct test_request *q, const struct in6_addr from[2],
		const struct tested *all, const char *error);

/* The whole test. Status for the shell. */
int circuit_test(struct observe *o, struct test_request *q);

#endif
