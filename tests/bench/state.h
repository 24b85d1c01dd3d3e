/* SPDX-License-Identifier: GPL-2.0-only */
/* What the BPF programs of the bench share beside the frame: the table of records, and sums. */
#ifndef SAMEPATH_BENCH_STATE_H
#define SAMEPATH_BENCH_STATE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "frame.h"

/* Aligned as it lies behind an Ethernet header, so that it is not written byte by byte. */
struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct payload payload;
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct frame) == FRAME_SIZE, "the smallest Ethernet frame");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOWS_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Bytes lie at even offsets of the frame; `count` is of 16-bit words. */
static __always_inline __u32 sum_words(const void *from, int count)
{
	const __u16 *word = from;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < count; i++)
		sum += word[i];
	return sum;
}

static __always_inline __u32 sum_ip(const struct frame *f)
{
	return sum_words(&f->ip, sizeof(f->ip) / 2);
}

/* The datagram with its pseudo-header (RFC 768). */
static __always_inline __u32 sum_udp(const struct frame *f)
{
	return sum_words(&f->ip.saddr, 4) + bpf_htons(IPPROTO_UDP) + f->udp.len +
	       sum_words(&f->udp, (sizeof(f->udp) + sizeof(f->payload)) / 2);
}

#endif
