/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's helpers for the packet path compiled for this machine, as far as it calls them:
 * naive, but as strict as the kernel and its verifier. Stands before the packet path, in the place
 * of bpf/bpf_helpers.h.
 *
 * A frame lies where the IP header is aligned, as the verifier takes it to be, and all around it is
 * poisoned for the address sanitizer, to the byte.
 */
#ifndef SAMEPATH_TEST_NATIVE_HELPERS_H
#define SAMEPATH_TEST_NATIVE_HELPERS_H

#include "tests/lib/native.h"

/*
 * Their members are 32 bits wide in the kernel's header, and no pointer of this machine fits in
 * there.
 */
#define xdp_md narrow_xdp_md
#define __sk_buff narrow_sk_buff
#include <linux/bpf.h>
#undef xdp_md
#undef __sk_buff
#include <setjmp.h>
#include <sanitizer/asan_interface.h>
#include "native.h"
#include "native_maps.h"
#include "random.h"

struct xdp_md {
	unsigned long data, data_end, data_meta;
	__u32 ingress_ifindex;
};

struct __sk_buff {
	unsigned long data, data_meta;
	__u32 len, ifindex, vlan_present, vlan_proto, vlan_tci, cb[5];
};

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#define barrier() asm volatile("" ::: "memory")
#define barrier_var(var) asm volatile("" : "+r"(var))
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)

/* What the programs of a packet have in common. */
static struct {
	uint64_t now;
	uint32_t random;
	unsigned int redirected;
	int reserved; /* records of rings that are neither submitted nor given up */
	jmp_buf stage; /* where a tail call goes */
	native_sent *sent;
	void *context;
	uint8_t room[NATIVE_FRAME] __attribute__((aligned(16)));
} native;

#define HEADROOM 256 /* as in the kernel: the IP header is not aligned, and metadata are */
#define FRAME_HEAD 40 /* what the kernel keeps before a frame */

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	return native_find(native_of(map), key);
}

static long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	return native_put(native_of(map), key, value, flags);
}

static long bpf_map_delete_elem(void *map, const void *key)
{
	return native_take(native_of(map), key);
}

static __u64 bpf_ktime_get_ns(void)
{
	return native.now;
}

static __u64 bpf_ktime_get_coarse_ns(void)
{
	return native.now;
}

static __u32 bpf_get_prandom_u32(void)
{
	return random_next(&native.random);
}

static long bpf_loop(__u32 count, void *callback, void *context, __u64 flags)
{
	long (*next)(__u32, void *) = callback;
	__u32 i;

	if (flags)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (next(i, context))
			return i + 1;
	return i;
}

static void bpf_tail_call(void *ctx, void *stages, __u32 index)
{
	(void)ctx;
	native_of(stages);
	longjmp(native.stage, index + 1);
}

static void bpf_spin_lock(struct bpf_spin_lock *lock)
{
	if (native_locks++ || lock->val)
		native_broken("a lock within a lock");
	lock->val = 1;
}

static void bpf_spin_unlock(struct bpf_spin_lock *lock)
{
	if (!native_locks-- || !lock->val)
		native_broken("an unlock without a lock");
	lock->val = 0;
}

/* The sum of 32-bit words, folded to 32 bits. Before Linux 6.13 there is room for 512 bytes. */
static __s64 bpf_csum_diff(void *from, __u32 from_size, void *to, __u32 to_size, __u32 seed)
{
	const __u32 *word = to;
	__u64 sum = seed;
	__u32 i;

	if (from || from_size || to_size % 4 || to_size > 512)
		native_broken("a sum that no kernel computes");
	for (i = 0; i < to_size / 4; i++)
		sum += word[i];
	while (sum >> 32)
		sum = (sum & 0xffffffff) + (sum >> 32);
	return sum;
}

/* Rings. */

static const char *ring_name(void *ring)
{
	return native_of(ring)->name;
}

static void *bpf_ringbuf_reserve(void *ring, __u64 size, __u64 flags)
{
	uint8_t *record = malloc(size + 16);

	if (!record || flags)
		native_broken("a record without memory");
	native.reserved++;
	*(const char **)record = ring_name(ring);
	*(__u64 *)(record + 8) = size;
	return record + 16;
}

static void bpf_ringbuf_discard(void *record, __u64 flags)
{
	(void)flags;
	native.reserved--;
	free((uint8_t *)record - 16);
}

static void bpf_ringbuf_submit(void *record, __u64 flags)
{
	uint8_t *head = (uint8_t *)record - 16;

	native_told(*(const char **)head, record, *(__u64 *)(head + 8));
	bpf_ringbuf_discard(record, flags);
}

static long bpf_ringbuf_output(void *ring, void *record, __u64 size, __u64 flags)
{
	(void)flags;
	native_told(ring_name(ring), record, size);
	return 0;
}

/* Frames of XDP. */

static void frame_bounds(unsigned long from, unsigned long to)
{
	unsigned long start = (unsigned long)native.room;

	ASAN_POISON_MEMORY_REGION(native.room, sizeof(native.room));
	ASAN_UNPOISON_MEMORY_REGION((void *)(from & ~7UL), to - (from & ~7UL));
	if (from < start || to > start + sizeof(native.room))
		native_broken("a frame beyond its room");
}

static void frame_in(struct xdp_md *ctx, const void *meta, unsigned int meta_size, const void *frame,
		     unsigned int length)
{
	ctx->data = (unsigned long)native.room + HEADROOM;
	ctx->data_meta = ctx->data - meta_size;
	ctx->data_end = ctx->data + length;
	frame_bounds(ctx->data_meta, ctx->data_end);
	memcpy((void *)ctx->data_meta, meta ? meta : "", meta_size);
	memcpy((void *)ctx->data, frame, length);
}

static long bpf_xdp_adjust_head(struct xdp_md *ctx, int offset)
{
	unsigned long meta = ctx->data - ctx->data_meta, data = ctx->data + offset;

	if (data < (unsigned long)native.room + FRAME_HEAD + meta || data > ctx->data_end - 14)
		return -EINVAL;
	frame_bounds(data < ctx->data ? data - meta : ctx->data_meta, ctx->data_end);
	memmove((void *)(data - meta), (void *)ctx->data_meta, meta);
	ctx->data = data;
	ctx->data_meta = data - meta;
	frame_bounds(ctx->data_meta, ctx->data_end);
	return 0;
}

static long bpf_xdp_adjust_tail(struct xdp_md *ctx, int offset)
{
	unsigned long end = ctx->data_end + offset;

	if (end > (unsigned long)native.room + NATIVE_FRAME - 320 || end < ctx->data + 14)
		return -EINVAL;
	frame_bounds(ctx->data_meta, end);
	if (offset > 0)
		memset((void *)ctx->data_end, 0, offset);
	ctx->data_end = end;
	return 0;
}

static long bpf_xdp_adjust_meta(struct xdp_md *ctx, int offset)
{
	unsigned long meta = ctx->data_meta + offset;

	if (meta < (unsigned long)native.room + FRAME_HEAD || meta > ctx->data)
		return -EINVAL;
	if ((ctx->data - meta) & 3 || ctx->data - meta > 32)
		return -EACCES;
	ctx->data_meta = meta;
	frame_bounds(meta, ctx->data_end);
	return 0;
}

static long bpf_xdp_load_bytes(struct xdp_md *ctx, __u32 offset, void *to, __u32 length)
{
	if (native_locks || !length)
		native_broken("a load of nothing, or under a lock");
	if ((__u64)offset + length > ctx->data_end - ctx->data)
		return -EINVAL;
	memcpy(to, (void *)(ctx->data + offset), length);
	return 0;
}

static long bpf_xdp_store_bytes(struct xdp_md *ctx, __u32 offset, const void *from, __u32 length)
{
	if (native_locks || !length)
		native_broken("a store of nothing, or under a lock");
	if ((__u64)offset + length > ctx->data_end - ctx->data)
		return -EINVAL;
	memcpy((void *)(ctx->data + offset), from, length);
	return 0;
}

static long bpf_redirect(__u32 ifindex, __u64 flags)
{
	native.redirected = ifindex;
	return flags ? XDP_ABORTED : XDP_REDIRECT;
}

static long bpf_fib_lookup(void *ctx, struct bpf_fib_lookup *asked, int size, __u32 flags)
{
	(void)ctx;
	if (size != sizeof(*asked))
		return -EINVAL;
	return native_fib(asked, flags);
}

/* Frames of TC: as long as the skb says, from the beginning of the room. */

static bool skb_within(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	return length && (__u64)offset + length <= skb->len;
}

static long bpf_skb_load_bytes(struct __sk_buff *skb, __u32 offset, void *to, __u32 length)
{
	if (!skb_within(skb, offset, length))
		return -EFAULT;
	memcpy(to, (void *)(skb->data + offset), length);
	return 0;
}

static long bpf_skb_store_bytes(struct __sk_buff *skb, __u32 offset, const void *from, __u32 length,
				__u64 flags)
{
	if (flags || !skb_within(skb, offset, length))
		return -EFAULT;
	memcpy((void *)(skb->data + offset), from, length);
	return 0;
}

static long bpf_skb_change_tail(struct __sk_buff *skb, __u32 length, __u64 flags)
{
	if (flags || length < 14 || skb->data + length > (unsigned long)native.room + NATIVE_FRAME)
		return -EINVAL;
	frame_bounds(skb->data, skb->data + length);
	if (length > skb->len)
		memset((void *)(skb->data + skb->len), 0, length - skb->len);
	skb->len = length;
	return 0;
}

static long bpf_clone_redirect(struct __sk_buff *skb, __u32 ifindex, __u64 flags)
{
	/* at ingress it comes in again, and leaves by piece_leave() */
	native.sent(native.context, flags & BPF_F_INGRESS ? skb->cb[1] : ifindex, (void *)skb->data,
		    skb->len);
	return 0;
}

static long bpf_redirect_neigh(__u32 ifindex, struct bpf_redir_neigh *hop, int size, __u64 flags)
{
	(void)hop;
	native.redirected = ifindex;
	return size != sizeof(*hop) || flags ? 2 : 7; /* TC_ACT_SHOT, TC_ACT_REDIRECT */
}

/* Iterators. */

struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	void *key;
	void *value;
};

#define SAMEPATH_VMLINUX_H

static long bpf_seq_write(struct seq_file *seq, const void *data, __u32 length)
{
	static uint8_t room[1024];

	(void)seq;
	if (length > sizeof(room))
		return -EOVERFLOW;
	memcpy(room, data, length); /* all of it is there to be read */
	return 0;
}

#endif
