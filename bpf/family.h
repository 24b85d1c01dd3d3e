/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pipeline is written once and instantiated for each family: a header that ends in
 * names like F(route) is included twice, with FAMILY 4 and with FAMILY 6.
 */
#define F_JOIN(name, family) name##family
#define F_EXPAND(name, family) F_JOIN(name, family)
#define F(name) F_EXPAND(name, FAMILY)

typedef __be32 address_4;
typedef struct in6_addr address_6;

static __always_inline bool same_address_4(const __be32 *a, const __be32 *b)
{
	return *a == *b;
}

static __always_inline bool same_address_6(const struct in6_addr *a, const struct in6_addr *b)
{
	return a->s6_addr32[0] == b->s6_addr32[0] && a->s6_addr32[1] == b->s6_addr32[1] &&
	       a->s6_addr32[2] == b->s6_addr32[2] && a->s6_addr32[3] == b->s6_addr32[3];
}

static __always_inline void map_address_4(struct in6_addr *to, const __be32 *from)
{
	map_address4(to, *from);
}

static __always_inline void map_address_6(struct in6_addr *to, const struct in6_addr *from)
{
	*to = *from;
}

/* The own family's address out of a mapped one. */
static __always_inline void unmap_address_4(__be32 *to, const struct in6_addr *from)
{
	*to = from->s6_addr32[3];
}

static __always_inline void unmap_address_6(struct in6_addr *to, const struct in6_addr *from)
{
	*to = *from;
}

/*
 * Every bit of the address must reach the low bits of the hash, for neighbours differ only in the
 * last octets, which stand in the high bits here.
 */
static __always_inline __u32 hash_word(__u32 h, __u32 word)
{
	h ^= word;
	h = (h ^ (h >> 16)) * 0x85ebca6b;
	h = (h ^ (h >> 13)) * 0xc2b2ae35;
	return h ^ (h >> 16);
}

static __always_inline __u32 hash_address_4(const __be32 *a)
{
	return hash_word(0x5bd1e995, *a);
}

static __always_inline __u32 hash_address_6(const struct in6_addr *a)
{
	__u32 h = hash_word(0x5bd1e995, a->s6_addr32[0]);

	h = hash_word(h, a->s6_addr32[1]);
	h = hash_word(h, a->s6_addr32[2]);
	return hash_word(h, a->s6_addr32[3]);
}

static __always_inline __u64 delta_address_4(__u64 sum, const __be32 *from, const __be32 *to)
{
	return delta_long(sum, *from, *to);
}

static __always_inline __u64 delta_address_6(__u64 sum, const struct in6_addr *from,
					     const struct in6_addr *to)
{
	sum = delta_long(sum, from->s6_addr32[0], to->s6_addr32[0]);
	sum = delta_long(sum, from->s6_addr32[1], to->s6_addr32[1]);
	sum = delta_long(sum, from->s6_addr32[2], to->s6_addr32[2]);
	return delta_long(sum, from->s6_addr32[3], to->s6_addr32[3]);
}

/* Names of the template that differ in more than the last character. */
#define ADDRESS F(address_)
#define FLOW_KEY struct F(flow_key)
#define FLOW struct F(flow)
#define FLOW_ENTRY struct F(flow_entry)
#define L4_NONE 0
#define L4_OFFSET (ETH_HLEN + (FAMILY == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)))
