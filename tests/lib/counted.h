/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else of the packet path, it makes one that counts what it asks of maps, by map
 * and operation, and how often the callback of a loop ran. It is slower and otherwise the same; the bench
 * asks it what it cannot see from outside.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, char[64]);
	__type(value, __u64);
} counted SEC(".maps");

static __noinline void count_more(const char *name, __u64 more)
{
	__u64 zero = 0, *count = bpf_map_lookup_elem(&counted, name);

	if (!count) {
		bpf_map_update_elem(&counted, name, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&counted, name);
	}
	if (count)
		__sync_fetch_and_add(count, more);
}

#define COUNTED(what, more) \
	({ \
		static const char name_[64] = what; \
		count_more(name_, more); \
	})
#define COUNTED_TEXT(map) #map
#define COUNTED_MAP(operation, map) COUNTED(operation " " COUNTED_TEXT(map), 1)

#define bpf_map_lookup_elem(map, key) \
	({ \
		COUNTED_MAP("lookup", map); \
		(bpf_map_lookup_elem)(map, key); \
	})
#define bpf_map_update_elem(map, key, value, flags) \
	({ \
		COUNTED_MAP("update", map); \
		(bpf_map_update_elem)(map, key, value, flags); \
	})
#define bpf_map_delete_elem(map, key) \
	({ \
		COUNTED_MAP("delete", map); \
		(bpf_map_delete_elem)(map, key); \
	})
#define bpf_loop(most, callback, context, flags) \
	({ \
		long turns_ = (bpf_loop)(most, callback, context, flags); \
		COUNTED("loop " #callback, turns_); \
		turns_; \
	})
