/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one poll of a feed asks, of all formats. The Microsoft 365 web service is a root below which
 * `version` is cheap and never limited, while `endpoints` and `changes` are to be asked only when it
 * has moved. Every other feed is one document, asked for on condition that it has changed.
 */
#ifndef SAMEPATH_USERSPACE_FEED_SERVICE_H
#define SAMEPATH_USERSPACE_FEED_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config.h"

#define FEED_VERSION_DIGITS 10 /* YYYYMMDDNN: text order is time order */
#define FEED_REQUEST_ID 37 /* bytes of a request id with its zero */
#define FEED_REQUEST_ID_FILE "client-request-id"

struct feed_poll {
	const struct config_feed *feed; /* its source is a URL */
	const char *request_id; /* microsoft365 */
	const char *ca; /* path, resolved; NULL: the system's authorities */
	const char *version; /* in force, or the newest known; NULL: none */
	const char *etag, *modified; /* of the body at hand; other formats only */
	bool always; /* get the body even if nothing has moved */
};
struct feed_fetched {
	bool unchanged; /* there is no body, for it would be the one at hand */
	char *version; /* the newest, also when its body could not be had; NULL: ask the body */
	char *body;
	size_t size; /* a zero byte follows */
	char *changes; /* microsoft365: since the version asked with; NULL: none */
	size_t changes_size;
	char *etag, *modified; /* NULL: the server did not say */
	uint32_t
		wait; /* seconds the server asks us to stay away, 0: none; also set beside a body */
	char why[256]; /* one line when it failed, or when it went well but for the changes; else "" */
};

/*
 * Fills in `out`, which feed_fetched_free empties, also after an error. 0 or as feed_get; -EINVAL also
 * for a source that feed_source_refused names, -EPROTO also for a `version` that is none.
 */
int feed_poll(const struct feed_poll *q, struct feed_fetched *out);
void feed_fetched_free(struct feed_fetched *out);

/* Why the source, which is a URL, cannot be polled; a constant text, NULL: it can. */
const char *feed_source_refused(const struct config_feed *feed);
bool feed_version_valid(const char *text); /* exactly FEED_VERSION_DIGITS digits */

/*
 * The id that this machine tells the web service, the same for ever: read from the file in `directory`,
 * or made at random (RFC 4122, version 4) and written there. The directory is made when it is missing; all
 * gateways of the machine share it, and those that ask at once get one id. 0 or -errno.
 */
int feed_request_id(const char *directory, char out[FEED_REQUEST_ID]);

#endif
