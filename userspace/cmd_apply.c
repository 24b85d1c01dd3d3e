// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "apply.h"
#include "cmd.h"
#include "print.h"

int cmd_apply(int argc, char **argv)
{
	struct apply_request q = { .file = option_config, .gateway = option_gateway };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dry-run"))
			return print_error("apply %s: unknown; --dry-run is accepted", argv[i]);
		q.dry_run = true;
	}
	return apply(&q);
}
