/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: does the target answer over exactly this link, does this server?
 *
 * A question is a socket of its own, bound to the link and to the gateway's address there, so that
 * the guard lets it out and nothing else can carry it; one for a server is bound to the inside
 * device that leads there, lest something beyond a circuit answers in its place. It is asked without
 * waiting. What has not answered when the next one is due has failed. A caller that comes late thus
 * mistakes nothing for silence: the answer waits in the socket.
 */
#ifndef SAMEPATH_USERSPACE_PROBE_H
#define SAMEPATH_USERSPACE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"
#include "../maps/circuit.h"

/* One check that is being made. */
struct prober {
	char interface[16]; /* what the question is bound to */
	struct config_check check; /* of a server too with its target */
	uint32_t circuit; /* number, of a link */
	uint32_t service; /* number; 0: of a link */
	uint32_t ifindex; /* 0: the device is not there */
	uint64_t due; /* ns, when the outcome counts, and the next question is asked */
	uint64_t changed; /* ns, when it came up or went down; 0: no outcome yet */
	bool asked; /* there is an outcome to come */
	bool answered;
	int fd; /* the question on its way, -1: none */
	int error; /* -errno, why the latest one failed; 0: no answer */
	uint16_t identifier, sequence; /* of ICMP, host order */
	bool up;
	unsigned int run; /* outcomes in a row that speak against `up` */
};

/* Asks, over the link as the data plane knows it; NULL: from the address that the kernel chooses on
 * the device. A failure is kept for probe_answered. */
void probe_ask(struct prober *p, const struct link *link);
/* Takes what has come and gives the socket back when that is all there will be. */
void probe_listen(struct prober *p);
/* Whether it has been answered; the question is over then, either way. */
bool probe_answered(struct prober *p);
/* Counts an outcome. True when the state changed. */
bool probe_count(struct prober *p, bool answered);
/* "icmp/192.0.2.1", "tcp/[2001:db8::1]:443". Returns `buffer`. */
const char *probe_target_text(uint8_t protocol, const struct in6_addr *address, uint16_t port,
			      char *buffer, size_t size);

#endif
