// SPDX-License-Identifier: GPL-2.0-only
/* Loading the object that is built in over the maps that are pinned, and pinning the result. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config.h"
#include "flow_table.h"
#include "maps.h"
#include "print.h"
#include "samepath.skel.h"

#define HOSTS_MIN 65536u
#define STAGE_PROGRAM(name) PROGRAM_samepath_##name,
#define STAGE_EXPLAIN(name) PROGRAM_explain_##name,

/* What the kernel's verifier says comes in many lines; they are for whoever asks. */
static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	if (getenv("SAMEPATH_DEBUG"))
		return vfprintf(stderr, format, args);
	(void)level;
	return 0;
}

/* Zero: sized by the contract. A flow is two entries, and so is a mapping. */
static uint32_t entries_wanted(enum map_index map, const struct config *c)
{
	uint32_t flows = c->limits.flows;

	switch (map) {
	case MAP_flows4:
	case MAP_flows6:
		return 2 * flows + 1; /* numbers begin at 1 */
	case MAP_flow_far4:
	case MAP_flow_far6:
		return flow_far_lines(2 * flows);
	case MAP_mappings4:
	case MAP_mappings6:
		return 2 * flows;
	case MAP_hosts:
		return flows / 4 > HOSTS_MIN ? flows / 4 : flows < HOSTS_MIN ? flows : HOSTS_MIN;
	default:
		return 0;
	}
}

static int refuse(const char *pins, const char *name, const struct bpf_map_info *is, uint32_t entries,
		  bool sized)
{
	if (sized && is->max_entries != entries)
		print_error("limits.flows: map %s holds %u entries and would have to hold %u: this takes "
			    "effect by `samepath stop` and `samepath apply`", name, is->max_entries,
			    entries);
	else
		print_error("%s/%s: pins of another version: run `samepath stop` first", pins, name);
	return -EPROTO;
}

static bool same_kind(const struct bpf_map_info *is, const struct bpf_map *map)
{
	return is->type == bpf_map__type(map) && is->key_size == bpf_map__key_size(map) &&
	       is->value_size == bpf_map__value_size(map) && is->map_flags == bpf_map__map_flags(map);
}

/* Verdicts are appended to: the map of an older build is shorter, and gives way to a longer one (pin_longer). */
static bool shorter(const char *name, const struct bpf_map_info *is, const struct bpf_map *map)
{
	return !strcmp(name, map_name(MAP_verdicts)) && same_kind(is, map) &&
	       is->max_entries < bpf_map__max_entries(map);
}

static int reuse(const struct maps *m, const char *name, struct bpf_map *map, bool sized)
{
	struct bpf_map_info is = { 0 };
	uint32_t size = sizeof(is);
	char path[256];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", m->pins, name);
	fd = bpf_obj_get(path);
	err = fd < 0 ? -errno : bpf_obj_get_info_by_fd(fd, &is, &size) ? -errno : 0;
	if (err == -ENOENT)
		return 0;
	if (err)
		print_error("%s: cannot open: %s", path, strerror(-err));
	else if (shorter(name, &is, map))
		err = 0;
	else if (!same_kind(&is, map) || is.max_entries != bpf_map__max_entries(map))
		err = refuse(m->pins, name, &is, bpf_map__max_entries(map), sized && same_kind(&is, map));
	else if ((err = bpf_map__reuse_fd(map, fd)))
		print_error("%s: cannot reuse: %s", path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

/* Version first: of other pins nothing else is worth comparing. */
static int check_pinned_version(const char *pins)
{
	uint32_t zero = 0, version = 0;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/version", pins);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	bpf_map_lookup_elem(fd, &zero, &version);
	close(fd);
	if (version == CONTRACT_VERSION)
		return 0;
	print_error("%s: pins of version %u, this program knows %u: run `samepath stop` first", pins,
		    version, CONTRACT_VERSION);
	return -EPROTO;
}

/*
 * The maps of the flow tables know of each other: numbers that one gives out may be taken in another. A
 * `stop` that was killed may have left only some.
 */
static int flow_maps_whole(const struct maps *m)
{
	static const enum map_index all[] = { MAP_flow_tables, MAP_flows4, MAP_flows6, MAP_flow_near4,
					      MAP_flow_near6, MAP_flow_far4, MAP_flow_far6 };
	const char *missing = NULL;
	unsigned int there = 0;
	char path[256];

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", m->pins, map_name(all[i]));
		if (!access(path, F_OK))
			there++;
		else
			missing = map_name(all[i]);
	}
	if (!there || !missing)
		return 0;
	print_error("%s/%s: is missing, while others of the flow tables are there: run `samepath stop` first", m->pins,
		    missing);
	return -EPROTO;
}

static int prepare_maps(struct maps *m, const struct config *c)
{
	int err = flow_maps_whole(m);

	for (int i = 0; i < MAP_COUNT && !err; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(m->object, map_name(i));
		uint32_t entries = entries_wanted(i, c);

		if (!map) {
			print_error("the built-in object has no map %s", map_name(i));
			return -ENOENT;
		}
		if (entries)
			bpf_map__set_max_entries(map, entries);
		err = reuse(m, map_name(i), map, entries != 0);
	}
	return err;
}

/* Duplicates, so that maps_close need not know who owns a descriptor. */
static int take(int fd)
{
	int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return own < 0 ? -errno : own;
}

/* The tag is the kernel's digest over the instructions. */
static bool same_program(int a, int b)
{
	struct bpf_prog_info x = { 0 }, y = { 0 };
	uint32_t size = sizeof(x);

	return !bpf_obj_get_info_by_fd(a, &x, &size) && (size = sizeof(y)) &&
	       !bpf_obj_get_info_by_fd(b, &y, &size) && !memcmp(x.tag, y.tag, sizeof(x.tag));
}

static bool explains(int i)
{
	return i >= PROGRAM_explain_xdp;
}

/* What the program is called in the object, and so by the kernel. */
static void symbol(int i, char *name, size_t size)
{
	snprintf(name, size, explains(i) ? "samepath_%s" : "%s",
		 program_name(i) + (explains(i) ? strlen("explain_") : 0));
}

static int open_program(const struct maps *m, int i)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/prog_%s", m->pins, program_name(i));
	return bpf_obj_get(path);
}

/* Does the loaded map stand in for one that is pinned? Programs that are there know the former. */
static bool stands_in(const struct maps *m, enum map_index map)
{
	struct bpf_map_info x = { 0 }, y = { 0 };
	uint32_t size = sizeof(x);
	char path[256];
	bool other;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", m->pins, map_name(map));
	fd = bpf_obj_get(path);
	other = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &x, &size) && (size = sizeof(y)) &&
		!bpf_obj_get_info_by_fd(m->map[map], &y, &size) && x.id != y.id;
	if (fd >= 0)
		close(fd);
	return other;
}

/* Programs share maps that are not pinned, so all stay or all are replaced. */
static int take_programs(struct maps *m)
{
	bool same = !stands_in(m, MAP_verdicts);

	for (int i = 0; i < PROGRAM_COUNT; i++) {
		struct bpf_program *p;
		char name[64];

		symbol(i, name, sizeof(name));
		p = bpf_object__find_program_by_name(explains(i) ? m->dry : m->object, name);
		m->program[i] = p ? take(bpf_program__fd(p)) : -1;
		if (m->program[i] < 0) {
			print_error("the built-in object has no program %s", program_name(i));
			return -ENOENT;
		}
		m->former[i] = open_program(m, i);
		same = same && m->former[i] >= 0 && same_program(m->former[i], m->program[i]);
	}
	m->replaces = !same;
	for (int i = 0; i < PROGRAM_COUNT && same; i++) {
		close(m->program[i]);
		m->program[i] = m->former[i];
		m->former[i] = -1;
	}
	return 0;
}

static int take_maps(struct maps *m)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(m->object, map_name(i));

		m->map[i] = take(bpf_map__fd(map));
		if (m->map[i] < 0)
			return m->map[i];
	}
	return 0;
}

/* FNV-1a: to tell builds apart, not to keep anybody out. Never 0. */
static uint64_t digest_of(const unsigned char *bytes, size_t size)
{
	uint64_t h = 0xcbf29ce484222325;

	while (size--)
		h = (h ^ *bytes++) * 0x100000001b3;
	return h ? h : 1;
}

static uint64_t pinned_digest(const struct maps *m)
{
	uint32_t low = 0, high = 0, at = VERSION_DIGEST_LOW;

	if (maps_get(m, MAP_version, &at, &low))
		return 0;
	at = VERSION_DIGEST_HIGH;
	return maps_get(m, MAP_version, &at, &high) ? 0 : (uint64_t)high << 32 | low;
}

static int set_pinned_digest(const struct maps *m, uint64_t digest)
{
	uint32_t at = VERSION_DIGEST_LOW, half = (uint32_t)digest;
	int err = maps_set(m, MAP_version, &at, &half);

	at = VERSION_DIGEST_HIGH;
	half = digest >> 32;
	return err ? err : maps_set(m, MAP_version, &at, &half);
}

static bool bears_name(int program, int i)
{
	char name[64];

	symbol(i, name, sizeof(name));
	return program_bears(program, name);
}

/* Every map is pinned, as prepare_maps found it, and every program, and they are of this object. */
static bool take_pinned(struct maps *m)
{
	bool all = true;

	for (int i = 0; i < MAP_COUNT && all; i++) {
		m->map[i] = take(bpf_map__fd(bpf_object__find_map_by_name(m->object, map_name(i))));
		all = m->map[i] >= 0;
	}
	all = all && pinned_digest(m) == m->digest;
	for (int i = 0; i < PROGRAM_COUNT && all; i++) {
		m->program[i] = open_program(m, i);
		all = m->program[i] >= 0 && bears_name(m->program[i], i);
	}
	if (!all)
		maps_close_descriptors(m);
	return all;
}

static void refused(int err)
{
	print_error("the kernel refuses the programs or maps: %s (SAMEPATH_DEBUG=1 shows why)", strerror(-err));
}

/* What an explanation has for itself: it counts, tells and numbers nothing where others see it. */
static bool apart(enum map_index map)
{
	switch (map) {
	case MAP_verdicts:
	case MAP_circuit_counters:
	case MAP_class_counters:
	case MAP_service_counters:
	case MAP_answers_sent:
	case MAP_events:
	case MAP_events_lost:
	case MAP_event_budgets:
	case MAP_fragment_ids:
		return true;
	default:
		return false;
	}
}

/* The constant that makes the programs explain, in a section of its own. */
static int set_dry(struct bpf_object *object)
{
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata.dry");
	const unsigned char one = 1;

	return constants ? bpf_map__set_initial_value(constants, &one, sizeof(one)) : -ENOENT;
}

/* The object once more, over the maps that the first loading made. */
static int load_dry(struct maps *m, const void *elf, size_t size)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "samepath");
	struct bpf_program *program;
	int err, from;

	m->dry = bpf_object__open_mem(elf, size, &options);
	err = m->dry ? set_dry(m->dry) : -errno;
	for (int i = 0; i < MAP_COUNT && !err; i++) {
		from = i == MAP_stages ? MAP_explain_stages : i;
		if (!apart(i))
			err = bpf_map__reuse_fd(bpf_object__find_map_by_name(m->dry, map_name(i)), m->map[from]);
	}
	if (err)
		return err;
	bpf_object__for_each_program(program, m->dry)
		bpf_program__set_autoload(program, bpf_program__type(program) == BPF_PROG_TYPE_XDP);
	return bpf_object__load(m->dry);
}

static int start_flow_table(const struct maps *m, int family, uint32_t entries)
{
	int err = flow_table_start(m->map[MAP_flow_tables], family, entries);

	if (err)
		print_error("map %s: the table of IPv%d cannot begin: %s", map_name(MAP_flow_tables), family,
			    strerror(-err));
	return err;
}

int maps_load(struct maps *m, const char *pins, const struct config *config)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "samepath");
	const void *elf;
	size_t size;
	int err;

	maps_none(m, pins);
	libbpf_set_print(quiet);
	err = check_pinned_version(pins);
	if (err)
		return err;
	elf = samepath_bpf__elf_bytes(&size);
	m->digest = digest_of(elf, size);
	m->object = bpf_object__open_mem(elf, size, &options);
	if (!m->object) {
		err = -errno;
		print_error("built-in object: %s", strerror(-err));
		return err;
	}
	err = prepare_maps(m, config);
	if (!err && take_pinned(m))
		return 0;
	if (!err && (err = bpf_object__load(m->object)))
		refused(err);
	err = err ? err : take_maps(m);
	err = err ? err : start_flow_table(m, 4, 2 * config->limits.flows);
	err = err ? err : start_flow_table(m, 6, 2 * config->limits.flows);
	if (!err && (err = load_dry(m, elf, size)))
		refused(err);
	err = err ? err : take_programs(m);
	if (err)
		maps_close(m);
	return err;
}

uint64_t maps_memory(const struct config *config)
{
	size_t size;
	const void *elf = samepath_bpf__elf_bytes(&size);
	struct bpf_object *object;
	struct bpf_map *map;
	uint64_t sum = 0;

	libbpf_set_print(quiet);
	object = bpf_object__open_mem(elf, size, NULL);
	for (int i = 0; object && i < MAP_COUNT; i++) {
		struct map_shape shape = { .entries = entries_wanted(i, config) };

		map = bpf_object__find_map_by_name(object, map_name(i));
		if (!map)
			continue;
		shape.type = bpf_map__type(map);
		shape.flags = bpf_map__map_flags(map);
		shape.key_size = bpf_map__key_size(map);
		shape.value_size = bpf_map__value_size(map);
		if (!shape.entries)
			shape.entries = bpf_map__max_entries(map);
		sum += map_memory(&shape, (unsigned int)libbpf_num_possible_cpus());
	}
	bpf_object__close(object);
	return sum;
}

/* bpffs renames atomically, so a reader finds the old program or the new one. */
static int pin_over(int fd, const char *path)
{
	char fresh[300];

	snprintf(fresh, sizeof(fresh), "%s_new", path);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh))
		return -errno;
	return rename(fresh, path) ? -errno : 0;
}

/* What an older build counted goes on in the longer map, which takes its pin. 0 or -errno. */
static int pin_longer(const struct maps *m, const char *path)
{
	struct bpf_map_info is = { 0 };
	uint32_t size = sizeof(is);
	int cpus = libbpf_num_possible_cpus(), old = bpf_obj_get(path), err;
	struct tally *copies = cpus > 0 ? calloc((size_t)cpus, sizeof(*copies)) : NULL;

	if (old < 0) {
		free(copies);
		return 0; /* nothing is pinned yet */
	}
	err = !copies ? -ENOMEM : bpf_obj_get_info_by_fd(old, &is, &size) ? -errno : 0;
	for (uint32_t i = 0; i < is.max_entries && is.max_entries < V_MAX && !err; i++)
		err = bpf_map_lookup_elem(old, &i, copies) ? -errno : maps_set(m, MAP_verdicts, &i, copies);
	if (!err && is.max_entries < V_MAX)
		err = pin_over(m->map[MAP_verdicts], path);
	close(old);
	free(copies);
	return err;
}

/* The programs, or those before them, into their places in `stages`; 0 or -errno. */
static int fill_stages(const struct maps *m, const int *programs)
{
	static const enum program_index place[] = { STAGES(STAGE_PROGRAM) };
	static const enum program_index explain[] = { STAGES(STAGE_EXPLAIN) };
	int err = 0;

	for (uint32_t i = 0; i < STAGE_MAX && !err; i++) {
		if (programs[place[i]] >= 0)
			err = maps_set(m, MAP_stages, &i, &programs[place[i]]);
		if (!err && programs[explain[i]] >= 0)
			err = maps_set(m, MAP_explain_stages, &i, &programs[explain[i]]);
	}
	return err;
}

int maps_pin(struct maps *m)
{
	uint32_t at = VERSION_CONTRACT, version = CONTRACT_VERSION;
	char path[256] = "stages";
	int err = maps_set(m, MAP_version, &at, &version);

	/* before the pins: when this ends in between, the next `apply` sees that they differ */
	if (!err && m->replaces)
		err = set_pinned_digest(m, 0) ?: fill_stages(m, m->program);

	for (int i = 0; i < MAP_COUNT && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", m->pins, map_name(i));
		if (i == MAP_verdicts)
			err = pin_longer(m, path);
		if (!err && access(path, F_OK) && bpf_obj_pin(m->map[i], path))
			err = -errno;
	}
	for (int i = 0; i < PROGRAM_COUNT && !err; i++) {
		snprintf(path, sizeof(path), "%s/prog_%s", m->pins, program_name(i));
		if (m->replaces || access(path, F_OK))
			err = pin_over(m->program[i], path);
	}
	if (!err)
		err = set_pinned_digest(m, m->digest);
	if (err)
		print_error("%s: cannot pin: %s", path, strerror(-err));
	return err;
}

int maps_pin_former(struct maps *m)
{
	char path[256];
	int err = set_pinned_digest(m, 0) ?: fill_stages(m, m->former); /* of which object they are, nobody knows */

	for (int i = 0; i < PROGRAM_COUNT && !err; i++) {
		snprintf(path, sizeof(path), "%s/prog_%s", m->pins, program_name(i));
		if (m->former[i] >= 0)
			err = pin_over(m->former[i], path);
	}
	return err;
}

static int unpin(const char *pins, const char *prefix, const char *name)
{
	char path[256];
	int err;

	snprintf(path, sizeof(path), "%s/%s%s", pins, prefix, name);
	if (!unlink(path) || errno == ENOENT || errno == ENOTDIR)
		return 0;
	err = -errno;
	print_error("%s: cannot unpin: %s", path, strerror(-err));
	return err;
}

int maps_unpin(const char *pins)
{
	char fresh[64];
	int err = 0;

	for (int i = 0; i < PROGRAM_COUNT; i++) {
		snprintf(fresh, sizeof(fresh), "%s_new", program_name(i));
		err = unpin(pins, "prog_", program_name(i)) ?: err;
		err = unpin(pins, "prog_", fresh) ?: err;
	}
	for (int i = 0; i < MAP_COUNT; i++)
		err = unpin(pins, "", map_name(i)) ?: err;
	return err;
}
