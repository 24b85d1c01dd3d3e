// SPDX-License-Identifier: GPL-2.0-only
/* Which URLs a feed may be fetched from. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <curl/curl.h>

#include "feed_get.h"

#define URL_MAX 2000 /* bytes */

/* libcurl has brought all ways of writing an IPv4 address into the usual one. */
static bool host_is_loopback(const char *host)
{
	struct in_addr four;

	return !strcasecmp(host, "localhost") || !strcmp(host, "[::1]") ||
	       (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
}

static bool scheme_is(const char *url, const char *scheme)
{
	size_t n = strlen(scheme);

	return !strncasecmp(url, scheme, n) && !strncmp(url + n, "://", 3);
}

bool feed_url_plain(const char *url)
{
	return scheme_is(url, "http");
}

static const char *parts_refused(CURLU *u, const char *url)
{
	const char *why = NULL;
	char *host = NULL;

	switch (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER)) {
	case CURLUE_OK:
		break;
	case CURLUE_USER_NOT_ALLOWED:
		return "user or password in it; a URL without is accepted";
	default:
		return "not a URL; https://HOST/PATH is accepted";
	}
	if (curl_url_get(u, CURLUPART_HOST, &host, 0) || !*host)
		why = "no host in it; https://HOST/PATH is accepted";
	else if (feed_url_plain(url) && !host_is_loopback(host))
		why = "plain http to another machine; https is accepted, "
		      "http to 127.0.0.0/8, ::1 and localhost";
	curl_free(host);
	return why;
}

const char *feed_url_refused(const char *url)
{
	const char *why = "out of memory";
	CURLU *u;

	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~')
			return "space, control or non-ASCII character in it; "
			       "percent-encoded ones are accepted";
	if (strlen(url) > URL_MAX)
		return "too long; at most 2000 characters are accepted";
	if (!scheme_is(url, "https") && !scheme_is(url, "http"))
		return "not https://; https:// is accepted";
	u = curl_url();
	if (u)
		why = parts_refused(u, url);
	curl_url_cleanup(u);
	return why;
}
