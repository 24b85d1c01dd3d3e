// SPDX-License-Identifier: GPL-2.0-only
#include "apply.h"
#include "cmd.h"
#include "observe.h"
#include "print.h"

int cmd_stop(int argc, char **argv)
{
	char name[OBSERVE_NAME];

	if (argc > 1)
		return print_error("stop %s: takes no words", argv[1]);
	if (observe_gateway(name, sizeof(name)))
		return EXIT_TROUBLE;
	return apply_stop(name);
}
