// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/dumps/frr*
/* What FRR prints of routes and sessions, as text and as JSON. */
#include "../../userspace/dump_frr.c"
#include "dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dump_fuzz(dump_frr, (const char *)data, size);
	dump_fuzz_session(dump_frr_session, (const char *)data, size);
	return 0;
}
