// SPDX-License-Identifier: GPL-2.0-only
// Seeds: userspace/samepath.yaml tests/data/broken/*.yaml
/* Configurations: read and checked, or refused with lines that a terminal may show; no feed is loaded. */
#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../userspace/config.c"
#include "../../userspace/check.h"

static void check_lines(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		for (const char *c = report->lines[i].text; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = { 0 };
	int fd = memfd_create("samepath.yaml", MFD_CLOEXEC);
	struct config *c;
	char path[32];

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = config_read(path, &report);
	assert(!c == (report.errors > 0));
	if (c)
		config_check(c, &report);
	check_lines(&report);
	config_free(c);
	report_free(&report);
	close(fd);
	return 0;
}
