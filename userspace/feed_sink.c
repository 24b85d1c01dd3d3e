// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed_sink.h"

#define ROOM_FIRST 65536u
#define GZIP_ONLY \
	(15 + 16) /* of inflateInit2: the largest window, a gzip header and nothing else */

int feed_sink_open(struct feed_sink *s, size_t most, bool packed)
{
	memset(s, 0, sizeof(*s));
	s->most = most;
	if (packed && inflateInit2(&s->stream, GZIP_ONLY) != Z_OK)
		return -ENOMEM;
	s->packed = packed;
	return 0;
}

/* Room for one byte more than there is, and one behind it; never more than `most` needs. */
static int sink_grow(struct feed_sink *s)
{
	size_t room = s->room ? s->room * 2 : ROOM_FIRST;
	char *grown;

	if (s->room - s->size >= 2)
		return 0;
	if (room > s->most + 2)
		room = s->most + 2;
	grown = realloc(s->body, room);
	if (!grown)
		return -ENOMEM;
	s->body = grown;
	s->room = room;
	return 0;
}

static int put_plain(struct feed_sink *s, const char *data, size_t size)
{
	while (size) {
		size_t n;

		if (size > s->most - s->size)
			return -EFBIG;
		if (sink_grow(s))
			return -ENOMEM;
		n = s->room - s->size - 1;
		if (n > size)
			n = size;
		memcpy(s->body + s->size, data, n);
		s->size += n;
		data += n;
		size -= n;
	}
	return 0;
}

/*
 * Unpacks straight into the body, whose room ends one byte behind `most`: that byte is the proof. When
 * the room is full, zlib may hold more though all input is taken.
 */
static int put_packed(struct feed_sink *s, const void *data, size_t size)
{
	s->stream.next_in = (Bytef *)data; /* which zlib does not write to */
	s->stream.avail_in = (uInt)size;
	do {
		uInt room;
		int code;

		if (s->ended)
			return -EPROTO;
		if (sink_grow(s))
			return -ENOMEM;
		room = (uInt)(s->room - s->size - 1);
		s->stream.next_out = (Bytef *)s->body + s->size;
		s->stream.avail_out = room;
		code = inflate(&s->stream, Z_NO_FLUSH);
		s->size += room - s->stream.avail_out;
		if (s->size > s->most)
			return -EFBIG;
		if (code == Z_BUF_ERROR && !s->stream.avail_in)
			break; /* it held no more */
		if (code != Z_OK && code != Z_STREAM_END)
			return code == Z_MEM_ERROR ? -ENOMEM : -EPROTO;
		s->ended = code == Z_STREAM_END;
	} while (s->stream.avail_in || (!s->ended && !s->stream.avail_out));
	return 0;
}

int feed_sink_put(struct feed_sink *s, const void *data, size_t size)
{
	return s->packed ? put_packed(s, data, size) : put_plain(s, data, size);
}

int feed_sink_take(struct feed_sink *s, char **body, size_t *size)
{
	if (s->packed && !s->ended)
		return -EPROTO;
	if (sink_grow(s))
		return -ENOMEM;
	s->body[s->size] = '\0';
	*body = s->body;
	*size = s->size;
	s->body = NULL;
	s->size = s->room = 0;
	return 0;
}

void feed_sink_close(struct feed_sink *s)
{
	if (s->packed)
		inflateEnd(&s->stream);
	free(s->body);
	memset(s, 0, sizeof(*s));
}
