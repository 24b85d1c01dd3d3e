/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gateway on paper for the tests of the packet path: the real object, loaded, with a small
 * configuration in slot 0, in a network namespace whose devices, routes and neighbours are real,
 * so that the FIB answers for itself. Packets go in by BPF_PROG_TEST_RUN.
 *
 *                    pilot 10.1.20.0/24, campus 10.0.0.0/8
 *                    2001:db8:10:20::/64, 2001:db8:10::/48
 *                                   | lan0
 *                               [gateway]
 *             er0 |                 | er2                  | wan0
 *      1 chicago, table 101   2 dallas, table 102     3 internet, table main
 *      203.0.113.32/28        203.0.113.48/28         203.0.113.0/28
 *      2001:db8:1::/64        (no IPv6)               2001:db8:2::/64
 * inbound
 *      192.168.1.0/24         192.168.2.0/24          192.168.5.5/32
 *      2001:db8:a:1::/64      (no IPv6)               2001:db8:a:5::/64
 *
 * Service 1: 198.18.50.5 and 2001:db8:50::5, tcp/443, udp/443, icmp, three servers, on chicago and
 * internet.
 */
#ifndef SAMEPATH_TEST_RIG_H
#define SAMEPATH_TEST_RIG_H

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <time.h>
#include <unistd.h>
#include <net/if.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "maps/types.h"
#include "maps/verdict.h"
#include "maps/settings.h"
#include "maps/prefix.h"
#include "maps/circuit.h"
#include "maps/pool.h"
#include "maps/flow_table.h"
#include "maps/next_hop.h"
#include "maps/event.h"
#include "maps/service.h"
#include "maps/stage.h"
#include "maps/fragment.h"
#include "frame.h"
#include "tests/lib/flow_put.h"

#define FLOWS 256 /* entries of a table of halves */
#define MAPPINGS 256

enum device { LAN, ER0, ER2, WAN, ALIEN, DEVICES };
enum circuit_number { INSIDE, CHICAGO, DALLAS, INTERNET };
enum class_number { ANY, EXCHANGE, PARTNER, BLOCKED };
enum rule_number { RULE_NONE, RULE_ORDERED, RULE_INTERNET, RULE_DROP, RULE_DALLAS, RULE_SPREAD };

/* Who speaks, in both families. */
enum place {
	PILOT, PILOT_TWO, CAMPUS, NOBODY, /* inside; the last in no segment */
	AT_EXCHANGE, AT_EXCHANGE_TWO, AT_PARTNER, AT_BLOCKED, AT_LARGE, /* outside */
	AT_CHICAGO, AT_DALLAS, AT_INTERNET, /* a pool address */
	AT_GATEWAY,
	SERVER_ONE, SERVER_TWO, SERVER_THREE, AT_PUBLIC, AT_PUBLIC_TWO,
	WEARING_CHICAGO, WEARING_INTERNET, /* an inbound address */
	PLACES
};

struct rig {
	struct bpf_object *object;
	unsigned int ifindex[DEVICES];
	int cpus;
	bool broken; /* a test changed routes: put them back */
	bool crowded; /* a test filled the table of next hops: empty it */
};

/* What became of a packet. */
struct outcome {
	int verdict; /* enum verdict, -1: none or more than one */
	int action;
	unsigned int meta; /* bytes of metadata before the frame */
	uint8_t metadata[64];
	struct frame frame;
};

extern struct rig rig;

int rig_start(void **state);
int rig_end(void **state);
int rig_reset(void **state); /* set-up of each test: empty tables, the configuration as above */
void rig_renew(void);
/* Events and answers of this second are as if none had been told or sent yet. */
void budgets_begin(void); /* the same, but for prefixes, policy and ports */

int map_of(const char *name);
void put(const char *map, const void *key, const void *value);
bool get(const char *map, const void *key, void *value);
uint64_t total(const char *map, unsigned int index, size_t size, size_t offset);
unsigned int entries(const char *map);
struct flow_table_maps flows_maps(int family);
/* Locks every near line of the family, or opens it again; no packet is under way. */
void lines_lock(int family, bool locked);
struct in6_addr at(enum place place, int family);
struct tuple talk(int family, uint8_t protocol, enum place from, enum place to, int sport,
		  int dport);
struct outcome run(enum device in, const struct frame *frame);
/* The same with metadata before the frame. */
struct outcome run_behind(enum device in, const void *metadata, unsigned int size,
			  const struct frame *frame);
int program_of(const char *name);
struct outcome hear(enum device in, struct tuple t, const struct shape *shape);
int guard(enum device out, const struct frame *frame, int *verdict);
unsigned int halves(int family);
bool half_get(const struct tuple *t, struct half *half);
unsigned int oif_of(const struct half *half);
void half_put(const struct tuple *t, const struct half *half);
void flow_put(int family, const void *key, const void *flow);
void half_forget(const struct tuple *t);
bool half_translated(const struct tuple *t, struct tuple *translated);
struct tuple reply_of(struct outcome *o);
uint64_t half_open_of(enum side side);
bool host_of(struct in6_addr address, struct host *host);
void age(const struct tuple *t, uint64_t ns);
uint64_t monotonic(void);
struct circuit circuit_get(unsigned int number);
void circuit_put(unsigned int number, const struct circuit *circuit);
struct settings settings_get(void);
void settings_put(const struct settings *settings);
struct service service_get(unsigned int number);
void service_put(unsigned int number, const struct service *service);
void port_put(enum place public, uint8_t protocol, int port, unsigned int number);
struct service_load load_of(unsigned int number);
struct server_health health_get(unsigned int number);
void health_put(unsigned int number, const struct server_health *health);
void cell(unsigned int source, unsigned int destination, unsigned int rule, unsigned int class);
void generation_move(void);
void next_hops_fill(const struct next_hop *hop);
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
int sweep_run(const char *program, const char *map);
const char *mappings_of(int family);
void mappings_age(int family, uint64_t ns);
const char *verdict_name(int verdict);
void told_unreachable(struct outcome *o, int family, bool prohibited);
void verdict_is(int got, int wanted, const char *claim, int family);

static const int families[] = {4, 6};
#define EACH_FAMILY(f) \
	for (unsigned int f##_i = 0; f##_i < 2; f##_i++) \
		for (int f = families[f##_i], f##_once = 1; f##_once; f##_once = 0)

#endif
