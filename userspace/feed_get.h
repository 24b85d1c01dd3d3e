/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One request over HTTPS, for feeds. The other side is trusted for what it says only after its
 * certificate was judged, and never for how much it says or how long it takes.
 */
#ifndef SAMEPATH_USERSPACE_FEED_GET_H
#define SAMEPATH_USERSPACE_FEED_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed_request {
	const char *url;
	const char *ca; /* PEM file of the only authorities that count; NULL: the system's */
	uint32_t timeout; /* seconds, of the whole transfer; at most a third for connecting */
	size_t most; /* bytes of the body, as sent and as unpacked */
	const char *etag, *modified; /* of what is at hand, as the server wrote; NULL: ask for all */
};
struct feed_answer {
	char *body; /* NULL unless there is a new one; a zero byte follows its last */
	size_t size;
	char *etag, *modified; /* NULL: the server did not say, or nothing that can be sent back */
	bool unchanged; /* 304: what is at hand is still the newest */
	uint32_t wait; /* seconds that a 429 or 503 asks us to stay away, at most a day; 0: none did */
	char why[256]; /* one line, when it failed */
};

#define FEED_WAIT_MAX (24 * 3600) /* seconds */
#define FEED_WAIT_429 3600 /* seconds, where a 429 does not say: the web service's documentation does */

/*
 * Fills in `a`, which feed_answer_free empties, also after an error; a->why then has one line without
 * control characters. At most 3 redirects are followed, to https only. Proxies are those of the usual
 * environment variables, none for plain http. Waits for at most `timeout` and touches no signal.
 *   -EINVAL        the URL (feed_url_refused)
 *   -EACCES        the certificate, or the file of authorities
 *   -EPERM         plain http to an address that is not loopback
 *   -EHOSTUNREACH  the name has no address, or nobody is there; -ECONNREFUSED, -ENETUNREACH alike
 *   -ETIMEDOUT     too slow, in all or for half of the time
 *   -EFBIG         more than `most`
 *   -EAGAIN        429 or 503: stay away for a->wait
 *   -EPROTO        what else the server did wrong: another status, cut off, HTML, a bad redirect
 *   -ELIBACC       libcurl cannot be loaded
 *   -ENOMEM
 */
int feed_get(const struct feed_request *q, struct feed_answer *a);
void feed_answer_free(struct feed_answer *a);

/*
 * Why a feed cannot be had from this URL, a constant text that says what is accepted; NULL: it can.
 * Accepted is https, and plain http to the machine itself: 127.0.0.0/8, ::1, localhost.
 */
const char *feed_url_refused(const char *url);
bool feed_url_plain(const char *url); /* of an accepted URL: http */

#endif
