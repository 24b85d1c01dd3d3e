/* SPDX-License-Identifier: GPL-2.0-only */
/* The other end of `asked`: a question never has the tuple of a flow, and takes no answer but its own. */
#include <sys/wait.h>
#include "rig.c"
#include "userspace/circuit_test.h"

/* main.c has them */
const char *option_config = "/nonexistent", *option_gateway;

static struct test_target target;
static struct test_question question;
static struct tuple answer;
static struct flow_key6 key;

static void prepare(int family, uint8_t protocol)
{
	target = (struct test_target){at(AT_EXCHANGE, family), family, protocol == IPPROTO_TCP ? 443 : 0, 0};
	question = (struct test_question){&target, at(AT_CHICAGO, family), 40321, 64, 7};
	answer = turned(talk(family, protocol, AT_CHICAGO, AT_EXCHANGE, 40321, 443));
	key = (struct flow_key6){.saddr = answer.saddr, .daddr = answer.daddr, .sport = htons(answer.sport),
				 .dport = htons(answer.dport), .protocol = answer.protocol};
}

/* The reply half of a flow that some host has to that destination. */
static void reply_put(int family)
{
	struct flow_key4 key4 = {.saddr = key.saddr.s6_addr32[3], .daddr = key.daddr.s6_addr32[3],
				  .ports = key.ports, .kind = key.kind};
	struct flow4 four = {.half.flags = FLOW_REPLY};
	struct flow6 six = {.half.flags = FLOW_REPLY};

	if (family == 4)
		flow_put(4, &key4, &four);
	else
		flow_put(6, &key, &six);
}

static unsigned int sent, resets; /* by the latest question */

static void count_sent(int fd)
{
	uint8_t packet[TEST_PACKET];
	unsigned int head = target.family == 4 ? 20 : 40;

	sent = resets = 0;
	for (; recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0; sent++)
		resets += target.port && packet[head + 13] == RST;
}

/* Through a socket that takes whatever is sent, and leads nowhere. */
static int asks(unsigned int timeout, struct test_outcome *out)
{
	struct test_maps maps = {map_of("asked"), {flows_maps(4), flows_maps(6)}, NULL};
	struct test_wire wire = {-1, -1};
	int ends[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	wire.out = ends[0];
	err = test_ask(&maps, &wire, &question, timeout, out);
	count_sent(ends[1]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(entries("asked"), 0);
	return err;
}

/* What happens while the question is out. */
enum meanwhile { NOTHING, ANSWERED, REFUSED, UNREACHABLE, ANSWERED_ANOTHER, FLOW };

static int asks_while(enum meanwhile what, struct test_outcome *out)
{
	struct asked entry = {.state = ASKED_ANSWERED, .dport = htons(40321)}, waits;
	int err, status = 0;
	pid_t child = fork();

	if (!child) {
		alarm(10);
		while (!get("asked", &key, &waits))
			;
		if (waits.expected != question.serial + 1)
			_exit(1);
		entry.dport += what == ANSWERED_ANOTHER;
		entry.type = what == REFUSED ? RST | ACK : 0;
		entry.error = what == UNREACHABLE;
		if (what == FLOW)
			reply_put(target.family);
		else if (what != NOTHING)
			put("asked", &key, &entry);
		_exit(0);
	}
	err = asks(what == NOTHING || what == FLOW ? 500 : 5000, out); /* the child has that long to see it */
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	return err;
}

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_ICMP};
#define EACH(f, i) EACH_FAMILY(f) for (i = 0; i < 2; i++)

static void flows_keep_their_tuples(void **state)
{
	struct test_outcome out;
	struct half half;
	unsigned int i;

	EACH(f, i) {
		rig_reset(state);
		prepare(f, protocols[i]);
		reply_put(f);
		assert_int_equal(asks(1, &out), -EEXIST);
		assert_int_equal(out.sent, 0);
		assert_int_equal(sent, 0);
		assert_true(half_get(&answer, &half));
		assert_int_equal(half.flags, FLOW_REPLY);
	}
}

static void one_that_comes_meanwhile_is_not_mistaken(void **state)
{
	struct test_outcome out;
	unsigned int i;

	EACH(f, i) {
		rig_reset(state);
		prepare(f, protocols[i]);
		assert_int_equal(asks_while(FLOW, &out), -EEXIST);
		assert_int_equal(halves(f), 1);
	}
}

static void only_its_own_answer_counts(void **state)
{
	struct test_outcome out;
	unsigned int i;

	(void)state;
	EACH(f, i) {
		prepare(f, protocols[i]);
		assert_int_equal(asks_while(ANSWERED, &out), 0);
		assert_true(out.heard);
		assert_int_equal(asks_while(ANSWERED_ANOTHER, &out), -EEXIST);
		assert_int_equal(asks_while(NOTHING, &out), 0);
		assert_false(out.heard);
	}
}

/* A SYN that was heard, for all that is known, leaves half a connection behind. */
static void half_connections_are_taken_back(void **state)
{
	static const struct {
		enum meanwhile what;
		unsigned int resets;
	} rows[] = {{NOTHING, 1}, {ANSWERED, 1}, {ANSWERED_ANOTHER, 1}, {REFUSED, 0}, {UNREACHABLE, 0}, {FLOW, 1}};
	struct test_outcome out;
	unsigned int i, r;

	EACH(f, i) for (r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		unsigned int expected = protocols[i] == IPPROTO_TCP ? rows[r].resets : 0;

		rig_reset(state);
		prepare(f, protocols[i]);
		asks_while(rows[r].what, &out);
		assert_int_equal(resets, expected);
		assert_int_equal(sent, 1 + expected);
	}
}

static void questions_of_killed_tests_are_cleared(void **state)
{
	struct test_maps maps = {map_of("asked"), {flows_maps(4), flows_maps(6)}, NULL};
	uint64_t now = monotonic();
	const uint64_t until[] = {now - 5 * NANOSECONDS, now - 2 * NANOSECONDS, now, now + NANOSECONDS};
	struct asked entry = {0};
	unsigned int i;

	(void)state;
	prepare(6, IPPROTO_TCP);
	for (i = 0; i < 4; i++, key.dport++) {
		entry.until = until[i];
		put("asked", &key, &entry);
	}
	test_maps_clear(&maps);
	assert_int_equal(entries("asked"), 2);
	for (i = 0; i < 2; i++) {
		key.dport--;
		assert_int_equal(bpf_map_delete_elem(map_of("asked"), &key), 0);
	}
}

static void two_tests_do_not_share_a_tuple(void **state)
{
	struct test_outcome out;
	struct test_maps maps = {map_of("asked"), {flows_maps(4), flows_maps(6)}, NULL};
	struct test_wire wire = {-1, -1};
	struct asked entry = {.until = 5}, after;

	(void)state;
	EACH_FAMILY(f) {
		prepare(f, IPPROTO_TCP);
		put("asked", &key, &entry);
		assert_int_equal(test_ask(&maps, &wire, &question, 1, &out), -EEXIST);
		assert_true(get("asked", &key, &after));
		assert_memory_equal(&entry, &after, sizeof(entry));
		assert_int_equal(bpf_map_delete_elem(map_of("asked"), &key), 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(flows_keep_their_tuples),
		CASE(one_that_comes_meanwhile_is_not_mistaken),
		CASE(only_its_own_answer_counts),
		CASE(half_connections_are_taken_back),
		CASE(questions_of_killed_tests_are_cleared),
		CASE(two_tests_do_not_share_a_tuple),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
