// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "cmd.h"
#include "print.h"

int cmd_check(int argc, char **argv)
{
	struct report report = { 0 };
	struct feeds feeds;
	struct config *c;
	int status;

	if (argc > 1)
		return print_error("check %s: unknown word; check takes none", argv[1]);
	c = check_all(option_config, option_gateway, &feeds, &report);
	status = c ? EXIT_DONE : EXIT_NO;
	report_print(&report);
	if (c) {
		print_line("%s: sound", option_config);
		feeds_free(&feeds);
		config_free(c);
	}
	report_free(&report);
	return status;
}
