// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/changes.json
/* Changes of the endpoint web service, and what is left when they are done to a feed. */
#include "../../userspace/feed_changes.c"
#include "feed_body.h"

static const struct feed_rules rules = { true, 8, 16 };

static struct feed *sets(struct report *report)
{
	static const char body[] =
		"[{\"id\":1,\"serviceArea\":\"a\",\"category\":\"Allow\",\"required\":true,"
		"\"expressRoute\":true,\"ips\":[\"198.18.1.0/24\"],\"urls\":[\"mail.example.com\",\"b\"]},"
		"{\"id\":46,\"serviceArea\":\"a\",\"category\":\"Allow\",\"required\":true,"
		"\"expressRoute\":true,\"tcpPorts\":\"443,80\"}]";
	struct feed *f = feed_parse("sets", FEED_MICROSOFT365, body, strlen(body), &rules, report);

	assert(f);
	return f;
}

static void replay(const struct feed_changes *c, struct report *report)
{
	struct feed *f = sets(report), *at_once = sets(report);
	const char *version = "0000000000";
	struct feed_dated *dated;
	size_t count;
	char why[256];

	for (size_t i = 0; i < c->count; i++) {
		assert(strcmp(version, c->at[i].version) <= 0);
		assert(!feed_changes_replay(f, c, version, c->at[i].version));
		version = c->at[i].version;
	}
	assert(!feed_changes_replay(at_once, c, "0000000000", "9999999999"));
	if (!c->count || strcmp(c->at[0].version, "0000000000")) /* that one is after none */
		assert(feed_equal(f, at_once, why, sizeof(why)));
	check_feed(f, &rules);
	for (size_t i = 1; i < f->set_count; i++)
		assert(f->sets[i - 1].id < f->sets[i].id);
	assert(!feed_changes_dated(c, NULL, &dated, &count));
	free(dated);
	feed_free(at_once);
	feed_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = { 0 };
	char *body = malloc(size + !size);
	struct feed_changes *c;

	assert(body);
	if (size)
		memcpy(body, data, size);
	c = feed_changes_parse("fuzz", body, size, &rules, &report);
	free(body);
	assert(report.errors == (c ? 0 : 1));
	for (size_t i = 0; i < report.count; i++)
		check_line(&report.lines[i]);
	if (c)
		replay(c, &report);
	feed_changes_free(c);
	report_free(&report);
	return 0;
}
