/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VLAN tags (IEEE 802.1Q and 802.1ad), one or two. A frame with the tags of a link loses them at arrival and
 * has that link's role from then on, so every later stage finds its headers at the usual places; it gets
 * them back where it is left to the kernel, goes back to its sender, or starts over in another program. What
 * is sent on wears the tags of the way out.
 *
 * A tag that no link has is never overlooked: on a device with a role of its own, and behind a tag that has
 * one, the frame is dropped. On a trunk it is the kernel's, like a frame of any device that samepath was
 * not told of. Id 0 says nothing but a priority and counts as no tag. Id 4095 is reserved (802.1Q 9.6), and
 * of more than two tags the kernel might take one off and find a link of ours: dropped everywhere.
 */
#ifndef SAMEPATH_BPF_VLAN_H
#define SAMEPATH_BPF_VLAN_H

#include "packet.h"
#include "role.h"

#define VLAN_OFFSET (2 * ETH_ALEN) /* of the first tag, and of the EtherType */

static __always_inline bool vlan_tagged(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/*
 * The next tag as a key of `links` has it. False when there can be no such tag: it is one more than there
 * may be, or its id is reserved.
 */
static __always_inline bool vlan_key(struct link_key *key, __be16 tpid, __u16 tci)
{
	__u16 id = tci & TAG_ID;

	if (id == TAG_ID)
		return false;
	if (!id)
		return true;
	if (tpid == bpf_htons(ETH_P_8021AD))
		id |= TAG_8021AD;
	if (key->outer == NO_TAG)
		key->outer = id;
	else
		key->inner = id;
	return true;
}

/* The VLAN device in this slot; NULL: samepath has nothing to do with it. */
static __always_inline struct link *vlan_find(const struct link_key *key, __u32 slot)
{
	struct link *link = bpf_map_lookup_elem(&links, key);

	if (!link)
		return NULL;
	barrier_var(link); /* see role_look() */
	return link->role[slot % SLOTS].kind == ROLE_NONE ? NULL : link;
}

/* Has no VLAN device that samepath knows to do with these unknown tags, which belong to the kernel then? */
static __always_inline bool vlan_alien(struct link_key key, __u32 slot)
{
	if (key.inner == NO_TAG)
		return true;
	key.inner = NO_TAG;
	return !vlan_find(&key, slot);
}

/* Reads the tags of a tagged frame into `tag` and `key`. How many, -1: V_VLAN_TAG, 0: too short. */
static __always_inline int vlan_read(struct xdp_md *ctx, struct vlan_tag *tag, struct link_key *key)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct vlan_tag *at = data + VLAN_OFFSET;
	int count = 0;

#pragma unroll
	for (int i = 0; i < TAGS_MAX; i++, at++) {
		if ((void *)(at + 1) + sizeof(__be16) > end)
			return 0;
		if (!vlan_tagged(at->tpid))
			return count;
		tag[i] = *at;
		if (!vlan_key(key, at->tpid, bpf_ntohs(at->tci)))
			return -1;
		count++;
	}
	return (void *)at + sizeof(__be16) <= end && vlan_tagged(at->tpid) ? -1 : count;
}

/* Takes so many tags off. */
static __always_inline bool vlan_strip(struct xdp_md *ctx, int count)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 addresses[VLAN_OFFSET];

	if (data + VLAN_OFFSET > end)
		return false;
	__builtin_memcpy(addresses, data, VLAN_OFFSET);
	if (bpf_xdp_adjust_head(ctx, count * (int)sizeof(struct vlan_tag)))
		return false;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN > end)
		return false;
	__builtin_memcpy(data, addresses, VLAN_OFFSET);
	return true;
}

/* Puts one or two tags, outer first, between the addresses and the EtherType. */
static __always_inline bool vlan_push(struct xdp_md *ctx, const struct vlan_tag *tag, int count)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 addresses[VLAN_OFFSET];

	if (data + VLAN_OFFSET > end)
		return false;
	__builtin_memcpy(addresses, data, VLAN_OFFSET);
	if (bpf_xdp_adjust_head(ctx, -count * (int)sizeof(*tag)))
		return false;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + VLAN_OFFSET + TAGS_MAX * sizeof(*tag) > end)
		return false;
	__builtin_memcpy(data, addresses, VLAN_OFFSET);
	__builtin_memcpy(data + VLAN_OFFSET, tag, sizeof(*tag));
	if (count == TAGS_MAX)
		__builtin_memcpy(data + VLAN_OFFSET + sizeof(*tag), tag + 1, sizeof(*tag));
	return true;
}

/* A frame with tags: GO_ON without them and with its role, or what becomes of it as it is. */
static __noinline enum verdict vlan_enter(struct xdp_md *ctx, struct pkt *p)
{
	struct link_key key = {.ifindex = p->ifindex, .outer = NO_TAG, .inner = NO_TAG};
	int count = vlan_read(ctx, p->tag, &key);
	struct link *link;

	if (count <= 0)
		return count ? V_VLAN_TAG : V_TRUNCATED;
	if (key.outer != NO_TAG) {
		link = vlan_find(&key, p->slot);
		if (!link)
			return p->role.kind == ROLE_TRUNK && vlan_alien(key, p->slot) ? V_UNMANAGED :
											V_VLAN_TAG;
		p->role = link->role[p->slot % SLOTS];
		p->ifindex = link->device;
	} else if (p->role.kind == ROLE_TRUNK) {
		return V_UNMANAGED;
	}
	if (!vlan_strip(ctx, count))
		return V_TRUNCATED;
	p->tags = count;
	p->frame -= count * sizeof(struct vlan_tag);
	return GO_ON;
}

/* Where a frame belongs that came in on a device with a role, or on a trunk. */
static __always_inline enum verdict vlan_arrive(struct xdp_md *ctx, struct pkt *p)
{
	__be16 protocol;
	void *data;

	/* clang would hand the end of the frame on in half a register, which is no pointer to the verifier */
	barrier();
	data = (void *)(long)ctx->data;
	if (data + ETH_HLEN > (void *)(long)ctx->data_end)
		return V_TRUNCATED;
	protocol = ((struct ethhdr *)data)->h_proto;
	barrier();
	if (vlan_tagged(protocol))
		return vlan_enter(ctx, p);
	return p->role.kind == ROLE_TRUNK ? V_UNMANAGED : GO_ON;
}

static __noinline bool vlan_restore(struct xdp_md *ctx, struct pkt *p)
{
	int count = p->tags;

	p->tags = 0;
	p->frame += count * sizeof(struct vlan_tag);
	return vlan_push(ctx, p->tag, count == 1 ? 1 : TAGS_MAX);
}

/* The frame has the tags again that it came with, if it came with any. */
static __always_inline bool vlan_put_back(struct xdp_md *ctx, struct pkt *p)
{
	return !p->tags || vlan_restore(ctx, p);
}

/* The frame has these tags, in the form of the contract; the first is one. */
static __noinline bool vlan_wear(struct xdp_md *ctx, const __u16 *tags)
{
	struct vlan_tag tag[TAGS_MAX];

#pragma unroll
	for (int i = 0; i < TAGS_MAX; i++) {
		tag[i].tpid = tags[i] & TAG_8021AD ? bpf_htons(ETH_P_8021AD) : bpf_htons(ETH_P_8021Q);
		tag[i].tci = bpf_htons(tags[i] & TAG_ID);
	}
	return vlan_push(ctx, tag, tags[1] ? TAGS_MAX : 1);
}

/* The device that the next hop is on, as the kernel numbers it; 0: it is none of ours any more. */
static __always_inline __u32 next_hop_device(const struct next_hop *hop)
{
	struct link_key key = {.ifindex = hop->oif, .outer = hop->tags[0], .inner = hop->tags[1]};
	struct link *link;

	if (!key.outer)
		return hop->oif;
	if (!key.inner)
		key.inner = NO_TAG;
	link = bpf_map_lookup_elem(&links, &key);
	return link ? link->device : 0;
}

#endif
