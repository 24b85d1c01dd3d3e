// SPDX-License-Identifier: GPL-2.0-only
/* The directory of a feed: bodies and history. The file `state` itself is feed_state_file.c. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed_state_file.h"

bool feed_version_fits(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (!isalnum((unsigned char)text[n]) && (!n || !strchr("._-", text[n])))
			return false;
	return n > 0 && n < FEED_VERSION_SIZE;
}

/* Digits that `text` is, or has before a dot; 0: it is no number. */
static size_t digits(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return text[n] == '\0' || text[n] == '.' ? n : 0;
}

int feed_version_compare(const char *a, const char *b)
{
	if (digits(a) && digits(b)) {
		a += strspn(a, "0");
		b += strspn(b, "0");
		if (digits(a) != digits(b))
			return digits(a) < digits(b) ? -1 : 1;
	}
	return strcmp(a, b);
}

uint64_t feed_digest(const char *body, size_t size)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	/* FNV-1a: against decay, not against people, who would need root to get here. */
	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)body[i]) * 0x100000001b3ULL;
	return h ? h : 1;
}

struct feed_kept *feed_state_find(struct feed_state *s, const char *version)
{
	for (size_t i = 0; i < s->kept_count; i++)
		if (!strcmp(s->kept[i].version, version))
			return &s->kept[i];
	return NULL;
}

static void file_name(char *out, size_t size, const struct feed_kept *kept)
{
	snprintf(out, size, "%s%s", kept->held ? STATE_HELD : STATE_BODY, kept->version);
}

static void forget(struct feed_state *s, size_t at)
{
	s->kept_count--;
	memmove(&s->kept[at], &s->kept[at + 1], (s->kept_count - at) * sizeof(s->kept[0]));
}

/* What is in force or waits is never dropped; the rest from the old end. The bodies go when the state
 * without them is written: until then whoever dies, or fails, leaves the former state and all of it. */
static void drop_old(struct feed_state *s, int64_t now, uint32_t grace)
{
	for (size_t i = s->kept_count; i-- && s->kept_count > FEED_KEPT_LEAST;) {
		const struct feed_kept *k = &s->kept[i];

		if (!strcmp(k->version, s->in_force) || !strcmp(k->version, s->held))
			continue;
		if (k->left && k->left + grace > now && s->kept_count < FEED_KEPT_MOST)
			continue;
		forget(s, i);
	}
}

static int make_directory(struct feed_state *s)
{
	char parent[192], *slash;

	snprintf(parent, sizeof(parent), "%s", s->directory);
	slash = strrchr(parent, '/');
	*slash = '\0';
	if ((mkdir(parent, 0700) && errno != EEXIST) || (mkdir(s->directory, 0700) && errno != EEXIST))
		return -errno;
	return 0;
}

int feed_state_keep(struct feed_state *s, const char *version, const char *body, size_t size, bool held,
		    int64_t now, uint32_t grace)
{
	struct feed_kept fresh = { .held = held, .digest = feed_digest(body, size), .fetched = now };
	struct feed_kept *old = feed_state_find(s, version);
	char name[FEED_VERSION_SIZE + 8];
	int err = make_directory(s);

	snprintf(fresh.version, sizeof(fresh.version), "%s", version);
	file_name(name, sizeof(name), &fresh);
	err = err ? err : file_write(s->directory, name, body, size);
	if (err)
		return err;
	if (old)
		forget(s, (size_t)(old - s->kept));
	drop_old(s, now, grace);
	memmove(&s->kept[1], &s->kept[0], s->kept_count * sizeof(s->kept[0]));
	s->kept[0] = fresh;
	s->kept_count++;
	return 0;
}

int feed_state_hold(struct feed_state *s, struct feed_kept *kept, bool held)
{
	char name[FEED_VERSION_SIZE + 8], from[300], to[300];

	if (kept->held == held)
		return 0;
	file_name(name, sizeof(name), kept);
	snprintf(from, sizeof(from), "%s/%s", s->directory, name);
	kept->held = held;
	file_name(name, sizeof(name), kept);
	snprintf(to, sizeof(to), "%s/%s", s->directory, name);
	if (!rename(from, to))
		return 0;
	/* Whoever failed or died between this and the writing of `state` has moved it already. */
	if (errno == ENOENT)
		return access(to, F_OK) ? -ENOENT : 0;
	kept->held = !held;
	return -errno;
}

char *feed_state_body(const struct feed_state *s, const struct feed_kept *kept, size_t *size)
{
	struct feed_kept other = *kept;
	char *body = NULL;

	/* Between the renaming of a body and the writing of `state` it has its other name. */
	for (int i = 0; i < 2 && !body; i++) {
		char name[FEED_VERSION_SIZE + 8], path[300];

		file_name(name, sizeof(name), &other);
		snprintf(path, sizeof(path), "%s/%s", s->directory, name);
		if (file_read(path, FEED_BODY_MAX, &body, size))
			body = NULL;
		other.held = !other.held;
	}
	if (body && kept->digest && feed_digest(body, *size) != kept->digest) {
		free(body);
		body = NULL;
	}
	return body;
}

bool feed_state_whole(struct feed_state *s, const char *version)
{
	const struct feed_kept *k = feed_state_find(s, version);
	size_t size;
	char *body = k && k->digest && !s->damaged ? feed_state_body(s, k, &size) : NULL;

	free(body);
	return body != NULL;
}

/* A reader of the history sees whole lines only: a torn one, of a power cut, is closed first. */
static int history_append(const struct feed_state *s, const char *line)
{
	char path[300], last = '\n';
	int fd, err = 0;
	off_t end;

	snprintf(path, sizeof(path), "%s/" STATE_HISTORY, s->directory);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
		err = -EIO;
	if (!err && dprintf(fd, "%s%s\n", last == '\n' ? "" : "\n", line) < 0)
		err = -errno;
	if (!err && fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

/* Does the history end with this line? */
static bool history_has(const struct feed_state *s, const char *line)
{
	size_t length = strlen(line);
	char path[300], *tail = malloc(length + 2);
	bool has = false;
	int fd;

	snprintf(path, sizeof(path), "%s/" STATE_HISTORY, s->directory);
	fd = tail ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd >= 0) {
		off_t end = lseek(fd, 0, SEEK_END);

		has = end > (off_t)length &&
		      pread(fd, tail, length + 1, end - (off_t)length - 1) == (ssize_t)length + 1 &&
		      !memcmp(tail, line, length) && tail[length] == '\n';
		close(fd);
	}
	free(tail);
	return has;
}

int feed_state_mend(const struct feed_state *s)
{
	return !s->change || history_has(s, s->change) ? 0 : history_append(s, s->change);
}

/* Is the file a body of `s`, under the name of its entry or, where that is missing, the other one? */
static bool belongs(const struct feed_state *s, const char *file)
{
	char name[FEED_VERSION_SIZE + 8], path[300];

	for (size_t i = 0; i < s->kept_count; i++) {
		struct feed_kept k = s->kept[i];

		file_name(name, sizeof(name), &k);
		if (!strcmp(name, file))
			return true;
		snprintf(path, sizeof(path), "%s/%s", s->directory, name);
		k.held = !k.held;
		file_name(name, sizeof(name), &k);
		if (!strcmp(name, file))
			return access(path, F_OK) != 0;
	}
	return false;
}

/* Bodies that no entry is of: dropped, or of one who was killed before it wrote its state. */
static void sweep(const struct feed_state *s)
{
	DIR *d = opendir(s->directory);
	const struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *body = entry->d_name + (entry->d_name[0] == '.'); /* one that was being written */

		if (strncmp(body, STATE_BODY, strlen(STATE_BODY)) &&
		    strncmp(body, STATE_HELD, strlen(STATE_HELD)))
			continue;
		if (!belongs(s, entry->d_name))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

int feed_state_write(struct feed_state *s)
{
	size_t size;
	char *text = state_text(s, &size);
	int err = text ? make_directory(s) : -ENOMEM;

	err = err ? err : file_write(s->directory, STATE_FILE, text, size);
	free(text);
	/* After the state, which carries the line: whoever comes next writes what is missing. */
	err = err ? err : feed_state_mend(s);
	if (!err)
		sweep(s);
	return err;
}

void feed_state_drop(struct feed_state *s, const char *version)
{
	struct feed_kept *k = feed_state_find(s, version);

	if (!k)
		return;
	forget(s, (size_t)(k - s->kept));
}

int feed_state_copy(struct feed_state *to, const struct feed_state *from)
{
	*to = *from;
	to->dated = calloc(from->dated_count + 1, sizeof(*to->dated));
	to->change = from->change ? strdup(from->change) : NULL;
	if (!to->dated || (from->change && !to->change)) {
		feed_state_free(to);
		return -ENOMEM;
	}
	if (from->dated_count)
		memcpy(to->dated, from->dated, from->dated_count * sizeof(*to->dated));
	return 0;
}

void feed_state_free(struct feed_state *s)
{
	free(s->dated);
	free(s->change);
	s->dated = NULL;
	s->change = NULL;
	s->dated_count = 0;
}
