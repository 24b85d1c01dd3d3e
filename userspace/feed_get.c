// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request with libcurl. What could be left to its defaults is said all the same where safety hangs
 * on it. Two things are done here instead of there: redirects, so that each URL is judged like the first
 * and a plain one gets its own rules, and unpacking (feed_sink.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "cmd.h"
#include "feed_get.h"
#include "feed_transfer.h"

#define REDIRECTS 3
#define SLOW 256 /* bytes a second; less for half of the time is too slow */

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	return address->sa_family == AF_INET ?
		       ntohl(four->sin_addr.s_addr) >> 24 == 127 :
		       address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* The name was judged, but what counts for plain http is the address that it turned out to have. */
static curl_socket_t take_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = context;

	(void)purpose;
	if (t->plain && !is_loopback(&address->addr)) {
		t->err = transfer_failed(t->a, -EPERM,
					 "plain http, but its host is not this machine; "
					 "https is accepted");
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

#define SET(option, value) (bad |= curl_easy_setopt(t->curl, CURLOPT_##option, value))

static int set_safety(struct transfer *t, const char *url)
{
	int bad = 0;

	t->plain = feed_url_plain(url);
	SET(URL, url);
	SET(PROTOCOLS_STR, t->plain ? "http" : "https");
	SET(FOLLOWLOCATION, 0L);
	SET(DISALLOW_USERNAME_IN_URL, 1L);
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(PROXY_SSL_VERIFYPEER, 1L);
	SET(PROXY_SSL_VERIFYHOST, 2L);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(OPENSOCKETFUNCTION, take_socket);
	SET(OPENSOCKETDATA, t);
	SET(PROXY, t->plain ? "" : NULL); /* none; or that of the environment */
	if (t->q->ca) {
		SET(CAINFO, t->q->ca);
		SET(CAPATH, NULL); /* or the system's authorities would count beside these */
	}
	return bad;
}

/* `left`: milliseconds of the whole. */
static int set_limits(struct transfer *t, long left)
{
	long third = (long)t->q->timeout * 1000 / 3, half = (long)t->q->timeout / 2;
	int bad = 0;

	SET(NOSIGNAL, 1L);
	SET(QUICK_EXIT, 1L); /* does not wait for a resolver that hangs; it ends by itself */
	SET(TIMEOUT_MS, left);
	SET(CONNECTTIMEOUT_MS, third < left ? third : left);
	SET(LOW_SPEED_LIMIT, (long)SLOW);
	SET(LOW_SPEED_TIME, half ? half : 1L);
	SET(MAXFILESIZE_LARGE, (curl_off_t)t->q->most);
	SET(HEADERFUNCTION, transfer_header);
	SET(HEADERDATA, t);
	SET(SUPPRESS_CONNECT_HEADERS, 1L);
	SET(WRITEFUNCTION, transfer_body);
	SET(WRITEDATA, t);
	return bad;
}

static int set_header(struct transfer *t, const char *name, const char *value)
{
	char line[FEED_TAG_MAX + 32];
	struct curl_slist *more;

	if (!transfer_tag(value))
		return 0;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	more = curl_slist_append(t->headers, line);
	if (!more)
		return -ENOMEM;
	t->headers = more;
	return 0;
}

/* HTTP/1.1, for it does all that is needed, with the smaller part of libcurl. */
static int set_request(struct transfer *t)
{
	int bad = set_header(t, "Accept-Encoding", "gzip");

	bad |= set_header(t, "If-None-Match", t->q->etag);
	bad |= set_header(t, "If-Modified-Since", t->q->modified);
	SET(HTTPHEADER, t->headers);
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(USERAGENT, "samepath/" SAMEPATH_VERSION);
	SET(ERRORBUFFER, t->detail);
	return bad;
}

static int request(struct transfer *t, const char *url, long left, char **next)
{
	t->header_bytes = t->body_bytes = 0;
	t->detail[0] = '\0';
	if (set_safety(t, url) | set_limits(t, left))
		return transfer_failed(t->a, -ENOMEM, "libcurl refuses an option");
	return transfer_result(t, curl_easy_perform(t->curl), next);
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int follow(struct transfer *t)
{
	long end = milliseconds() + (long)t->q->timeout * 1000;
	char *url = strdup(t->q->url), *next = NULL;
	int err = url ? -ELOOP : transfer_failed(t->a, -ENOMEM, "out of memory");

	for (int i = 0; err == -ELOOP && i <= REDIRECTS; i++) {
		long left = end - milliseconds();

		err = request(t, url, left > 0 ? left : 1, &next);
		if (err == -ELOOP) {
			free(url);
			url = next;
		}
	}
	free(url);
	if (err == -ELOOP)
		return transfer_failed(t->a, -EPROTO, "redirected more than %d times", REDIRECTS);
	return err;
}

int feed_get(const struct feed_request *q, struct feed_answer *a)
{
	struct transfer t = { .q = q, .a = a };
	const char *why = feed_url_refused(q->url);
	int err = -ENOMEM;

	memset(a, 0, sizeof(*a));
	if (why)
		return transfer_failed(a, -EINVAL, "%s", why);
	why = feed_curl_load();
	if (why)
		return transfer_failed(a, -ELIBACC, "%s", why);
	t.curl = curl_easy_init();
	if (t.curl && !set_request(&t))
		err = follow(&t);
	else
		transfer_failed(a, err, "out of memory");
	if (t.curl)
		curl_easy_cleanup(t.curl);
	curl_slist_free_all(t.headers);
	if (t.open)
		feed_sink_close(&t.sink);
	if (err) { /* one that was refused when all of it had come */
		free(a->body);
		a->body = NULL;
		a->size = 0;
	}
	return err;
}

void feed_answer_free(struct feed_answer *a)
{
	free(a->body);
	free(a->etag);
	free(a->modified);
	memset(a, 0, sizeof(*a));
}
