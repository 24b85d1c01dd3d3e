// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "command.h"

#define MOST (16 << 20)
#define PATIENCE 5000 /* ms */

extern char **environ;

static int start(const char *const *words, int out, pid_t *child)
{
	posix_spawn_file_actions_t files;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(child, words[0], &files, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

static int left_of(const struct timespec *begun)
{
	struct timespec now;
	long passed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = (now.tv_sec - begun->tv_sec) * 1000 + (now.tv_nsec - begun->tv_nsec) / 1000000;
	return passed < PATIENCE ? (int)(PATIENCE - passed) : 0;
}

/* Until the end of the pipe. 0, -ENOMEM, -EFBIG or -ETIME. */
static int read_all(int fd, const struct timespec *begun, char **out)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t room = 0, used = 0;
	ssize_t got;

	do {
		if (used + 1 >= room) {
			char *grown = used < MOST ? realloc(*out, room + 65536) : NULL;

			if (!grown)
				return used < MOST ? -ENOMEM : -EFBIG;
			*out = grown;
			room += 65536;
		}
		if (poll(&poll_fd, 1, left_of(begun)) < 1)
			return -ETIME;
		got = read(fd, *out + used, room - used - 1);
		used += got > 0 ? (size_t)got : 0;
		(*out)[used] = '\0';
	} while (got > 0);
	return 0;
}

/* Who ends its output need not end itself. 0 or -ETIME. */
static int wait_for_end(pid_t child, const struct timespec *begun)
{
	struct pollfd poll_fd = { .fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN };
	int ended;

	if (poll_fd.fd < 0)
		return -errno;
	ended = poll(&poll_fd, 1, left_of(begun));
	close(poll_fd.fd);
	return ended < 1 ? -ETIME : 0;
}

int command_output(const char *const *words, char **out)
{
	int ends[2], status = 0, err;
	struct timespec begun;
	pid_t child;

	*out = NULL;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = start(words, ends[1], &child);
	close(ends[1]);
	if (!err) {
		clock_gettime(CLOCK_MONOTONIC, &begun);
		err = read_all(ends[0], &begun, out);
		err = err ? err : wait_for_end(child, &begun);
		if (err)
			kill(child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
			err = -EIO;
	}
	close(ends[0]);
	return err;
}
