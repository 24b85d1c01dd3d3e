// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/dumps/bird*
/* What BIRD prints of routes and sessions. */
#include "../../userspace/dump_bird.c"
#include "dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dump_fuzz(dump_bird, (const char *)data, size);
	dump_fuzz_session(dump_bird_session, (const char *)data, size);
	return 0;
}
