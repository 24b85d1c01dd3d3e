/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments: what the first fragment of a datagram leaves behind for the later ones, which have no ports.
 *
 * An entry is made by a first fragment (offset 0, more behind it) that was forwarded, so it belongs to a
 * flow. Its key is what all fragments of the datagram have, and the circuit they must come in on (0: the
 * inside), so a later fragment is held to the pin as the first was. It says the ports of the flow, whose
 * half says everything else, and the new id: hosts that share a pool address count their ids by
 * themselves, and a receiver would splice two datagrams of one id. Ids are taken from `fragment_ids`, a
 * counter for each hash of (worn source, destination, protocol): one comes again after 65,536 datagrams
 * between the same two addresses, in IPv6 after four thousand million.
 *
 * An entry lists the ranges that went by. A fragment that overlaps one, ends behind the end of the datagram
 * or claims another end, is dropped, and all that come after it (RFC 5722; for IPv4 alike). A second first
 * fragment within FRAGMENT_RENEW overlaps; after it, and always when the datagram went by completely,
 * it begins a new datagram with an id of its own, for hosts use their ids again.
 *
 * The table is an array of sets with a lock each. A datagram has one set where it may stand, by its key. A
 * place there is free when its datagram is complete or older than `fragment-timeout`; nothing else gives
 * it up, and one inside host has at most FRAGMENT_SHARE places of a set for what it sends, and as many for
 * what it is sent. So the table needs no sweep, and who floods it takes from itself.
 *
 * A later fragment that no entry knows came before its first. `fragment_notes` takes it to the daemon, whole,
 * while `fragment_holder` says that there is one with room; and a mark in `fragment_waits`, by the hash of
 * its key, makes the first tell the daemon, by the same ring, when it comes. The daemon writes the holder's
 * entry, and puts a held frame back through the program with `struct fragment_returned` as metadata: it is
 * not held again.
 */
#ifndef SAMEPATH_FRAGMENT_H
#define SAMEPATH_FRAGMENT_H

#include <linux/bpf.h>
#include "types.h"

#define FRAGMENT_SETS 512
#define FRAGMENT_WAYS 16 /* datagrams a set */
#define FRAGMENT_SHARE 4
#define FRAGMENT_RANGES 32 /* not adjoining each other; a datagram of 64 fragments has no more */
#define FRAGMENT_IDS 4096
#define FRAGMENT_WAITS 4096
#define FRAGMENT_FRAME_MAX 3072 /* that can be held: a frame is put back in one page */
#define FRAGMENT_RENEW NANOSECONDS
#define FRAGMENT_WAIT NANOSECONDS /* that one is held at most */

struct fragment_key4 {
	__be32 saddr;
	__be32 daddr;
	__u32 id; /* host order */
	__u8 protocol;
	__u8 circuit; /* they come in on, 0: the inside */
	__u16 zero;
};

struct fragment_key6 {
	struct in6_addr saddr;
	struct in6_addr daddr;
	__u32 id;
	__u8 protocol; /* 0: later fragments need not say the true one (RFC 8200 4.5) */
	__u8 circuit;
	__u16 zero;
};

struct fragment_range {
	__u16 from;
	__u16 to; /* the first byte that is not in it */
};

struct datagram {
	__u64 born; /* ns; 0: a free place */
	__u32 owner; /* hash of the inside host and the direction */
	__u32 id; /* new one, host order */
	__be16 sport; /* of the flow's key */
	__be16 dport;
	__u16 end; /* bytes of data, 0: the last fragment is still to come */
	__u8 protocol;
	__u8 poisoned;
	__u32 ranges; /* used entries of `range` */
	struct fragment_range range[FRAGMENT_RANGES];
	__u8 idle; /* the first was a segment of TCP without effect on its flow, so none of them has any */
	__u8 pad[3];
};

struct fragment4 {
	struct fragment_key4 key;
	struct datagram datagram;
};

struct fragment6 {
	struct fragment_key6 key;
	struct datagram datagram;
};

struct fragment_set4 {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct fragment4 way[FRAGMENT_WAYS];
};

struct fragment_set6 {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct fragment6 way[FRAGMENT_WAYS];
};

/* What the ring carries: a fragment that waits, with its frame; or, without, that the first has come. */
struct fragment_note {
	struct fragment_key6 key; /* IPv4 as mapped, with its protocol */
	__u32 ifindex; /* where it came in, of a VLAN the device below */
	__u32 length; /* of the frame with its tags, 0: the first has come */
	__u8 frame[FRAGMENT_FRAME_MAX];
};

#define FRAGMENT_NOTE_HEAD __builtin_offsetof(struct fragment_note, frame)

/* What the daemon holds, and did. It is there until `until`. */
struct fragment_holder {
	__u64 until; /* ns */
	__u64 held; /* now */
	__u64 limit;
	__u64 taken; /* all since the first apply */
	__u64 returned; /* put back after their first */
	__u64 expired; /* dropped, whose first did not come */
};

#define FRAGMENT_MAGIC 0x5a4e7246

/* Metadata of a frame that the daemon put back. */
struct fragment_returned {
	__u32 magic;
	__u32 pad;
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FRAGMENT_SETS);
	__type(key, __u32);
	__type(value, struct fragment_set4);
} fragments4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FRAGMENT_SETS);
	__type(key, __u32);
	__type(value, struct fragment_set6);
} fragments6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FRAGMENT_IDS);
	__type(key, __u32);
	__type(value, __u32);
} fragment_ids SEC(".maps");

/* Tick (next_hop.h) until which somebody waits for a first fragment of this hash. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FRAGMENT_WAITS);
	__type(key, __u32);
	__type(value, __u32);
} fragment_waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} fragment_notes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fragment_holder);
} fragment_holder SEC(".maps");
#else
_Static_assert(sizeof(struct fragment_key4) == 16, "compared whole");
_Static_assert(sizeof(struct fragment_key6) == 40, "compared whole");
_Static_assert(sizeof(struct datagram) == 160, "no hidden pad");
_Static_assert(FRAGMENT_NOTE_HEAD == 48, "no hidden pad");
#endif

#endif
