/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gateway on paper of the prog tests (tests/prog/rig.h), around the packet path compiled for
 * this machine: the calls of libbpf by which the rig writes its configuration end in the maps of
 * native.h. So both are configured by the same source.
 */
#ifndef SAMEPATH_TEST_NATIVE_RIG_H
#define SAMEPATH_TEST_NATIVE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "native.h"
#include "tests/prog/rig.c"
#include "native_fib.h"

int bpf_object__find_map_fd_by_name(const struct bpf_object *object, const char *name)
{
	(void)object;
	return native_map(name);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	int error = native_update(fd, key, value, flags);

	errno = -error;
	return error;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	return native_lookup(fd, key, value);
}

int bpf_map_delete_elem(int fd, const void *key)
{
	return native_delete(fd, key);
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	return native_next_key(fd, key, next);
}

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key, __u32 value, __u32 most,
		   const struct bpf_map_create_opts *options)
{
	(void)name;
	(void)options;
	return native_map_new(type, key, value, most);
}

int bpf_map_get_fd_by_id(__u32 id)
{
	return id; /* what native_lookup() gives for an inner map is its number */
}

/* Devices have the indices that the first ones of a new namespace get. */
static void native_rig_reset(uint64_t now, uint32_t random)
{
	static const struct secret secret = {{0x0123456789abcdef, 0xfedcba9876543210}};
	unsigned int d, zero = 0;

	rig.cpus = 1;
	for (d = 0; d < DEVICES; d++)
		rig.ifindex[d] = 3 + 2 * d;
	native_reset(now, random);
	rig_reset(NULL);
	put("secret", &zero, &secret); /* the rig has another each time */
}

#endif
