// SPDX-License-Identifier: GPL-2.0-only
/* From the answer of a source to what is kept, with a source that says what the test likes. */
#include "../../userspace/feed_service.h"

static int poll_of_test(const struct feed_poll *q, struct feed_fetched *out);
#define feed_poll(q, out) poll_of_test(q, out)
#include "../../userspace/feed_sync.c"
#include "../../userspace/cmd.h"
#include "feed_help.h"

#define A "198.18.1.0/24"
#define B "198.18.2.0/24"
#define C "2001:db8:3::/48"
#define FIVE "'198.18.10.0/24','198.18.11.0/24','198.18.12.0/24','198.18.13.0/24','198.18.14.0/24'"

const char *option_config, *option_gateway; /* of the program */

static struct feed_gateway gateway;
static struct {
	int err;
	uint32_t wait;
	const char *version, *body, *changes, *why, *etag;
	bool unchanged;
	/* as it was asked */
	int count;
	bool always;
	char since[FEED_TEXT], tag[FEED_TEXT];
} source;

static int poll_of_test(const struct feed_poll *q, struct feed_fetched *out)
{
	source.count++;
	source.always = q->always;
	snprintf(source.since, sizeof(source.since), "%s", q->version ? q->version : "");
	snprintf(source.tag, sizeof(source.tag), "%s", q->etag ? q->etag : "");
	assert_int_equal(strlen(q->request_id), FEED_REQUEST_ID - 1);
	*out = (struct feed_fetched){ .unchanged = source.unchanged, .wait = source.wait };
	out->version = source.version ? strdup(source.version) : NULL;
	out->etag = source.etag ? strdup(source.etag) : NULL;
	out->body = source.body && !source.err && !source.unchanged ? strdup(source.body) : NULL;
	out->size = out->body ? strlen(out->body) : 0;
	out->changes = source.changes ? strdup(source.changes) : NULL;
	out->changes_size = source.changes ? strlen(source.changes) : 0;
	snprintf(out->why, sizeof(out->why), "%s", source.why ? source.why : "");
	return source.err;
}

static int setup(void **state)
{
	int err = fresh_place(state);

	memset(&source, 0, sizeof(source));
	gateway = (struct feed_gateway){ .instance = instance, .config = &config, .lock = -1 };
	return err;
}

static struct feed_outcome sync_of(bool due, bool force, enum feed_result result, const char *version,
				   const char *why)
{
	struct feed_outcome out = feed_sync(&gateway, 0, due, force);

	if (out.result != result || strcmp(out.version, version) || !strstr(out.why, why))
		fail_msg("%s, version %s: %s", feed_result_text(out.result), out.version, out.why);
	assert_int_equal(gateway.lock, -1);
	return out;
}

/* The source has this version with these prefixes, and is asked. */
static struct feed_outcome offer(const char *version, const char *prefixes, bool force,
				 enum feed_result result, const char *now, const char *why)
{
	char *body = strdup(body_of(prefixes));
	struct feed_outcome out;

	source.version = version;
	source.body = body;
	out = sync_of(false, force, result, now, why);
	source.body = NULL;
	free(body);
	return out;
}

static void state_is(const char *in_force, const char *held, size_t kept)
{
	struct feed_state s = state_now();

	assert_false(s.damaged);
	assert_string_equal(s.in_force, in_force);
	assert_string_equal(s.held, held);
	assert_int_equal(s.kept_count, kept);
	for (size_t i = 0; i < s.kept_count; i++) {
		size_t size;
		char *body = feed_state_body(&s, &s.kept[i], &size);

		if (!body)
			fail_msg("the body of %s is gone or damaged", s.kept[i].version);
		free(body);
	}
	feed_state_free(&s);
}

static void current_is(const char *prefixes)
{
	struct feed_state s = state_now();
	int64_t wake;
	struct feed *feed = feed_current(&config, &feed_entry, &s, time(NULL), &wake, &report);
	char *text;

	assert_non_null(feed);
	assert_int_equal(report.count, 0);
	text = prefixes_of(feed);
	assert_string_equal(text, prefixes);
	free(text);
	feed_free(feed);
	feed_state_free(&s);
}

static void history_ends(const char *how)
{
	char *text = file_of("history"), want[64];
	const char *line = text;

	for (const char *p = text; *p; p++)
		if (*p == '\n' && p[1])
			line = p + 1;
	snprintf(want, sizeof(want), "\"how\":\"%s\"", how);
	if (!strstr(line, want))
		fail_msg("not %s: %s", how, line);
	free(text);
}

static void first_version_comes_in_force_whatever_it_is(void **state)
{
	int64_t before = time(NULL);
	struct feed_state s;

	(void)state;
	feed_entry.hold_share = 0;
	offer("2024010100", "'" A "','" C "'", false, FEED_CHANGED, "2024010100", "2 prefixes added, 0 removed");
	assert_true(source.always);
	assert_string_equal(source.since, "");
	state_is("2024010100", "", 1);
	current_is(A " " C);
	history_ends("automatic");
	s = state_now();
	assert_true(s.ipv4 == 1 && s.ipv6 == 1 && s.failures == 0 && s.changed >= before);
	assert_true(s.next >= before + 3600 && s.next <= time(NULL) + 3960);
	assert_true(feed_due(&feed_entry, &s, time(NULL)) == s.next);
	feed_state_free(&s);
	sync_of(true, false, FEED_NOT_DUE, "2024010100", "");
	assert_int_equal(source.count, 1);
}

/* Before any `apply` nothing is there, not even the directory that all gateways share. */
static void first_fetch_of_a_machine_makes_its_place(void **state)
{
	(void)state;
	assert_int_equal(instance_remove(&gateway.instance), 0);
	assert_int_equal(access(instance_state_root, F_OK), -1);
	offer("2026010100", "'" A "'", false, FEED_CHANGED, "2026010100", "");
	state_is("2026010100", "", 1);
}

static void unchanged_source_is_asked_on_condition(void **state)
{
	struct feed_outcome out;

	(void)state;
	source.etag = "\"tag\"";
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	source.unchanged = true;
	out = sync_of(false, false, FEED_UNCHANGED, "2024010100", "");
	assert_false(out.news);
	assert_false(source.always);
	assert_string_equal(source.since, "2024010100");
	assert_string_equal(source.tag, "\"tag\"");
	state_is("2024010100", "", 1);
	/* Another question, and what is there is no answer to it. */
	feed_entry.ipv6 = false;
	sync_of(true, false, FEED_UNCHANGED, "2024010100", "");
	assert_int_equal(source.count, 3);
	assert_true(source.always);
	assert_string_equal(source.tag, "");
}

static void version_above_the_share_is_held_until_it_is_approved(void **state)
{
	struct feed_outcome out;

	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	out = offer("2024020100", FIVE ",'" A "','" B "'", false, FEED_HELD, "2024020100", "2 prefixes arrive");
	assert_true(out.news);
	state_is("2024010100", "2024020100", 2);
	assert_true(there("held.2024020100") && !there("body.2024020100"));
	out = offer("2024020100", FIVE ",'" A "','" B "'", false, FEED_HELD, "2024020100", "");
	assert_string_equal(source.since, "2024020100"); /* the newest known */
	assert_false(out.news);
	out = feed_approve(&gateway, 0, NULL);
	assert_int_equal(out.result, FEED_CHANGED);
	state_is("2024020100", "", 2);
	history_ends("approved");
}

static void version_rolled_back_from_stays_held(void **state)
{
	struct feed_outcome out;

	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	offer("2024020100", FIVE ",'" A "'", false, FEED_CHANGED, "2024020100", "");
	out = feed_rollback(&gateway, 0, NULL);
	assert_int_equal(out.result, FEED_CHANGED);
	offer("2024020100", FIVE ",'" A "'", false, FEED_HELD, "2024020100", "rolled back from");
	state_is("2024010100", "2024020100", 2);
	/* Its body is lost: it is fetched anew, and stays held. */
	put_file("held.2024020100", "[");
	offer("2024020100", FIVE ",'" A "'", false, FEED_HELD, "2024020100", "rolled back from");
	assert_true(source.always);
	state_is("2024010100", "2024020100", 2);
	offer("2024030100", FIVE ",'" B "'", false, FEED_CHANGED, "2024030100", "");
	state_is("2024030100", "", 3);
}

static void force_takes_what_is_held_up_or_older(void **state)
{
	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	offer("2024030100", "'" A "'", true, FEED_CHANGED, "2024030100", "1 prefixes added, 5 removed");
	history_ends("forced");
	offer("2024010100", FIVE, false, FEED_FAILED, "2024030100", "is older than 2024030100");
	state_is("2024030100", "", 2);
	offer("2024010100", FIVE, true, FEED_CHANGED, "2024010100", "");
	state_is("2024010100", "", 2);
}

static void another_body_of_the_same_version_has_another_name(void **state)
{
	struct feed_state s;

	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	feed_entry.hold_share = 100;
	source.body = strdup(body_of("'" A "'"));
	assert_int_equal(feed_sync(&gateway, 0, false, false).result, FEED_CHANGED);
	free((char *)source.body);
	s = state_now();
	assert_true(!strncmp(s.in_force, "2024010100.", 11) && strlen(s.in_force) == 19);
	assert_int_equal(s.kept_count, 2);
	feed_state_free(&s);
	source.unchanged = true;
	source.body = NULL;
	feed_sync(&gateway, 0, false, false);
	assert_string_equal(source.since, "2024010100"); /* as the service calls it */
}

static void failures_wait_longer_and_leave_what_is_in_force(void **state)
{
	struct feed_outcome out;
	struct feed_state s;

	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	source.err = -ETIMEDOUT;
	source.why = "too slow";
	for (int i = 0; i < 9; i++) {
		int64_t wait = i < 6 ? 60 << i : 3600, before = time(NULL);

		out = sync_of(false, false, FEED_FAILED, "2024010100", "too slow");
		assert_int_equal(out.news, i == 0);
		s = state_now();
		assert_int_equal(s.failures, i + 1);
		assert_string_equal(s.error, "too slow");
		if (s.next < before + wait || s.next > time(NULL) + wait + wait / 10)
			fail_msg("after failure %d it waits for %lld", i + 1, (long long)(s.next - before));
		feed_state_free(&s);
	}
	source.wait = 7200; /* what the server says counts */
	sync_of(false, false, FEED_FAILED, "2024010100", "too slow");
	s = state_now();
	assert_true(s.next >= time(NULL) + 7190);
	feed_state_free(&s);
	source.err = 0;
	source.wait = 0;
	source.unchanged = true;
	out = sync_of(false, false, FEED_UNCHANGED, "2024010100", "");
	assert_true(out.news); /* it answers again */
	s = state_now();
	assert_int_equal(s.failures, 0);
	assert_string_equal(s.error, "");
	feed_state_free(&s);
	state_is("2024010100", "", 1);
}

static void bodies_that_can_never_be_meant_are_refused(void **state)
{
	struct config_prefix own = { .prefix = prefix_of("198.18.99.0/24") };
	struct config_segment segment = { .name = (char *)"branch", .prefixes = { &own, 1 } };

	(void)state;
	config.segments = &segment;
	config.segment_count = 1;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	offer("2024020100", FIVE ",'198.18.99.7'", false, FEED_FAILED, "2024010100", "of branch, the site's own");
	offer("2024020100", FIVE ",'0.0.0.0/0'", false, FEED_FAILED, "2024010100", "default route");
	offer("2024/0201", FIVE, false, FEED_FAILED, "2024010100", "characters that none has");
	offer("2024020100", FIVE ",'198.18.99.7'", true, FEED_FAILED, "2024010100", "of branch"); /* nor by force */
	state_is("2024010100", "", 1);
}

/* What is damaged is fetched, and what was fetched is put in its place. */
static void damaged_body_in_force_is_fetched_anew(void **state)
{
	(void)state;
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	feed_entry.hold_share = 0; /* it was judged when it came */
	offer("2024020100", "'" A "','" B "'", true, FEED_CHANGED, "2024020100", "");
	put_file("body.2024020100", "[");
	offer("2024020100", "'" A "','" B "'", false, FEED_CHANGED, "2024020100", "");
	assert_true(source.always);
	state_is("2024020100", "", 2);
	current_is(A " " B);
	offer("2024020100", "'" A "','" B "'", false, FEED_UNCHANGED, "2024020100", "");
	assert_false(source.always);
}

static void lost_state_is_made_whole(void **state)
{
	(void)state;
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	put_file("state", "{");
	sync_of(true, false, FEED_FAILED, "2024010100", ""); /* due at once, and the fake has no body */
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "0 prefixes added, 0 removed");
	state_is("2024010100", "", 1);
	put_file("body.2024010100", body_of("'" B "'")); /* and its digest is known again */
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	current_is(A);
}

static void failed_change_leaves_the_bodies_there_were(void **state)
{
	struct feed_state s;

	(void)state;
	offer("2024010100", FIVE, false, FEED_CHANGED, "2024010100", "");
	offer("2024020100", FIVE ",'" A "'", false, FEED_CHANGED, "2024020100", "");
	offer("2024030100", "'" A "'", false, FEED_HELD, "2024030100", "");
	assert_int_equal(mkdir(path_of(".state.new"), 0700), 0);
	offer("2024010100", FIVE, true, FEED_FAILED, "2024020100", "");
	offer("2024040100", FIVE, false, FEED_FAILED, "2024020100", "");
	assert_int_equal(rmdir(path_of(".state.new")), 0);
	s = state_now();
	assert_int_equal(feed_state_write(&s), 0); /* bodies go behind the state */
	feed_state_free(&s);
	assert_false(there("body.2024040100"));
	state_is("2024020100", "2024030100", 3);
}

static void day_that_comes_needs_no_source(void **state)
{
	struct feed_state s;
	struct feed_outcome out;

	(void)state;
	feed_entry.additions_on_date = true;
	offer("2024010100", "'" A "','" B "'", false, FEED_CHANGED, "2024010100", "");
	s = state_now();
	s.wake = time(NULL) - 1;
	assert_int_equal(feed_state_write(&s), 0);
	assert_true(feed_due(&feed_entry, &s, time(NULL)) == s.wake);
	feed_state_free(&s);
	out = sync_of(true, false, FEED_CHANGED, "2024010100", "");
	assert_true(out.news);
	assert_int_equal(source.count, 1);
	history_ends("date");
	s = state_now();
	assert_int_equal(s.wake, 0);
	feed_state_free(&s);
}

#define ADDS(prefix, day) \
	"[{'id':1,'endpointSetId':1,'disposition':'Change','impact':'AddedIp','version':'2024020100'," \
	"'add':{'effectiveDate':'" day "','ips':['" prefix "']}}]"

static void changes_tell_the_days_of_additions(void **state)
{
	char changes[] = ADDS(B, "29991231"), wrong[] = ADDS(C, "29991231"), broken[] = "{";
	struct feed_state s;

	(void)state;
	feed_entry.additions_on_date = true;
	feed_entry.hold_share = 100;
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	source.changes = json(changes);
	offer("2024020100", "'" A "','" B "'", false, FEED_CHANGED, "2024020100", "0 prefixes added, 0 removed");
	current_is(A);
	s = state_now();
	assert_int_equal(s.dated_count, 1);
	assert_int_equal(s.dated[0].set, 1);
	assert_string_equal(s.dated[0].date, "29991231");
	assert_true(s.wake == feed_day("29991231"));
	s.wake = 0; /* as where on-date came with a reload: the next poll looks ahead */
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	source.changes = NULL;
	source.unchanged = true;
	sync_of(false, false, FEED_UNCHANGED, "2024020100", "");
	source.unchanged = false;
	s = state_now();
	assert_true(s.wake == feed_day("29991231"));
	strcpy(s.dated[0].date, "20240201");
	assert_int_equal(feed_state_write(&s), 0);
	feed_state_free(&s);
	/* A day that has passed is forgotten; what the body does not have is said, and counts for nothing. */
	memcpy(strstr(wrong, "2024020100"), "2024030100", 10);
	source.changes = json(wrong);
	offer("2024030100", "'" A "','" B "'", false, FEED_CHANGED, "2024030100", "");
	s = state_now();
	for (size_t i = 0; i < s.dated_count; i++)
		assert_string_equal(s.dated[i].date, "29991231");
	feed_state_free(&s);
	current_is(A " " B);
	source.changes = broken;
	offer("2024040100", "'" A "'", false, FEED_CHANGED, "2024040100", "its /changes: ");
	current_is(A);
}

static void changes_that_do_not_give_the_body_are_said(void **state)
{
	char good[] = ADDS(B, "20240201"), wrong[] = ADDS(C, "20240201");
	struct feed_outcome out;

	(void)state;
	feed_entry.hold_share = 100;
	offer("2024010100", "'" A "'", false, FEED_CHANGED, "2024010100", "");
	source.changes = json(good);
	out = offer("2024020100", "'" A "','" B "'", false, FEED_CHANGED, "2024020100", "");
	assert_null(strstr(out.why, "another body"));
	memcpy(strstr(wrong, "2024020100"), "2024030100", 10);
	source.changes = json(wrong);
	offer("2024030100", "'" A "'", false, FEED_CHANGED, "2024030100", "; its /changes give another body: ");
	current_is(A); /* the body counts */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(first_version_comes_in_force_whatever_it_is),
		CASE(first_fetch_of_a_machine_makes_its_place),
		CASE(unchanged_source_is_asked_on_condition),
		CASE(version_above_the_share_is_held_until_it_is_approved),
		CASE(version_rolled_back_from_stays_held),
		CASE(force_takes_what_is_held_up_or_older),
		CASE(another_body_of_the_same_version_has_another_name),
		CASE(failures_wait_longer_and_leave_what_is_in_force),
		CASE(bodies_that_can_never_be_meant_are_refused),
		CASE(damaged_body_in_force_is_fetched_anew),
		CASE(lost_state_is_made_whole),
		CASE(failed_change_leaves_the_bodies_there_were),
		CASE(day_that_comes_needs_no_source),
		CASE(changes_tell_the_days_of_additions),
		CASE(changes_that_do_not_give_the_body_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
