/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device is: inside, or a link of a circuit. Asked of `links` once for each CPU, device and
 * generation, and remembered: the roles of the live slot do not change while it is live, and every
 * switch moves the generation.
 */
#ifndef SAMEPATH_BPF_ROLE_H
#define SAMEPATH_BPF_ROLE_H

#include "packet.h"

#define ROLES_KEPT 256 /* devices, by the low bits of the ifindex */

struct role_kept {
	__u32 ifindex;
	__u32 generation; /* whole: a CPU may not see the device for any number of them */
	__u16 slot;
	__u16 known;
	union {
		struct role role;
		__u32 role_bits;
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ROLES_KEPT);
	__type(key, __u32);
	__type(value, struct role_kept);
} roles_kept SEC(".maps");

/* The device without tags; NULL: samepath has nothing to do with it. */
static __always_inline struct link *link_find(__u32 ifindex)
{
	struct link_key key = {.ifindex = ifindex, .outer = NO_TAG, .inner = NO_TAG};

	return bpf_map_lookup_elem(&links, &key);
}

/* As `links` has it. */
static __always_inline struct role role_look(__u32 slot, __u32 ifindex)
{
	struct link *link = link_find(ifindex);
	struct role none = {0};

	if (!link)
		return none;
	barrier_var(link); /* clang 16 and later reckon the place of the role before they ask for NULL */
	return link->role[slot % SLOTS];
}

/* The same in 32 bits. Not static: so the verifier looks at it once, not once a caller and state. */
__noinline __u32 role_ask(__u32 slot, __u32 ifindex)
{
	union {
		struct role role;
		__u32 bits;
	} found = {.role = role_look(slot, ifindex)};

	return found.bits;
}

/* The role of a device without tags in this slot, at this generation. */
static __always_inline struct role role_of(__u32 slot, __u32 generation, __u32 ifindex)
{
	__u32 place = ifindex % ROLES_KEPT;
	struct role_kept *kept = bpf_map_lookup_elem(&roles_kept, &place);
	struct role none = {0};

	if (!kept)
		return none;
	if (kept->ifindex != ifindex || kept->slot != slot || kept->generation != generation ||
	    !kept->known) {
		kept->role_bits = role_ask(slot, ifindex);
		kept->ifindex = ifindex;
		kept->slot = slot;
		kept->generation = generation;
		kept->known = 1;
	}
	return kept->role;
}

#endif
