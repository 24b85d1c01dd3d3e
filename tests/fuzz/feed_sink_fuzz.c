// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/microsoft365.json
/*
 * Bodies as they come: the first byte says in how large pieces and whether they are gzip. However they
 * are cut, the answer is the same, and never more is kept than the limit.
 */
#include <assert.h>
#include <stdint.h>
#include "../../userspace/feed_sink.c"

#define MOST 4096

static int put(const uint8_t *data, size_t size, size_t piece, bool packed, char **body, size_t *got)
{
	struct feed_sink s;
	int err = feed_sink_open(&s, MOST, packed);

	assert(!err);
	for (size_t i = 0; i < size && !err; i += piece) {
		err = feed_sink_put(&s, data + i, size - i < piece ? size - i : piece);
		assert(s.size <= MOST + 1 && s.room <= ROOM_FIRST);
	}
	*body = NULL;
	if (!err)
		err = feed_sink_take(&s, body, got);
	feed_sink_close(&s);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pieces, *whole;
	size_t n = 0, m = 0;
	bool packed;
	int one, two;

	if (size < 2)
		return 0;
	packed = data[0] & 1;
	one = put(data + 1, size - 1, (data[0] >> 1) + 1u, packed, &pieces, &n);
	two = put(data + 1, size - 1, size, packed, &whole, &m);
	assert((one == 0) == (two == 0));
	assert(one || (n == m && n <= MOST && !memcmp(pieces, whole, n) && !pieces[n]));
	free(pieces);
	free(whole);
	return 0;
}
