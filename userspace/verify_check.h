/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to verify_check*.c: what a check of the guide has to judge by, and how it says what it found. */
#ifndef SAMEPATH_USERSPACE_VERIFY_CHECK_H
#define SAMEPATH_USERSPACE_VERIFY_CHECK_H

#include "verify.h"

#define EACH_PRIVATE(r, c)                                            \
	for (const struct paper_circuit *c = (r)->plan->circuits;     \
	     c < (r)->plan->circuits + (r)->plan->circuit_count; c++) \
		if (c->kind == KIND_EXPRESSROUTE)

struct check_run;
struct check {
	unsigned int number; /* in the list of the guide's checks */
	const char *name; /* which stays as it is: people and scripts know it */
	void (*run)(struct check_run *r); /* says what is wrong; what says nothing is sound */
	const char *sound; /* what is said then */
};
struct check_run {
	const struct verify *v;
	const struct paper *plan;
	const struct check *check;
	struct findings *out;
	bool said, failed;
};
void check_say(struct check_run *r, enum check_verdict verdict, enum severity severity, int line,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Of the plan: where it names the configuration, for a service of one. */
int service_line(const struct paper_service *s);

/* Is it one of them, as it is written? */
bool prefixes_have(const struct config_prefixes *list, const struct prefix *p);

/* verify_check_flow.c */
void check_inbound_symmetric(struct check_run *r);
void check_outbound_symmetric(struct check_run *r);
void check_failures_symmetric(struct check_run *r);
void check_flag(struct check_run *r);
void check_walked(struct check_run *r);
/* verify_check_provider.c */
void check_advertised_public(struct check_run *r);
void check_advertised_separate(struct check_run *r);
void check_asn(struct check_run *r);
/* verify_check_pool.c */
void check_pools_public(struct check_run *r);
void check_pools_registered(struct check_run *r);
void check_pools_advertised(struct check_run *r);
void check_pools_accepted(struct check_run *r);
void check_pools_off_internet(struct check_run *r);
void check_pools_elsewhere(struct check_run *r);
void check_pools_in_use(struct check_run *r);
void check_pools_separate(struct check_run *r);
void check_inbound_pools_separate(struct check_run *r);
void check_pool_size(struct check_run *r);
/* verify_check_service.c */
void check_services_public(struct check_run *r);
void check_services_advertised(struct check_run *r);
void check_services_more_specific(struct check_run *r);
void check_services_audience(struct check_run *r);
void check_services_dual(struct check_run *r);
void check_smtp(struct check_run *r);
void check_internet_first(struct check_run *r);
void check_inbound_nat(struct check_run *r);
void check_services_entered(struct check_run *r);
void check_flat_network(struct check_run *r);
void check_nat_every_path(struct check_run *r);
void check_services_survive(struct check_run *r);
void check_locations_survive(struct check_run *r);
/* verify_check_circuit.c */
void check_sessions(struct check_run *r);
void check_prefix_count(struct check_run *r);
void check_more_specific(struct check_run *r);
void check_received(struct check_run *r);
void check_planned(struct check_run *r);
void check_needed(struct check_run *r);
void check_latency(struct check_run *r);
void check_hairpins(struct check_run *r);

#endif
