// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of a fetched feed: read back as it was written, and never trusted when it is damaged. */
#include "feed_help.h"
#include "../../userspace/feed_state_file.h"

static void versions_that_fit(void **state)
{
	static const char *const good[] = { "1", "2024010100", "a", "A-b_c.d", "0123456789abcdef",
					    "2024010100.deadbeef", "0-", "a234567890123456789012345678901234567890" };
	static const char *const bad[] = { "", ".", "..", ".a", "-x", "_", "a/b", "a b", "a\n", "\xc3\xa4", "a:b",
					   "a2345678901234567890123456789012345678901" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!feed_version_fits(good[i]))
			fail_msg("%s was refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (feed_version_fits(bad[i]))
			fail_msg("%s was accepted", bad[i]);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void versions_are_older_or_newer(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {
		{ "2024010100", "2024010100", 0 },
		{ "2024010100", "2024010101", -1 },
		{ "2023123100", "2024010100", -1 },
		{ "99", "100", -1 }, /* by value, not by character */
		{ "9", "18446744073709551617", -1 },
		{ "18446744073709551616", "18446744073709551617", -1 }, /* above 64 bits */
		{ "0099", "99", 0 },
		{ "0099", "100", -1 },
		{ "000", "0", 0 },
		{ "a", "b", -1 },
		{ "00ff00ff00ff00ff", "ff00ff00ff00ff00", -1 },
		/* A suffix tells two bodies of one version apart, and is newer than none. */
		{ "99.00000001", "99", 1 },
		{ "99.00000001", "99.00000002", -1 },
		{ "99.deadbeef", "100", -1 },
		{ "99", "100.00000001", -1 },
		{ "99.deadbeef", "100.00000001", -1 },
		{ "2024010100.ffffffff", "2024010101", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (sign(feed_version_compare(rows[i].a, rows[i].b)) != rows[i].order)
			fail_msg("%s to %s is not %d", rows[i].a, rows[i].b, rows[i].order);
		if (sign(feed_version_compare(rows[i].b, rows[i].a)) != -rows[i].order)
			fail_msg("%s to %s is not %d", rows[i].b, rows[i].a, -rows[i].order);
	}
}

static void digest_tells_bodies_apart_and_is_never_zero(void **state)
{
	(void)state;
	assert_true(feed_digest("", 0) == 0xcbf29ce484222325ULL); /* the published start of FNV-1a */
	assert_true(feed_digest("a", 1) == 0xaf63dc4c8601ec8cULL);
	assert_true(feed_digest("ab", 2) != feed_digest("ba", 2));
	assert_true(feed_digest("a\0", 2) != feed_digest("a", 1));
}

/* Every field has a value of its own, so that two that are swapped are seen. */
static void fill(struct feed_state *s)
{
	static struct feed_pending dated[2];

	*s = state_now();
	keep(s, "2024010100", "'198.18.1.0/24'", false);
	keep(s, "2024020100", "'198.18.2.0/24'", false);
	keep(s, "2024030100.0badcafe", "'198.18.3.0/24'", true);
	s->kept[0].fetched = 101;
	s->kept[1].fetched = 102;
	s->kept[2].left = 103;
	strcpy(s->in_force, "2024020100");
	strcpy(s->held, "2024030100.0badcafe");
	strcpy(s->why_held, "27 of 50 prefixes leave, above 20 %");
	s->ipv4 = 11;
	s->ipv6 = 12;
	strcpy(s->etag, "\"a\\b\"");
	strcpy(s->modified, "Tue, 14 Nov 2023 00:00:00 GMT");
	strcpy(s->request, "asked");
	strcpy(s->tried, "tried");
	s->checked = 201;
	s->changed = 202;
	s->next = 203;
	s->wake = 204;
	s->failures = 7;
	strcpy(s->error, "m\xc3\xbc" "de");
	dated[0] = (struct feed_pending){ 1, prefix_of("198.18.9.0/24"), "20240401" };
	dated[1] = (struct feed_pending){ 2, prefix_of("2001:db8:9::/48"), "20240501" };
	s->dated = calloc(2, sizeof(*dated));
	assert_non_null(s->dated);
	memcpy(s->dated, dated, sizeof(dated));
	s->dated_count = 2;
	s->change = strdup("{\"line\":1}");
	assert_non_null(s->change);
}

static void same_kept(const struct feed_kept *a, const struct feed_kept *b)
{
	assert_string_equal(a->version, b->version);
	assert_int_equal(a->held, b->held);
	assert_true(a->digest == b->digest && a->fetched == b->fetched && a->left == b->left);
}

static void same_state(const struct feed_state *a, const struct feed_state *b)
{
	assert_string_equal(a->directory, b->directory);
	assert_int_equal(a->kept_count, b->kept_count);
	for (size_t i = 0; i < a->kept_count; i++)
		same_kept(&a->kept[i], &b->kept[i]);
	assert_string_equal(a->in_force, b->in_force);
	assert_string_equal(a->held, b->held);
	assert_string_equal(a->why_held, b->why_held);
	assert_int_equal(a->ipv4, b->ipv4);
	assert_int_equal(a->ipv6, b->ipv6);
	assert_string_equal(a->etag, b->etag);
	assert_string_equal(a->modified, b->modified);
	assert_string_equal(a->request, b->request);
	assert_string_equal(a->tried, b->tried);
	assert_true(a->checked == b->checked && a->changed == b->changed && a->next == b->next &&
		    a->wake == b->wake);
	assert_int_equal(a->failures, b->failures);
	assert_string_equal(a->error, b->error);
	assert_int_equal(a->dated_count, b->dated_count);
	for (size_t i = 0; i < a->dated_count; i++) {
		assert_int_equal(a->dated[i].set, b->dated[i].set);
		assert_true(prefix_equal(&a->dated[i].prefix, &b->dated[i].prefix));
		assert_string_equal(a->dated[i].date, b->dated[i].date);
	}
	assert_int_equal(!a->change, !b->change);
	if (a->change)
		assert_string_equal(a->change, b->change);
	assert_int_equal(a->damaged, b->damaged);
}

static void what_is_written_is_read_back(void **state)
{
	struct feed_state s, again, copy;

	(void)state;
	fill(&s);
	assert_int_equal(feed_state_write(&s), 0);
	again = state_now();
	same_state(&s, &again);
	assert_int_equal(feed_state_copy(&copy, &again), 0);
	same_state(&s, &copy);
	assert_ptr_not_equal(copy.dated, again.dated);
	assert_ptr_not_equal(copy.change, again.change);
	feed_state_free(&copy);
	feed_state_free(&again);
	feed_state_free(&s);
}

static void nothing_is_no_damage(void **state)
{
	struct feed_state s = state_now(), again;

	(void)state;
	assert_false(s.damaged);
	assert_int_equal(s.kept_count, 0);
	assert_int_equal(feed_state_write(&s), 0);
	again = state_now();
	assert_false(again.damaged);
	assert_string_equal(again.in_force, "");
	assert_null(again.change);
	assert_false(there("history"));
	feed_state_free(&again);
	feed_state_free(&s);
}

/* Whatever `state` is: it was understood, or the newest body that was in force is taken. */
static void judged_damaged(const char *text, size_t size)
{
	struct feed_state s;

	assert_int_equal(file_write(path_of(""), "state", text, size), 0);
	s = state_now();
	assert_true(s.damaged);
	assert_string_equal(s.in_force, "2024020100");
	assert_string_equal(s.held, "");
	assert_int_equal(s.kept_count, 3);
	assert_string_equal(s.kept[0].version, "2024030100.0badcafe");
	assert_true(s.kept[0].held); /* what nobody approved is not approved by damage */
	assert_string_equal(s.kept[1].version, "2024020100");
	assert_string_equal(s.kept[2].version, "2024010100");
	assert_int_equal(s.dated_count, 0);
	assert_null(s.change);
	feed_state_free(&s);
}

static void state_cut_at_any_byte_is_damage(void **state)
{
	struct feed_state s;
	size_t size;
	char *text;

	(void)state;
	fill(&s);
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	text = file_of("state");
	size = strlen(text);
	assert_true(size > 500);
	for (size_t cut = 0; cut < size; cut++)
		judged_damaged(text, cut);
	free(text);
}

static void flipped_bits_never_crash(void **state)
{
	struct feed_state s, broken;
	size_t size;
	char *text;
	int64_t wake;

	(void)state;
	fill(&s);
	text = state_text(&s, &size);
	assert_non_null(text);
	for (size_t bit = 0; bit < size * 8; bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		broken = (struct feed_state){ 0 };
		strcpy(broken.directory, s.directory);
		if (!state_parse(&broken, text, size)) {
			assert_true(broken.kept_count <= FEED_KEPT_MOST);
			feed_entry.additions_on_date = true;
			feed_entry.removal_grace = DAY;
			feed_free(feed_current(&config, &feed_entry, &broken, NOW, &wake, &report));
			report_free(&report);
		}
		feed_state_free(&broken);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(text);
	feed_state_free(&s);
}

static void other_json_is_damage(void **state)
{
	static const struct {
		const char *was, *is;
	} rows[] = {
		{ "\"state\": 1", "\"state\": 2" },
		{ "\"in-force\": \"2024020100\"", "\"in-force\": \"../../etc\"" },
		{ "\"in-force\": \"2024020100\"", "\"in-force\": 2024020100" },
		{ "\"held\": \"2024030100", "\"held\": \".2024030100" },
		{ "\"checked\": 201", "\"checked\": -1" },
		{ "\"checked\": 201", "\"checked\": \"201\"" },
		{ "\"wake\": 204", "\"wake\": 9223372036854775807" },
		{ "\"left\": 103", "\"left\": 9223372036854775807" },
		{ "\"next\": 203", "\"checked\": 203" },
		{ "\"fetched\": 101", "\"fetched\": null" },
		{ "\"version\": \"2024010100\"", "\"version\": \"\"" },
		{ "\"version\": \"2024010100\"", "\"version\": \"a/b\"" },
		{ "198.18.9.0/24", "198.18.9.1/24" },
		{ "20240401", "2024040" },
		{ "20240401", "2024-4-1" },
		{ "\"set\": 1", "\"set\": true" },
		{ "\"dated\": [", "\"dated\": 1, \"x\": [" },
	};
	static const char *const wholes[] = { "", "null", "1", "\"\"", "[]", "{}", "[[[[", "{\"state\":1}",
					      "\xff\xfe", "not JSON" };
	struct feed_state s;
	char *text, *at, *changed;

	(void)state;
	fill(&s);
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	text = file_of("state");
	for (size_t i = 0; i < sizeof(wholes) / sizeof(*wholes); i++)
		judged_damaged(wholes[i], strlen(wholes[i]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		at = strstr(text, rows[i].was);
		if (!at)
			fail_msg("no %s in %s", rows[i].was, text);
		assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, rows[i].is,
				     at + strlen(rows[i].was)) > 0);
		judged_damaged(changed, strlen(changed));
		free(changed);
	}
	free(text);
}

/* The order in which a directory lists its files says nothing. */
static void without_state_bodies_are_newest_first(void **state)
{
	static const char *const names[] = { "body.7", "body.100", "body.99", "body.100.0000000a", "body.8",
					     "held.200", "body..x", "body.", "body.a b", ".body.300.new" };
	static const char *const order[] = { "200", "100.0000000a", "100", "99", "8", "7" };
	struct feed_state s = state_now();

	(void)state;
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		put_file(names[i], body_of("'198.18.1.0/24'"));
	assert_int_equal(unlink(path_of("state")), 0);
	s = state_now();
	assert_true(s.damaged);
	assert_string_equal(s.in_force, "100.0000000a");
	assert_int_equal(s.kept_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(s.kept[i].version, order[i]);
		assert_int_equal(s.kept[i].held, i == 0);
	}
	feed_state_free(&s);
}

static void number_name(char *out, int number)
{
	snprintf(out, FEED_VERSION_SIZE, "20240101%02d", number);
}

static void twelve_versions_are_kept_and_what_counts_besides(void **state)
{
	struct feed_state s = state_now();
	char version[FEED_VERSION_SIZE], file[64];

	(void)state;
	keep(&s, "2024010100", "'198.18.1.0/24'", false);
	keep(&s, "2024010101", "'198.18.1.0/24'", true);
	strcpy(s.in_force, "2024010100");
	strcpy(s.held, "2024010101");
	for (int i = 2; i < 40; i++) {
		number_name(version, i);
		keep(&s, version, "'198.18.1.0/24'", false);
		assert_string_equal(s.kept[0].version, version);
		assert_true(s.kept_count >= (i < 12 ? (size_t)i + 1 : FEED_KEPT_LEAST));
		assert_true(s.kept_count <= FEED_KEPT_LEAST + 1);
	}
	assert_non_null(feed_state_find(&s, "2024010100"));
	assert_non_null(feed_state_find(&s, "2024010101"));
	assert_int_equal(feed_state_write(&s), 0); /* bodies go behind the state */
	assert_true(there("body.2024010100") && there("held.2024010101"));
	for (int i = 2; i < 40; i++) {
		number_name(version, i);
		snprintf(file, sizeof(file), "body.%s", version);
		assert_int_equal(there(file), feed_state_find(&s, version) != NULL);
	}
	assert_null(feed_state_find(&s, "2024010102"));
	assert_non_null(feed_state_find(&s, "2024010139"));
	feed_state_free(&s);
}

static void versions_in_grace_are_kept_until_there_is_no_room(void **state)
{
	const char *body = body_of("'198.18.1.0/24'");
	struct feed_state s = state_now();
	char version[FEED_VERSION_SIZE];

	(void)state;
	strcpy(s.in_force, "2024010100");
	for (int i = 0; i < 90; i++) {
		number_name(version, i);
		assert_int_equal(feed_state_keep(&s, version, body, strlen(body), false, NOW, DAY), 0);
		if (i)
			s.kept[0].left = NOW - DAY + 1; /* a second of grace is left */
		assert_int_equal(s.kept_count, i < FEED_KEPT_MOST ? i + 1 : FEED_KEPT_MOST);
		assert_non_null(feed_state_find(&s, "2024010100"));
	}
	for (size_t i = 0; i < s.kept_count; i++)
		s.kept[i].left = NOW - DAY; /* and now none */
	assert_int_equal(feed_state_keep(&s, "x", body, strlen(body), false, NOW, DAY), 0);
	assert_int_equal(s.kept_count, FEED_KEPT_LEAST + 1);
	assert_non_null(feed_state_find(&s, "2024010100"));
	feed_state_free(&s);
}

static void version_kept_again_has_one_entry_and_one_file(void **state)
{
	struct feed_state s = state_now();

	(void)state;
	keep(&s, "1", "'198.18.1.0/24'", true);
	keep(&s, "2", "'198.18.2.0/24'", false);
	keep(&s, "1", "'198.18.3.0/24'", false);
	assert_int_equal(s.kept_count, 2);
	assert_string_equal(s.kept[0].version, "1");
	assert_false(s.kept[0].held);
	assert_int_equal(feed_state_write(&s), 0);
	assert_true(there("body.1"));
	assert_false(there("held.1"));
	feed_state_drop(&s, "1");
	feed_state_drop(&s, "none");
	assert_int_equal(feed_state_write(&s), 0);
	assert_int_equal(s.kept_count, 1);
	assert_false(there("body.1"));
	assert_true(there("body.2"));
	feed_state_free(&s);
}

static bool has_body(const struct feed_state *s, const char *version)
{
	size_t size = 0;
	char *body = feed_state_body(s, feed_state_find((struct feed_state *)s, version), &size);

	free(body);
	return body && size;
}

static void damaged_body_is_no_body(void **state)
{
	struct feed_state s = state_now();

	(void)state;
	keep(&s, "1", "'198.18.1.0/24'", false);
	assert_true(has_body(&s, "1"));
	put_file("body.1", body_of("'198.18.2.0/24'"));
	assert_false(has_body(&s, "1"));
	s.kept[0].digest = 0; /* not known, so nothing to hold against it */
	assert_true(has_body(&s, "1"));
	assert_int_equal(unlink(path_of("body.1")), 0);
	assert_false(has_body(&s, "1"));
	feed_state_free(&s);
}

static void held_body_is_renamed_and_found_on_the_way(void **state)
{
	struct feed_state s = state_now(), disk;

	(void)state;
	keep(&s, "1", "'198.18.1.0/24'", true);
	assert_int_equal(feed_state_write(&s), 0);
	assert_int_equal(feed_state_hold(&s, &s.kept[0], true), 0); /* as it is */
	assert_true(there("held.1") && !there("body.1"));
	assert_int_equal(feed_state_hold(&s, &s.kept[0], false), 0);
	assert_true(!there("held.1") && there("body.1"));
	assert_true(has_body(&s, "1"));
	disk = state_now(); /* who died here wrote no state */
	assert_true(disk.kept[0].held);
	assert_true(has_body(&disk, "1"));
	/* Whoever does the same again finds it done. */
	assert_int_equal(feed_state_hold(&disk, &disk.kept[0], false), 0);
	assert_true(has_body(&disk, "1") && there("body.1"));
	assert_int_equal(unlink(path_of("body.1")), 0);
	assert_int_equal(feed_state_hold(&disk, &disk.kept[0], true), -ENOENT); /* nothing to rename */
	assert_true(disk.kept[0].held);
	assert_int_equal(mkdir(path_of("held.1"), 0700), 0); /* in the way, and no body */
	disk.kept[0].held = false;
	put_file("body.1", "x");
	assert_int_equal(feed_state_hold(&disk, &disk.kept[0], true), -EISDIR);
	assert_false(disk.kept[0].held);
	feed_state_free(&disk);
	feed_state_free(&s);
}

/* Dropped is what is there, under either name: a body left behind would be taken without `state`. */
static void dropped_body_is_gone_under_both_names(void **state)
{
	struct feed_state s = state_now(), disk;

	(void)state;
	keep(&s, "1", "'198.18.1.0/24'", true);
	assert_int_equal(feed_state_write(&s), 0);
	assert_int_equal(feed_state_hold(&s, &s.kept[0], false), 0);
	disk = state_now();
	feed_state_drop(&disk, "1");
	assert_int_equal(feed_state_write(&disk), 0);
	assert_true(!there("held.1") && !there("body.1"));
	feed_state_free(&disk);
	feed_state_free(&s);
}

static void write_change(struct feed_state *s, const char *line)
{
	free(s->change);
	s->change = line ? strdup(line) : NULL;
	assert_int_equal(feed_state_write(s), 0);
}

static void history_is(const char *want)
{
	char *text = file_of("history");

	assert_string_equal(text, want);
	free(text);
}

static void history_grows_by_each_change_once(void **state)
{
	struct feed_state s = state_now(), again;

	(void)state;
	write_change(&s, "{\"a\":1}");
	history_is("{\"a\":1}\n");
	write_change(&s, "{\"a\":1}");
	history_is("{\"a\":1}\n");
	again = state_now();
	assert_int_equal(feed_state_write(&again), 0);
	history_is("{\"a\":1}\n");
	write_change(&s, "{\"b\":22}");
	write_change(&s, "{\"a\":1}"); /* the same again, later, is another change */
	history_is("{\"a\":1}\n{\"b\":22}\n{\"a\":1}\n");
	write_change(&s, NULL);
	history_is("{\"a\":1}\n{\"b\":22}\n{\"a\":1}\n");
	feed_state_free(&again);
	feed_state_free(&s);
}

static void torn_line_is_closed_and_its_change_written_whole(void **state)
{
	const char *line = "{\"b\":22}";
	struct feed_state s = state_now();
	char torn[64], want[128];

	(void)state;
	for (size_t cut = 0; cut <= strlen(line); cut++) {
		write_change(&s, line);
		snprintf(torn, sizeof(torn), "{\"a\":1}\n%.*s", (int)cut, line);
		put_file("history", torn);
		feed_state_free(&s);
		s = state_now(); /* whoever comes next */
		assert_int_equal(feed_state_write(&s), 0);
		snprintf(want, sizeof(want), "%s%s%s\n", torn, cut ? "\n" : "", line);
		history_is(want);
		assert_int_equal(feed_state_write(&s), 0);
		history_is(want);
	}
	assert_int_equal(unlink(path_of("history")), 0);
	assert_int_equal(feed_state_write(&s), 0);
	history_is("{\"b\":22}\n");
	feed_state_free(&s);
}

static void failed_write_leaves_the_former_state(void **state)
{
	struct feed_state s, again;

	(void)state;
	fill(&s);
	assert_int_equal(feed_state_write(&s), 0);
	assert_int_equal(mkdir(path_of(".state.new"), 0700), 0);
	strcpy(s.error, "another");
	assert_int_equal(feed_state_write(&s), -EISDIR);
	again = state_now();
	assert_string_equal(again.error, "m\xc3\xbc" "de");
	assert_false(again.damaged);
	feed_state_free(&again);
	feed_state_free(&s);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_that_fit),
		cmocka_unit_test(versions_are_older_or_newer),
		cmocka_unit_test(digest_tells_bodies_apart_and_is_never_zero),
		CASE(what_is_written_is_read_back),
		CASE(nothing_is_no_damage),
		CASE(state_cut_at_any_byte_is_damage),
		CASE(flipped_bits_never_crash),
		CASE(other_json_is_damage),
		CASE(without_state_bodies_are_newest_first),
		CASE(twelve_versions_are_kept_and_what_counts_besides),
		CASE(versions_in_grace_are_kept_until_there_is_no_room),
		CASE(version_kept_again_has_one_entry_and_one_file),
		CASE(damaged_body_is_no_body),
		CASE(held_body_is_renamed_and_found_on_the_way),
		CASE(dropped_body_is_gone_under_both_names),
		CASE(history_grows_by_each_change_once),
		CASE(torn_line_is_closed_and_its_change_written_whole),
		CASE(failed_write_leaves_the_former_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
