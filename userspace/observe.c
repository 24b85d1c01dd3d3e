// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the pins and adding up the counters.
 *
 * A per-CPU value of the contract is a row of 64-bit words, so that one loop adds up every kind of
 * counter; the assertions below hold that.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "attach.h"
#include "cmd.h"
#include "config.h"
#include "instance.h"
#include "observe.h"
#include "print.h"
#include "report.h"

_Static_assert(sizeof(struct circuit_counter) % 8 == 0, "added up by words");
_Static_assert(sizeof(struct class_counter) % 8 == 0, "added up by words");
_Static_assert(sizeof(struct tally) % 8 == 0, "added up by words");

/* What a time namespace adds to our clock. Nothing is added to the packet path's. */
static int64_t clock_offset(void)
{
	long long seconds, nanoseconds, offset = 0;
	FILE *in = fopen("/proc/self/timens_offsets", "re");
	char clock[16];

	while (in && fscanf(in, "%15s %lld %lld", clock, &seconds, &nanoseconds) == 3)
		if (!strcmp(clock, "monotonic"))
			offset = seconds * (long long)NANOSECONDS + nanoseconds;
	if (in)
		fclose(in);
	return offset;
}

uint64_t observe_now(void)
{
	static bool known;
	static int64_t offset;
	struct timespec t;

	if (!known)
		offset = clock_offset();
	known = true;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)((int64_t)t.tv_sec * (int64_t)NANOSECONDS + t.tv_nsec - offset);
}

int observe_map(const struct observe *o, const char *map)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", o->directory, map);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int observe_program(const struct observe *o, const char *program)
{
	char name[64];

	snprintf(name, sizeof(name), "prog_%s", program);
	return observe_map(o, name);
}

void observe_add(uint64_t *sum, const uint64_t *copies, size_t words, unsigned int cpus)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		for (size_t w = 0; w < words; w++)
			sum[w] += copies[cpu * words + w];
}

int observe_inner(const struct observe *o, const char *outer, uint32_t slot)
{
	int fd = observe_map(o, outer), err;
	uint32_t id;

	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &slot, &id) ? -errno : 0;
	close(fd);
	fd = err ? err : bpf_map_get_fd_by_id(id);
	return !err && fd < 0 ? -errno : fd;
}

int observe_read(const struct observe *o, const char *map, uint32_t first, uint32_t count,
		 size_t size, unsigned int copies, void *out)
{
	size_t words = (size + 7) / 8;
	uint64_t *buffer = calloc(copies, words * 8);
	int fd = observe_map(o, map), err = fd < 0 ? fd : 0;

	if (!buffer)
		err = -ENOMEM;
	for (uint32_t i = 0; !err && i < count; i++) {
		uint32_t key = first + i;

		if (bpf_map_lookup_elem(fd, &key, buffer)) {
			err = -errno;
		} else if (copies == 1) {
			memcpy((char *)out + i * size, buffer, size);
		} else {
			uint64_t *sum = (uint64_t *)((char *)out + i * size);

			observe_add(sum, buffer, words, copies);
		}
	}
	if (err)
		print_error("map %s: cannot read: %s", map, strerror(-err));
	if (fd >= 0)
		close(fd);
	free(buffer);
	return err;
}

static void keep_name(struct observe *o, const struct name_key *key, uint32_t number)
{
	if (key->kind == NAME_CIRCUIT && number < CIRCUITS_MAX)
		memcpy(o->circuits[number], key->name, sizeof(key->name));
	if (key->kind == NAME_CLASS && number < CLASSES_MAX)
		memcpy(o->classes[number], key->name, sizeof(key->name));
	if (key->kind == NAME_SERVICE && number < SERVICES_MAX)
		memcpy(o->services[number], key->name, sizeof(key->name));
}

static int read_names(struct observe *o)
{
	struct name_key key, next;
	int fd = observe_map(o, "names");
	void *at = NULL;

	if (fd < 0)
		return print_error("map names: cannot open: %s", strerror(-fd)), fd;
	memset(o->circuits, 0, sizeof(o->circuits));
	memset(o->classes, 0, sizeof(o->classes));
	memset(o->services, 0, sizeof(o->services));
	strcpy(o->circuits[0], "inside");
	strcpy(o->classes[0], "any");
	while (!bpf_map_get_next_key(fd, at, &next)) {
		uint32_t number;

		if (!bpf_map_lookup_elem(fd, &next, &number))
			keep_name(o, &next, number);
		key = next;
		at = &key;
	}
	close(fd);
	return 0;
}

int observe_refresh(struct observe *o)
{
	int err = observe_read(o, "live", 0, 1, sizeof(o->live), 1, &o->live);

	if (!err)
		err = observe_read(o, "settings", o->live.slot % SLOTS, 1, sizeof(o->settings), 1,
				   &o->settings);
	return err ? err : read_names(o);
}

int observe_open(struct observe *o, const char *gateway)
{
	struct instance instance;
	uint32_t version = 0;
	int cpus = libbpf_num_possible_cpus(), err;

	memset(o, 0, sizeof(*o));
	if (cpus < 1)
		return print_error("cannot count the CPUs: %s", strerror(-cpus)), -EINVAL;
	o->cpus = (unsigned int)cpus;
	if (instance_open(&instance, gateway))
		return print_error("gateway %s: not a name", gateway), -EINVAL;
	snprintf(o->name, sizeof(o->name), "%s", instance.name);
	snprintf(o->directory, sizeof(o->directory), "%s", instance.pins);
	if (access(o->directory, X_OK)) {
		err = -errno;
		if (attach_hidden(&instance))
			return err;
		if (err == -ENOENT)
			print_error("gateway %s: nothing is applied here", gateway);
		else
			print_error("gateway %s: %s: %s", gateway, o->directory, strerror(-err));
		return err;
	}
	err = observe_read(o, "version", 0, 1, sizeof(version), 1, &version);
	if (err)
		return err;
	if (version != CONTRACT_VERSION)
		return print_error("gateway %s: its maps are of version %u, this program knows %u",
				   gateway, version, CONTRACT_VERSION), -EPROTO;
	return observe_refresh(o);
}

static int number_of(const char (*names)[OBSERVE_NAME], unsigned int max, const char *name)
{
	for (unsigned int i = 0; i < max; i++)
		if (names[i][0] && !strcmp(names[i], name))
			return (int)i;
	return -1;
}

int observe_circuit_number(const struct observe *o, const char *name)
{
	return number_of(o->circuits, CIRCUITS_MAX, name);
}

int observe_class_number(const struct observe *o, const char *name)
{
	return number_of(o->classes, CLASSES_MAX, name);
}

int observe_service_number(const struct observe *o, const char *name)
{
	return number_of(o->services, SERVICES_MAX, name);
}

const char *observe_circuit_name(const struct observe *o, unsigned int number)
{
	return number < CIRCUITS_MAX && o->circuits[number][0] ? o->circuits[number] : "unknown";
}

const char *observe_class_name(const struct observe *o, unsigned int number)
{
	return number < CLASSES_MAX && o->classes[number][0] ? o->classes[number] : "unknown";
}

const char *observe_service_name(const struct observe *o, unsigned int number)
{
	return number < SERVICES_MAX && o->services[number][0] ? o->services[number] : "unknown";
}

int observe_counts(const struct observe *o, struct observe_counts *c)
{
	const struct {
		const char *map;
		uint32_t first, count;
		size_t size;
		unsigned int copies;
		void *out;
	} rows[] = {
		{"circuit_counters", 0, CIRCUITS_MAX, sizeof(c->circuit[0]), o->cpus, c->circuit},
		{"class_counters", 0, CLASSES_MAX, sizeof(c->class[0]), o->cpus, c->class},
		{"verdicts", 0, V_MAX, sizeof(c->verdict[0]), o->cpus, c->verdict},
		{"events_lost", 0, E_MAX, sizeof(c->lost[0]), o->cpus, c->lost},
		{"answers_sent", 0, ANSWER_COUNT_MAX, sizeof(c->answers[0]), o->cpus, c->answers},
		{"half_open", 0, SIDE_MAX, sizeof(c->half_open[0]), 1, c->half_open},
		{"circuits", o->live.slot % SLOTS * CIRCUITS_MAX, CIRCUITS_MAX,
		 sizeof(c->circuits[0]), 1, c->circuits},
		{"drains", 0, CIRCUITS_MAX, sizeof(c->drains[0]), 1, c->drains},
		{"sweep", SWEEP_LAST, 1, sizeof(c->sweep), 1, &c->sweep},
		{"fragment_holder", 0, 1, sizeof(c->fragments), 1, &c->fragments},
	};
	int err = 0;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; !err && i < sizeof(rows) / sizeof(rows[0]); i++)
		err = observe_read(o, rows[i].map, rows[i].first, rows[i].count, rows[i].size,
				   rows[i].copies, rows[i].out);
	return err;
}

uint64_t observe_flows(const struct observe_counts *c, unsigned int circuit)
{
	const struct circuit_counter *n = &c->circuit[circuit];

	/* The copies are read one after the other, so a close may be seen before its open. */
	return n->opened > n->closed ? n->opened - n->closed : 0;
}

uint64_t observe_ports(const struct circuit *c)
{
	return c->port_max >= c->port_min ? (uint64_t)c->port_max - c->port_min + 1 : 0;
}

const char *observe_circuit_state(const struct circuit *c, bool drained, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s%s%s%s%s", drained ? "drained" :
		 c->flags & CIRCUIT_RETIRING ? "retiring" :
		 c->flags & CIRCUIT_PRESENT ? "ready" : "absent",
		 drained && c->flags & CIRCUIT_RETIRING ? ",retiring" : "",
		 c->flags & CIRCUIT_PIN_ONLY ? ",pin-only" : "",
		 c->flags & CIRCUIT_MONITOR ? ",monitor" : "",
		 c->flags & CIRCUIT_INBOUND_OFF ? ",inbound-off" : "");
	return buffer;
}

bool observe_daemon(const char *gateway)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct instance instance;
	char path[160];
	int fd;
	bool held;

	if (instance_open(&instance, gateway))
		return false;
	snprintf(path, sizeof(path), "%s/daemon.lock", instance.run);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	held = !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return held;
}

int observe_gateway(char *name, size_t size)
{
	struct report report = {0};
	struct config *config;

	if (option_gateway) {
		snprintf(name, size, "%s", option_gateway);
		return EXIT_DONE;
	}
	config = config_read(option_config, &report);
	if (!config) {
		report_print(&report);
		report_free(&report);
		return EXIT_TROUBLE;
	}
	snprintf(name, size, "%s", config->name);
	config_free(config);
	report_free(&report);
	return EXIT_DONE;
}

struct observe *observe_begin(void)
{
	struct observe *o = malloc(sizeof(*o));
	char name[OBSERVE_NAME];

	if (!o) {
		print_error("out of memory");
		return NULL;
	}
	if (observe_gateway(name, sizeof(name)) || observe_open(o, name)) {
		free(o);
		return NULL;
	}
	return o;
}
