/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asked: what belongs to no flow and comes from a circuit may answer a test of the operator's own (samepath
 * circuit test). On which circuit it came, when and from whom is noted; then it is dropped like any other
 * stranger. Included once a family.
 */

#ifndef SAMEPATH_BPF_ASKED_H
#define SAMEPATH_BPF_ASKED_H
/* Of an ICMP error, what it says; 0 is for the answer itself. */
#define ASKED_ERROR(message) (1u << 16 | (message)[0] << 8 | (message)[1])

/*
 * Does it answer this question? A SYN is answered by a SYN or a reset that acknowledge it; whatever else has the
 * tuple knows nothing of the question, and must not stand in the way of who does.
 */
static __always_inline bool asked_answers(const struct pkt *p, const struct asked *a)
{
	return p->protocol != IPPROTO_TCP ||
	       (p->tcp & TCP_ACK && p->tcp & (TCP_SYN | TCP_RST) && p->ack == a->expected);
}
#endif

/* Is this the answer to a test? `key` is its tuple, of an error that of the quote turned round. */
static __noinline bool F(asked_note)(struct pkt *p, const FLOW_KEY *key, const ADDRESS *source,
				     __u32 error)
{
	struct flow_key6 tuple = { .sport = key->sport, .dport = key->dport, .protocol = key->protocol };
	struct asked *a;

	F(map_address_)(&tuple.saddr, &key->saddr);
	F(map_address_)(&tuple.daddr, &key->daddr);
	a = bpf_map_lookup_elem(&asked, &tuple);
	if (!a || (__s64)(a->until - p->now) < 0)
		return false;
	if (!error && !asked_answers(p, a))
		return false;
	if (dry || __sync_val_compare_and_swap(&a->state, ASKED_WAITS, ASKED_CLAIMED) != ASKED_WAITS)
		return true;
	a->time = bpf_ktime_get_ns(); /* p->now may be a jiffy old, and an answer takes less */
	F(map_address_)(&a->source, source);
	a->ifindex = p->ifindex;
	a->dport = key->dport;
	a->length = p->length;
	a->circuit = p->role.circuit;
	a->ttl = p->ttl;
	a->error = error >> 16;
	a->type = error ? error >> 8 : p->tcp;
	a->code = error;
	/* a whole barrier: who reads it answered reads the rest as well */
	__sync_lock_test_and_set(&a->state, ASKED_ANSWERED);
	return true;
}
