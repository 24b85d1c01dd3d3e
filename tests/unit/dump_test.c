// SPDX-License-Identifier: GPL-2.0-only
/* Dumps as routers print them: which routes and sessions are in them, and what is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/dump.h"

#define DUMPS "tests/data/dumps/"

typedef int (*reader)(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);

static char *slurp(const char *name, size_t *size)
{
	char path[128], *text = calloc(1, 16 * 1024);
	FILE *in;

	snprintf(path, sizeof(path), DUMPS "%s", name);
	in = fopen(path, "r");
	assert_non_null(in);
	*size = fread(text, 1, 16 * 1024 - 1, in);
	fclose(in);
	return text;
}

static void list(struct dump *d, char *out, size_t size)
{
	char text[PREFIX_TEXT];
	size_t used = 0;

	out[0] = '\0';
	d->count = prefixes_order(d->at, d->count);
	for (size_t i = 0; i < d->count; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "",
					 prefix_text(&d->at[i], text));
}

static const struct {
	const char *file;
	reader read;
	struct dump_ask ask;
	const char *routes;
	size_t others;
} routes[] = {
	{ "bird-routes.txt",
	  dump_bird,
	  { 0 },
	  "198.18.1.0/24 198.18.2.0/23 203.0.113.192/26 2001:db8:e::/48",
	  0 },
	{ "bird-routes.txt",
	  dump_bird,
	  { .peer = "chicago_primary" },
	  "198.18.1.0/24 2001:db8:e::/48",
	  3 },
	{ "bird-routes.txt",
	  dump_bird,
	  { .peer = "chicago_secondary" },
	  "198.18.1.0/24 198.18.2.0/23",
	  3 },
	{ "bird-routes.txt", dump_bird, { .peer = "nobody" }, "", 5 },
	{ "bird1-routes.txt", dump_bird, { 0 }, "198.18.1.0/24 198.18.2.0/23", 0 },
	{ "bird1-routes.txt", dump_bird, { .peer = "dallas" }, "198.18.1.0/24", 2 },
	{ "frr-routes.txt",
	  dump_frr,
	  { 0 },
	  "10.0.0.0/8 198.18.1.0/24 198.18.2.0/23 198.18.64.0/18 2001:db8:e::/48",
	  0 },
	{ "frr-routes.txt", dump_frr, { .peer = "172.16.2.6" }, "198.18.1.0/24 198.18.2.0/23", 5 },
	{ "frr-rib.txt", dump_frr, { 0 }, "198.18.1.0/24 198.18.2.0/23", 0 },
	{ "frr-rib.txt", dump_frr, { .peer = "172.16.2.6" }, "198.18.1.0/24 198.18.2.0/23", 1 },
	{ "frr-routes.json", dump_frr, { 0 }, "198.18.1.0/24 198.18.2.0/23 2001:db8:e::/48", 1 },
	{ "frr-routes.json", dump_frr, { .peer = "172.16.2.6" }, "198.18.1.0/24 198.18.2.0/23", 2 },
	{ "frr-advertised.json", dump_frr, { 0 }, "203.0.113.32/28", 0 },
	{ "provider.json",
	  dump_provider,
	  { 0 },
	  "198.18.1.0/24 198.18.2.0/23 198.51.100.0/28 203.0.113.32/28",
	  0 },
	{ "provider.json",
	  dump_provider,
	  { .asn = 64512, .ours = true },
	  "198.51.100.0/28 203.0.113.32/28",
	  2 },
	{ "provider.json", dump_provider, { .asn = 64512 }, "198.18.1.0/24 198.18.2.0/23", 2 },
	{ "provider.json", dump_provider, { .asn = 807, .ours = true }, "", 4 },
	{ "provider-powershell.json",
	  dump_provider,
	  { .asn = 64512, .ours = true },
	  "203.0.113.32/28",
	  0 },
};

static void routes_are_read_as_they_are_printed(void **state)
{
	char found[512];

	(void)state;
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		size_t size;
		char *text = slurp(routes[i].file, &size);
		struct dump d;
		int err = routes[i].read(text, size, &routes[i].ask, &d);

		if (err)
			fprintf(stderr, "%s: %s\n", routes[i].file, d.why);
		assert_int_equal(err, 0);
		assert_int_equal(d.others, routes[i].others);
		list(&d, found, sizeof(found));
		assert_string_equal(found, routes[i].routes);
		dump_free(&d);
		free(text);
	}
}

static const struct {
	reader read;
	const char *text, *why;
	int line;
} refused[] = {
	{ dump_bird, "", "no route in it", 0 },
	{ dump_bird, "198.18.1.0/24 is what we want\n", "no route in it", 0 },
	{ dump_frr, "hello\n", "no route in it", 0 },
	{ dump_frr, "{\"a\": 1}", "no routes in it", 0 },
	{ dump_frr, "{\n\"routes\": {\n", "not JSON", 3 },
	{ dump_provider, "{\"error\": {\"code\": \"AuthorizationFailed\"}}", "no table", 0 },
	{ dump_provider, "[{\"network\": \"198.18.1.0\"}]", "row 1: 198.18.1.0: no network", 0 },
	{ dump_provider, "[{\"network\": \"198.18.1.0/24\"}, {\"nextHop\": \"192.0.2.1\"}]",
	  "row 2: (none)", 0 },
	{ dump_provider, "[{\"network\": \"\\u001b[31m\"}]", "row 1: ?[31m", 0 },
	{ dump_provider, "", "not JSON", 1 },
};

static void what_is_no_dump_is_refused(void **state)
{
	const struct dump_ask all = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct dump d;

		assert_int_equal(refused[i].read(refused[i].text, strlen(refused[i].text), &all, &d),
				 -EINVAL);
		if (strncmp(d.why, refused[i].why, strlen(refused[i].why)))
			fprintf(stderr, "said: %s\n", d.why);
		assert_memory_equal(d.why, refused[i].why, strlen(refused[i].why));
		assert_int_equal(d.line, refused[i].line);
		dump_free(&d);
	}
}

/* A table without routes is one all the same. */
static void an_empty_table_is_read(void **state)
{
	static const struct {
		reader read;
		const char *text;
	} empty[] = {
		{ dump_bird, "BIRD 2.0.12 ready.\n" },
		{ dump_frr, "{\"routes\": {}}" },
		{ dump_frr, "{}" },
		{ dump_frr, "BGP table version is 0, local router ID is 192.0.2.9, vrf id 0\n" },
		{ dump_provider, "[]" },
	};
	const struct dump_ask all = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		struct dump d;

		assert_int_equal(empty[i].read(empty[i].text, strlen(empty[i].text), &all, &d), 0);
		assert_int_equal(d.count, 0);
		dump_free(&d);
	}
}

static void sessions_are_read_as_they_are_printed(void **state)
{
	static const struct {
		const char *file;
		int (*read)(const char *, size_t, const char *, bool *, struct dump *);
		const char *peer;
		int err;
		bool up;
	} sessions[] = {
		{ "bird-protocols.txt", dump_bird_session, "primary", 0, true },
		{ "bird-protocols.txt", dump_bird_session, "secondary", 0, false },
		{ "bird-protocols.txt", dump_bird_session, "ours", -EINVAL, false },
		{ "bird-protocols.txt", dump_bird_session, NULL, -EINVAL, false },
		{ "frr-summary.txt", dump_frr_session, "172.16.2.2", 0, true },
		{ "frr-summary.txt", dump_frr_session, "172.16.2.6", 0, false },
		{ "frr-summary.txt", dump_frr_session, "172.16.2.9", -EINVAL, false },
		{ "frr-summary.json", dump_frr_session, "172.16.2.2", 0, true },
		{ "frr-summary.json", dump_frr_session, "172.16.2.6", 0, false },
		{ "frr-summary.json", dump_frr_session, NULL, -EINVAL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sessions) / sizeof(*sessions); i++) {
		bool up = false;
		struct dump d;
		size_t size;
		char *text = slurp(sessions[i].file, &size);

		assert_int_equal(sessions[i].read(text, size, sessions[i].peer, &up, &d),
				 sessions[i].err);
		if (!sessions[i].err)
			assert_int_equal(up, sessions[i].up);
		dump_free(&d);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_read_as_they_are_printed),
		cmocka_unit_test(what_is_no_dump_is_refused),
		cmocka_unit_test(an_empty_table_is_read),
		cmocka_unit_test(sessions_are_read_as_they_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
