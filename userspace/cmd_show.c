// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "observe.h"
#include "print.h"

int cmd_show(int argc, char **argv)
{
	bool metrics = argc > 1 && !strcmp(argv[1], "--prometheus");
	struct observe *o;
	int err;

	if (argc > 2 || (argc == 2 && !metrics))
		return print_error("show: %s: unknown; --prometheus or nothing is accepted",
				   argv[argc - 1]);
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	err = metrics ? observe_metrics(o, stdout) : observe_show(o);
	free(o);
	return err ? EXIT_TROUBLE : EXIT_DONE;
}
