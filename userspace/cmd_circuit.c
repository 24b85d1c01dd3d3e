// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <stdlib.h>
#include "circuit_test.h"
#include "cmd.h"
#include "observe_circuit.h"
#include "print.h"

static int test(int argc, char **argv)
{
	struct test_request q;
	struct observe *o;
	int status;

	if (test_parse(&q, argc, argv))
		return EXIT_TROUBLE;
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	status = circuit_test(o, &q);
	free(o);
	return status;
}

int cmd_circuit(int argc, char **argv)
{
	const char *verb = argv[1], *name = argc > 2 ? argv[2] : NULL;
	struct observe *o;
	int status;

	if (!strcmp(verb, "test"))
		return test(argc - 2, argv + 2);
	if (argc > 3)
		return print_error("circuit %s: one name is accepted", verb);
	if (!name && strcmp(verb, "show"))
		return print_error("circuit %s: the name of a circuit is missing", verb);
	o = observe_begin();
	if (!o)
		return EXIT_TROUBLE;
	if (!strcmp(verb, "show"))
		status = observe_circuit_show(o, name);
	else
		status = observe_circuit_drain(o, name, !strcmp(verb, "drain"));
	free(o);
	return status;
}
