// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures one gateway, from few flows to many, and prints a line of JSON for each cell.
 *
 *   [generator] in0 --- gin [gateway] gout --- out0 [sink]       and the same the other way
 *
 * The inside opens the flows, or with `--way service` the outside does: from many clients to one public
 * address and port, behind which is one inside server.
 *
 * Generator, gateway and sink run on the CPU this program is bound to, so a packet's time is the
 * sum of the three; the row whose first hop is the sink says what two of them cost. The flows of
 * the smaller counts stay while the next are made, so "create" at 10k measures a table that
 * grows from what was there before.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

static const struct way ways[] = {
	{ "outbound", "", OUT, { INSIDE_FIRST, 1, OUTSIDE_FIRST, OUTSIDE_FIRST, 1, OUTSIDE_HOSTS - 1, 0, 0 } },
	{ "service", "service-", IN, { OUTSIDE_FIRST, 1, PUBLIC, INSIDE_FIRST, 0, 0, 0, 0 } },
};

static int bench_run(const struct bench *b)
{
	enum direction opens = b->way.opens, answers = opens == OUT ? IN : OUT;
	__u32 have = 0;
	int err = 0;

	for (unsigned int i = 0; i < b->step_count && !err; i++) {
		__u32 flows = b->steps[i];
		struct cell create = {
			"create", opens, have, flows - have, 1, flows - have, true, 0, false,
		};
		/* A flow is established once it was answered, so that comes before what counts. */
		struct cell answer = {
			"answer", answers, have, flows - have, 1, flows - have, false, 0, false,
		};
		struct cell out = {
			"out", OUT, 0, flows, ESTABLISHED_STRIDE, b->packets, false, 0, false,
		};
		struct cell in = {
			"in", IN, 0, flows, ESTABLISHED_STRIDE, b->packets, false, 0, false,
		};

		err = cell_run(b, &create);
		if (!err)
			err = cell_run(b, &answer);
		if (!err)
			err = cell_run(b, &in);
		if (!err)
			err = cell_run(b, &out);
		have = flows;
	}
	return err;
}

static int steps_parse(struct bench *b, char *text)
{
	__u32 last = 0;

	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		unsigned long flows = strtoul(word, NULL, 10);

		if (flows <= last || flows > FLOWS_MAX || b->step_count == STEPS_MAX)
			return fail(-EINVAL, "--flows %s: rising numbers up to %u are accepted",
				    word, FLOWS_MAX);
		last = b->steps[b->step_count++] = (__u32)flows;
	}
	return b->step_count ? 0 : fail(-EINVAL, "--flows");
}

/* NAME=NUMBER,...: who asks whom, where it is not as the way has it. */
static int parties_parse(struct parties *p, char *text)
{
	const struct {
		const char *name;
		__u32 *value;
	} fields[] = {
		{ "opener", &p->opener }, { "opener-step", &p->opener_step },
		{ "asked", &p->asked },	  { "served", &p->served },
		{ "more", &p->more },	  { "asked-step", &p->asked_step },
		{ "column", &p->column }, { "ports", &p->ports },
	};
	const unsigned int count = sizeof(fields) / sizeof(*fields);

	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		char *equals = strchr(word, '=');
		unsigned int i = 0;

		if (equals)
			*equals++ = 0;
		while (i < count && strcmp(fields[i].name, word))
			i++;
		if (!equals || i == count)
			return fail(-EINVAL, "--parties %s", word);
		*fields[i].value = (__u32)strtoul(equals, NULL, 0);
	}
	return 0;
}

static int way_parse(struct bench *b, const char *name)
{
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(ways[i].name, name))
			continue;
		b->way = ways[i];
		return 0;
	}
	return fail(-EINVAL, "--way %s", name);
}

/* Where nothing is translated, who serves is asked straight away. */
static bool translates(const struct bench *b)
{
	return strcmp(b->first_hop, "sink") && strcmp(b->first_hop, "forward");
}

static int options_parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "row", 1, NULL, 'r' },     { "round", 1, NULL, 'n' },
		{ "flows", 1, NULL, 'f' },   { "packets", 1, NULL, 'p' },
		{ "objects", 1, NULL, 'o' }, { "first-hop", 1, NULL, 'h' },
		{ "prefix", 1, NULL, 's' },  { "way", 1, NULL, 'w' },
		{ "wires", 1, NULL, 'l' },   { "bursts", 0, NULL, 'b' },
		{ "parties", 1, NULL, 'a' }, { "fill", 1, NULL, 'i' },
		{ "count", 0, NULL, 'c' },   { "mode", 1, NULL, 'm' },
		{ "rate", 1, NULL, 't' },    { "seconds", 1, NULL, 'e' },
		{ "daemon", 1, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int option, err = 0;

	while (!err && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r': b->row = optarg; break;
		case 'n': b->round = (unsigned int)atoi(optarg); break;
		case 'f': err = steps_parse(b, optarg); break;
		case 'p': b->packets = strtoull(optarg, NULL, 10); break;
		case 'o': b->objects = optarg; break;
		case 'h': b->first_hop = optarg; break;
		case 's': b->prefix = optarg; break;
		case 'w': err = way_parse(b, optarg); break;
		case 'l': b->wires = (__u32)atoi(optarg); break;
		case 'b': b->bursts = true; break;
		case 'a': err = parties_parse(&b->way.parties, optarg); break;
		case 'i': b->room = (__u32)atoi(optarg); break;
		case 'c': b->count = true; break;
		case 'm': b->mode = optarg; break;
		case 't': b->rate = (__u32)atoi(optarg); break;
		case 'e': b->seconds = (__u32)atoi(optarg); break;
		case 'd': b->daemon = atoi(optarg); break;
		default: err = -EINVAL;
		}
	}
	if (!err && (!b->wires || b->wires > WIRES))
		err = fail(-EINVAL, "--wires: 1 to %u are accepted", WIRES);
	if (!err && (!b->step_count || !b->packets || b->packets > 1u << 30))
		err = fail(-EINVAL, "--flows and --packets");
	if (!translates(b))
		b->way.parties.asked = b->way.parties.served;
	return err;
}

static int mode_run(const struct bench *b)
{
	static const struct {
		const char *name;
		int (*run)(const struct bench *b);
	} modes[] = { { "cores", cores_run },
		      { "expiry", expiry_run },
		      { "profile", profile_run },
		      { "latency", latency_run } };

	for (unsigned int i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].name, b->mode))
			return modes[i].run(b);
	return fail(-EINVAL, "--mode %s", b->mode);
}

int main(int argc, char **argv)
{
	struct bench b = { .row = "row", .first_hop = "own", .objects = ".", .prefix = "spbn",
			   .way = ways[0], .wires = 1 };

	if (options_parse(&b, argc, argv))
		return 2;
	if ((!b.mode || strcmp(b.mode, "latency")) && rig_setup(&b)) /* that one has sockets of its own */
		return 2;
	if (b.mode ? mode_run(&b) : b.room ? fill_run(&b) : bench_run(&b))
		return 2;
	return 0;
}
