/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: does the target answer over exactly this link?
 *
 * A question is a socket of its own, bound to the link and to the gateway's address there, so that
 * the guard lets it out and nothing else can carry it; it is asked without waiting, and looked at
 * when the next one is due. What has not answered by then has failed. A caller that comes late thus
 * mistakes nothing for silence: the answer waits in the socket.
 */
#ifndef SAMEPATH_USERSPACE_PROBE_H
#define SAMEPATH_USERSPACE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "../maps/circuit.h"

struct link_probe {
	char interface[16];
	struct config_check check;
	uint32_t circuit; /* number */
	uint32_t ifindex; /* 0: the device is not there */
	uint64_t due; /* ns, when to ask again; 0: never asked */
	int fd; /* the question on its way, -1: none */
	int error; /* -errno, why the latest one failed; 0: no answer */
	uint16_t identifier, sequence; /* of ICMP, host order */
	bool up;
	unsigned int run; /* outcomes in a row that speak against `up` */
};

/* Asks, over the link as the data plane knows it. A failure is kept for probe_answered. */
void probe_ask(struct link_probe *p, const struct link *link);
/* Whether it has been answered; the question is over then, either way. */
bool probe_answered(struct link_probe *p);
/* Counts an outcome. True when the state changed. */
bool probe_count(struct link_probe *p, bool answered);
/* "icmp/192.0.2.1", "tcp/[2001:db8::1]:443". Returns `buffer`. */
const char *probe_target_text(uint8_t protocol, const struct in6_addr *address, uint16_t port,
			      char *buffer, size_t size);

#endif
