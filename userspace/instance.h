/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An instance is a gateway on this machine, named by gateway.name. All that it keeps lies in three
 * directories of mode 0700; no two instances share one.
 */
#ifndef SAMEPATH_USERSPACE_INSTANCE_H
#define SAMEPATH_USERSPACE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#define INSTANCE_NAME_MAX 32

/* Tests put them elsewhere. */
extern const char *instance_pin_root; /* /sys/fs/bpf/samepath */
extern const char *instance_run_root; /* /run/samepath */
extern const char *instance_state_root; /* /var/lib/samepath */

struct instance {
	char name[INSTANCE_NAME_MAX + 1];
	char pins[128], run[128], state[128]; /* directories */
	int lock; /* -1: not held */
};

/* A letter or digit, then letters, digits, '-', '_', at most INSTANCE_NAME_MAX: no slash and no
 * dot, for the name becomes part of paths that root writes (and bpffs takes no dot). */
bool instance_name_valid(const char *name);
/* Fills in names, touches nothing. 0 or -EINVAL. */
int instance_open(struct instance *i, const char *name);
/* Makes what is missing of the three directories. 0 or -errno, said in one line. */
int instance_create(struct instance *i);
/* Removes the run directory with all its files, and pins and state when they are empty. The lock
 * stays held until instance_unlock. 0 or -errno. */
int instance_remove(struct instance *i);
/* Takes the instance for this process; creates its directories. Waits up to 10 s for another
 * command, with a message, then refuses in one line. 0 or -errno (-EBUSY). */
int instance_lock(struct instance *i);
/* The same for who only looks: makes nothing. -ENOENT, unsaid: there is nothing to take. */
int instance_lock_there(struct instance *i);
void instance_unlock(struct instance *i);

/* Atomic: directory/name is the old or the new content, also after a power cut. Mode 0600. */
int file_write(const char *directory, const char *name, const void *data, size_t size);
/* The whole file, zero-terminated, for the caller to free. At most `most` bytes, else -EFBIG. */
int file_read(const char *path, size_t most, char **data, size_t *size);

#define INSTANCE_APPLIED "applied.yaml" /* in the run directory: the applied configuration */

#endif
