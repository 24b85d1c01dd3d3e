// SPDX-License-Identifier: GPL-2.0-only
/* Which addresses of a destination are walked, and for how many others each stands. */
#include "verify_help.h"

/* An address of each kind that the plan tells apart, and none that is its own or nobody's. */
static void destinations_are_walked_where_they_differ(void **state)
{
	struct in6_addr *at;
	char shown[PREFIX_TEXT], all[512] = "";
	struct judged_plan p;
	size_t count;

	(void)state;
	judge_file(SOUND, &p);
	assert_int_equal(verify_points(p.plan, paper_destination(p.plan, "world"), &at, &count), 0);
	for (size_t i = 0; i < count; i++) {
		strcat(all, i ? " " : "");
		strcat(all, address_text(&at[i], shown));
	}
	/* Behind what the provider has in 198.18.0.0/15, and anywhere; not 10.1.0.1, not 0.0.0.1. */
	assert_string_equal(all, "1.0.0.1 2.0.0.0 198.18.4.0 198.18.144.0");
	free(at);
	done(&p);
}

/* One is walked for all that nothing in the plan tells apart; a route of half of them tells them apart. */
static void addresses_that_nothing_tells_apart_are_one_kind(void **state)
{
	static const struct {
		const char *from, *to;
		size_t kinds;
	} plans[] = {
		{ "      - {from: internet, next: edge}\n",
		  "      - {from: internet, next: edge}\n", 1 },
		{ "      - {from: internet, next: edge}\n",
		  "      - {from: internet, next: edge}\n      - {to: 2.0.0.0/8, next: edge}\n",
		  2 },
		{ "      - {from: internet, next: edge}\n",
		  "      - {from: internet, next: edge}\n      - {to: 2.0.0.0/8, next: branch}\n",
		  2 },
		{ "received: [0.0.0.0/0]", "received: [0.0.0.0/0, 2.0.0.0/8]", 2 },
		{ "destinations:\n", "destinations:\n  - {name: two, prefixes: [2.0.0.0/9]}\n", 1 },
		{ "    policy:\n",
		  "    policy:\n      - {from: [any], to: [world], circuits: [internet], otherwise: drop}\n",
		  1 },
	};
	struct in6_addr *at;
	struct judged_plan p;
	struct kinds kinds;
	size_t count, all;

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		char *text = edit(slurp(SOUND), plans[i].from, plans[i].to);

		judge_text(text, &p);
		assert_int_equal(
			verify_points(p.plan, paper_destination(p.plan, "world"), &at, &count), 0);
		assert_int_equal(verify_kinds(p.plan, at, count, &kinds), 0);
		assert_int_equal(kinds.count, plans[i].kinds);
		all = 0;
		for (size_t k = 0; k < kinds.count; k++)
			all += kinds.at[k].count;
		assert_int_equal(all, count);
		free(kinds.at);
		free(at);
		done(&p);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_are_walked_where_they_differ),
		cmocka_unit_test(addresses_that_nothing_tells_apart_are_one_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
