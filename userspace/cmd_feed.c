// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "feed_show.h"
#include "print.h"
#include "report.h"

int cmd_feed(int argc, char **argv)
{
	struct report report = { 0 };
	struct feeds feeds = { 0 };
	struct config *c;
	int status = EXIT_TROUBLE;

	if (argc > 2)
		return print_error("feed %s: %s: no more words are accepted", argv[1], argv[2]);
	c = config_read(option_config, &report);
	if (c && feeds_load(c, option_gateway, &feeds, &report))
		status = feed_show(c, &feeds) ? print_error("out of memory") : EXIT_DONE;
	if (status != EXIT_DONE)
		report_print(&report);
	feeds_free(&feeds);
	config_free(c);
	report_free(&report);
	return status;
}
