// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every broken configuration of tests/data/broken against the lines that a person gets to read, and
 * what must not be refused. Runs from the repository root: the messages hold the paths as given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glob.h>
#include <unistd.h>
#define print_error cmocka_print_error /* print.h has one of its own */
#include <cmocka.h>
#undef print_error
#include "../../userspace/check.h"
#include "../../userspace/config_read.h"
#include "../../userspace/paper_read.h"
#include "../../userspace/print.h"
#include "../../maps/types.h"

#define BROKEN "tests/data/broken/"
#define BROKEN_MIN 15

static char *slurp(const char *file)
{
	size_t size = 0, room = 64 * 1024;
	char *text = calloc(1, room);
	FILE *in = fopen(file, "r");

	if (!in)
		fail_msg("%s: not there", file);
	size = fread(text, 1, room - 1, in);
	assert_true(size < room - 1);
	fclose(in);
	return text;
}

/* What the command writes: the report goes through its own printer, in its own order. */
static char *printed(const struct report *report)
{
	FILE *saved = stderr;
	char *text = NULL;
	size_t size = 0;

	stderr = open_memstream(&text, &size);
	assert_non_null(stderr);
	report_print(report);
	fclose(stderr);
	stderr = saved;
	return text;
}

/* Checks a file; the text of its report, to be freed, and whether it was found sound. */
static char *checked(const char *file, bool *sound)
{
	struct report report = { 0 };
	struct feeds feeds;
	struct config *c = check_all(file, NULL, &feeds, &report);
	char *text = printed(&report);

	*sound = c != NULL;
	assert_true(*sound == (report.errors == 0));
	if (c)
		feeds_free(&feeds);
	config_free(c);
	report_free(&report);
	return text;
}

static int one_differs(const char *file)
{
	char name[256], *want, *got;
	bool sound;
	int differs;

	snprintf(name, sizeof(name), "%.*s.expected", (int)(strlen(file) - strlen(".yaml")), file);
	want = slurp(name);
	got = checked(file, &sound);
	differs = sound || !want[0] || strcmp(want, got);
	if (differs)
		fprintf(stderr, "%s: %s, wanted\n%s\ngot\n%s", file, sound ? "found sound" : "refused", want, got);
	free(want);
	free(got);
	return differs;
}

static void broken_files_are_refused_with_these_lines(void **state)
{
	int differ = 0;
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob(BROKEN "*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= BROKEN_MIN);
	for (i = 0; i < found.gl_pathc; i++)
		differ += one_differs(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(differ, 0);
}

static void every_line_names_a_file(void **state)
{
	char *text, *line, *rest;
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob(BROKEN "*.expected", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		text = slurp(found.gl_pathv[i]);
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			if (strncmp(line, "tests/data/", 11) || !strstr(line, ": "))
				fail_msg("%s: %s", found.gl_pathv[i], line);
		free(text);
	}
	globfree(&found);
}

static void sample_passes(void **state)
{
	bool sound;
	char *text = checked("userspace/samepath.yaml", &sound);

	(void)state;
	assert_true(sound);
	/* Its feed is fetched from the service, so its class is not known here: that is said, not refused. */
	assert_non_null(strstr(text, "warning: "));
	free(text);
}

#define HEAD \
	"gateway: {name: t, lab: true}\n" \
	"inside: {interfaces: [lan0], segments: [{name: campus, prefixes: [10.0.0.0/8]}]}\n" \
	"circuits:\n"
#define NET "  - {name: net, kind: internet, links: [{interface: wan0}], outbound-pool: [203.0.113.0/28]"
#define EXPRESS "  - {name: er, kind: expressroute, table: 7, links: [{interface: er0}]"
#define OPEN NET ", inbound-pool: [10.9.0.0/28], advertise: [203.0.113.0/28, 198.51.100.0/24]"
#define SERVE(keys) "services: [{name: a, circuits: [net], " keys "}]\n"
/* The file that holds this is in build/, and sources are relative to it. */
#define FED(format, file, keys) \
	HEAD "  - {name: net, kind: internet, links: [{interface: wan0}], outbound-pool: [198.19.250.0/28]" \
	"}\nfeeds: [{name: f, format: " format ", source: ../tests/data/feeds/" file "}]\n" \
	"classes: [{name: k, feed: f, " keys "}]\n"
#define RULES "policy:\n  - {from: [campus], to: [any], circuits: [net], otherwise: drop}\n"

#define SEEDED(keys) \
	HEAD "  - {name: net, kind: internet, links: [{interface: wan0}], outbound-pool: [198.19.250.0/28]" \
	"}\nfeeds: [{name: f, format: google, " \
	"source: \"https://www.example.com/cloud.json\", seed: ../tests/data/feeds/google-cloud.json}]\n" \
	"classes:\n  - {name: k, feed: f, " keys "}\n"

/* `says`: a part of what is said, NULL when nothing may be. */
static const struct row {
	const char *claim, *text, *says;
	bool sound;
} rows[] = {
	{ "smallest", HEAD NET "}\n" RULES, NULL, true },
	{ "inbound pool inside a segment", HEAD NET ", inbound-pool: [10.9.0.0/21]}\n" RULES, NULL, true },
	{ "inbound pool of too many /24s", HEAD NET ", inbound-pool: [10.9.0.0/22, 10.9.8.0/22, 10.9.5.1]}\n" RULES,
	  "circuits[net].inbound-pool: 10.9.5.1/32: too many ranges of IPv4", false },
	{ "inbound pool around a segment", HEAD NET ", inbound-pool: [10.0.0.0/7]}\n" RULES,
	  "overlaps 10.0.0.0/8 of campus", false },
	{ "shorter prefix on internet", HEAD NET ", advertise: [203.0.113.0/24]}\n"
	  EXPRESS ", outbound-pool: [203.0.113.32/28], advertise: [203.0.113.32/28]}\n" RULES, NULL, true },
	{ "longer prefix on internet", HEAD NET ", advertise: [203.0.113.40/29]}\n"
	  EXPRESS ", outbound-pool: [203.0.113.32/28], advertise: [203.0.113.32/28]}\n" RULES,
	  "draws replies to the pool 203.0.113.32/28 of er (line 5) away", false },
	{ "private pool of kind other", "gateway: {name: t}\n"
	  "inside: {interfaces: [lan0], segments: [{name: campus, prefixes: [10.0.0.0/8]}]}\n"
	  "circuits:\n  - {name: net, kind: other, links: [{interface: wan0}], outbound-pool: [172.16.0.0/28]}\n"
	  RULES, NULL, true },
	{ "one pool twice in one circuit", HEAD NET ", inbound-pool: [192.168.1.0/24, 192.168.1.7]}\n" RULES,
	  "circuits[net].inbound-pool: 192.168.1.7/32: overlaps 192.168.1.0/24 of net", false },
	{ "pools of two kinds in one circuit", HEAD NET ", inbound-pool: [203.0.113.0/30]}\n" RULES,
	  "inbound-pool: 203.0.113.0/30: overlaps 203.0.113.0/28 of net", false },
	{ "device of the inside as link", HEAD NET "}\n  - {name: er, kind: other, links: [{interface: lan0}]}\n"
	  RULES, "links: lan0: belongs to the inside already (line 2)", false },
	{ "one tag, two spellings", HEAD NET "}\n"
	  "  - {name: er, kind: other, links: [{interface: er0.100}, {interface: er0.0100}]}\n" RULES,
	  "er0.0100: belongs to", false },
	{ "two tags, two spellings", HEAD NET "}\n"
	  "  - {name: er, kind: other, links: [{interface: er0.07.100}, {interface: er0.7.0100}]}\n" RULES,
	  "er0.7.0100: belongs to er already", false },
	{ "tags of one trunk", HEAD NET "}\n  - {name: er, kind: other, links: [{interface: er0}, "
	  "{interface: er0.7}, {interface: er0.100}, {interface: er0.7.100}, {interface: er1.7.100}]}\n" RULES,
	  NULL, true },
	{ "two tags of one device", HEAD NET "}\n"
	  "  - {name: er, kind: other, links: [{interface: er0.100}, {interface: er0.101}, {interface: er0}]}\n"
	  RULES, NULL, true },
	{ "timeout below its RFC", HEAD NET "}\n" RULES "timeouts: {tcp-established: 60}\n",
	  "warning: timeouts.tcp-established: 60: below the 7440 seconds of RFC 5382 REQ-5", true },
	{ "table 252", HEAD NET ", table: 252}\n" RULES, NULL, true },
	{ "table 255", HEAD NET ", table: 255}\n" RULES, "255: the kernel's own", false },
	{ "any beside a class", HEAD NET "}\nclasses: [{name: k, prefixes: [198.18.7.0/24]}]\n"
	  "policy: [{from: [campus], to: [k, any], circuits: [net], otherwise: drop}]\n",
	  "policy.to: any: beside classes", false },
	{ "class of nothing", HEAD NET "}\nclasses: [{name: k}]\n" RULES, "selects nothing", false },
	{ "selection without feed", HEAD NET "}\nclasses: [{name: k, areas: [Exchange],"
	  " prefixes: [198.18.7.0/24]}]\n" RULES, "classes[k].areas: selects from a feed; accepted: with feed", false },
	{ "every selector of one format", FED("azure-service-tags", "azure-service-tags.json",
	  "names: [Storage.*], services: [azurestorage], regions: [WestUS2]") RULES, NULL, true },
	{ "every selector of AWS", FED("aws-ip-ranges", "aws-ip-ranges.json",
	  "services: [EC2], regions: [us-east-1], groups: [us-east-1-bos-1]") RULES, NULL, true },
	{ "a service with a blank", FED("google", "google-cloud.json",
	  "services: [Google Cloud], regions: [global]") RULES, NULL, true },
	{ "areas of Azure", FED("azure-service-tags", "azure-service-tags.json", "areas: [Exchange]") RULES,
	  "classes[k].areas: no tag of the format azure-service-tags; accepted: names, services, regions",
	  false },
	{ "names of AWS", FED("aws-ip-ranges", "aws-ip-ranges.json", "names: [S3]") RULES,
	  "classes[k].names: no tag of the format aws-ip-ranges; accepted: services, regions, groups", false },
	{ "groups of Google", FED("google", "google-cloud.json", "groups: [global]") RULES,
	  "classes[k].groups: no tag of the format google; accepted: services, regions\n", false },
	{ "ids of a list", FED("cidr-lines", "cidr-lines.txt", "ids: [1]") RULES,
	  ":6: classes[k].ids: no tag of the format cidr-lines; accepted: no selector", false },
	{ "required of a list", FED("cidr-lines", "cidr-lines.txt", "required: false") RULES,
	  "classes[k].required: no tag", false },
	{ "expressroute of a list", FED("cidr-lines", "cidr-lines.txt", "expressroute: true") RULES,
	  "classes[k].expressroute: no tag", false },
	{ "regions of Microsoft 365", FED("microsoft365", "microsoft365.json", "regions: [eu]") RULES,
	  "the format microsoft365; accepted: areas, categories, ids, required, expressroute", false },
	{ "star within a name", FED("azure-service-tags", "azure-service-tags.json", "names: [\"St*e\"]")
	  RULES, "classes[k].names: St*e: a * within; accepted: a name, or its beginning and *", false },
	{ "excepting all that there is", HEAD NET "}\nclasses: [{name: a, prefixes: [198.18.0.0/16]},\n"
	  "  {name: b, prefixes: [198.18.7.0/24], except: [a]}]\n" RULES,
	  ":6: classes[b]: selects no prefix", false },
	{ "excepting itself", HEAD NET "}\nclasses: [{name: a, prefixes: [198.18.0.0/16], except: [a]}]\n"
	  RULES, "classes[a].except: a: not written before it; accepted: an earlier class", false },
	{ "excepting twice", HEAD NET "}\nclasses: [{name: a, prefixes: [198.18.0.0/24]},\n"
	  "  {name: b, prefixes: [198.18.0.0/16], except: [a, a]}]\n" RULES,
	  ":6: classes.except: a: stands twice; accepted: each name once", false },
	{ "excepting what is not fetched yet", HEAD NET "}\nfeeds: [{name: f, format: google, "
	  "source: \"https://www.example.com/cloud.json\"}]\nclasses: [{name: a, feed: f},\n"
	  "  {name: b, prefixes: [198.18.0.0/16], except: [a]}]\n" RULES, "warning: ", true },
	{ "class that its source has emptied", SEEDED("services: [Nothing]") RULES,
	  ":7: warning: classes[k]: selects no prefix of feed f", true },
	{ "rule behind what a source has published", SEEDED("services: [Google Cloud]")
	  "  - {name: l, prefixes: [198.18.4.9]}\n"
	  "policy:\n  - {from: [campus], to: [k], circuits: [net], otherwise: drop}\n"
	  "  - {from: [campus], to: [l], circuits: [net], otherwise: drop}\n"
	  "  - {from: [campus], to: [any], circuits: [net], otherwise: drop}\n",
	  "warning: policy[line 11]: no packet can reach this rule", true },
	{ "rule behind any, whatever is published", SEEDED("services: [Google Cloud]")
	  "policy:\n  - {from: [campus], to: [any], circuits: [net], otherwise: drop}\n"
	  "  - {from: [campus], to: [k], circuits: [net], otherwise: drop}\n",
	  "policy[line 10]: no packet can reach this rule", false },
	{ "more pool prefixes than fit", HEAD "  - {name: net, kind: internet, links: [{interface: wan0}],"
	  " outbound-pool: [192.0.2.0, 192.0.2.2, 192.0.2.4, 192.0.2.6, 192.0.2.8, 192.0.2.10, 192.0.2.12,"
	  " 192.0.2.14, 192.0.2.16, 192.0.2.18, 192.0.2.20, 192.0.2.22, 192.0.2.24, 192.0.2.26, 192.0.2.28,"
	  " 192.0.2.30, 192.0.2.32]}\n" RULES, "too many IPv4 prefixes", false },
	{ "more links than fit", HEAD "  - {name: net, kind: internet, links: [{interface: a0}, {interface: a1},"
	  " {interface: a2}, {interface: a3}, {interface: a4}, {interface: a5}, {interface: a6},"
	  " {interface: a7}, {interface: a8}]}\n" RULES, "circuits[net].links: 9: too many", false },
	{ "probe of an inside address", HEAD "  - {name: net, kind: internet, links: [{interface: a0,\n"
	  "     check: tcp/10.1.2.3:80}]}\n" RULES,
	  ":5: circuits[net].links[a0].check: 10.1.2.3: is in 10.0.0.0/8 of segment campus (line 2)", false },
	{ "probe beyond the next hop", HEAD NET ", table: 7}\n"
	  "  - {name: er, kind: other, table: 8, links: [{interface: a0, check: icmp/192.0.2.1}]}\n" RULES, NULL,
	  true },
	{ "more next hops than fit", HEAD "  - {name: net, kind: internet, table: 7, links: [{interface: a0,"
	  " next-hop: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5, 192.0.2.6, 192.0.2.7, 192.0.2.8,"
	  " 192.0.2.9, 192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13, 192.0.2.14, 192.0.2.15, 192.0.2.16,"
	  " 192.0.2.17, \"2001:db8::1\"]}]}\n" RULES, "next-hop: too many of IPv4", false },
	{ "public address of the outbound pool", HEAD OPEN "}\n" RULES
	  SERVE("public: 203.0.113.5, ports: [tcp/443], servers: [10.0.0.1]"), NULL, true },
	{ "server with the public address, in no segment", HEAD OPEN "}\n" RULES
	  SERVE("public: 203.0.113.5, ports: [tcp/443], servers: [203.0.113.5], source-nat: none"), NULL, true },
	{ "icmp asks servers of udp", HEAD OPEN "}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [udp/53], servers: [10.0.0.1], check: icmp"), NULL, true },
	{ "one port behind many", HEAD OPEN "}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [tcp/80, tcp/443, icmp], servers: [10.0.0.1], server-port: 8080"),
	  NULL, true },
	{ "port behind udp", HEAD OPEN "}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [udp/53], servers: [10.0.0.1], server-port: 5353"), NULL, true },
	{ "reset beside udp", HEAD OPEN "}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [tcp/53, udp/53], servers: [10.0.0.1], all-down: reset"), NULL,
	  true },
	{ "server without public address of its family", HEAD OPEN "}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [tcp/1], servers: [10.0.0.1, \"2001:db8::1\"]"),
	  "in no segment", false },
	{ "no server for IPv6", HEAD "  - {name: net, kind: other, links: [{interface: wan0}], "
	  "advertise: [\"::/0\", 0.0.0.0/0]}\n" RULES
	  SERVE("public: [198.51.100.5, \"2001:db8::5\"], ports: [tcp/1], servers: [10.0.0.1], source-nat: none"),
	  "2001:db8::5: no server of IPv6", false },
	{ "server of a family that is not published", HEAD OPEN "}\n"
	  RULES SERVE("public: \"198.51.100.5\", ports: [tcp/1], servers: [10.0.0.1, \"2001:db8::1\"]"),
	  "warning: services[a].servers: 2001:db8::1: no public address of IPv6; it gets no flow", false },
	{ "closed circuit", HEAD OPEN ", inbound: off}\n" RULES
	  SERVE("public: 198.51.100.5, ports: [tcp/1], servers: [10.0.0.1]"),
	  "warning: services[a].circuits: net: says inbound: off (line 4); nothing new comes in there", true },
	{ "private public address toward a partner", "gateway: {name: t}\n"
	  "inside: {interfaces: [lan0], segments: [{name: campus, prefixes: [10.0.0.0/8]}]}\n"
	  "circuits:\n  - {name: net, kind: other, links: [{interface: wan0}], advertise: [172.16.9.0/24]}\n"
	  RULES SERVE("public: 172.16.9.9, ports: [tcp/1], servers: [10.0.0.1], source-nat: none"), NULL, true },
	{ "special public address", HEAD OPEN "}\n" RULES
	  SERVE("public: 127.0.0.1, ports: [tcp/1], servers: [10.0.0.1]"),
	  "services[a].public: 127.0.0.1: holds special addresses; accepted: a public address\n", false },
	{ "pass-through of two addresses", HEAD OPEN "}\n" RULES
	  SERVE("public: [203.0.113.5, 203.0.113.6], ports: [tcp/1], servers: [203.0.113.5, 203.0.113.6], "
		"source-nat: none"),
	  "servers: 203.0.113.6: beside a server that has the public address itself", false },
	{ "same address, other port", HEAD OPEN "}\n" RULES
	  "services:\n"
	  "  - {name: a, public: 198.51.100.5, ports: [tcp/443], servers: [10.0.0.1], circuits: [net]}\n"
	  "  - {name: b, public: 198.51.100.5, ports: [udp/443], servers: [10.0.0.1], circuits: [net]}\n",
	  NULL, true },
};

static int row_differs(const struct row *row)
{
	char file[] = "build/check-XXXXXX", *text;
	int fd = mkstemp(file);
	bool sound, said;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, row->text, strlen(row->text)), (long)strlen(row->text));
	close(fd);
	text = checked(file, &sound);
	unlink(file);
	said = row->says ? strstr(text, row->says) != NULL : !text[0];
	if (sound != row->sound || !said)
		fprintf(stderr, "%s: %s: %s\n", row->claim, sound ? "sound" : "refused", text);
	free(text);
	return sound != row->sound || !said;
}

static void rows_hold(void **state)
{
	int differ = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		differ += row_differs(&rows[i]);
	assert_int_equal(differ, 0);
}

static void no_more_services_than_have_numbers(void **state)
{
	static struct config_service services[SERVICES_MAX];
	struct config c = { .file = "many", .services = services, .service_count = SERVICES_MAX };
	struct report report = { 0 };

	(void)state;
	for (int i = 0; i < SERVICES_MAX; i++) {
		services[i].name = calloc(1, 16);
		snprintf(services[i].name, 16, "s%d", i);
		services[i].line = i + 1;
	}
	config_check(&c, &report);
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.lines[0].line, SERVICES_MAX);
	assert_non_null(strstr(report.lines[0].text, "services: 1024: too many; accepted: at most 1023"));
	report_free(&report);
	memset(&report, 0, sizeof(report));
	c.service_count--;
	config_check(&c, &report);
	assert_int_equal(report.errors, 0);
	for (int i = 0; i < SERVICES_MAX; i++)
		free(services[i].name);
	report_free(&report);
}

static void json_holds_the_same_place(void **state)
{
	struct report report = { 0 };
	struct feeds feeds;
	FILE *saved = stdout;
	char *text = NULL;
	size_t size = 0;

	(void)state;
	assert_null(check_all(BROKEN "01-lab-misspelt.yaml", NULL, &feeds, &report));
	stdout = open_memstream(&text, &size);
	print_json = true;
	report_print(&report);
	print_json = false;
	fclose(stdout);
	stdout = saved;
	assert_non_null(strstr(text, "\"file\": \"" BROKEN "01-lab-misspelt.yaml\""));
	assert_non_null(strstr(text, "\"line\": 2"));
	assert_non_null(strstr(text, "\"text\": \"gateway.lab: flase: not a boolean; accepted: true, false\""));
	free(text);
	report_free(&report);
}

/* Code and manual cannot drift apart: each key has a paragraph or a heading of its own. */
static int keys_missing(const struct object *object, const char *manual)
{
	const struct field *f;
	char item[64], heading[64];
	int missing = 0;

	for (f = object->fields; f->key; f++) {
		snprintf(item, sizeof(item), "\n.It Cm %s%s\n", f->key, f->required ? " No ( Em required )" : "");
		snprintf(heading, sizeof(heading), "\n.Ss %s%s\n", f->key, f->required ? " (required)" : "");
		if (!strstr(manual, item) && !strstr(manual, heading)) {
			fprintf(stderr, "samepath.8: %s%s: not there\n", f->key, f->required ? ", required" : "");
			missing++;
		}
		/* Of an object in one line, such as mapping, the keys are in the paragraph. */
		if (f->object && f->type == FIELD_OBJECTS)
			missing += keys_missing(f->object, manual);
		else if (f->object && strstr(manual, heading))
			missing += keys_missing(f->object, manual);
	}
	return missing;
}

static void the_manual_has_every_key(void **state)
{
	char *manual = slurp("userspace/samepath.8");

	(void)state;
	assert_int_equal(keys_missing(&config_object, manual), 0);
	assert_int_equal(keys_missing(&paper_object, manual), 0);
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_files_are_refused_with_these_lines),
		cmocka_unit_test(every_line_names_a_file),
		cmocka_unit_test(sample_passes),
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(no_more_services_than_have_numbers),
		cmocka_unit_test(json_holds_the_same_place),
		cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
