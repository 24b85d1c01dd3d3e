// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet of each kind asks of maps, told by the gateway that counts (tests/lib/counted.h), a packet of
 * each of some flows. A known flow's way is asked for again once its answer is older than the gateway trusts
 * it, which without a daemon is a second; so what is counted as established has just been sent once, and what rested before is
 * counted apart.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "bench.h"

#define COUNTS 1024 /* kinds of look-ups, at most */
#define REST 4 /* s, longer than a way is trusted while no daemon watches the routes */

/* All keys first: who is written comes first in its bucket, and a walk that writes meets two of one bucket for ever. */
static void counts_clear(int counts)
{
	static char keys[COUNTS][64];
	__u64 zero = 0;
	int n = 0;

	while (n < COUNTS && !bpf_map_get_next_key(counts, n ? keys[n - 1] : NULL, keys[n]))
		n++;
	while (n-- > 0)
		bpf_map_update_elem(counts, keys[n], &zero, BPF_EXIST);
}

static int packets_count(const struct bench *b, int counts, const char *name, struct cell c)
{
	char key[64], *from = NULL;
	struct outcome o;
	__u64 made;
	int err;

	counts_clear(counts);
	err = cell_try(b, &c, &o);
	if (err)
		return err;
	while (!bpf_map_get_next_key(counts, from, key)) {
		from = key;
		if (bpf_map_lookup_elem(counts, key, &made) || !made)
			continue;
		printf("{\"packet\": \"%s\", \"sent\": %llu, \"delivered\": %llu, ", name, o.sent,
		       o.sink.received);
		printf("\"asked\": \"%s\", \"each\": %.3f}\n", key, (double)made / (double)o.sent);
	}
	return 0;
}

static int established_count(const struct bench *b, int counts, const char *name, struct cell c)
{
	struct outcome o;
	int err = cell_try(b, &c, &o);

	return err ? err : packets_count(b, counts, name, c);
}

/* The drop is of what comes from outside, of no flow. */
int profile_run(const struct bench *b)
{
	__u32 flows = b->steps[0];
	struct cell create = { "create", OUT, 0, flows, 1, flows, true, 0, false };
	struct cell answer = { "answer", IN, 0, flows, 1, flows, false, 0, false };
	struct cell out = { "out", OUT, 0, flows, 1, flows, false, 0, false };
	struct cell drop = { "drop", IN, flows, flows, 1, flows, false, 0, false };
	struct record *records = (struct record *)b->records;
	struct outcome o;
	int counts = counts_open(b), err;

	if (counts < 0)
		return counts;
	for (__u32 i = flows; i < 2 * flows; i++)
		records[i] = (struct record){ .address = htonl(0xc61200c8), .port = htons(9) };
	err = packets_count(b, counts, "new flow", create);
	if (!err)
		err = cell_try(b, &answer, &o);
	if (!err)
		err = established_count(b, counts, "established outbound", out);
	if (!err)
		err = established_count(b, counts, "established inbound", answer);
	sleep(REST);
	if (!err)
		err = packets_count(b, counts, "outbound, after a rest", out);
	return err ? err : packets_count(b, counts, "drop", drop);
}
