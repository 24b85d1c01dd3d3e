/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of halves as the packet path uses it: look-up, insert, delete. How it lies in its maps, and
 * who may change what, says maps/flow_table.h. Included once a family, after family.h.
 */
#ifndef SAMEPATH_BPF_FLOW_TABLE
#define SAMEPATH_BPF_FLOW_TABLE
#define EEXIST 17
#define EBUSY 16
#define EAGAIN 11
#define E2BIG 7

/*
 * An insert holds a line for as long as its misses of the cache take. Who saw it locked in so many readings, some
 * ten microseconds, gives up: of a virtual machine, one processor may stand still for long.
 */
#define LOCK_READINGS 4096
/* Each loss means that another CPU won, so nobody comes near it. */
#define NUMBER_TRIES 65536

#define READ_ONCE(word) (*(const volatile typeof(word) *)&(word))

static __always_inline bool same_key_4(const struct flow_key4 *a, const struct flow_key4 *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr && a->ports == b->ports && a->kind == b->kind;
}

static __always_inline bool same_key_6(const struct flow_key6 *a, const struct flow_key6 *b)
{
	return same_address_6(&a->saddr, &b->saddr) && same_address_6(&a->daddr, &b->daddr) &&
	       a->ports == b->ports && a->kind == b->kind;
}

static __always_inline struct flow_table *flow_table(__u32 family)
{
	__u32 place = FLOW_TABLE(family);

	return bpf_map_lookup_elem(&flow_tables, &place);
}

struct locking {
	struct flow_line *line;
	bool held;
};

static long line_lock_try(__u32 index, struct locking *l)
{
	(void)index;
	l->held = !(READ_ONCE(l->line->head) & FLOW_LINE_LOCK) &&
		  !(__sync_fetch_and_or(&l->line->head, FLOW_LINE_LOCK) & FLOW_LINE_LOCK);
	return l->held;
}

static __always_inline bool line_lock(struct flow_line *line)
{
	struct locking l = {.line = line};

	bpf_loop(LOCK_READINGS, line_lock_try, &l, 0);
	return l.held;
}

/* What it was is asked for, because only then are the words in order before it (a bare AND is relaxed). */
static __always_inline void line_unlock(struct flow_line *line)
{
	__u32 was = __sync_fetch_and_and(&line->head, ~FLOW_LINE_LOCK);

	barrier_var(was);
}

static __always_inline bool word_change(__u32 *word, __u32 from, __u32 to)
{
	return READ_ONCE(*word) == from && __sync_val_compare_and_swap(word, from, to) == from;
}

/* Changes one word of the line that reads `from`; false: there is none. */
static __always_inline bool line_change(struct flow_line *line, __u64 hash, __u32 from, __u32 to)
{
	int i;

	if (word_change(&line->word[flow_first(hash)], from, to))
		return true;
#pragma clang loop unroll(disable)
	for (i = 0; i < FLOW_WORDS; i++)
		if (word_change(&line->word[i], from, to))
			return true;
	return false;
}

/* Puts another number first in the list of free ones, if nothing changed since `from` was read. */
static __always_inline bool free_change(struct flow_table *t, __u64 from, __u32 first)
{
	return __sync_val_compare_and_swap(&t->free, from, ((from >> 32) + 1) << 32 | first) == from;
}
#endif

static __always_inline FLOW_ENTRY *F(entry_at)(__u32 number)
{
	return bpf_map_lookup_elem(&F(flows), &number);
}

/* The number of a word, if its entry is this key's; `number`: the word less the tag, too large if that differs. */
static __always_inline __u32 F(number_of)(__u32 number, __u32 mask, const FLOW_KEY *key)
{
	FLOW_ENTRY *e;

	if (number - 1 >= mask)
		return 0;
	e = F(entry_at)(number);
	return e && READ_ONCE(e->state) & FLOW_LIVE && F(same_key_)(&e->key, key) ? number : 0;
}

static __always_inline __u32 F(line_find)(const struct flow_line *line, const struct flow_table *t, __u64 hash,
					  const FLOW_KEY *key)
{
	__u32 tag = flow_tag(t, hash), mask = t->mask;
	__u32 number = F(number_of)(READ_ONCE(line->word[flow_first(hash)]) ^ tag, mask, key);
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; !number && i < FLOW_WORDS; i++)
		number = F(number_of)(READ_ONCE(line->word[i]) ^ tag, mask, key);
	return number;
}

static __always_inline struct flow_line *F(near_line)(__u64 hash)
{
	__u32 place = flow_near(hash);

	return bpf_map_lookup_elem(&F(flow_near), &place);
}

static __always_inline struct flow_line *F(far_line)(const struct flow_table *t, __u64 hash)
{
	__u32 place = flow_far(t, hash);

	return bpf_map_lookup_elem(&F(flow_far), &place);
}

static __always_inline __u32 F(table_find_hashed)(const struct flow_table *t, struct flow_line *near, __u64 hash,
						  const FLOW_KEY *key)
{
	__u32 others = READ_ONCE(near->head) & ~FLOW_LINE_LOCK, number = 0;
	struct flow_line *far = others ? F(far_line)(t, hash) : NULL, *line = near, *next = far;
	int turn;

	if (far && others > FLOW_WORDS) { /* then most of this near line's keys are there */
		line = far;
		next = near;
	}
#pragma clang loop unroll(disable)
	for (turn = 0; turn < 2 && line && !number; turn++) {
		number = F(line_find)(line, t, hash, key);
		line = next;
	}
	return number;
}

/*
 * The number of the entry of this key, 0: none. This, table_insert and table_delete are functions of their own
 * to the verifier, which judges them once for all who call; such a function gives back no pointer, hence the
 * number, and must ask whether it was given one.
 */
__noinline __u32 F(table_number)(const FLOW_KEY *key)
{
	struct flow_table *t = flow_table(FAMILY);
	struct flow_line *near;
	__u64 hash;

	if (!t || !key)
		return 0;
	hash = F(flow_hash)(t, key);
	near = F(near_line)(hash);
	return near ? F(table_find_hashed)(t, near, hash, key) : 0;
}

static __always_inline FLOW *F(entry_flow)(__u32 number)
{
	FLOW_ENTRY *e = number ? F(entry_at)(number) : NULL;

	if (!e)
		return NULL;
	barrier_var(e); /* else clang adds before it asks, which the verifier refuses */
	return &e->flow;
}

/*
 * Is the half that was found still of this key? Asked after it was judged alive: one that is dead for the grace may
 * be deleted, and its entry filled anew, between the look-up and that. x86 reads in this order; arm64 need not.
 */
static __always_inline bool F(entry_still)(const FLOW *f, const FLOW_KEY *key)
{
	const FLOW_ENTRY *e = (const void *)f - __builtin_offsetof(FLOW_ENTRY, flow);

	return READ_ONCE(e->state) & FLOW_LIVE && F(same_key_)(&e->key, key);
}

/* The half of this key, NULL: none. */
static __always_inline FLOW *F(table_look)(const FLOW_KEY *key)
{
	return F(entry_flow)(F(table_number)(key));
}

/* A number that goes out of the list of free ones or back into it. */
struct F(numbering) {
	struct flow_table *t;
	FLOW_ENTRY *e; /* of the number that goes back */
	__u32 number;
};

static long F(number_take_try)(__u32 index, struct F(numbering) *n)
{
	__u64 free = READ_ONCE(n->t->free);
	FLOW_ENTRY *e = F(entry_at)((__u32)free);

	(void)index;
	if (!(__u32)free || !e)
		return 1;
	/* somebody may have taken it since: then `free` has changed, and what was read here is nothing */
	if (!free_change(n->t, free, READ_ONCE(e->number)))
		return 0;
	n->number = free;
	return 1;
}

static long F(number_give_try)(__u32 index, struct F(numbering) *n)
{
	__u64 free = READ_ONCE(n->t->free);

	(void)index;
	n->e->number = free;
	return free_change(n->t, free, n->number);
}

/* A number that nobody else has, 0: all are given out. */
static __always_inline __u32 F(number_take)(struct flow_table *t)
{
	struct F(numbering) n = {.t = t};
	__u32 number;

	bpf_loop(NUMBER_TRIES, F(number_take_try), &n, 0);
	if (n.number)
		return n.number;
	if (READ_ONCE(t->fresh) >= t->entries)
		return 0;
	number = __sync_fetch_and_add(&t->fresh, 1) + 1;
	if (number <= t->entries)
		return number;
	__sync_fetch_and_sub(&t->fresh, 1);
	return 0;
}

static __always_inline void F(number_give)(struct flow_table *t, FLOW_ENTRY *e, __u32 number)
{
	struct F(numbering) n = {.t = t, .e = e, .number = number};

	bpf_loop(NUMBER_TRIES, F(number_give_try), &n, 0);
}

/* The word goes into the near line, or into the far line, which the near line counts. */
static __always_inline bool F(word_put)(struct flow_table *t, struct flow_line *near, __u64 hash, __u32 word)
{
	struct flow_line *far;

	if (line_change(near, hash, 0, word))
		return true;
	__sync_fetch_and_add(&near->head, 1);
	far = F(far_line)(t, hash);
	if (far && line_change(far, hash, 0, word))
		return true;
	__sync_fetch_and_sub(&near->head, 1);
	return false;
}

static __always_inline void F(word_drop)(struct flow_table *t, struct flow_line *near, __u64 hash, __u32 word)
{
	struct flow_line *far;

	if (line_change(near, hash, word, 0))
		return;
	far = F(far_line)(t, hash);
	if (far && line_change(far, hash, word, 0))
		__sync_fetch_and_sub(&near->head, 1);
}

static __always_inline int F(insert_locked)(struct flow_table *t, struct flow_line *near, __u64 hash,
					    const FLOW_KEY *key, const FLOW *f)
{
	FLOW_ENTRY *e;
	__u32 number, state;
	__u64 last;

	if (F(table_find_hashed)(t, near, hash, key))
		return -EEXIST;
	number = F(number_take)(t);
	e = number ? F(entry_at)(number) : NULL;
	if (!e)
		return -E2BIG;
	e->number = number;
	e->key = *key;
	/* after the key: who finds the time of this flow in the entry of another must find this key, see entry_still */
	last = __sync_lock_test_and_set(&e->flow.half.last, f->half.last);
	barrier_var(last);
	e->flow = *f;
	/* what it was is asked for, so that all of the above is there before */
	state = __sync_fetch_and_add(&e->state, 1);
	barrier_var(state);
	if (F(word_put)(t, near, hash, flow_tag(t, hash) | number))
		return 0;
	__sync_fetch_and_add(&e->state, 1);
	F(number_give)(t, e, number);
	return -E2BIG;
}

/* 0, -EEXIST, -E2BIG when the table is full, -EAGAIN when another CPU inserts beside it and does not go on. */
__noinline int F(table_insert)(const FLOW_KEY *key, const FLOW *f)
{
	struct flow_table *t = flow_table(FAMILY);
	struct flow_line *near;
	__u64 hash;
	int error;

	if (!t || !key || !f)
		return -E2BIG;
	hash = F(flow_hash)(t, key);
	near = F(near_line)(hash);
	if (!near)
		return -E2BIG;
	if (!line_lock(near))
		return -EAGAIN;
	error = F(insert_locked)(t, near, hash, key, f);
	line_unlock(near);
	return error;
}

/*
 * One use of an entry, for table_delete: the number, and above it the state; 0: it is free. What is read of the
 * entry after that is of this use, if that is still its use then.
 */
static __always_inline __u64 F(entry_use)(__u32 number)
{
	FLOW_ENTRY *e = number ? F(entry_at)(number) : NULL;
	__u64 state = e ? __sync_fetch_and_add(&e->state, 0) : 0;

	barrier_var(state);
	return state & FLOW_LIVE ? state << 32 | number : 0;
}

/* Ends this use of an entry, if it is of this key. 1 for the one who did it, else 0; nobody finds the half from here on. */
__noinline int F(table_delete)(const FLOW_KEY *key, __u64 use)
{
	FLOW_ENTRY *e = F(entry_at)((__u32)use);
	struct flow_table *t = flow_table(FAMILY);
	__u32 state = use >> 32;
	struct flow_line *near;
	__u64 hash;

	if (!use || !t || !key || !e)
		return 0;
	hash = F(flow_hash)(t, key);
	near = F(near_line)(hash);
	/* the key of a use does not change, so the one that was read before is the one that is taken out */
	if (!near || !F(same_key_)(&e->key, key) ||
	    __sync_val_compare_and_swap(&e->state, state, state + 1) != state)
		return 0;
	F(word_drop)(t, near, hash, flow_tag(t, hash) | (__u32)use);
	F(number_give)(t, e, use);
	return 1;
}

/* The same for whatever half is of this key now. */
static __always_inline int F(table_drop)(const FLOW_KEY *key)
{
	return F(table_delete)(key, F(entry_use)(F(table_number)(key)));
}
