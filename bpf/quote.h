/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quote: the packet that an ICMP error speaks of, as its sender saw it. Its tuple, turned round, is that of
 * the packets that the error goes along with; what those become says what the quoted one was before it was
 * translated, so the quote is put back exactly: addresses, ports, the sums that cover them, nothing else.
 * Included once a family.
 */
#ifndef SAMEPATH_BPF_QUOTE
#define SAMEPATH_BPF_QUOTE
#define CHUNK 256 /* bytes, a power of two */
#define ICMP_HEAD 8 /* of every error, in both families */
#define QUOTE_ROOM (CHUNK - ICMP_HEAD) /* bytes of the quote that are looked at */
#define QUOTE_TRANSPORT 20 /* of them so many may be of the transport header */

#define ICMPV6_REDIRECT 137

#define CHUNKS 64 /* of a message at most */

struct chunk {
	__u64 words[CHUNK / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct chunk);
} chunks SEC(".maps");

/*
 * What it says, 1 to CHUNK, in a form that every verifier follows. Linux 6.1 learns nothing from a comparison with
 * zero, and none does from the one of a difference that clang makes of two bounds.
 */
static __always_inline __u64 chunk_part(__u64 n)
{
	n--;
	barrier_var(n);
	return (n & (CHUNK - 1)) + 1;
}

/* Bytes of the ICMP message. */
static __always_inline __u32 message_length(const struct pkt *p)
{
	return ETH_HLEN + p->length - p->l4;
}

/*
 * The ones' complement sum of `length` bytes of the frame, 0 when they cannot be read or are too many: no
 * real message's is. By chunks, for before Linux 6.13 a helper sums at most 512 bytes. Not static: so the
 * verifier looks at it once, and at no way out of the loop together with what comes behind.
 */
__noinline __u32 message_sum(struct xdp_md *ctx, __u32 at, __u32 length)
{
	__u32 zero = 0, sum = 0, n, i;
	struct chunk *chunk = bpf_map_lookup_elem(&chunks, &zero);

	if (!chunk)
		return 0;
	for (i = 0; i < CHUNKS && length; i++) {
		n = length < CHUNK ? length : CHUNK;
		if (n < CHUNK)
			__builtin_memset(chunk, 0, sizeof(*chunk));
		if (bpf_xdp_load_bytes(ctx, at, chunk->words, chunk_part(n)))
			return 0;
		sum = bpf_csum_diff(NULL, 0, (void *)chunk->words, CHUNK, sum);
		at += n;
		length -= n;
	}
	return length ? 0 : sum_fold(sum);
}
#endif

/* An error under way, too large for the stack; one a CPU. */
struct F(error) {
	FLOW_KEY outer; /* addresses of the error itself */
	FLOW_KEY key; /* the quoted tuple turned round: of the half whose packets go where the error goes */
	struct way way;
	__u32 kept; /* bytes of `message` that are there */
	__u32 quoted; /* bytes of the quoted packet among them */
	__u32 ends; /* where the quoted packet ends behind the head, kept or not: what stands there is not of it */
	__u32 l4; /* where its transport header stands in it */
	__u32 sum; /* and there the checksum, 0: not quoted */
	__u8 message[CHUNK] __attribute__((aligned(8))); /* zeros behind what is kept */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct F(error));
} F(errors) SEC(".maps");

/* GO_ON: an error that is translated. A redirect is for the wire it is on (RFC 1812 5.2.7.2, RFC 4861 8). */
static __always_inline enum verdict F(error_kind)(__u8 type)
{
	switch (type) {
#if FAMILY == 4
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return GO_ON;
	case ICMP_REDIRECT:
		return V_ICMP_REDIRECT;
#else
	case ICMPV6_DEST_UNREACH:
	case ICMPV6_PKT_TOOBIG:
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		return GO_ON;
	case ICMPV6_REDIRECT:
		return V_ICMP_REDIRECT;
#endif
	}
	return V_ICMP_ERROR;
}

/* Bytes of quote before extensions begin, as the error itself says (RFC 4884 section 4), 0: it does not. */
static __always_inline __u32 F(quote_said)(const __u8 *message)
{
#if FAMILY == 4
	if (message[0] == ICMP_SOURCE_QUENCH)
		return 0;
	return message[5] * 4;
#else
	if (message[0] != ICMPV6_DEST_UNREACH && message[0] != ICMPV6_TIME_EXCEED)
		return 0;
	return message[4] * 8;
#endif
}

/* Reads the ICMP message, as far as it is looked at. */
static __always_inline enum verdict F(quote_load)(struct xdp_md *ctx, struct pkt *p, struct F(error) *e)
{
	__u32 length = message_length(p), said;

	if (length < ICMP_HEAD)
		return V_BAD_TRANSPORT;
	if (length > sizeof(e->message))
		length = sizeof(e->message);
	__builtin_memset(e->message, 0, sizeof(e->message));
	if (bpf_xdp_load_bytes(ctx, p->l4, e->message, chunk_part(length)))
		return V_TRUNCATED;
	e->kept = length;
	e->quoted = length - ICMP_HEAD;
	said = F(quote_said)(e->message);
	e->ends = said ? said : 0xffff;
	if (said && said < e->quoted)
		e->quoted = said;
	return F(error_kind)(e->message[0]);
}

#if FAMILY == 4
/*
 * The quoted IP header. Its checksum must be right, for what is put back would make no right one of it; a
 * fragment behind the first has no ports.
 */
static __always_inline enum verdict F(quote_network)(struct F(error) *e)
{
	struct iphdr *ip = (void *)(e->message + ICMP_HEAD);
	__u32 header = ip->ihl * 4, length = bpf_ntohs(ip->tot_len);

	if (ip->version != 4 || header < sizeof(*ip) || header > e->quoted || length < header)
		return V_ERROR_QUOTE;
	if (sum_fold(bpf_csum_diff(NULL, 0, (void *)ip, header, 0)) != 0xffff)
		return V_ERROR_QUOTE;
	if (ip->frag_off & bpf_htons(0x1fff))
		return V_ERROR_FRAGMENT;
	if (length < e->ends)
		e->ends = length;
	if (length < e->quoted)
		e->quoted = length;
	e->l4 = header;
	e->key.protocol = ip->protocol;
	e->key.saddr = ip->daddr;
	e->key.daddr = ip->saddr;
	return GO_ON;
}
#else
/* Steps over the extension header at *at; its bytes are within the room. */
static __always_inline enum verdict quote_step(const __u8 *header, __u8 *next, __u32 *at)
{
	if (*next == IPPROTO_FRAGMENT && (header[2] || header[3] & 0xf8))
		return V_ERROR_FRAGMENT;
	if (*next == IPPROTO_FRAGMENT)
		*at += 8;
	else if (*next == IPPROTO_AH)
		*at += (header[1] + 2) * 4;
	else
		*at += (header[1] + 1) * 8;
	*next = header[0];
	return GO_ON;
}

/* The quoted IP header and its extensions: a bounded walk, for whoever quotes may have made them up. */
static __always_inline enum verdict F(quote_network)(struct F(error) *e)
{
	struct ipv6hdr *ip = (void *)(e->message + ICMP_HEAD);
	__u32 length = sizeof(*ip) + bpf_ntohs(ip->payload_len), at = sizeof(*ip);
	__u8 next = ip->nexthdr;
	enum verdict verdict;
	int i;

	if (ip->version != 6 || e->quoted < sizeof(*ip))
		return V_ERROR_QUOTE;
	if (length < e->ends)
		e->ends = length;
	if (length < e->quoted)
		e->quoted = length;
	for (i = 0; i < EXTENSIONS_MAX && (next == IPPROTO_FRAGMENT || extension_header(next)); i++) {
		if (at > QUOTE_ROOM - 8 || at + 8 > e->quoted)
			return V_ERROR_QUOTE;
		verdict = quote_step(e->message + ICMP_HEAD + at, &next, &at);
		if (verdict != GO_ON)
			return verdict;
	}
	e->l4 = at;
	e->key.protocol = next;
	e->key.saddr = ip->daddr;
	e->key.daddr = ip->saddr;
	return GO_ON;
}
#endif

/* The quoted echo; an error about an error there cannot be (RFC 1122 3.2.2). */
static __always_inline enum verdict F(quote_echo)(struct F(error) *e, const struct icmphdr *icmp)
{
	if (icmp->type == (FAMILY == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST))
		e->key.dport = icmp->un.echo.id;
	else if (icmp->type == (FAMILY == 4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY))
		e->key.sport = icmp->un.echo.id;
	else
		return V_ERROR_QUOTE;
	return GO_ON;
}

/* Ports, and where the checksum is. Eight bytes are enough (RFC 792); other protocols have addresses only. */
static __always_inline enum verdict F(quote_transport)(struct F(error) *e)
{
	__u32 at = e->l4, room, sum;
	struct udphdr *ports; /* TCP has them in the same place */
	__u8 protocol = e->key.protocol;

	if (protocol == IPPROTO_TCP)
		sum = offsetof(struct tcphdr, check);
	else if (protocol == IPPROTO_UDP)
		sum = offsetof(struct udphdr, check);
	else if (protocol == (FAMILY == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		sum = offsetof(struct icmphdr, checksum);
	else
		return GO_ON;
	if (at > QUOTE_ROOM - QUOTE_TRANSPORT || at + 8 > e->quoted)
		return V_ERROR_QUOTE;
	room = e->quoted - at;
	e->sum = sum + 2 <= room ? sum : 0;
	ports = (void *)(e->message + ICMP_HEAD + at);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return F(quote_echo)(e, (void *)ports);
	e->key.sport = ports->dest;
	e->key.dport = ports->source;
	return GO_ON;
}

/* The key, out of the message. The error must go to whoever sent what it quotes. Not static: as above. */
__noinline int F(quote_read)(struct F(error) *e)
{
	enum verdict verdict;

	if (!e)
		return V_ERROR_QUOTE;
	__builtin_memset(&e->key, 0, sizeof(e->key));
	e->sum = 0;
	verdict = F(quote_network)(e);
	if (verdict != GO_ON)
		return verdict;
	if (!F(same_address_)(&e->key.daddr, &e->outer.daddr))
		return V_ERROR_QUOTE;
	return F(quote_transport)(e);
}

static __always_inline void F(quote_restore_transport)(const FLOW *f, struct F(error) *e)
{
	__u32 at = e->l4, sum = e->sum;
	__u8 *l4 = e->message + ICMP_HEAD, protocol = e->key.protocol;
	struct icmphdr *icmp;
	struct udphdr *ports;
	__u16 *check, old;
	__u64 delta = f->half.l3_delta; /* a sum does not know source from destination */
	__be16 id;

	if (at > QUOTE_ROOM - QUOTE_TRANSPORT || sum > QUOTE_TRANSPORT - 2)
		return;
	l4 += at;
	ports = (void *)l4;
	icmp = (void *)l4;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
		delta = delta_word(delta, ports->source, f->half.dport);
		delta = delta_word(delta, ports->dest, f->half.sport);
		ports->source = f->half.dport;
		ports->dest = f->half.sport;
	} else if (sum) {
		id = f->half.flags & FLOW_REPLY ? f->half.dport : f->half.sport;
		delta = delta_word(FAMILY == 4 ? 0 : delta, icmp->un.echo.id, id);
		icmp->un.echo.id = id;
	}
	check = (void *)(l4 + sum);
	if (!sum || (protocol == IPPROTO_UDP && !*check))
		return;
	old = checksum_adjust(*check, delta);
	*check = !old && protocol == IPPROTO_UDP ? 0xffff : old;
}

/* What was sent before it became what is quoted: the half's translation, with the two ends exchanged. */
static __always_inline void F(quote_restore)(const FLOW *f, struct F(error) *e)
{
#if FAMILY == 4
	struct iphdr *ip = (void *)(e->message + ICMP_HEAD);

	ip->check = checksum_adjust(ip->check, f->half.l3_delta);
#else
	struct ipv6hdr *ip = (void *)(e->message + ICMP_HEAD);
#endif
	ip->saddr = f->daddr;
	ip->daddr = f->saddr;
	F(quote_restore_transport)(f, e);
}
