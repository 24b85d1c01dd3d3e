// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include "cmd.h"
#include "explain.h"
#include "observe.h"
#include "print.h"

int cmd_explain(int argc, char **argv)
{
	struct explain_request q;
	struct observe *o;
	int status;

	if (explain_parse(&q, argc - 1, argv + 1))
		return EXIT_TROUBLE;
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	status = explain(o, &q);
	free(o);
	return status;
}
