// SPDX-License-Identifier: GPL-2.0-only
/* Asking one question of `circuit test`, and waiting for what the packet path notes of its answer. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "circuit_test.h"
#include "instance.h"
#include "maps.h"
#include "observe.h"

#define MILLISECOND 1000000ULL
#define LEFT_BEHIND (1000 * MILLISECOND) /* after its time, a question has nobody who would delete it */

int test_maps_open(struct test_maps *m, const struct observe *o)
{
	int four, six;

	m->asked = observe_map(o, "asked");
	if (m->asked >= 0)
		test_maps_clear(m);
	four = observe_flow_table(o, 4, &m->flows[FLOW_TABLE(4)]);
	six = observe_flow_table(o, 6, &m->flows[FLOW_TABLE(6)]);
	return m->asked < 0 ? m->asked : four ? four : six;
}

void test_maps_clear(const struct test_maps *m)
{
	struct flow_key6 key, next;
	uint64_t now = observe_now();
	struct asked a;
	bool more = !bpf_map_get_next_key(m->asked, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(m->asked, &key, &next);
		if (!bpf_map_lookup_elem(m->asked, &key, &a) && a.until + LEFT_BEHIND < now)
			bpf_map_delete_elem(m->asked, &key);
	}
}

void test_maps_close(struct test_maps *m)
{
	if (m->asked >= 0)
		close(m->asked);
	observe_flow_table_close(&m->flows[FLOW_TABLE(4)]);
	observe_flow_table_close(&m->flows[FLOW_TABLE(6)]);
}

/* The tuple of the answer. */
static struct flow_key6 answer_key(const struct test_question *q)
{
	return (struct flow_key6){ .saddr = q->to->address,
				   .daddr = q->from,
				   .sport = htons(q->to->port),
				   .dport = htons(q->port),
				   .protocol = test_protocol(q->to) };
}

/* Has a flow this tuple, alive or dead? An answer would be the flow's. */
static bool has_flow(const struct test_maps *m, const struct test_question *q,
		     const struct flow_key6 *key)
{
	struct flow6 half;

	return flow_table_find(&m->flows[FLOW_TABLE(q->to->family)], key, &half);
}

/* Looks often at first, for the time is the packet path's: only the test as a whole is longer for it. */
static void wait_for(const struct test_maps *m, const struct flow_key6 *key, uint64_t until,
		     struct test_outcome *out)
{
	struct timespec pause = { .tv_nsec = MILLISECOND / 10 };
	uint64_t now;

	do {
		if (bpf_map_lookup_elem(m->asked, key, &out->answer))
			return;
		/* a copy takes its time: what stands before the state may be older than that, and in the next is not */
		out->heard = out->answer.state == ASKED_ANSWERED &&
			     !bpf_map_lookup_elem(m->asked, key, &out->answer);
		if (out->heard || test_ended())
			return;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < (long)MILLISECOND)
			pause.tv_nsec += pause.tv_nsec / 4;
		now = observe_now();
	} while (now < until);
}

/*
 * Without the gateway nothing keeps a pool address on its circuit: what is sent is sent while nobody can stop it.
 * One without pins was stopped, whatever else of it stayed.
 */
static int hold(const struct test_maps *m)
{
	int err = m->instance ? instance_lock_there(m->instance) : 0;

	if (!err && m->instance && !maps_pinned(m->instance->pins)) {
		instance_unlock(m->instance);
		err = -ENOENT;
	}
	return err;
}

static void let_go(const struct test_maps *m)
{
	if (m->instance)
		instance_unlock(m->instance);
}

static int ask(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
	       const struct flow_key6 *key, struct test_outcome *out)
{
	int err = hold(m);

	if (err)
		return err;
	/* after the insert: nothing that comes from now on is missed, and a flow that came before is seen */
	if (has_flow(m, q, key)) {
		err = -EEXIST;
	} else {
		test_wire_clear(w);
		out->sent = observe_now();
		out->error = test_wire_send(w, q, false);
	}
	let_go(m);
	return err;
}

/* Whoever heard the SYN has half a connection now, also when the answer went another way or was late. */
static void take_back(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
		      const struct test_outcome *out)
{
	bool refused = out->heard && out->answer.dport == htons(q->port) &&
		       (out->answer.error || out->answer.type & TH_RST);

	if (!q->to->port || out->error || refused || hold(m))
		return;
	test_wire_send(w, q, true);
	let_go(m);
}

static int hear(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
		const struct flow_key6 *key, uint64_t until, struct test_outcome *out)
{
	if (!out->error) {
		wait_for(m, key, until, out);
		out->oif = test_wire_left(w, q);
	}
	take_back(m, w, q, out);
	return has_flow(m, q, key) || (out->heard && out->answer.dport != key->dport) ? -EEXIST : 0;
}

int test_ask(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
	     unsigned int timeout, struct test_outcome *out)
{
	struct flow_key6 key = answer_key(q);
	struct asked entry = { .until = observe_now() + timeout * MILLISECOND,
			       .expected = q->serial + 1 };
	int err;

	memset(out, 0, sizeof(*out));
	if (bpf_map_update_elem(m->asked, &key, &entry, BPF_NOEXIST))
		return -errno;
	err = ask(m, w, q, &key, out);
	err = err ? err : hear(m, w, q, &key, entry.until, out);
	bpf_map_delete_elem(m->asked, &key);
	return err;
}
