// SPDX-License-Identifier: GPL-2.0-only
/* What a server says: taken while it comes, within limits, and judged at its end. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feed_transfer.h"

#define HEADERS_MAX 65536 /* bytes, of one answer */
#define OTHER_MAX 65536 /* bytes that a redirect may explain itself with */

/* One line: foreign text may be in it. */
int transfer_failed(struct feed_answer *a, int err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(a->why, sizeof(a->why), format, arguments);
	va_end(arguments);
	for (char *p = a->why; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	return err;
}

long transfer_status(const struct transfer *t)
{
	long code = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

static const char *header(const struct transfer *t, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &h) ? NULL : h->value;
}

bool transfer_tag(const char *value)
{
	if (!value || !*value || strlen(value) > FEED_TAG_MAX)
		return false;
	for (const char *p = value; *p; p++)
		if (!isprint((unsigned char)*p))
			return false;
	return true;
}

/* Is told of every header, also of those before the last answer, and so bounds what libcurl keeps. */
size_t transfer_header(char *data, size_t one, size_t size, void *context)
{
	struct transfer *t = context;

	(void)data;
	t->header_bytes += one * size;
	if (t->header_bytes <= HEADERS_MAX)
		return one * size;
	t->err = transfer_failed(t->a, -EFBIG, "headers of more than %d bytes", HEADERS_MAX);
	return 0;
}

static bool is_page(const struct transfer *t)
{
	const char *type = NULL, *text = t->a->body;

	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	return (type && !strncasecmp(type, "text/html", 9)) ||
	       (text && text[strspn(text, "\xef\xbb\xbf \t\r\n")] == '<');
}

static int refuse_page(const struct transfer *t)
{
	return transfer_failed(t->a, -EPROTO,
			       "answered with a web page; a feed is accepted: "
			       "another URL, or no proxy in between");
}

static int begin_body(struct transfer *t)
{
	const char *packing = header(t, "Content-Encoding");
	bool packed = packing && (!strcasecmp(packing, "gzip") || !strcasecmp(packing, "x-gzip"));

	if (packing && !packed && strcasecmp(packing, "identity"))
		return transfer_failed(t->a, -EPROTO,
				       "packed as %.40s; gzip or nothing is accepted", packing);
	if (is_page(t))
		return refuse_page(t);
	if (feed_sink_open(&t->sink, t->q->most, packed))
		return transfer_failed(t->a, -ENOMEM, "out of memory");
	t->open = true;
	return 0;
}

static int put(struct transfer *t, const char *data, size_t size)
{
	int err = t->body_bytes > t->q->most ? -EFBIG : feed_sink_put(&t->sink, data, size);

	switch (err) {
	case 0:
		return 0;
	case -EFBIG:
		return transfer_failed(t->a, err, "more than %zu bytes%s", t->q->most,
				       t->sink.packed ? " when unpacked" : "");
	case -ENOMEM:
		return transfer_failed(t->a, err, "out of memory");
	default:
		return transfer_failed(t->a, err, "damaged: its gzip cannot be unpacked");
	}
}

/* Of an answer that is no feed nothing is kept; a redirect may explain itself for a while. */
size_t transfer_body(char *data, size_t one, size_t size, void *context)
{
	struct transfer *t = context;

	size *= one;
	t->body_bytes += size;
	if (transfer_status(t) / 100 == 3) {
		if (t->body_bytes > OTHER_MAX)
			t->err = transfer_failed(t->a, -EFBIG, "a redirect of more than %d bytes",
						 OTHER_MAX);
		return t->err ? 0 : size;
	}
	if (transfer_status(t) != 200)
		return 0;
	if (!t->open)
		t->err = begin_body(t);
	if (!t->err)
		t->err = put(t, data, size);
	return t->err ? 0 : size;
}

static int failed_connect(struct transfer *t, const char *detail)
{
	long why = 0;

	curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &why);
	return transfer_failed(t->a, why > 0 ? -(int)why : -ECONNREFUSED, "%s%s%s", detail,
			       why > 0 ? ": " : "", why > 0 ? strerror((int)why) : "");
}

static int failed_transfer(struct transfer *t, CURLcode code)
{
	const char *detail = *t->detail ? t->detail : curl_easy_strerror(code);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return transfer_failed(t->a, -EHOSTUNREACH, "%s", detail);
	case CURLE_COULDNT_CONNECT:
		return failed_connect(t, detail);
	case CURLE_OPERATION_TIMEDOUT:
		return transfer_failed(t->a, -ETIMEDOUT, "%s", detail);
	case CURLE_FILESIZE_EXCEEDED:
		return transfer_failed(t->a, -EFBIG, "announces more than %zu bytes", t->q->most);
	case CURLE_PEER_FAILED_VERIFICATION:
		return transfer_failed(t->a, -EACCES,
				       "%s; one in date, for this name, of a known authority "
				       "is accepted",
				       detail);
	case CURLE_SSL_CACERT_BADFILE:
		return transfer_failed(t->a, -EACCES, "%s; a PEM file of certificates is accepted",
				       detail);
	case CURLE_PARTIAL_FILE:
		return transfer_failed(t->a, -EPROTO, "cut off: %s", detail);
	case CURLE_OUT_OF_MEMORY:
		return transfer_failed(t->a, -ENOMEM, "out of memory");
	default:
		return transfer_failed(t->a, -EPROTO, "%s", detail);
	}
}

/* libcurl reads both forms; it tells no other of a Retry-After of 0 than of none. */
static int failed_status(struct transfer *t, long code)
{
	curl_off_t wait = 0;

	if (code == 429 || code == 503)
		curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &wait);
	if (wait <= 0)
		wait = code == 429 ? FEED_WAIT_429 : 0;
	if (!wait)
		return transfer_failed(t->a, -EPROTO, "answered %ld; 200 is accepted", code);
	t->a->wait = wait < FEED_WAIT_MAX ? (uint32_t)wait : FEED_WAIT_MAX;
	return transfer_failed(t->a, -EAGAIN, "answered %ld, asks to stay away for %u s", code,
			       t->a->wait);
}

static int failed_redirect(struct transfer *t, const char *target, char **next)
{
	const char *why = feed_url_plain(target) ? "https is accepted" : feed_url_refused(target);

	if (why)
		return transfer_failed(t->a, -EPROTO, "redirected to %.100s: %s", target, why);
	*next = strdup(target);
	return *next ? -ELOOP : transfer_failed(t->a, -ENOMEM, "out of memory");
}

static int keep_tag(const char *value, char **out)
{
	*out = transfer_tag(value) ? strdup(value) : NULL;
	return transfer_tag(value) && !*out ? -ENOMEM : 0;
}

static int take_tags(struct transfer *t)
{
	if (keep_tag(header(t, "ETag"), &t->a->etag) ||
	    keep_tag(header(t, "Last-Modified"), &t->a->modified))
		return transfer_failed(t->a, -ENOMEM, "out of memory");
	return 0;
}

static int take_unchanged(struct transfer *t)
{
	if (!t->q->etag && !t->q->modified)
		return transfer_failed(t->a, -EPROTO,
				       "answered 304, though nothing is at hand; 200 is accepted");
	t->a->unchanged = true;
	return take_tags(t);
}

static int take_body(struct transfer *t)
{
	int err = t->open ? 0 : begin_body(t); /* where it is empty */

	if (err)
		return err;
	err = feed_sink_take(&t->sink, &t->a->body, &t->a->size);
	if (err)
		return transfer_failed(t->a, err, "%s",
				       err == -ENOMEM ? "out of memory" :
							"cut off: its gzip ends too early");
	return is_page(t) ? refuse_page(t) : take_tags(t);
}

int transfer_result(struct transfer *t, CURLcode code, char **next)
{
	long status = transfer_status(t);
	char *target = NULL;

	if (t->err)
		return t->err;
	/* The body of an error was not taken, so libcurl stopped: the status says more. */
	if (code && !(code == CURLE_WRITE_ERROR && status >= 100 && status != 200))
		return failed_transfer(t, code);
	if (status == 200)
		return take_body(t);
	if (status == 304)
		return take_unchanged(t);
	curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &target);
	return target ? failed_redirect(t, target, next) : failed_status(t, status);
}
