// SPDX-License-Identifier: GPL-2.0-only
/* The gateway whose feeds a command is about: its configuration as it is applied, and its locks. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "cmd.h"
#include "feed_current.h"
#include "feed_sync.h"
#include "observe.h"
#include "print.h"

#define LOCK_TRIES 600 /* a swap of a large feed takes its time, and a poll waits for nobody */

/* The applied copy, with relative paths as the original meant them. NULL: none is applied. */
static struct config *applied_config(const struct instance *i, struct report *report)
{
	char path[PATH_MAX], *origin;
	struct config *c;
	size_t size;

	snprintf(path, sizeof(path), "%s/" APPLY_ORIGIN, i->run);
	if (file_read(path, PATH_MAX, &origin, &size))
		return NULL;
	snprintf(path, sizeof(path), "%s/" INSTANCE_APPLIED, i->run);
	c = config_read(path, report);
	if (!c) {
		free(origin);
		return NULL;
	}
	free(c->file);
	c->file = origin;
	return c;
}

bool feed_gateway_applied(struct feed_gateway *g, const char *gateway)
{
	struct report report = { 0 };

	*g = (struct feed_gateway){ .lock = -1, .instance = { .lock = -1 } };
	if (!instance_open(&g->instance, gateway))
		g->config = applied_config(&g->instance, &report);
	g->applied = g->config != NULL;
	report_free(&report);
	return g->applied;
}

int feed_gateway_open(struct feed_gateway *g)
{
	struct report report = { 0 };
	char name[OBSERVE_NAME];

	*g = (struct feed_gateway){ .lock = -1, .instance = { .lock = -1 } };
	if (observe_gateway(name, sizeof(name)))
		return EXIT_TROUBLE;
	if (instance_open(&g->instance, name))
		return print_error("gateway %s: not a name", name);
	g->config = applied_config(&g->instance, &report);
	g->applied = g->config != NULL;
	if (!g->config && !report.errors)
		g->config = config_read(option_config, &report);
	if (!g->config)
		report_print(&report);
	report_free(&report);
	return g->config ? 0 : EXIT_TROUBLE;
}

bool feed_gateway_readable(const struct feed_gateway *g)
{
	for (size_t i = 0; i < g->config->feed_count; i++) {
		struct feed_state s = { 0 };
		int err = 0;

		if (feed_is_remote(&g->config->feeds[i]))
			err = feed_state_read(&g->instance, g->config->feeds[i].name, &s);
		if (err)
			print_error("feed %s: %s: %s", g->config->feeds[i].name, s.directory, strerror(-err));
		feed_state_free(&s);
		if (err)
			return false;
	}
	return true;
}

void feed_gateway_close(struct feed_gateway *g)
{
	feed_gateway_unlock(g);
	config_free(g->config);
	g->config = NULL;
}

int feed_gateway_lock(struct feed_gateway *g)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	char path[192];
	int err = instance_create(&g->instance);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/feeds", g->instance.state);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/feeds/lock", g->instance.state);
	g->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (g->lock < 0)
		return -errno;
	for (int try = 0; flock(g->lock, LOCK_EX | LOCK_NB); try++) {
		if (errno != EWOULDBLOCK || try == LOCK_TRIES) {
			err = errno == EWOULDBLOCK ? -EBUSY : -errno;
			feed_gateway_unlock(g);
			return err;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

void feed_gateway_unlock(struct feed_gateway *g)
{
	if (g->lock >= 0)
		close(g->lock);
	g->lock = -1;
}

int feed_gateway_find(const struct feed_gateway *g, const char *name)
{
	const struct config *c = g->config;
	size_t remote = 0;
	int found = -1;

	for (size_t i = 0; i < c->feed_count; i++) {
		if (name ? !strcmp(c->feeds[i].name, name) : feed_is_remote(&c->feeds[i]))
			found = (int)i;
		remote += feed_is_remote(&c->feeds[i]);
	}
	if (!name && remote > 1)
		return print_error("feed: %zu feeds are fetched; the name of one is needed", remote), -1;
	if (found < 0 && name)
		print_error("feed %s: no such feed in %s", name, c->file);
	else if (found < 0)
		print_error("feed: no feed of %s is fetched; a source that is a URL is accepted", c->file);
	else if (!feed_is_remote(&c->feeds[found]))
		return print_error("feed %s: its source is a file, which `apply` reads; one with a URL is accepted",
				   name), -1;
	return found;
}
