/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a flood of new connections from outside in its place: rates by service and by remote
 * prefix, and the proof of a source.
 *
 * While a service has no room for half-open flows, a SYN is answered with a lone ACK of a number that
 * only this gateway can know. A host that did send the SYN holds that number for a mistake, says so
 * with a RST that carries it (RFC 9293 3.10.7.3), and asks again; so somebody is at that address, and it may
 * use more of the outside's share. More is not proven: a host that did not send the SYN answers alike, unless
 * a firewall keeps the ACK from it. Nothing is kept for a SYN that does not prove itself.
 */
#ifndef SAMEPATH_BPF_FLOOD_H
#define SAMEPATH_BPF_FLOOD_H

#include "checksum.h"
#include "packet.h"

#define HASH_WORDS 5

struct hash_input {
	__u64 word[HASH_WORDS];
};

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 rotate(__u64 x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static __always_inline void sip_word(struct sip *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) of the words. Zero while there is no secret. Not static: so the
 * verifier looks at it once, not once a caller.
 */
__noinline __u64 keyed_hash(const struct hash_input *in)
{
	__u32 zero = 0;
	struct secret *key = bpf_map_lookup_elem(&secret, &zero);
	struct sip s;
	int i;

	if (!in || !key || !(key->key[0] | key->key[1]))
		return 0;
	s.v0 = key->key[0] ^ 0x736f6d6570736575;
	s.v1 = key->key[1] ^ 0x646f72616e646f6d;
	s.v2 = key->key[0] ^ 0x6c7967656e657261;
	s.v3 = key->key[1] ^ 0x7465646279746573;
	for (i = 0; i < HASH_WORDS; i++)
		sip_word(&s, in->word[i]);
	sip_word(&s, (__u64)sizeof(*in) << 56);
	s.v2 ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static __always_inline void hash_address(struct hash_input *in, int at, const struct in6_addr *address)
{
	in->word[at] = (__u64)address->s6_addr32[0] << 32 | address->s6_addr32[1];
	in->word[at + 1] = (__u64)address->s6_addr32[2] << 32 | address->s6_addr32[3];
}

static __always_inline bool service_rate_admits(struct pkt *p, struct service *service, __u32 number)
{
	struct service_load *load = service->rate ? service_load(number) : NULL;

	return !load || rate_admits(&load->rate, p->now / NANOSECONDS, service->rate);
}

/* One remote prefix: what an attacker of one site holds, an IPv4 /24 or an IPv6 /56. */
static __always_inline bool remote_rate_admits(struct pkt *p, struct service *service, __u32 number,
					       const struct in6_addr *remote, struct hash_input *in)
{
	__u64 hash, *rate;
	__u32 place;

	if (!service->remote_rate)
		return true;
	hash_address(in, 0, remote);
	if (p->family == 4) {
		in->word[1] &= ~(__u64)bpf_htonl(0xff);
	} else {
		in->word[0] &= ~(__u64)bpf_htonl(0xff);
		in->word[1] = 0;
	}
	in->word[2] = number;
	in->word[3] = in->word[4] = 0;
	hash = keyed_hash(in);
	place = hash % RATES_MAX;
	rate = bpf_map_lookup_elem(&rates, &place);
	/* 16 bits of tag, 24 of the second */
	return !rate || rate_admits(rate, (hash >> 48) << 24 | (p->now / NANOSECONDS & 0xffffff),
				    service->remote_rate);
}

static __always_inline struct proof *proof_of(const struct in6_addr *remote, struct hash_input *in,
					      __u32 *tag)
{
	__u64 hash;
	__u32 place;

	hash_address(in, 0, remote);
	in->word[2] = 1;
	in->word[3] = in->word[4] = 0;
	hash = keyed_hash(in);
	*tag = hash >> 32;
	place = hash % PROOFS_MAX;
	return hash ? bpf_map_lookup_elem(&proofs, &place) : NULL;
}

static __always_inline bool source_proven(struct pkt *p, const struct in6_addr *remote,
					  struct hash_input *in)
{
	__u32 tag;
	struct proof *proof = proof_of(remote, in, &tag);

	return proof && proof->tag == tag && (__u32)(p->now / NANOSECONDS) < proof->until;
}

/* The number of a challenge, for this tuple in this minute. */
static __always_inline __u32 challenge_number(struct hash_input *in, const struct in6_addr *remote,
					      const struct in6_addr *public, __be16 sport,
					      __be16 dport, __u32 minute)
{
	hash_address(in, 0, remote);
	hash_address(in, 2, public);
	in->word[4] = (__u64)minute << 32 | (__u32)sport << 16 | dport;
	return keyed_hash(in);
}

static __always_inline __u32 challenge_minute(const struct pkt *p)
{
	return p->now / (60 * NANOSECONDS);
}

#endif
