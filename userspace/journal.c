// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "instance.h"
#include "journal.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14; unlike the inode number never given twice in one boot */
#endif

static uint64_t this_namespace(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0)
		return 0;
	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
	close(fd);
	return cookie;
}

static int append(struct journal *j, const char *line)
{
	char **grown = realloc(j->lines, (j->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	j->lines = grown;
	grown[j->count] = strdup(line);
	return grown[j->count] ? (j->count++, 0) : -ENOMEM;
}

static int read_into(const char *directory, struct journal *out)
{
	char path[512], *line = NULL;
	uint64_t cookie = 0;
	size_t room = 0;
	FILE *f;
	int err = 0;

	snprintf(path, sizeof(path), "%s/kernel", directory);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (getline(&line, &room, f) > 0 && sscanf(line, "netns %" SCNu64, &cookie) == 1 &&
	    cookie == this_namespace())
		while (!err && getline(&line, &room, f) > 0) {
			line[strcspn(line, "\n")] = '\0';
			err = append(out, line);
		}
	free(line);
	fclose(f);
	return err;
}

int journal_read(const char *directory, struct journal *out)
{
	int err;

	*out = (struct journal){ 0 };
	err = read_into(directory, out);
	if (err)
		journal_free(out);
	return err;
}

int journal_read_others(const char *directory, struct journal *out)
{
	const char *name = strrchr(directory, '/');
	char parent[256], path[512];
	struct dirent *entry;
	int err = 0;
	DIR *d;

	*out = (struct journal){ 0 };
	if (!name || name == directory)
		return 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - directory), directory);
	d = opendir(parent);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, name + 1))
			continue;
		snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
		err = read_into(path, out);
	}
	closedir(d);
	if (err)
		journal_free(out);
	return err;
}

void journal_free(struct journal *j)
{
	for (size_t i = 0; i < j->count; i++)
		free(j->lines[i]);
	free(j->lines);
	*j = (struct journal){ 0 };
}

bool journal_has(const struct journal *j, const char *line)
{
	for (size_t i = 0; i < j->count; i++)
		if (!strcmp(j->lines[i], line))
			return true;
	return false;
}

const char *journal_find(const struct journal *j, const char *start)
{
	size_t size = strlen(start);

	for (size_t i = 0; i < j->count; i++)
		if (!strncmp(j->lines[i], start, size) && j->lines[i][size] == ' ')
			return j->lines[i];
	return NULL;
}

static int journal_write(const char *directory, const struct journal *j)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int err;

	if (!f)
		return -ENOMEM;
	fprintf(f, "netns %" PRIu64 "\n", this_namespace());
	for (size_t i = 0; i < j->count; i++)
		fprintf(f, "%s\n", j->lines[i]);
	err = fclose(f) ? -ENOMEM : file_write(directory, "kernel", text, size);
	free(text);
	return err;
}

int journal_add(const char *directory, const char *line)
{
	struct journal j;
	int err = journal_read(directory, &j);

	if (err)
		return err;
	if (!journal_has(&j, line)) {
		err = append(&j, line);
		err = err ? err : journal_write(directory, &j);
	}
	journal_free(&j);
	return err;
}

int journal_drop(const char *directory, const char *line)
{
	struct journal j;
	int err = journal_read(directory, &j);
	size_t kept = 0;

	if (err)
		return err;
	for (size_t i = 0; i < j.count; i++) {
		if (strcmp(j.lines[i], line))
			j.lines[kept++] = j.lines[i];
		else
			free(j.lines[i]);
	}
	if (kept != j.count) {
		j.count = kept;
		err = journal_write(directory, &j);
	}
	journal_free(&j);
	return err;
}
