/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel structs that samepath's programs touch, and of those only the members
 * they touch. They are relocated at load (CO-RE), so the order here means nothing.
 * Packet headers come from the UAPI headers. `vmlinux/dump.sh` prints all the types
 * of the running kernel, to look things up.
 */
#ifndef SAMEPATH_VMLINUX_H
#define SAMEPATH_VMLINUX_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

#pragma clang attribute pop

#endif
