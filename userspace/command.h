/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking a program of the machine, without a shell. */
#ifndef SAMEPATH_USERSPACE_COMMAND_H
#define SAMEPATH_USERSPACE_COMMAND_H

/* What it wrote, at most 16 MiB, zero-terminated, for the caller to free. `words` ends with NULL and is
 * looked for on the PATH. 0 or -errno: -ENOENT there is no such program, -ETIME it was not through in
 * five seconds and was ended, -EIO it failed; whatever it wrote until then is in *out. */
int command_output(const char *const *words, char **out);

#endif
