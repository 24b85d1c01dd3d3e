// SPDX-License-Identifier: GPL-2.0-only
/* What a packet of each kind asks of maps, told by the gateway that counts (tests/lib/counted.h). */
#include <arpa/inet.h>
#include <stdio.h>
#include <bpf/bpf.h>
#include "bench.h"

static void counts_clear(int counts)
{
	char key[64], *from = NULL;
	__u64 zero = 0;

	while (!bpf_map_get_next_key(counts, from, key)) {
		bpf_map_update_elem(counts, key, &zero, BPF_EXIST);
		from = key;
	}
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
		err = packets_count(b, counts, "established outbound", out);
	if (!err)
		err = packets_count(b, counts, "established inbound", answer);
	return err ? err : packets_count(b, counts, "drop", drop);
}
