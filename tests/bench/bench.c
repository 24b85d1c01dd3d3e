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
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "frame.h"

#define STEPS_MAX 8
#define BATCH 32 /* frames between two runs of the receivers; a veth queues 256 */
#define ATTEMPTS 4
#define WAIT_SHARE 50 /* waited for the CPU more than 1/50 of its time: measured again */
#define ESTABLISHED_STRIDE 2654435761u /* prime: turns far apart, so no prefetcher helps */

enum end { END_IN, END_GIN, END_GOUT, END_OUT, END_MAX };

static const char *const device_names[END_MAX] = { "in0", "gin", "gout", "out0" };

enum direction { OUT, IN };

/* Who opens. */
struct way {
	const char *name, *prefix; /* of what is measured */
	enum direction opens;
	struct parties parties;
};

static const struct way ways[] = {
	{ "outbound", "", OUT, { INSIDE_FIRST, OUTSIDE_FIRST, OUTSIDE_FIRST, OUTSIDE_HOSTS - 1 } },
	{ "service", "service-", IN, { OUTSIDE_FIRST, PUBLIC, INSIDE_FIRST, 0 } },
};

struct device {
	int ns; /* of its namespace */
	__u32 ifindex;
	__u8 mac[6];
};

struct bench {
	const char *row, *first_hop, *objects, *prefix;
	struct way way;
	unsigned int round;
	__u32 steps[STEPS_MAX];
	unsigned int step_count;
	__u64 packets;
	struct device devices[END_MAX];
	struct bpf_object *gen, *sink, *fwd;
	int generate, generators, sinks;
};

static int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(-error));
	va_end(args);
	return error;
}

static int device_open(struct bench *b, enum end end)
{
	static const char *const spaces[END_MAX] = { "in", "gw", "gw", "out" };
	struct device *d = &b->devices[end];
	struct ifreq request = {};
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/run/netns/%s%s", b->prefix, spaces[end]);
	d->ns = open(path, O_RDONLY | O_CLOEXEC);
	if (d->ns < 0 || setns(d->ns, CLONE_NEWNET))
		return fail(-errno, "%s", path);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-errno, "socket");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device_names[end]);
	d->ifindex = if_nametoindex(device_names[end]);
	if (!d->ifindex || ioctl(fd, SIOCGIFHWADDR, &request))
		err = fail(-errno, "%s", device_names[end]);
	memcpy(d->mac, request.ifr_hwaddr.sa_data, sizeof(d->mac));
	close(fd);
	return err;
}

static struct bpf_object *object_open(const struct bench *b, const char *name)
{
	struct bpf_object *object;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", b->objects, name);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		fail(-errno, "%s", path);
	return object;
}

/* One table of records for all: the first object makes it, the others use it. */
static int objects_load(struct bench *b)
{
	struct bpf_object **objects[] = { &b->gen, &b->sink, &b->fwd };
	const char *const names[] = { "gen", "sink", !strcmp(b->first_hop, "translate") ? "nat" : "fwd" };
	struct bpf_map *map;
	int records = -1, err;

	for (unsigned int i = 0; i < 3; i++) {
		*objects[i] = object_open(b, names[i]);
		if (!*objects[i])
			return -ENOENT;
		map = bpf_object__find_map_by_name(*objects[i], "records");
		if (map && records >= 0)
			bpf_map__reuse_fd(map, records);
		err = bpf_object__load(*objects[i]);
		if (err)
			return fail(err, "load %s", names[i]);
		if (records < 0)
			records = bpf_map__fd(map);
	}
	b->generate = bpf_program__fd(bpf_object__find_program_by_name(b->gen, "generate"));
	b->generators = bpf_object__find_map_fd_by_name(b->gen, "generators");
	b->sinks = bpf_object__find_map_fd_by_name(b->sink, "sinks");
	return 0;
}

/* A link, so that the program goes when this process does; native, since that is what is measured. */
static int attach(const struct bench *b, enum end end, struct bpf_object *object, const char *name)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	const struct device *d = &b->devices[end];
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (setns(d->ns, CLONE_NEWNET))
		return fail(-errno, "setns");
	if (bpf_link_create(bpf_program__fd(program), (int)d->ifindex, BPF_XDP, &opts) < 0)
		return fail(-errno, "attach %s to %s", name, device_names[end]);
	return 0;
}

static int forwarder_fill(const struct bench *b)
{
	int fd = bpf_object__find_map_fd_by_name(b->fwd, "ports");

	if (setns(b->devices[END_GIN].ns, CLONE_NEWNET))
		return fail(-errno, "setns");
	for (enum end end = END_GIN; end <= END_GOUT; end++) {
		__u32 ifindex = b->devices[end].ifindex;

		if (bpf_map_update_elem(fd, &ifindex, &ifindex, 0))
			return fail(-errno, "device map");
	}
	return 0;
}

static int gateway_attach(const struct bench *b)
{
	struct bpf_object *object = b->sink;
	int err;

	if (!strcmp(b->first_hop, "own"))
		return 0;
	if (!strcmp(b->first_hop, "forward") || !strcmp(b->first_hop, "translate")) {
		object = b->fwd;
		err = forwarder_fill(b);
		if (err)
			return err;
	}
	err = attach(b, END_GIN, object, b->first_hop);
	return err ? err : attach(b, END_GOUT, object, b->first_hop);
}

static int setup(struct bench *b)
{
	int err = 0;

	for (enum end end = END_IN; end < END_MAX && !err; end++)
		err = device_open(b, end);
	if (!err)
		err = objects_load(b);
	if (!err)
		err = attach(b, END_IN, b->sink, "sink");
	if (!err)
		err = attach(b, END_OUT, b->sink, "sink");
	return err ? err : gateway_attach(b);
}

struct cell {
	const char *what;
	enum direction direction;
	__u32 first, count; /* flows */
	__u32 stride;
	__u64 packets;
	bool record;
};

static int cell_prepare(const struct bench *b, const struct cell *c)
{
	enum end from = c->direction == OUT ? END_IN : END_OUT;
	enum end to = c->direction == OUT ? END_GIN : END_GOUT;
	bool reply = c->direction != b->way.opens;
	struct sink s = {
		.expected = c->packets,
		.parties = b->way.parties,
		.reply = reply,
		.record = c->record,
	};
	struct generator g = {
		.parties = b->way.parties,
		.reply = reply,
		.ifindex = b->devices[from].ifindex,
		.first = c->first,
		.count = c->count,
		.stride = c->stride,
	};
	__u32 zero = 0;

	memcpy(g.dmac, b->devices[to].mac, sizeof(g.dmac));
	memcpy(g.smac, b->devices[from].mac, sizeof(g.smac));
	if (bpf_map_update_elem(b->generators, &zero, &g, 0) ||
	    bpf_map_update_elem(b->sinks, &zero, &s, 0))
		return fail(-errno, "set up a cell");
	if (setns(b->devices[from].ns, CLONE_NEWNET))
		return fail(-errno, "setns");
	return 0;
}

struct outcome {
	__u64 sent, time, waited; /* ns */
	struct sink sink;
};

/* ns that this program was ready to run while another had its CPU. */
static __u64 cpu_waited(void)
{
	unsigned long long ran, waited = 0;
	FILE *file = fopen("/proc/self/schedstat", "r");

	if (file && fscanf(file, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	if (file)
		fclose(file);
	return waited;
}

static int cell_try(const struct bench *b, const struct cell *c, struct outcome *o)
{
	unsigned char frame[FRAME_SIZE] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)c->packets, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = BATCH);
	struct generator g;
	__u32 zero = 0;
	int err = cell_prepare(b, c);

	if (err)
		return err;
	o->waited = cpu_waited();
	if (bpf_prog_test_run_opts(b->generate, &opts))
		return fail(-errno, "run the generator");
	o->waited = cpu_waited() - o->waited;
	if (bpf_map_lookup_elem(b->generators, &zero, &g) ||
	    bpf_map_lookup_elem(b->sinks, &zero, &o->sink))
		return fail(-errno, "read a cell");
	o->sent = g.next;
	/* From the first frame made to the last one seen: what the call sets up and tears down,
	 * about 17 ms, is not a packet's cost. */
	o->time = o->sink.ended > g.started ? o->sink.ended - g.started : 0;
	return 0;
}

static void cell_print(const struct bench *b, const struct cell *c, const struct outcome *o)
{
	double received = o->sink.received ? (double)o->sink.received : 1;

	printf("{\"row\": \"%s\", \"round\": %u, \"flows\": %u, \"what\": \"%s%s\", ", b->row,
	       b->round, c->first + c->count, b->way.prefix, c->what);
	printf("\"sent\": %llu, \"delivered\": %llu, \"sampled\": %llu, \"wrong\": %llu, ", o->sent,
	       o->sink.received, o->sink.sampled, o->sink.wrong);
	printf("\"bad_checksum\": %llu, \"ns\": %.2f, \"waited\": %.2f}\n", o->sink.bad_checksum,
	       (double)o->time / received, (double)o->waited / received);
	fflush(stdout);
}

static bool complete(const struct outcome *o)
{
	return o->sink.received == o->sent;
}

/*
 * Established packets can be sent again, so what another process disturbed is measured anew, and
 * the quietest attempt counts. Nothing is chosen by its time. A gateway that loses packets or
 * spoils them does so in every attempt.
 */
static int cell_run(const struct bench *b, const struct cell *c)
{
	struct outcome best, now;
	int attempts = c->record ? 1 : ATTEMPTS;
	int err = cell_try(b, c, &best);

	while (!err && --attempts && (!complete(&best) || best.waited > best.time / WAIT_SHARE)) {
		err = cell_try(b, c, &now);
		if (err || now.sink.wrong || now.sink.bad_checksum || complete(&now) > complete(&best) ||
		    (complete(&now) == complete(&best) && now.waited < best.waited))
			best = now;
		if (best.sink.wrong || best.sink.bad_checksum)
			break;
	}
	if (err)
		return err;
	cell_print(b, c, &best);
	/* What was lost on the way has no record yet, and the replies need it. */
	return c->record && !complete(&best) ? cell_try(b, c, &now) : 0;
}

static int bench_run(const struct bench *b)
{
	enum direction opens = b->way.opens, answers = opens == OUT ? IN : OUT;
	__u32 have = 0;
	int err = 0;

	for (unsigned int i = 0; i < b->step_count && !err; i++) {
		__u32 flows = b->steps[i];
		struct cell create = { "create", opens, have, flows - have, 1, flows - have, true };
		/* A flow is established once it was answered, so that comes before what counts. */
		struct cell answer = { "answer", answers, have, flows - have, 1, flows - have, false };
		struct cell out = { "out", OUT, 0, flows, ESTABLISHED_STRIDE, b->packets, false };
		struct cell in = { "in", IN, 0, flows, ESTABLISHED_STRIDE, b->packets, false };

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
		default: err = -EINVAL;
		}
	}
	if (!err && (!b->step_count || !b->packets || b->packets > 1u << 30))
		err = fail(-EINVAL, "--flows and --packets");
	if (!translates(b))
		b->way.parties.asked = b->way.parties.served;
	return err;
}

int main(int argc, char **argv)
{
	struct bench b = { .row = "row", .first_hop = "own", .objects = ".", .prefix = "spbn",
			   .way = ways[0] };

	if (options_parse(&b, argc, argv) || setup(&b) || bench_run(&b))
		return 2;
	return 0;
}
