// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/*.txt tests/data/feeds/*.html
/* Plain lists. */
#include "../../userspace/feed_lines.c"
#include "feed_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_body(FEED_CIDR_LINES, data, size);
}
