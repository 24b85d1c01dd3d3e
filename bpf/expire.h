/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sweeps: what has been dead for a further second is deleted, forward half, reply half; a mapping
 * that nothing used for MAPPING_REST is marked dying, and deleted by a later sweep if it still
 * is. Each call sees one element; userspace reads in small pieces, so nobody is held long.
 * Included once a family.
 */

#ifndef SAMEPATH_BPF_EXPIRE
#define SAMEPATH_BPF_EXPIRE
/*
 * Each element is at least a byte (pool.h): a read ends when its buffer is full, and only between two
 * reads does the CPU go to others: without it a million elements are one stretch. When it did not fit,
 * not 0, the element comes again with the next read.
 */
static __always_inline long walked(struct bpf_iter__bpf_map_elem *ctx)
{
	__u8 byte = TAKEN_NONE;

	return bpf_seq_write(ctx->meta->seq, &byte, sizeof(byte));
}
#endif

/*
 * The port that the flow takes; of one under a mapping its mapping tells, a hairpin's is of no pool, and
 * protocols without ports take none.
 */
static __always_inline long F(flow_walked)(struct bpf_iter__bpf_map_elem *ctx, const FLOW_KEY *key,
					   const FLOW *f)
{
	struct F(taken) taken = {.length = sizeof(taken), .protocol = key->protocol};
	__u32 flags = f->half.flags;

	if (flags & (FLOW_REPLY | FLOW_PIN_ONLY | FLOW_MAPPED) || !f->half.circuit ||
	    !f->half.sport || F(same_address_)(&f->saddr, &key->saddr))
		return walked(ctx);
	taken.circuit = f->half.circuit;
	taken.inbound = !!(flags & FLOW_OPENED_OUTSIDE);
	taken.dport = f->half.dport;
	taken.saddr = f->saddr;
	taken.daddr = f->daddr;
	return bpf_seq_write(ctx->meta->seq, &taken, sizeof(taken));
}

static __always_inline long F(mapping_walked)(struct bpf_iter__bpf_map_elem *ctx,
					      const struct F(mapping_key) *key)
{
	struct F(taken) taken = {.length = sizeof(taken), .protocol = key->protocol};

	if (key->circuit_side % 2 != MAPPING_POOL)
		return walked(ctx);
	taken.circuit = key->circuit_side / 2;
	taken.saddr = key->address;
	return bpf_seq_write(ctx->meta->seq, &taken, sizeof(taken));
}

/* The mapping that this flow lives under was needed just now. */
static __always_inline void F(mapping_touch)(const FLOW *f, __u8 protocol, __u64 now)
{
	struct F(mapping_key) key = {};
	struct F(mapping) *pool;

	key.address = f->saddr;
	key.port = f->half.sport;
	key.protocol = protocol;
	key.circuit_side = f->half.circuit * 2 + MAPPING_POOL;
	pool = bpf_map_lookup_elem(&F(mappings), &key);
	if (!pool)
		return;
	pool->seen = now;
	__sync_val_compare_and_swap(&pool->state, MAPPING_DYING, MAPPING_ALIVE);
}

static __always_inline void F(expire_forward)(struct settings *s, struct sweep *sum, FLOW_KEY *key, FLOW *f,
					      __u32 number, __u64 now)
{
	__u32 circuit = f->half.circuit;

	if (F(flow_dead)(f, key->protocol, s, now, FLOW_GRACE)) {
		if (F(flow_remove)(key, number, now))
			sum->deleted++;
		return;
	}
	if (circuit < CIRCUITS_MAX) {
		sum->live[circuit]++;
		if (f->half.flags & FLOW_PIN_ONLY)
			sum->pin_only[circuit]++;
	}
	if (f->half.flags & FLOW_MAPPED && !(f->half.flags & FLOW_KILLED))
		F(mapping_touch)(f, key->protocol, now);
}

/* A reply half goes with its forward half; alone it is what an interrupted delete left. */
static __always_inline void F(expire_reply)(struct settings *s, struct sweep *sum, FLOW_KEY *key, FLOW *f,
					    __u32 number, __u64 now)
{
	__u64 use;

	if (!(f->half.flags & FLOW_KILLED) && (__s64)(now - f->half.last) < (__s64)s->timeout_min)
		return;
	use = F(entry_use)(number); /* what is judged from here on is what is deleted */
	if (F(flow_peer)(f, key->protocol) ||
	    !F(flow_dead)(f, key->protocol, s, now, FLOW_GRACE))
		return;
	if (F(table_delete)(key, use))
		sum->orphans++;
}

/* The entry of this number, NULL: a free one. Reads alone, so that packets keep its lines. */
static __always_inline FLOW_ENTRY *F(entry_live)(__u32 number)
{
	FLOW_ENTRY *e = F(entry_at)(number);

	return e && READ_ONCE(e->state) & FLOW_LIVE ? e : NULL;
}

static __always_inline int F(expire_flow)(struct bpf_iter__bpf_map_elem *ctx)
{
	struct sweep *sum = sweep_find();
	struct settings *s = settings_live();
	__u32 *at = ctx->key, number;
	FLOW_ENTRY *e;
	FLOW_KEY key;

	if (!at || !sum || !s)
		return 0;
	number = *at;
	e = F(entry_live)(number);
	if (e)
		key = e->key;
	if (e ? F(flow_walked)(ctx, &key, &e->flow) : walked(ctx))
		return 0;
	sum->reached[FLOW_TABLE(FAMILY)] = number;
	if (!e)
		return 0;
	sum->entries[FAMILY == 4 ? SWEPT_FLOWS4 : SWEPT_FLOWS6]++;
	if (e->flow.half.flags & FLOW_REPLY)
		F(expire_reply)(s, sum, &key, &e->flow, number, bpf_ktime_get_ns());
	else
		F(expire_forward)(s, sum, &key, &e->flow, number, bpf_ktime_get_ns());
	return 0;
}

static __always_inline int F(expire_mapping)(struct bpf_iter__bpf_map_elem *ctx)
{
	struct F(mapping_key) *seen = ctx->key, key;
	struct sweep *sum = sweep_find();
	struct F(mapping) *pool, *other;
	__u64 now = bpf_ktime_get_ns();

	if (!seen || !ctx->value || !sum)
		return 0;
	key = *seen;
	if (F(mapping_walked)(ctx, &key))
		return 0;
	sum->entries[FAMILY == 4 ? SWEPT_MAPPINGS4 : SWEPT_MAPPINGS6]++;
	if (key.circuit_side & 1)
		return 0; /* goes with its MAPPING_POOL entry */
	pool = bpf_map_lookup_elem(&F(mappings), &key);
	if (!pool || (__s64)(now - pool->seen) < (__s64)MAPPING_REST)
		return 0;
	if (__sync_val_compare_and_swap(&pool->state, MAPPING_ALIVE, MAPPING_DYING) == MAPPING_ALIVE)
		return 0; /* marked; deleted by a later sweep unless a packet takes it back */
	if ((__s64)(now - pool->seen) < (__s64)(MAPPING_REST + FLOW_GRACE) ||
	    __sync_val_compare_and_swap(&pool->state, MAPPING_DYING, MAPPING_DEAD) == MAPPING_ALIVE)
		return 0;
	struct F(mapping_key) inside = {
		.address = pool->address,
		.port = pool->port,
		.protocol = key.protocol,
		.circuit_side = key.circuit_side + MAPPING_INSIDE,
	};
	other = bpf_map_lookup_elem(&F(mappings), &inside);
	/* the endpoint may have another mapping by now */
	if (other && other->port == key.port && F(same_address_)(&other->address, &key.address))
		bpf_map_delete_elem(&F(mappings), &inside);
	if (!bpf_map_delete_elem(&F(mappings), &key))
		sum->mappings++;
	return 0;
}

/* Writes the flow of a forward half, with its reply, for whoever lists. */
static __always_inline int F(list_flow)(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *at = ctx->key, number = at ? *at : 0;
	FLOW_ENTRY *e = F(entry_live)(number);
	struct flow_table *t = flow_table(FAMILY);
	struct flow_record record = {};
	FLOW *f, *peer;
	__u64 now = bpf_ktime_get_ns();
	struct next_hop *hop;
	FLOW_KEY key;

	if (t && number > READ_ONCE(t->fresh))
		bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	if (!e || e->flow.half.flags & FLOW_REPLY)
		return 0;
	f = &e->flow;
	record.family = FAMILY;
	key = e->key;
	F(map_address_)(&record.key.saddr, &key.saddr);
	F(map_address_)(&record.key.daddr, &key.daddr);
	record.key.sport = key.sport;
	record.key.dport = key.dport;
	record.key.protocol = key.protocol;
	F(map_address_)(&record.saddr, &f->saddr);
	F(map_address_)(&record.daddr, &f->daddr);
	record.forward = f->half;
	/* an entry that this half was led to lately is still the one it was led to */
	hop = next_hop_at(f->half.hop);
	if (hop && (__u32)(now >> TICK_SHIFT) - f->half.asked < NEXT_HOP_REST)
		record.oif = next_hop_device(hop);
	peer = F(flow_peer)(f, key.protocol);
	if (peer) {
		record.has_reply = 1;
		record.reply = peer->half;
	}
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

/* For an operator: ends the flow of this forward key. */
static __always_inline void F(kill)(struct flow_kill *kill)
{
	struct settings *settings = settings_live();
	__u64 now = bpf_ktime_get_ns();
	FLOW_KEY key = {};
	FLOW *f;

	F(unmap_address_)(&key.saddr, &kill->key.saddr);
	F(unmap_address_)(&key.daddr, &kill->key.daddr);
	key.sport = kill->key.sport;
	key.dport = kill->key.dport;
	key.protocol = kill->key.protocol;
	f = F(table_look)(&key);
	if (!f || !settings || f->half.flags & FLOW_KILLED)
		return;
	/* of one that is long dead the entry may be another flow's by now; for a packet's clock others may still live */
	if (F(flow_dead)(f, key.protocol, settings, now, FLOW_GRACE / 2) || !F(entry_still)(f, &key))
		return;
	F(flow_kill)(f, key.protocol, now);
	kill->done = 1;
}
