// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "cmd.h"
#include "daemon.h"
#include "print.h"

int cmd_run(int argc, char **argv)
{
	if (argc == 1)
		return daemon_run(NULL);
	if (argc == 3 && !strcmp(argv[1], "--textfile"))
		return daemon_run(argv[2]);
	return print_error("run: --textfile PATH or nothing is accepted");
}
