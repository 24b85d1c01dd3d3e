// SPDX-License-Identifier: GPL-2.0-only
/* The guide's checks: the table of them. */
#include <stdarg.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "verify_check.h"

void check_say(struct check_run *r, enum check_verdict verdict, enum severity severity, int line,
	       const char *format, ...)
{
	struct finding *grown = realloc(r->out->at, (r->out->count + 1) * sizeof(*grown)), *f;
	va_list arguments;

	if (!grown) {
		r->failed = true;
		return;
	}
	r->out->at = grown;
	f = &grown[r->out->count++];
	*f = (struct finding){ .number = r->check->number,
			       .name = r->check->name,
			       .verdict = verdict,
			       .severity = severity,
			       .line = line };
	va_start(arguments, format);
	vsnprintf(f->reason, sizeof(f->reason), format, arguments);
	va_end(arguments);
	r->said = true;
}

int service_line(const struct paper_service *s)
{
	return s->borrowed ? s->publisher.gateway->file_line : s->line;
}

/* Names stay: people and scripts know them. Numbers are those of the guide's list. */
static const struct check checks[] = {
	{ 14, "expressroute-flag", check_flag,
	  "what the feed keeps from ExpressRoute stays on the internet" },
	{ 16, "inbound-symmetric", check_inbound_symmetric,
	  "every question from outside is answered on its own way" },
	{ 17, "services-audience", check_services_audience,
	  "what is on a private circuit is for Office 365 alone" },
	{ 19, "inbound-pools-separate", check_inbound_pools_separate,
	  "each circuit has inbound pools of its own" },
	{ 21, "services-more-specific", check_services_more_specific,
	  "services are advertised with longer prefixes on private circuits than on the internet" },
	{ 29, "advertised-planned", check_planned, "the other side has no prefix that is not planned" },
	{ 29, "advertised-needed", check_needed,
	  "private circuits advertise what has a pool or a service alone" },
	{ 29, "advertised-separate", check_advertised_separate,
	  "no prefix is advertised on two private circuits" },
	{ 30, "latency", check_latency, "no private circuit that is used is slower than the internet" },
	{ 31, "hairpins", check_hairpins, "nothing goes by a circuit of another region" },
	{ 33, "pool-size", check_pool_size, "pools suffice for the devices of their locations" },
	{ 38, "inbound-internet-first", check_internet_first, "everything inbound is on the internet" },
	{ 43, "locations-survive", check_locations_survive,
	  "whatever fails alone, no location loses what it uses" },
	{ 44, "failures-symmetric", check_failures_symmetric,
	  "whatever fails alone, nothing comes back by another way" },
	{ 45, "pools-public", check_pools_public, "pools are public" },
	{ 45, "pools-registered", check_pools_registered, "pools are registered" },
	{ 45, "advertised-public", check_advertised_public,
	  "private circuits advertise public prefixes alone" },
	{ 46, "pools-advertised", check_pools_advertised, "each pool is advertised on its circuit" },
	{ 46, "pools-accepted", check_pools_accepted, "the provider has each pool on its circuit" },
	{ 47, "pools-off-internet", check_pools_off_internet,
	  "the internet is not told of private circuits' pools as precisely" },
	{ 48, "pools-in-use", check_pools_in_use, "pools are worn on their own circuits only" },
	{ 49, "outbound-symmetric", check_outbound_symmetric,
	  "every question from inside is answered on its own way" },
	{ 50, "pools-separate", check_pools_separate, "each circuit has outbound pools of its own" },
	{ 54, "services-public", check_services_public, "services have public addresses" },
	{ 56, "services-advertised", check_services_advertised,
	  "services are advertised on their circuits" },
	{ 58, "services-entered", check_services_entered, "every circuit of a service is used" },
	{ 59, "services-survive", check_services_survive,
	  "whatever fails alone, every service is reached" },
	{ 60, "inbound-source-nat", check_inbound_nat,
	  "what comes in on private circuits has source NAT" },
	{ 61, "services-dual", check_services_dual, "no name is for two audiences" },
	{ 68, "everything-walked", check_walked,
	  "each location and service has been walked with each destination that it has to do with" },
	{ 69, "routes-more-specific", check_more_specific,
	  "private routes are longer than the internet's" },
	{ 83, "routes-received", check_received, "private circuits receive routes" },
	{ 87, "pools-elsewhere", check_pools_elsewhere,
	  "no other private circuit advertises a pool as precisely" },
	{ 88, "sessions-up", check_sessions, "both sessions of each pair are up" },
	{ 88, "asn-reserved", check_asn, "the site's number is none that the provider reserves" },
	{ 92, "flat-network", check_flat_network,
	  "services without source NAT lie where no private routes are seen" },
	{ 92, "nat-every-path", check_nat_every_path,
	  "a service has source NAT on all of its paths, or on none" },
	{ 113, "prefix-count", check_prefix_count, "no session has more than 200 prefixes" },
	{ 117, "smtp", check_smtp, "SMTP is not published on private circuits" },
};

int verify_checks(const struct verify *v, struct findings *out)
{
	struct check_run r = { .v = v, .plan = v->plan, .out = out };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && !r.failed; i++) {
		r.check = &checks[i];
		r.said = false;
		r.check->run(&r);
		if (!r.said)
			check_say(&r, CHECK_YES, SEVERITY_NOTE, 0, "%s", r.check->sound);
	}
	return r.failed ? -ENOMEM : 0;
}

void findings_free(struct findings *f)
{
	free(f->at);
	memset(f, 0, sizeof(*f));
}
