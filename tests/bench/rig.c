// SPDX-License-Identifier: GPL-2.0-only
/* Devices and programs of the bench: who is at which end of which wire. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "bench.h"

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(-error));
	va_end(args);
	return error;
}

/* Of wires to the outside the first has the name that it has where there are no others. */
static void device_name(enum end end, __u32 wire, char name[IF_NAMESIZE])
{
	static const char *const names[END_MAX] = { "in0", "gin", "gout", "out" };

	snprintf(name, IF_NAMESIZE, "%s", names[end]);
	if (end == END_OUT || (end == END_GOUT && wire))
		snprintf(name + strlen(name), 4, "%u", wire);
}

static int device_open(struct bench *b, enum end end, __u32 wire)
{
	static const char *const spaces[END_MAX] = { "in", "gw", "gw", "out" };
	struct device *d = &b->devices[end][wire];
	struct ifreq request = {};
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/run/netns/%s%s", b->prefix, spaces[end]);
	d->ns = wire ? b->devices[end]->ns : open(path, O_RDONLY | O_CLOEXEC);
	if (d->ns < 0 || setns(d->ns, CLONE_NEWNET))
		return fail(-errno, "%s", path);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-errno, "socket");
	device_name(end, wire, request.ifr_name);
	d->ifindex = if_nametoindex(request.ifr_name);
	if (!d->ifindex || ioctl(fd, SIOCGIFHWADDR, &request))
		err = fail(-errno, "%s", request.ifr_name);
	memcpy(d->mac, request.ifr_hwaddr.sa_data, sizeof(d->mac));
	close(fd);
	return err;
}

static __u32 wires_of(const struct bench *b, enum end end)
{
	return end == END_IN || end == END_GIN ? 1 : b->wires;
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

static void *map_see(int fd, size_t size)
{
	void *seen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return seen == MAP_FAILED ? NULL : seen;
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
	b->records = map_see(records, FLOWS_MAX * sizeof(struct record));
	b->list = map_see(bpf_object__find_map_fd_by_name(b->gen, "list"), LIST_MAX * sizeof(*b->list));
	if (!b->records || !b->list)
		return fail(-ENOMEM, "see a map");
	b->wire_map = bpf_object__find_map_fd_by_name(b->gen, "wires");
	b->generators = bpf_object__find_map_fd_by_name(b->gen, "generators");
	b->sinks = bpf_object__find_map_fd_by_name(b->sink, "sinks");
	return 0;
}

/* A link, so that the program goes when this process does; native, since that is what is measured. */
static int attach(const struct bench *b, enum end end, struct bpf_object *object, const char *name)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	for (__u32 i = 0; i < wires_of(b, end); i++) {
		const struct device *d = &b->devices[end][i];

		if (setns(d->ns, CLONE_NEWNET))
			return fail(-errno, "setns");
		if (bpf_link_create(bpf_program__fd(program), (int)d->ifindex, BPF_XDP, &opts) < 0)
			return fail(-errno, "attach %s to %u", name, d->ifindex);
	}
	return 0;
}

static int forwarder_fill(const struct bench *b)
{
	int fd = bpf_object__find_map_fd_by_name(b->fwd, "ports");

	if (setns(b->devices[END_GIN]->ns, CLONE_NEWNET))
		return fail(-errno, "setns");
	for (enum end end = END_GIN; end <= END_GOUT; end++) {
		for (__u32 i = 0; i < wires_of(b, end); i++) {
			__u32 ifindex = b->devices[end][i].ifindex;

			if (bpf_map_update_elem(fd, &ifindex, &ifindex, 0))
				return fail(-errno, "device map");
		}
	}
	return 0;
}

/* What the generator must know of the wires that it sends on. */
static int wires_fill(const struct bench *b)
{
	for (__u32 i = 0; i < 2 * WIRES; i++) {
		enum end from = i < WIRES ? END_IN : END_OUT, to = i < WIRES ? END_GIN : END_GOUT;
		const struct device *d = &b->devices[from][i % WIRES];
		struct wire wire = { .ifindex = d->ifindex };

		memcpy(wire.dmac, b->devices[to][i % WIRES].mac, sizeof(wire.dmac));
		memcpy(wire.smac, d->mac, sizeof(wire.smac));
		if (bpf_map_update_elem(b->wire_map, &i, &wire, 0))
			return fail(-errno, "wires");
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

int rig_setup(struct bench *b)
{
	int err = 0;

	for (enum end end = END_IN; end < END_MAX; end++) {
		for (__u32 i = 0; i < wires_of(b, end) && !err; i++)
			err = device_open(b, end, i);
	}
	if (!err)
		err = objects_load(b);
	if (!err)
		err = wires_fill(b);
	if (!err)
		err = attach(b, END_IN, b->sink, "sink");
	if (!err)
		err = attach(b, END_OUT, b->sink, "sink");
	return err ? err : gateway_attach(b);
}
