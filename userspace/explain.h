/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Explain: what would become of a packet, now and here. The packet is made (explain_packet.c), run through the
 * programs that explain (bpf/dry.h) with the device it would come in on, and the trail that they leave is
 * put into words (explain_print.c). Nothing is sent, made, counted or changed.
 */
#ifndef SAMEPATH_USERSPACE_EXPLAIN_H
#define SAMEPATH_USERSPACE_EXPLAIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../maps/trail.h"

struct observe;
struct observe_link;

/*
 * Bytes of the largest packet. A program that does not ask for fragmented buffers sees of a run what lies in one page,
 * 3520 bytes with Ethernet and two tags on the smallest pages: a larger packet would be told to be cut short.
 */
#define EXPLAIN_SIZE 3498
#define EXPLAIN_FRAME (EXPLAIN_SIZE + 22)

/* One IP packet with its transport header. Ports in host order; of an echo the identifier is the source port of
 * the request and the destination port of the reply. */
struct explain_packet {
	uint8_t family; /* 4, 6 */
	uint8_t protocol;
	struct in6_addr saddr, daddr; /* mapped */
	uint16_t sport, dport;
	uint8_t flags; /* TCP, as in byte 13 of the header */
	uint8_t ttl;
	uint16_t size; /* of the IP packet, 0: as small as it can be */
	uint32_t seq, ack; /* host order */
	bool reply; /* an echo reply */
};

struct explain_request {
	struct explain_packet packet; /* of an error its source, destination and TTL count */
	struct explain_packet about; /* what an ICMP error quotes */
	bool error; /* it is one */
	uint8_t type, code; /* of the error, ICMP or ICMPv6 */
	uint16_t mtu; /* that "too big" tells */
	bool flags_given;
	const char *interface; /* NULL: where it would come from */
};

/* Reads "PROTO SRC DST [WORD VALUE]...". 0, or -EINVAL with one line printed. */
int explain_parse(struct explain_request *q, int argc, char **argv);
/* What the packet is, as it was asked for: "tcp 10.1.20.2:40000 > 198.18.1.10:443 SYN". Returns `buffer`. */
const char *explain_text(const struct explain_request *q, char *buffer, size_t size);
/* Writes the frame with these VLAN tags (outer first, 0: none). Its length, or -EMSGSIZE. */
int explain_frame(const struct explain_request *q, const uint16_t tags[2], uint8_t *frame, size_t size);
/* Runs it and fills *t. Status for the shell; said. */
int explain(struct observe *o, struct explain_request *q);
/* The flow of the trail in words, which are part of those of explain_print. */
void explain_print_flow(const struct observe *o, const struct explain_request *q, const struct trail *t,
			const struct half *peer);
/* The trail in words; `peer` is the other half of a live flow. */
void explain_print(const struct observe *o, const struct explain_request *q, const struct observe_link *on,
		   const struct trail *t, const struct half *peer, const uint8_t *frame, size_t size);

#endif
