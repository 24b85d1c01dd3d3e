// SPDX-License-Identifier: GPL-2.0-only
/* Which URLs a feed may be fetched from. This is a judgement of what a person wrote, before libcurl reads it
 * where it is fetched; and what is connected to is judged there again. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#include "feed_get.h"

#define URL_MAX 2000 /* bytes */
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

/* Written the usual way: what only some readers take for an address of loopback is refused. */
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

/* The host of "HOST", "HOST:PORT", "[ADDRESS]:PORT". False: it is none of them. */
static bool take_host(const char *authority, size_t length, char *out, size_t size)
{
	const char *end = authority + length, *stop = memchr(authority, ':', length);
	struct in6_addr six;
	size_t n;

	if (length && authority[0] == '[') {
		stop = memchr(authority, ']', length);
		stop = stop ? stop + 1 : end;
	}
	n = (size_t)((stop ? stop : end) - authority);
	if (!n || n >= size)
		return false;
	memcpy(out, authority, n);
	out[n] = '\0';
	if (authority + n != end && (authority[n] != ':' || strspn(authority + n + 1, "0123456789") <
							     (size_t)(end - authority - (ptrdiff_t)n - 1)))
		return false;
	if (out[0] != '[')
		return strspn(out, HOST_CHARACTERS) == n;
	if (out[n - 1] != ']')
		return false;
	out[n - 1] = '\0';
	if (inet_pton(AF_INET6, out + 1, &six) != 1)
		return false;
	out[n - 1] = ']';
	return true;
}

static const char *parts_refused(const char *url)
{
	const char *authority = strstr(url, "://") + 3;
	size_t length = strcspn(authority, "/?#");
	char host[256];

	if (memchr(authority, '@', length))
		return "user or password in it; a URL without is accepted";
	if (!length)
		return "no host in it; https://HOST/PATH is accepted";
	if (!take_host(authority, length, host, sizeof(host)))
		return "not a URL; https://HOST/PATH is accepted";
	if (feed_url_plain(url) && !host_is_loopback(host))
		return "plain http to another machine; https is accepted, "
		       "http to 127.0.0.0/8, ::1 and localhost";
	return NULL;
}

const char *feed_url_refused(const char *url)
{
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~')
			return "space, control or non-ASCII character in it; "
			       "percent-encoded ones are accepted";
	if (strlen(url) > URL_MAX)
		return "too long; at most 2000 characters are accepted";
	if (!scheme_is(url, "https") && !scheme_is(url, "http"))
		return "not https://; https:// is accepted";
	return parts_refused(url);
}
