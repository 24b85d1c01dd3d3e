// SPDX-License-Identifier: GPL-2.0-only
/* Reading and writing the maps of the contract. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "maps.h"
#include "print.h"

#define TRIE_ENTRIES 1048576

#define MAPS_NAME(name) #name,
static const char *const map_names[] = { MAPS(MAPS_NAME) };
static const char *const program_names[] = { PROGRAMS(MAPS_NAME) };
#undef MAPS_NAME

const char *map_name(enum map_index map)
{
	return map_names[map];
}

const char *program_name(enum program_index program)
{
	return program_names[program];
}

bool program_bears(int fd, const char *name)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
	       !strncmp(info.name, name, sizeof(info.name) - 1);
}

bool maps_pinned(const char *pins)
{
	char path[256];

	for (int i = 0; i < MAP_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", pins, map_names[i]);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static int open_pin(const char *pins, const char *prefix, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", pins, prefix, name);
	fd = bpf_obj_get(path);
	if (fd >= 0)
		return fd;
	fd = -errno;
	print_error("%s: cannot open: %s", path, strerror(-fd));
	return fd;
}

static int check_version(const struct maps *m)
{
	uint32_t zero = 0, version = 0;

	if (!maps_get(m, MAP_version, &zero, &version) && version == CONTRACT_VERSION)
		return 0;
	print_error("%s: pins of version %u, this program knows %u: run `samepath stop` first", m->pins,
		    version, CONTRACT_VERSION);
	return -EPROTO;
}

void maps_none(struct maps *m, const char *pins)
{
	memset(m, 0, sizeof(*m));
	memset(m->map, -1, sizeof(m->map));
	memset(m->program, -1, sizeof(m->program));
	memset(m->former, -1, sizeof(m->former));
	snprintf(m->pins, sizeof(m->pins), "%s", pins);
}

int maps_open(struct maps *m, const char *pins)
{
	int err;

	maps_none(m, pins);
	for (int i = 0; i < MAP_COUNT; i++) {
		err = m->map[i] = open_pin(pins, "", map_names[i]);
		if (err < 0)
			goto out;
	}
	err = check_version(m);
	for (int i = 0; i < PROGRAM_COUNT && err >= 0; i++)
		err = m->program[i] = open_pin(pins, "prog_", program_names[i]);
out:
	if (err < 0)
		maps_close(m);
	return err < 0 ? err : 0;
}

void maps_close_descriptors(struct maps *m)
{
	for (int i = 0; i < MAP_COUNT; i++)
		if (m->map[i] >= 0)
			close(m->map[i]);
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		if (m->program[i] >= 0)
			close(m->program[i]);
		if (m->former[i] >= 0)
			close(m->former[i]);
	}
	memset(m->map, -1, sizeof(m->map));
	memset(m->program, -1, sizeof(m->program));
	memset(m->former, -1, sizeof(m->former));
}

void maps_close(struct maps *m)
{
	maps_close_descriptors(m);
	bpf_object__close(m->object);
	bpf_object__close(m->dry);
	m->object = NULL;
	m->dry = NULL;
}

int maps_inner(const struct maps *m, enum map_index outer, uint32_t slot)
{
	uint32_t id;
	int fd = maps_get(m, outer, &slot, &id);

	if (fd)
		return fd;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

/* The kernel waits for all running programs before an update of an outer map returns. */
int maps_put_inner(const struct maps *m, enum map_index outer, uint32_t slot, int inner)
{
	return maps_set(m, outer, &slot, &inner);
}

int maps_new_trie(size_t key_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "prefixes", (uint32_t)key_size, sizeof(uint32_t),
				TRIE_ENTRIES, &options);

	return fd < 0 ? -errno : fd;
}

int maps_new_table(uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "policy", sizeof(uint32_t),
				sizeof(struct policy_cell), entries, &options);

	return fd < 0 ? -errno : fd;
}

int maps_fill(int fd, void *keys, size_t key_size, void *values, size_t value_size, size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = BPF_ANY);
	uint32_t done = (uint32_t)count;

	if (!count || !bpf_map_update_batch(fd, keys, values, &done, &options))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(fd, (char *)keys + i * key_size, (char *)values + i * value_size,
					BPF_ANY))
			return -errno;
	return 0;
}

int maps_get(const struct maps *m, enum map_index map, const void *key, void *value)
{
	return bpf_map_lookup_elem(m->map[map], key, value) ? -errno : 0;
}

int maps_set(const struct maps *m, enum map_index map, const void *key, const void *value)
{
	return bpf_map_update_elem(m->map[map], key, value, BPF_ANY) ? -errno : 0;
}

int maps_delete(const struct maps *m, enum map_index map, const void *key)
{
	return bpf_map_delete_elem(m->map[map], key) ? -errno : 0;
}

int maps_next(const struct maps *m, enum map_index map, const void *key, void *next)
{
	return bpf_map_get_next_key(m->map[map], key, next) ? -errno : 0;
}

int maps_sum(const struct maps *m, enum map_index map, uint32_t index, uint64_t *sum, size_t words)
{
	int cpus = libbpf_num_possible_cpus(), err;
	uint64_t *copies;

	if (cpus < 0)
		return cpus;
	copies = calloc((size_t)cpus * words, sizeof(*copies));
	if (!copies)
		return -ENOMEM;
	err = maps_get(m, map, &index, copies);
	memset(sum, 0, words * sizeof(*sum));
	for (size_t i = 0; !err && i < (size_t)cpus * words; i++)
		sum[i % words] += copies[i];
	free(copies);
	return err;
}

struct live maps_live(const struct maps *m)
{
	struct live live = { 0 };
	uint32_t zero = 0;

	maps_get(m, MAP_live, &zero, &live);
	return live;
}

int maps_switch(const struct maps *m, uint32_t slot)
{
	struct live live = maps_live(m);
	uint32_t zero = 0;

	live.slot = slot;
	live.generation++;
	return maps_set(m, MAP_live, &zero, &live);
}

int maps_iterate(const struct maps *m, enum program_index program, enum map_index map)
{
	union bpf_iter_link_info info = { .map = { .map_fd = (uint32_t)m->map[map] } };
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info, .iter_info_len = sizeof(info));
	int link = bpf_link_create(m->program[program], 0, BPF_TRACE_ITER, &options), fd;

	if (link < 0)
		return -errno;
	fd = bpf_iter_create(link);
	fd = fd < 0 ? -errno : fd;
	close(link);
	return fd;
}

struct scoped_prefix scoped_prefix(uint32_t scope, const struct prefix *p)
{
	return (struct scoped_prefix){
		.length = 32 + prefix_mapped_length(p), .scope = scope, .address = p->address
	};
}

struct prefix scoped_prefix_of(const struct scoped_prefix *s)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(&s->address) && s->length >= 32 + 96;
	struct prefix p = { .address = s->address, .family = mapped ? 4 : 6 };

	p.length = (unsigned char)(s->length - 32 - (mapped ? 96 : 0));
	return p;
}
