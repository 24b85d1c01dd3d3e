/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the policy sends to a circuit against what the circuit's routing table can carry. Pure: routes
 * and links are given.
 *
 * Of every prefix of a class, and every circuit of a rule that takes it, each part is judged by the
 * longest route of the circuit's table that contains it: it must leave by a link of the circuit, for the
 * packet path passes over a circuit that the kernel would not use. The other way round, a route of a
 * circuit's own table that no rule needs is told as well.
 */
#ifndef SAMEPATH_USERSPACE_DRIFT_H
#define SAMEPATH_USERSPACE_DRIFT_H

#include "kernel.h"
#include "policy.h"

enum drift_finding {
	DRIFT_NOT_ROUTED, /* no route, or only one that ends in nothing */
	DRIFT_WRONG_WAY, /* out of a device that is no link of the circuit */
	DRIFT_PARTLY, /* so is a part of it; the rest is routed */
	DRIFT_UNEXPECTED, /* a route that no rule for this circuit needs */
};

struct drift_row {
	size_t circuit; /* index in the configuration */
	enum drift_finding finding;
	struct prefix prefix; /* of a class, or of a route; brothers of one finding are joined */
	char *detail;
};
/* Prefixes of classes as the policy has them, before any are joined. */
struct drift_summary {
	uint64_t expected, routed,
		by_default; /* by_default: of the routed, those without a longer route */
	uint64_t not_routed, wrong_way, partly;
	uint64_t routes; /* by a link of it in its own table, less default and connected ones */
	uint64_t unexpected; /* of these */
};
struct drift {
	struct drift_row *rows; /* sorted by circuit, finding, prefix */
	size_t row_count, row_room;
	struct drift_summary *circuits; /* as in the configuration */
};

/* What the kernel has, of all tables. */
struct drift_kernel {
	const struct kernel_link *links;
	size_t link_count;
	const struct kernel_route *routes;
	size_t route_count;
};

/* 0, -ENOMEM, or -E2BIG when there are more circuits than a gateway has. */
int drift_compare(const struct policy *p, const struct drift_kernel *k, struct drift *out);
void drift_free(struct drift *d);
const char *drift_finding_text(enum drift_finding finding);

#endif
