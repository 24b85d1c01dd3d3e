// SPDX-License-Identifier: GPL-2.0-only
/* One poll of a feed: which requests it takes, and what of their answers counts. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "feed.h"
#include "feed_curl.h"
#include "feed_get.h"
#include "feed_service.h"

#define VERSION_MAX 65536 /* bytes of an answer that is a hundred long */
#define INSTANCE "Worldwide"

bool feed_version_valid(const char *text)
{
	return text && strlen(text) == FEED_VERSION_DIGITS &&
	       strspn(text, "0123456789") == FEED_VERSION_DIGITS;
}

const char *feed_source_refused(const struct config_feed *feed)
{
	const char *why = feed_url_refused(feed->source);

	if (!why && feed->format == FEED_MICROSOFT365 && feed->source[strcspn(feed->source, "?#")])
		why = "more than the root of the service; https://HOST is accepted, without ? and #";
	return why;
}

void feed_fetched_free(struct feed_fetched *out)
{
	free(out->version);
	free(out->body);
	free(out->changes);
	free(out->etag);
	free(out->modified);
	memset(out, 0, sizeof(*out));
}

/* A failure is told with the part of the service it is about. */
static int get(const struct feed_poll *q, const char *part, const char *url, size_t most,
	       struct feed_answer *a, struct feed_fetched *out)
{
	struct feed_request r = {
		.url = url,
		.ca = q->ca,
		.timeout = q->feed->timeout,
		.most = most,
	};
	int err;

	if (!part) {
		r.etag = q->always ? NULL : q->etag;
		r.modified = q->always ? NULL : q->modified;
	}
	err = feed_get(&r, a);
	if (err)
		snprintf(out->why, sizeof(out->why), "%s%s%.230s", part ? part : "",
			 part ? ": " : "", a->why);
	if (a->wait > out->wait)
		out->wait = a->wait;
	return err;
}

static int poll_document(const struct feed_poll *q, struct feed_fetched *out)
{
	struct feed_answer a;
	int err = get(q, NULL, q->feed->source, FEED_BODY_MAX, &a, out);

	if (!err) {
		out->unchanged = a.unchanged;
		out->body = a.body;
		out->size = a.size;
		out->etag = a.etag;
		out->modified = a.modified;
		a.body = a.etag = a.modified = NULL;
	}
	feed_answer_free(&a);
	return err;
}

/* False: out of memory, or without libcurl, which the request then says. */
static bool add_escaped(FILE *f, const char *before, const char *text)
{
	char *escaped = feed_curl_load() ? NULL : curl_easy_escape(NULL, text, 0);
	bool good = escaped && fprintf(f, "%s%s", before, escaped) >= 0;

	curl_free(escaped);
	return good;
}

static bool add_selection(FILE *out, const struct config_feed *f)
{
	bool good = true;

	for (size_t i = 0; i < f->areas.count; i++)
		good &= add_escaped(out, i ? "," : "&ServiceAreas=", f->areas.at[i].text);
	if (f->tenant)
		good &= add_escaped(out, "&TenantName=", f->tenant);
	if (!f->ipv6)
		good &= fputs("&NoIPv6=true", out) >= 0;
	return good;
}

/* ROOT/PART/INSTANCE[/SINCE]?clientrequestid=..., and what of the endpoints is asked for. */
static char *service_url(const struct feed_poll *q, const char *part, const char *since)
{
	const struct config_feed *f = q->feed;
	size_t size, root = strlen(f->source);
	char *url = NULL;
	FILE *out = open_memstream(&url, &size);
	bool good;

	if (!out)
		return NULL;
	while (root && f->source[root - 1] == '/')
		root--;
	good = fprintf(out, "%.*s/%s", (int)root, f->source, part) >= 0;
	good &= add_escaped(out, "/", f->instance ? f->instance : INSTANCE);
	if (since)
		good &= add_escaped(out, "/", since);
	good &= add_escaped(out, "?clientrequestid=", q->request_id);
	if (!strcmp(part, "endpoints"))
		good &= add_selection(out, f);
	if (!fclose(out) && good)
		return url;
	free(url);
	return NULL;
}

static int get_part(const struct feed_poll *q, const char *part, const char *since, size_t most,
		    struct feed_answer *a, struct feed_fetched *out)
{
	char *url = service_url(q, part, since);
	int err = -ENOMEM;

	memset(a, 0, sizeof(*a));
	if (url)
		err = get(q, part, url, most, a, out);
	else
		snprintf(out->why, sizeof(out->why), "%s: out of memory", part);
	free(url);
	return err;
}

/* One record, perhaps in a list of its own; keys that are not known are the service's right. */
static const char *newest(const json_t *root)
{
	const json_t *record = json_array_size(root) == 1 ? json_array_get(root, 0) : root;
	const char *latest = json_string_value(json_object_get(record, "latest"));

	return feed_version_valid(latest) ? latest : NULL;
}

static int ask_version(const struct feed_poll *q, struct feed_fetched *out)
{
	struct feed_answer a;
	int err = get_part(q, "version", NULL, VERSION_MAX, &a, out);
	json_t *root = err ? NULL : json_loadb(a.body, a.size, JSON_REJECT_DUPLICATES, NULL);
	const char *latest = newest(root);

	if (latest) {
		out->version = strdup(latest);
		err = out->version ? 0 : -ENOMEM;
	} else if (!err) {
		err = -EPROTO;
		snprintf(out->why, sizeof(out->why),
			 "version: %s; {\"latest\": \"YYYYMMDDNN\"} is accepted",
			 root ? "no version of ten digits in it" : "not JSON");
	}
	json_decref(root);
	feed_answer_free(&a);
	return err;
}

static int ask_endpoints(const struct feed_poll *q, struct feed_fetched *out)
{
	struct feed_answer a;
	int err = get_part(q, "endpoints", NULL, FEED_BODY_MAX, &a, out);

	if (!err) {
		out->body = a.body;
		out->size = a.size;
		a.body = NULL;
	}
	feed_answer_free(&a);
	return err;
}

/* They tell of dates and let the body be checked; without them the body is as good. */
static void ask_changes(const struct feed_poll *q, struct feed_fetched *out)
{
	struct feed_answer a;

	if (!get_part(q, "changes", q->version, FEED_BODY_MAX, &a, out)) {
		out->changes = a.body;
		out->changes_size = a.size;
		a.body = NULL;
	}
	feed_answer_free(&a);
}

static int poll_service(const struct feed_poll *q, struct feed_fetched *out)
{
	bool known = feed_version_valid(q->version);
	int err = ask_version(q, out);

	if (err)
		return err;
	if (known && !q->always && !strcmp(out->version, q->version)) {
		out->unchanged = true;
		return 0;
	}
	err = ask_endpoints(q, out);
	if (!err && known && strcmp(q->version, out->version) < 0)
		ask_changes(q, out);
	return err;
}

int feed_poll(const struct feed_poll *q, struct feed_fetched *out)
{
	const char *why = feed_source_refused(q->feed);

	memset(out, 0, sizeof(*out));
	if (why) {
		snprintf(out->why, sizeof(out->why), "%s", why);
		return -EINVAL;
	}
	return q->feed->format == FEED_MICROSOFT365 ? poll_service(q, out) : poll_document(q, out);
}
