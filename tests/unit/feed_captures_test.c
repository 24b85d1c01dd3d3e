// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real bodies of the endpoint web service against every figure that SOURCES.md beside them gives. They
 * are no part of the project: without them, at ../shared/feed or SAMEPATH_FEEDS, all is skipped aloud.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed.h"
#include "../../userspace/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct report report;

static const char *directory(void)
{
	const char *named = getenv("SAMEPATH_FEEDS"), *at = named ? named : "../shared/feed";

	if (!access(at, R_OK | X_OK))
		return at;
	print_message("SKIPPED: no feed captures at %s; SAMEPATH_FEEDS names another place\n", at);
	skip();
	return NULL;
}

/* As any feed is read: outside of a lab, with the shortest prefixes that are the default. */
static struct feed *capture(const char *name)
{
	static const struct feed_rules rules = { false, 8, 16 };
	char path[512];
	struct feed *f;

	snprintf(path, sizeof(path), "%s/endpoints-%s.json", directory(), name);
	f = feed_read("m365", FEED_MICROSOFT365, path, &rules, &report);
	if (!f)
		fail_msg("%s", report.lines[0].text);
	/* Nothing is unknown but the area MEM, where it is. */
	assert_int_equal(report.count, f->odd != NULL);
	assert_true(!f->odd || !strcmp(f->odd, "area MEM"));
	report_free(&report);
	return f;
}

static const struct feed_set *set_of(const struct feed *f, int id)
{
	for (size_t i = 0; i < f->set_count; i++)
		if (f->sets[i].id == id)
			return &f->sets[i];
	fail_msg("no set %d", id);
	return NULL;
}

struct figures {
	const char *file;
	size_t sets, with, optimize, allow, plain, expressroute, v4, v6, er4, er6, shared;
	size_t entries, most, ports, categories, areas,
		nested; /* most: sets that one prefix is in */
};

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* A prefix that stands in `same` sets. */
static void count_prefix(struct figures *n, const struct feed_entry *e, size_t same)
{
	bool er = false, ports = false, category = false, area = false;

	for (size_t i = 0; i < same; i++) {
		const struct feed_set *s = e[i].set;

		er |= s->expressroute;
		category |= s->category != e->set->category;
		area |= !same_text(s->area, e->set->area);
		ports |= !same_text(s->tcp_ports, e->set->tcp_ports) ||
			 !same_text(s->udp_ports, e->set->udp_ports);
	}
	*(e->prefix.family == 4 ? &n->v4 : &n->v6) += 1;
	*(e->prefix.family == 4 ? &n->er4 : &n->er6) += er;
	n->shared += same > 1;
	n->ports += ports;
	n->categories += category;
	n->areas += area;
	if (same > n->most)
		n->most = same;
}

static struct figures count(const struct feed *f)
{
	struct figures n = { .sets = f->set_count };
	struct feed_entry *e;
	size_t same;

	for (size_t i = 0; i < f->set_count; i++) {
		n.with += f->sets[i].prefix_count != 0;
		n.optimize += f->sets[i].category == CATEGORY_OPTIMIZE;
		n.allow += f->sets[i].category == CATEGORY_ALLOW;
		n.plain += f->sets[i].category == CATEGORY_DEFAULT;
		n.expressroute += f->sets[i].expressroute;
	}
	assert_int_equal(feed_entries(f, &e, &n.entries), 0);
	for (size_t i = 0; i < n.entries; i += same) {
		for (same = 0;
		     i + same < n.entries && prefix_equal(&e[i].prefix, &e[i + same].prefix);
		     same++)
			;
		count_prefix(&n, e + i, same);
		/* In order, what lies inside a prefix follows it. */
		for (size_t j = i + same;
		     j < n.entries && prefix_contains(&e[i].prefix, &e[j].prefix); j++)
			n.nested += !prefix_equal(&e[j - 1].prefix, &e[j].prefix);
	}
	free(e);
	return n;
}

static void captures_have_their_figures(void **state)
{
	static const struct figures want[] = {
		{ "worldwide-v2020070800", 114, 16, 3, 13, 98, 16, 52, 113, 52, 113, 142, 402, 5,
		  107, 42, 0, 0 },
		{ "worldwide-v2020080600", 114, 16, 3, 13, 98, 16, 51, 113, 51, 113, 141, 398, 5,
		  106, 41, 0, 0 },
		{ "worldwide-committed-20240424", 107, 15, 3, 12, 92, 15, 38, 93, 38, 93, 71, 294,
		  5, 71, 41, 0, 0 },
		{ "worldwide-mem-20251201", 79, 11, 3, 8, 68, 10, 115, 59, 34, 59, 36, 210, 2, 36,
		  30, 0, 0 },
		{ "usgovdod-20251201", 25, 9, 3, 6, 16, 11, 22, 12, 22, 12, 2, 36, 2, 2, 0, 1, 2 },
		{ "china-20251201", 22, 12, 2, 10, 10, 0, 59, 17, 0, 0, 41, 117, 2, 41, 26, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		struct feed *f = capture(want[i].file);
		struct figures n = count(f);

		for (size_t j = 0; j < (sizeof(n) - sizeof(n.file)) / sizeof(size_t); j++)
			if ((&n.sets)[j] != (&want[i].sets)[j])
				fail_msg("%s: figure %zu is %zu, not %zu", want[i].file, j,
					 (&n.sets)[j], (&want[i].sets)[j]);
		feed_free(f);
	}
}

/* 191.234.140.0/22 leaves sets 1, 2, 5, 6, and nothing else happens. */
static void pair_of_2020_differs_by_one_prefix(void **state)
{
	struct feed *before = capture("worldwide-v2020070800"),
		    *after = capture("worldwide-v2020080600");
	struct prefix gone;
	const char *why;

	(void)state;
	assert_int_equal(prefix_parse("191.234.140.0/22", &gone, &why), 0);
	assert_int_equal(before->set_count, after->set_count);
	for (size_t i = 0; i < before->set_count; i++) {
		const struct feed_set *a = &before->sets[i], *b = &after->sets[i];
		size_t kept = 0, left = 0;

		assert_int_equal(a->id, b->id);
		for (size_t j = 0; j < a->prefix_count; j++)
			if (prefix_equal(&a->prefixes[j], &gone))
				left++;
			else
				assert_true(kept < b->prefix_count &&
					    prefix_equal(&a->prefixes[j], &b->prefixes[kept++]));
		assert_int_equal(kept, b->prefix_count);
		assert_int_equal(left, a->id == 1 || a->id == 2 || a->id == 5 || a->id == 6);
		assert_true(same_text(a->tcp_ports, b->tcp_ports) &&
			    same_text(a->udp_ports, b->udp_ports));
		assert_true(a->category == b->category && a->expressroute == b->expressroute);
	}
	feed_free(before);
	feed_free(after);
}

static void set_has(const struct feed *f, int id, const char *area, const char *tcp,
		    const char *udp)
{
	const struct feed_set *s = set_of(f, id);

	if (!same_text(s->area, area) || !same_text(s->tcp_ports, tcp) ||
	    !same_text(s->udp_ports, udp))
		fail_msg("set %d: %s, tcp %s, udp %s", id, s->area, s->tcp_ports, s->udp_ports);
}

/* What hand-written samples tend to miss. */
static void captures_have_what_samples_miss(void **state)
{
	struct feed *f = capture("worldwide-mem-20251201");

	(void)state;
	set_has(f, 1, "Exchange", "80,443", "443"); /* QUIC */
	set_has(f, 12, "Skype", "80,443", "443");
	set_has(f, 31, "SharePoint", "80,443", "443");
	set_has(f, 2, "Exchange", "143,587,993,995", NULL); /* blanks between them */
	set_has(f, 47, "Common", "80,443", "443"); /* the other way round */
	set_has(f, 71, "Common", "80,443", NULL);
	set_has(f, 11, "Skype", NULL, "3478,3479,3480,3481");
	assert_int_equal(set_of(f, 11)->url_count, 0);
	assert_string_equal(set_of(f, 163)->area, "MEM"); /* in no document */
	assert_int_equal(set_of(f, 163)->prefix_count, 81);
	assert_false(set_of(f, 163)->expressroute);
	feed_free(f);
	f = capture("usgovdod-20251201");
	assert_true(set_of(f, 4)->expressroute && set_of(f, 5)->expressroute);
	assert_int_equal(set_of(f, 4)->prefix_count + set_of(f, 5)->prefix_count, 0);
	feed_free(f);
}

static void captures_have_host_routes(void **state)
{
	struct feed *f = capture("worldwide-v2020080600");
	struct feed_entry *e;
	size_t count, hosts4 = 0, hosts6 = 0;

	(void)state;
	assert_int_equal(feed_entries(f, &e, &count), 0);
	for (size_t i = 0; i < count; i++)
		if (!i || !prefix_equal(&e[i - 1].prefix, &e[i].prefix)) {
			hosts4 += e[i].prefix.family == 4 && e[i].prefix.length == 32;
			hosts6 += e[i].prefix.family == 6 && e[i].prefix.length == 128;
		}
	free(e);
	feed_free(f);
	assert_int_equal(hosts4, 21);
	assert_int_equal(hosts6, 56);
}

static int teardown(void **state)
{
	(void)state;
	report_free(&report);
	memset(&report, 0, sizeof(report));
	return 0;
}

#define T(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(captures_have_their_figures),
		T(pair_of_2020_differs_by_one_prefix),
		T(captures_have_what_samples_miss),
		T(captures_have_host_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
