// SPDX-License-Identifier: GPL-2.0-only
/* The id by which the web service knows this machine. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed_service.h"
#include "instance.h"

#define TEXT (FEED_REQUEST_ID - 1)

/* 8-4-4-4-12, and a line end where an editor was at it. */
static bool id_valid(const char *text, size_t size)
{
	if (size < TEXT || strspn(text + TEXT, "\r\n") != size - TEXT)
		return false;
	for (int i = 0; i < TEXT; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' :
							      !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

static int id_make(char *out)
{
	unsigned char r[16];
	ssize_t n = getrandom(r, sizeof(r), 0);

	if (n != sizeof(r)) /* a call for so little is never cut short once the pool is up */
		return n < 0 ? -errno : -EIO;
	r[6] = (r[6] & 0x0f) | 0x40; /* version 4 */
	r[8] = (r[8] & 0x3f) | 0x80; /* its variant */
	for (int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       r[i]);
	return 0;
}

static int id_read_or_make(const char *directory, char out[FEED_REQUEST_ID])
{
	char path[512], *text = NULL;
	size_t size = 0;
	bool found;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, FEED_REQUEST_ID_FILE) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	err = file_read(path, 64, &text, &size);
	if (err && err != -ENOENT && err != -EFBIG)
		return err;
	found = !err && id_valid(text, size);
	if (found)
		memcpy(out, text, TEXT);
	out[TEXT] = '\0';
	free(text);
	if (found)
		return 0;
	err = id_make(out);
	return err ? err : file_write(directory, FEED_REQUEST_ID_FILE, out, TEXT);
}

int feed_request_id(const char *directory, char out[FEED_REQUEST_ID])
{
	char path[512];
	int fd = -1, err;

	if (snprintf(path, sizeof(path), "%s/" FEED_REQUEST_ID_FILE ".lock", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	/*
	 * A file of its own, for the directory is open to all, and whoever can open something can lock it. Another
	 * gateway's `stop` may take an empty directory away between the two.
	 */
	for (int try = 0; try < 3 && fd < 0 && (!try || errno == ENOENT); try++)
		if (!mkdir(directory, 0755) || errno == EEXIST)
			fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* the directory is every gateway's of this machine: who asks first makes the id, the others read it */
	do
		err = flock(fd, LOCK_EX) ? -errno : 0;
	while (err == -EINTR);
	if (!err)
		err = id_read_or_make(directory, out);
	close(fd);
	return err;
}
