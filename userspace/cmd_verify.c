// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "cmd.h"
#include "print.h"
#include "verify_command.h"

int cmd_verify(int argc, char **argv)
{
	const char *plan = NULL;
	bool paths = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--paths"))
			paths = true;
		else if (argv[i][0] == '-' || plan)
			return print_error("verify %s: unknown word; verify takes a plan and --paths",
					   argv[i]);
		else
			plan = argv[i];
	}
	return verify_command(plan ? plan : "/etc/samepath/plan.yaml", paths);
}
