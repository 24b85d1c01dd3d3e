// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "instance.h"
#include "print.h"

#define CREATE_TRIES 100 /* against one who removes them */
#define LOCK_TRIES 100 /* of 100 ms: 10 s */

const char *instance_pin_root = "/sys/fs/bpf/samepath";
const char *instance_run_root = "/run/samepath";
const char *instance_state_root = "/var/lib/samepath";

bool instance_name_valid(const char *name)
{
	size_t size = strlen(name);

	if (!size || size > INSTANCE_NAME_MAX || !isascii(name[0]) || !isalnum(name[0]))
		return false;
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum(*name) && *name != '-' && *name != '_'))
			return false;
	return true;
}

int instance_open(struct instance *i, const char *name)
{
	*i = (struct instance){ .lock = -1 };
	if (!instance_name_valid(name))
		return -EINVAL;
	snprintf(i->name, sizeof(i->name), "%s", name);
	snprintf(i->pins, sizeof(i->pins), "%s/%s", instance_pin_root, name);
	snprintf(i->run, sizeof(i->run), "%s/%s", instance_run_root, name);
	snprintf(i->state, sizeof(i->state), "%s/%s", instance_state_root, name);
	return 0;
}

static int make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) && errno != EEXIST)
		return -errno;
	/* Whatever the umask was, and whoever left it open before. */
	return mode == 0700 && chmod(path, mode) ? -errno : 0;
}

/* -ENOENT: a `stop` took one away meanwhile. `at` is the directory that the answer is about. */
static int make_directories(const struct instance *i, const char **at)
{
	const char *const paths[] = { instance_run_root, i->run, instance_state_root, i->state,
				      instance_pin_root, i->pins };
	int err = 0;

	for (int n = 0; n < 6 && !err; n++) {
		*at = paths[n];
		err = make_directory(paths[n], n % 2 ? 0700 : 0755);
	}
	return err;
}

int instance_create(struct instance *i)
{
	const char *at;
	int err = -ENOENT;

	for (int try = 0; try < CREATE_TRIES && err == -ENOENT; try++)
		err = make_directories(i, &at);
	if (err)
		print_error("directory %s: %s", at, strerror(-err));
	return err;
}

static int remove_run(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *entry;
	DIR *d;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(fd, entry->d_name, 0);
	closedir(d);
	return rmdir(path) ? -errno : 0;
}

int instance_remove(struct instance *i)
{
	int err = remove_run(i->run);

	/* Full ones stay: the state is the operator's to delete, a pin that is left is to be
	 * seen. The roots go with the last instance. */
	rmdir(i->pins);
	rmdir(i->state);
	rmdir(instance_pin_root);
	rmdir(instance_run_root);
	rmdir(instance_state_root);
	return err;
}

/* The one who held the lock before may have been `stop`, which removes the file: a lock on a file
 * that is no longer in the directory excludes nobody. */
static bool still_there(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int try_lock(struct instance *i, bool make)
{
	char path[160];
	int fd, err;

	snprintf(path, sizeof(path), "%s/lock", i->run);
	fd = open(path, O_RDWR | (make ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno == ENOENT && make ? -ESTALE : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else
		err = still_there(fd, path) ? 0 : -ESTALE;
	if (err)
		close(fd);
	else
		i->lock = fd;
	return err;
}

static int lock(struct instance *i, bool make)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	int err = -EBUSY;

	for (int try = 0; try <= LOCK_TRIES; try++) {
		err = make ? instance_create(i) : 0;
		if (err)
			return err;
		err = try_lock(i, make);
		if (err == -ESTALE)
			continue;
		if (err != -EBUSY)
			break;
		if (!try) {
			print_line("waiting for another samepath command on %s", i->name);
			fflush(stdout); /* while it waits, not when it is done */
		}
		if (try < LOCK_TRIES)
			nanosleep(&pause, NULL);
	}
	if (err == -EBUSY)
		print_error("gateway %s: another command has held the lock for 10 seconds",
			    i->name);
	else if (err && (make || err != -ENOENT))
		print_error("gateway %s: lock %s/lock: %s", i->name, i->run, strerror(-err));
	return err;
}

int instance_lock(struct instance *i)
{
	return lock(i, true);
}

int instance_lock_there(struct instance *i)
{
	return lock(i, false);
}

void instance_unlock(struct instance *i)
{
	if (i->lock >= 0)
		close(i->lock);
	i->lock = -1;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			data += done;
			size -= done;
		}
	}
	return fsync(fd) ? -errno : 0;
}

int file_write(const char *directory, const char *name, const void *data, size_t size)
{
	char path[512], temporary[512];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
	    snprintf(temporary, sizeof(temporary), "%s/.%s.new", directory, name) >=
		    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data, size);
	close(fd);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err) {
		unlink(temporary);
		return err;
	}
	/* The rename itself is on disk only when the directory is. */
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	return 0;
}

int file_read(const char *path, size_t most, char **data, size_t *size)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	int err = 0;

	*data = NULL;
	if (!f)
		return -errno;
	if (fstat(fileno(f), &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if ((size_t)st.st_size > most)
		err = -EFBIG;
	else if (!(*data = malloc(st.st_size + 1)))
		err = -ENOMEM;
	if (!err) {
		*size = fread(*data, 1, st.st_size, f);
		(*data)[*size] = '\0';
	}
	fclose(f);
	return err;
}
