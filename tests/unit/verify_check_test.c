// SPDX-License-Identifier: GPL-2.0-only
/* The guide's checks: whatever is changed for the worse in a sound plan, the check that is there for it sees. */
#include "verify_help.h"
#include "verify_mutations.h"

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
