// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include "cmd.h"
#include "observe_service.h"
#include "print.h"

int cmd_service(int argc, char **argv)
{
	struct observe *o;
	int status;

	if (argc > 3)
		return print_error("service %s: one name is accepted", argv[1]);
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	status = observe_service_show(o, argc > 2 ? argv[2] : NULL);
	free(o);
	return status;
}
