// SPDX-License-Identifier: GPL-2.0-only
// Seeds: tests/data/fuzz/seeds/prefix*
/* Prefixes and addresses: refused with a reason, or printed so that the same is read again. */
#include <assert.h>
#include <stdint.h>
#include "../../userspace/prefix.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), printed[PREFIX_TEXT];
	struct prefix p, again;
	const char *why = NULL;

	assert(text);
	if (prefix_parse(text, &p, &why)) {
		assert(why && why[0]);
		assert(address_parse(text, &p, &why) && why && why[0]);
	} else {
		assert(p.family == 4 || p.family == 6);
		assert(!prefix_parse(prefix_text(&p, printed), &again, &why));
		assert(p.family == again.family && prefix_equal(&p, &again));
		assert(!prefix_compare(&p, &again));
		assert(prefix_contains(&p, &again) && prefix_scope(&p) == prefix_scope(&again));
	}
	free(text);
	return 0;
}
