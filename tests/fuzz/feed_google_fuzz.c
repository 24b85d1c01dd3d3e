// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/google*.json
/* Bodies of goog.json and cloud.json. */
#include "../../userspace/feed_google.c"
#include "feed_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_body(FEED_GOOGLE, data, size);
}
