// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/azure-*.json
/* Bodies of Azure's service tags. */
#include "../../userspace/feed_azure.c"
#include "feed_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_body(FEED_AZURE_SERVICE_TAGS, data, size);
}
