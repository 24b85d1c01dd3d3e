/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request over HTTPS is while it is under way: feed_get.c asks, feed_answer.c judges. */
#ifndef SAMEPATH_USERSPACE_FEED_TRANSFER_H
#define SAMEPATH_USERSPACE_FEED_TRANSFER_H

#include "feed_curl.h"
#include "feed_get.h"
#include "feed_sink.h"

#define FEED_TAG_MAX 256 /* bytes of an ETag or a date that is sent back */

struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	const struct feed_request *q;
	struct feed_answer *a;
	struct feed_sink sink;
	bool open; /* the sink */
	bool plain; /* http: to loopback only */
	size_t header_bytes, body_bytes; /* as sent */
	int err; /* of a callback; libcurl then knows only that one said no */
	char detail[CURL_ERROR_SIZE];
};

/* Writes a->why, whatever foreign text is in it, and returns `err`. */
int transfer_failed(struct feed_answer *a, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
long transfer_status(const struct transfer *t);
/* May it be sent in a header? */
bool transfer_tag(const char *value);
/* For CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION, with the transfer as context. */
size_t transfer_header(char *data, size_t one, size_t size, void *context);
size_t transfer_body(char *data, size_t one, size_t size, void *context);
/* What came of it: 0 (in t->a), -errno (said there), or -ELOOP: a redirect, *next is the caller's. */
int transfer_result(struct transfer *t, CURLcode code, char **next);

#endif
