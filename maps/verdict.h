/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts: the one named outcome of a packet.
 *
 * Every packet that a samepath program sees ends in exactly one verdict of this
 * closed list, and is counted under it in one place (bpf/verdict.h). The list
 * makes the enum, the counter slots and the words that people read, so they
 * cannot drift apart. An entry of `verdicts` is written only by the data plane,
 * one copy a CPU; userspace adds the copies up. The order is part of the
 * contract between a running data plane and its readers: append, never insert.
 *
 * The second column says what became of the packet:
 *   FORWARD  translated (or pinned) and sent on
 *   PASS     left to the kernel, unchanged
 *   ANSWER   consumed, a reply went back where it came from
 *   DROP     gone; some drops are answered with a rate-limited ICMP error
 */
#ifndef SAMEPATH_VERDICT_H
#define SAMEPATH_VERDICT_H

#include "types.h"

#define VERDICTS(X) \
	X(FORWARDED, FORWARD, "translated and sent on") \
	X(RESOLVING, FORWARD, "translated, handed to the kernel to resolve the next hop") \
	X(UNMANAGED, PASS, "device has no role in the live configuration") \
	X(NOT_IP, PASS, "neither IPv4 nor IPv6") \
	X(MULTICAST, PASS, "multicast or broadcast, for the kernel") \
	X(TO_GATEWAY, PASS, "addressed to the gateway itself") \
	X(TO_INSIDE, PASS, "between inside segments, for the kernel") \
	X(NEIGHBOUR_ANSWERED, ANSWER, "ARP or neighbour solicitation for an owned address") \
	X(TRUNCATED, DROP, "frame shorter than its headers say") \
	X(BAD_HEADER, DROP, "IP header that contradicts itself") \
	X(BAD_TRANSPORT, DROP, "TCP, UDP or ICMP header that contradicts itself") \
	X(BAD_FLAGS, DROP, "TCP flags that mean nothing together") \
	X(IP_OPTIONS, DROP, "IPv4 option that may hold an address, or is not known") \
	X(EXTENSION_HEADER, DROP, "IPv6 extension header or option that is not sent on") \
	X(FRAGMENT, DROP, "IP fragment") \
	X(ICMP_ERROR, DROP, "ICMP that is neither echo nor an error that is translated") \
	X(OTHER_PROTOCOL, DROP, "protocol without translation") \
	X(VLAN_TAG, DROP, "VLAN tag of no link") \
	X(TTL_EXCEEDED, DROP, "time to live or hop limit used up") \
	X(TOO_BIG, DROP, "larger than the MTU of the way out") \
	X(MARTIAN, DROP, "source or destination that cannot be on a wire") \
	X(NO_SEGMENT, DROP, "source in no segment") \
	X(INSIDE_SOURCE, DROP, "inside source arrived on a circuit") \
	X(NO_POLICY, DROP, "no rule for this segment and destination") \
	X(POLICY_DROP, DROP, "rule says drop") \
	X(NO_CIRCUIT, DROP, "no circuit of the rule is usable") \
	X(NO_POOL_OF_FAMILY, DROP, "no circuit of the rule has a pool of this family") \
	X(CIRCUIT_UNUSABLE, DROP, "the flow's circuit is not usable now") \
	X(POOL_EXHAUSTED, DROP, "no free port in the pool for this destination") \
	X(HALF_OPEN_LIMIT, DROP, "too many half-open flows") \
	X(HOST_LIMIT, DROP, "too many flows of this host") \
	X(TABLE_FULL, DROP, "flow table is full") \
	X(FLOW_ENDING, DROP, "tuple belongs to a flow that died less than a second ago, or is being taken") \
	X(NO_FLOW, DROP, "belongs to no flow and cannot open one") \
	X(VIOLATION, DROP, "belongs to a flow of another circuit") \
	X(WRONG_SIDE, DROP, "belongs to a flow, but came from the wrong side") \
	X(UNSOLICITED, DROP, "nobody asked: pool address without a flow") \
	X(NOT_FOR_US, DROP, "from a circuit, to no address of this gateway") \
	X(NO_ROUTE, DROP, "no route back to the inside host") \
	X(NO_FORWARDING, DROP, "kernel forwarding is off on the ingress device") \
	X(NO_CONFIG, DROP, "no live configuration") \
	X(GUARD_PASSED, PASS, "kernel's own packet with a source of the circuit") \
	X(GUARD_SOURCE, DROP, "kernel's own packet with a source the circuit does not own") \
	X(GUARD_PROTOCOL, DROP, "kernel's own frame of a kind the guard does not know") \
	X(RESOLVED, FORWARD, "left by the kernel's neighbour output") \
	X(NO_ANSWER, DROP, "next hop did not resolve") \
	X(NOT_PUBLISHED, DROP, "public address of a service, but nothing is published there") \
	X(INBOUND_POOL, DROP, "to an inbound pool, and belongs to no flow") \
	X(OTHER_CIRCUIT, DROP, "service is not published on this circuit") \
	X(INBOUND_OFF, DROP, "inbound is off on this circuit") \
	X(NO_SERVER, DROP, "no server of the service takes new flows") \
	X(NO_SERVER_RESET, ANSWER, "the same, answered with a TCP reset") \
	X(RATE_LIMIT, DROP, "more new flows in this second than the service admits") \
	X(CHALLENGED, ANSWER, "SYN while the service has no room, asked to prove its source") \
	X(PROVEN, DROP, "proof of a source that was asked for one") \
	X(OUTSIDE_LIMIT, DROP, "connections from outside hold their half of the flow table") \
	X(NO_STAGE, DROP, "the program for packets that open flows is missing") \
	X(HOST_RATE, DROP, "more new flows in this second than an inside host may open") \
	X(ERROR_NO_FLOW, DROP, "ICMP error about no flow") \
	X(ERROR_QUOTE, DROP, "ICMP error whose quote is cut short or contradicts itself") \
	X(ERROR_FRAGMENT, DROP, "ICMP error about a fragment without ports") \
	X(ERROR_SUM, DROP, "ICMP error with a wrong checksum") \
	X(ICMP_REDIRECT, DROP, "ICMP redirect") \
	X(NO_HEADROOM, DROP, "no room before the frame for the VLAN tags of its way out") \
	X(NOT_GUARDED, PASS, "kernel's own frame that leaves by the device of a circuit, but by no circuit") \
	X(TCP_WINDOW, DROP, "TCP reset far from the sequence numbers of its flow") \
	X(TCP_IDLE, FORWARD, "translated and sent on, but without effect on its TCP flow") \
	X(FRAGMENT_TINY, DROP, "first fragment without the whole transport header") \
	X(FRAGMENT_BAD, DROP, "fragment beyond the end of its datagram, or of no possible length") \
	X(FRAGMENT_OVERLAP, DROP, "fragment that overlaps another of its datagram") \
	X(FRAGMENT_POISONED, DROP, "fragment of a datagram that one of its fragments spoilt") \
	X(FRAGMENT_TABLE, DROP, "its host has as many fragmented datagrams under way as it may") \
	X(FRAGMENT_HELD, DROP, "fragment before its first, held by the daemon") \
	X(FRAGMENT_LOST, DROP, "fragment before its first, and nobody holds it") \
	X(FRAGMENT_LIMIT, DROP, "fragment before its first, of a source with too many of them") \
	X(FRAGMENT_FULL, DROP, "fragment before its first, and the daemon holds all it may") \
	X(CUT, FORWARD, "translated, handed on to be cut for the MTU of the way out") \
	X(CUT_SENT, FORWARD, "fragment of such a packet") \
	X(CUT_FAILED, DROP, "could not be cut for the MTU of the way out") \
	X(SOURCE_ROUTE, DROP, "source route") \
	X(ERROR_EXTENSION, DROP, "ICMP error out of a circuit with more than its quote, which may hold inside addresses") \
	X(GUARD_QUOTE, DROP, "kernel's own ICMP error about a packet that was for no address of the circuit") \
	X(ASKED, DROP, "answer to a circuit test")

#define VERDICT_ENUM(name, action, text) V_##name,
enum verdict { VERDICTS(VERDICT_ENUM) V_MAX };
#undef VERDICT_ENUM

/* Value of `verdicts`, index enum verdict. Bytes are whole frames. */
struct tally {
	__u64 packets;
	__u64 bytes;
};

/* What the gateway sends by itself, index of `answers_sent`. */
enum answer_count { ANSWER_SENT, ANSWER_LIMITED, ANSWER_COUNT_MAX };

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, V_MAX);
	__type(key, __u32);
	__type(value, struct tally);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_COUNT_MAX);
	__type(key, __u32);
	__type(value, __u64);
} answers_sent SEC(".maps");
#endif

#endif
