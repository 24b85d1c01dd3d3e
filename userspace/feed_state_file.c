// SPDX-License-Identifier: GPL-2.0-only
/* The file `state`: JSON, written whole and read whole, or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <jansson.h>

#include "feed_state_file.h"

#define STATE_MOST (8u << 20) /* bytes of the file */
#define STATE_VERSION 1
#define TIME_MOST 253402300799 /* the end of the year 9999: what is added to a time cannot overflow */

static json_t *kept_json(const struct feed_kept *k)
{
	char digest[17];

	snprintf(digest, sizeof(digest), "%016" PRIx64, k->digest);
	return json_pack("{ss sb ss sI sI}", "version", k->version, "held", k->held, "digest", digest,
			 "fetched", (json_int_t)k->fetched, "left", (json_int_t)k->left);
}

static json_t *dated_json(const struct feed_pending *d)
{
	char text[PREFIX_TEXT];

	return json_pack("{si ss ss}", "set", d->set, "prefix", prefix_text(&d->prefix, text), "date",
			 d->date);
}

char *state_text(const struct feed_state *s, size_t *size)
{
	json_t *kept = json_array(), *dated = json_array(), *root;
	char *text;

	for (size_t i = 0; i < s->kept_count; i++)
		json_array_append_new(kept, kept_json(&s->kept[i]));
	for (size_t i = 0; i < s->dated_count; i++)
		json_array_append_new(dated, dated_json(&s->dated[i]));
	root = json_pack("{si si si ss ss ss ss ss ss ss sI sI sI sI si ss ss* so so}", "state", STATE_VERSION,
			 "ipv4", (int)s->ipv4, "ipv6", (int)s->ipv6,
			 "in-force", s->in_force, "held", s->held, "why-held", s->why_held, "etag", s->etag,
			 "modified", s->modified, "request", s->request, "tried", s->tried, "checked", (json_int_t)s->checked,
			 "changed", (json_int_t)s->changed, "next", (json_int_t)s->next, "wake",
			 (json_int_t)s->wake, "failures",
			 (int)s->failures, "error", s->error, "change", s->change, "kept", kept, "dated",
			 dated);
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	*size = text ? strlen(text) : 0;
	return text;
}

/* A text that fits, or the whole file is not ours. */
static bool take_text(const json_t *o, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && snprintf(out, size, "%s", text) < (int)size;
}

static bool take_version(const json_t *o, const char *key, char *out)
{
	return take_text(o, key, out, FEED_VERSION_SIZE) && (!out[0] || feed_version_fits(out));
}

static bool take_time(const json_t *o, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(o, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= TIME_MOST;
}

static bool take_kept(const json_t *o, struct feed_kept *k)
{
	char digest[32];

	k->held = json_is_true(json_object_get(o, "held"));
	return take_version(o, "version", k->version) && k->version[0] &&
	       take_text(o, "digest", digest, sizeof(digest)) &&
	       sscanf(digest, "%16" SCNx64, &k->digest) == 1 && take_time(o, "fetched", &k->fetched) &&
	       take_time(o, "left", &k->left);
}

static bool take_dated(const json_t *o, struct feed_pending *d)
{
	const char *text = json_string_value(json_object_get(o, "prefix")), *why;
	const json_t *set = json_object_get(o, "set");

	d->set = (int)json_integer_value(set);
	return text && json_is_integer(set) && !prefix_parse(text, &d->prefix, &why) &&
	       take_text(o, "date", d->date, sizeof(d->date)) && strlen(d->date) == 8 &&
	       d->date[strspn(d->date, "0123456789")] == '\0';
}

static bool take_lists(struct feed_state *s, const json_t *root)
{
	const json_t *kept = json_object_get(root, "kept"), *dated = json_object_get(root, "dated");
	size_t count = json_array_size(dated);

	if (!json_is_array(kept) || !json_is_array(dated) || json_array_size(kept) > FEED_KEPT_MOST)
		return false;
	for (size_t i = 0; i < json_array_size(kept); i++)
		if (!take_kept(json_array_get(kept, i), &s->kept[s->kept_count++]))
			return false;
	s->dated = calloc(count + 1, sizeof(*s->dated));
	for (size_t i = 0; s->dated && i < count; i++)
		if (!take_dated(json_array_get(dated, i), &s->dated[s->dated_count++]))
			return false;
	return s->dated != NULL;
}

static bool take_all(struct feed_state *s, const json_t *root)
{
	const char *change = json_string_value(json_object_get(root, "change"));
	json_int_t failures = json_integer_value(json_object_get(root, "failures"));

	s->ipv4 = (uint32_t)json_integer_value(json_object_get(root, "ipv4"));
	s->ipv6 = (uint32_t)json_integer_value(json_object_get(root, "ipv6"));
	s->failures = failures > 0 && failures < UINT16_MAX ? (uint32_t)failures : 0;
	s->change = change ? strdup(change) : NULL;
	return json_integer_value(json_object_get(root, "state")) == STATE_VERSION &&
	       take_version(root, "in-force", s->in_force) && take_version(root, "held", s->held) &&
	       take_text(root, "why-held", s->why_held, sizeof(s->why_held)) &&
	       take_text(root, "etag", s->etag, sizeof(s->etag)) &&
	       take_text(root, "modified", s->modified, sizeof(s->modified)) &&
	       take_text(root, "request", s->request, sizeof(s->request)) &&
	       take_text(root, "tried", s->tried, sizeof(s->tried)) &&
	       take_text(root, "error", s->error, sizeof(s->error)) &&
	       take_time(root, "checked", &s->checked) && take_time(root, "changed", &s->changed) &&
	       take_time(root, "next", &s->next) &&
	       take_time(root, "wake", &s->wake) && take_lists(s, root);
}

int state_parse(struct feed_state *s, const char *text, size_t size)
{
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	bool good = root && take_all(s, root);

	json_decref(root);
	return good ? 0 : -EINVAL;
}

/* Versions that are numbers say which is newer; of others the time must. */
static uint64_t rank(const char *version)
{
	char *end;
	uint64_t number = strtoull(version, &end, 10);

	return *end && *end != '.' ? 0 : number;
}

static int newer(const void *a, const void *b)
{
	const struct feed_kept *x = a, *y = b;

	if (rank(x->version) != rank(y->version))
		return rank(x->version) < rank(y->version) ? 1 : -1;
	if (x->fetched != y->fetched)
		return x->fetched < y->fetched ? 1 : -1;
	return feed_version_compare(y->version, x->version);
}

/* Is it the name of a body, and of which? */
static bool is_body(int directory, const char *name, struct feed_kept *k)
{
	bool held = !strncmp(name, STATE_HELD, strlen(STATE_HELD));
	const char *version = name + strlen(held ? STATE_HELD : STATE_BODY);
	struct stat st;

	if ((!held && strncmp(name, STATE_BODY, strlen(STATE_BODY))) || !feed_version_fits(version) ||
	    fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return false;
	*k = (struct feed_kept){ .held = held, .fetched = st.st_mtime > 0 ? st.st_mtime : 0 };
	snprintf(k->version, sizeof(k->version), "%s", version);
	return true;
}

/* Of bodies that were in force, the newest is as good a guess as there is without `state`.
 * What is held stays held. */
static void guess(struct feed_state *s)
{
	DIR *d = opendir(s->directory);
	struct dirent *entry;
	struct feed_kept k;

	while (d && (entry = readdir(d))) {
		if (!is_body(dirfd(d), entry->d_name, &k))
			continue;
		if (s->kept_count < FEED_KEPT_MOST)
			s->kept[s->kept_count++] = k;
		else if (newer(&k, &s->kept[FEED_KEPT_MOST - 1]) < 0)
			s->kept[FEED_KEPT_MOST - 1] = k;
		if (s->kept_count == FEED_KEPT_MOST)
			qsort(s->kept, s->kept_count, sizeof(s->kept[0]), newer);
	}
	if (d)
		closedir(d);
	qsort(s->kept, s->kept_count, sizeof(s->kept[0]), newer);
	for (size_t i = s->kept_count; i-- > 0;)
		if (!s->kept[i].held)
			snprintf(s->in_force, sizeof(s->in_force), "%s", s->kept[i].version);
}

int feed_state_read(const struct instance *i, const char *feed, struct feed_state *s)
{
	char path[300], *text = NULL;
	size_t size = 0;
	int err;

	memset(s, 0, sizeof(*s));
	snprintf(s->directory, sizeof(s->directory), "%s/feeds/%s", i->state, feed);
	snprintf(path, sizeof(path), "%s/" STATE_FILE, s->directory);
	err = file_read(path, STATE_MOST, &text, &size);
	if (err == -EACCES || err == -ENOMEM)
		return err;
	if (!err && !state_parse(s, text, size)) {
		free(text);
		return 0;
	}
	free(text);
	feed_state_free(s);
	memset((char *)s + sizeof(s->directory), 0, sizeof(*s) - sizeof(s->directory));
	s->damaged = err != -ENOENT;
	guess(s);
	s->damaged |= s->kept_count > 0;
	return 0;
}
