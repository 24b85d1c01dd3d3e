// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include "cmd.h"
#include "observe.h"
#include "print.h"

int cmd_event(int argc, char **argv)
{
	struct observe *o;
	int status;

	if (argc > 2)
		return print_error("event %s: takes no further words", argv[1]);
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	status = observe_watch(o);
	free(o);
	return status;
}
