/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SAMEPATH_USERSPACE_VERIFY_COMMAND_H
#define SAMEPATH_USERSPACE_VERIFY_COMMAND_H

#include <stdbool.h>

/* Reads the plan, walks it, judges it, prints. An enum exit_status. */
int verify_command(const char *plan, bool paths);

#endif
