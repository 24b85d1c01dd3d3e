/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: a file cmd_WORD.c each, a row of the table in main.c each.
 *
 * A command gets its words without the global options, argv[0] being the command word itself. Where
 * the table lists verbs, argv[1] is always one of them: main checks it, and puts the first one there
 * when none is given. It returns an enum exit_status (print.h).
 */
#ifndef SAMEPATH_USERSPACE_CMD_H
#define SAMEPATH_USERSPACE_CMD_H

extern const char *option_config; /* -c FILE, never NULL */
extern const char *option_gateway; /* -g NAME, NULL: gateway.name of the configuration */

#define SAMEPATH_VERSION "0.1"

int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_circuit(int argc, char **argv);
int cmd_service(int argc, char **argv);
int cmd_flow(int argc, char **argv);
int cmd_feed(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_event(int argc, char **argv);

#endif
