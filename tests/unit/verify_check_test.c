// SPDX-License-Identifier: GPL-2.0-only
/* The guide's checks: whatever is changed for the worse in a sound plan, the check that is there for it sees. */
#include "verify_help.h"

static void a_sound_plan_has_no_red_check(void **state)
{
	struct judged_plan p;

	(void)state;
	judge_file(SOUND, &p);
	if (errors(&p))
		print_findings(&p);
	assert_int_equal(errors(&p), 0);
	done(&p);
}

/* Firewalls in series are passed in the other order on the way back. */
static void a_second_firewall_in_the_same_place_changes_nothing(void **state)
{
	struct judged_plan p;
	char *text = edit(slurp(SOUND), "firewalls:\n",
			  "firewalls:\n  - {name: second, between: [head-office, edge], source-nat: 10.9.9.9}\n"
			  "  - {name: third, between: [edge, head-office]}\n");

	(void)state;
	judge_text(text, &p);
	assert_int_equal(red(&p, "inbound-symmetric", SEVERITY_NOTE, ""), 0);
	assert_int_equal(red(&p, "outbound-symmetric", SEVERITY_NOTE, ""), 0);
	done(&p);
	free(text);
}

static void what_is_not_given_is_not_judged(void **state)
{
	struct judged_plan p;
	size_t unknown = 0;

	(void)state;
	judge_file(SOUND, &p); /* branch-users have no latency in it */
	for (size_t i = 0; i < p.f.count; i++)
		unknown += !strcmp(p.f.at[i].name, "latency") && p.f.at[i].verdict == CHECK_UNKNOWN &&
			   strstr(p.f.at[i].reason, "branch-users");
	assert_int_equal(unknown, 1);
	done(&p);
}

struct mutation {
	const char *what, *check;
	enum severity least;
	const char *about;
	const char *edits[2 * EDITS]; /* from, to, ... */
};
static const struct mutation mutations[] = {
	{ "pools swapped",
	  "pools-advertised",
	  SEVERITY_ERROR,
	  "203.0.113.48/28",
	  { "outbound-pool: [203.0.113.32/28]", "outbound-pool: [203.0.113.48/29]",
	    "outbound-pool: [203.0.113.48/28]", "outbound-pool: [203.0.113.32/28]",
	    "outbound-pool: [203.0.113.48/29]", "outbound-pool: [203.0.113.48/28]" } },
	{ "pools swapped",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "over chicago",
	  { "outbound-pool: [203.0.113.32/28]", "outbound-pool: [203.0.113.48/29]",
	    "outbound-pool: [203.0.113.48/28]", "outbound-pool: [203.0.113.32/28]",
	    "outbound-pool: [203.0.113.48/29]", "outbound-pool: [203.0.113.48/28]" } },
	{ "a pool shared",
	  "pools-separate",
	  SEVERITY_ERROR,
	  "203.0.113.32/28 of dallas",
	  { "203.0.113.48/28", "203.0.113.32/28" } },
	{ "a pool shared",
	  "pools-elsewhere",
	  SEVERITY_ERROR,
	  "dallas advertises 203.0.113.32/28",
	  { "203.0.113.48/28", "203.0.113.32/28" } },
	{ "a pool shared",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "violation",
	  { "203.0.113.48/28", "203.0.113.32/28" } },
	{ "a published prefix widened",
	  "services-more-specific",
	  SEVERITY_ERROR,
	  "198.51.100.0/24",
	  { "advertise: [203.0.113.32/28, 198.51.100.0/28]",
	    "advertise: [203.0.113.32/28, 198.51.100.0/24]" } },
	{ "a pool leaked to the internet",
	  "pools-off-internet",
	  SEVERITY_ERROR,
	  "internet advertises 203.0.113.32/28",
	  { "advertise: [203.0.113.0/28,", "advertise: [203.0.113.32/28, 203.0.113.0/28," } },
	{ "a pool seen on the internet",
	  "pools-off-internet",
	  SEVERITY_ERROR,
	  "internet is seen to advertise 203.0.113.32/29",
	  { "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n",
	    "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n    accepted: [203.0.113.0/28, 198.51.100.0/24, 203.0.113.32/29]\n" } },
	{ "a pool seen on the internet",
	  "advertised-planned",
	  SEVERITY_WARNING,
	  "the internet has 203.0.113.32/29",
	  { "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n",
	    "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n    accepted: [203.0.113.0/28, 198.51.100.0/24, 203.0.113.32/29]\n" } },
	{ "a pool seen on the internet",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "violation",
	  { "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n",
	    "    advertise: [203.0.113.0/28, 198.51.100.0/24]\n    accepted: [203.0.113.0/28, 198.51.100.0/24, 203.0.113.32/29]\n" } },
	{ "a pool seen on another circuit",
	  "pools-elsewhere",
	  SEVERITY_ERROR,
	  "dallas is seen to advertise 203.0.113.32/28",
	  { "accepted: [203.0.113.48/28,", "accepted: [203.0.113.32/28, 203.0.113.48/28," } },
	{ "a default route leaked",
	  "routes-more-specific",
	  SEVERITY_ERROR,
	  "default route",
	  { "received: [198.18.1.0/24,", "received: [0.0.0.0/0, 198.18.1.0/24," } },
	{ "the provider's routes over the internet",
	  "routes-more-specific",
	  SEVERITY_WARNING,
	  "as precise",
	  { "received: [0.0.0.0/0]", "received: [0.0.0.0/0, 198.18.1.0/24]" } },
	{ "routes lost",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "world",
	  { "      - {from: internet, next: edge}\n", "" } },
	{ "routes to the branch lost",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "circle",
	  { "      - {to: [10.2.0.0/16], next: branch}\n", "" } },
	{ "routes to half of the branch lost",
	  "outbound-symmetric",
	  SEVERITY_ERROR,
	  "circle",
	  { "      - {to: [10.2.0.0/16], next: branch}\n",
	    "      - {to: [10.2.0.0/17], next: branch}\n" } },
	{ "a prefix leaked to the provider",
	  "advertised-needed",
	  SEVERITY_WARNING,
	  "chicago advertises 203.0.113.128/25",
	  { "advertise: [203.0.113.32/28,", "advertise: [203.0.113.128/25, 203.0.113.32/28," } },
	{ "nothing received",
	  "routes-received",
	  SEVERITY_WARNING,
	  "chicago",
	  { "    received: [198.18.1.0/24, 198.18.2.0/23, 198.18.128.0/20]\n    accepted: [203.0.113.32/28",
	    "    accepted: [203.0.113.32/28" } },
	{ "a service not advertised",
	  "services-advertised",
	  SEVERITY_ERROR,
	  "dallas",
	  { "advertise: [203.0.113.48/28, 198.51.100.0/28]", "advertise: [203.0.113.48/28]" } },
	{ "a service not accepted",
	  "services-advertised",
	  SEVERITY_ERROR,
	  "not accepted",
	  { "accepted: [203.0.113.48/28, 198.51.100.0/28]", "accepted: [203.0.113.48/28]" } },
	{ "a service never entered",
	  "services-entered",
	  SEVERITY_NOTE,
	  "dallas",
	  { "advertise: [203.0.113.48/28, 198.51.100.0/28]",
	    "advertise: [203.0.113.48/28, 198.51.100.0/27]",
	    "accepted: [203.0.113.48/28, 198.51.100.0/28]",
	    "accepted: [203.0.113.48/28, 198.51.100.0/27]" } },
	{ "a firewall that translates added",
	  "inbound-symmetric",
	  SEVERITY_ERROR,
	  "exchange-hybrid",
	  { "firewalls:\n",
	    "firewalls:\n  - {name: second, between: [head-office, edge], source-nat: 10.2.9.9}\n" } },
	{ "a circuit slower than the internet",
	  "latency",
	  SEVERITY_WARNING,
	  "40 ms over chicago",
	  { "circuit: chicago, ms: 10", "circuit: chicago, ms: 40" } },
	{ "a circuit moved away",
	  "hairpins",
	  SEVERITY_WARNING,
	  "asia",
	  { "    region: north-america\n    meet-me: chicago-exchange",
	    "    region: asia\n    meet-me: chicago-exchange" } },
	{ "more users",
	  "pool-size",
	  SEVERITY_ERROR,
	  "chicago has 16 addresses for 100500 devices: 17 are needed",
	  { "heads: 10000", "heads: 100000" } },
	{ "more users when one fails",
	  "pool-size",
	  SEVERITY_WARNING,
	  "dallas has 1 addresses for 10500 devices without",
	  { "outbound-pool: [203.0.113.48/28]", "outbound-pool: [203.0.113.48/32]" } },
	{ "a session down",
	  "sessions-up",
	  SEVERITY_WARNING,
	  "chicago-primary",
	  { "chicago-primary, session: up", "chicago-primary, session: down" } },
	{ "both sessions down",
	  "sessions-up",
	  SEVERITY_ERROR,
	  "as are all",
	  { "chicago-primary, session: up", "chicago-primary, session: down",
	    "chicago-secondary, session: up", "chicago-secondary, session: down" } },
	{ "one link",
	  "sessions-up",
	  SEVERITY_WARNING,
	  "one link",
	  { "      - {name: dallas-secondary, session: up}\n", "" } },
	{ "SMTP published",
	  "smtp",
	  SEVERITY_WARNING,
	  "chicago",
	  { "ports: [tcp/443]", "ports: [tcp/20-30]" } },
	{ "other users",
	  "services-audience",
	  SEVERITY_WARNING,
	  "exchange-hybrid",
	  { "    used-by: [exchange]", "    used-by: [exchange]\n    other-users: true" } },
	{ "two audiences",
	  "services-dual",
	  SEVERITY_WARNING,
	  "exchange-hybrid",
	  { "    used-by: [exchange]", "    used-by: [exchange]\n    internet-users: true" } },
	{ "source NAT dropped",
	  "inbound-source-nat",
	  SEVERITY_WARNING,
	  "exchange-hybrid",
	  { "source-nat: inbound-pool", "source-nat: none" } },
	{ "source NAT dropped",
	  "flat-network",
	  SEVERITY_WARNING,
	  "servers sees the routes of chicago",
	  { "source-nat: inbound-pool", "source-nat: none" } },
	{ "inbound pools overlap",
	  "inbound-pools-separate",
	  SEVERITY_ERROR,
	  "192.168.1.128/25 of dallas",
	  { "inbound-pool: [192.168.2.0/24]", "inbound-pool: [192.168.1.128/25]" } },
	{ "an inbound pool missing",
	  "inbound-symmetric",
	  SEVERITY_ERROR,
	  "no inbound pool",
	  { "    inbound-pool: [192.168.2.0/24]\n", "" } },
	{ "not a lab", "pools-public", SEVERITY_ERROR, "203.0.113.0/28", { "lab: true", "lab: false" } },
	{ "not a lab",
	  "services-public",
	  SEVERITY_ERROR,
	  "198.51.100.5",
	  { "lab: true", "lab: false" } },
	{ "a private address published",
	  "services-public",
	  SEVERITY_ERROR,
	  "10.1.9.9",
	  { "public: 198.51.100.5", "public: 10.1.9.9" } },
	{ "a pool not accepted",
	  "pools-accepted",
	  SEVERITY_ERROR,
	  "203.0.113.48/28",
	  { "accepted: [203.0.113.48/28, 198.51.100.0/28]", "accepted: [198.51.100.0/28]" } },
	{ "more announced than planned",
	  "advertised-planned",
	  SEVERITY_WARNING,
	  "203.0.113.64/28",
	  { "accepted: [203.0.113.48/28,", "accepted: [203.0.113.64/28, 203.0.113.48/28," } },
	{ "one circuit dropped",
	  "locations-survive",
	  SEVERITY_NOTE,
	  "without circuit chicago",
	  { "circuits: [chicago, dallas], otherwise: internet",
	    "circuits: [chicago], otherwise: drop" } },
	{ "a service on one circuit",
	  "services-survive",
	  SEVERITY_WARNING,
	  "without circuit internet",
	  { "    circuits: [internet, chicago, dallas]\n", "    circuits: [internet]\n",
	    ", 198.51.100.0/28]", "]" } },
	{ "a private circuit for everybody",
	  "pools-in-use",
	  SEVERITY_ERROR,
	  "world",
	  { "received: [198.18.1.0/24,", "received: [0.0.0.0/0, 198.18.1.0/24,",
	    "to: [any], circuits: [internet]", "to: [any], circuits: [chicago]" } },
	{ "a private prefix advertised to the provider",
	  "advertised-public",
	  SEVERITY_ERROR,
	  "chicago advertises 10.1.0.0/16",
	  { "advertise: [203.0.113.32/28,", "advertise: [10.1.0.0/16, 203.0.113.32/28," } },
	{ "a default route advertised to the provider",
	  "advertised-public",
	  SEVERITY_ERROR,
	  "chicago advertises 0.0.0.0/0: a default route",
	  { "advertise: [203.0.113.32/28,", "advertise: [0.0.0.0/0, 203.0.113.32/28," } },
	{ "not a lab",
	  "advertised-public",
	  SEVERITY_ERROR,
	  "dallas advertises 203.0.113.48/28",
	  { "lab: true", "lab: false" } },
	{ "one prefix on two circuits",
	  "advertised-separate",
	  SEVERITY_WARNING,
	  "chicago and dallas both advertise 198.51.100.0/26",
	  { "198.51.100.0/28", "198.51.100.0/26" } },
	{ "the provider's number", "asn-reserved", SEVERITY_ERROR, "12076", { "lab: true", "lab: true, asn: 12076" } },
	{ "a number that the provider reserves",
	  "asn-reserved",
	  SEVERITY_ERROR,
	  "65520",
	  { "lab: true", "lab: true, asn: 65520" } },
	{ "a private pool of the provider's",
	  "pools-public",
	  SEVERITY_ERROR,
	  "10.9.0.0/28 of chicago",
	  { "outbound-pool: [203.0.113.32/28]", "outbound-pool: [10.9.0.0/28]" } },
	{ "what the feed keeps from ExpressRoute sent over it",
	  "expressroute-flag",
	  SEVERITY_WARNING,
	  "head-office-users to delivery leaves by chicago",
	  { "destinations:\n",
	    "feeds: [{name: provider, format: microsoft365, source: CWD/tests/data/feeds/microsoft365.json}]\ndestinations:\n"
	    "  - {name: delivery, feed: provider, expressroute: false}\n",
	    "to: [exchange, sharepoint]", "to: [exchange, sharepoint, delivery]",
	    "received: [198.18.1.0/24,", "received: [0.0.0.0/0, 198.18.1.0/24," } },
	{ "a destination of another family",
	  "everything-walked",
	  SEVERITY_WARNING,
	  "branch-users to exchange was not walked",
	  { "exchange, prefixes: [198.18.1.0/24, 198.18.2.0/23]", "exchange, prefixes: [\"2001:db8:e::/48\"]" } },
	{ "a destination of another family",
	  "everything-walked",
	  SEVERITY_WARNING,
	  "exchange to exchange-hybrid was not walked",
	  { "exchange, prefixes: [198.18.1.0/24, 198.18.2.0/23]", "exchange, prefixes: [\"2001:db8:e::/48\"]" } },
	{ "servers of another family",
	  "everything-walked",
	  SEVERITY_ERROR,
	  "exchange-hybrid at 198.51.100.5 was not walked",
	  { "servers: [192.168.0.101, 192.168.0.102]", "servers: [\"2001:db8:5::1\"]",
	    "prefixes: [192.168.0.0/24]", "prefixes: [192.168.0.0/24, \"2001:db8:5::/64\"]" } },
	{ "one path without source NAT",
	  "nat-every-path",
	  SEVERITY_WARNING,
	  "exchange-two",
	  { "services:\n",
	    "services:\n  - {name: exchange-two, public: 198.51.100.5, ports: [tcp/443], servers: [192.168.0.103], circuits: [internet], at: edge}\n" } },
};

static void each_mutation_turns_its_check_red(void **state)
{
	struct judged_plan p, before;
	char here[256];
	size_t missed = 0;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	judge_file(SOUND, &before);
	for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
		const struct mutation *m = &mutations[i];
		char *text = slurp(SOUND);

		for (size_t k = 0; k < 2 * EDITS && m->edits[k]; k += 2)
			text = edit(text, m->edits[k], m->edits[k + 1]);
		if (strstr(text, "CWD"))
			text = edit(text, "CWD", here);
		judge_text(text, &p);
		if (red(&before, m->check, m->least, m->about) ||
		    !red(&p, m->check, m->least, m->about)) {
			fprintf(stderr, "%s: %s is not red for it\n", m->what, m->check);
			print_findings(&p);
			missed++;
		}
		done(&p);
		free(text);
	}
	done(&before);
	assert_int_equal(missed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_plan_has_no_red_check),
		cmocka_unit_test(a_second_firewall_in_the_same_place_changes_nothing),
		cmocka_unit_test(what_is_not_given_is_not_judged),
		cmocka_unit_test(each_mutation_turns_its_check_red),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
