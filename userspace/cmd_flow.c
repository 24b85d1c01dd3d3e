// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "observe_list.h"
#include "print.h"

int cmd_flow(int argc, char **argv)
{
	bool flush = !strcmp(argv[1], "flush");
	char **words = argv + 2;
	int count = argc - 2, status = EXIT_TROUBLE;
	struct flow_filter filter;
	struct observe *o;

	/* Ending everything takes a word of its own, so that a forgotten filter ends nothing. */
	if (flush && !count)
		return print_error("flow flush: a filter, or the word all, is missing");
	if (flush && count == 1 && !strcmp(words[0], "all"))
		count = 0;
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	if (!flow_filter_parse(&filter, count, words, o))
		status = flush ? observe_flow_flush(o, &filter) : observe_flow_show(o, &filter);
	free(o);
	return status;
}
