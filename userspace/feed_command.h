/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `feed` does, a function a verb. `argv` are the words behind the verb. Each returns the status
 * for the shell, and everything is said.
 */
#ifndef SAMEPATH_USERSPACE_FEED_COMMAND_H
#define SAMEPATH_USERSPACE_FEED_COMMAND_H

int feed_command_show(int argc, char **argv);
/* FEED and --force; and for the daemon --due: only what it is time for, saying only what is new. */
int feed_command_fetch(int argc, char **argv);
/* [FEED] [A [B]], versions or files; without any what is held, or the change made last. */
int feed_command_diff(int argc, char **argv);
/* [FEED] [VERSION] */
int feed_command_approve(int argc, char **argv);
int feed_command_rollback(int argc, char **argv);
int feed_command_history(int argc, char **argv);
/* EXIT_NO when something would black-hole or take the wrong way. */
int feed_command_drift(int argc, char **argv);

#endif
