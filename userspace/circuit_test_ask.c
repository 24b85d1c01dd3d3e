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
#include "observe.h"

#define MILLISECOND 1000000ULL

int test_maps_open(struct test_maps *m, const struct observe *o)
{
	m->asked = observe_map(o, "asked");
	m->flows4 = observe_map(o, "flows4");
	m->flows6 = observe_map(o, "flows6");
	return m->asked < 0 ? m->asked : m->flows4 < 0 ? m->flows4 : m->flows6 < 0 ? m->flows6 : 0;
}

void test_maps_close(struct test_maps *m)
{
	int fds[] = { m->asked, m->flows4, m->flows6 };

	for (unsigned int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
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
	struct flow_key4 key4 = { .saddr = key->saddr.s6_addr32[3],
				  .daddr = key->daddr.s6_addr32[3],
				  .sport = key->sport,
				  .dport = key->dport,
				  .protocol = key->protocol };
	union {
		struct flow4 four;
		struct flow6 six;
	} flow;

	if (q->to->family == 4)
		return !bpf_map_lookup_elem(m->flows4, &key4, &flow);
	return !bpf_map_lookup_elem(m->flows6, key, &flow);
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
		out->heard = out->answer.state == ASKED_ANSWERED;
		if (out->heard || test_ended())
			return;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < (long)MILLISECOND)
			pause.tv_nsec += pause.tv_nsec / 4;
		now = observe_now();
	} while (now < until);
}

static int ask(const struct test_maps *m, const struct test_wire *w, const struct test_question *q,
	       const struct flow_key6 *key, uint64_t until, struct test_outcome *out)
{
	/* after the insert: nothing that comes from now on is missed, and a flow that came before is seen */
	if (has_flow(m, q, key))
		return -EEXIST;
	out->sent = observe_now();
	out->error = test_wire_send(w, q, false);
	if (!out->error)
		wait_for(m, key, until, out);
	out->oif = test_wire_left(w, q);
	if (has_flow(m, q, key) || (out->heard && out->answer.dport != key->dport))
		return -EEXIST;
	/* the far end has half a connection now */
	if (out->heard && q->to->port && !out->answer.error && !(out->answer.type & TH_RST))
		test_wire_send(w, q, true);
	return 0;
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
	err = ask(m, w, q, &key, entry.until, out);
	bpf_map_delete_elem(m->asked, &key);
	return err;
}
