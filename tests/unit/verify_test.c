// SPDX-License-Identifier: GPL-2.0-only
/* Plans walked on paper: what the lab's scenes show on the wire, what mends them, what is no plan. */
#include "verify_help.h"

/* "a > b > c" */
static void way_text(const struct way *way, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < way->count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " > " : "",
					 place_name(way->hops[i].at));
}

/* The scenes: from whom, by which circuit, and both ways as the lab's eye sees them. */
static const struct scene {
	const char *file, *from, *circuit;
	enum judged judged;
	const char *question, *answer, *pool;
} scenes[] = {
	{ "problem-1", "cloud", "internet", JUDGED_ASYMMETRIC,
	  "cloud > internet > nj-gw > nj-fw > nj > servers", "servers > nj > ny > ny-fw", NULL },
	{ "problem-1", "user", "internet", JUDGED_SYMMETRIC,
	  "user > internet > nj-gw > nj-fw > nj > servers",
	  "servers > nj > nj-fw > nj-gw > internet > user", NULL },
	{ "solution-1a", "cloud", "internet", JUDGED_SYMMETRIC,
	  "cloud > internet > nj-gw > nj-fw > nj > servers",
	  "servers > nj > nj-fw > nj-gw > internet > cloud", "internet" },
	{ "solution-1b", "cloud", "internet", JUDGED_SYMMETRIC,
	  "cloud > internet > nj-gw > nj-fw > nj > servers",
	  "servers > nj > nj-fw > nj-gw > internet > cloud", NULL },
	{ "problem-2", "cloud", "newyork", JUDGED_ASYMMETRIC,
	  "cloud > newyork > ny-gw > ny-fw > ny > nj > servers", "servers > nj > nj-fw", NULL },
	{ "problem-2", "user", "internet", JUDGED_SYMMETRIC,
	  "user > internet > nj-gw > nj-fw > nj > servers",
	  "servers > nj > nj-fw > nj-gw > internet > user", NULL },
	{ "solution-2", "cloud", "newyork", JUDGED_SYMMETRIC,
	  "cloud > newyork > ny-gw > ny-fw > ny > nj > servers",
	  "servers > nj > ny > ny-fw > ny-gw > newyork > cloud", "newyork" },
	{ "solution-2", "user", "internet", JUDGED_SYMMETRIC,
	  "user > internet > nj-gw > nj-fw > nj > servers",
	  "servers > nj > nj-fw > nj-gw > internet > user", NULL },
};

static const struct flow_row *inbound_row(const struct judged_plan *p, const char *from)
{
	const struct flow_row *found = NULL;

	for (size_t i = 0; i < p->v.row_count && p->v.rows[i]->walk.failure == &p->v.failures[0]; i++)
		if (!p->v.rows[i]->location && !strcmp(p->v.rows[i]->walk.outside->name, from)) {
			assert_null(found); /* all of its addresses fare alike */
			found = p->v.rows[i];
		}
	assert_non_null(found);
	return found;
}

static void scenes_are_foretold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		const struct scene *s = &scenes[i];
		const struct flow_row *row;
		struct judged_plan p;
		char path[64], way[256];

		snprintf(path, sizeof(path), LAB "%s.yaml", s->file);
		judge_file(path, &p);
		row = inbound_row(&p, s->from);
		assert_string_equal(row->walk.circuit->name, s->circuit);
		assert_int_equal(row->judged.what, s->judged);
		way_text(&row->walk.question, way, sizeof(way));
		assert_string_equal(way, s->question);
		way_text(&row->walk.answer, way, sizeof(way));
		assert_string_equal(way, s->answer);
		assert_int_equal(errors(&p) > 0, strstr(s->file, "problem") != NULL);
		assert_true(s->pool ? row->judged.pool && !strcmp(row->judged.pool->name, s->pool) :
				      !row->judged.translated);
		done(&p);
	}
}

static void repairs_are_those_of_the_guide(void **state)
{
	const struct flow_row *row;
	struct judged_plan p;

	(void)state;
	judge_file(LAB "problem-1.yaml", &p);
	row = inbound_row(&p, "cloud");
	assert_string_equal(place_name(row->judged.parts), "nj");
	assert_string_equal(place_name(row->judged.ends), "ny-fw");
	assert_int_equal(row->repair_count, 2);
	assert_int_equal(row->repairs[0].kind, REPAIR_SOURCE_NAT);
	assert_string_equal(place_name(row->repairs[0].at), "nj-fw");
	assert_int_equal(row->repairs[1].kind, REPAIR_SCOPING);
	assert_string_equal(place_name(row->repairs[1].at), "nj");
	assert_string_equal(row->repairs[1].lines[0], "segments: [{name: servers, without: [newyork]}]");
	done(&p);
	judge_file(LAB "problem-2.yaml", &p);
	row = inbound_row(&p, "cloud");
	assert_int_equal(row->repair_count, 1); /* no route to hide leads back to New York */
	assert_int_equal(row->repairs[0].kind, REPAIR_SOURCE_NAT);
	assert_string_equal(place_name(row->repairs[0].at), "ny-fw");
	done(&p);
}

static const struct flow_row *outbound_row(const struct judged_plan *p, const char *from, const char *to)
{
	for (size_t i = 0; i < p->v.row_count; i++)
		if (p->v.rows[i]->location && !strcmp(p->v.rows[i]->location->name, from) &&
		    !strcmp(p->v.rows[i]->walk.outside->name, to))
			return p->v.rows[i];
	fail_msg("no flow from %s to %s", from, to);
	return NULL;
}

/* A pool of its own mends nothing that goes astray inside; the route that leads astray does. */
static void a_repair_that_does_not_help_is_not_named(void **state)
{
	char *text = slurp(SOUND);
	const struct flow_row *row;
	struct judged_plan p;

	(void)state;
	text = edit(text, "firewalls:\n",
		    "  - {name: relay, routes: [{to: 10.2.0.0/16, next: branch}]}\nfirewalls:\n"
		    "  - {name: second, between: [branch, relay]}\n");
	text = edit(text, "{to: [10.2.0.0/16], next: branch}", "{to: [10.2.0.0/16], next: relay}");
	judge_text(text, &p);
	assert_int_equal(outbound_row(&p, "branch-users", "exchange")->judged.what, JUDGED_ASYMMETRIC);
	assert_int_equal(outbound_row(&p, "branch-users", "exchange")->repair_count, 0);
	done(&p);
	text = edit(
		text, "      - {to: [10.2.0.0/16], next: relay}\n",
		"      - {to: [10.2.0.0/16], next: relay}\n      - {to: [10.0.0.0/8], next: branch}\n");
	judge_text(text, &p);
	row = outbound_row(&p, "branch-users", "exchange");
	assert_int_equal(row->repair_count, 1);
	assert_int_equal(row->repairs[0].kind, REPAIR_SCOPING);
	assert_string_equal(place_name(row->repairs[0].at), "head-office");
	done(&p);
	free(text);
}

/* What is proposed is written into the plan, and the plan is sound. */
static void repairs_repair(void **state)
{
	char *text = lab_text("problem-1.yaml");
	struct judged_plan p;

	(void)state;
	text = edit(text, "{name: servers, prefixes", "{name: servers, without: [newyork], prefixes");
	judge_text(text, &p);
	assert_int_equal(errors(&p), 0);
	done(&p);
	text = edit(text, "without: [newyork], ", "");
	text = edit(text, "between: [nj, nj-gw]", "source-nat: 192.168.5.5, between: [nj, nj-gw]");
	judge_text(text, &p);
	assert_int_equal(errors(&p), 0);
	done(&p);
	free(text);
}

/* A second circuit in New Jersey answers what comes in there; when it fails, the cloud comes over the
 * internet, and its answers find New York. */
static void what_goes_astray_when_a_circuit_fails_is_foretold(void **state)
{
	char *text = lab_text("problem-1.yaml");
	struct judged_plan p;

	(void)state;
	text = edit(text, "      - {from: newyork, next: ny}\n",
		    "      - {from: nj-er, next: nj-gw}\n      - {from: newyork, next: ny}\n");
	text = edit(text, "circuits: [internet]", "circuits: [internet, nj-er]");
	text = edit(
		text, "circuits:\n  - name: internet",
		"circuits:\n  - {name: nj-er, kind: expressroute, gateway: nj-gw, advertise: [198.51.100.0/28],\n"
		"     received: [198.18.0.0/16, 198.19.0.0/16]}\n  - name: internet");
	judge_text(text, &p);
	assert_int_equal(red(&p, "inbound-symmetric", SEVERITY_ERROR, "over nj-er"), 1);
	done(&p);
	/* Its routes are longer than New York's now, so that they are preferred while it works. */
	text = edit(
		text, "received: [198.18.0.0/16, 198.19.0.0/16]",
		"received: [198.18.1.0/25, 198.18.1.128/25, 198.18.2.0/24, 198.18.3.0/24, 198.18.64.0/19,\n"
		"     198.18.96.0/19, 198.18.128.0/21, 198.18.136.0/21, 198.19.0.0/17, 198.19.128.0/17]");
	judge_text(text, &p);
	assert_int_equal(red(&p, "inbound-symmetric", SEVERITY_ERROR, ""), 0);
	assert_int_equal(red(&p, "failures-symmetric", SEVERITY_ERROR, "without circuit nj-er, cloud"),
			 1);
	done(&p);
	free(text);
}

static const struct {
	const char *from, *to, *error;
} broken[] = {
	{ "next: branch", "next: brunch",
	  "routes.next: brunch: no such gateway or site; accepted: edge, head-office, branch" },
	{ "inside: head-office", "inside: edge",
	  "gateways.inside: edge: no such site; accepted: head-office, branch" },
	{ "name: dallas\n", "name: chicago\n", "circuits[chicago].name: stands twice (circuit, line " },
	{ "between: [head-office, edge]", "between: [edge]",
	  "firewalls[perimeter].between: 1 names; accepted: two, the inner one first" },
	{ "{from: internet, next: edge}", "{from: internet, to: [0.0.0.0/0], next: edge}",
	  "routes: both to and from; accepted: prefixes in `to`, or a circuit in `from`" },
	{ "segment: offices", "segment: office",
	  "locations.segment: office: no such segment; accepted: servers, offices, branch-offices" },
	{ "kind: internet", "kind: adsl",
	  "circuits[internet].kind: adsl: not a known word; accepted: internet, expressroute, other" },
	{ "heads: 500", "heads: many",
	  "locations[branch-users].heads: many: not a number; accepted: a whole number from 0 to 100000000" },
	{ "session: up", "session: maybe",
	  "links[chicago-primary].session: maybe: not a known word; accepted: up, down" },
	{ "    at: edge\n", "    at: perimeter\n", "source-nat: inbound-pool: perimeter is a firewall" },
	{ "prefixes: [198.18.128.0/20]", "feed: m365",
	  "destinations[sharepoint].feed: m365: no such feed" },
	{ "192.168.0.101", "192.168.9.101",
	  "services[exchange-hybrid].servers: 192.168.9.101: in no segment" },
	{ "    inside: head-office\n", "    inside: head-office\n    config: no.yaml\n",
	  "gateways[edge]: both config and policy" },
};

static void a_broken_plan_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct report report = { 0 };
		bool said = false;
		char *text;

		text = edit(slurp(SOUND), broken[i].from, broken[i].to);
		assert_null(read_text(text, &report));
		for (size_t k = 0; k < report.count; k++)
			said |= report.lines[k].line > 0 &&
				strstr(report.lines[k].text, broken[i].error);
		if (!said) {
			fprintf(stderr, "not said: %s\n", broken[i].error);
			print_report(&report);
		}
		assert_true(said);
		report_free(&report);
		free(text);
	}
}

/* A file of tests/data/dumps, wherever the plan is. */
static void dumped(char *out, size_t size, const char *format, const char *file)
{
	char cwd[256], path[320];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/tests/data/dumps/%s", cwd, file);
	snprintf(out, size, format, path);
}

static void dumps_stand_in_for_what_a_plan_says(void **state)
{
	const char *received =
		"    received: [198.18.1.0/24, 198.18.2.0/23, 198.18.128.0/20]\n    accepted: [203.0.113.32";
	char *text = slurp(SOUND), line[512];
	struct judged_plan p;

	(void)state;
	dumped(line, sizeof(line),
	       "    received: {bird: \"%s\", peer: chicago_primary}\n    accepted: [203.0.113.32",
	       "bird-routes.txt");
	text = edit(text, received, line);
	dumped(line, sizeof(line), "    accepted: {provider: \"%s\"}", "provider.json");
	text = edit(text, "    accepted: [203.0.113.32/28, 198.51.100.0/28]", line);
	text = edit(text, "lab: true", "lab: true, asn: 64512");
	dumped(line, sizeof(line), "chicago-secondary, session: {bird: \"%s\", peer: secondary}",
	       "bird-protocols.txt");
	text = edit(text, "chicago-secondary, session: up", line);
	judge_text(text, &p);
	assert_int_equal(paper_circuit(p.plan, "chicago")->received.at.count, 2);
	assert_int_equal(paper_circuit(p.plan, "chicago")->accepted.at.count, 2);
	assert_int_equal(red(&p, "sessions-up", SEVERITY_WARNING, "chicago-secondary"), 1);
	assert_int_equal(red(&p, "routes-received", SEVERITY_NOTE, "chicago receives 2 routes"), 1);
	assert_int_equal(red(&p, "pools-accepted", SEVERITY_ERROR, ""), 0);
	/* sharepoint is not received there, and goes by dallas; what comes in there is answered there. */
	assert_int_equal(errors(&p), 1);
	assert_int_equal(red(&p, "inbound-symmetric", SEVERITY_ERROR, "no route to 198.18.2.1"), 1);
	done(&p);
	free(text);
}

static void a_dump_that_is_none_is_refused_with_its_file(void **state)
{
	struct report report = { 0 };
	char *text = slurp(SOUND), line[512];

	(void)state;
	dumped(line, sizeof(line), "    accepted: {frr: \"%s\"}", "provider.json");
	text = edit(text, "    accepted: [203.0.113.32/28, 198.51.100.0/28]", line);
	assert_null(read_text(text, &report));
	assert_int_equal(report.errors, 2);
	assert_non_null(strstr(report.lines[0].file, "provider.json"));
	assert_non_null(strstr(report.lines[0].text, "no routes in it"));
	assert_non_null(strstr(report.lines[1].text, "circuits[chicago]"));
	report_free(&report);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenes_are_foretold),
		cmocka_unit_test(repairs_are_those_of_the_guide),
		cmocka_unit_test(a_repair_that_does_not_help_is_not_named),
		cmocka_unit_test(repairs_repair),
		cmocka_unit_test(what_goes_astray_when_a_circuit_fails_is_foretold),
		cmocka_unit_test(dumps_stand_in_for_what_a_plan_says),
		cmocka_unit_test(a_dump_that_is_none_is_refused_with_its_file),
		cmocka_unit_test(a_broken_plan_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
