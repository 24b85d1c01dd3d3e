// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "cmd.h"
#include "doctor.h"
#include "print.h"

int cmd_doctor(int argc, char **argv)
{
	bool all = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") && strcmp(argv[i], "-v"))
			return print_error("doctor %s: unknown; --all is accepted", argv[i]);
		all = true;
	}
	return doctor(all);
}
