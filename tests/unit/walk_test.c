// SPDX-License-Identifier: GPL-2.0-only
/* What each place does to what passes it: one change of the sound plan, and what becomes of one flow. */
#include "verify_help.h"

struct fate {
	const char *claim;
	const char *edits[2 * EDITS];
	const char *from, *to, *circuit, *back; /* "": none */
	enum judged judged;
	const char *worn, *why; /* of the verdict; "": anything */
};
#define BOTH \
	"from: [offices, branch-offices], to: [exchange, sharepoint], circuits: [chicago, dallas], otherwise: internet"
#define USERS "head-office-users"
static const struct fate fates[] = {
	{ "the first circuit of a rule is taken",
	  { 0 },
	  USERS,
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_SYMMETRIC,
	  "203.0.113.33",
	  "" },
	{ "hosts are spread over all circuits of a rule",
	  { BOTH, BOTH ", spread: by-host" },
	  USERS,
	  "exchange",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "203.0.113.49",
	  "" },
	{ "a circuit that receives no route is passed over",
	  { "received: [198.18.1.0/24, 198.18.2.0/23, 198.18.128.0/20]\n    accepted: [203.0.113.32",
	    "received: [198.18.128.0/20]\n    accepted: [203.0.113.32" },
	  USERS,
	  "exchange",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "203.0.113.49",
	  "" },
	{ "a circuit whose sessions are down is passed over",
	  { "chicago-primary, session: up", "chicago-primary, session: down",
	    "chicago-secondary, session: up", "chicago-secondary, session: down" },
	  USERS,
	  "exchange",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "203.0.113.49",
	  "" },
	{ "otherwise is taken when no circuit is usable",
	  { BOTH, "from: [offices], to: [exchange], otherwise: internet" },
	  USERS,
	  "exchange",
	  "internet",
	  "internet",
	  JUDGED_SYMMETRIC,
	  "203.0.113.1",
	  "" },
	{ "no rule is a drop",
	  { "{from: [any], to: [any]", "{from: [servers], to: [any]" },
	  USERS,
	  "world",
	  "",
	  "",
	  JUDGED_BLACK_HOLED,
	  "10.1.0.1",
	  "no rule of its policy" },
	{ "what is not translated does not come back",
	  { BOTH, BOTH ", translate: false" },
	  USERS,
	  "exchange",
	  "chicago",
	  "",
	  JUDGED_BLACK_HOLED,
	  "10.1.0.1",
	  "advertises 10.1.0.1" },
	{ "of equal prefixes the private one is taken",
	  { "advertise: [203.0.113.0/28,", "advertise: [203.0.113.32/28, 203.0.113.0/28," },
	  USERS,
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_SYMMETRIC,
	  "203.0.113.33",
	  "" },
	{ "a longer prefix on the internet is taken",
	  { "advertise: [203.0.113.0/28,", "advertise: [203.0.113.32/29, 203.0.113.0/28," },
	  USERS,
	  "exchange",
	  "chicago",
	  "internet",
	  JUDGED_ASYMMETRIC,
	  "203.0.113.33",
	  "pinned to another circuit" },
	{ "a route of the site that is filtered is not taken",
	  { "      - {from: chicago, next: edge}\n",
	    "      - {from: chicago, next: branch, except: [198.18.1.0/24]}\n",
	    "      - {from: dallas, next: edge}\n", "" },
	  USERS,
	  "sharepoint",
	  "",
	  "",
	  JUDGED_BLACK_HOLED,
	  "",
	  "circle" },
	{ "what is filtered is left to the next route",
	  { "      - {from: chicago, next: edge}\n",
	    "      - {from: chicago, next: branch, except: [198.18.1.0/24]}\n",
	    "      - {from: dallas, next: edge}\n", "" },
	  USERS,
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_SYMMETRIC,
	  "203.0.113.33",
	  "" },
	{ "another way back is asymmetric where it works, too",
	  { "firewalls:\n", "  - {name: relay, routes: [{to: 10.2.0.0/16, next: branch}]}\nfirewalls:\n",
	    "{to: [10.2.0.0/16], next: branch}", "{to: [10.2.0.0/16], next: relay}" },
	  "branch-users",
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_ASYMMETRIC,
	  "203.0.113.33",
	  "nothing stateful" },
	{ "a stateful firewall on that way drops the answer",
	  { "firewalls:\n", "  - {name: relay, routes: [{to: 10.2.0.0/16, next: branch}]}\nfirewalls:\n",
	    "{to: [10.2.0.0/16], next: branch}", "{to: [10.2.0.0/16], next: relay}", "edge]}\n",
	    "edge]}\n  - {name: second, between: [branch, relay]}\n" },
	  "branch-users",
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_ASYMMETRIC,
	  "203.0.113.33",
	  "second: stateful" },
	{ "a stateless one does not",
	  { "firewalls:\n", "  - {name: relay, routes: [{to: 10.2.0.0/16, next: branch}]}\nfirewalls:\n",
	    "{to: [10.2.0.0/16], next: branch}", "{to: [10.2.0.0/16], next: relay}", "edge]}\n",
	    "edge]}\n  - {name: second, between: [branch, relay], stateful: false}\n" },
	  "branch-users",
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_ASYMMETRIC,
	  "203.0.113.33",
	  "nothing stateful" },
	{ "what a segment does not see it does not follow",
	  { "      - {from: chicago, next: edge}\n", "      - {from: chicago, next: branch}\n",
	    "      - {from: dallas, next: edge}\n", "", "{name: offices,",
	    "{name: offices, without: [chicago]," },
	  USERS,
	  "sharepoint",
	  "chicago",
	  "chicago",
	  JUDGED_SYMMETRIC,
	  "203.0.113.33",
	  "" },
	{ "a stateless firewall lets pass what it has not seen",
	  { "edge]}\n", "edge], stateful: false}\n" },
	  USERS,
	  "exchange",
	  "chicago",
	  "chicago",
	  JUDGED_SYMMETRIC,
	  "203.0.113.33",
	  "" },
	{ "what is published on a circuit answers on it",
	  { 0 },
	  "exchange",
	  "exchange-hybrid",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "192.168.2.1",
	  "" },
	{ "what is not published on a circuit ends at its gateway",
	  { "circuits: [internet, chicago, dallas]", "circuits: [internet, chicago]" },
	  "exchange",
	  "exchange-hybrid",
	  "dallas",
	  "",
	  JUDGED_BLACK_HOLED,
	  "",
	  "publishes nothing at this address" },
	{ "without source NAT the flow is held all the same",
	  { "source-nat: inbound-pool", "source-nat: none" },
	  "exchange",
	  "exchange-hybrid",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "198.18.1.1",
	  "" },
	{ "a held flow ends at its gateway where its circuit has no route to who asked",
	  { "received: [198.18.1.0/24, 198.18.2.0/23, 198.18.128.0/20]\n    accepted: [203.0.113.48",
	    "received: [198.18.128.0/20]\n    accepted: [203.0.113.48" },
	  "exchange",
	  "exchange-hybrid",
	  "dallas",
	  "",
	  JUDGED_BLACK_HOLED,
	  "192.168.2.1",
	  "dallas, which receives no route" },
	{ "whoever knows the internet only comes over it",
	  { "    used-by: [exchange]\n", "" },
	  "world",
	  "exchange-hybrid",
	  "internet",
	  "internet",
	  JUDGED_SYMMETRIC,
	  "192.168.5.5",
	  "" },
	{ "IPv6 goes where there is a pool of it",
	  { "prefixes: [10.1.0.0/16]", "prefixes: [\"2001:db8:10::/48\"]",
	    "exchange, prefixes: [198.18.1.0/24",
	    "exchange, prefixes: [\"2001:db8:e::/48\", 198.18.1.0/24", "received: [198.18.1.0/24",
	    "received: [\"2001:db8:e::/48\", 198.18.1.0/24", "203.0.113.48/28",
	    "203.0.113.48/28, \"2001:db8:1::/64\"" },
	  USERS,
	  "exchange",
	  "dallas",
	  "dallas",
	  JUDGED_SYMMETRIC,
	  "2001:db8:1::1",
	  "" },
};

static const struct flow_row *row_of(const struct judged_plan *p, const struct fate *f)
{
	for (size_t i = 0; i < p->v.row_count && p->v.rows[i]->walk.failure == &p->v.failures[0]; i++) {
		const struct flow_row *row = p->v.rows[i];
		const char *from = row->location ? row->location->name : row->walk.outside->name;
		const char *to = row->location ? row->walk.outside->name : row->walk.service->name;
		const char *circuit = row->walk.circuit ? row->walk.circuit->name : "";

		if (!strcmp(from, f->from) && !strcmp(to, f->to) && !strcmp(circuit, f->circuit))
			return row;
	}
	return NULL;
}

static bool is_so(const struct fate *f, const struct flow_row *row)
{
	char worn[PREFIX_TEXT] = "";

	if (!row)
		return false;
	address_text(&row->judged.worn, worn);
	return row->judged.what == f->judged &&
	       !strcmp(row->walk.back ? row->walk.back->name : "", f->back) &&
	       (!f->worn[0] || !strcmp(worn, f->worn)) && strstr(row->judged.why, f->why);
}

static void each_place_does_its_part(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		const struct fate *f = &fates[i];
		const struct flow_row *row;
		struct judged_plan p;
		char *text = slurp(SOUND), worn[PREFIX_TEXT] = "";

		for (size_t k = 0; k < 2 * EDITS && f->edits[k]; k += 2)
			text = edit(text, f->edits[k], f->edits[k + 1]);
		judge_text(text, &p);
		row = row_of(&p, f);
		if (!is_so(f, row)) {
			fprintf(stderr, "not so: %s: %s, back %s, wears %s: %s\n", f->claim,
				row ? judged_text(row->judged.what) : "no such flow",
				row && row->walk.back ? row->walk.back->name : "-",
				row ? address_text(&row->judged.worn, worn) : "-",
				row ? row->judged.why : "-");
			wrong++;
		}
		done(&p);
		free(text);
	}
	assert_int_equal(wrong, 0);
}

/* Two routers with a pool each, no samepath: what was opened at one is not known at the other. */
static void a_router_knows_only_its_own_translations(void **state)
{
	const char *plan =
		"plan: {name: routers, lab: true}\n"
		"sites:\n"
		"  - name: hq\n"
		"    segments: [{name: lan, prefixes: [10.1.0.0/16]}]\n"
		"    routes: [{from: one, next: left}]\n"
		"gateways: [{name: left, inside: hq}, {name: right, inside: hq}]\n"
		"circuits:\n"
		"  - {name: one, kind: expressroute, gateway: left, received: [198.18.0.0/15],\n"
		"     outbound-pool: [203.0.113.0/28], advertise: [203.0.113.0/28]}\n"
		"  - {name: two, kind: expressroute, gateway: right, received: [198.18.0.0/15],\n"
		"     outbound-pool: [203.0.113.16/28], advertise: [203.0.113.16/28]}\n"
		"destinations: [{name: cloud, prefixes: [198.18.0.0/15]}]\n"
		"locations: [{name: users, segment: lan}]\n";
	char *text = strdup(plan);
	struct judged_plan p;

	(void)state;
	judge_text(text, &p);
	assert_int_equal(p.v.rows[0]->judged.what, JUDGED_SYMMETRIC);
	done(&p);
	text = edit(text, "advertise: [203.0.113.16/28]", "advertise: [203.0.113.0/24, 203.0.113.0/29]");
	judge_text(text, &p);
	assert_int_equal(p.v.rows[0]->judged.what, JUDGED_ASYMMETRIC);
	assert_string_equal(place_name(p.v.rows[0]->judged.ends), "right");
	assert_int_equal(p.v.rows[0]->repairs[0].kind, REPAIR_SEPARATE_POOL);
	done(&p);
	text = edit(text, "outbound-pool: [203.0.113.0/28], ", "");
	judge_text(text, &p); /* untranslated, nobody outside knows the way back */
	assert_int_equal(p.v.rows[0]->judged.what, JUDGED_BLACK_HOLED);
	assert_int_equal(p.v.rows[0]->repairs[0].kind, REPAIR_SOURCE_NAT);
	done(&p);
	free(text);
}

#define PAIR                                                                                     \
	"plan: {name: pair, lab: true}\n"                                                        \
	"sites:\n"                                                                               \
	"  - name: hq\n"                                                                         \
	"    segments: [{name: lan, prefixes: [10.1.0.0/16]}]\n"                                 \
	"    routes: [{from: one, except: [198.18.5.0/24], next: edge}]\n"                       \
	"firewalls: [{name: near, between: [hq, edge]}, {name: far, between: [hq, edge]}]\n"     \
	"gateways: [{name: edge, inside: hq}]\n"                                                 \
	"circuits:\n"                                                                            \
	"  - {name: one, kind: expressroute, gateway: edge, received: [198.18.5.0/24, 198.18.0.0/16],\n" \
	"     outbound-pool: [203.0.113.0/28], advertise: [203.0.113.0/28]}\n"                   \
	"destinations: [{name: cloud, prefixes: [198.18.5.0/24]}]\n"                             \
	"locations: [{name: users, segment: lan}]\n"

/* What is listed first is the innermost, whichever way a packet goes. */
static void firewalls_in_a_row_are_passed_in_their_order(void **state)
{
	static const char *const back[] = { "cloud", "one", "edge", "far", "near", "hq", "lan" };
	char *text = edit(strdup(PAIR), "except: [198.18.5.0/24], ", "");
	struct judged_plan p;
	const struct way *way;

	(void)state;
	judge_text(text, &p);
	way = &p.v.rows[0]->walk.answer;
	assert_int_equal(way->count, sizeof(back) / sizeof(*back));
	for (size_t i = 0; i < way->count; i++)
		assert_string_equal(place_name(way->hops[i].at), back[i]);
	assert_int_equal(p.v.rows[0]->judged.what, JUDGED_SYMMETRIC);
	done(&p);
	free(text);
}

/* A filter takes a route away, not the addresses that it leads to. */
static void where_a_route_is_filtered_a_shorter_one_leads(void **state)
{
	char *text = strdup(PAIR);
	struct judged_plan p;

	(void)state;
	judge_text(text, &p);
	assert_int_equal(p.v.rows[0]->walk.question.end, WAY_ARRIVED);
	done(&p);
	text = edit(text, "198.18.5.0/24, 198.18.0.0/16]", "198.18.5.0/24]");
	judge_text(text, &p);
	assert_int_equal(p.v.rows[0]->walk.question.end, WAY_LOST);
	done(&p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_place_does_its_part),
		cmocka_unit_test(a_router_knows_only_its_own_translations),
		cmocka_unit_test(firewalls_in_a_row_are_passed_in_their_order),
		cmocka_unit_test(where_a_route_is_filtered_a_shorter_one_leads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
