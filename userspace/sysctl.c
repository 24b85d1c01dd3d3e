// SPDX-License-Identifier: GPL-2.0-only
/* Kernel settings below /proc/sys, which shows those of the calling process's network namespace. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "kernel.h"
#include "offload.h"

static int sysctl_open(const char *path, int flags)
{
	char full[160];

	/* The names of devices stand in paths; one that climbs would write somewhere else ("a..b"
	 * is a device, ".." is none). */
	if (strstr(path, "/../") || !strncmp(path, "../", 3) || path[0] == '/')
		return -EINVAL;
	if (snprintf(full, sizeof(full), "/proc/sys/%s", path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	flags = open(full, flags | O_CLOEXEC);
	return flags < 0 ? -errno : flags;
}

int kernel_sysctl_get(const char *path, char *value, size_t size)
{
	ssize_t got;
	int fd;

	if (offload_is(path))
		return offload_get(path, value, size);
	fd = sysctl_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	got = read(fd, value, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	value[got] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int kernel_sysctl_set(const char *path, const char *value)
{
	size_t size = strlen(value);
	int err = 0, fd;

	if (offload_is(path))
		return offload_set(path, value);
	fd = sysctl_open(path, O_WRONLY);
	if (fd < 0)
		return fd;
	if (write(fd, value, size) != (ssize_t)size)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}
