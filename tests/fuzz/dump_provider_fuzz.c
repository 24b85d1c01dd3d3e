// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/dumps/provider*
/* The provider's table of a circuit. */
#include "../../userspace/dump_provider.c"
#include "dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dump_fuzz(dump_provider, (const char *)data, size);
	return 0;
}
