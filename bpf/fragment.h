/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fragment: a first fragment is a packet like others, and leaves behind what the later ones need; these are
 * translated by it, or wait for it. See maps/fragment.h. Included once a family.
 */
#define FRAGMENT_SET struct F(fragment_set)

struct F(fragment_job) {
	struct F(fragment_key) key;
	FLOW_KEY flow;
	struct hash_input input;
	struct fragment_found found;
	struct in6_addr address; /* mapped */
	__u64 hash; /* of the key */
	__u32 owner;
	__u32 id; /* new one */
	struct way way;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct F(fragment_job));
} F(fragment_jobs) SEC(".maps");

static __always_inline __u64 F(fragment_hash)(struct F(fragment_job) *job, const ADDRESS *source,
					      const ADDRESS *destination, __u64 rest)
{
	F(map_address_)(&job->address, source);
	hash_address(&job->input, 0, &job->address);
	F(map_address_)(&job->address, destination);
	hash_address(&job->input, 2, &job->address);
	job->input.word[4] = rest;
	return keyed_hash(&job->input);
}

static __always_inline struct F(fragment_job) *F(fragment_job_new)(struct pkt *p, const FLOW_KEY *key)
{
	__u32 zero = 0;
	struct F(fragment_job) *job = bpf_map_lookup_elem(&F(fragment_jobs), &zero);

	if (!job)
		return NULL;
	job->key.saddr = key->saddr;
	job->key.daddr = key->daddr;
	job->key.id = p->fragment.id;
	job->key.protocol = FAMILY == 4 ? p->protocol : 0;
	job->key.circuit = p->role.kind == ROLE_LINK ? p->role.circuit : 0;
	job->key.zero = 0;
	job->hash = F(fragment_hash)(job, &key->saddr, &key->daddr,
				     (__u64)p->fragment.id << 32 | job->key.protocol << 8 |
					     job->key.circuit);
	return job;
}

static __always_inline FRAGMENT_SET *F(fragment_set_of)(const struct F(fragment_job) *job)
{
	__u32 index = job->hash % FRAGMENT_SETS;

	return bpf_map_lookup_elem(&F(fragments), &index);
}

static __always_inline bool F(fragment_same)(const struct F(fragment_key) *a,
					     const struct F(fragment_key) *b)
{
	return F(same_address_)(&a->saddr, &b->saddr) && F(same_address_)(&a->daddr, &b->daddr) &&
	       a->id == b->id && a->protocol == b->protocol && a->circuit == b->circuit;
}

/* Under the lock of the set. */
static __always_inline void F(fragment_search)(FRAGMENT_SET *set, struct F(fragment_job) *job, __u64 now,
					       __u64 timeout)
{
	volatile struct fragment_found *found = &job->found;
	struct F(fragment) *at;
	int i;

	found->way = found->spare = FRAGMENT_NONE;
	found->share = 0;
	for (i = 0; i < FRAGMENT_WAYS; i++) {
		at = &set->way[i];
		if (!at->datagram.born || (__s64)(now - at->datagram.born) > (__s64)timeout)
			found->spare = i;
		else if (F(fragment_same)(&at->key, &job->key))
			found->way = i;
		else if (at->datagram.owner == job->owner)
			found->share++;
	}
}

/* The inside host of the flow, and which way the datagram goes: hash. */
static __always_inline __u32 F(fragment_owner)(struct pkt *p, struct F(fragment_job) *job,
					       const FLOW_KEY *key, const FLOW *f)
{
	bool in = p->role.kind == ROLE_LINK;
	const ADDRESS *host = in ? &f->daddr : &key->saddr;

	return F(fragment_hash)(job, host, host, in);
}

/* An id that no other datagram between these two addresses has or had for long; see maps/fragment.h. */
static __always_inline __u32 F(fragment_new_id)(struct pkt *p, struct F(fragment_job) *job, const FLOW *f)
{
	__u64 hash = F(fragment_hash)(job, &f->saddr, &f->daddr, FAMILY == 4 ? p->protocol : 0);
	__u32 place = hash % FRAGMENT_IDS;
	__u32 *counter = bpf_map_lookup_elem(&fragment_ids, &place);

	/* where the counter begins is not for strangers to know (RFC 7739) */
	return counter ? __sync_fetch_and_add(counter, 1) + (hash >> 32) : 0;
}

/* Writes the id, and in IPv4 what that changes of the header's sum. */
static __always_inline enum verdict F(fragment_write_id)(struct xdp_md *ctx, const struct pkt *p,
							__u32 id)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	(void)p;
#if FAMILY == 4
	struct iphdr *ip = data + ETH_HLEN;
	__be16 new = bpf_htons(id);

	if ((void *)(ip + 1) > end)
		return V_TRUNCATED;
	ip->check = checksum_adjust(ip->check, sum_fold(delta_word(0, ip->id, new)));
	ip->id = new;
#else
	__u32 offset = p->fragment.header;
	struct fragment_header *header;

	if (offset > L4_MAX)
		return V_TRUNCATED;
	header = data + offset;
	if ((void *)(header + 1) > end)
		return V_TRUNCATED;
	header->id = bpf_htonl(id);
#endif
	return GO_ON;
}

#if FAMILY == 4
/* A datagram about to be cut, whose host meant it to be whole, gets an id as if it had come in fragments. */
static __noinline enum verdict fragment_name4(struct xdp_md *ctx, struct pkt *p, const FLOW *f)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct fragment_job4 *job = bpf_map_lookup_elem(&fragment_jobs4, &zero);
	struct iphdr *ip = data + ETH_HLEN;

	if (!job)
		return V_FRAGMENT_TABLE;
	if ((void *)(ip + 1) > end)
		return V_TRUNCATED;
	if (ip->frag_off & bpf_htons(0x3fff))
		return GO_ON;
	return fragment_write_id4(ctx, p, fragment_new_id4(p, job, f));
}
#endif

static __always_inline void F(fragment_draft_key)(const struct F(fragment_job) *job,
						  struct fragment_note *draft)
{
	F(map_address_)(&draft->key.saddr, &job->key.saddr);
	F(map_address_)(&draft->key.daddr, &job->key.daddr);
	draft->key.id = job->key.id;
	draft->key.protocol = job->key.protocol;
	draft->key.circuit = job->key.circuit;
	draft->key.zero = 0;
}

/* Under the lock: the place for a new datagram, or why there is none. */
static __always_inline enum verdict F(fragment_place)(FRAGMENT_SET *set, struct F(fragment_job) *job,
						      __u64 now)
{
	__u32 way = job->found.way;

	if (way < FRAGMENT_WAYS) {
		struct datagram *d = &set->way[way].datagram;

		if ((__s64)(now - d->born) >= (__s64)FRAGMENT_RENEW)
			return GO_ON;
		d->poisoned = 1;
		return V_FRAGMENT_OVERLAP;
	}
	if (job->found.share >= FRAGMENT_SHARE || job->found.spare >= FRAGMENT_WAYS)
		return V_FRAGMENT_TABLE;
	job->found.way = job->found.spare;
	return GO_ON;
}

static __always_inline void F(fragment_fill)(struct F(fragment) *at, const struct F(fragment_job) *job,
					     const struct pkt *p, const FLOW_KEY *key)
{
	struct datagram *d = &at->datagram;

	at->key = job->key;
	d->born = p->now;
	d->owner = job->owner;
	d->id = job->id;
	d->sport = key->sport;
	d->dport = key->dport;
	d->end = 0;
	d->protocol = key->protocol;
	d->poisoned = 0;
	d->idle = p->idle;
	d->ranges = 1;
	d->range[0].from = 0;
	d->range[0].to = p->fragment.length;
}

/*
 * A first fragment of this flow is about to leave: it gets its id, and its datagram a place. GO_ON, or why it may
 * not leave.
 */
static __noinline enum verdict F(fragment_begin)(struct xdp_md *ctx, struct pkt *p, const FLOW_KEY *key,
						 const FLOW *f)
{
	struct F(fragment_job) *job = F(fragment_job_new)(p, key);
	struct fragment_note *draft = fragment_draft();
	__u64 now = p->now, timeout;
	enum verdict verdict;
	FRAGMENT_SET *set;

	if (!job || !draft)
		return V_FRAGMENT_TABLE;
	timeout = p->settings->fragment_timeout;
	job->owner = F(fragment_owner)(p, job, key, f);
	job->id = F(fragment_new_id)(p, job, f);
	set = F(fragment_set_of)(job);
	if (!set)
		return V_FRAGMENT_TABLE;
	bpf_spin_lock(&set->lock);
	F(fragment_search)(set, job, now, timeout);
	barrier();
	verdict = F(fragment_place)(set, job, now);
	if (verdict == GO_ON && job->found.way < FRAGMENT_WAYS)
		F(fragment_fill)(&set->way[job->found.way & (FRAGMENT_WAYS - 1)], job, p, key);
	bpf_spin_unlock(&set->lock);
	if (verdict != GO_ON)
		return verdict;
	if (fragment_awaited(p, job->hash)) {
		F(fragment_draft_key)(job, draft);
		fragment_wake(draft);
	}
	return F(fragment_write_id)(ctx, p, job->id);
}

/* The datagram of a later fragment: its flow and its id in the job. V_FRAGMENT: its first was not here. */
static __always_inline enum verdict F(fragment_look)(struct pkt *p, struct F(fragment_job) *job)
{
	__u64 now = p->now, timeout = p->settings->fragment_timeout;
	FRAGMENT_SET *set = F(fragment_set_of)(job);
	enum verdict verdict = V_FRAGMENT;
	struct datagram *d;

	if (!set)
		return V_FRAGMENT_TABLE;
	job->owner = 0;
	bpf_spin_lock(&set->lock);
	F(fragment_search)(set, job, now, timeout);
	barrier();
	if (job->found.way < FRAGMENT_WAYS) {
		d = &set->way[job->found.way & (FRAGMENT_WAYS - 1)].datagram;
		job->flow.sport = d->sport;
		job->flow.dport = d->dport;
		job->flow.protocol = d->protocol;
		job->id = d->id;
		p->idle = d->idle;
		verdict = fragment_join(d, &job->found, p);
	}
	bpf_spin_unlock(&set->lock);
	return verdict;
}

/* Did its first come in the meantime? */
static __always_inline bool F(fragment_known)(struct pkt *p, struct F(fragment_job) *job)
{
	__u64 now = p->now, timeout = p->settings->fragment_timeout;
	FRAGMENT_SET *set = F(fragment_set_of)(job);

	if (!set)
		return false;
	bpf_spin_lock(&set->lock);
	F(fragment_search)(set, job, now, timeout);
	barrier();
	bpf_spin_unlock(&set->lock);
	return job->found.way < FRAGMENT_WAYS;
}

/* Could it have a flow? Of what came from inside this is known. */
static __always_inline bool F(fragment_promising)(struct pkt *p, struct F(fragment_job) *job)
{
	if (p->role.kind != ROLE_LINK)
		return true;
	F(map_address_)(&job->address, &job->key.daddr);
	return owner_find(p, &job->address).kind != OWNER_NONE ||
	       F(trie_find)(&F(segments), p->slot, &job->key.daddr);
}

/*
 * A later fragment whose first was not here. What is for the gateway or between segments is the kernel's, and
 * what no flow could be of is dropped; the rest waits.
 */
static __noinline enum verdict F(fragment_wait)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o,
						__u32 zero)
{
	enum verdict verdict = p->role.kind == ROLE_LINK ? F(admit)(ctx, p, o, &o->key) :
							   F(leave)(ctx, p, o, &o->key);
	struct F(fragment_job) *job = bpf_map_lookup_elem(&F(fragment_jobs), &zero);
	struct fragment_note *draft = fragment_draft();
	__u32 source;

	if (verdict != V_FRAGMENT || !draft || !job)
		return verdict;
	if (!F(fragment_promising)(p, job))
		return V_NOT_FOR_US;
	if (job->found.came_back)
		return V_FRAGMENT_LOST;
	source = F(hash_address_)(&job->key.saddr);
	F(fragment_draft_key)(job, draft);
	verdict = fragment_hold(ctx, p, draft, source, job->hash);
	if (verdict == V_FRAGMENT_HELD && F(fragment_known)(p, job))
		fragment_wake(draft);
	return verdict;
}

/*
 * What a later fragment asks of its flow, and tells it: the pin, the way, and that it lives. It says nothing of the
 * connection's state, for it has no header; and of a datagram whose first was judged to be without effect not even
 * that, or who forged one would keep a connection alive by the others.
 */
static __always_inline enum verdict F(fragment_follow)(struct xdp_md *ctx, struct pkt *p,
						       const FLOW_KEY *key, FLOW *f, struct way *way)
{
	bool refresh = F(flow_belongs)(p, f);
	enum verdict verdict = refresh ? GO_ON : F(flow_violation)(ctx, p, key, f);

	if (verdict == GO_ON)
		verdict = F(route)(ctx, p, f, way);
	if (verdict == GO_ON)
		verdict = F(limits)(p, way);
	if (verdict != GO_ON || !refresh)
		return verdict;
	if (!p->idle) {
		f->half.last = p->now;
		f->half.iif = p->ifindex;
		half_count(&f->half, p->frame);
	}
	F(account)(p, f);
	return GO_ON;
}

static __always_inline enum verdict F(fragment_send)(struct xdp_md *ctx, struct pkt *p, const FLOW *f,
						     const struct way *way)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	enum verdict verdict;

	if (data + L4_OFFSET > end)
		return V_TRUNCATED;
	F(rewrite_network)(data + ETH_HLEN, f);
	verdict = F(go)(ctx, p, f, way);
	return p->idle && verdict == V_FORWARDED ? V_TCP_IDLE : verdict;
}

/* The way of every later fragment. V_FRAGMENT: its first was not here, or it may not be looked for. */
static __noinline enum verdict F(fragment_path)(struct xdp_md *ctx, struct pkt *p, struct F(opening) *o)
{
	struct F(fragment_job) *job = F(fragment_job_new)(p, &o->key);
	bool came_back = fragment_came_back(ctx);
	enum verdict verdict;
	FLOW *f;

	if (!job)
		return V_FRAGMENT_TABLE;
	job->found.came_back = came_back;
	__builtin_memset(&job->flow, 0, sizeof(job->flow));
	job->flow.saddr = o->key.saddr;
	job->flow.daddr = o->key.daddr;
	if (p->special != V_FRAGMENT && p->special != V_FRAGMENT_BAD)
		return V_FRAGMENT;
	verdict = F(fragment_look)(p, job);
	if (verdict != GO_ON)
		return verdict;
	p->protocol = job->flow.protocol;
	f = F(flow_find)(p, &job->flow);
	if (!f)
		return V_NO_FLOW;
	verdict = F(fragment_follow)(ctx, p, &job->flow, f, &job->way);
	p->answer.type = 0; /* no error tells of a later fragment (RFC 1122 3.2.2) */
	if (verdict == GO_ON)
		verdict = F(fragment_write_id)(ctx, p, job->id);
	return verdict == GO_ON ? F(fragment_send)(ctx, p, f, &job->way) : verdict;
}
