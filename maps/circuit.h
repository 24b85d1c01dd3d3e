/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Circuits, their links, and the rules that choose among them.
 *
 * A circuit has a number that is given once per name (`names`) and not reused
 * while a flow holds it. `circuits` has an entry per slot and number, index
 * slot * CIRCUITS_MAX + number; an entry with flag CIRCUIT_PRESENT unset is no
 * circuit. `rules` is indexed likewise by slot * RULES_MAX + rule.
 *
 * `links` says what a device with given VLAN tags is, in each slot: nothing,
 * inside, or a link of a circuit. Only the loader writes these. A VLAN device
 * stands there twice, with equal values: as frames of it come in, by (trunk,
 * tags), the trunk being the device at the bottom, where the programs sit; and
 * as the kernel's FIB names it, by its own ifindex without tags. A trunk may have
 * a role of its own; ROLE_TRUNK is that of one that has none.
 * `drains` is the operator's switch and outlives a change of configuration.
 *
 * `sources` is the list of §2.1 for what the kernel itself sends: an entry
 * (circuit, prefix) is a source that may leave this circuit, and its value says
 * whether the configuration wants it or only flows still do. `answers` lists,
 * by device, the addresses whose ARP requests and neighbour solicitations the
 * data plane answers. `failed` names next hops whose neighbour does not answer;
 * the daemon writes it.
 *
 * `probes` has an entry for each link with a `check`, by ifindex; the daemon
 * writes it. A link whose probe is down carries nothing, whatever the FIB says.
 * The mark ends by itself when the daemon does not renew it: without a daemon
 * nobody would see the link come back, and once every probe of a circuit had
 * been down, a dead daemon would keep the circuit away for ever. Without
 * knowledge a link is judged as one without a check.
 */
#ifndef SAMEPATH_CIRCUIT_H
#define SAMEPATH_CIRCUIT_H

#include "types.h"
#include "pool.h"

enum circuit_flag {
	CIRCUIT_PRESENT = 1 << 0,
	CIRCUIT_RETIRING = 1 << 1, /* no new flow; kept for the live ones */
	CIRCUIT_PIN_ONLY = 1 << 2, /* no outbound-pool key: translates nothing */
	CIRCUIT_MONITOR = 1 << 3, /* enforce: monitor */
	CIRCUIT_TCP_EIM = 1 << 4, /* endpoint-independent mapping */
	CIRCUIT_UDP_EIM = 1 << 5,
	CIRCUIT_INBOUND_OFF = 1 << 6, /* no connection from outside is let in */
	CIRCUIT_OTHER_PROTOCOLS = 1 << 7, /* takes protocols without ports, and translates their addresses */
	CIRCUIT_DSCP = 1 << 8, /* has a list of values to keep */
};

#define CIRCUIT_LINKS 8
#define MSS_AUTO 0xffff

struct circuit {
	__u32 flags; /* enum circuit_flag */
	__u32 table; /* kernel routing table, 0: main */
	__u16 port_min; /* host order, ports that translation may use */
	__u16 port_max;
	__u16 mss; /* the largest that a SYN may ask for, MSS_AUTO: what the MTU leaves, 0: any */
	__u8 dscp_rest; /* see dscp_keep: what any other than those gets */
	__u8 pad;
	__u32 links[CIRCUIT_LINKS]; /* ifindexes, 0 ends; asked in turn by what is not translated */
	struct pool out4, out6; /* outbound pool */
	struct pool in4, in6; /* inbound pool */
	__u32 dscp_keep[2]; /* bit n of word n / 32: what leaves with the DSCP n keeps it */
};

#define RULE_CIRCUITS 16

enum rule_flag {
	RULE_NO_TRANSLATE = 1 << 0,
	RULE_SPREAD_BY_HOST = 1 << 1,
};

struct rule {
	__u8 circuits[RULE_CIRCUITS]; /* in order; `otherwise: CIRCUIT` is the last */
	__u8 count; /* 0: the rule says drop */
	__u8 spread; /* the first so many are spread over */
	__u16 flags; /* enum rule_flag */
};

/*
 * The protocol of a question to the FIB that names the link to leave by. A rule that selects both is
 * for the packet path alone: a packet of this protocol (RFC 3692) names no link.
 */
#define QUESTION_PROTOCOL 253

/*
 * A VLAN tag: its id in host order, and TAG_8021AD where its TPID is that of IEEE 802.1ad, which makes it
 * another tag. Priority and drop eligibility are no part of it. In a key NO_TAG stands for none, in a list
 * of tags, outer first, 0 does: id 0 says that there is only a priority (802.1Q 9.6), so no link has it.
 */
#define NO_TAG 0xffff
#define TAG_ID 0x0fff
#define TAG_8021AD 0x1000
#define TAGS_MAX 2

struct link_key {
	__u32 ifindex;
	__u16 outer;
	__u16 inner;
};

/* ROLE_TRUNK: VLAN devices on it have a role; what is not theirs is the kernel's. */
enum role_kind { ROLE_NONE, ROLE_INSIDE, ROLE_LINK, ROLE_TRUNK };

struct role {
	__u8 kind; /* enum role_kind */
	__u8 circuit; /* of a link */
	__u8 retiring;
	__u8 pad;
};

struct link {
	struct role role[SLOTS];
	__be32 address4; /* what the gateway answers from here, 0: none */
	struct in6_addr address6;
	__u32 mtu;
	__u8 mac[6];
	__u8 generic; /* driver without native XDP: no redirect reaches it, the kernel must send */
	__u8 pad;
	__u32 device; /* ifindex of its own */
	__u32 trunk; /* of a VLAN device: ifindex of what its frames go by, tagged; else 0 */
	__u16 tags[TAGS_MAX];
};

/* Key of `sources` (scope is the circuit) and `answers` (scope is the ifindex). */
struct scoped_prefix {
	__u32 length; /* 32 for the scope, plus the bits of the mapped prefix */
	__u32 scope;
	struct in6_addr address;
};

/* Value of `sources`. */
enum source_state { SOURCE_WANTED = 1, SOURCE_RETIRING = 2 };

struct neighbour_key {
	__u32 ifindex;
	struct in6_addr address; /* IPv4 as mapped */
};

/* Value of `probes`, by ifindex. */
struct probe {
	__u64 down_until; /* ns, the link is down until then; 0: up */
	__u64 changed; /* ns, when it came up or went down */
};

/* Per CPU, index circuit number. */
struct circuit_counter {
	__u64 out_packets;
	__u64 out_bytes;
	__u64 in_packets;
	__u64 in_bytes;
	__u64 opened;
	__u64 closed;
	__u64 violations; /* packets of its flows that came in elsewhere */
	__u64 exhausted; /* new flows refused for want of a port */
	__u64 next_address; /* flows of TCP or without ports that took another address than their host's */
	__u64 long_searches; /* flows without a mapping that tried many ports: near exhaustion */
};

/* Per CPU, index class number: flows and packets of the matched rule's class. */
struct class_counter {
	__u64 out_packets;
	__u64 out_bytes;
	__u64 in_packets;
	__u64 in_bytes;
	__u64 opened;
};

enum name_kind { NAME_CIRCUIT = 1, NAME_CLASS = 2, NAME_SERVICE = 3 };

struct name_key {
	__u8 kind; /* enum name_kind */
	char name[63]; /* padded with zeros */
};

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS * CIRCUITS_MAX);
	__type(key, __u32);
	__type(value, struct circuit);
} circuits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS * RULES_MAX);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct link_key);
	__type(value, struct link);
} links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CIRCUITS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} drains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scoped_prefix);
	__type(value, __u32);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scoped_prefix);
	__type(value, __u32);
} answers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct neighbour_key);
	__type(value, __u64);
} failed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct probe);
} probes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CIRCUITS_MAX);
	__type(key, __u32);
	__type(value, struct circuit_counter);
} circuit_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct class_counter);
} class_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CIRCUITS_MAX + CLASSES_MAX + SERVICES_MAX);
	__type(key, struct name_key);
	__type(value, __u32);
} names SEC(".maps");
#endif

#endif
