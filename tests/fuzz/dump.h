/* SPDX-License-Identifier: GPL-2.0-only */
/* What holds of every reader of dumps: sound prefixes, or a line that a terminal may show. */
#ifndef SAMEPATH_TESTS_FUZZ_DUMP_H
#define SAMEPATH_TESTS_FUZZ_DUMP_H

#include <assert.h>
#include <stdlib.h>
#include "../../userspace/dump.h"

typedef int (*dump_read)(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);
typedef int (*dump_session)(const char *text, size_t size, const char *peer, bool *up, struct dump *out);

/* A reader must not rely on a zero byte behind what it is given. */
static inline char *dump_exact(const char *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	assert(copy);
	memcpy(copy, data, size);
	return copy;
}

static inline void dump_fuzz(dump_read read, const char *data, size_t size)
{
	static const struct dump_ask asks[] = { { 0 },
						{ .peer = "172.16.2.2", .asn = 64512, .ours = true } };
	char *text = dump_exact(data, size), shown[PREFIX_TEXT];

	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		struct prefix again;
		struct dump d;
		const char *why;
		int err = read(text, size, &asks[i], &d);

		assert(err || !d.why[0]);
		for (const char *c = d.why; err && *c; c++)
			assert(*c >= ' ' && *c != 0x7f);
		for (size_t k = 0; k < d.count; k++)
			assert(!prefix_parse(prefix_text(&d.at[k], shown), &again, &why) &&
			       prefix_equal(&d.at[k], &again));
		dump_free(&d);
	}
	free(text);
}

static inline void dump_fuzz_session(dump_session read, const char *data, size_t size)
{
	char *text = dump_exact(data, size);
	struct dump d;
	bool up;

	read(text, size, NULL, &up, &d);
	dump_free(&d);
	read(text, size, "172.16.2.2", &up, &d);
	dump_free(&d);
	free(text);
}

#endif
