// SPDX-License-Identifier: GPL-2.0-only
/* What a map takes of the kernel's memory when it is made. */
#include <linux/bpf.h>
#include "maps.h"

#define ELEMENT 48 /* bytes that a hash map keeps with each of its elements */
#define BUCKET 16 /* and for each bucket, of which there are a power of two */

static uint64_t eights(uint64_t size)
{
	return (size + 7) / 8 * 8;
}

uint64_t map_memory(const struct map_shape *m, unsigned int cpus)
{
	uint64_t buckets = 1, value = eights(m->value_size);

	while (buckets < m->entries)
		buckets *= 2;
	switch (m->type) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return m->entries * (value * cpus + 8);
	case BPF_MAP_TYPE_ARRAY:
		return m->entries * value;
	case BPF_MAP_TYPE_RINGBUF:
		return m->entries;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		if (m->flags & BPF_F_NO_PREALLOC)
			return buckets * BUCKET;
		if (m->type == BPF_MAP_TYPE_PERCPU_HASH)
			value = 8 + value * cpus;
		return m->entries * (ELEMENT + eights(m->key_size) + value) + buckets * BUCKET;
	default:
		return 0; /* grows with what is in it */
	}
}
