// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/fuzz/seeds/ports*
/* Lists of ports: refused, or put into an order that is a fixed point. */
#include <assert.h>
#include <stdint.h>
#include "../../userspace/feed_ports.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *out = NULL, *again = NULL;
	int err;

	assert(text);
	err = feed_ports(text, &out);
	assert(err == 0 || err == -EINVAL);
	if (!err && out) {
		assert(strspn(out, "0123456789,-") == strlen(out));
		assert(!feed_ports(out, &again) && again);
		assert(!strcmp(out, again));
	}
	free(text);
	free(again);
	if (!err)
		free(out);
	return 0;
}
