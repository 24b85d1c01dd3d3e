/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of the packet path in plain memory. Each element is an allocation of its own that goes the
 * moment it is deleted, so that the address sanitizer sees who reads behind a value or after its
 * end. A map is known by its declaration in maps/: the first member, which says the type, is made
 * to point here.
 */
#ifndef SAMEPATH_TEST_NATIVE_MAPS_H
#define SAMEPATH_TEST_NATIVE_MAPS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_BUCKETS 64
#define NATIVE_MAPS 128
#define NATIVE_FD 100000

struct native_element {
	struct native_element *next;
	uint8_t *value; /* in the same allocation, at its end */
	uint8_t key[] __attribute__((aligned(8)));
};

struct native_map {
	struct native_map *self; /* so that an inner map looks like a declared one */
	const char *name; /* NULL: an inner map */
	unsigned int type, key, value, most, count;
	void **places; /* arrays: elements, made when they are first asked for */
	unsigned int *made, made_count; /* and which these are */
	struct native_element *bucket[NATIVE_BUCKETS]; /* tries have all in the first */
};

static struct native_map *native_maps[NATIVE_MAPS];
static unsigned int native_map_count, native_declared;
static int native_locks; /* spin locks held: no helper may be called then */

static void native_broken(const char *what)
{
	fprintf(stderr, "ERROR: the packet path did what no verifier lets through: %s\n", what);
	abort();
}

static struct native_map *native_of(void *map)
{
	struct native_map *m = *(struct native_map **)map;

	if (native_locks)
		native_broken("a helper under a lock");
	if (!m)
		native_broken("a map that native.c does not list");
	return m;
}

static bool native_is_array(const struct native_map *m)
{
	return m->type == BPF_MAP_TYPE_ARRAY || m->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || m->type == BPF_MAP_TYPE_PROG_ARRAY;
}

static struct native_map *native_map_make(const char *name, unsigned int type, unsigned int key,
					  unsigned int value, unsigned int most)
{
	struct native_map *m = calloc(1, sizeof(*m));

	if (!m || native_map_count == NATIVE_MAPS)
		native_broken("too many maps");
	*m = (struct native_map){
		.self = m, .name = name, .type = type, .key = key, .value = value, .most = most};
	if (native_is_array(m)) {
		m->places = calloc(most, sizeof(void *));
		m->made = calloc(most, sizeof(int));
	}
	native_maps[native_map_count++] = m;
	return m;
}

static void native_map_empty(struct native_map *m)
{
	struct native_element *e, *next;
	unsigned int i;

	for (i = 0; i < m->made_count; i++) {
		if (m->type != BPF_MAP_TYPE_ARRAY_OF_MAPS)
			free(m->places[m->made[i]]);
		m->places[m->made[i]] = NULL;
	}
	m->made_count = 0;
	for (i = 0; i < NATIVE_BUCKETS; i++) {
		for (e = m->bucket[i]; e; e = next) {
			next = e->next;
			free(e);
		}
		m->bucket[i] = NULL;
	}
	m->count = 0;
}

static unsigned int native_bucket(const struct native_map *m, const void *key)
{
	const uint8_t *bytes = key;
	uint32_t hash = 2166136261u;
	unsigned int i;

	if (m->type == BPF_MAP_TYPE_LPM_TRIE)
		return 0;
	for (i = 0; i < m->key; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % NATIVE_BUCKETS;
}

static struct native_element **native_place(struct native_map *m, const void *key)
{
	struct native_element **at = &m->bucket[native_bucket(m, key)];

	while (*at && memcmp((*at)->key, key, m->key))
		at = &(*at)->next;
	return at;
}

/* Have the two keys of a trie their first so many bits in common? */
static bool native_prefix(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	if (memcmp(a, b, bits / 8))
		return false;
	return !(bits % 8) || !((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

/* The longest prefix of the key, naively. The first word of a key is its length. */
static void *native_longest(struct native_map *m, const void *key)
{
	struct native_element *e, *best = NULL;
	uint32_t length, asked, most = 0;

	memcpy(&asked, key, sizeof(asked));
	for (e = m->bucket[0]; e; e = e->next) {
		memcpy(&length, e->key, sizeof(length));
		if (length > asked || (best && length < most) ||
		    !native_prefix(e->key + 4, (const uint8_t *)key + 4, length))
			continue;
		best = e;
		most = length;
	}
	return best ? best->value : NULL;
}

static void *native_find(struct native_map *m, const void *key)
{
	struct native_element *e;
	uint32_t index;

	if (m->type == BPF_MAP_TYPE_LPM_TRIE)
		return native_longest(m, key);
	if (!native_is_array(m)) {
		e = *native_place(m, key);
		return e ? e->value : NULL;
	}
	memcpy(&index, key, sizeof(index));
	if (index >= m->most)
		return NULL;
	if (!m->places[index] && m->type != BPF_MAP_TYPE_ARRAY_OF_MAPS) {
		m->places[index] = calloc(1, m->value);
		m->made[m->made_count++] = index;
	}
	return m->places[index];
}

static int native_insert(struct native_map *m, struct native_element **at, const void *key,
			 const void *value)
{
	unsigned int head = sizeof(struct native_element) + ((m->key + 7) & ~7u);
	struct native_element *e;

	if (m->count >= m->most)
		return -E2BIG;
	e = malloc(head + m->value);
	if (!e)
		return -ENOMEM;
	memcpy(e->key, key, m->key);
	e->value = (uint8_t *)e + head;
	memcpy(e->value, value, m->value);
	e->next = *at;
	*at = e;
	m->count++;
	return 0;
}

static int native_put(struct native_map *m, const void *key, const void *value, uint64_t flags)
{
	struct native_element **at;
	void *element;

	if (native_is_array(m)) {
		element = native_find(m, key);
		if (!element)
			return -E2BIG;
		memcpy(element, value, m->value);
		return 0;
	}
	at = native_place(m, key);
	if (*at && flags == BPF_NOEXIST)
		return -EEXIST;
	if (*at)
		memcpy((*at)->value, value, m->value);
	return *at ? 0 : native_insert(m, at, key, value);
}

static int native_take(struct native_map *m, const void *key)
{
	struct native_element **at, *e;

	if (native_is_array(m))
		return -EINVAL;
	at = native_place(m, key);
	e = *at;
	if (!e)
		return -ENOENT;
	*at = e->next;
	free(e);
	m->count--;
	return 0;
}

/* The maps as a test names them. */

static struct native_map *native_by_fd(int fd)
{
	unsigned int place = fd - NATIVE_FD;

	if (place >= native_map_count)
		native_broken("no such map");
	return native_maps[place];
}

int native_map(const char *name)
{
	unsigned int i;

	for (i = 0; i < native_declared; i++)
		if (!strcmp(native_maps[i]->name, name))
			return NATIVE_FD + i;
	return -1;
}

int native_map_new(unsigned int type, unsigned int key, unsigned int value, unsigned int most)
{
	native_map_make(NULL, type, key, value, most);
	return NATIVE_FD + native_map_count - 1;
}

int native_update(int fd, const void *key, const void *value, uint64_t flags)
{
	struct native_map *m = native_by_fd(fd);
	uint32_t index;
	int inner;

	if (m->type != BPF_MAP_TYPE_ARRAY_OF_MAPS)
		return native_put(m, key, value, flags);
	memcpy(&index, key, sizeof(index));
	memcpy(&inner, value, sizeof(inner));
	if (!m->places[index])
		m->made[m->made_count++] = index;
	m->places[index] = native_by_fd(inner);
	return 0;
}

int native_lookup(int fd, const void *key, void *value)
{
	struct native_map *m = native_by_fd(fd);
	void *element = native_find(m, key);
	int i = 0;

	if (!element)
		return -ENOENT;
	if (m->type != BPF_MAP_TYPE_ARRAY_OF_MAPS) {
		memcpy(value, element, m->value);
		return 0;
	}
	while (native_maps[i] != element)
		i++;
	i += NATIVE_FD;
	memcpy(value, &i, sizeof(i));
	return 0;
}

int native_delete(int fd, const void *key)
{
	return native_take(native_by_fd(fd), key);
}

int native_next_key(int fd, const void *key, void *next)
{
	struct native_map *m = native_by_fd(fd);
	struct native_element *e = key ? *native_place(m, key) : NULL;
	unsigned int i = e ? native_bucket(m, key) + 1 : 0;

	e = e ? e->next : NULL;
	for (; !e && i < NATIVE_BUCKETS; i++)
		e = m->bucket[i];
	if (!e)
		return -ENOENT;
	memcpy(next, e->key, m->key);
	return 0;
}

#endif
