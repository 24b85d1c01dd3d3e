// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/feeds/aws-*.json
/* Bodies of ip-ranges.json. */
#include "../../userspace/feed_aws.c"
#include "feed_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_body(FEED_AWS_IP_RANGES, data, size);
}
