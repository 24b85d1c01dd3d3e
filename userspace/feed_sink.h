/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the body of an answer is put, unpacked while it comes. libcurl could unpack, but takes a gzip
 * stream that ends in its middle for a whole one (seen with 7.88): half a feed would look like a feed.
 */
#ifndef SAMEPATH_USERSPACE_FEED_SINK_H
#define SAMEPATH_USERSPACE_FEED_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

struct feed_sink {
	char *body;
	size_t size, room;
	size_t most; /* bytes that `size` may reach */
	bool packed, ended; /* gzip; and its end has come */
	z_stream stream;
};

/* 0 or -ENOMEM. What was opened is closed, also after errors. */
int feed_sink_open(struct feed_sink *s, size_t most, bool packed);
/* -EFBIG: more than `most`; -EPROTO: damaged, or goes on behind its end; -ENOMEM. */
int feed_sink_put(struct feed_sink *s, const void *data, size_t size);
/* All has come: gives the body with a zero byte behind it, the caller's. -EPROTO: cut off; -ENOMEM. */
int feed_sink_take(struct feed_sink *s, char **body, size_t *size);
void feed_sink_close(struct feed_sink *s);

#endif
