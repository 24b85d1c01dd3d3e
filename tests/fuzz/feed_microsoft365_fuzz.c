// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/microsoft365.json tests/data/feeds/[dpt]*.json tests/data/demo-feed.json
/* Bodies of the endpoint web service. */
#include "../../userspace/feed_microsoft365.c"
#include "feed_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_body(FEED_MICROSOFT365, data, size);
}
