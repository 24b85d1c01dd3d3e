// SPDX-License-Identifier: GPL-2.0-only
/* The course of `circuit test`. */
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "circuit_test.h"
#include "instance.h"
#include "observe.h"
#include "prefix.h"
#include "print.h"

/* What all questions of a test share. */
struct course {
	struct test_maps maps;
	struct test_wire wire[2]; /* IPv4, IPv6 */
	struct in6_addr from[2]; /* all zero: the circuit has none of this family */
	unsigned int circuit;
	struct observe_link *links; /* of all circuits */
	size_t link_count;
	struct test_ports ports;
	struct instance instance;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

bool test_ended(void)
{
	return ended;
}

bool test_arrived(const struct test_outcome *a, const struct test_target *t)
{
	return a->heard && (!a->answer.error || IN6_ARE_ADDR_EQUAL(&a->answer.source, &t->address));
}

/* Asks with the next port that is free, -ENOSPC: none is. */
static int ask(struct course *c, const struct test_request *q, const struct test_target *to, uint8_t ttl,
	       struct test_outcome *out)
{
	unsigned int six = to->family == 6;
	struct test_question question = { .to = to, .from = c->from[six], .ttl = ttl };
	int err;

	getrandom(&question.serial, sizeof(question.serial), 0);
	do {
		question.port = test_ports_next(&c->ports, to);
		if (!question.port)
			return -ENOSPC;
		err = test_ask(&c->maps, &c->wire[six], &question, q->timeout, out);
	} while (err == -EEXIST && !ended);
	return err;
}

static const char *failure(int error)
{
	if (error == -EPERM)
		return "refused by a filter of this machine";
	return error == -ENOBUFS ? "refused by the guard, or by a full queue" : "no way out of the circuit";
}

/* Is this device none of the circuit's links? A route or rule of somebody else's leads there, where no guard is. */
static bool elsewhere(const struct course *c, uint32_t oif)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].ifindex == oif && c->links[i].role.kind == ROLE_LINK &&
		    c->links[i].role.circuit == c->circuit)
			return false;
	return oif;
}

/* What went wrong is what is told, of the devices as of the answers. */
static void judge_way(const struct course *c, const struct test_outcome *a, struct tested *t)
{
	if (a->oif && !t->elsewhere)
		t->oif = a->oif;
	t->elsewhere |= elsewhere(c, a->oif);
}

static void judge(const struct course *c, const struct test_outcome *a, struct tested *t)
{
	unsigned int circuit = c->circuit;
	uint64_t time = a->answer.time - a->sent;

	t->sent += !a->error;
	judge_way(c, a, t);
	if (a->error)
		t->finding = failure(a->error);
	if (!a->heard)
		return;
	if (!t->astray || a->answer.circuit != circuit) {
		t->heard = true;
		t->answer = a->answer;
	}
	t->astray += a->answer.circuit != circuit;
	if (a->answer.error)
		return;
	t->answered++;
	t->sum += time;
	t->least = !t->least || time < t->least ? time : t->least;
	t->most = time > t->most ? time : t->most;
}

static const char *finding(const struct tested *t)
{
	if (t->elsewhere)
		return "left by another device";
	if (t->astray)
		return "answered on another circuit";
	if (t->finding)
		return t->finding;
	if (!t->sent)
		return "not asked";
	if (t->answered == t->sent)
		return t->hops_astray ? "a hop answered on another circuit" : TEST_SOUND;
	if (t->answered)
		return "partly answered";
	if (t->heard)
		return "an error came back";
	return t->oif ? "no answer" : "no answer: the question left by no device";
}

static int trace(struct course *c, const struct test_request *q, struct tested *t)
{
	unsigned int silent = 0;
	int err = 0;

	while (t->hop_count < TEST_HOPS && silent < TEST_SILENT && !ended) {
		struct test_outcome *a = &t->hops[t->hop_count];

		err = ask(c, q, t->target, (uint8_t)(t->hop_count + 1), a);
		if (err)
			break;
		t->hop_count++;
		judge_way(c, a, t);
		t->hops_astray += a->heard && a->answer.circuit != c->circuit;
		silent = a->heard ? 0 : silent + 1;
		if (test_arrived(a, t->target) || a->error)
			break;
	}
	return err;
}

static int test_one(struct course *c, const struct test_request *q, struct tested *t)
{
	struct test_outcome a;
	int err = 0;

	for (unsigned int i = 0; i < q->count && !ended && !err; i++) {
		err = ask(c, q, t->target, 64, &a);
		if (!err)
			judge(c, &a, t);
	}
	if (q->trace && !err)
		err = trace(c, q, t);
	t->finding = finding(t);
	return err;
}

/* The pool address of a family; false: the circuit has none. */
static bool pool_address(const struct test_request *q, const struct circuit *c, uint8_t family,
			 struct in6_addr *out)
{
	const struct pool *pool = family == 4 ? &c->out4 : &c->out6;
	struct prefix from = { .address = q->from, .family = family, .length = family == 4 ? 32 : 128 };

	if (q->from_family && q->from_family != family)
		return false;
	for (uint32_t i = 0; i < POOL_RANGES; i++) {
		const struct pool_range *r = &pool->range[i];
		struct prefix range = { .address = r->first, .family = family, .length = r->length };

		if (!r->count || r->flags & RANGE_RETIRING ||
		    (q->from_family && !prefix_contains(&range, &from)))
			continue;
		*out = q->from_family ? q->from : r->first;
		return true;
	}
	return false;
}

/* One line when the test cannot be made; EXIT_DONE: it can. */
static int refuse(const struct observe *o, const struct test_request *q, const struct circuit *c,
		  struct course *course)
{
	struct in6_addr from;
	bool up = false;

	if (!pool_address(q, c, 4, &from) && !pool_address(q, c, 6, &from))
		return q->from_family ?
			       print_error(
				       "circuit test: --from: no address of the outbound pool of circuit %s",
				       q->circuit) :
			       print_error("circuit %s: has no outbound pool to ask from", q->circuit);
	if (!q->targets)
		return print_error(
			"circuit %s: nothing in feeds, checks and next hops to ask; accepted: --to",
			q->circuit);
	for (unsigned int i = 0; i < q->targets; i++)
		if (!pool_address(q, c, q->to[i].family, &from))
			return print_error("circuit %s: has no IPv%d address to ask from", q->circuit,
					   q->to[i].family);
	if (observe_links(o, &course->links, &course->link_count))
		return EXIT_TROUBLE;
	for (size_t i = 0; i < course->link_count; i++)
		up |= course->links[i].up && !elsewhere(course, course->links[i].ifindex);
	if (up)
		return EXIT_DONE;
	print_error("circuit %s: none of its links is up", q->circuit);
	return EXIT_NO;
}

static int unknown(const struct observe *o, const char *name)
{
	char list[1024] = "";
	size_t used = 0;

	for (unsigned int i = 1; i < CIRCUITS_MAX; i++)
		if (*o->circuits[i] && used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 used ? ", " : "", o->circuits[i]);
	print_error("circuit %s: gateway %s has none of this name; accepted: %s", name, o->name, list);
	return EXIT_NO;
}

static int begin(struct course *c, const struct observe *o, const struct circuit *circuit)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = end };
	int err = test_maps_open(&c->maps, o);

	err = err ? err : instance_open(&c->instance, o->name);
	c->maps.instance = &c->instance;
	err = err ? err : test_ports_open(&c->ports, o, circuit, c->from);
	for (unsigned int six = 0; six < 2 && !err; six++)
		if (!IN6_IS_ADDR_UNSPECIFIED(&c->from[six]))
			err = test_wire_open(&c->wire[six], &c->from[six]);
	if (err)
		return print_error("circuit test: cannot ask: %s", strerror(-err)), err;
	for (unsigned int i = 0; i < 3; i++)
		sigaction(signals[i], &action, NULL);
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -ENOENT:
		return "nothing is applied here any more";
	case -ENOSPC:
		return "no port of the circuit's port-range is left to ask from";
	case -E2BIG:
		return "too many questions of other tests are waiting";
	}
	return strerror(-err);
}

static int run(struct course *c, const struct observe *o, const struct test_request *q)
{
	static struct tested all[TEST_DESTINATIONS];
	int err = 0, status = EXIT_DONE;
	char why[128];

	for (unsigned int i = 0; i < q->targets; i++) {
		all[i] = (struct tested){ .target = &q->to[i] };
		if (!err && !ended)
			err = test_one(c, q, &all[i]);
		all[i].finding = finding(&all[i]);
		if (strcmp(all[i].finding, TEST_SOUND))
			status = EXIT_NO;
	}
	/* of a lock that others keep it is said, and JSON is one document */
	if (err == -EBUSY && print_json)
		return EXIT_TROUBLE;
	snprintf(why, sizeof(why), "circuit test: ended: %s", reason(err));
	/* what was measured before is told all the same */
	test_print(o, q, c->from, all, err && err != -EBUSY ? why : NULL);
	return err ? EXIT_TROUBLE : status;
}

int circuit_test(struct observe *o, struct test_request *q)
{
	struct course c = { .maps = { .asked = -1, .flows = { { 4, -1, -1, -1, -1 }, { 6, -1, -1, -1, -1 } } },
			    .wire = { { -1, -1 }, { -1, -1 } },
			    .ports = { .listeners = -1 },
			    .instance = { .lock = -1 } };
	int number = observe_circuit_number(o, q->circuit), status;
	struct circuit circuit;
	uint8_t families = 0;

	if (number <= 0)
		return unknown(o, q->circuit);
	if (observe_read(o, "circuits", o->live.slot * CIRCUITS_MAX + (uint32_t)number, 1,
			 sizeof(circuit), 1, &circuit))
		return EXIT_TROUBLE;
	c.circuit = (unsigned int)number;
	families |= pool_address(q, &circuit, 4, &c.from[0]) ? 4 : 0;
	families |= pool_address(q, &circuit, 6, &c.from[1]) ? 2 : 0;
	if (!q->targets)
		q->targets = test_derive(q->circuit, families, q->to);
	status = refuse(o, q, &circuit, &c);
	if (!status)
		status = begin(&c, o, &circuit) ? EXIT_TROUBLE : run(&c, o, q);
	test_maps_close(&c.maps);
	test_wire_close(&c.wire[0]);
	test_wire_close(&c.wire[1]);
	test_ports_close(&c.ports);
	free(c.links);
	return status;
}
