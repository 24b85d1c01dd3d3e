/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters of `flow show` and `flow flush`, written as in `ip` and `ss`: pairs of a word and a
 * value, all of which must hold. Pure: no map is read here, names come through the struct observe.
 */
#ifndef SAMEPATH_USERSPACE_FLOW_FILTER_H
#define SAMEPATH_USERSPACE_FLOW_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include "observe.h"
#include "prefix.h"

/* What a flow is, for people; `flow_state` of settings.h names the timeout instead. */
enum flow_phase {
	PHASE_HALF_OPEN, /* not answered yet, whatever the protocol */
	PHASE_ESTABLISHED,
	PHASE_CLOSING,
	PHASE_UDP,
	PHASE_ICMP,
	PHASE_OTHER, /* a protocol without ports */
	PHASE_DEAD,
	PHASE_MAX
};

struct flow_filter {
	bool has_src, has_dst, has_address, has_pool, has_server;
	struct prefix src, dst, address, pool, server;
	int sport, dport, port; /* -1: any; host order */
	int protocol, circuit, class, service, phase, opening; /* -1: any */
};

/* From where to where. */
enum flow_opening { OPENED_INSIDE, OPENED_OUTSIDE, OPENED_HAIRPIN, OPENING_MAX };

/* Reads the words up to the NULL at argv[argc]. No word: everything matches. 0, or -EINVAL with one
 * line printed that says what was not understood and what would be. */
int flow_filter_parse(struct flow_filter *f, int argc, char **argv, const struct observe *o);
/* Whether the record passes. `now` in ns of CLOCK_MONOTONIC. */
bool flow_filter_match(const struct flow_filter *f, const struct flow_record *r,
		       const struct settings *s, uint64_t now);

/* The phase, and whose timeout rules (ns; 0 when the flow was killed). */
enum flow_phase flow_phase(const struct flow_record *r, const struct settings *s, uint64_t now);
uint64_t flow_timeout(const struct flow_record *r, const struct settings *s);
/* Time of the latest packet of either half, ns. */
uint64_t flow_latest(const struct flow_record *r);
/* Who opened it; a hairpin touches no circuit. */
enum flow_opening flow_opening(const struct flow_record *r);
const char *flow_opening_text(enum flow_opening opening);
/* "established"; "tcp", "udp", "icmp", "gre", "esp", "sctp", else the number. */
const char *flow_phase_text(enum flow_phase phase);
const char *flow_protocol_text(uint8_t protocol);

#endif
